"""From recordings and ethograms to napari layers, as plain data. No viewer is needed here.

Frames are on axis 0 of every layer, then y, then x. Where the frame rate is constant the layers are
scaled to seconds, so that the slider of the viewer reads seconds; where it varies, or is unknown,
the axis counts frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt._napari.preview import with_preview
from napari_mousegpt._napari.view_frames import ViewFrames
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.core.ethogram import Ethogram

__all__ = [
    "KEY",
    "SKELETON",
    "LayerData",
    "LayerTag",
    "TimeScale",
    "arena_size",
    "backdrop_layer",
    "ink_on",
    "layer_tag",
    "tag_metadata",
    "video_layer",
    "view_layers",
]

#: Our key in the metadata of a layer.
KEY = "napari_mousegpt"
#: Role of the layer that holds the lines between keypoints.
SKELETON = "skeleton"

LayerData = tuple[Any, dict[str, Any], str]


@dataclass(frozen=True)
class TimeScale:
    """How frames of a recording lie on the time axis of the viewer.

    Parameters
    ----------
    label : str
        ``"time"`` in seconds, ``"frame"`` otherwise.
    step : float
        World units per frame.
    unit : str
        Unit of the axis as napari knows it.
    """

    label: str
    step: float
    unit: str

    @classmethod
    def of(cls, timebase: Timebase, *, clocked: bool = True) -> TimeScale:
        """Return the scale of a clock.

        Parameters
        ----------
        timebase : Timebase
            Clock of the layer.
        clocked : bool
            Whether the rate is known; without it the axis counts frames.
        """
        if clocked and timebase.is_constant:
            return cls("time", _step(timebase), "second")
        return cls("frame", 1.0, "pixel")

    def attributes(self) -> dict[str, Any]:
        """Return axis labels, scale and units of a layer with axes time, y, x."""
        return {
            "axis_labels": (self.label, "y", "x"),
            "scale": (self.step, 1.0, 1.0),
            "units": (self.unit, "pixel", "pixel"),
        }


@dataclass(frozen=True, eq=False)
class LayerTag:
    """What a layer of ours is about; kept in its metadata.

    Parameters
    ----------
    role : str
        ``"video"``, ``"view"`` (of another camera), ``"backdrop"``, ``"pose"``, ``"skeleton"``,
        ``"trail"``, ``"heading"``, ``"arena"``, ``"human"``, ``"labels"``, ``"clusters"`` or
        ``"zones"``.
    recording : Recording
        The recording the layer shows.
    clocked : bool
        Whether the frame rate is known. Without it nothing can be measured in seconds.
    ethogram : Ethogram, optional
        All bouts of a layer that shows a window of them.
    window : object, optional
        What fills the layer around the frame on screen, see
        :class:`napari_mousegpt._napari.follow.Window`.
    """

    role: str
    recording: Recording
    clocked: bool = True
    ethogram: Ethogram | None = None
    window: Any = None

    @property
    def time_scale(self) -> TimeScale:
        """How the frames lie on the time axis."""
        return TimeScale.of(self.recording.timebase, clocked=self.clocked)


def _step(timebase: Timebase) -> float:
    """Seconds per frame, such that the slider of napari reaches the last frame.

    napari counts steps as (stop - start) // step in floats, and so loses the last frame of some 4 %
    of all videos (measured on 0.9.2). A step a few units in the last place shorter does not.
    """
    last = timebase.n_frames - 1
    step = float(1 / timebase.rate)
    while last > 0 and (last * step) // step < last:
        step = float(np.nextafter(step, 0))
    return step


def tag_metadata(tag: LayerTag) -> dict[str, Any]:
    """Return layer metadata for a tag: plain facts for people and other plugins, and the tag."""
    view = tag.recording.primary
    clock = view.timebase
    facts: dict[str, Any] = {
        "role": tag.role,
        "id": tag.recording.id,
        "path": dict(view.sources),
        "fps": clock.fps if tag.clocked else None,
        "timebase": clock,
        "tag": tag,
    }
    if tag.ethogram is not None:
        facts["ethogram"] = tag.ethogram
    return {KEY: facts}


def layer_tag(metadata: Mapping[str, Any] | None) -> LayerTag | None:
    """Return our tag from the metadata of a layer, None when the layer is not ours."""
    facts = (metadata or {}).get(KEY)
    tag = facts.get("tag") if isinstance(facts, Mapping) else None
    return tag if isinstance(tag, LayerTag) else None


def video_layer(recording: Recording) -> LayerData:
    """Return the pictures of a recording as a lazy image layer.

    Raises
    ------
    InputError
        When the recording has no video.
    """
    video = recording.video
    if video is None:
        raise InputError(
            f"recording {recording.id!r}",
            expected="a video",
            found="a pose only",
            remedy="Open it together with its video.",
        )
    tag = LayerTag("video", recording)
    attributes: dict[str, Any] = {
        "name": recording.id,
        "rgb": video.ndim == 4,
        # A stated answer keeps napari from reading pictures to find out.
        "multiscale": False,
        "metadata": tag_metadata(tag),
        **tag.time_scale.attributes(),
    }
    if video.ndim == 3 and video.dtype == np.uint8:
        attributes |= {"colormap": "gray", "contrast_limits": (0, 255)}
    return with_preview(video), attributes, "image"


def view_layers(recording: Recording) -> list[LayerData]:
    """Return the pictures of the other views, to the right of the primary one and locked to it.

    Row ``i`` of each is what that camera shows as frame ``i`` of the recording begins, whatever the
    rates; see :class:`napari_mousegpt._napari.view_frames.ViewFrames`.
    """
    layers: list[LayerData] = []
    left = float(arena_size(recording)[1])
    for view in recording.views[1:]:
        if view.video is None:
            continue
        tag = LayerTag("view", recording)
        frames = ViewFrames(recording, view.name)
        attributes: dict[str, Any] = {
            "name": f"{recording.id} {view.name}",
            "rgb": frames.ndim == 4,
            "multiscale": False,
            "metadata": tag_metadata(tag),
            **tag.time_scale.attributes(),
            "translate": (0.0, 0.0, left),
        }
        if frames.ndim == 3 and frames.dtype == np.uint8:
            attributes |= {"colormap": "gray", "contrast_limits": (0, 255)}
        layers.append((with_preview(frames), attributes, "image"))
        left += frames.shape[2]
    return layers


def backdrop_layer(recording: Recording, *, clocked: bool) -> LayerData:
    """Return an empty black arena that is as long as the pose and as large as its tracks.

    A pose is shown as a window of rows; without a video this layer gives the slider its length.
    """
    height, width = arena_size(recording)
    tag = LayerTag("backdrop", recording, clocked)
    black = np.broadcast_to(np.uint8(0), (recording.n_frames, height, width))
    attributes = {
        "name": f"{recording.id} (no video)",
        "rgb": False,
        "multiscale": False,
        "colormap": "gray",
        "contrast_limits": (0, 255),
        "metadata": tag_metadata(tag),
        **tag.time_scale.attributes(),
    }
    return black, attributes, "image"


def arena_size(recording: Recording) -> tuple[int, int]:
    """Return height and width of the picture, or of the area the tracks cover, in pixels."""
    if recording.video is not None:
        return int(recording.video.shape[1]), int(recording.video.shape[2])
    if recording.pose is not None:
        position = recording.pose["position"]
        reach = {
            axis: float(np.nanmax(position.sel(space=axis).values, initial=1.0)) for axis in "yx"
        }
        return int(np.ceil(reach["y"])) + 1, int(np.ceil(reach["x"])) + 1
    return 1, 1


def ink_on(colour: str) -> str:
    """Return black or white, whichever reads better on a colour (WCAG 2.1, contrast ratio).

    Parameters
    ----------
    colour : str
        ``"#rrggbb"``.
    """
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    # The contrast with black equals that with white where (L + 0.05)^2 = 0.05 * 1.05.
    return "#000000" if luminance + 0.05 > (0.05 * 1.05) ** 0.5 else "#ffffff"
