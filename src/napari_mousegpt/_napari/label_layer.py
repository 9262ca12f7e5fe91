"""Labels and clusters as windowed Points layers: one coloured tag beside each animal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.bout_texts import JOINT, BoutTexts, of_recording
from napari_mousegpt._napari.follow import quietly
from napari_mousegpt._napari.label_roles import CLUSTERS, ROLE_OF_SOURCE, role_of
from napari_mousegpt._napari.layers import (
    LayerData,
    LayerTag,
    arena_size,
    ink_on,
    layer_tag,
    tag_metadata,
)
from napari_mousegpt._napari.pose_layer import PoseArrays
from napari_mousegpt._napari.settings import display_settings
from napari_mousegpt._napari.tags import Tag, beside, em, font_points, smooth, wrapped
from napari_mousegpt.core.colours import NOISE_COLOUR, palette

if TYPE_CHECKING:
    from napari.layers import Layer, Points

    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.recording import Recording

__all__ = [
    "CLUSTERS",
    "LabelWindow",
    "free_slots",
    "label_layer",
]

#: How napari writes that every row has the same text and colour.
NO_TEXT, NO_INK = {"constant": ""}, {"constant": "white"}
#: Frames either side over which the place of a tag is averaged, and the side it stands on.
_CALM, _SIDE_CALM = 5, 30


def free_slots(layers: Iterable[Layer]) -> Iterator[int]:
    """Yield the places beside an animal that no label layer takes, the nearest first.

    Parameters
    ----------
    layers : iterable of Layer
        Layers of one recording.
    """
    tags = [layer_tag(layer.metadata) for layer in layers]
    taken = {tag.window.slot for tag in tags if tag and isinstance(tag.window, LabelWindow)}
    return (slot for slot in count() if slot not in taken)


class LabelWindow:
    """Fills a Points layer with what an ethogram says of some frames.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of this recording.
    recording : Recording
        Its pose says where the animals are.
    slot : int
        Place beside the animal; label layers of one recording stand in different ones.
    centroids : mapping of str to ndarray, optional
        Place (y, x) of an individual in every frame, shape (n_frames, 2), for recordings without a
        pose, such as the centre of the silhouette.
    role : str, optional
        What kind of layer it is; by default what the bouts say.
    """

    def __init__(
        self,
        ethogram: Ethogram,
        recording: Recording,
        *,
        slot: int = 0,
        centroids: Mapping[str, NDArray[np.floating[Any]]] | None = None,
        role: str | None = None,
    ) -> None:
        self.n_frames = recording.n_frames
        self.bouts = BoutTexts(ethogram)
        #: Returns all bouts that are told of here, as they are now.
        self.ethogram: Callable[[], Ethogram] = lambda: ethogram
        self.role = role or role_of(ethogram)
        #: Whose bouts are told of here.
        self.sources = frozenset(ethogram.bouts.column("source")) | {
            source for source, its_role in ROLE_OF_SOURCE.items() if its_role == self.role
        }
        #: Column of the features that holds the text.
        self.column = "cluster" if self.role == CLUSTERS else "label"
        self.size = arena_size(recording)
        self.slot = slot
        self.centroids = dict(centroids or {})
        #: Colour of each label; those of the whole recording, once a viewer shows it.
        self.colours: Mapping[str, str] = palette(ethogram.labels)
        self._pose = None if recording.pose is None else PoseArrays(recording.pose)
        self._tags: dict[str, Tag] = {}

    def attributes(self, start: int, stop: int) -> dict[str, Any]:
        """Return one row for each individual and frame of ``[start, stop)``.

        Returns
        -------
        dict
            ``data`` (frame, y, x), ``features``, length and colour of the plate, ``texts`` in
            lines, ``inks``, and ``shown``: rows of which nothing is said are hidden.
        """
        parts: list[dict[str, NDArray[Any]]] = [_no_rows(self.column)]
        places = [np.empty((0, 3))]
        for order, who in enumerate(self.bouts.individuals):
            said = self.bouts.between(who, start, stop)
            lengths = self._lengths(said.label)
            middle = self._places(who, order, start, stop, lengths)
            places.append(np.column_stack([np.arange(start, stop), middle]))
            parts.append(
                {
                    self.column: said.label,
                    "confidence": said.confidence,
                    "individual": np.full(stop - start, who, dtype=object),
                    "source": said.source,
                }
            )
        features = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        labels = features[self.column]
        plates = [self.colours.get(text.split(JOINT)[0], NOISE_COLOUR) for text in labels]
        return {
            "data": np.concatenate(places),
            "features": features,
            "size": self._lengths(labels),
            "face_color": plates,
            "texts": [self._tag(text).text for text in labels],
            "inks": [ink_on(colour) for colour in plates],
            "shown": labels != "",
        }

    def fill(self, layer: Points, start: int, stop: int) -> None:
        """Give the layer the labels of ``[start, stop)``."""
        rows = self.attributes(start, stop)
        if not len(rows["data"]):
            return  # an ethogram without bouts
        with quietly(layer):
            layer.selected_data = set()
            # Texts and inks are set by hand, and must be gone before there are other rows.
            layer.text.string, layer.text.color = NO_TEXT, NO_INK
            layer.data = rows["data"]
            layer.features = rows["features"]
            layer.size = rows["size"]
            layer.face_color = rows["face_color"]
            layer.text.color = rows["inks"]
            layer.text.string = rows["texts"]
            layer.shown = rows["shown"]
            layer.editable = False

    def lines_at(self, frame: int) -> list[str]:
        """Return what is said of a frame, one line for each individual."""
        lines = []
        for who in self.bouts.individuals:
            said = self.bouts.between(who, frame, frame + 1)
            label, score = said.label[0], said.confidence[0]
            if label:
                subject = f"{who}: " if who and len(self.bouts.individuals) > 1 else ""
                lines.append(f"{subject}{label}" + ("" if np.isnan(score) else f" ({score:.0%})"))
        return lines

    def _tag(self, text: str) -> Tag:
        if text not in self._tags:
            self._tags[text] = wrapped(text)
        return self._tags[text]

    def _lengths(self, labels: NDArray[np.object_]) -> NDArray[np.float64]:
        """Length of the plate of each label, in pixels of the picture."""
        unit = em(self.size[0])
        return np.array([self._tag(text).length * unit for text in labels], dtype=np.float64)

    def _places(
        self,
        who: str,
        order: int,
        start: int,
        stop: int,
        lengths: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Where the tags of an individual stand, shape (frames, 2) as y, x."""
        # Some frames more, so that the mean at the end of a window is that of the next one.
        before, after = max(0, start - _SIDE_CALM), min(self.n_frames, stop + _SIDE_CALM)
        boxes = self._boxes(who, before, after)
        if boxes is None:
            unit = em(self.size[0])
            corner = [unit * (1.6 + 3.2 * (self.slot + 2 * order)), unit]
            return np.column_stack([np.full(stop - start, corner[0]), corner[1] + lengths / 2])
        middle = smooth(boxes.mean(axis=1)[:, 1], _SIDE_CALM)
        here = slice(start - before, stop - before)
        return beside(
            smooth(boxes, _CALM)[here],
            middle[here] < self.size[1] / 2,
            lengths,
            self.slot,
            self.size,
        )

    def _boxes(self, who: str, start: int, stop: int) -> NDArray[np.float64] | None:
        """Boxes (frames, 2, 2) around an individual, None where nothing says where it is."""
        if who in self.centroids:
            points = np.asarray(self.centroids[who][start:stop], dtype=np.float64)
            boxes = np.stack([points, points], axis=1)
        elif self._pose is not None:
            names = list(self._pose.individuals)
            # Labels without an individual belong to the only animal there is.
            name = names[0] if who == "" and len(names) == 1 else who
            if name not in names:
                return None
            least = display_settings().min_confidence
            boxes = self._pose.boxes(start, stop, least)[:, names.index(name)]
        else:
            return None
        return boxes if np.isfinite(boxes).all() else None


