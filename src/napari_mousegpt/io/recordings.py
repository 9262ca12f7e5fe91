"""Open a recording: its video and its pose on one clock."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt.core.pose import MISMATCH_POLICIES, POSE_DIMS, fit_length, validate_pose
from napari_mousegpt.core.recording import FrameSource, Recording, View
from napari_mousegpt.core.timebase import Timebase, as_rate
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.io.array_frames import ArrayFrames
from napari_mousegpt.io.fingerprint import file_fingerprint
from napari_mousegpt.io.pose import PlainLayout, load_pose

if TYPE_CHECKING:
    import xarray as xr

    VideoInput = str | os.PathLike[str] | FrameSource | Any
    PoseInput = str | os.PathLike[str] | xr.Dataset

__all__ = ["check_inside_picture", "open_recording"]

#: Name of the view of a recording with one camera.
ONE_VIEW = "main"
#: Points with at least this confidence are counted when a pose is compared with its picture.
_CONFIDENT = 0.6
#: Trackers append their network to the name of the video.
_TRACKER = re.compile(r"DLC_|DeepCut_|DLC(?=[A-Z])|\.analysis$|\.predictions$|_predictions$")


@dataclass(frozen=True)
class _Opening:
    """How the files are to be read; the same for every view."""

    pose_format: str | None
    layout: PlainLayout | None
    individuals: Sequence[str] | Mapping[str, str] | None
    fps: float | str | Fraction | None
    mismatch: str


def open_recording(
    video: VideoInput | Mapping[str, VideoInput] | None = None,
    pose: PoseInput | Mapping[str, PoseInput] | None = None,
    *,
    pose_format: str | None = None,
    layout: PlainLayout | Mapping[str, Any] | None = None,
    individuals: Sequence[str] | Mapping[str, str] | None = None,
    fps: float | str | Fraction | None = None,
    mismatch: str = "error",
    id: str | None = None,
    offset: float | str | Fraction | Mapping[str, float | str | Fraction] = 0,
) -> Recording:
    """Open a video, a pose, or both.

    Parameters
    ----------
    video : path, array, or mapping of view name to one
        A video file, or pictures as an array (NumPy, dask; (T, Y, X) or (T, Y, X, 3), uint8). The
        first view of a mapping is the one whose frames intervals count.
    pose : path, Dataset, or mapping of view name to one
        A pose file, or a Dataset in the schema of :mod:`napari_mousegpt.core.pose`.
    pose_format : str, optional
        Format of the pose file; found out from its content by default.
    layout : PlainLayout or mapping, optional
        What the columns of a plain pose table are; a mapping holds its parameters.
    individuals : sequence of str, or mapping of str to str, optional
        Animals to keep; a mapping gives new names.
    fps : float, str or Fraction, optional
        Frames per second: needed for a pose without a video and for arrays. With a video file it
        replaces the clock that the file states.
    mismatch : {"error", "trim", "pad"}
        What to do with a pose that is longer or shorter than its video.
    id : str, optional
        Id of the recording, the key in every table; by default the name of the video or pose file.
    offset : seconds, or mapping of view name to seconds
        From the first picture of the recording to the first picture of a view.

    Returns
    -------
    Recording
        ``metadata["opening"]`` holds what to call this with to open the files again.

    Raises
    ------
    InputError
        When a file is missing or something needed is not given.
    FormatError
        When a file is not what it should be.
    MismatchError
        When pose and video differ in length, or the pose lies mostly outside the picture.

    Examples
    --------
    >>> import numpy as np
    >>> pictures = np.zeros((90, 48, 64), dtype=np.uint8)
    >>> recording = open_recording(pictures, fps=30, id="m1")
    >>> recording.n_frames, recording.timebase.duration
    (90, 3.0)
    """
    if mismatch not in MISMATCH_POLICIES:
        raise InputError(
            f"mismatch={mismatch!r}", expected=f"one of {', '.join(MISMATCH_POLICIES)}"
        )
    videos = _by_view(video)
    poses = _by_view(pose)
    names = tuple(dict.fromkeys((*videos, *poses)))
    if not names:
        raise InputError("recording", expected="a video or a pose", found="neither")
    if ONE_VIEW in names and len(names) > 1:
        raise InputError(
            "pose",
            expected=f"one for each view: {', '.join(n for n in names if n != ONE_VIEW)}",
            found="one without a view",
            remedy="Give pose={view: path, ...}.",
        )
    name = id if id is not None else _name(videos.get(names[0]), poses.get(names[0]))
    offsets = _offsets(offset, names)
    columns = PlainLayout(**layout) if isinstance(layout, Mapping) else layout
    how = _Opening(pose_format, columns, individuals, fps, mismatch)
    views: list[View] = []
    try:
        for view in names:
            views.append(_open_view(view, videos.get(view), poses.get(view), offsets[view], how))
        return Recording(name, tuple(views), _metadata(videos, poses, name, offsets, how))
    except BaseException:
        for opened in views:
            if opened.video is not videos.get(opened.name):
                _close(opened.video)
        raise


def check_inside_picture(
    pose: xr.Dataset, width: int, height: int, name: str, *, allowed: float = 0.2
) -> None:
    """Refuse a pose whose points lie mostly outside the picture: it is of another video.

    Parameters
    ----------
    pose : Dataset
        2-D pose in pixels; others pass.
    width, height : int
        Size of the picture.
    name : str
        What to call the pose in the message.
    allowed : float
        Share of confident points that may lie outside.

    Raises
    ------
    MismatchError
        When more do.
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
            remedy="Is this pose of another video, or of the same one before it was cropped or "
            "scaled? Give the pose made from this file.",
        )


