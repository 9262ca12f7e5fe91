"""What the panel "Open recording" asks for and tells, without a window."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.inspect import inspect_file
from napari_mousegpt.io.recordings import open_recording

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["OpenRequest", "about", "look_at", "video_layers"]


@dataclass(frozen=True)
class OpenRequest:
    """What the panel asks for.

    Parameters
    ----------
    video : path, array or None
        A file, or the pictures of a layer.
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
    """

    video: Any = None
    pose: str | None = None
    pose_format: str | None = None
    mismatch: str = "error"
    fps: str | None = None
    id: str | None = None

    def open(self) -> Generator[None, None, Recording]:
        """Open the recording; what is returned at the end of the iteration."""
        yield from ()
        return open_recording(
            self.video,
            self.pose,
            pose_format=self.pose_format,
            fps=self.fps,
            mismatch=self.mismatch,
            id=self.id,
        )


def look_at(paths: list[str]) -> Generator[None, None, str]:
    """Inspect files; returns what there is to say, as text."""
    said: list[str] = []
    for path in paths:
        yield
        if not Path(path).exists():
            said.append(f"! {path}: there is no such file.")
        else:
            said += [*inspect_file(path).lines(), ""]
    return "\n".join(said).strip()


def about(recording: Recording) -> str:
    """Return what a recording is, in two sentences."""
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
    return " ".join(lines)


def video_layers(viewer: ViewerModel) -> list[Layer]:
    """Return the image layers of other plugins that could be a video, (T, Y, X) or (T, Y, X, 3)."""
    from napari.layers import Image

    return [
        layer
        for layer in viewer.layers
        if isinstance(layer, Image)
        and layer_tag(layer.metadata) is None
        and not layer.multiscale
        and layer.ndim == 3
        and str(layer.data.dtype) == "uint8"
    ]
