"""A menu of the header of a table: which columns are shown."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QTableView

__all__ = ["ColumnMenu"]


class ColumnMenu(QObject):
    """Hides and shows columns; the first one always stays.

    Parameters
    ----------
    table : QTableView
        Whose header gets the menu.
    names : sequence of str
        What the columns are called.
    """

    def __init__(self, table: QTableView, names: Sequence[str]) -> None:
        super().__init__(table)
        self._table = table
        self._actions: list[QAction] = []
        header = table.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for place, name in enumerate(names):
            action = QAction(name, header)
            action.setCheckable(True)
            action.setChecked(True)
            action.setData(place)
            action.toggled.connect(self._on_toggled)
            self._actions.append(action)
            if place:
                header.addAction(action)

    def show_column(self, place: int, shown: bool) -> None:
        """Show or hide a column."""
        self._actions[place].setChecked(shown)

    def _on_toggled(self, shown: bool) -> None:
        self._table.setColumnHidden(int(self.sender().data()), not shown)
