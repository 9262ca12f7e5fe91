"""What is drawn on the pictures of an annotated video: names of bouts, skeletons, a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.reports.bands import columns, paint
from napari_mousegpt.reports.drawing import Rgb, rgb

if TYPE_CHECKING:
    import xarray as xr
    from PIL.ImageDraw import ImageDraw

    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.timebase import Timebase

__all__ = ["Lane", "Said", "Skeletons", "band_picture", "label_rgb", "lanes_of"]

#: Frames of a pose that are taken out of the table at once.
_BLOCK = 512
#: Observed time without a label, and time that was not looked at.
_NOTHING, _UNSEEN = (84, 84, 90), (34, 34, 37)


@dataclass(frozen=True)
class Said:
    """One bout that is going on.

    Parameters
    ----------
    label : str
    confidence : float
        NaN where nobody says.
    """

    label: str
    confidence: float


class Lane:
    """The bouts of one individual by one kind of source; asked for rising frames, it is quick.

    Parameters
    ----------
    title : str
        What stands before its labels.
    individual : str
        Whose.
    ethogram : Ethogram
        Its bouts; rejected ones are left out.
    """

    def __init__(self, title: str, individual: str, ethogram: Ethogram) -> None:
        self.title, self.individual, self.ethogram = title, individual, ethogram
        bouts = ethogram.bouts[ethogram.bouts.column("status") != "rejected"]
        order = np.argsort(bouts.start, kind="stable")
        self._start = bouts.start[order]
        # An event is where its frame is.
        self._stop = np.maximum(bouts.stop, bouts.start + 1)[order]
        self._said = [
            Said(str(label), float(score))
            for label, score in zip(
                bouts.column("label")[order], bouts.column("confidence")[order], strict=True
            )
        ]
        self._next, self._frame = 0, -1
        self._going_on: list[int] = []

    def at(self, frame: int) -> list[Said]:
        """Return the bouts of a frame, those that began first in front."""
        if frame < self._frame:
            self._next, self._going_on = 0, []
        self._frame = frame
        begun = int(np.searchsorted(self._start, frame, side="right"))
        self._going_on += range(self._next, begun)
        self._next = begun
        self._going_on = [bout for bout in self._going_on if self._stop[bout] > frame]
        return [self._said[bout] for bout in self._going_on]


def lanes_of(ethogram: Ethogram) -> list[Lane]:
    """Return a lane for each individual, and for clusters one of their own.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of one recording.
    """
    sources = sorted(set(ethogram.bouts.column("source")))
    kinds = {"": [source for source in sources if source != "cluster"], "cluster": ["cluster"]}
    lanes = []
    several = len(set(ethogram.bouts.individual)) > 1
    for kind, chosen in kinds.items():
        part = ethogram.select(source=chosen)
        for individual in sorted(set(part.bouts.individual)):
            title = " ".join(filter(None, (individual if several else "", kind)))
            lanes.append(Lane(title, individual, part.select(individual=individual)))
    return lanes


def band_picture(
    lane: Lane, clock: Timebase, edges: NDArray[np.float64], colours: Mapping[str, str], rows: int
) -> NDArray[np.uint8]:
    """Paint a lane over time, uint8 (rows, columns, 3).

    Parameters
    ----------
    lane : Lane
    clock : Timebase
    edges : ndarray of float64, shape (columns + 1,)
        Seconds.
    colours : mapping of str to str
        ``"#rrggbb"`` of each label.
    rows : int
        Height.
    """
    image = paint(columns(lane.ethogram, clock, edges), colours, rows)
    picture = np.where(image[..., 3:] > 0, image[..., :3], np.uint8(_UNSEEN))
    picture[(image == 255).all(axis=-1)] = _NOTHING
    return np.asarray(picture, dtype=np.uint8)


class Skeletons:
    """Draws the animals of a recording on its pictures.

    Parameters
    ----------
    recording : Recording
        With a pose in pixels; of another one nothing is drawn.
    scale : float
        Pixels of the picture that is drawn on for one of the video.
    min_confidence : float
        Points below it are left out.
    """

    def __init__(self, recording: Recording, scale: float, min_confidence: float) -> None:
        pose = recording.pose
        if pose is not None and (
            pose.sizes["space"] != 2 or pose.attrs.get("position_unit", "pixels") != "pixels"
        ):
            pose = None
        self._pose = pose
        self._scale, self._least = scale, min_confidence
        self.individuals = recording.individuals if pose is not None else ()
        names = [] if pose is None else [str(name) for name in pose["keypoints"].values]
        edges = BodyMap.from_names(names).edges()
        self._edges = [(names.index(a), names.index(b)) for a, b in edges]
        self._block = (0, np.empty((0, 0, 0, 2)))

    def draw(self, draw: ImageDraw, frame: int, inks: Mapping[str, Rgb], width: int) -> None:
        """Draw all animals of a frame.

        Parameters
        ----------
        draw : ImageDraw
            Of the picture.
        frame : int
        inks : mapping of str to (int, int, int)
            Colour of each individual.
        width : int
            Of the lines, in pixels.
        """
        if self._pose is None:
            return
        for name, points in zip(self.individuals, self._at(self._pose, frame), strict=True):
            seen = np.isfinite(points).all(axis=1)
            ink = inks[name]
            for a, b in self._edges:
                if seen[a] and seen[b]:
                    draw.line([tuple(points[a]), tuple(points[b])], fill=ink, width=width)
            for x, y in points[seen]:
                box = (x - width - 0.5, y - width - 0.5, x + width + 0.5, y + width + 0.5)
                draw.ellipse(box, fill=ink, outline=(20, 20, 22))

    def _at(self, pose: xr.Dataset, frame: int) -> NDArray[np.float64]:
        """Points of a frame in the picture, shape (individuals, keypoints, 2)."""
        first, block = self._block
        if not first <= frame < first + len(block):
            first = frame
            rows = pose.isel(time=slice(first, first + _BLOCK))
            order = ("time", "individuals", "keypoints")
            block = np.array(rows["position"].transpose(*order, "space").values, dtype=float)
            if "confidence" in rows:
                block[rows["confidence"].transpose(*order).values < self._least] = np.nan
            # In a pose 0 is the middle of the first pixel, here its edge.
            block = (block + 0.5) * self._scale
            self._block = (first, block)
        return np.asarray(block[frame - first])


def label_rgb(colours: Mapping[str, str], label: str, otherwise: Rgb) -> Rgb:
    """Return the colour of a label, or another one where it has none."""
    return rgb(colours[label]) if label in colours else otherwise
