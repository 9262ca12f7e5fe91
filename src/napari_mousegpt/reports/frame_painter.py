"""Pictures of an annotated video: header, picture with skeletons, timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.reports.drawing import Rgb, fitting, font, write
from napari_mousegpt.reports.frame_drawing import (
    Lane,
    Said,
    Skeletons,
    band_picture,
    label_rgb,
    lanes_of,
)
from napari_mousegpt.reports.time_axis import moment_text

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["AnnotateParams", "FramePainter"]

Picture = NDArray[np.uint8]

_GROUND: Rgb = (22, 22, 25)
_INK: Rgb = (236, 236, 238)
_QUIET: Rgb = (168, 168, 174)
#: Smallest width of a picture on which a label can be read.
_NARROWEST = 160


@dataclass(frozen=True)
class AnnotateParams:
    """What is drawn, and on which part.

    Parameters
    ----------
    start, stop : int
        Frames ``[start, stop)`` of the recording; a stop of 0 is its end.
    scale : float
        Size of the pictures; 0.5 halves both sides. They are at least 160 pixels wide, so that
        labels can be read.
    labels, skeleton, timeline : bool
        What is drawn: lines of text above the picture, the animals on it, bands of all bouts under
        it with a line that moves.
    min_confidence : float
        Keypoints below it are left out.
    """

    start: int = 0
    stop: int = 0
    scale: float = 1.0
    labels: bool = True
    skeleton: bool = True
    timeline: bool = True
    min_confidence: float = 0.6

    def __post_init__(self) -> None:
        if not 0.05 <= self.scale <= 4:
            raise InputError(f"scale={self.scale:g}", expected="0.05 to 4")


class FramePainter:
    """Puts header, picture and timeline together.

    Parameters
    ----------
    recording : Recording
        With a video.
    ethogram : Ethogram
        Bouts of this recording.
    params : AnnotateParams
        What is drawn.
    span : (int, int)
        Frames of the timeline.
    colours : mapping of str to str
        ``"#rrggbb"`` of each label.
    """

    def __init__(
        self,
        recording: Recording,
        ethogram: Ethogram,
        params: AnnotateParams,
        span: tuple[int, int],
        colours: Mapping[str, str],
    ) -> None:
        assert recording.video is not None
        height, width = recording.video.shape[1:3]
        #: Height and width of the video's own part, both even.
        scale = max(params.scale, _NARROWEST / width)
        self.size = (_even(height * scale), _even(width * scale))
        self._clock, self._colours, self._params = recording.timebase, colours, params
        self._lanes = lanes_of(ethogram)
        self._skeletons = Skeletons(recording, self.size[1] / width, params.min_confidence)
        self._letters = int(np.clip(self.size[1] / 42, 11, 30))
        line = round(self._letters * 1.6)
        self._line = line
        self._top = _even(line * max(1, len(self._lanes)) + line * 0.3) if params.labels else 0
        self._strip = self._timeline(span) if params.timeline else None
        bottom = 0 if self._strip is None else _even(self._strip.shape[0])
        # What every picture has: ground and bands.
        self._page = np.full(
            (self._top + self.size[0] + bottom, self.size[1], 3), _GROUND, np.uint8
        )
        if self._strip is not None:
            below = self._top + self.size[0]
            self._page[below : below + self._strip.shape[0]] = self._strip
        self._begin, self._end = (float(self._clock.exact_time(frame)) for frame in span)
        names = [font(self._letters).getlength(lane.title) for lane in self._lanes]
        self._indent = max(names, default=0) + (self._letters if any(names) else 0)

    def paint(self, frame: int, picture: Picture) -> Picture:
        """Return the picture of one frame with everything on it, uint8 (Y, X, 3)."""
        from PIL import Image, ImageDraw

        said = [lane.at(frame) for lane in self._lanes]
        page = self._page.copy()
        shown = Image.fromarray(picture)
        if self._params.skeleton:
            self._skeletons.draw(
                ImageDraw.Draw(shown), frame, self._inks(said), max(1, round(self.size[1] / 260))
            )
        page[self._top : self._top + self.size[0]] = np.asarray(shown)
        if self._strip is not None:
            below = self._top + self.size[0]
            share = (self._clock.time(frame) - self._begin) / (self._end - self._begin)
            place = min(int(share * self.size[1]), self.size[1] - 2)
            page[below:, place : place + 2] = (255, 255, 255)
        if not self._params.labels:
            return page
        image = Image.fromarray(page)
        self._header(ImageDraw.Draw(image), frame, said)
        return np.asarray(image)

    def _inks(self, said: list[list[Said]]) -> dict[str, Rgb]:
        """Colour of each animal: that of what it does."""
        inks = dict.fromkeys(self._skeletons.individuals, _INK)
        alone = len(inks) == 1
        for lane, bouts in zip(reversed(self._lanes), reversed(said), strict=True):
            for name in inks:
                if bouts and (lane.individual == name or (alone and lane.individual == "")):
                    label = bouts[-1].label
                    inks[name] = label_rgb(self._colours, label, _INK)
        return inks

    def _header(self, draw: ImageDraw, frame: int, said: list[list[Said]]) -> None:
        size, line, width = self._letters, self._line, self.size[1]
        clock = moment_text(self._clock.time(frame))
        write(draw, (width - size / 2, line * 0.65), clock, size, _QUIET, anchor="rm")
        right = width - size * 1.5 - font(size).getlength(clock)
        for number, (lane, bouts) in enumerate(zip(self._lanes, said, strict=True)):
            middle = line * (number + 0.65)
            write(draw, (size / 2, middle), lane.title, size, _QUIET)
            left = size / 2 + self._indent
            for bout in bouts:
                ink = label_rgb(self._colours, bout.label, _INK)
                box = (left, middle - size * 0.4, left + size * 0.8, middle + size * 0.4)
                draw.rectangle(box, fill=ink)
                score = bout.confidence
                text = bout.label + ("" if np.isnan(score) else f" {score:.0%}")
                left += size * 1.2
                text = fitting(text, max(0, (right if number == 0 else width) - left), size)
                write(draw, (left, middle), text, size, _INK)
                left += font(size).getlength(text) + size

    def _timeline(self, span: tuple[int, int]) -> Picture:
        """Bands of all bouts of the part that is written, one under the other."""
        width, rows = self.size[1], max(8, self.size[0] // 44)
        begin, end = (float(self._clock.exact_time(frame)) for frame in span)
        edges = np.linspace(begin, end, width + 1)
        gap = np.full((2, width, 3), _GROUND, dtype=np.uint8)
        parts = [gap]
        for lane in self._lanes or [Lane("", "", _nothing())]:
            parts += [band_picture(lane, self._clock, edges, self._colours, rows), gap]
        strip = np.concatenate(parts)
        if strip.shape[0] % 2:
            strip = np.concatenate([strip, gap[:1]])
        return strip


def _nothing() -> Ethogram:
    return Ethogram(Intervals.build([], [], [], [], label=[]), Intervals.empty())


def _even(size: float) -> int:
    return max(2, round(size / 2) * 2)
