"""Labels in netCDF files: variables along ``time``, as words or as numbered flags.

movement keeps labels as coordinates along ``time``; numbered flags name their numbers in the
attributes ``flag_values`` and ``flag_meanings`` of the CF conventions. Files of netCDF 4 are HDF5
and are read as such: the libraries above it follow damaged links between dimensions for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import text_cells
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.frame_dialects import FrameValues, ethogram_of_values, words_to_values
from napari_mousegpt.io.frame_rows import Rows, fit_rows, rows_of_table
from napari_mousegpt.io.frame_tables import FrameTable
from napari_mousegpt.io.hdf5_heaps import refuse_endless_heaps
from napari_mousegpt.io.label_options import LabelOptions

__all__ = ["has_netcdf_labels", "read_netcdf_labels"]

#: Most cells of one variable.
_CELLS = 50_000_000
#: Coordinates that are no labels.
_COORDS = ("time", "individuals", "keypoints", "space")
_FAULTS = (OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError, AttributeError,
           MemoryError, OverflowError, EOFError, AssertionError)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Variable:
    """A variable along time, first axis, and maybe along individuals.

    ``kind`` is ``"words"``, ``"flags"`` (numbers with meanings) or ``"numbers"``.
    """

    name: str
    kind: str
    meanings: Mapping[str, str]
    values: NDArray[Any] | None = None


def has_netcdf_labels(path: Path) -> bool:
    """Whether a netCDF file has labels along ``time``."""
    try:
        found = _variables(path, ())[0]
    except _FAULTS:
        return False
    return any(item.kind != "numbers" for item in found)


def read_netcdf_labels(path: Path, options: LabelOptions) -> Ethogram:
    """Read labels from a netCDF file.

    Parameters
    ----------
    path : Path
        With variables or coordinates over ``time``, or over ``time`` and ``individuals``, of words
        or of whole numbers with ``flag_meanings``.
    options : LabelOptions
        ``column`` chooses variables, which may then be whole numbers without meanings.

    Raises
    ------
    FormatError
        When there are no labels, or several and none was chosen.
    MismatchError
        When the times do not fit the video.
    """
    try:
        found, _, _ = _variables(path, ())
        names = _chosen(found, options, path)
        found, time, people = _variables(path, names)
        fields = [field for item in found for field in _fields(item, people)]
        column, role = _times(time)
    except _FAULTS as error:
        if isinstance(error, InputError):
            raise
        raise FormatError(
            path,
            expected="a netCDF file with labels along time",
            found=str(error) or type(error).__name__,
            remedy="Write it again with Dataset.to_netcdf.",
        ) from error
    recording = options.recording_of(path)
    clock = options.clock_of(recording)
    rows = rows_of_table(FrameTable(path, ("time",), (column,), (role,)), options, recording)
    if clock is not None:
        rows = fit_rows(rows, clock, options.mismatch, path)
    parts, notes = [], list(rows.notes)
    for who, name, cells in fields:
        value, said = words_to_values(name, cells, options, path)
        notes += said
        parts.append(_one(value, rows, recording, who or options.individual or "", options))
    return Ethogram(
        Intervals.concat([part.bouts for part in parts]),
        Intervals.concat([part.observed for part in parts]),
        notes=notes,
    )


def _one(
    value: FrameValues, rows: Rows, recording: str, who: str, options: LabelOptions
) -> Ethogram:
    found = ethogram_of_values([value], rows, recording, options)
    return Ethogram(found.bouts.assign(individual=who), found.observed.assign(individual=who))


def _chosen(found: list[_Variable], options: LabelOptions, path: Path) -> tuple[str, ...]:
    labelled = [item.name for item in found if item.kind != "numbers"]
    there = {item.name for item in found}
    if options.column:
        wrong = [name for name in options.column if name not in there]
        chosen = options.column
    else:
        wrong, chosen = [], tuple(labelled)
    if wrong or (len(chosen) != 1 and not options.column):
        raise FormatError(
            path,
            expected="one variable of labels along time",
            found=", ".join(wrong or labelled) or "none",
            remedy="Choose it: column=...",
        )
    return chosen


def _variables(
    path: Path, wanted: tuple[str, ...]
) -> tuple[list[_Variable], NDArray[Any], NDArray[np.object_]]:
    """Return the variables along time, with values those that are wanted, time, individuals."""
    with path.open("rb") as file:
        is_hdf5 = file.read(4) == b"\x89HDF"
    return _from_hdf5(path, wanted) if is_hdf5 else _from_classic(path, wanted)


def _from_hdf5(
    path: Path, wanted: tuple[str, ...]
) -> tuple[list[_Variable], NDArray[Any], NDArray[np.object_]]:
    import h5py

    refuse_endless_heaps(path)
    with h5py.File(path, "r") as file:
        items = {
            name: file[name]
            for name in list(file)[:1000]
            if isinstance(file.get(name, getlink=True), h5py.HardLink)
            and isinstance(file[name], h5py.Dataset)
        }
        time, people = items["time"], items.get("individuals")
        count, who = _length(time.shape), np.empty(0, dtype=object)
        if people is not None and people.ndim == 1 and people.size <= 10_000:
            who = text_cells(people.asstr()[()])
        found = []
        for name, item in items.items():
            is_text = h5py.check_string_dtype(item.dtype) is not None
            if name in _COORDS or not _along(item.shape, count, len(who)):
                continue
            meanings = _meanings({key: item.attrs.get(key) for key in ("flag_values", _MEANINGS)})
            kind = "words" if is_text else _kind(item.dtype, meanings)
            if kind:
                values = (item.asstr() if is_text else item)[()] if name in wanted else None
                found.append(_Variable(name, kind, meanings, values))
        return found, np.asarray(time[()]), who


def _from_classic(
    path: Path, wanted: tuple[str, ...]
) -> tuple[list[_Variable], NDArray[Any], NDArray[np.object_]]:
    """Read netCDF 3, where a word is a row of characters."""
    from scipy.io import netcdf_file

    with netcdf_file(path, "r", mmap=False) as file:
        time = file.variables["time"]
        count, who = _length(time.shape), np.empty(0, dtype=object)
        if "individuals" in file.variables:
            who = _joined(file.variables["individuals"].data)
        found = []
        for name, item in file.variables.items():
            letters = item.data.dtype.kind == "S" and item.data.ndim > 1
            shape = item.shape[:-1] if letters else item.shape
            if name in _COORDS or not _along(shape, count, len(who)):
                continue
            meanings = _meanings(
                {key: getattr(item, key, None) for key in ("flag_values", _MEANINGS)}
            )
            kind = "words" if letters else _kind(item.data.dtype, meanings)
            if kind:
                values = _joined(item.data) if letters else np.array(item.data)
                found.append(_Variable(name, kind, meanings, values if name in wanted else None))
        return found, np.array(time.data), who


_MEANINGS = "flag_meanings"


def _length(shape: tuple[int, ...]) -> int:
    if len(shape) != 1 or shape[0] > _CELLS:
        raise ValueError(f"a variable time of shape {shape}")
    return int(shape[0])


def _along(shape: tuple[int, ...], count: int, people: int) -> bool:
    """Whether a variable lies along time, or along time and individuals in either order."""
    return int(np.prod(shape, dtype=np.float64)) <= _CELLS and shape in (
        (count,), (count, people), (people, count),
    )  # fmt: skip


def _kind(dtype: np.dtype[Any], meanings: Mapping[str, str]) -> str:
    if dtype.kind in "iu":
        return "flags" if meanings else "numbers"
    return "numbers" if dtype.kind == "f" else ""


def _joined(letters: NDArray[Any]) -> NDArray[np.object_]:
    words = np.asarray(letters).view(f"S{letters.shape[-1]}")[..., 0]
    return np.asarray(np.char.decode(words, "utf-8", "replace"), dtype=object)


def _meanings(attributes: Mapping[str, Any]) -> dict[str, str]:
    said, values = attributes.get(_MEANINGS), attributes.get("flag_values")
    if said is None:
        return {}
    words = (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)).split()
    numbers = np.arange(len(words)) if values is None else np.atleast_1d(values)
    return {str(int(value)): word for value, word in zip(numbers, words, strict=True)}


def _fields(
    item: _Variable, people: NDArray[np.object_]
) -> list[tuple[str, str, NDArray[np.object_]]]:
    """Return individual, name and words of each column of a variable."""
    values = np.asarray(item.values)
    if values.ndim == 1:
        return [("", item.name, _words(values, item.meanings))]
    if values.shape[1] != len(people):
        values = values.T
    return [
        (str(who), item.name, _words(values[:, i], item.meanings)) for i, who in enumerate(people)
    ]


def _words(values: NDArray[Any], meanings: Mapping[str, str]) -> NDArray[np.object_]:
    if values.dtype.kind == "f":  # numbers with missing values
        values = np.asarray(["" if np.isnan(v) else f"{v:.0f}" for v in values], dtype=object)
    cells = text_cells(values)
    return np.asarray([meanings.get(cell, cell) for cell in cells], dtype=object)


def _times(time: NDArray[Any]) -> tuple[NDArray[np.object_], str]:
    """Return the time coordinate as cells, and whether it counts frames or seconds."""
    if time.dtype.kind in "iu" and np.array_equal(time, np.arange(len(time))):
        return text_cells(time), "count"
    seconds = np.asarray(time, dtype=np.float64)
    if not np.isfinite(seconds).all() or (np.diff(seconds) <= 0).any():
        raise ValueError("times that do not rise")
    return np.asarray([repr(float(value)) for value in seconds], dtype=object), "time"
