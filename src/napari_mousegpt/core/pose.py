"""Pose tracks: an xarray Dataset in the schema of the movement library.

Dimensions ``time``, ``space``, ``keypoints``, ``individuals``; variables ``position`` (time, space,
keypoints, individuals) and ``confidence`` (time, keypoints, individuals). Row ``i`` is the pose in
picture ``i``. Space is ``x, y`` (pixels from the upper left corner, y downwards) or ``x, y, z``.
A point that was not found is NaN.

Source of the schema: movement, https://movement.neuroinformatics.dev.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "POSE_DIMS",
    "explain_length",
    "explain_rate",
    "fit_length",
    "make_pose",
    "pose_fingerprint",
    "validate_pose",
]

#: Order of dimensions of ``position``.
POSE_DIMS = ("time", "space", "keypoints", "individuals")

#: How a pose that is longer or shorter than its video may be treated.
MISMATCH_POLICIES = ("error", "trim", "pad")
#: Rows hashed at once, so that no second copy of a long pose is made.
_HASHED_ROWS = 1 << 16
#: Rates this close are one: programs write 29.97 as 30, and clocks measure 30.0003.
_SAME_RATE = 0.002
#: Rows at the ends that programs win or lose without any other reason.
_FEW_ROWS = 3
#: Rows below which a whole ratio of lengths is chance.
_TOO_SHORT_TO_TELL = 50


def make_pose(
    position: ArrayLike,
    confidence: ArrayLike | None,
    keypoints: Sequence[str],
    individuals: Sequence[str],
    timebase: Timebase,
    *,
    source: str = "",
    unit: str = "pixels",
) -> xr.Dataset:
    """Return a pose Dataset from arrays.

    Parameters
    ----------
    position : array_like of float, shape (n_frames, 2 or 3, n_keypoints, n_individuals)
        Coordinates x, y[, z]; NaN where a point was not found.
    confidence : array_like of float, shape (n_frames, n_keypoints, n_individuals), optional
        Score of the tracker, usually 0 to 1; NaN where there is none. None means all NaN.
    keypoints, individuals : sequence of str
        Names, unique.
    timebase : Timebase
        Clock of the rows.
    source : str
        Software that wrote the tracks.
    unit : str
        Unit of the coordinates.

    Raises
    ------
    MismatchError
        When shapes, names and clock do not agree.
    """
    import xarray as xr

    xyz = np.asarray(position, dtype=np.float64)
    shape = (
        timebase.n_frames,
        xyz.shape[1] if xyz.ndim == 4 else 2,
        len(keypoints),
        len(individuals),
    )
    if xyz.shape != shape or shape[1] not in (2, 3):
        raise MismatchError(
            "pose positions",
            expected=f"shape {shape} (frames, x y [z], keypoints, individuals)",
            found=str(xyz.shape),
        )
    if confidence is None:
        score = np.full((shape[0], shape[2], shape[3]), np.nan)
    else:
        score = np.asarray(confidence, dtype=np.float64)
        if score.shape != (shape[0], shape[2], shape[3]):
            raise MismatchError(
                "pose confidence",
                expected=f"shape {(shape[0], shape[2], shape[3])} (frames, keypoints, individuals)",
                found=str(score.shape),
            )
    pose = xr.Dataset(
        {
            "position": (POSE_DIMS, xyz),
            "confidence": (("time", "keypoints", "individuals"), score),
        },
        coords={
            "time": timebase.time(np.arange(timebase.n_frames)),
            "space": list("xyz"[: shape[1]]),
            "keypoints": [str(name) for name in keypoints],
            "individuals": [str(name) for name in individuals],
        },
        attrs={
            "ds_type": "poses",
            "fps": timebase.fps,
            "time_unit": "seconds",
            "source_software": source,
            "position_unit": unit,
        },
    )
    validate_pose(pose)
    return pose


def validate_pose(pose: xr.Dataset, name: str = "pose") -> None:
    """Check that a Dataset is a pose in the schema above.

    Raises
    ------
    InputError
        Naming the first thing that is missing or of the wrong shape.
    """
    if "position" not in pose:
        raise InputError(name, expected="a variable 'position'", found=str(list(pose.data_vars)))
    if set(pose["position"].dims) != set(POSE_DIMS):
        raise InputError(
            f"{name} positions",
            expected=f"dimensions {POSE_DIMS}",
            found=str(pose["position"].dims),
        )
    for dim in ("keypoints", "individuals"):
        names = [str(value) for value in pose[dim].values]
        if not names or len(set(names)) < len(names):
            raise InputError(f"{name} {dim}", expected="unique names", found=str(names))
    if pose.sizes["space"] not in (2, 3):
        raise InputError(f"{name} space", expected="x y or x y z", found=str(pose["space"].values))


def explain_rate(pose_rate: float | None, video_rate: float) -> str:
    """Return a sentence when a pose states another rate than its video, else an empty text.

    Parameters
    ----------
    pose_rate : float or None
        Rows per second by the pose file; None where it does not say.
    video_rate : float
        Pictures per second of the video.
    """
    if pose_rate is None or abs(pose_rate / video_rate - 1) <= _SAME_RATE:
        return ""
    return (
        f"The pose file states {pose_rate:.6g} rows per second and the video has {video_rate:.6g} "
        "pictures per second."
    )


def explain_length(rows: int, frames: int, pose_rate: float | None, video_rate: float) -> str:
    """Return why a pose may have another number of rows than its video has pictures.

    Parameters
    ----------
    rows, frames : int
        Length of the pose and of the video.
    pose_rate : float or None
        Rows per second by the pose file; None where it does not say.
    video_rate : float
        Pictures per second of the video.

    Returns
    -------
    str
        One or two sentences, empty when the numbers agree or nothing stands out. Without a stated
        rate, a whole number of pictures for each row, or of rows for each picture, stands out.

    Examples
    --------
    >>> explain_length(500, 1000, None, 30.0)
    'There is one row for every 2 pictures: was one picture in 2 tracked?'
    """
    few = max(_FEW_ROWS, 0.001 * frames)
    if not rows or not frames or abs(rows - frames) <= _FEW_ROWS:
        return explain_rate(pose_rate, video_rate) if rows == frames else ""
    if pose_rate is not None:
        by_rates = frames * pose_rate / video_rate
        said = explain_rate(pose_rate, video_rate)
        if said and abs(rows - by_rates) <= few:
            return f"{said} That explains the number of rows: they are not the pictures."
        return (
            f"{said} By these rates" if said else "By the rate that its file states"
        ) + f" the pose lasts {rows / pose_rate:.1f} s and the video {frames / video_rate:.1f} s."
    if min(rows, frames) < _TOO_SHORT_TO_TELL:
        return ""
    skipped, repeated = round(frames / rows), round(rows / frames)
    if skipped > 1 and abs(frames / skipped - rows) <= 1:
        return (
            f"There is one row for every {skipped} pictures: was one picture in {skipped} tracked?"
        )
    if repeated > 1 and abs(rows / repeated - frames) <= 1:
        return (
            f"There are {repeated} rows for every picture: was a video of {repeated} times the "
            "rate tracked?"
        )
    return ""


def fit_length(
    pose: xr.Dataset, timebase: Timebase, policy: str = "error", name: str = "pose"
) -> xr.Dataset:
    """Bring a pose to the length of its video by a named policy.

    The number of rows decides: a pose with a row for each picture belongs to the pictures, and a
    rate that its file states otherwise (attribute ``stated_fps``) is only noted.

    Parameters
    ----------
    pose : Dataset
        Pose whose first row belongs to the first picture.
    timebase : Timebase
        Clock of the video; its times become the ``time`` coordinate.
    policy : {"error", "trim", "pad"}
        What to do when the lengths differ: refuse; drop rows behind the last picture (a pose that
        is too short is still refused); or drop those and fill missing rows at the end with NaN.
    name : str
        What to call the pose in messages, usually its path.

    Returns
    -------
    Dataset
        Its attribute ``length_policy`` says what was done when the lengths differed; ``notes``
        gains a sentence when the rates differ, or may be why the lengths do.

    Raises
    ------
    InputError
        For an unknown policy.
    MismatchError
        When the lengths differ and the policy does not allow it; the message says what the rates
        tell about it.
    """
    if policy not in MISMATCH_POLICIES:
        raise InputError(f"mismatch={policy!r}", expected=f"one of {', '.join(MISMATCH_POLICIES)}")
    rows, frames = int(pose.sizes["time"]), timebase.n_frames
    why = explain_length(rows, frames, pose.attrs.get("stated_fps"), timebase.fps)
    if rows != frames:
        if policy == "error" or (policy == "trim" and rows < frames):
            way = "trim" if rows > frames else "pad"
            raise MismatchError(
                name,
                expected=f"{frames} rows, one for each picture of the video",
                found=f"{rows} rows",
                remedy=f"{why} Check that this pose was made from this video. If it was, open it "
                f'with mismatch="{way}" ({"drop" if rows > frames else "fill"} the '
                f"{abs(rows - frames)} row(s) at the end).".lstrip(),
            )
        pose = pose.isel(time=slice(0, frames))
        if rows < frames:
            pose = pose.assign_coords(time=np.arange(rows)).reindex(time=np.arange(frames))
        pose = pose.assign_attrs(length_policy=f"{policy}: {rows} rows for {frames} pictures")
    if why:
        pose = pose.assign_attrs(notes=" ".join([*filter(None, [pose.attrs.get("notes")]), why]))
    times = timebase.time(np.arange(frames))
    return pose.assign_coords(time=times).assign_attrs(fps=timebase.fps)


def pose_fingerprint(pose: xr.Dataset) -> str:
    """Return a content hash of positions, confidence and names (32 hexadecimal characters)."""
    digest = hashlib.blake2b(digest_size=16)
    for dim in ("keypoints", "individuals"):
        digest.update("\x1f".join(str(value) for value in pose[dim].values).encode())
    arrays = [pose["position"].transpose(*POSE_DIMS).values]
    if "confidence" in pose:
        arrays.append(pose["confidence"].values)
    for array in arrays:
        for start in range(0, len(array), _HASHED_ROWS):
            digest.update(np.ascontiguousarray(array[start : start + _HASHED_ROWS]).tobytes())
    return digest.hexdigest()
