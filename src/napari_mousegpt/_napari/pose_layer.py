"""Keypoints as one Points layer and the lines between them as one Vectors layer, both windowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.follow import quietly
from napari_mousegpt._napari.layers import (
    SKELETON,
    LayerData,
    LayerTag,
    arena_size,
    tag_metadata,
)
from napari_mousegpt._napari.settings import display_settings
from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.core.colours import COLOURS
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from napari.layers import Points, Vectors

    from napari_mousegpt.core.recording import Recording

__all__ = [
    "BonesWindow",
    "PointsWindow",
    "PoseArrays",
    "VectorsWindow",
    "individual_colours",
    "pose_layers",
    "posed",
]

#: Diameter of a keypoint and width of a line, as a share of the smaller side of the picture.
_POINT_SHARE = 1 / 80
_LINE_SHARE = 1 / 200
#: Opacity of a line whose ends are only just confident enough to be drawn.
_FAINTEST = 0.25


class PoseArrays:
    """A pose as arrays that can be cut by frames without copying the whole.

    Parameters
    ----------
    pose : Dataset
        In the schema of :mod:`napari_mousegpt.core.pose`; of three dimensions x and y are shown.

    Attributes
    ----------
    xy : ndarray, shape (n_frames, n_individuals, n_keypoints, 2)
        Positions, NaN where a point was not found.
    confidence : ndarray, shape (n_frames, n_individuals, n_keypoints)
        Scores of the tracker, NaN where there is none.
    keypoints, individuals : ndarray of str
        Names.
    """

    def __init__(self, pose: xr.Dataset) -> None:
        position = pose["position"].transpose("time", "individuals", "keypoints", "space")
        space = [str(name) for name in position["space"].values]
        x, y = space.index("x"), space.index("y")
        end = 2 * y - x
        # A slice, as a list of names would copy ten hours for each layer.
        pair = slice(x, end if end >= 0 else None, y - x)
        self.xy: NDArray[np.floating[Any]] = position.values[..., pair]
        if "confidence" in pose:
            scores = pose["confidence"].transpose("time", "individuals", "keypoints").values
        else:
            scores = np.full(self.xy.shape[:3], np.nan)
        self.confidence: NDArray[np.floating[Any]] = scores
        self.keypoints = np.asarray([str(name) for name in pose["keypoints"].values], dtype=object)
        self.individuals = np.asarray(
            [str(name) for name in pose["individuals"].values], dtype=object
        )

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.xy)

    def shown(self, start: int, stop: int, min_confidence: float) -> NDArray[np.bool_]:
        """Return which points of ``[start, stop)`` are drawn, (frames, individuals, keypoints).

        A point without a confidence is trusted, as the kinematics do.
        """
        found = np.isfinite(self.xy[start:stop]).all(axis=-1)
        return np.asarray(found & ~(self.confidence[start:stop] < min_confidence))

    def boxes(self, start: int, stop: int, min_confidence: float) -> NDArray[np.float64]:
        """Return the box around the drawn points of each body, (frames, individuals, 2, 2).

        The last two axes are low and high corner, and y, x. Where no point is drawn the last box
        before is taken, then the first one after; NaN when the individual is not seen at all.
        """
        drawn = self.shown(start, stop, min_confidence)[..., np.newaxis]
        yx = self.xy[start:stop, ..., ::-1]
        low = np.where(drawn, yx, np.inf).min(axis=2)
        high = np.where(drawn, yx, -np.inf).max(axis=2)
        boxes = np.stack([low, high], axis=2)
        boxes[~np.isfinite(boxes)] = np.nan
        return np.stack([_held(boxes[:, i]) for i in range(boxes.shape[1])], axis=1)


def _held(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill gaps with the last value seen, and the beginning with the first."""
    seen = np.flatnonzero(np.isfinite(places).reshape(len(places), -1).all(axis=1))
    if not seen.size:
        return places
    latest = np.searchsorted(seen, np.arange(len(places)), side="right") - 1
    return places[seen[np.maximum(latest, 0)]]


class PointsWindow:
    """Fills a Points layer with the keypoints of some frames.

    A point that is not drawn has its row all the same, hidden: the number of rows stays as it is,
    and napari never looks for a row that has gone (with asynchronous slicing it does, 0.9.2).
    """

    def __init__(self, pose: PoseArrays) -> None:
        self.pose = pose
        self.n_frames = pose.n_frames
        self._colours = _rgba([COLOURS[k % len(COLOURS)] for k in range(len(pose.keypoints))])

    def attributes(self, start: int, stop: int) -> dict[str, Any]:
        """Return data (frame, y, x), features, colours and visibility for ``[start, stop)``."""
        shown = self.pose.shown(start, stop, display_settings().min_confidence)
        frame, who, which = (index.ravel() for index in np.indices(shown.shape))
        xy = np.where(shown[..., np.newaxis], self.pose.xy[start:stop], 0).reshape(-1, 2)
        return {
            "data": np.column_stack([frame + start, xy[:, 1], xy[:, 0]]),
            "features": {
                "keypoint": self.pose.keypoints[which],
                "individual": self.pose.individuals[who],
                "confidence": self.pose.confidence[start:stop].ravel(),
            },
            "face_color": self._colours[which],
            "shown": shown.ravel(),
        }

    def fill(self, layer: Points, start: int, stop: int) -> None:
        """Give the layer the points of ``[start, stop)``."""
        rows = self.attributes(start, stop)
        with quietly(layer):
            layer.selected_data = set()
            layer.data = rows["data"]
            layer.features = rows["features"]
            layer.face_color = rows["face_color"]
            layer.shown = rows["shown"]
            # New data makes a layer editable again; an edit would be lost at the next fill.
            layer.editable = False


