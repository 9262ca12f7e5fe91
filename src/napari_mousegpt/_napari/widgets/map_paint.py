"""What is painted over the points of a map: the lasso, the point on screen, a note."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRect, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from napari_mousegpt._napari.timeline.theme import Theme

__all__ = ["paint_note", "paint_over"]

#: Radius of the ring around the point on screen.
_RING = 7.0


def paint_over(
    painter: QPainter, theme: Theme, line: QPolygonF, here: tuple[float, float] | None
) -> None:
    """Paint the line that is being drawn, and a ring around the point on screen."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if here is not None:
        painter.setPen(QPen(QColor(*theme.cursor), 2.0))
        painter.drawEllipse(QPointF(*here), _RING, _RING)
    if line.size() > 1:
        fill = QColor(*theme.mark)
        fill.setAlpha(46)
        painter.setPen(QPen(QColor(*theme.mark), 1.6))
        painter.setBrush(fill)
        painter.drawPolygon(line)


def paint_note(painter: QPainter, theme: Theme, in_view: int, height: int) -> None:
    """Say that density is shown, at the foot of the map."""
    note = f"density of {in_view:,}; zoom in for points"
    box = QRect(4, height - 22, painter.fontMetrics().horizontalAdvance(note) + 12, 18)
    ground = QColor(*theme.background)
    ground.setAlpha(200)
    painter.fillRect(box, ground)
    painter.setPen(QColor(*theme.text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, note)
