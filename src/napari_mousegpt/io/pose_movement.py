"""Poses that movement or xarray wrote to netCDF.

Variables ``position`` and ``confidence`` along ``time``, ``space``, ``keypoints`` and
``individuals`` in any order; attributes ``fps`` and ``time_unit``
(https://movement.neuroinformatics.dev). movement itself leaves reading to xarray.

Files of netCDF 4 are HDF5 and are read through h5py: xarray's engines follow damaged links between
dimensions for ever, and one of them must be installed. Files of netCDF 3 are read through scipy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import Head
from napari_mousegpt.io.hdf5_guard import check_size, member, read_numbers, read_texts, text_of
from napari_mousegpt.io.row_times import what_times_say
from napari_mousegpt.io.tracks import ONLY, Tracks, frames_of_rows, spread_rows

if TYPE_CHECKING:
    import h5py

__all__ = ["read_movement", "sniff_movement"]

_ORDER = ("time", "space", "keypoints", "individuals")
#: Seconds in the units that xarray writes for times.
_UNITS = {"": 1.0, "s": 1.0, "seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6,
          "nanoseconds": 1e-9, "frames": 1.0}  # fmt: skip
#: What netCDF writes for a dimension without names.
_NAMELESS = "This is a netCDF dimension but not"
#: A time in frames may be off by this after rounding.
_ROUNDING = 0.05


@dataclass(frozen=True, eq=False)
class _Dataset:
    """What of a netCDF file is looked at."""

    attrs: Mapping[str, Any]
    numbers: Mapping[str, tuple[tuple[str, ...], NDArray[np.float64]]]
    names: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...]
    time_units: str


def sniff_movement(head: Head) -> bool:
    """Whether a file is netCDF with positions, or boxes, along time."""
    if _is_classic(head.data):
        return b"position" in head.data and b"time" in head.data
    if not head.is_hdf5:
        return False
    import h5py

    with h5py.File(head.path, "r") as file:
        position = member(file, "position", h5py.Dataset)
        return position is not None and "DIMENSION_LIST" in position.attrs and "time" in file


def read_movement(path: Path) -> Tracks:
    """Read a netCDF file of poses.

    Parameters
    ----------
    path : Path
        Of netCDF 4, which :func:`napari_mousegpt.io.hdf5_guard.check_hdf5` has passed, or 3.

    Returns
    -------
    Tracks
        Frames that the file leaves out, as after a selection in time, are rows of NaN; uneven
        times are kept and each row is taken as one picture.

    Raises
    ------
    FormatError
        When it holds boxes or something else, or is damaged.
    """
    with path.open("rb") as file:
        classic = _is_classic(file.read(4))
    found = _from_classic(path) if classic else _from_hdf5(path)
    _check_kind(found, path)
    position = _ordered(*found.numbers["position"], _ORDER)
    axes = found.names.get("space", ())[: position.shape[1]]
    if axes != tuple("xyz"[: len(axes)]) or len(axes) not in (2, 3):
        raise FormatError(path, expected="space x y or x y z", found=" ".join(axes) or "no names")
    scores = None
    if "confidence" in found.numbers:
        scores = _ordered(*found.numbers["confidence"], (_ORDER[0], *_ORDER[2:]))
    frames, rate, times, notes = _rows(found, position.shape[0], path)
    if frames is not None:
        n = len(position)
        check_size((int(frames[-1]) + 1, *position.shape[1:]), path.stat().st_size, "the pose")
        position = spread_rows(position.reshape(n, -1), frames).reshape(-1, *position.shape[1:])
        if scores is not None:
            scores = spread_rows(scores.reshape(n, -1), frames).reshape(-1, *scores.shape[1:])
        notes.append(f"{len(position) - n} frames have no row; they are empty.")
    if found.others:
        notes.append(f"Variables not used: {', '.join(found.others[:8])}.")
    people = found.names.get("individuals", (ONLY,))
    keypoints = found.names.get("keypoints", ())
    if position.shape[2:] != (len(keypoints), len(people)):
        raise FormatError(
            path,
            expected="a name for each keypoint and individual",
            found=f"{len(keypoints)} and {len(people)} for {position.shape[2:]}",
        )
    return Tracks(
        position, scores, keypoints, people,
        text_of(found.attrs.get("source_software", "")) or "movement",
        text_of(found.attrs.get("position_unit", "")) or "pixels",
        tuple(notes), rate=rate, times=times,
    )  # fmt: skip


def _check_kind(found: _Dataset, path: Path) -> None:
    kind = text_of(found.attrs.get("ds_type", "poses"))
    if kind == "bboxes" or "shape" in found.others:
        raise FormatError(
            path,
            expected="poses",
            found="bounding boxes",
            remedy="Write them as VIA tracks (movement.io.save_bboxes.to_via_tracks_file): their "
            "centres are then read as one keypoint.",
        )
    if "position" not in found.numbers:
        raise FormatError(path, expected="a variable 'position'", found=", ".join(found.others))


def _rows(
    found: _Dataset, count: int, path: Path
) -> tuple[NDArray[np.int64] | None, float | None, NDArray[np.float64] | None, list[str]]:
    """Return the frame of each row (None for 0, 1, ...), rate, uneven times and notes."""
    stated = np.ravel(found.attrs.get("fps", np.nan))
    rate = float(stated[0]) if stated.dtype.kind in "iuf" and stated.size else np.nan
    known = rate if np.isfinite(rate) and rate > 0 else None
    if "time" not in found.numbers:
        return None, known, None, []
    time = found.numbers["time"][1]
    if time.shape != (count,):
        raise ValueError(f"{time.shape} times for {count} rows")
    unit = found.time_units.split(" since ")[0]
    if unit not in _UNITS:
        raise ValueError(f"times in {unit!r}")
    if text_of(found.attrs.get("time_unit", unit)) == "frames":
        return frames_of_rows(time, str(path)), known, None, []
    said = what_times_say(time * _UNITS[unit], str(path))
    if known is None:
        return None, said.rate, said.times, list(said.notes)
    numbers = time * _UNITS[unit] * known
    if count and np.abs(numbers - np.rint(numbers)).max() <= _ROUNDING and numbers[0] > -0.5:
        return frames_of_rows(np.rint(numbers) + 0.0, str(path)), known, None, []
    return None, known, said.times, list(said.notes)


def _ordered(
    dims: tuple[str, ...], values: NDArray[np.float64], wanted: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return an array with these dimensions; one individual or keypoint may lack its own."""
    for name in wanted:
        if name not in dims and name in ("individuals", "keypoints"):
            dims, values = (*dims, name), values[..., None]
    if sorted(dims) != sorted(wanted):
        raise ValueError(f"positions along {', '.join(dims)}")
    return values.transpose([dims.index(name) for name in wanted])


