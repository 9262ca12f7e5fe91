"""Painting of what surrounds the rows, and of what moves over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QPointF, QRect, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from napari_mousegpt._napari.timeline.layout import Row, Scale
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.ruler import Tick, clock
from napari_mousegpt._napari.timeline.theme import Theme
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack

__all__ = [
    "bout_rect",
    "frame_text",
    "number_text",
    "paint_band",
    "paint_current",
    "paint_headings",
    "paint_ruler",
    "paint_selection",
]


def paint_ruler(
    painter: QPainter, area: QRect, scale: Scale, ticks: Sequence[Tick], theme: Theme
) -> None:
    """Paint the marks and times of the ruler."""
    painter.fillRect(area, QColor(*theme.background))
    painter.setPen(QColor(*theme.muted))
    base = area.bottom()
    metrics = QFontMetricsF(painter.font())
    edge = area.left() + area.width()
    for tick in ticks:
        x = scale.x(tick.frame)
        if not area.left() <= x < edge:
            continue
        high = 7 if tick.text else 3
        painter.fillRect(QRectF(round(x), base - high + 1, 1, high), QColor(*theme.muted))
        if tick.text:
            wide = metrics.horizontalAdvance(tick.text)
            # A time at the edge is moved in, not cut.
            left = min(max(x - wide / 2, area.left() + 2), edge - wide - 2)
            painter.drawText(QPointF(left, base - 10), tick.text)


def paint_headings(
    painter: QPainter, area: QRect, rows: Sequence[Row], scroll: int, theme: Theme
) -> None:
    """Paint the headings at the left of the rows."""
    painter.fillRect(area, QColor(*theme.background))
    painter.setClipRect(area)
    font = painter.font()
    bold, small = QFont(font), QFont(font)
    bold.setBold(True)
    small.setPixelSize(max(round(font.pixelSize() * 0.8), 8))
    grouped = any(row.track is None for row in rows)
    for row in rows:
        top = area.top() + row.top - scroll
        if top + row.height <= area.top() or top >= area.top() + area.height():
            continue
        box = QRectF(area.left(), top, area.width(), row.height - 1)
        if row.track is None:
            painter.fillRect(box, QColor(*theme.heading))
            painter.setFont(bold)
            painter.setPen(QColor(*theme.text))
            _left(painter, box.adjusted(8, 0, -6, 0), row.title)
            continue
        indent = 16 if grouped and row.track.individual else 8
        room = 8.0
        if isinstance(row.track, CurveTrack) and row.height >= 18:
            painter.setFont(small)
            painter.setPen(QColor(*theme.muted))
            room = _limits(painter, box.adjusted(0, 1, -5, -1), row.track) + 10
        painter.setFont(font)
        painter.setPen(QColor(*theme.text))
        _left(painter, box.adjusted(indent, 0, -room, 0), row.title)


def _left(painter: QPainter, box: QRectF, text: str) -> None:
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(box, flags, shown)


def _limits(painter: QPainter, box: QRectF, track: CurveTrack) -> float:
    """Write the values at the edges of a curve; return how wide that is."""
    low, high = track.limits
    least, most = number_text(low), f"{number_text(high)} {track.unit}".strip()
    metrics = QFontMetricsF(painter.font())
    if metrics.height() * 2 <= box.height() + 4:
        right = Qt.AlignmentFlag.AlignRight
        painter.drawText(box, right | Qt.AlignmentFlag.AlignTop, most)
        painter.drawText(box, right | Qt.AlignmentFlag.AlignBottom, least)
        return max(metrics.horizontalAdvance(text) for text in (least, most))
    both = f"{least}–{most}"  # noqa: RUF001 - a range
    painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, both)
    return metrics.horizontalAdvance(both)


def number_text(value: float) -> str:
    """Return a number in little room.

    Examples
    --------
    >>> number_text(0.25), number_text(12.34), number_text(1234.5)
    ('0.25', '12.3', '1234')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def bout_rect(track: BoutTrack, row: Row, place: int, scale: Scale, top: int) -> QRectF:
    """Return where a bout lies, with its lane, when the rows begin at a pixel."""
    left, right = scale.columns(int(track.start[place]), int(track.stop[place]))
    inset = 2 if row.height >= 20 else 1
    high = row.height - 1 - 2 * inset
    y = float(top + row.top + inset)
    if track.stop[place] > track.start[place]:
        for number, lane in enumerate(track.lanes):
            at = np.searchsorted(lane.start, track.start[place], side="left")
            last = np.searchsorted(lane.start, track.stop[place], side="left")
            found = np.flatnonzero(lane.row[at:last] == place)
            if found.size:
                share = int(lane.of[at + found[0]])
                begin, end = (round(high * part / share) for part in (number, number + 1))
                return QRectF(left, y + begin, max(right - left, 2.0), end - begin)
    return QRectF(left - 1, y, max(right - left, 4.0), high)


