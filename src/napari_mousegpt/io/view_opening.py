"""Open one view of a recording: its pictures, its pose and its arenas, on one clock."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt.core.arena import Arena
from napari_mousegpt.core.arena_pose import split_by_arena
from napari_mousegpt.core.pose import POSE_DIMS, fit_length, validate_pose
from napari_mousegpt.core.pose_steps import PoseStep, apply_steps
from napari_mousegpt.core.recording import FrameSource, View
from napari_mousegpt.core.timebase import Timebase, as_rate
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.io.arenas import load_arenas
from napari_mousegpt.io.fingerprint import file_fingerprint, sequence_fingerprint
from napari_mousegpt.io.image_names import find_images
from napari_mousegpt.io.pictures import is_pictures
from napari_mousegpt.io.pose import PlainLayout, load_pose
from napari_mousegpt.io.pose_checks import explain_axes

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "ViewOptions",
    "check_inside_picture",
    "close_source",
    "files_of",
    "fingerprint_of",
    "open_view",
]

#: Points with at least this confidence are counted when a pose is compared with its picture.
_CONFIDENT = 0.6


@dataclass(frozen=True)
class ViewOptions:
    """How the files are to be read; the same for every view.

    Parameters
    ----------
    pose_format, layout, individuals, fps, mismatch, steps, split_arenas, hardware
        As in :func:`napari_mousegpt.io.recordings.open_recording`.
    """

    pose_format: str | None = None
    layout: PlainLayout | None = None
    individuals: Sequence[str] | Mapping[str, str] | None = None
    fps: float | str | Fraction | None = None
    mismatch: str = "error"
    steps: tuple[PoseStep, ...] = ()
    split_arenas: bool = False
    hardware: str | None = None


def open_view(
    name: str, video: Any, pose: Any, arena: Any, offset: Fraction, how: ViewOptions
) -> View:
    """Open the files of one view.

    Parameters
    ----------
    name : str
    video, pose, arena : path, object or None
        What :func:`napari_mousegpt.io.recordings.open_recording` was given for this view.
    offset : Fraction
        Seconds from the first picture of the recording to the first of this view.
    how : ViewOptions

    Raises
    ------
    InputError, FormatError, MismatchError
        As :func:`napari_mousegpt.io.recordings.open_recording`; nothing stays open then.
    """
    source, clock = _open_pictures(video, how)
    try:
        tracks = None if pose is None else _open_pose(pose, clock, how)
        if tracks is not None and source is not None:
            height, width = source.shape[1:3]
            doubt = explain_axes(tracks, width, height)
            check_inside_picture(tracks, width, height, _called(pose), doubt=doubt)
            if doubt:
                known = tracks.attrs.get("notes", "")
                tracks = tracks.assign_attrs(notes=f"{known} {doubt}".strip())
        if clock is None:
            clock = Timebase.constant(
                _rate(tracks, how.fps), 0 if tracks is None else len(tracks["time"])
            )
            tracks = None if tracks is None else fit_length(tracks, clock)
        arenas = _open_arenas(arena, source)
        if how.split_arenas:
            tracks = _split(tracks, arenas, name)
        if tracks is not None and how.steps:
            tracks = apply_steps(tracks, how.steps)
        files = files_of(video, pose, arena)
        return View(
            name,
            clock,
            source,
            tracks,
            offset,
            {role: _path_text(file) for role, file in files.items()},
            {role: fingerprint_of(file) for role, file in files.items()},
            arenas,
        )
    except BaseException:
        if source is not video:
            close_source(source)
        raise


def check_inside_picture(
    pose: xr.Dataset,
    width: int,
    height: int,
    name: str = "pose",
    *,
    allowed: float = 0.5,
    doubt: str = "",
) -> None:
    """Refuse a pose that lies mostly outside the picture: it is of another video.

    Parameters
    ----------
    pose : Dataset
        Schema of :mod:`napari_mousegpt.core.pose`, in pixels; a pose in other units or in three
        dimensions is not looked at.
    width, height : int
        Pixels of the picture.
    name : str
        What to call the pose in the message.
    allowed : float
        Share of the confident points that may lie outside.
    doubt : str
        What the reason may be, see :func:`napari_mousegpt.io.pose_checks.explain_axes`.

    Raises
    ------
    MismatchError
    """
    if pose.sizes["space"] != 2 or pose.attrs.get("position_unit", "pixels") != "pixels":
        return
    x, y = (pose["position"].sel(space=axis).values for axis in "xy")
    found = np.isfinite(x) & np.isfinite(y)
    if "confidence" in pose:
        score = pose["confidence"].transpose("time", "keypoints", "individuals").values
        found &= np.isnan(score) | (score >= _CONFIDENT)
    outside = found & ((x < 0) | (x > width) | (y < 0) | (y > height))
    if outside.sum() > allowed * found.sum():
        raise MismatchError(
            name,
            expected=f"points inside the picture, which is {width} x {height} pixels",
            found=f"{outside.sum() / found.sum():.0%} of the confident points outside it, up to "
            f"x = {np.nanmax(x[found]):.0f}, y = {np.nanmax(y[found]):.0f}",
            remedy=doubt
            or "Is this pose of another video, or of the same one before it was cropped or "
            "scaled? Give the pose made from this file.",
        )


def files_of(video: Any, pose: Any, arena: Any) -> dict[str, Any]:
    """Return what was given as files, by role: a path, or a list of paths of pictures."""
    given = {"video": getattr(video, "path", video), "pose": pose, "arena": arena}
    return {role: item for role, item in given.items() if is_file(item) or is_file_list(item)}


def is_file(given: Any) -> bool:
    """Return whether something is a path."""
    return isinstance(given, str | os.PathLike)


def is_file_list(given: Any) -> bool:
    """Return whether something is a list of paths, one for each picture."""
    return isinstance(given, list | tuple) and bool(given) and all(is_file(item) for item in given)


def close_source(source: FrameSource | None) -> None:
    """Close pictures, if they can be closed."""
    close = getattr(source, "close", None)
    if close is not None:
        close()


def _open_pictures(video: Any, how: ViewOptions) -> tuple[FrameSource | None, Timebase | None]:
    if video is None:
        return None, None
    source: Any
    if is_pictures(video):
        from napari_mousegpt.io.pictures import open_pictures

        source = open_pictures(video, fps=how.fps)
    elif is_file(video):
        from napari_mousegpt.io.video import VideoReader

        source = VideoReader(video, hardware=how.hardware)
    elif isinstance(getattr(video, "timebase", None), Timebase):
        source = video
    else:
        from napari_mousegpt.io.array_frames import ArrayFrames

        source = ArrayFrames(video)
        if how.fps is None:
            raise InputError(
                "pictures",
                expected="their frame rate, since an array has none",
                found="none",
                remedy="Give fps=..., the rate of the camera.",
            )
    clock = source.timebase if how.fps is None else Timebase.constant(how.fps, len(source))
    return source, clock


def _open_pose(pose: Any, clock: Timebase | None, how: ViewOptions) -> xr.Dataset:
    if not is_file(pose):
        validate_pose(pose)
        pose = pose.transpose(*POSE_DIMS)
        if how.individuals is not None:
            pose = _chosen(pose, how.individuals)
        return pose if clock is None else fit_length(pose, clock, how.mismatch)
    if clock is None and how.fps is None:
        raise InputError(
            pose,
            expected="the frame rate, since there is no video to take it from",
            found="none",
            remedy="Give fps=..., the rate of the camera (--fps on the command line).",
        )
    return load_pose(
        pose,
        clock if clock is not None else as_rate(how.fps or 0),
        format=how.pose_format,
        layout=how.layout,
        individuals=how.individuals,
        mismatch=how.mismatch,
    )


def _open_arenas(arena: Any, source: FrameSource | None) -> tuple[Arena, ...]:
    if arena is None:
        return ()
    if is_file(arena):
        size = None if source is None else (source.shape[2], source.shape[1])
        return load_arenas(arena, picture_size=size)
    given = [arena] if isinstance(arena, Arena) else arena
    return tuple(item if isinstance(item, Arena) else Arena.from_dict(item) for item in given)


def _split(tracks: xr.Dataset | None, arenas: tuple[Arena, ...], name: str) -> xr.Dataset:
    if tracks is None or not arenas:
        raise InputError(
            f"view {name!r}",
            expected="a pose and arenas, to give each arena its animal",
            found="no pose" if tracks is None else "no arenas",
            remedy="Give pose=... and arena=..., or leave split_arenas out.",
        )
    return split_by_arena(tracks, arenas)


def _chosen(pose: xr.Dataset, wanted: Sequence[str] | Mapping[str, str]) -> xr.Dataset:
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    known = [str(value) for value in pose["individuals"].values]
    missing = [name for name in names if name not in known]
    if missing or not names:
        raise InputError(
            f"individual {missing[0]!r}" if missing else "individuals",
            expected=f"some of {', '.join(known)}",
            remedy="Choose from these names.",
        )
    new = [wanted[name] for name in names] if isinstance(wanted, Mapping) else names
    return pose.isel(individuals=[known.index(name) for name in names]).assign_coords(
        individuals=new
    )


def _rate(pose: xr.Dataset | None, fps: float | str | Fraction | None) -> Fraction:
    rate = fps if fps is not None or pose is None else pose.attrs.get("fps")
    if rate is None:
        raise InputError("pose", expected="its frame rate", found="none", remedy="Give fps=...")
    return as_rate(rate)


def _called(pose: Any) -> str:
    return str(pose) if is_file(pose) else "pose"


def _path_text(given: Any) -> str:
    if is_file_list(given):
        return f"{Path(given[0]).absolute().as_posix()} and {len(given) - 1} more"
    return Path(given).absolute().as_posix()


def fingerprint_of(given: Any) -> str:
    """Return the content hash of a file, or of the pictures of a folder, pattern or list."""
    if is_file(given) and Path(given).is_file():
        return file_fingerprint(given)
    return sequence_fingerprint(find_images(given).paths)