class VectorsWindow:
    """Fills a Vectors layer; who inherits says with what."""

    n_frames: int

    def attributes(self, start: int, stop: int) -> dict[str, Any]:
        """Return data, features and colours for the frames ``[start, stop)``."""
        raise NotImplementedError

    def fill(self, layer: Vectors, start: int, stop: int) -> None:
        """Give the layer the vectors of ``[start, stop)``."""
        rows = self.attributes(start, stop)
        with quietly(layer):
            layer.data = rows["data"]
            layer.features = rows["features"]
            layer.edge_color = rows["edge_color"]
            layer.editable = False


class BonesWindow(VectorsWindow):
    """Fills a Vectors layer with the lines between keypoints of some frames.

    A line fades with the confidence of its weaker end. With an end that is not drawn it has no
    length; see :class:`PointsWindow` for why it stays.
    """

    def __init__(self, pose: PoseArrays) -> None:
        names = list(pose.keypoints)
        pairs = [(names.index(a), names.index(b)) for a, b in BodyMap.from_names(names).edges()]
        self.pose = pose
        self.n_frames = pose.n_frames
        self.pairs = np.asarray(pairs, dtype=np.intp).reshape(-1, 2)
        self._colours = individual_colours(len(pose.individuals))

    def attributes(self, start: int, stop: int) -> dict[str, Any]:
        """Return vectors (n, 2, 3), features and colours of the lines in ``[start, stop)``."""
        least = display_settings().min_confidence
        shown = self.pose.shown(start, stop, least)
        tail, head = self.pairs[:, 0], self.pairs[:, 1]
        both = (shown[:, :, tail] & shown[:, :, head])[..., np.newaxis]
        xy = self.pose.xy[start:stop]
        begins = np.where(both, xy[:, :, tail], 0)
        ends = np.where(both, xy[:, :, head], 0)
        frame, who, _ = (index.ravel() for index in np.indices(both.shape[:3]))
        vectors = np.zeros((len(frame), 2, 3))
        vectors[:, 0, 0] = frame + start
        vectors[:, 0, 1:] = begins.reshape(-1, 2)[:, ::-1]
        vectors[:, 1, 1:] = (ends - begins).reshape(-1, 2)[:, ::-1]
        scores = self.pose.confidence[start:stop]
        weaker = np.fmin(scores[:, :, tail], scores[:, :, head]).ravel()
        colours = self._colours[who]
        colours[:, 3] = _opacity(weaker, least)
        return {
            "data": vectors,
            "features": {"individual": self.pose.individuals[who], "confidence": weaker},
            "edge_color": colours,
        }


def _opacity(confidence: NDArray[np.floating[Any]], least: float) -> NDArray[np.float64]:
    """Return how opaque a line is drawn: fully at confidence 1, and where there is none."""
    share = (confidence - least) / max(1 - least, 1e-9)
    return np.nan_to_num(_FAINTEST + (1 - _FAINTEST) * np.clip(share, 0, 1), nan=1.0)


def individual_colours(count: int) -> NDArray[np.float64]:
    """Return a colour for each individual, shape (count, 4); skeleton, trail and heading share it.

    The light blue of the palette comes first: it shows on black and on white coats.
    """
    return _rgba([COLOURS[(i + 4) % len(COLOURS)] for i in range(count)])


def posed(recording: Recording) -> xr.Dataset:
    """Return the pose of a recording.

    Raises
    ------
    InputError
        When it has none.
    """
    if recording.pose is None:
        raise InputError(
            f"recording {recording.id!r}",
            expected="a pose",
            found="none",
            remedy="Open it together with its pose file.",
        )
    return recording.pose


def pose_layers(recording: Recording, *, clocked: bool = True) -> list[LayerData]:
    """Return the pose of a recording as layers: keypoints, and lines between known body parts.

    Parameters
    ----------
    recording : Recording
        Recording with a pose.
    clocked : bool
        Whether its frame rate is known.

    Returns
    -------
    list of LayerData
        A hidden Vectors layer with the skeleton, where two neighbouring parts are tracked, and a
        Points layer. Both hold the first window; in a viewer they follow the slider.

    Raises
    ------
    InputError
        When the recording has no pose.
    """
    pose = PoseArrays(posed(recording))
    side = min(arena_size(recording))
    stop = min(pose.n_frames, display_settings().window_frames)
    layers: list[LayerData] = []
    bones = BonesWindow(pose)
    if len(bones.pairs):
        tag = LayerTag(SKELETON, recording, clocked, window=bones)
        attributes = {
            "name": SKELETON,
            "ndim": 3,
            "edge_width": max(1.0, side * _LINE_SHARE),
            "vector_style": "line",
            "opacity": 0.8,
            # Its mesh is compiled anew on every step, a third of the cost of one: off until wanted.
            "visible": False,
            "metadata": tag_metadata(tag),
            **tag.time_scale.attributes(),
            **bones.attributes(0, stop),
        }
        layers.append((attributes.pop("data"), attributes, "vectors"))
    points = PointsWindow(pose)
    tag = LayerTag("pose", recording, clocked, window=points)
    attributes = {
        "name": "pose",
        "ndim": 3,
        "size": max(3.0, side * _POINT_SHARE),
        "border_width": 0.15,
        "border_color": "black",
        "metadata": tag_metadata(tag),
        **tag.time_scale.attributes(),
        **points.attributes(0, stop),
    }
    layers.append((attributes.pop("data"), attributes, "points"))
    return layers


def _rgba(colours: list[str]) -> NDArray[np.float64]:
    rows = [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1.0] for c in colours]
    return np.array(rows).reshape(-1, 4)
