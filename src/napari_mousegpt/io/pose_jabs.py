"""JABS pose files (``*_pose_est_v2.h5`` to ``v8``) of the Jackson Laboratory.

The group ``poseest`` holds ``points`` as unsigned (y, x) and ``confidence``, 0 for a point that was
not found. Version 2 has one animal; version 3 short tracks (``instance_track_id``); from 4 on
identities (``instance_embed_id``, used where ``id_mask`` is 0). Version 5 adds things that stand
still, 6 outlines, 7 things that move, 8 boxes. After the sources of JABS and its file
formats, https://github.com/KumarLabJax/JABS-behavior-classifier.

Read through h5py: sleap-io (0.9) builds an object for every animal and frame (0.9 s for a minute of
one mouse), keeps instances to which no identity was given, and leaves things stored as (y, x) so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import Head
from napari_mousegpt.io.hdf5_guard import check_size, member, read_numbers, read_texts
from napari_mousegpt.io.tracks import ONLY, Tracks

if TYPE_CHECKING:
    import h5py

__all__ = ["JABS_KEYPOINTS", "read_jabs", "sniff_jabs"]

SOURCE = "JABS"
#: Keypoints in the order of the file.
JABS_KEYPOINTS = (
    "NOSE", "LEFT_EAR", "RIGHT_EAR", "BASE_NECK", "LEFT_FRONT_PAW", "RIGHT_FRONT_PAW",
    "CENTER_SPINE", "LEFT_REAR_PAW", "RIGHT_REAR_PAW", "BASE_TAIL", "MID_TAIL", "TIP_TAIL",
)  # fmt: skip
#: Things that are stored as (y, x); others, such as the corners, as (x, y).
_STORED_YX = ("lixit", "food_hopper")
_NEWEST = 8
_ANIMALS = 1000


def sniff_jabs(head: Head) -> bool:
    """Whether a file is a JABS pose file."""
    import h5py

    if not head.is_hdf5:
        return False
    with h5py.File(head.path, "r") as file:
        group = member(file, "poseest", h5py.Group)
        return group is not None and {"points", "confidence"} <= set(group)


def read_jabs(path: Path) -> Tracks:
    """Read a JABS pose file.

    Parameters
    ----------
    path : Path
        File that :func:`napari_mousegpt.io.hdf5_guard.check_hdf5` has passed.

    Returns
    -------
    Tracks
        Row ``i`` is frame ``i``. Tracks of version 3 are put one after the other into as few
        individuals as there are animals at once, as JABS does; the variable ``track`` then holds
        the number of the track. ``attrs`` may hold ``cm_per_pixel`` and, as JSON, the
        ``static_objects`` by name, (x, y) in pixels.

    Raises
    ------
    FormatError
        When it is another file, or not as its version says.
    """
    import h5py

    with h5py.File(path, "r") as file:
        group = member(file, "poseest", h5py.Group)
        if group is None:
            raise FormatError(
                path,
                expected="a JABS pose file with the group poseest",
                found=", ".join(sorted(file)[:6]) or "nothing in it",
                remedy="Check the file, or name its format.",
            )
        points, confidence = read_numbers(group["points"]), read_numbers(group["confidence"])
        version = _version(group, points.ndim, path)
        attrs: dict[str, Any] = {"jabs_version": version}
        scale = group.attrs.get("cm_per_pixel")
        if scale is not None:
            attrs["cm_per_pixel"] = float(np.ravel(scale)[0])
        objects = _static_objects(file)
        if objects:
            attrs["static_objects"] = json.dumps(objects)
        notes = _left_aside(file, group)
        if version == 2:
            points, confidence = points[:, None], confidence[:, None]
        _check_shapes(points, confidence, path)
        extra: dict[str, Any] = {}
        if version == 2:
            slots = np.zeros(points.shape[:2], dtype=np.int64)
            names: tuple[str, ...] = (ONLY,)
        elif version == 3:
            ids = _track_ids(group, points.shape[:2])
            slots, count = _pack(ids)
            names = tuple(f"individual_{i}" for i in range(count))
            check_size((len(ids), count), path.stat().st_size, "the tracks")
            track = np.full((len(ids), count), np.nan)
            frame, slot = np.nonzero(slots >= 0)
            track[frame, slots[frame, slot]] = ids[frame, slot]
            extra["track"] = (("time", "individuals"), track)
            tracks = len(np.unique(ids[ids >= 0]))
            if tracks > count:
                notes.append(
                    f"Its {tracks} tracks are put into {count} individuals, one after the other: "
                    "who is who may change where a track ends (variable 'track')."
                )
        else:
            slots, names, said = _identities(group, points.shape[:2], path)
            notes += said
    return _tracks(path, points, confidence, slots, names, notes, attrs, extra)


def _version(group: h5py.Group, ndim: int, path: Path) -> int:
    stated = group.attrs.get("version")
    version = 2 if stated is None and ndim == 3 else int(np.ravel(stated)[0])
    if not 2 <= version <= _NEWEST or ndim != (3 if version == 2 else 4):
        raise FormatError(
            path,
            expected=f"a JABS pose file of version 2 to {_NEWEST}",
            found=f"version {version} with {ndim} dimensions",
            remedy="Export an older version, or NWB, from JABS.",
        )
    return version


def _check_shapes(points: NDArray[Any], confidence: NDArray[Any], path: Path) -> None:
    if points.shape[2:] != (len(JABS_KEYPOINTS), 2) or confidence.shape != points.shape[:3]:
        raise FormatError(
            path,
            expected=f"points of {len(JABS_KEYPOINTS)} keypoints and as many confidences",
            found=f"{points.shape} points and {confidence.shape} confidences",
            remedy="Export the file again.",
        )


def _track_ids(group: h5py.Group, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the track of each instance of version 3, -1 for empty places."""
    ids = read_numbers(group["instance_track_id"]).astype(np.int64)
    counts = read_numbers(group["instance_count"]).astype(np.int64)
    if ids.shape != shape or counts.shape != shape[:1]:
        raise ValueError(f"track ids of shape {ids.shape} for points of shape {shape}")
    return np.where(np.arange(shape[1]) < counts[:, None], ids, -1)


