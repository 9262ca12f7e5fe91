"""What an HDF5 file from elsewhere must not do: lead out of itself, never end, or fill the memory.

HDF5 files can hold links to other files, datasets whose numbers lie in other files (virtual
datasets, external storage) and headers that claim more than there is. The library follows all of
them. Before a pose is read, the file is looked through once; numbers are read by
:func:`read_numbers`, which compares what is claimed with what is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.hdf5_heaps import refuse_endless_heaps

if TYPE_CHECKING:
    import h5py

__all__ = [
    "DAMAGE",
    "check_hdf5",
    "check_size",
    "find_groups",
    "member",
    "read_numbers",
    "read_texts",
    "text_of",
]

#: What libraries raise on damaged files.
DAMAGE = (
    OSError, RuntimeError, ValueError, KeyError, IndexError, TypeError, AttributeError,
    MemoryError, OverflowError, EOFError, AssertionError, ZeroDivisionError,
)  # fmt: skip

#: Groups and datasets of one file that are looked at, and how deep they may lie.
_OBJECTS, _DEPTH = 50_000, 32
#: Arrays up to this size are read whatever their storage says.
_SMALL_BYTES = 1 << 28
#: Tables and texts up to this size likewise: every text is an object of its own.
_SMALL_TEXTS = 1 << 22
#: No compressor gains more than this on coordinates.
_GAIN = 1000


def check_hdf5(path: Path) -> None:
    """Look through an HDF5 file for what would lead out of it or never end.

    Raises
    ------
    FormatError
        When it holds links or numbers that lie in other files, more objects than can be looked at,
        or is damaged.
    """
    import h5py

    try:
        refuse_endless_heaps(path)
        with h5py.File(path, "r") as file:
            for name, item in _objects(file, path):
                if isinstance(item, h5py.Dataset):
                    _check_storage(item, name, path)
                    _check_claim(item, name)
                    _check_fields(item.dtype, name)
                    _check_texts(item, name, path)
    except FormatError:
        raise
    except DAMAGE as error:
        raise FormatError(
            path,
            expected="a whole HDF5 file",
            found=f"a damaged or cut HDF5 file ({str(error) or type(error).__name__})",
            remedy="Was the copy cut off? Copy or export it again.",
        ) from error


def find_groups(file: h5py.File, kind: str) -> list[h5py.Group]:
    """Return the groups whose attribute ``neurodata_type`` is this, in the order of the file."""
    import h5py

    found = []
    for _, item in _objects(file, Path(file.filename)):
        if isinstance(item, h5py.Group) and text_of(item.attrs.get("neurodata_type", "")) == kind:
            found.append(item)
    return found


def member(group: h5py.Group, name: str, kind: type[Any]) -> Any:
    """Return a group or dataset by name, None where there is none or another kind of thing."""
    # Soft links lead to places of the same file; others were refused by `check_hdf5`.
    item = group.get(name)
    return item if isinstance(item, kind) else None


def check_size(shape: tuple[int, ...], stored: int, what: str) -> None:
    """Raise where an array would take far more memory than a file holds bytes for it.

    Raises
    ------
    ValueError
        Naming what claims too much.
    """
    claimed = 8 * int(np.prod(shape, dtype=object))
    if claimed > max(_SMALL_BYTES, _GAIN * stored):
        raise ValueError(f"{what} claims {claimed} bytes and the file holds {stored}")


def read_numbers(dataset: h5py.Dataset) -> NDArray[Any]:
    """Read a dataset of numbers.

    Raises
    ------
    TypeError
        When it holds something else than numbers.
    ValueError
        When it claims far more than the file holds.
    """
    if dataset.dtype.kind not in "fiub":
        raise TypeError(f"{dataset.name} holds {dataset.dtype} and not numbers")
    check_size(dataset.shape, dataset.id.get_storage_size(), str(dataset.name))
    values: NDArray[Any] = np.asarray(dataset[()])
    return values


def read_texts(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Read a dataset of one text or several.

    Raises
    ------
    TypeError
        When it holds something else than text.
    ValueError
        When it claims far more than the file holds.
    """
    import h5py

    if h5py.check_string_dtype(dataset.dtype) is None:
        raise TypeError(f"{dataset.name} holds {dataset.dtype} and not text")
    check_size(dataset.shape, dataset.id.get_storage_size(), str(dataset.name))
    return tuple(text_of(value) for value in np.ravel(dataset[()]))


