"""Small tables: read-only cells, and cells to write in or choose from."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

__all__ = ["SmallTable"]


class SmallTable(QTableWidget):
    """A table as high as its rows, up to a limit; the first column takes the room there is.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    most_rows : int
        More rows scroll.
    """

    def __init__(
        self, header: Sequence[str], most_rows: int = 7, parent: QWidget | None = None
    ) -> None:
        super().__init__(0, len(header), parent)
        self._most = most_rows
        self.setHorizontalHeaderLabels(list(header))
        self.verticalHeader().setVisible(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        top = self.horizontalHeader()
        top.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        top.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.set_rows([])

    def set_rows(self, rows: Sequence[Sequence[str]], editable: Sequence[int] = ()) -> None:
        """Show other rows; the cells of the columns that are named can be written in."""
        blocked = self.blockSignals(True)
        chosen = self.currentRow()
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for place, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if place not in editable:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                if place:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.setItem(number, place, item)
        if 0 <= chosen < len(rows):
            self.selectRow(chosen)
        self.blockSignals(blocked)
        self._fit()
        self.setVisible(bool(rows))

    def cell(self, row: int, column: int) -> str:
        """Return the text of a cell."""
        item = self.item(row, column)
        return "" if item is None else item.text().strip()

    def _fit(self) -> None:
        count = min(self.rowCount(), self._most)
        row = max(self.rowHeight(0), self.fontMetrics().height() + 8) if self.rowCount() else 0
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + count * row + 6)
