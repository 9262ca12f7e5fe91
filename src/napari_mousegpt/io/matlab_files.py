"""Numbers and words of MATLAB files, whatever structure they lie in; nothing in them is run.

Versions 5 to 7 are read element by element, version 7.3, which is HDF5, by h5py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.hdf5_heaps import refuse_endless_heaps
from napari_mousegpt.io.matlab_five import Leaves, read_five

__all__ = ["is_matlab", "read_matlab"]

_V5, _V73 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
#: Largest file of labels in bytes, depth of structures, and cells of one array.
_BYTES, _DEPTH, _CELLS = 1 << 30, 24, 50_000_000


def is_matlab(beginning: bytes) -> bool:
    """Whether a file begins as MATLAB files do from version 5 on."""
    return beginning.startswith((_V5, _V73))


def read_matlab(path: Path) -> Leaves:
    """Return the arrays of numbers and words of a MATLAB file by their dotted names.

    Parameters
    ----------
    path : Path
        File of version 5 to 7.3.

    Returns
    -------
    dict of str to ndarray
        Numbers as float64 in the shape MATLAB shows, words as object arrays of shape (n,). Other
        things (functions, objects, sparse arrays) are left out.

    Raises
    ------
    FormatError
        When the file is damaged, of another kind, or claims more than it can hold.
    """
    with path.open("rb") as file:
        beginning = file.read(128)
    if path.stat().st_size > _BYTES:
        raise FormatError(
            path,
            expected=f"labels, at most {_BYTES >> 20} MiB",
            found=f"{path.stat().st_size >> 20} MiB",
            remedy="Save the labels in a file of their own.",
        )
    if beginning.startswith(_V73):
        leaves: Leaves = {}
        _read_hdf5(path, leaves)
        return leaves
    if beginning.startswith(_V5):
        try:
            return read_five(path.read_bytes())
        except (ValueError, IndexError, MemoryError) as error:
            raise _damaged(path, str(error)) from error
    raise FormatError(
        path,
        expected="a MATLAB file of version 5 or later",
        found="something else",
        remedy="Save it in MATLAB with save(name, '-v7').",
    )


def _damaged(path: Path, found: str) -> FormatError:
    return FormatError(
        path,
        expected="a whole MATLAB file",
        found=found,
        remedy="Copy it again, or save it again in MATLAB.",
    )


def _read_hdf5(path: Path, leaves: Leaves) -> None:
    import h5py

    try:
        refuse_endless_heaps(path)
        with h5py.File(path, "r") as file:
            _hdf5_group("", file, leaves, 0)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise _damaged(path, str(error)) from error


def _hdf5_group(name: str, group: Any, leaves: Leaves, depth: int) -> None:
    import h5py

    for key in list(group)[:1000] if depth <= _DEPTH else []:
        # Links to other places and other files are not followed.
        if key.startswith("#") or not isinstance(group.get(key, getlink=True), h5py.HardLink):
            continue
        item, place = group[key], f"{name}.{key}" if name else key
        if isinstance(item, h5py.Group):
            _hdf5_group(place, item, leaves, depth + 1)
        elif isinstance(item, h5py.Dataset) and item.size is not None:
            value = _hdf5_value(item)
            if value is not None:
                leaves[place] = value


def _hdf5_value(item: Any) -> NDArray[Any] | None:
    import h5py

    if item.size > _CELLS:
        raise ValueError(f"an array of {item.size} cells")
    said = item.attrs.get("MATLAB_class", b"")
    kind = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if item.attrs.get("MATLAB_empty", 0) and item.dtype.kind in "biuf":
        return np.empty((0, 0))
    if kind == "char" and item.dtype.kind == "u":
        return np.asarray([_text(item)], dtype=object)
    if item.dtype.kind in "biuf":
        # MATLAB counts down the columns, HDF5 along the rows.
        return np.asarray(item[()], dtype=np.float64).T
    if h5py.check_ref_dtype(item.dtype) is h5py.Reference:
        words = []
        for ref in item[()].T.ravel(order="F"):
            cell = item.file[ref] if ref else None
            if not isinstance(cell, h5py.Dataset) or cell.dtype.kind != "u" or cell.size > 10_000:
                return None
            words.append("" if cell.attrs.get("MATLAB_empty", 0) else _text(cell))
        return np.asarray(words, dtype=object)
    return None


def _text(item: Any) -> str:
    codes = np.asarray(item[()]).ravel(order="F")
    return "".join(chr(int(code)) for code in codes if int(code) < 0x110000).strip()
