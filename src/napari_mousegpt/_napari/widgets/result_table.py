"""A table of what was found, with an example to jump to in every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_mousegpt._napari.widgets.cells import SmallTable
from napari_mousegpt._napari.widgets.parts import Text

if TYPE_CHECKING:
    from napari_mousegpt._napari.outcome import ResultRow

__all__ = ["ResultTable"]


class ResultTable(QWidget):
    """Rows of labels or clusters; the sentence of the chosen one stands below.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    tip : str
        What a click does.
    """

    #: The example of the chosen row begins with this frame.
    jumped = Signal(int)

    def __init__(self, header: Sequence[str], tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._header = list(header)
        self._rows: list[ResultRow] = []
        self.table = SmallTable(header, most_rows=8)
        self.table.setToolTip(tip)
        self.sentence = Text()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        column.addWidget(self.sentence)
        self.table.itemSelectionChanged.connect(self._on_row)
        self.show_rows([])

    def show_rows(self, rows: Sequence[ResultRow], header: Sequence[str] = ()) -> None:
        """Show other rows, with another header if one is given."""
        self._rows = []
        self.table.clearSelection()
        self.table.setCurrentCell(-1, -1)
        self.table.setHorizontalHeaderLabels(list(header or self._header))
        self.table.set_rows([row.cells for row in rows])
        self._rows = list(rows)
        for number, row in enumerate(rows):
            for place in range(self.table.columnCount()):
                item = self.table.item(number, place)
                if item is not None:
                    item.setToolTip(f"{row.cells[0]}: {row.sentence}")
        self.sentence.setText("")

    def _on_row(self) -> None:
        chosen = {index.row() for index in self.table.selectedIndexes()}
        row = self._rows[chosen.pop()] if len(chosen) == 1 and self._rows else None
        if row is None:
            return
        self.sentence.setText(f"{row.cells[0]}: {row.sentence}")
        if row.frame is not None:
            self.jumped.emit(row.frame)
