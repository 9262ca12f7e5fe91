"""Buttons and a menu for what can be done to the chosen bouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QGridLayout, QInputDialog, QMenu, QPushButton, QSizePolicy, QWidget

from napari_mousegpt._napari.widgets.filter_fields import colour_icon

__all__ = ["BoutActions"]

#: Buttons: action, text, tooltip, least number of bouts that have to be chosen.
_BUTTONS = (
    ("previous", "\N{BLACK LEFT-POINTING TRIANGLE}", "Previous bout of the table", 0),
    ("next", "\N{BLACK RIGHT-POINTING TRIANGLE}", "Next bout of the table", 0),
    ("accept", "Accept", "Accept the chosen bouts (A)", 1),
    ("reject", "Reject", "Reject the chosen bouts; they stay in the table (R)", 1),
    ("relabel", "Relabel", "Give the chosen bouts another label", 1),
    ("undo", "\N{ANTICLOCKWISE OPEN CIRCLE ARROW}", "Nothing to undo", 0),
    ("redo", "\N{CLOCKWISE OPEN CIRCLE ARROW}", "Nothing to redo", 0),
    ("comment", "Comment", "Write a comment to the chosen bouts", 1),
    ("merge", "Join", "Join the chosen bouts of one animal to one", 2),
    ("remove", "Remove", "Remove your own bouts, reject those of others (Del)", 1),
)
_COLUMNS = 5


class BoutActions(QWidget):
    """Asks what is to be done; the panel does it."""

    #: An action of the chosen bouts, and a text where it needs one.
    wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self._colours: Mapping[str, str] = {}
        self._chosen = 0
        self._labels = QMenu(self)
        self._labels.triggered.connect(self._on_action)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        for place, (action, text, tip, least) in enumerate(_BUTTONS):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setProperty("action", action)
            button.setProperty("least", least)
            if len(text) == 1:
                button.setFixedWidth(28)
            else:
                # Five columns of words fit into a dock of 280 pixels.
                button.setStyleSheet("padding: 3px 0px;")
                button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
                grid.setColumnStretch(place % _COLUMNS, 1)
            button.clicked.connect(self._on_button)
            grid.addWidget(button, place // _COLUMNS, place % _COLUMNS)
            self.buttons[action] = button

    def allow(self, chosen: int, *, total: int, undo: str, redo: str) -> None:
        """Switch on what can be done.

        Parameters
        ----------
        chosen, total : int
            Bouts that are chosen, and bouts in the table.
        undo, redo : str
            What would be undone or done again; empty for nothing.
        """
        self._chosen = chosen
        for button in self.buttons.values():
            button.setEnabled(chosen >= button.property("least"))
        for action in ("previous", "next"):
            self.buttons[action].setEnabled(total > 0)
        for action, what, keys in (("undo", undo, "Ctrl+Z"), ("redo", redo, "Ctrl+Shift+Z")):
            self.buttons[action].setEnabled(bool(what))
            tip = f"{action.capitalize()}: {what}" if what else f"Nothing to {action}"
            self.buttons[action].setToolTip(f"{tip} ({keys} in the table)" if what else tip)

    def set_labels(self, colours: Mapping[str, str]) -> None:
        """Offer these labels to relabel with."""
        self._colours = colours

    def menu(self, parent: QWidget) -> QMenu:
        """Return a menu of what can be done to the chosen bouts; show it, then delete it."""
        menu = QMenu(parent)
        many = f" {self._chosen:,} bouts" if self._chosen > 1 else ""
        entries: Sequence[tuple[str, str, bool]] = (
            ("accept", f"Accept{many}\tA", True),
            ("reject", f"Reject{many}\tR", True),
            ("propose", "Back to proposed", True),
            ("", "", True),
            ("comment", f"Comment{many} ...", True),
            ("merge", f"Join{many}", self._chosen > 1),
            ("split", "Split at the current frame", self._chosen == 1),
            ("remove", f"Remove{many}\tDel", True),
            ("", "", True),
            ("loop", "Play in a loop\tEnter", self._chosen == 1),
        )
        for action, text, possible in entries:
            if not action:
                menu.addSeparator()
                continue
            entry = menu.addAction(text)
            entry.setData((action, ""))
            entry.setEnabled(possible and self._chosen > 0)
        relabel = QMenu(f"Relabel{many}", menu)
        self._fill(relabel)
        relabel.setEnabled(self._chosen > 0)
        menu.insertMenu(menu.actions()[3], relabel)
        menu.triggered.connect(self._on_action)
        return menu

    def ask(self, action: str) -> None:
        """Ask for the text an action needs, and tell both."""
        many = f"{self._chosen:,} bouts" if self._chosen != 1 else "this bout"
        question = {"comment": f"Comment on {many}:", "relabel": f"New label of {many}:"}[action]
        text, sure = QInputDialog.getText(self, "Ethogram", question)
        if sure and (text.strip() or action == "comment"):
            self.wanted.emit(action, text.strip())

    def _fill(self, menu: QMenu) -> None:
        for label in sorted(self._colours, key=str.casefold):
            entry = menu.addAction(colour_icon(self._colours[label]), label.replace("&", "&&"))
            entry.setData(("relabel", label))
        menu.addSeparator()
        menu.addAction("Other ...").setData(("relabel", ""))

    def _on_button(self) -> None:
        button = self.sender()
        action = str(button.property("action"))
        if action == "relabel":
            self._labels.clear()
            self._fill(self._labels)
            self._labels.popup(button.mapToGlobal(button.rect().bottomLeft()))
        else:
            self._tell(action, "")

    def _on_action(self, entry: object) -> None:
        self._tell(*entry.data())  # type: ignore[attr-defined]

    def _tell(self, action: str, text: str) -> None:
        if action in ("comment", "relabel") and not text:
            self.ask(action)
        else:
            self.wanted.emit(action, text)
