"""The table of bouts: it answers to keys, and tells by signals what the user does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import (  # type: ignore[attr-defined]
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_mousegpt._napari.bout_rows import COLUMNS, BoutFilter, BoutRows
from napari_mousegpt._napari.bout_words import HEADINGS
from napari_mousegpt._napari.widgets.bout_editor import BoutEditor
from napari_mousegpt._napari.widgets.bout_model import EDITABLE, BoutModel, column_width
from napari_mousegpt._napari.widgets.column_menu import ColumnMenu

if TYPE_CHECKING:
    from qtpy.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent

    from napari_mousegpt.core.timebase import Timebase

__all__ = ["KEYS", "BoutTable"]

_ANIMAL = COLUMNS.index("individual")
#: What a key does to the chosen bouts.
KEYS = {
    Qt.Key.Key_A: "accept",
    Qt.Key.Key_R: "reject",
    Qt.Key.Key_Delete: "remove",
    Qt.Key.Key_Return: "loop",
    Qt.Key.Key_Enter: "loop",
}


class BoutTable(QTableView):
    """Shows bouts; what the user does with them is told by signals."""

    #: The user chose these bouts, or clicked the one again that is chosen.
    chosen = Signal(tuple)
    #: A key of :data:`KEYS` was pressed, or a cell double-clicked in which nothing is written.
    acted = Signal(str)
    #: Any other letter or number was typed.
    typed = Signal(str)
    #: A cell was written in: bout id, column, text.
    edited = Signal(str, str, str)
    #: A menu is wanted at a place of the screen.
    menu_wanted = Signal(object)
    #: Rows were sorted or changed, so that the selection has to be found again.
    arranged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = BoutRows()
        self.bouts = BoutModel(self.rows, self)
        self._quiet = self._several = False
        self._before: tuple[str, ...] = ()
        self.setModel(self.bouts)
        self.setItemDelegate(BoutEditor(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setIconSize(QSize(10, 10))
        side, top = self.verticalHeader(), self.horizontalHeader()
        side.setVisible(False)
        # Rows of one height need not be measured.
        side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        side.setDefaultSectionSize(self.fontMetrics().height() + 8)
        side.setMinimumSectionSize(1)
        # A header that shows what is selected asks every row about it, each time it is painted.
        top.setSelectionModel(QItemSelectionModel(self.bouts, self))
        top.setSortIndicator(COLUMNS.index("start"), Qt.SortOrder.AscendingOrder)
        top.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setSortingEnabled(True)
        self._measure(None)
        self._menu = ColumnMenu(self, [HEADINGS[name][0] for name in COLUMNS])
        self._menu.show_column(_ANIMAL, False)
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.clicked.connect(self._on_clicked)
        self.doubleClicked.connect(self._on_double)
        top.sortIndicatorChanged.connect(self._on_sorted)

    def show_columns(
        self, columns: Mapping[str, Any], timebase: Timebase | None, colours: Mapping[str, str]
    ) -> None:
        """Show other bouts; the place of the scroll bar stays."""
        self.bouts.colours = colours
        if timebase is not self.rows.timebase:
            self._measure(timebase)
        self._change(lambda: self.rows.set_columns(columns, timebase))
        several = len(self.rows.texts("individual").values) > 1
        if several != self._several:
            # What the user hides of the others, or of the animals later, stays hidden.
            self._several = several
            self._menu.show_column(_ANIMAL, several)

    def set_filter(self, chosen: BoutFilter) -> None:
        """Show the bouts that a filter lets pass."""
        self._change(lambda: self.rows.set_filter(chosen))

    def set_frames(self, frames: bool) -> None:
        """Show times as frames, or as minutes and seconds."""
        self.bouts.frames = frames
        self.viewport().update()

    def set_quiet_ink(self, colour: str) -> None:
        """Take the colour of the rows that are rejected."""
        self.bouts.quiet = QColor(colour)
        self.viewport().update()

    def chosen_ids(self) -> tuple[str, ...]:
        """Return the bouts that are chosen and shown, in the order of the table."""
        return self.rows.bout_ids(self.chosen_rows())

    def chosen_rows(self) -> list[int]:
        """Return the rows that are chosen, rising."""
        rows: set[int] = set()
        for part in self.selectionModel().selection():
            rows.update(range(part.top(), part.bottom() + 1))
        return sorted(rows)

    def follow(self, bout_ids: Sequence[str], *, scroll: bool = False) -> None:
        """Choose these bouts, as somebody else did.

        Parameters
        ----------
        bout_ids : sequence of str
            Those that the filter keeps out are not chosen.
        scroll : bool
            Bring the first one into view if none of them is seen.
        """
        rows = self.rows.rows_of(bout_ids).tolist()
        self._quiet = True
        found, last = QItemSelection(), len(COLUMNS) - 1
        begin = 0
        for place, row in enumerate(rows):
            if place + 1 == len(rows) or rows[place + 1] != row + 1:
                found.select(self.bouts.index(rows[begin], 0), self.bouts.index(row, last))
                begin = place + 1
        model = self.selectionModel()
        model.select(found, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        # To move on would take what is half written for what was meant.
        if rows and self.state() != QAbstractItemView.State.EditingState:
            self._make_current(rows, scroll)
        self._quiet = False

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Do what the key stands for; letters do not search, as they would in a list."""
        action = _action(event)
        if action:
            self.acted.emit(action)
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:  # noqa: N802 - Qt's name
        """Tell what was typed: the keys of labels mean the same here as on the canvas."""
        self.typed.emit(search)

    def event(self, event: QEvent) -> bool:
        """Keep our keys from the shortcuts of napari while the table has the focus."""
        if event.type() == QEvent.Type.ShortcutOverride and _action(event):
            event.accept()
            return True
        return bool(super().event(event))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Note what was chosen before."""
        self._before = self.chosen_ids()
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        """Ask for a menu."""
        self.menu_wanted.emit(event.globalPos())

    def _change(self, task: Callable[[], None]) -> None:
        self._quiet = True
        self.bouts.change(task)
        self._quiet = False
        self.arranged.emit()

    def _make_current(self, rows: list[int], scroll: bool) -> None:
        """Make one of these rows the one that the arrow keys start from."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        seen = [row for row in rows if first <= row and (last < 0 or row < last)]
        # Qt would scroll to the current cell, sideways too.
        self.setAutoScroll(False)
        if self.currentIndex().row() not in rows:
            current = self.bouts.index((seen or rows)[0], 0)
            flag = QItemSelectionModel.SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(current, flag)
        if scroll and not seen:
            aside = self.horizontalScrollBar().value()
            self.scrollTo(self.bouts.index(rows[0], 0), self.ScrollHint.PositionAtCenter)
            self.horizontalScrollBar().setValue(aside)
        self.setAutoScroll(True)

    def _measure(self, timebase: Timebase | None) -> None:
        """Make the columns as wide as what mostly stands in them; the user may change that."""
        for place, name in enumerate(COLUMNS):
            self.setColumnWidth(place, column_width(name, self.fontMetrics(), timebase))

    def _on_selection(self, *_: object) -> None:
        if not self._quiet:
            self.chosen.emit(self.chosen_ids())

    def _on_clicked(self, index: QModelIndex) -> None:
        bout = self.rows.bout_ids([index.row()])
        if bout == self._before:
            self.chosen.emit(bout)

    def _on_double(self, index: QModelIndex) -> None:
        if COLUMNS[index.column()] in EDITABLE:
            self.edit(index)
        else:
            self.acted.emit("loop")

    def _on_sorted(self, *_: object) -> None:
        self.arranged.emit()


def _action(event: QKeyEvent) -> str:
    """Return what a key does, empty for nothing."""
    for standard, action in (
        (QKeySequence.StandardKey.Undo, "undo"),
        (QKeySequence.StandardKey.Redo, "redo"),
    ):
        if event.matches(standard):
            return action
    plain = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
    return KEYS.get(event.key(), "") if event.modifiers() in plain else ""
