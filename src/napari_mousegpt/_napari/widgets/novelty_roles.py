"""Which recordings are the reference, which are new, which are left out."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.novelty_source import ROLES
from napari_mousegpt._napari.widgets.parts import choice_box, refill

__all__ = ["NoveltyRoles"]

_ROWS = 6
_NAME = Qt.ItemDataRole.UserRole
_BY_HAND = ("", "")
_SAID = {"reference": "Reference", "new": "New", "left out": "Leave out"}


class NoveltyRoles(QWidget):
    """A list of recordings with their roles, and what gives them others."""

    #: Emitted with the chosen recordings and their new role.
    given = Signal(object, str)
    #: Emitted with a column of the study table and its value that is new.
    grouped = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.groups = choice_box({_BY_HAND: "those I choose below"})
        self.groups.setToolTip("Recordings with this value are new, all others the reference")
        self.list = QListWidget()
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setToolTip("Choose recordings, then press what they are")
        self.buttons = {role: QPushButton(_SAID[role]) for role in ROLES}
        self.by_group = QWidget()
        top = QHBoxLayout(self.by_group)
        top.setContentsMargins(0, 0, 0, 0)
        top.addWidget(QLabel("New are"))
        top.addWidget(self.groups, 1)
        below = QHBoxLayout()
        for role, button in self.buttons.items():
            button.setToolTip(f"The chosen recordings are {_SAID[role].lower()}")
            button.clicked.connect(lambda _=False, role=role: self.given.emit(self.chosen(), role))
            below.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.by_group)
        column.addWidget(self.list)
        column.addLayout(below)
        self.groups.currentIndexChanged.connect(self._on_group)
        self.list.itemSelectionChanged.connect(self._enable)
        self._new = True
        self.show_roles({}, {}, {})

    def show_roles(
        self,
        roles: Mapping[str, str],
        facts: Mapping[str, str],
        groupings: Mapping[tuple[str, str], str],
    ) -> None:
        """Show recordings with their roles; those that are chosen stay chosen."""
        refill(self.groups, {_BY_HAND: "those I choose below", **groupings})
        chosen = set(self.chosen())
        blocked = self.list.blockSignals(True)
        self.list.clear()
        for name, role in roles.items():
            about = f"  ({facts[name]})" if facts.get(name) else ""
            said = role if self._new or role == "left out" else "takes part"
            item = QListWidgetItem(f"{said}:  {name}{about}")
            item.setData(_NAME, name)
            item.setToolTip(item.text())
            self.list.addItem(item)
            item.setSelected(name in chosen)
        self.list.blockSignals(blocked)
        row = max(1, self.list.sizeHintForRow(0))
        self.list.setFixedHeight(max(2, min(len(roles), _ROWS)) * row + 6)
        self._enable()

    def ask_for(self, *, new: bool) -> None:
        """Show what counts: whether a recording is new does only where new ones are sought."""
        self._new = new
        self.by_group.setVisible(new)
        self.buttons["new"].setVisible(new)
        self.buttons["reference"].setText(_SAID["reference"] if new else "Take part")

    def chosen(self) -> list[str]:
        """Return the recordings that are chosen in the list."""
        return [str(item.data(_NAME)) for item in self.list.selectedItems()]

    def choose(self, *names: str) -> None:
        """Choose recordings in the list."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            item.setSelected(item.data(_NAME) in names)

    def _enable(self) -> None:
        for button in self.buttons.values():
            button.setEnabled(bool(self.list.selectedItems()))

    def _on_group(self, _: int) -> None:
        column, value = self.groups.currentData()
        if column:
            self.grouped.emit(column, value)
