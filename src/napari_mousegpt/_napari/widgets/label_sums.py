"""What the bouts add up to, label by label, as a table to sort and click."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qtpy.QtCore import QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_mousegpt._napari.bout_sums import LabelSum
from napari_mousegpt._napari.bout_words import length_text
from napari_mousegpt._napari.widgets.filter_fields import colour_icon

__all__ = ["LabelSums"]

#: Columns and what they mean; rejected bouts count in the last one only.
_COLUMNS = {
    "Label": "Behaviour. Click to see its bouts only, once more to see all",
    "Bouts": "Bouts that are not rejected",
    "Time": "Sum of their lengths",
    "Median": "Median of their lengths",
    "Conf.": "Mean of their confidences, where they have one",
    "Accepted": "Part of all bouts, rejected ones too, that somebody has accepted",
}


class LabelSums(QTableWidget):
    """One row for each label."""

    #: The bouts of a label are wanted.
    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_COLUMNS), parent)
        self.setHorizontalHeaderLabels(list(_COLUMNS))
        for place, meaning in enumerate(_COLUMNS.values()):
            self.horizontalHeaderItem(place).setToolTip(meaning)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setIconSize(QSize(10, 10))
        self.setWordWrap(False)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        top = self.horizontalHeader()
        top.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        top.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        top.setHighlightSections(False)
        top.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setColumnWidth(0, self.fontMetrics().horizontalAdvance("walking, fast") + 26)
        top.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.cellClicked.connect(self._on_click)

    def show_sums(
        self, sums: Sequence[LabelSum], colours: Mapping[str, str], *, frames: bool
    ) -> None:
        """Show these labels, sorted as before; their times are frames where no clock is known."""
        self.setSortingEnabled(False)
        self.setRowCount(len(sums))
        for row, one in enumerate(sums):
            confidence = "" if math.isnan(one.confidence) else f"{one.confidence:.2f}"
            median = "" if math.isnan(one.median) else length_text(one.median, frames=frames)
            cells = (
                (one.label, one.label.casefold()),
                (f"{one.bouts:,}", one.bouts),
                (length_text(one.seconds, frames=frames), one.seconds),
                (median, one.median),
                (confidence, one.confidence),
                (f"{one.accepted:.0%}", one.accepted),
            )
            for place, (text, key) in enumerate(cells):
                item = _Cell(text, key)
                if place:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                else:
                    item.setIcon(colour_icon(colours.get(one.label, "#808080")))
                    item.setToolTip(one.label)
                self.setItem(row, place, item)
        self.setSortingEnabled(True)

    def _on_click(self, row: int, column: int) -> None:
        item = self.item(row, 0)
        if item is not None:
            self.wanted.emit(item.text())


class _Cell(QTableWidgetItem):
    """A cell that is sorted by a value instead of by its text; one without a value is least."""

    def __init__(self, text: str, key: str | float) -> None:
        super().__init__(text)
        self.key = -1.0 if key != key else key

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return bool(self.key < other.key)  # type: ignore[attr-defined]
