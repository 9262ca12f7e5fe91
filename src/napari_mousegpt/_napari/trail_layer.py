"""Where each individual has been in the last seconds: a windowed Tracks layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.layers import LayerData, LayerTag, arena_size, tag_metadata
from napari_mousegpt._napari.pose_layer import PoseArrays, individual_colours, posed
from napari_mousegpt._napari.settings import display_settings
from napari_mousegpt.core.body import BodyMap

if TYPE_CHECKING:
    from napari.layers import Tracks

    from napari_mousegpt.core.recording import Recording

__all__ = ["TRAIL", "TrailWindow", "trail_layer"]

#: Role and name of the layer.
TRAIL = "trail"
#: Parts that stand for the place of an animal, the steadiest first.
_MIDDLE = ("center", "chest", "hips", "neck", "tail_base", "head", "nose")
#: Width of the line as a share of the smaller side of the picture.
_WIDTH_SHARE = 1 / 160
#: Frames of the trail where nothing says how long a second is.
_UNCLOCKED = 60


class TrailWindow:
    """Fills a Tracks layer with the places of the individuals in some frames and before them.

    napari masks every row of a Tracks layer on each step of the slider, so only a window is held.
    Where an individual is not seen its trail is broken, never drawn across the gap.

    Parameters
    ----------
    pose : PoseArrays
        Positions by frame.
    tail : int
        Frames the trail is long at first; the layer's own tail length is followed later.
    """

    def __init__(self, pose: PoseArrays, tail: int) -> None:
        self.pose = pose
        self.n_frames = pose.n_frames
        self.tail = tail
        body = BodyMap.from_names(list(pose.keypoints))
        names = [name for role in _MIDDLE if (name := body.get(role)) is not None]
        self._point = list(pose.keypoints).index(names[0]) if names else None
        self._colours = individual_colours(len(pose.individuals))

    def attributes(self, start: int, stop: int) -> dict[str, Any]:
        """Return data (id, frame, y, x), features and colours for ``[start, stop)`` and its past.

        An id stands for one unbroken stretch of one individual. Without any there is a single
        vertex, which draws nothing: napari refuses a Tracks layer that is empty.
        """
        start = max(0, start - self.tail)
        xy, seen = self._places(start, stop)
        rows, owners, stretch = [], [], 0
        for who in range(seen.shape[1]):
            frames = np.flatnonzero(seen[:, who])
            if not len(frames):
                continue
            ids = stretch + np.cumsum(np.r_[0, np.diff(frames) > 1])
            stretch = int(ids[-1]) + 1
            rows.append(np.column_stack([ids, frames + start, xy[frames, who, ::-1]]))
            owners.append(np.full(len(frames), who))
        if not rows:
            rows, owners = [np.array([[0.0, start, 0.0, 0.0]])], [np.zeros(1, dtype=np.intp)]
        owner = np.concatenate(owners)
        return {
            "data": np.concatenate(rows),
            "features": {"individual": self.pose.individuals[owner]},
            "colours": self._colours[owner],
        }

    def fill(self, layer: Tracks, start: int, stop: int) -> None:
        """Give the layer the trails of ``[start, stop)``."""
        self.tail = int(layer.tail_length)
        rows = self.attributes(start, stop)
        layer.data = rows["data"]
        layer.features = rows["features"]
        layer.track_colors = rows["colours"]
        layer.editable = False

    def _places(self, start: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return places (frames, individuals, 2) as x, y, and where they are known."""
        shown = self.pose.shown(start, stop, display_settings().min_confidence)
        xy = self.pose.xy[start:stop]
        if self._point is not None:
            return np.asarray(xy[:, :, self._point]), shown[:, :, self._point]
        # Keypoints of unknown names: the middle of those that are drawn.
        counts = shown.sum(axis=2)
        sums = np.where(shown[..., np.newaxis], xy, 0).sum(axis=2)
        return sums / np.maximum(counts, 1)[..., np.newaxis], counts > 0


def trail_layer(recording: Recording, seconds: float = 2.0, *, clocked: bool = True) -> LayerData:
    """Return the trails of a recording with a pose as a Tracks layer with the first window.

    Parameters
    ----------
    recording : Recording
        Recording with a pose.
    seconds : float
        Length of the trail.
    clocked : bool
        Whether the frame rate is known; without it the trail is 60 frames long.

    Raises
    ------
    InputError
        When the recording has no pose.
    """
    pose = PoseArrays(posed(recording))
    tail = recording.timebase.frames(max(seconds, 0.0)) if clocked else _UNCLOCKED
    window = TrailWindow(pose, tail)
    rows = window.attributes(0, min(pose.n_frames, display_settings().window_frames))
    tag = LayerTag(TRAIL, recording, clocked, window=window)
    attributes = {
        "name": TRAIL,
        "features": rows["features"],
        "tail_length": tail,
        "tail_width": max(2.0, min(arena_size(recording)) * _WIDTH_SHARE),
        "blending": "translucent_no_depth",
        "metadata": tag_metadata(tag),
        **tag.time_scale.attributes(),
    }
    return rows["data"], attributes, "tracks"