def paint_selection(painter: QPainter, box: QRectF, theme: Theme, *, handles: bool) -> None:
    """Frame a selected bout; what can be trimmed shows handles."""
    inner = (0, 0, 0) if theme.dark else (255, 255, 255)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(*inner), 1))
    painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
    painter.setPen(QPen(QColor(*theme.text), 2))
    painter.drawRect(box.adjusted(-1, -1, 1, 1))
    if handles and box.width() >= 14:
        ink = QColor(*theme.text)
        for x in (box.left() - 2, box.right() - 2):
            painter.fillRect(QRectF(x, box.center().y() - 4, 4, 8), ink)


def paint_band(
    painter: QPainter, left: int, right: int, area: QRect, theme: Theme, *, strong: bool = False
) -> None:
    """Paint an interval over an area."""
    ink = QColor(*theme.mark)
    veil = QColor(*theme.mark, 90 if strong else 46)
    painter.fillRect(QRectF(left, area.top(), right - left, area.height()), veil)
    for x in (left, right - 1):
        painter.fillRect(QRectF(x, area.top(), 1, area.height()), ink)


def frame_text(model: TimelineModel, frame: int) -> str:
    """Return the time and the number of a frame."""
    if model.timebase is None:
        return f"{frame:,}"
    seconds = model.timebase.time(frame)
    hundredths = round(seconds * 100)
    text = clock(hundredths // 100, model.timebase.duration >= 3600)
    return f"{text}.{hundredths % 100:02d} · {frame:,}"


def paint_current(
    painter: QPainter, model: TimelineModel, scale: Scale, area: QRect, ruler: QRect, theme: Theme
) -> None:
    """Paint the line of the current frame, a band where the frame is wide, and its time."""
    frame = model.frame
    column, right = scale.columns(frame, frame + 1)
    if not model.n_frames or right <= scale.left or column >= scale.left + scale.width:
        return
    ink = QColor(*theme.cursor)
    if right - column >= 3:
        band = QRectF(column, area.top(), right - column, area.height())
        painter.fillRect(band, QColor(*theme.cursor, 60))
    painter.fillRect(QRectF(column, ruler.bottom() - 6, 1, area.bottom() - ruler.bottom() + 7), ink)
    text = frame_text(model, frame)
    metrics = QFontMetricsF(painter.font())
    wide = metrics.horizontalAdvance(text) + 10
    x = min(max(column - wide / 2, scale.left), scale.left + scale.width - wide)
    flag = QRectF(x, ruler.top() + 1, wide, ruler.height() - 8)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawRoundedRect(flag, 3, 3)
    foot = [QPointF(column - 4, flag.bottom()), QPointF(column + 5, flag.bottom())]
    painter.drawPolygon(QPolygonF([*foot, QPointF(column + 0.5, flag.bottom() + 5)]))
    painter.setPen(QColor("#000000" if theme.dark else "#ffffff"))
    painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, text)
