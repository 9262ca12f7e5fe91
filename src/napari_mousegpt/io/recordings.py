"""Open a recording: its video and its pose on one clock."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.arena import Arena
from napari_mousegpt.core.pose import MISMATCH_POLICIES
from napari_mousegpt.core.pose_steps import PoseStep, parse_steps, steps_from_dicts, steps_to_dicts
from napari_mousegpt.core.recording import FrameSource, Recording, View
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.pose import PlainLayout
from napari_mousegpt.io.view_opening import (
    ViewOptions,
    close_source,
    is_file,
    is_file_list,
    open_view,
)

if TYPE_CHECKING:
    import xarray as xr

    VideoInput = str | os.PathLike[str] | FrameSource | Any
    PoseInput = str | os.PathLike[str] | xr.Dataset
    ArenaInput = str | os.PathLike[str] | Arena | Sequence[Arena]

__all__ = ["open_recording"]

#: Name of the view of a recording with one camera.
ONE_VIEW = "main"
#: Trackers append their network to the name of the video.
_TRACKER = re.compile(r"DLC_|DeepCut_|DLC(?=[A-Z])|\.analysis$|\.predictions$|_predictions$")


def open_recording(
    video: VideoInput | Mapping[str, VideoInput] | None = None,
    pose: PoseInput | Mapping[str, PoseInput] | None = None,
    *,
    pose_format: str | None = None,
    layout: PlainLayout | Mapping[str, Any] | None = None,
    individuals: Sequence[str] | Mapping[str, str] | None = None,
    fps: float | str | Fraction | None = None,
    mismatch: str = "error",
    steps: Sequence[PoseStep | str | Mapping[str, Any]] = (),
    arena: ArenaInput | Mapping[str, ArenaInput] | None = None,
    split_arenas: bool = False,
    id: str | None = None,
    offset: float | str | Fraction | Mapping[str, float | str | Fraction] = 0,
    hardware: str | None = None,
) -> Recording:
    """Open a video, a pose, or both.

    Parameters
    ----------
    video : path, array, or mapping of view name to one
        A video file; a TIFF stack; a folder, pattern or list of pictures; or pictures as an array
        (NumPy, dask, data of a layer; (T, Y, X) or (T, Y, X, 3)). The first view of a mapping is
        the one whose frames intervals count. Pictures stay as they are stored: a rotation tag is
        reported, not applied, so that pose coordinates fit.
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
    steps : sequence of PoseStep, str or mapping
        Filters and smoothing of the pose, in this order (:mod:`napari_mousegpt.core.pose_steps`):
        ``["likelihood:0.6", "interpolate:0.25"]``. None by default; what was done is kept in the
        attribute ``steps`` of the pose.
    arena : path, Arena, sequence of Arena, or mapping of view name to one
        Zones and scale of the place (:mod:`napari_mousegpt.core.arena`).
    split_arenas : bool
        Several arenas in one picture, one animal in each: give each arena the detections in it
        (:func:`napari_mousegpt.split_by_arena`), whatever the tracker called them.
    id : str, optional
        Id of the recording, the key in every table; by default the name of the video or pose file.
    offset : seconds, or mapping of view name to seconds
        From the first picture of the recording to the first picture of a view.
    hardware : {"cuda"}, optional
        Decode videos on an NVIDIA card; where that is not possible a note in the ``info`` of the
        video says so and the processor decodes.

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
    arenas = _by_view(arena)
    strange = [view for view in arenas if view not in names]
    if strange:
        raise InputError(
            f"arena of view {strange[0]!r}",
            expected=f"a view that is opened: {', '.join(names)}",
            remedy="Give arena={view: path, ...}.",
        )
    name = id if id is not None else _name(videos.get(names[0]), poses.get(names[0]))
    offsets = _offsets(offset, names)
    columns = PlainLayout(**layout) if isinstance(layout, Mapping) else layout
    how = ViewOptions(
        pose_format=pose_format,
        layout=columns,
        individuals=individuals,
        fps=fps,
        mismatch=mismatch,
        steps=_steps(steps),
        split_arenas=split_arenas,
        hardware=hardware,
    )
    views: list[View] = []
    try:
        for view in names:
            files = videos.get(view), poses.get(view), arenas.get(view)
            views.append(open_view(view, *files, offsets[view], how))
        opening = _metadata(videos, poses, arenas, name, offsets, how)
        return Recording(name, tuple(views), opening)
    except BaseException:
        for opened in views:
            if opened.video is not videos.get(opened.name):
                close_source(opened.video)
        raise


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
        if is_file_list(given):
            return Path(given[0]).absolute().parent.name
        path = given if is_file(given) else getattr(given, "path", None)
        if path is not None:
            stem = Path(path).name if Path(path).is_dir() else Path(path).stem
            if any(sign in stem for sign in "*?["):  # a pattern: its folder names the recording
                return Path(path).absolute().parent.name
            return stem if role == "video" else _TRACKER.split(stem)[0].rstrip("_-.") or stem
    raise InputError(
        "recording of arrays",
        expected="an id, since there is no file to take a name from",
        found="none",
        remedy='Give id="...", a different one for each recording.',
    )


def _metadata(
    videos: Mapping[str, Any],
    poses: Mapping[str, Any],
    arenas: Mapping[str, Any],
    name: str,
    offsets: Mapping[str, Fraction],
    how: ViewOptions,
) -> dict[str, Any]:
    """Return what is needed to open the same files again, if they are files."""
    items = [*videos.values(), *poses.values()]
    if not all(is_file(item) or is_file_list(item) for item in items):
        return {}

    def paths(given: Mapping[str, Any]) -> Any:
        absolute = {view: _written(item) for view, item in given.items()}
        return absolute.get(ONE_VIEW, absolute or None)

    chosen = how.individuals
    opening = {
        "video": paths(videos),
        "pose": paths(poses),
        "arena": paths(arenas),
        "id": name,
        "pose_format": how.pose_format,
        "layout": None if how.layout is None else asdict(how.layout),
        "individuals": dict(chosen) if isinstance(chosen, Mapping) else chosen and list(chosen),
        "fps": None if how.fps is None else str(how.fps),
        "mismatch": how.mismatch,
        "steps": steps_to_dicts(how.steps),
        "offset": {view: str(value) for view, value in offsets.items() if value},
        "split_arenas": how.split_arenas or None,
        "hardware": how.hardware,
    }
    given = {key: value for key, value in opening.items() if value not in (None, {}, [])}
    return {"opening": given}


def _written(given: Any) -> Any:
    """Return a path, a list of paths or arenas as plain values."""
    if is_file(given):
        return Path(given).absolute().as_posix()
    if isinstance(given, Arena):
        given = [given]
    return [item.to_dict() if isinstance(item, Arena) else _written(item) for item in given]


def _steps(given: Sequence[PoseStep | str | Mapping[str, Any]]) -> tuple[PoseStep, ...]:
    steps: list[PoseStep] = []
    for item in [given] if isinstance(given, str) else given:
        if isinstance(item, str):
            steps += parse_steps([item])
        else:
            steps += steps_from_dicts([item]) if isinstance(item, Mapping) else [item]
    return tuple(steps)
