"""What the buttons and menus of the timeline do to a desk. No window is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_mousegpt._napari.keys import COMMANDS

if TYPE_CHECKING:
    from napari_mousegpt._napari.desk import Desk

__all__ = ["ACTIONS", "hot_key", "label_with", "merge", "next_alike", "toggle_loop"]

#: Names of the commands with keys, for the buttons that do the same.
_COMMANDS = {
    "in": "Mark the first frame",
    "out": "Mark the last frame",
    "split": "Split before this frame",
    "merge": "Join the chosen bouts",
    "accept": "Accept",
    "reject": "Reject",
    "undo": "Undo",
    "redo": "Redo",
    "loop": "Play the bout again and again",
}


def next_alike(desk: Desk, bout_id: str) -> str | None:
    """Return the next bout of the same individual, source and label; None when there is none."""
    columns = desk.columns()
    found = (columns["bout_id"] == bout_id).nonzero()[0]
    if not len(found):
        return None
    row = int(found[0])
    alike = columns["status"][row + 1 :] != "rejected"
    for name in ("label", "individual", "source"):
        alike &= columns[name][row + 1 :] == columns[name][row]
    rows = alike.nonzero()[0]
    return str(columns["bout_id"][row + 1 + rows[0]]) if len(rows) else None


def merge(desk: Desk) -> None:
    """Join the chosen bouts; a single one with the next of its label."""
    chosen = desk.selection
    if len(chosen) == 1:
        other = next_alike(desk, chosen[0])
        if other is None:
            desk.say("No bout of this label comes after this one.")
            return
        chosen = (*chosen, other)
    desk.merge(chosen)


def toggle_loop(desk: Desk) -> None:
    """Play what is chosen again and again, or stop it."""
    if desk.loop_span is None:
        desk.loop()
    else:
        desk.stop_loop()


def label_with(desk: Desk, label: str) -> None:
    """Give a label to the mark, else to the chosen bouts."""
    if desk.interval is None and desk.begun is None and desk.selection:
        desk.relabel(label)
    else:
        desk.mark(label)


#: What each button does that needs nothing more than the desk.
ACTIONS: dict[str, Callable[[Desk], object]] = {
    "in": lambda desk: desk.mark_in(),
    "out": lambda desk: desk.mark_out(),
    "split": lambda desk: desk.split(),
    "merge": merge,
    "accept": lambda desk: desk.accept(),
    "reject": lambda desk: desk.reject(),
    "propose": lambda desk: desk.propose(),
    "undo": lambda desk: desk.undo(),
    "redo": lambda desk: desk.redo(),
    "loop": toggle_loop,
}


def hot_key(action: str) -> str:
    """Return the key that does the same as a button, empty for none."""
    keys = {command.name: command.keys for command in COMMANDS}
    found = keys.get(_COMMANDS.get(action, ""), ())
    return found[0] if found else ""
