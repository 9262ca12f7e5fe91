"""Bouts for a table view: only the cells that are painted are ever made into text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QWidget

from napari_mousegpt._napari.bout_rows import COLUMNS, BoutRows
from napari_mousegpt._napari.bout_words import HEADINGS, cell_text, cell_tip, time_text
from napari_mousegpt._napari.widgets.filter_fields import colour_icon

if TYPE_CHECKING:
    from qtpy.QtGui import QFontMetrics

    from napari_mousegpt.core.timebase import Timebase

__all__ = ["EDITABLE", "BoutModel", "column_width"]

#: Columns that are written in; a double-click on any other loops the bout.
EDITABLE = ("label", "comment")
_MIDDLE = Qt.AlignmentFlag.AlignVCenter
_ALIGNED = {
    **dict.fromkeys(("start", "stop", "length"), Qt.AlignmentFlag.AlignRight | _MIDDLE),
    "confidence": Qt.AlignmentFlag.AlignHCenter | _MIDDLE,
}

#: Texts that the columns are made for; longer ones elide.
_SAMPLES = {
    "label": "walking, fast", "individual": "mouse 1", "length": "0:00.0", "confidence": "0.00",
    "source": "cluster", "status": "proposed", "comment": "look at this again",
}  # fmt: skip


class BoutModel(QAbstractTableModel):
    """The rows of a table of bouts.

    Parameters
    ----------
    rows : BoutRows
        What is shown.
    """

    def __init__(self, rows: BoutRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = rows
        self._count = len(rows)
        self.frames = False
        self.colours: Mapping[str, str] = {}
        self.quiet = QColor("#808080")

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """Return how many bouts are shown."""
        return 0 if parent is not None and parent.isValid() else self._count

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return what a column is called."""
        if orientation == Qt.Orientation.Horizontal:
            name, meaning = HEADINGS[COLUMNS[section]]
            if role == Qt.ItemDataRole.DisplayRole:
                return name
            if role == Qt.ItemDataRole.ToolTipRole:
                return f"{meaning}. Click to sort, right-click to choose columns"
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Return what can be done with a cell."""
        flags = super().flags(index)
        if index.isValid() and COLUMNS[index.column()] in EDITABLE:
            return flags | Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row, column = index.row(), COLUMNS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return cell_text(self.rows, row, column, frames=self.frames)
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell_tip(self.rows, row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNED.get(column)
        if role == Qt.ItemDataRole.DecorationRole and column == "label":
            return colour_icon(self.colours.get(self.rows.value(row, "label"), "#808080"))
        if self.rows.value(row, "status") == "rejected":
            if role == Qt.ItemDataRole.ForegroundRole:
                return self.quiet
            if role == Qt.ItemDataRole.FontRole and column == "label":
                font = QFont()
                font.setStrikeOut(True)
                return font
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        down = order == Qt.SortOrder.DescendingOrder
        self.change(lambda: self.rows.sort_by(COLUMNS[column], descending=down))

    def change(self, task: Callable[[], None]) -> None:
        """Change the rows. What is selected and where the view stands is not touched."""
        before = len(self.rows)
        task()
        # The view is told of a difference in number only, and to paint what it shows anew: moving
        # every row of a long selection would take seconds.
        after, self._count = len(self.rows), before
        if after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
            self._count = after
            self.endInsertRows()
        elif after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
            self._count = after
            self.endRemoveRows()
        if after:
            self.dataChanged.emit(self.index(0, 0), self.index(after - 1, len(COLUMNS) - 1))


def column_width(name: str, metrics: QFontMetrics, timebase: Timebase | None) -> int:
    """Return how wide a column is made for a recording, in pixels."""
    texts = [f"{HEADINGS[name][0]} v", _SAMPLES.get(name, "")]
    if name in ("start", "stop"):
        texts += ["0" * 7] if timebase is None else [time_text(timebase.duration)]
        texts += [] if timebase is None else [str(timebase.n_frames)]
    wide = max(metrics.horizontalAdvance(text) for text in texts)
    return wide + (26 if name == "label" else 14)