def _no_rows(column: str) -> dict[str, NDArray[Any]]:
    texts = np.empty(0, dtype=object)
    return {column: texts, "confidence": np.empty(0), "individual": texts, "source": texts}


def label_layer(
    ethogram: Ethogram,
    recording: Recording,
    *,
    slot: int = 0,
    clocked: bool = True,
    centroids: Mapping[str, NDArray[np.floating[Any]]] | None = None,
    role: str | None = None,
) -> LayerData:
    """Return an ethogram as a Points layer with text, holding the first window of frames.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of this recording, or of several: the others are left out.
    recording : Recording
        What it is about.
    slot : int
        Place beside the animal, see :class:`LabelWindow`.
    clocked : bool
        Whether its frame rate is known.
    centroids : mapping, optional
        See :class:`LabelWindow`.
    role : str, optional
        What kind of layer it is; by default what the bouts say.

    Raises
    ------
    InputError
        When there are bouts, but none of this recording.
    """
    mine = of_recording(ethogram, recording.id)
    window = LabelWindow(mine, recording, slot=slot, centroids=centroids, role=role)
    role = window.role
    tag = LayerTag(role, recording, clocked, ethogram=mine, window=window)
    rows = window.attributes(0, min(recording.n_frames, display_settings().window_frames))
    empty = not len(rows["data"])
    attributes: dict[str, Any] = {
        "name": role,
        "ndim": 3,
        "features": rows["features"],
        "shown": True if empty else rows["shown"],
        "face_color": "white" if empty else rows["face_color"],
        "size": 1.0 if empty else rows["size"],
        "border_width": 0,
        "symbol": "hbar",
        "opacity": 0.9,
        "text": {
            "string": NO_TEXT if empty else rows["texts"],
            "color": NO_INK if empty else rows["inks"],
            "size": font_points(window.size[0]),
            "scaling": True,
            "anchor": "center",
        },
        "metadata": tag_metadata(tag),
        **tag.time_scale.attributes(),
    }
    return rows["data"], attributes, "points"
