"""What the table of bouts asks of the desk, by name. No window is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt._napari.bout_rows import BoutRows
    from napari_mousegpt._napari.desk import Desk

__all__ = ["act", "next_row"]

_OF_BOUTS = ("accept", "reject", "propose", "merge", "remove")


def act(desk: Desk, action: str, bout_ids: Sequence[str], text: str = "") -> None:
    """Do something to these bouts, whatever else is chosen at the desk.

    Parameters
    ----------
    desk : Desk
        Of the recording.
    action : str
        accept, reject, propose, merge, remove, relabel, comment, split, loop, undo or redo.
    bout_ids : sequence of str
        At least one, but for undo and redo.
    text : str
        The label or the comment.

    Raises
    ------
    InputError
        When the action is none of these.
    """
    if action in ("undo", "redo"):
        getattr(desk, action)()
    elif action in _OF_BOUTS:
        getattr(desk, action)(tuple(bout_ids))
    elif action == "relabel":
        desk.relabel(text, tuple(bout_ids))
    elif action == "comment":
        desk.comment(text, tuple(bout_ids))
    elif action == "split":
        desk.split(id=bout_ids[0])
    elif action == "loop":
        desk.loop(bout_ids[0])
    else:
        raise InputError(f"action {action!r}", expected="something that can be done to bouts")


def next_row(rows: BoutRows, chosen: Sequence[int], frame: int, *, back: bool) -> int | None:
    """Return the row after the chosen ones (before them), None where there is none.

    With none chosen it is the bout that begins next after a frame, or last before it.
    """
    if not len(rows):
        return None
    if not chosen:
        return rows.nearest(frame, back=back)
    row = chosen[0] - 1 if back else chosen[-1] + 1
    return row if 0 <= row < len(rows) else None
