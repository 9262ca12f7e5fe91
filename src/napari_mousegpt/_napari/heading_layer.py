"""Where each individual points, from tail to nose: a windowed Vectors layer of arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt._napari.layers import LayerData, LayerTag, arena_size, tag_metadata
from napari_mousegpt._napari.pose_layer import (
    PoseArrays,
    VectorsWindow,
    individual_colours,
    posed,
)
from napari_mousegpt._napari.settings import display_settings
from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import Recording

__all__ = ["HEADING", "HeadingWindow", "heading_layer"]

#: Role and name of the layer.
HEADING = "heading"
#: Parts at the two ends of the body, the outermost first.
_FRONT = ("nose", "head", "neck")
_REAR = ("tail_base", "hips", "center", "chest")
#: Width of an arrow as a share of the smaller side of the picture.
_WIDTH_SHARE = 1 / 120


class HeadingWindow(VectorsWindow):
    """Fills a Vectors layer with an arrow for each individual and frame.

    The arrow begins in the middle between rear and nose and is as long as the two are apart, so
    that its tip lies half a body ahead of the nose. Where one end is not drawn it has no length.

    Parameters
    ----------
    pose : PoseArrays
        Positions by frame.

    Raises
    ------
    InputError
        When no part of the front or of the rear is tracked.
    """

    def __init__(self, pose: PoseArrays) -> None:
        self.pose = pose
        self.n_frames = pose.n_frames
        names = list(pose.keypoints)
        body = BodyMap.from_names(names)
        front, rear = (
            next((name for role in roles if (name := body.get(role)) is not None), None)
            for roles in (_FRONT, _REAR)
        )
        if front is None or rear is None:
            raise InputError(
                "heading",
                expected=f"a keypoint of the front ({', '.join(_FRONT)}) and of the rear "
                f"({', '.join(_REAR)})",
                found=", ".join(names),
                remedy="Name the keypoints of the pose file after the parts of the body.",
            )
        self._ends = names.index(rear), names.index(front)
        self._colours = individual_colours(len(pose.individuals))

    def attributes(self, start: int, stop: int) -> dict[str, Any]:
        """Return vectors (n, 2, 3), features and colours of the arrows in ``[start, stop)``."""
        shown = self.pose.shown(start, stop, display_settings().min_confidence)
        rear, front = self._ends
        both = (shown[:, :, rear] & shown[:, :, front])[..., np.newaxis]
        xy = self.pose.xy[start:stop]
        way = np.where(both, xy[:, :, front] - xy[:, :, rear], 0)
        middle = np.where(both, (xy[:, :, front] + xy[:, :, rear]) / 2, 0)
        frame, who = (index.ravel() for index in np.indices(both.shape[:2]))
        vectors = np.zeros((len(frame), 2, 3))
        vectors[:, 0, 0] = frame + start
        vectors[:, 0, 1:] = middle.reshape(-1, 2)[:, ::-1]
        vectors[:, 1, 1:] = way.reshape(-1, 2)[:, ::-1]
        return {
            "data": vectors,
            "features": {"individual": self.pose.individuals[who]},
            "edge_color": self._colours[who],
        }


def heading_layer(recording: Recording, *, clocked: bool = True) -> LayerData:
    """Return an arrow for each individual as a Vectors layer with the first window.

    Parameters
    ----------
    recording : Recording
        Recording with a pose.
    clocked : bool
        Whether its frame rate is known.

    Raises
    ------
    InputError
        When the recording has no pose, or the pose neither front nor rear of the body.
    """
    window = HeadingWindow(PoseArrays(posed(recording)))
    tag = LayerTag(HEADING, recording, clocked, window=window)
    attributes = {
        "name": HEADING,
        "ndim": 3,
        "edge_width": max(2.0, min(arena_size(recording)) * _WIDTH_SHARE),
        "vector_style": "arrow",
        "metadata": tag_metadata(tag),
        **tag.time_scale.attributes(),
        **window.attributes(0, min(window.n_frames, display_settings().window_frames)),
    }
    return attributes.pop("data"), attributes, "vectors"