def _pack(ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Put tracks into as few rows as possible, the lowest free one first.

    Returns the row of each instance, -1 for none, and the number of rows.
    """
    frame, slot = np.nonzero(ids >= 0)
    tracks, first, which = np.unique(ids[frame, slot], return_index=True, return_inverse=True)
    begin, end = frame[first], np.zeros(len(tracks), dtype=np.int64)
    np.maximum.at(end, which, frame)
    row_of = np.zeros(len(tracks), dtype=np.int64)
    busy_until: list[int] = []
    for number in np.lexsort((slot[first], begin)):
        row = next((i for i, t in enumerate(busy_until) if t < begin[number]), len(busy_until))
        if row == len(busy_until):
            busy_until.append(0)
        if row >= _ANIMALS:
            raise ValueError(f"more than {_ANIMALS} tracks at once")
        busy_until[row] = int(end[number])
        row_of[number] = row
    rows = np.full(ids.shape, -1, dtype=np.int64)
    rows[frame, slot] = row_of[which]
    return rows, max(1, len(busy_until))


def _identities(
    group: h5py.Group, shape: tuple[int, ...], path: Path
) -> tuple[NDArray[np.int64], tuple[str, ...], list[str]]:
    """Return the individual of each instance of version 4 and later, names and notes."""
    import h5py

    ids = read_numbers(group["instance_embed_id"]).astype(np.int64)
    unused = read_numbers(group["id_mask"]) != 0
    if ids.shape != shape or unused.shape != shape:
        raise ValueError(f"identities of shape {ids.shape} for points of shape {shape}")
    valid = ~unused & (ids > 0)
    known = member(group, "instance_id_center", h5py.Dataset)
    count = int(known.shape[0]) if known is not None and known.ndim else shape[1]
    strangers = int((valid & (ids > count)).sum())
    valid &= ids <= count
    count = int(ids[valid].max(initial=1))
    if count > _ANIMALS:
        raise ValueError(f"{count} identities")
    names = tuple(f"identity_{i + 1}" for i in range(count))
    given = member(group, "external_identity_mapping", h5py.Dataset)
    if given is not None:
        texts = read_texts(given) if given.dtype.kind in "OS" else read_numbers(given).tolist()
        if len({str(name) for name in texts[:count]}) == count:
            names = tuple(str(name) for name in texts[:count])
    notes = []
    if strangers:
        notes.append(f"{strangers} detections without an identity are left out.")
    return np.where(valid, ids - 1, -1), names, notes


def _static_objects(file: h5py.File) -> dict[str, Any]:
    """Return what stands still, x before y."""
    import h5py

    group = member(file, "static_objects", h5py.Group)
    found: dict[str, Any] = {}
    for name in group or ():
        dataset = member(group, name, h5py.Dataset)
        if dataset is None or not dataset.ndim or dataset.shape[-1] != 2 or not dataset.size:
            continue
        if dataset.size > 10_000:
            raise ValueError(f"{dataset.name} of {dataset.size} numbers")
        values = read_numbers(dataset).astype(np.float64)
        found[name] = (values[..., ::-1] if name in _STORED_YX else values).tolist()
    return found


def _left_aside(file: h5py.File, group: h5py.Group) -> list[str]:
    parts = {"seg_data": "outlines", "bbox": "boxes"}
    names = [word for name, word in parts.items() if name in group]
    names += ["things that move"] if "dynamic_objects" in file else []
    return [f"Not read: {', '.join(names)}."] if names else []


def _tracks(
    path: Path,
    points: NDArray[Any],
    confidence: NDArray[Any],
    slots: NDArray[np.int64],
    names: tuple[str, ...],
    notes: list[str],
    attrs: dict[str, Any],
    extra: dict[str, Any],
) -> Tracks:
    """Sort instances into individuals; ``slots`` says which, -1 for none."""
    shape = (len(points), 2, len(JABS_KEYPOINTS), len(names))
    check_size(shape, path.stat().st_size, "the pose")
    frame, slot = np.nonzero(slots >= 0)
    who = slots[frame, slot]
    places = frame * len(names) + who
    if len(np.unique(places)) < len(places):
        twice = int(np.flatnonzero(np.bincount(places) > 1)[0])
        raise FormatError(
            f"{path}, frame {twice // len(names)}",
            expected="each animal once",
            found=f"{names[twice % len(names)]} twice",
            remedy="Run the identity step of JABS again.",
        )
    position, scores = np.full(shape, np.nan), np.full((shape[0], *shape[2:]), np.nan)
    score = confidence[frame, slot].astype(np.float64)
    # Stored as y, x; a point that was not found has confidence 0 and any coordinates.
    xy = np.where(score[..., None] > 0, points[frame, slot][..., ::-1].astype(np.float64), np.nan)
    position[frame, :, :, who] = xy.transpose(0, 2, 1)
    scores[frame, :, who] = score
    highest = float(np.nanmax(score, initial=0))
    if highest > 1:
        notes.append(
            f"Its confidences reach {highest:.3g}: they are heights of the network's answer and no "
            "probabilities. JABS itself uses points above 0.3."
        )
    return Tracks(
        position,
        scores,
        JABS_KEYPOINTS,
        names,
        SOURCE,
        notes=tuple(notes),
        attrs=attrs,
        extra=extra,
    )
