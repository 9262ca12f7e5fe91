"""A short list of names to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QListWidget, QListWidgetItem, QWidget

__all__ = ["CheckList"]

_MOST_ROWS = 5


class CheckList(QListWidget):
    """Names with a box each, all checked at first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.setToolTip("Those that are not checked are left out")

    def __len__(self) -> int:
        return self.count()

    def names(self) -> list[str]:
        """Return all names."""
        return [self.item(row).text() for row in range(self.count())]

    def offer(self, names: Sequence[str]) -> None:
        """Offer other names; the same ones keep their boxes."""
        if list(names) == self.names():
            return
        self.clear()
        for name in names:
            item = QListWidgetItem(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.addItem(item)
        rows = max(1, min(len(names), _MOST_ROWS))
        self.setFixedHeight(rows * max(18, self.sizeHintForRow(0)) + 4)

    def check(self, name: str, checked: bool) -> None:
        """Check or uncheck a name."""
        item = self.item(self.names().index(name))
        item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)

    def chosen(self) -> tuple[str, ...] | None:
        """Return the checked names; None when all are, or there are none to choose from."""
        kept = [
            name
            for row, name in enumerate(self.names())
            if self.item(row).checkState() == Qt.CheckState.Checked
        ]
        return None if len(kept) == self.count() else tuple(kept)
