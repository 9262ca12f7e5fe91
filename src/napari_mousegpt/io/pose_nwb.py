"""NWB files with poses after the extension ndx-pose, 0.1 and later.

Each animal is a ``PoseEstimation`` container and each keypoint a ``PoseEstimationSeries`` in it,
with data, mostly a confidence, and either time stamps or a rate (https://github.com/rly/ndx-pose).

The arrays are read through h5py. sleap-io (0.9) reads only files that SLEAP wrote; movement (0.15)
needs pynwb, reads one container, names the animal by the id of the session, and makes up even times
where the time stamps are uneven.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import Head
from napari_mousegpt.io.hdf5_guard import (
    check_size,
    find_groups,
    member,
    read_numbers,
    read_texts,
    text_of,
)
from napari_mousegpt.io.row_times import join_times, what_times_say
from napari_mousegpt.io.tracks import ONLY, Tracks

if TYPE_CHECKING:
    import h5py

__all__ = ["read_nwb", "sniff_nwb"]

SOURCE = "NWB"
#: What DeepLabCut's converter writes, which puts the animal into the name of the series.
_DLC2NWB = re.compile(r"Keypoint (?P<keypoint>.+) from individual (?P<individual>.+?)\.?")
#: How JABS describes things that are no animals.
_THING = re.compile(r"(static|dynamic) object", re.IGNORECASE)
#: Names of containers that say nothing about the animal.
_NAMELESS = re.compile(r"pose[_ ]?estimation", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class _Series:
    """One keypoint of one animal."""

    group: h5py.Group
    keypoint: str
    individual: str


@dataclass(frozen=True, eq=False)
class _Container:
    """One PoseEstimation; ``kind`` is equal for the animals of one recording."""

    name: str
    series: tuple[_Series, ...]
    kind: tuple[object, ...]
    source: str
    is_thing: bool


def sniff_nwb(head: Head) -> bool:
    """Whether a file is NWB and holds poses."""
    import h5py

    if not head.is_hdf5:
        return False
    with h5py.File(head.path, "r") as file:
        return "nwb_version" in file.attrs and bool(find_groups(file, "PoseEstimation"))


def read_nwb(path: Path, wanted: Collection[str] | None = None) -> Tracks:
    """Read the poses of an NWB file.

    Parameters
    ----------
    path : Path
        File that :func:`napari_mousegpt.io.hdf5_guard.check_hdf5` has passed.
    wanted : collection of str, optional
        Names of the containers to read, needed where they are of several recordings.

    Returns
    -------
    Tracks
        Row ``i`` is the ``i``-th time stamp of the file; nothing is resampled. Uneven times are
        kept. A point at exactly 0, 0 with confidence 0, or of JABS with confidence 0, is missing.

    Raises
    ------
    FormatError
        When there is no pose, when the containers are not the animals of one recording and none
        was chosen, or when the series do not fit together.
    """
    import h5py

    with h5py.File(path, "r") as file:
        found = [_container(group) for group in find_groups(file, "PoseEstimation")]
        animals = _one_recording([c for c in found if not c.is_thing and c.series], wanted, path)
        things = [c.name for c in found if c.is_thing]
        notes = [f"Things that are no animals are left out: {', '.join(things)}."] if things else []
        subject = member(file, "general/subject/subject_id", h5py.Dataset)
        attrs = {} if subject is None else {"subject_id": read_texts(subject)[0]}
        return _tracks(animals, path, notes, attrs)


def _container(group: h5py.Group) -> _Container:
    import h5py

    order = [name for name in _nodes(group) if member(group, name, h5py.Group) is not None]
    names = [*order, *(name for name in group if name not in order)]
    name = str(group.name).rsplit("/", 1)[-1].removeprefix("track=")
    default = ONLY if _NAMELESS.fullmatch(name) else name
    series = []
    for key in dict.fromkeys(names):
        item = member(group, key, h5py.Group)
        if item is None or text_of(item.attrs.get("neurodata_type")) != "PoseEstimationSeries":
            continue
        said = _DLC2NWB.fullmatch(text_of(item.attrs.get("description", "")).strip())
        words = (said["keypoint"], said["individual"]) if said else (key, default)
        series.append(_Series(item, *words))
    videos = member(group, "original_videos", h5py.Dataset)
    kind = (
        str(group.parent.name),
        frozenset(item.keypoint for item in series),
        () if videos is None else read_texts(videos),
    )
    about, source = (_word(group, key) for key in ("description", "source_software"))
    return _Container(name, tuple(series), kind, source, bool(_THING.match(about)))


def _nodes(group: h5py.Group) -> tuple[str, ...]:
    """Return the names of the keypoints in their order: of 0.1, or of the skeleton of 0.2."""
    import h5py

    # The link to the skeleton is called as the skeleton is.
    linked = [item for key in group if (item := member(group, key, h5py.Group)) is not None]
    for place in (group, *(g for g in linked if text_of(g.attrs.get(_TYPE)) == "Skeleton")):
        nodes = member(place, "nodes", h5py.Dataset)
        if nodes is not None:
            return read_texts(nodes)
    return ()


_TYPE = "neurodata_type"


def _word(group: h5py.Group, name: str) -> str:
    import h5py

    dataset = member(group, name, h5py.Dataset)
    if dataset is None:
        return text_of(group.attrs.get(name, ""))
    return " ".join(read_texts(dataset))


def _one_recording(
    found: list[_Container], wanted: Collection[str] | None, path: Path
) -> list[_Container]:
    """Return the containers of the animals of one recording."""
    if wanted is not None:
        people = set(wanted)
        chosen = [c for c in found if c.name in people or people & {s.individual for s in c.series}]
        found = chosen or found
    if not found:
        raise FormatError(
            path,
            expected="poses (PoseEstimation of ndx-pose)",
            found="none",
            remedy="Export the pose again.",
        )
    if len({c.kind for c in found}) > 1:
        names = ", ".join(f"{c.name} ({len(c.series)} keypoints)" for c in found[:8])
        raise FormatError(
            path,
            expected="poses of one camera, with the same keypoints for every animal",
            found=f"{len(found)} poses that differ: {names}",
            remedy="Choose those that belong to one video: individuals=[...].",
        )
    return found


def _tracks(
    animals: Sequence[_Container], path: Path, notes: list[str], attrs: dict[str, str]
) -> Tracks:
    series = [item for container in animals for item in container.series]
    keypoints = tuple(dict.fromkeys(item.keypoint for item in series))
    people = tuple(dict.fromkeys(item.individual for item in series))
    places = [(item.keypoint, item.individual) for item in series]
    if len(set(places)) < len(places):
        raise FormatError(path, expected="one series for each keypoint", found="two of one name")
    clocks: list[NDArray[np.float64]] = []
    for item in series:
        clock = _seconds(item.group)
        # Most series share their stamps: keep them once.
        clocks.append(next((c for c in clocks[-1:] if _same(c, clock)), clock))
    said = [what_times_say(clock, str(path)) for clock in {id(c): c for c in clocks}.values()]
    seconds, rows = join_times(clocks, str(path))
    space = {item.group["data"].shape[1:] for item in series}
    if len(space) > 1 or space not in ({(2,)}, {(3,)}):
        raise FormatError(path, expected="x y or x y z for every point", found=str(sorted(space)))
    shape = (len(seconds), *space.pop(), len(keypoints), len(people))
    check_size(shape, path.stat().st_size, "the pose")
    position = np.full(shape, np.nan)
    confidence = np.full((shape[0], *shape[2:]), np.nan)
    for item, row in zip(series, rows, strict=True):
        k, i = keypoints.index(item.keypoint), people.index(item.individual)
        values, score = _points(item.group, len(row), animals[0].source)
        position[row, :, k, i] = values
        confidence[row, k, i] = score
    if len(said) > 1:
        lengths = sorted({len(clock) for clock in clocks})
        notes.append(
            f"Its tracks have {lengths[0]} to {lengths[-1]} rows: the rows are the "
            f"{len(seconds)} time stamps that occur, and points without one of them are empty."
        )
        said = [what_times_say(seconds, str(path))]
    units, frames = ({_said(item.group, key) for item in series} for key in ("unit", _FRAME))
    if len(units) > 1:
        raise FormatError(path, expected="one unit", found=", ".join(sorted(units)))
    place = sorted(frames - {"", "nan", "unknown"})
    if place:
        attrs["reference_frame"] = place[0]
    if any("bottom" in text.lower() for text in place):
        notes.append(
            f"It says of its coordinates: {place[0].rstrip('.')!r}. They are taken as they are, "
            "from the upper left corner: some programs write it whatever the coordinates."
        )
    return Tracks(
        position,
        confidence if np.isfinite(confidence).any() else None,
        keypoints,
        people,
        animals[0].source or SOURCE,
        units.pop() or "pixels",
        (*notes, *said[0].notes),
        rate=said[0].rate,
        times=said[0].times,
        attrs=attrs,
    )


_FRAME = "reference_frame"


def _same(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    # A rate and the stamps made from it differ in the last digits.
    return len(one) == len(other) and bool(np.allclose(one, other, rtol=0, atol=1e-6))


def _seconds(group: h5py.Group) -> NDArray[np.float64]:
    """Return the time of each row of a series."""
    import h5py

    count = int(group["data"].shape[0])
    stamps = member(group, "timestamps", h5py.Dataset)
    if stamps is not None:
        seconds = read_numbers(stamps).astype(np.float64)
        if seconds.shape != (count,):
            raise ValueError(f"{group.name}: {seconds.shape} time stamps for {count} rows")
        return seconds
    start = member(group, "starting_time", h5py.Dataset)
    if start is None:
        raise ValueError(f"{group.name}: neither time stamps nor a rate")
    rate = float(start.attrs["rate"])
    if not rate > 0 or not np.isfinite(rate):
        raise ValueError(f"{group.name}: a rate of {rate:g}")
    check_size((count,), group["data"].id.get_storage_size(), str(group.name))
    return float(read_numbers(start)) + np.arange(count) / rate


def _points(
    group: h5py.Group, count: int, source: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates (n_rows, n_space) and confidence (n_rows,) of a series."""
    import h5py

    data = group["data"]
    values = read_numbers(data).astype(np.float64)
    factor, offset = (float(data.attrs.get(k, d)) for k, d in (("conversion", 1), ("offset", 0)))
    if (factor, offset) != (1.0, 0.0):
        values = values * factor + offset
    scores = member(group, "confidence", h5py.Dataset)
    if scores is None:
        return values, np.full(count, np.nan)
    score = read_numbers(scores).astype(np.float64)
    if score.shape != (count,):
        raise ValueError(f"{group.name}: {score.shape} confidences for {count} rows")
    lost = score == 0
    if source != "JABS":
        lost &= (values == offset).all(axis=1)
    values[lost] = np.nan
    return values, score


def _said(group: h5py.Group, name: str) -> str:
    if name == "unit":
        return text_of(group["data"].attrs.get("unit", ""))
    return _word(group, name)
