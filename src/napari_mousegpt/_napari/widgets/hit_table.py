"""The list of what a search found."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_mousegpt._napari.searching import Hit
from napari_mousegpt._napari.widgets.cells import SmallTable
from napari_mousegpt._napari.widgets.parts import Text

__all__ = ["HitTable"]

#: Rows that are always seen.
_FEWEST = 3


class HitTable(QWidget):
    """A row for each hit, the best first; more about the chosen one stands below."""

    #: Emitted with the row that was chosen.
    chosen = Signal(int)
    #: Emitted with the row that is chosen already and was clicked once more.
    chosen_again = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = SmallTable(("What it does", "Score", "Recording", "Time"))
        self.table.setToolTip("Click a row to see its first frame")
        self.about = Text(most_lines=6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 1)
        column.addWidget(self.about)
        column.addStretch(0)
        # Sentences need room; without it the dock would be as narrow as the other columns.
        self.setMinimumWidth(340)
        self._pressed = -1
        self.table.itemSelectionChanged.connect(self._on_row)
        self.table.cellClicked.connect(self._on_click)

    def show_hits(self, hits: Sequence[Hit]) -> None:
        """List other hits; none is chosen."""
        blocked = self.table.blockSignals(True)
        self.table.clearSelection()
        self.table.setCurrentCell(-1, -1)
        self.table.blockSignals(blocked)
        self.table.set_rows([hit.cells for hit in hits])
        # It takes the room there is, and scrolls by itself.
        head, row = self.table.horizontalHeader().sizeHint().height(), self.table.rowHeight(0)
        self.table.setMinimumHeight(head + min(len(hits), _FEWEST) * row + 6)
        self.table.setMaximumHeight(head + len(hits) * row + 6)
        for row, hit in enumerate(hits):
            for place in range(self.table.columnCount()):
                item = self.table.item(row, place)
                if item is not None:
                    item.setToolTip(hit.about)
        self.about.setText("")
        self._pressed = -1

    def _on_row(self) -> None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        if len(rows) == 1:
            self._pressed = -1
            self.chosen.emit(rows.pop())

    def _on_click(self, row: int, _: int) -> None:
        # The first click on a row chooses it, which is told above.
        if self._pressed == row:
            self.chosen_again.emit(row)
        self._pressed = row
