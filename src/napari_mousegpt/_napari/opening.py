"""What the panel "Open recording" asks for and tells, without a window."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.file_report import FileReport, Problem, problem_of
from napari_mousegpt.io.inspect import inspect_file
from napari_mousegpt.io.recordings import open_recording

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_mousegpt.core.pose_steps import PoseStep
    from napari_mousegpt.io.array_frames import ArrayFrames

__all__ = ["OpenRequest", "about", "look_at", "paths_in", "pictures_of", "video_layers"]

#: Stands between several paths in one field.
SEPARATOR = "; "


@dataclass(frozen=True)
class OpenRequest:
    """What the panel asks for.

    Parameters
    ----------
    video : path, list of paths, array or None
        A file, a folder or pattern or list of images, or the pictures of a layer.
    pose : str or None
        Pose file.
    pose_format : str or None
        None lets the content decide.
    mismatch : str
        Policy when the lengths differ.
    fps : str or None
        Frames per second; None takes them from the video.
    id : str or None
        Name of the recording, for pictures that have no file.
    individuals : tuple of str or None
        Animals to keep; None keeps all.
    steps : tuple of PoseStep
        How the pose is cleaned.
    arena : str or None
        File with the arena.
    split_arenas : bool
        Whether each arena has one animal, whatever the tracker called it.
    """

    video: Any = None
    pose: str | None = None
    pose_format: str | None = None
    mismatch: str = "error"
    fps: str | None = None
    id: str | None = None
    individuals: tuple[str, ...] | None = None
    steps: tuple[PoseStep, ...] = ()
    arena: str | None = None
    split_arenas: bool = False

    def open(self) -> Generator[None, None, Recording]:
        """Open the recording; what is returned at the end of the iteration."""
        yield from ()
        # What belongs to a pose is not asked of a video alone.
        of_pose: dict[str, Any] = {}
        if self.pose is not None:
            of_pose = {"individuals": self.individuals, "steps": self.steps}
        if self.arena is not None:
            of_pose |= {"arena": self.arena, "split_arenas": self.split_arenas}
        return open_recording(
            self.video,
            self.pose,
            pose_format=self.pose_format,
            fps=self.fps,
            mismatch=self.mismatch,
            id=self.id,
            **of_pose,
        )


def paths_in(text: str) -> str | list[str] | None:
    """Return what a field holds: one path or pattern, several paths, or None.

    Examples
    --------
    >>> paths_in("a.tif; b.tif")
    ['a.tif', 'b.tif']
    >>> paths_in(" m1.mp4 ")
    'm1.mp4'
    """
    if not text.strip():
        return None
    whole = text.strip()
    if Path(whole).exists() or SEPARATOR.strip() not in whole:
        return whole
    return [part.strip() for part in whole.split(SEPARATOR.strip()) if part.strip()]


def look_at(chosen: str | list[str]) -> Generator[None, None, FileReport]:
    """Look at a file, or at the pictures of a stack, folder, pattern or list of images.

    Returns
    -------
    FileReport
        At the end of the iteration; also for files that are missing or damaged.
    """
    from napari_mousegpt.io.pictures import is_pictures

    yield
    if is_pictures(chosen):
        return _look_at_pictures(chosen)
    if isinstance(chosen, str) and not Path(chosen).exists():
        problem = Problem(f"{chosen}: there is no such file.", "Check the path.")
        return FileReport(Path(chosen), "missing", "", (), (problem,))
    return inspect_file(str(chosen))


def _look_at_pictures(chosen: str | list[str]) -> FileReport:
    from napari_mousegpt.io.pictures import open_pictures

    path = Path(chosen if isinstance(chosen, str) else chosen[0])
    try:
        source = open_pictures(chosen, need_rate=False)
    except Exception as error:  # as for a single file, the report is the place to say it
        return FileReport(path, "unknown", "", (), (problem_of(error),))
    try:
        problems: tuple[Problem, ...] = ()
        if source.timebase is None:
            problems = (Problem("Nothing states the frame rate.", 'Write it under "Frame rate".'),)
        said = tuple(line for line in source.describe() if not line.startswith("Nothing states"))
        return FileReport(path, "video", "images", said, problems, {"n_frames": len(source)})
    finally:
        source.close()


def about(recording: Recording) -> str:
    """Return what a recording is, in a few sentences."""
    clock = recording.timebase
    rate = f"{clock.fps:.6g} frames per second" + ("" if clock.is_constant else " on average")
    lines = [f"{recording.id}: {recording.n_frames} frames, {clock.duration:.1f} s, {rate}."]
    if recording.pose is None:
        lines.append("No pose: the outline of the animal is measured instead.")
    else:
        names = ", ".join(recording.individuals)
        count = recording.pose.sizes["keypoints"]
        lines.append(f"Pose of {names}, {count} keypoints.")
        if "length_policy" in recording.pose.attrs:
            lines.append(f"Lengths differed: {recording.pose.attrs['length_policy']}.")
        if recording.pose.attrs.get("notes"):
            lines.append(str(recording.pose.attrs["notes"]))
        lines += [_about_step(step) for step in recording.pose.attrs.get("steps", ())]
    return " ".join(lines)


def _about_step(step: dict[str, Any]) -> str:
    counts = [f"{step[what]} {what}" for what in ("removed", "filled", "changed") if step.get(what)]
    done = ", ".join(counts) or "nothing changed"
    return f"Cleaned by {step['name']}: {done} of {step.get('points', 0)} points."


def video_layers(viewer: ViewerModel) -> list[Layer]:
    """Return the image layers of other plugins that could be a video.

    They are stacks of pictures over time, (T, Y, X) or with colours as (T, Y, X, C).
    """
    from napari.layers import Image

    return [
        layer
        for layer in viewer.layers
        if isinstance(layer, Image)
        and layer_tag(layer.metadata) is None
        and (layer.ndim == 3 or (layer.ndim == 4 and layer.data.shape[3] in (1, 3, 4)))
    ]


def pictures_of(layer: Layer, fps: str | None = None) -> ArrayFrames:
    """Return the pictures of a layer as a video, still lazy.

    Values other than uint8 are shown as the layer shows them: its contrast limits become black and
    white. An alpha channel is left out, a single channel is grey.

    Raises
    ------
    InputError
        When the layer is no stack of pictures, or the rate is no number.
    """
    from napari_mousegpt.io.array_frames import ArrayFrames

    limits: tuple[float, float] | None = None
    if layer.dtype != np.uint8 and layer.rgb:
        # The contrast limits of coloured layers mean nothing.
        limits = (0.0, 1.0 if layer.dtype.kind == "f" else float(np.iinfo(layer.dtype).max))
    elif layer.dtype != np.uint8:
        limits = (float(layer.contrast_limits[0]), float(layer.contrast_limits[1]))
    return ArrayFrames(
        layer.data, rgb=True if layer.rgb else None, fps=fps, limits=limits, name=layer.name
    )