def _open_view(name: str, video: Any, pose: Any, offset: Fraction, how: _Opening) -> View:
    source, clock = _open_pictures(video, how.fps)
    try:
        tracks = None if pose is None else _open_pose(pose, clock, how)
        if tracks is not None and source is not None:
            height, width = source.shape[1:3]
            check_inside_picture(tracks, width, height, _called(pose))
        if clock is None:
            clock = Timebase.constant(
                _rate(tracks, how.fps), 0 if tracks is None else len(tracks["time"])
            )
            tracks = None if tracks is None else fit_length(tracks, clock)
        files = {role: Path(file) for role, file in _files(video, pose).items()}
        return View(
            name,
            clock,
            source,
            tracks,
            offset,
            {role: file.absolute().as_posix() for role, file in files.items()},
            {role: file_fingerprint(file) for role, file in files.items()},
        )
    except BaseException:
        if source is not video:
            _close(source)
        raise


def _open_pictures(
    video: Any, fps: float | str | Fraction | None
) -> tuple[FrameSource | None, Timebase | None]:
    if video is None:
        return None, None
    if isinstance(video, str | os.PathLike):
        from napari_mousegpt.io.video import VideoReader

        source: Any = VideoReader(video)
    elif isinstance(getattr(video, "timebase", None), Timebase):
        source = video
    else:
        source = ArrayFrames(video)
        if fps is None:
            raise InputError(
                "pictures",
                expected="their frame rate, since an array has none",
                found="none",
                remedy="Give fps=..., the rate of the camera.",
            )
    clock = source.timebase if fps is None else Timebase.constant(fps, len(source))
    return source, clock


def _open_pose(pose: Any, clock: Timebase | None, how: _Opening) -> xr.Dataset:
    if not isinstance(pose, str | os.PathLike):
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


def _by_view(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    # A Dataset is a mapping of its variables, which is not meant here.
    if isinstance(given, Mapping) and not hasattr(given, "data_vars"):
        return {str(name): value for name, value in given.items() if value is not None}
    return {ONE_VIEW: given}


def _offsets(given: Any, names: Sequence[str]) -> dict[str, Fraction]:
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise InputError(
                f"offset of view {unknown[0]!r}", expected=f"one of {', '.join(names)}"
            )
        return {name: Fraction(str(given.get(name, 0))) for name in names}
    if given and len(names) > 1:
        raise InputError(
            "offset",
            expected="one for each view",
            found=str(given),
            remedy="Give offset={view: seconds, ...}.",
        )
    return {name: Fraction(str(given)) for name in names}


def _name(video: Any, pose: Any) -> str:
    for role, given in (("video", video), ("pose", pose)):
        path = given if isinstance(given, str | os.PathLike) else getattr(given, "path", None)
        if path is not None:
            stem = Path(path).stem
            return stem if role == "video" else _TRACKER.split(stem)[0].rstrip("_-.") or stem
    raise InputError(
        "recording of arrays",
        expected="an id, since there is no file to take a name from",
        found="none",
        remedy='Give id="...", a different one for each recording.',
    )


def _files(video: Any, pose: Any) -> dict[str, Any]:
    found = {"video": getattr(video, "path", video), "pose": pose}
    return {role: item for role, item in found.items() if isinstance(item, str | os.PathLike)}


def _called(pose: Any) -> str:
    return str(pose) if isinstance(pose, str | os.PathLike) else "pose"


def _metadata(
    videos: Mapping[str, Any],
    poses: Mapping[str, Any],
    name: str,
    offsets: Mapping[str, Fraction],
    how: _Opening,
) -> dict[str, Any]:
    """Return what is needed to open the same files again, if they are files."""
    items = [*videos.values(), *poses.values()]
    if not all(isinstance(item, str | os.PathLike) for item in items):
        return {}

    def paths(given: Mapping[str, Any]) -> Any:
        absolute = {view: Path(path).absolute().as_posix() for view, path in given.items()}
        return absolute.get(ONE_VIEW, absolute or None)

    chosen = how.individuals
    opening = {
        "video": paths(videos),
        "pose": paths(poses),
        "id": name,
        "pose_format": how.pose_format,
        "layout": None if how.layout is None else asdict(how.layout),
        "individuals": dict(chosen) if isinstance(chosen, Mapping) else chosen and list(chosen),
        "fps": None if how.fps is None else str(how.fps),
        "mismatch": how.mismatch,
        "offset": {view: str(value) for view, value in offsets.items() if value},
    }
    return {"opening": {key: value for key, value in opening.items() if value not in (None, {})}}


def _close(source: FrameSource | None) -> None:
    close = getattr(source, "close", None)
    if close is not None:
        close()
