"""Small icons for the timeline, drawn as strokes in the colour of the text."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

__all__ = ["ICONS", "icon"]

_SIZE = 16
_Line = tuple[tuple[float, float], ...]
#: Strokes on a grid of 16 pixels.
ICONS: dict[str, tuple[_Line, ...]] = {
    "in": (
        ((6, 2), (3, 2), (3, 14), (6, 14)), ((13, 8), (7, 8)), ((9.5, 5.5), (7, 8), (9.5, 10.5)),
    ),
    "out": (
        ((10, 2), (13, 2), (13, 14), (10, 14)), ((3, 8), (9, 8)), ((6.5, 5.5), (9, 8), (6.5, 10.5)),
    ),
    "draw": (
        ((2, 11), (2, 14)), ((14, 11), (14, 14)), ((2, 12.5), (14, 12.5)),
        ((5, 9), (5.5, 6.5), (11, 1.5), (13, 3.5), (7.5, 8.5), (5, 9)),
    ),
    "label": (((2, 3), (9, 3), (14, 8), (9, 13), (2, 13), (2, 3)), ((5, 8), (5.1, 8))),
    "split": (((8, 1.5), (8, 14.5)), ((5, 5), (2, 8), (5, 11)), ((11, 5), (14, 8), (11, 11))),
    "merge": (((8, 1.5), (8, 14.5)), ((2, 5), (5, 8), (2, 11)), ((14, 5), (11, 8), (14, 11))),
    "accept": (((2.5, 8.5), (6.5, 12.5), (13.5, 4)),),
    "reject": (((3.5, 3.5), (12.5, 12.5)), ((12.5, 3.5), (3.5, 12.5))),
    "comment": (
        ((2, 3), (14, 3), (14, 11), (8, 11), (5, 14), (5, 11), (2, 11), (2, 3)),
        ((5, 7), (5.1, 7)), ((8, 7), (8.1, 7)), ((11, 7), (11.1, 7)),
    ),
    "previous": (((10.5, 3), (5.5, 8), (10.5, 13)),),
    "next": (((5.5, 3), (10.5, 8), (5.5, 13)),),
    "fit": (
        ((1.5, 3), (1.5, 13)), ((14.5, 3), (14.5, 13)), ((4, 8), (12, 8)),
        ((6, 5.5), (3.8, 8), (6, 10.5)), ((10, 5.5), (12.2, 8), (10, 10.5)),
    ),
    "tracks": (
        ((2, 4), (9, 4)), ((11.5, 4), (14, 4)), ((2, 8), (4.5, 8)), ((7, 8), (14, 8)),
        ((2, 12), (11, 12)), ((13.5, 12), (14, 12)),
    ),
    "undo": (((5.5, 2.5), (2.5, 5.5), (5.5, 8.5)),),
    "redo": (((10.5, 2.5), (13.5, 5.5), (10.5, 8.5)),),
    "loop": (((11, 0.8), (13.2, 3), (11, 5.2)), ((5, 10.8), (2.8, 13), (5, 15.2))),
}  # fmt: skip


def icon(name: str, colour: str, *, scale: float = 2.0) -> QIcon:
    """Return an icon.

    Parameters
    ----------
    name : str
        One of :data:`ICONS`.
    colour : str
        ``"#rrggbb"``; where it cannot be used the icon is paler.
    scale : float
        Pixels of the screen per pixel of the grid.
    """
    found = QIcon()
    found.addPixmap(_drawn(name, colour, 1.0, scale), QIcon.Mode.Normal)
    found.addPixmap(_drawn(name, colour, 0.3, scale), QIcon.Mode.Disabled)
    return found


def _drawn(name: str, colour: str, opacity: float, scale: float) -> QPixmap:
    picture = QPixmap(round(_SIZE * scale), round(_SIZE * scale))
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(opacity)
    pen = QPen(QColor(colour), 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    for line in ICONS[name]:
        path = QPainterPath(QPointF(*line[0]))
        for point in line[1:]:
            path.lineTo(QPointF(*point))
        painter.drawPath(path)
    painter.drawPath(_bend(name))
    painter.end()
    return picture


def _bend(name: str) -> QPainterPath:
    """Return the round part of an icon, empty for most."""
    path = QPainterPath()
    if name in ("undo", "redo"):
        # From the point of the arrow to the right (or left), and back below.
        tip, box = (2.5, 4.5) if name == "undo" else (13.5, 3.5), QRectF(6, 5.5, 7.5, 7.5)
        path.moveTo(QPointF(tip[0], 5.5))
        if name == "undo":
            path.lineTo(QPointF(9.5, 5.5))
            path.arcTo(box, 90, -180)
            path.lineTo(QPointF(5, 13))
        else:
            path.lineTo(QPointF(6.5, 5.5))
            path.arcTo(QRectF(2.5, 5.5, 7.5, 7.5), 90, 180)
            path.lineTo(QPointF(11, 13))
    elif name == "loop":
        path.moveTo(QPointF(2, 8))
        path.arcTo(QRectF(2, 3, 7, 7), 180, -90)
        path.lineTo(QPointF(13, 3))
        path.moveTo(QPointF(14, 8))
        path.arcTo(QRectF(7, 6, 7, 7), 0, -90)
        path.lineTo(QPointF(3, 13))
    return path
