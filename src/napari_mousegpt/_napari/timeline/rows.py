"""The rows of the timeline as one picture: pixels made by numpy, with labels written on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from napari_mousegpt._napari.timeline.layout import Row, Scale
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.pixels import Caption, bout_pixels, curve_pixels
from napari_mousegpt._napari.timeline.theme import Theme, packed
from napari_mousegpt._napari.timeline.tracks import BoutTrack

__all__ = ["RowPainter", "picture"]


def picture(pixels: NDArray[np.uint32], ratio: float) -> QImage:
    """Return pixels as a picture of its own memory."""
    height, width = pixels.shape
    image = QImage(pixels, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
    image.setDevicePixelRatio(ratio)
    return image


class RowPainter:
    """Paints rows. It remembers how wide labels are.

    Parameters
    ----------
    font : QFont
        For labels in bouts.
    """

    def __init__(self, font: QFont) -> None:
        self._font = QFont(font)
        self._metrics = QFontMetricsF(self._font)
        self._widths: dict[str, float] = {}

    def paint(
        self,
        model: TimelineModel,
        rows: Sequence[Row],
        size: tuple[int, int],
        scroll: int,
        grid: Sequence[float],
        theme: Theme,
        ratio: float,
    ) -> QImage:
        """Return the rows as a picture.

        Parameters
        ----------
        model : TimelineModel
            What is in view.
        rows : sequence of Row
            All rows.
        size : tuple of int
            Width and height in pixels.
        scroll : int
            Pixels of the rows that lie above the picture.
        grid : sequence of float
            Frames to draw thin lines at.
        theme : Theme
            Colours.
        ratio : float
            Device pixels per pixel.
        """
        width, height = (max(round(part * ratio), 1) for part in size)
        pixels = np.full((height, width), packed(theme.background), dtype=np.uint32)
        scale = Scale(*model.view, 0, width)
        lines = np.array([round(scale.x(frame)) for frame in grid], dtype=np.int64)
        lines = lines[(lines >= 0) & (lines < width)]
        captions: list[Caption] = []
        for row in rows:
            top, bottom = (round((y - scroll) * ratio) for y in (row.top, row.bottom))
            if bottom <= 0 or top >= height:
                continue
            # A row that is cut by an edge is painted whole and copied in part.
            band = np.full((bottom - top, width), packed(theme.row), dtype=np.uint32)
            line = round(ratio)
            band[-line:] = packed(theme.background)
            if row.track is None:
                band[:-line] = packed(theme.heading)
            else:
                band[:-line, lines] = packed(theme.grid)
                inset = round((2 if row.height >= 20 else 1) * ratio)
                inner = band[inset : -inset - line]
                if isinstance(row.track, BoutTrack):
                    found = bout_pixels(
                        inner, row.track, model.view, model.colour, theme, ratio=ratio
                    )
                    captions += [_lower(caption, top + inset) for caption in found]
                else:
                    curve_pixels(inner, row.track, model.view, theme, ratio=ratio)
            first, last = max(top, 0), min(bottom, height)
            pixels[first:last] = band[first - top : last - top]
        image = picture(pixels, ratio)
        self._write(image, captions, ratio)
        return image

    def _write(self, image: QImage, captions: Sequence[Caption], ratio: float) -> None:
        painter = QPainter(image)
        painter.setFont(self._font)
        inks = {ink: QColor(ink) for ink in ("#000000", "#ffffff")}
        high = self._metrics.capHeight()
        pen = ""
        for caption in captions:
            room = (caption.right - caption.left) / ratio - 9
            middle = (caption.top + caption.bottom) / 2 / ratio
            if (caption.bottom - caption.top) / ratio < high + 4:
                continue
            text = self.fitting(caption.text, room)
            if not text:
                continue
            if caption.ink != pen:
                pen = caption.ink
                painter.setPen(inks[pen])
            painter.drawText(QPointF(caption.left / ratio + 5, middle + high / 2), text)
        painter.end()

    def fitting(self, text: str, room: float) -> str:
        """Return a text, a part of it that says something, or nothing.

        Of a name with a number ("cluster 12") the number stays, of several words the first ones.
        """
        if self._wide(text) <= room:
            return text
        words = text.split()
        if len(words) > 1 and words[-1].isdigit():
            return words[-1] if self._wide(words[-1]) <= room else ""
        for count in range(len(words) - 1, 0, -1):
            part = " ".join(words[:count]).rstrip(",;:(") + "…"
            if self._wide(part) <= room:
                return part
        if len(words) == 1 and room >= max(30.0, 0.75 * self._wide(text)):
            return str(self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, room))
        return ""

    def _wide(self, text: str) -> float:
        width = self._widths.get(text)
        if width is None:
            if len(self._widths) > 5000:
                self._widths.clear()
            width = self._widths[text] = self._metrics.horizontalAdvance(text)
        return width


def _lower(caption: Caption, by: int) -> Caption:
    return Caption(
        *(caption.left, caption.right, caption.top + by, caption.bottom + by),
        *(caption.text, caption.ink),
    )
