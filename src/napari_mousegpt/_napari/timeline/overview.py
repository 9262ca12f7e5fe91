"""The overview: the whole recording in one strip, with the stretch in view as a window on it."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QRectF
from qtpy.QtGui import QColor, QImage, QPainter, QPen

from napari_mousegpt._napari.timeline.layout import Scale
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.pixels import bout_pixels
from napari_mousegpt._napari.timeline.rows import picture
from napari_mousegpt._napari.timeline.theme import Theme, packed
from napari_mousegpt._napari.timeline.tracks import BoutTrack

__all__ = ["grip", "overview_picture", "paint_window", "window_edges"]

#: Most tracks that share the strip, and pixels from an edge of the window that still take it.
_MOST, _REACH = 6, 5
#: What a viewer would rather see in little room.
_FIRST = ("human", "model", "cluster", "interval", "zone", "epoch")


def overview_picture(
    model: TimelineModel, size: tuple[int, int], theme: Theme, ratio: float
) -> QImage:
    """Return the whole recording: its tracks of bouts as thin lines, one below the other."""
    width, height = (max(round(part * ratio), 1) for part in size)
    pixels = np.full((height, width), packed(theme.row), dtype=np.uint32)
    tracks = [t for t in model.shown_tracks if isinstance(t, BoutTrack) and len(t)]
    # The most telling ones, in the order of their rows.
    chosen = sorted(range(len(tracks)), key=lambda i: _FIRST.index(tracks[i].kind))[:_MOST]
    tracks = [tracks[i] for i in sorted(chosen)]
    inset = round(2 * ratio)
    for place, track in enumerate(tracks):
        room = height - 2 * inset
        top, bottom = (inset + round(room * p / len(tracks)) for p in (place, place + 1))
        bottom -= int(len(tracks) > 1 and bottom - top > 2)
        if bottom > top and model.n_frames:
            view = (0.0, float(model.n_frames))
            bout_pixels(
                pixels[top:bottom],
                track,
                view,
                model.colour,
                theme,
                ratio=ratio,
                captioned=False,
            )
    return picture(pixels, ratio)


def window_edges(model: TimelineModel, scale: Scale) -> tuple[float, float]:
    """Return the left and right edge of the window, at least some pixels apart."""
    left, right = scale.x(model.view[0]), scale.x(model.view[1])
    if right - left < 8:
        middle = (left + right) / 2
        left = min(max(middle - 4, scale.left), scale.left + scale.width - 8)
        right = left + 8
    return left, right


def grip(model: TimelineModel, scale: Scale, x: float) -> str:
    """Return what a press takes: ``"start"``, ``"stop"``, ``"window"`` or ``"elsewhere"``."""
    left, right = window_edges(model, scale)
    # In a narrow window the edges lie outside, so that its middle can still be taken.
    inner = min(_REACH, (right - left) / 4)
    if left - _REACH <= x <= left + inner:
        return "start"
    if right - inner <= x <= right + _REACH:
        return "stop"
    return "window" if left < x < right else "elsewhere"


def paint_window(
    painter: QPainter, model: TimelineModel, scale: Scale, top: int, height: int, theme: Theme
) -> None:
    """Paint the window over the strip, what is out of view veiled."""
    left, right = window_edges(model, scale)
    veil = QColor(*theme.background, 150)
    end = scale.left + scale.width
    painter.fillRect(QRectF(scale.left, top, left - scale.left, height), veil)
    painter.fillRect(QRectF(right, top, end - right, height), veil)
    ink = QColor(*theme.text)
    painter.setPen(QPen(ink, 1))
    painter.drawRect(QRectF(left + 0.5, top + 0.5, right - left - 1, height - 1))
    if 16 < right - left < scale.width - 1:
        for x in (left, right - 3):
            painter.fillRect(QRectF(x, top + height / 4, 3, height / 2), ink)