def _is_classic(data: bytes) -> bool:
    return data[:3] == b"CDF" and data[3:4] in (b"\x01", b"\x02")


def _from_hdf5(path: Path) -> _Dataset:
    import h5py

    numbers, names, others, units = {}, {}, [], ""
    with h5py.File(path, "r") as file:
        for name in file:
            item = member(file, name, h5py.Dataset)
            if item is None or text_of(item.attrs.get("NAME", "")).startswith(_NAMELESS):
                continue
            if name in ("space", "keypoints", "individuals"):
                texts = h5py.check_string_dtype(item.dtype) is not None
                names[name] = read_texts(item) if texts else _as_names(read_numbers(item))
            elif name in ("position", "confidence", "time"):
                dims = (name,) if name == "time" else _dims(item)
                numbers[name] = dims, _decoded(read_numbers(item), item.attrs)
                units = text_of(item.attrs.get("units", "")) if name == "time" else units
            else:
                others.append(name)
        wanted = ("ds_type", "fps", "time_unit", "source_software", "position_unit")
        attrs = {key: file.attrs[key] for key in wanted if key in file.attrs}
    return _Dataset(attrs, numbers, names, tuple(others), units)


def _dims(item: h5py.Dataset) -> tuple[str, ...]:
    """Return the names of the dimensions, by the references to them that netCDF keeps."""
    found = []
    for references in item.attrs["DIMENSION_LIST"]:
        scale = item.file[references[0]]
        found.append(str(scale.name).rsplit("/", 1)[-1])
    if len(found) != item.ndim:
        raise ValueError(f"{len(found)} names for {item.ndim} dimensions")
    return tuple(found)


def _from_classic(path: Path) -> _Dataset:
    from scipy.io import netcdf_file

    numbers, names, others, units = {}, {}, [], ""
    with netcdf_file(path, "r", mmap=False) as file:
        for name, item in file.variables.items():
            if name in ("space", "keypoints", "individuals"):
                letters = np.asarray(item.data)
                if letters.dtype.kind == "S" and letters.ndim == 2:
                    whole = np.ascontiguousarray(letters).view(f"S{letters.shape[1]}")[:, 0]
                    names[name] = tuple(text_of(word) for word in whole)
                else:
                    names[name] = _as_names(letters)
            elif name in ("position", "confidence", "time"):
                values = np.array(item.data)
                if values.dtype.kind not in "fiu":
                    raise TypeError(f"{name} holds {values.dtype} and not numbers")
                numbers[name] = tuple(item.dimensions), _decoded(values, vars(item))
                units = text_of(getattr(item, "units", "")) if name == "time" else units
            else:
                others.append(name)
        attrs = dict(file._attributes)
    return _Dataset(attrs, numbers, names, tuple(others), units)


def _as_names(values: NDArray[Any]) -> tuple[str, ...]:
    return tuple(text_of(value) for value in np.ravel(values))


def _decoded(values: NDArray[Any], attrs: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return numbers as CF conventions say: fill values, then scale and offset."""
    result = values.astype(np.float64)
    for key in ("_FillValue", "missing_value"):
        if key in attrs:
            result[values == np.ravel(attrs[key])[0]] = np.nan
    factor, offset = (
        float(np.ravel(attrs.get(key, default))[0])
        for key, default in (("scale_factor", 1.0), ("add_offset", 0.0))
    )
    return result if (factor, offset) == (1.0, 0.0) else result * factor + offset
