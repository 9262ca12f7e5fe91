"""Pages of clips that begin together, read and painted picture by picture."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips import CropPaths, Window, crop
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.video_sampler import sample
from napari_mousegpt.reports.crop_store import CropStore
from napari_mousegpt.reports.drawing import Rgb, fitting, font, rgb, write
from napari_mousegpt.reports.grid_plan import Cell, GridPlan
from napari_mousegpt.reports.movies import MoviePart
from napari_mousegpt.reports.time_axis import moment_text

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["GridPage"]

Picture = NDArray[np.uint8]

_GROUND: Rgb = (22, 22, 25)
_EMPTY: Rgb = (38, 38, 42)
_INK: Rgb = (236, 236, 238)
_QUIET: Rgb = (168, 168, 174)
_GAP, _HEADER = 6, 26
# A clip that is over darkens to this in so many seconds.
_FADED, _FADE_S = 0.35, 0.3
# The frame around a clip shows so long as its bout begins.
_MARK_S = 0.2


class GridPage:
    """One page of a grid movie: clips are read once and painted as often as wanted.

    Parameters
    ----------
    plan : GridPlan
        All pages.
    number : int
        Which one.
    colours : mapping of str to str
        ``"#rrggbb"`` of each label.
    """

    def __init__(self, plan: GridPlan, number: int, colours: Mapping[str, str]) -> None:
        self.plan, self.number = plan, number
        self.cells = plan.pages[number]
        self.n_pictures = plan.length(number)
        self._colours = {name: rgb(colour) for name, colour in colours.items()}
        self._store = CropStore()
        side = plan.params.crops.side
        self._caption = max(14, side // 7) if plan.params.captions else 0
        self._pitch = (side + self._caption + _GAP, side + _GAP)
        height = _HEADER + plan.rows * self._pitch[0] + _GAP
        width = max(plan.columns * self._pitch[1] + _GAP, 160)
        #: Height and width of the pictures, both even.
        self.size = (height + height % 2, width + width % 2)
        self._ground = self._paint_ground()
        self._left = (self.size[1] - plan.columns * self._pitch[1] + _GAP) // 2

    def load(self, recordings: Mapping[str, Recording]) -> Generator[MoviePart]:
        """Read the clips, each recording once from front to back.

        Parameters
        ----------
        recordings : mapping of str to Recording
            By id.

        Yields
        ------
        MoviePart
            After each picture that was read: how many of all.

        Raises
        ------
        InputError
            When a recording has no video.
        """
        wanted = {
            name: self._windows(name, recordings[name])
            for name in sorted({cell.recording for cell in self.cells})
        }
        total, done = sum(map(len, wanted.values())), 0
        side, begun = self.plan.params.crops.side, time.monotonic()
        for name, windows in wanted.items():
            video = recordings[name].video
            assert video is not None  # looked at by CropPaths
            for found in sample(video, windows):
                for cell, window in windows[found.row]:
                    self._store.put(cell, found.row, crop(found.picture, window, side))
                done, now = done + 1, time.monotonic()
                yield MoviePart("read", done, total, now - begun)
                begun = now

    def _windows(self, name: str, recording: Recording) -> dict[int, list[tuple[int, Window]]]:
        """Cells and windows by frame of a recording."""
        paths = CropPaths(recording, self.plan.params.crops)
        found: dict[int, list[tuple[int, Window]]] = {}
        for number, cell in enumerate(self.cells):
            if cell.recording == name:
                frames = np.unique(cell.frames[cell.frames >= 0])
                windows = paths.windows(cell.individual, frames, cell.start)
                for frame, window in zip(frames.tolist(), windows, strict=True):
                    found.setdefault(frame, []).append((number, window))
        return found

    def picture(self, number: int) -> Picture:
        """Paint one picture of the page, uint8 (Y, X, 3); clips not read yet are empty."""
        from PIL import Image, ImageDraw

        picture = self._ground.copy()
        for index, cell in enumerate(self.cells):
            top, left = self._corner(index)
            side = self.plan.params.crops.side
            clip = self._clip(index, cell, number)
            if clip is not None:
                picture[top : top + side, left : left + side] = clip
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image)
        for index, cell in enumerate(self.cells):
            self._mark(draw, index, cell, number)
        seconds = float((number - self.plan.begin) * self.plan.params.speed / self.plan.rate)
        clock = f"{seconds:+.2f} s"
        write(draw, (self.size[1] - _GAP, _HEADER / 2), clock, 12, _QUIET, anchor="rm")
        return np.asarray(image)

    def cell_at(self, x: float, y: float) -> Cell | None:
        """Return the clip at a place of the picture, None beside them."""
        for index, cell in enumerate(self.cells):
            top, left = self._corner(index)
            if 0 <= y - top < self._pitch[0] - _GAP and 0 <= x - left < self._pitch[1] - _GAP:
                return cell
        return None

    def close(self) -> None:
        """Drop the clips."""
        self._store.close()

    def _corner(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self.plan.columns)
        return _HEADER + row * self._pitch[0], self._left + column * self._pitch[1]

    def _clip(self, index: int, cell: Cell, number: int) -> Picture | None:
        frame = int(cell.frames[min(number, len(cell.frames) - 1)])
        clip = self._store.get(index, frame) if frame >= 0 else None
        over = number - len(cell.frames) + 1
        if clip is None or over <= 0:
            return clip
        share = min(1.0, over / max(1.0, float(_FADE_S * self.plan.rate)))
        faded = clip * np.float32(1 - (1 - _FADED) * share)
        return np.asarray(faded, dtype=np.uint8)

    def _mark(self, draw: ImageDraw, index: int, cell: Cell, number: int) -> None:
        """Show that the bout begins (a frame) and that it goes on (a dot)."""
        top, left = self._corner(index)
        side, colour = self.plan.params.crops.side, self._colours.get(cell.label, _INK)
        if not self.plan.begin <= number < cell.bout_stop:
            return
        bold = max(2, side // 40)
        if number - self.plan.begin < max(2, round(_MARK_S * self.plan.rate)):
            box = (left - bold, top - bold, left + side + bold - 1, top + side + bold - 1)
            draw.rectangle(box, outline=colour, width=bold)
        size = max(6, side // 14)
        dot = (left + 4, top + 4, left + 4 + size, top + 4 + size)
        draw.ellipse(dot, fill=colour, outline=_GROUND)

    def _whose(self, cell: Cell) -> str:
        """Return recording and individual, as far as the page has several."""
        shown = [
            name
            for name, names in (
                (cell.recording, {other.recording for other in self.cells}),
                (cell.individual, {other.individual for other in self.cells}),
            )
            if len(names) > 1
        ]
        return " ".join(filter(None, shown))

    def _paint_ground(self) -> Picture:
        """Paint what stays: names, empty cells, captions."""
        from PIL import Image, ImageDraw

        self._left = (self.size[1] - self.plan.columns * self._pitch[1] + _GAP) // 2
        image = Image.new("RGB", (self.size[1], self.size[0]), _GROUND)
        draw = ImageDraw.Draw(image)
        labels = list(dict.fromkeys(cell.label for cell in self.cells))
        colour = self._colours.get(labels[0], _INK)
        draw.ellipse((_GAP, 7, _GAP + 12, 19), fill=colour)
        pages = len(self.plan.pages)
        title = ", ".join(labels) + (f"   {self.number + 1} of {pages}" if pages > 1 else "")
        room = self.size[1] - 24 - 70
        write(draw, (_GAP + 18, _HEADER / 2), fitting(title, room, 13, True), 13, _INK, bold=True)
        side, size = self.plan.params.crops.side, max(9, self._caption - 5)
        for index, cell in enumerate(self.cells):
            top, left = self._corner(index)
            draw.rectangle((left, top, left + side - 1, top + side - 1), fill=_EMPTY)
            if not self._caption:
                continue
            middle = top + side + self._caption / 2 + 1
            moment = moment_text(cell.seconds)
            write(draw, (left + side, middle), moment, size, _QUIET, anchor="rm")
            name = fitting(self._whose(cell), side - 6 - _width(moment, size), size)
            write(draw, (left, middle), name, size, _QUIET)
        return np.asarray(image)


@lru_cache(maxsize=512)
def _width(text: str, size: int) -> float:
    return float(font(size).getlength(text))
