"""A tree of behaviours: those that are alike join first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QWidget

from napari_mousegpt._napari.map_tree import TreeLines, tree_lines
from napari_mousegpt._napari.timeline.theme import Theme

__all__ = ["TreeView"]

_ROW, _CHIP = 17, 9
_MOST_ROWS = 40


class TreeView(QWidget):
    """Draws a dendrogram with a name at every leaf; two of them can stand out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tree = TreeLines((), (), 1.0)
        self._names: tuple[str, ...] = ()
        self._colours: tuple[str, ...] = ()
        self._marked: frozenset[int] = frozenset()
        self._limit = 0.0
        self._theme = Theme()

    def set_theme(self, colours: Mapping[str, object]) -> None:
        """Take the colours of a napari theme."""
        self._theme = Theme.of(colours)
        self.update()

    def show_tree(
        self,
        linkage: NDArray[np.float64],
        names: Sequence[str],
        colours: Sequence[str],
        limit: float,
    ) -> None:
        """Show a tree; what joins left of the limit is suggested to be merged."""
        self._tree = tree_lines(linkage, len(names))
        self._names, self._colours = tuple(names), tuple(colours)
        self._limit = limit / self._tree.most
        self.setMinimumHeight(_ROW * max(1, min(len(names), _MOST_ROWS)) + 4)
        self.setToolTip("Behaviours that join far to the left are alike; those left of the dashes "
                        "are suggested to be merged")  # fmt: skip
        self.updateGeometry()
        self.update()

    def mark(self, leaves: frozenset[int]) -> None:
        """Let some leaves, by their row, stand out."""
        self._marked = leaves
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a row for each name."""
        return QSize(320, _ROW * max(1, len(self._names)) + 4)

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Paint names, then the lines."""
        painter = QPainter(self)
        metrics = painter.fontMetrics()
        wide = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        left = min(wide, self.width() // 2) + _CHIP + 12
        high = (self.height() - 4) / max(1, len(self._names))
        bold = painter.font()
        bold.setBold(True)
        plain = painter.font()
        for place, leaf in enumerate(self._tree.order):
            y = 2 + place * high
            marked = leaf in self._marked
            painter.setFont(bold if marked else plain)
            chip = QRectF(2, y + (high - _CHIP) / 2, _CHIP, _CHIP)
            painter.fillRect(chip, QColor(self._colours[leaf]))
            painter.setPen(QColor(*(self._theme.text if marked else self._theme.muted)))
            box = QRectF(_CHIP + 6, y, left - _CHIP - 10, high)
            elided = painter.fontMetrics().elidedText(
                self._names[leaf], Qt.TextElideMode.ElideRight, int(box.width())
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, elided)
        across = max(self.width() - left - 8, 10)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(*self._theme.text), 1.2))
        for x1, y1, x2, y2 in self._tree.lines:
            painter.drawLine(
                int(left + x1 * across), int(2 + (y1 + 0.5) * high),
                int(left + x2 * across), int(2 + (y2 + 0.5) * high),
            )  # fmt: skip
        if 0 < self._limit < 1 and self._tree.lines:
            painter.setPen(QPen(QColor(*self._theme.cursor), 1.0, Qt.PenStyle.DashLine))
            at = int(left + self._limit * across)
            painter.drawLine(at, 0, at, self.height())
        painter.end()
