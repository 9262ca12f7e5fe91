"""What the colours of a map mean; names can be chosen, to see only those."""

from __future__ import annotations

from qtpy.QtCore import QRectF, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor, QLinearGradient, QPainter
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_mousegpt._napari.map_colours import Colouring, score_colour
from napari_mousegpt._napari.widgets.filter_fields import LabelList

__all__ = ["MapLegend"]


class MapLegend(QWidget):
    """Names with a colour and a count each, or a scale of colours."""

    #: Emitted with the names that are to be seen, None for all.
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = LabelList()
        self.list.setToolTip("Click names to see only those; with none chosen all are shown")
        self.scale = _Scale()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        column.addWidget(self.scale)
        self.list.itemSelectionChanged.connect(self._on_chosen)
        self.show_colours(None)

    def show_colours(self, colouring: Colouring | None) -> None:
        """Explain other colours; names that are chosen stay so while they are there."""
        named = colouring is not None and colouring.limits is None
        self.list.setVisible(named)
        self.scale.setVisible(colouring is not None and not named)
        if colouring is None:
            self.list.offer({}, {}, None)
        elif colouring.limits is not None:
            self.scale.show_limits(*colouring.limits)
            self.list.offer({}, {}, None)
        else:
            counts = colouring.counts()
            colours = dict(zip(colouring.names, colouring.colours, strict=True))
            kept = frozenset(counts) & (self.list.chosen() or frozenset())
            blocked = self.list.blockSignals(True)
            self.list.offer(counts, colours, kept or None)
            self.list.choose(kept or None)
            self.list.blockSignals(blocked)

    def _on_chosen(self) -> None:
        self.chosen.emit(self.list.chosen())


class _Scale(QWidget):
    """A bar of colours between the lowest and the highest value."""

    def __init__(self) -> None:
        super().__init__()
        self.low, self.high, self._bar = QLabel(), QLabel(), _Bar()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.addWidget(self.low)
        row.addWidget(self._bar, 1)
        row.addWidget(self.high)

    def show_limits(self, low: float, high: float) -> None:
        """Write both ends."""
        self.low.setText(f"{low:.2g}")
        self.high.setText(f"{high:.2g}")


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(12)

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Paint the colours from low to high."""
        painter = QPainter(self)
        shades = QLinearGradient(0, 0, self.width(), 0)
        for step in range(11):
            shades.setColorAt(step / 10, QColor(score_colour(step / 10)))
        painter.fillRect(QRectF(self.rect()), shades)
        painter.end()
