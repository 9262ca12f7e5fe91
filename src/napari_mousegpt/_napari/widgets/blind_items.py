"""The items of a blinded study as a table, in the order of scoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QWidget

from napari_mousegpt._napari.widgets.cells import SmallTable

if TYPE_CHECKING:
    from napari_mousegpt._napari.blind_progress import BlindItem

__all__ = ["BlindItems"]


class BlindItems(SmallTable):
    """Codes and how far they are; the one that is open is bold. Facts follow once they are known.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Item", "State"), most_rows=14, parent=parent)
        self.setToolTip("Double click opens an item")
        self.setWordWrap(False)
        self._items: tuple[BlindItem, ...] = ()

    def show_items(self, items: Sequence[BlindItem]) -> None:
        """Show other items, or the same ones at another stage."""
        before, self._items = self._items, tuple(items)
        if [(item.code, item.facts) for item in before] == [(i.code, i.facts) for i in items]:
            for row, (old, new) in enumerate(zip(before, items, strict=True)):
                if old != new:
                    self._update(row, new)
            return
        names = dict.fromkeys(name for item in items for name in item.facts)
        # What is the same for all, such as the name of the animal in the pose, helps nobody.
        differs = [name for name in names if len({item.facts.get(name, "") for item in items}) > 1]
        self.setColumnCount(2 + len(differs))
        self.setHorizontalHeaderLabels(["Item", "State", *differs])
        mode = QHeaderView.ResizeMode
        first = mode.ResizeToContents if differs else mode.Stretch
        self.horizontalHeader().setSectionResizeMode(0, first)
        rows = [
            (item.code, item.state, *(item.facts.get(name, "") for name in differs))
            for item in items
        ]
        self.set_rows(rows)
        for row, item in enumerate(items):
            self._update(row, item)
        if differs:
            # Facts are wider than a dock.
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
            self.setFixedHeight(self.height() + self.horizontalScrollBar().sizeHint().height())
        else:
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def _update(self, row: int, item: BlindItem) -> None:
        for place in range(self.columnCount()):
            cell = self.item(row, place)
            if cell is None:
                continue
            if place == 1:
                cell.setText(item.state)
                cell.setToolTip(item.state)
            font = cell.font()
            font.setBold(item.shown)
            cell.setFont(font)