def text_of(value: Any) -> str:
    """Return a text of a file, which may be kept as bytes or as an array of one."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _objects(file: h5py.File, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield every group and dataset once, with its name."""
    import h5py

    seen: set[int] = set()
    waiting: list[tuple[str, h5py.Group, int]] = [("", file, 0)]
    count = 0
    while waiting:
        name, group, depth = waiting.pop()
        children = []
        for key in group:
            place = f"{name}/{key}"
            link = group.get(key, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise _leads_out(path, place, f"a link to the file {link.filename!r}")
            if not isinstance(link, h5py.HardLink):
                continue  # a soft link stays in the file and leads to something that has a name
            count += 1
            if count > _OBJECTS or depth > _DEPTH:
                raise FormatError(
                    path,
                    expected=f"at most {_OBJECTS} parts, {_DEPTH} levels deep",
                    found="an HDF5 file with more",
                    remedy="Copy the pose into a file of its own.",
                )
            item = group[key]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            yield place, item
            if isinstance(item, h5py.Group):
                children.append((place, item, depth + 1))
        waiting += reversed(children)


def _check_storage(dataset: h5py.Dataset, name: str, path: Path) -> None:
    import h5py

    plan = dataset.id.get_create_plist()
    if plan.get_layout() == h5py.h5d.VIRTUAL:
        raise _leads_out(path, name, "a virtual dataset, whose numbers lie elsewhere")
    if plan.get_layout() == h5py.h5d.CONTIGUOUS and plan.get_external_count():
        raise _leads_out(path, name, f"numbers in the file {plan.get_external(0)[0]!r}")


def _check_claim(dataset: h5py.Dataset, name: str) -> None:
    """Raise for tables and texts that claim too much: libraries read these whole at opening."""
    if dataset.dtype.kind not in "OV" or dataset.shape is None:
        return
    stored = dataset.id.get_storage_size()
    for shape in (dataset.shape, dataset.chunks or ()):
        claimed = dataset.dtype.itemsize * int(np.prod(shape, dtype=object))
        if claimed > max(_SMALL_TEXTS, _GAIN * stored):
            raise ValueError(f"{name} claims {claimed} bytes and the file holds {stored}")


def _check_fields(dtype: np.dtype[Any], name: str) -> None:
    """Raise where the columns of a table overlap.

    The library (HDF5 2.0) then writes into memory that is not its own; the program ends later.
    """
    stop = 0
    fields: dict[str, Any] = dict(dtype.fields or {})
    for field, (kind, offset, *_) in sorted(fields.items(), key=lambda item: int(item[1][1])):
        if offset < stop:
            raise ValueError(f"column {field!r} of {name} lies within another")
        stop = offset + kind.itemsize
        _check_fields(kind, name)
    if stop > dtype.itemsize:
        raise ValueError(f"columns of {name} reach beyond its rows")


def _check_texts(dataset: h5py.Dataset, name: str, path: Path) -> None:
    """Raise where a text claims to be longer than the file: the library takes memory for it."""
    import h5py

    if dataset.shape is None or not dataset.id.get_storage_size():
        return
    if not any(test(dataset.dtype) for test in (h5py.check_vlen_dtype, h5py.check_string_dtype)):
        return
    if dataset.dtype.kind != "O":
        return  # texts of one length
    places = [(dataset.id.get_offset(), dataset.id.get_storage_size())]
    if dataset.chunks is not None:
        if dataset.id.get_create_plist().get_nfilters():
            return  # packed: what is in it cannot be seen from outside
        found = [dataset.id.get_chunk_info(i) for i in range(dataset.id.get_num_chunks())]
        places = [(chunk.byte_offset, chunk.size) for chunk in found]
    size = path.stat().st_size
    with path.open("rb") as file:
        for offset, count in places:
            if offset is None:
                continue  # kept in the header, which is small
            file.seek(offset)
            # Each text: its length, then where it lies.
            lengths = np.frombuffer(file.read(count // 16 * 16), "<u4")[::4]
            if lengths.size and int(lengths.max()) > size:
                raise ValueError(f"{name} holds a text of {lengths.max()} bytes")


def _leads_out(path: Path, place: str, found: str) -> FormatError:
    return FormatError(
        path,
        expected="a file that holds its own numbers",
        found=f"an HDF5 file with {found} at {place}",
        remedy="Such files can read others of yours unasked. Copy the pose into a file of its own.",
    )
