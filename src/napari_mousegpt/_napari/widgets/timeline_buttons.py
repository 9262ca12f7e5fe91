"""Which buttons stand over the timeline, and when each can be pressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_mousegpt._napari.desk import Desk

__all__ = ["BACK", "CHECKED", "CORRECT", "FORTH", "MARK", "UNDO", "VIEW", "Allowed"]

#: Groups of buttons: action, text, tooltip.
MARK = (
    ("in", "In", "Begin a mark with this frame"),
    ("out", "Out", "End the mark with this frame"),
    ("draw", "Draw", "Draw marks with the mouse, also over bouts"),
)
CORRECT = (
    ("split", "Split", "Cut the chosen bout before this frame"),
    ("merge", "Join", "Join the chosen bouts, or the chosen one with the next of its label"),
    ("accept", "Accept", "Accept the chosen bouts"),
    ("reject", "Reject", "Reject the chosen bouts; they are kept, but not shown as labels"),
    ("comment", "Comment", "Write a comment to the chosen bouts"),
)
UNDO = (("undo", "Undo", "Undo the last correction"), ("redo", "Redo", "Redo it"))
BACK = (("previous", "", "Go to the one before"),)
FORTH = (("next", "", "Go to the next one"),)
VIEW = (
    ("loop", "Loop", "Play the chosen bout or the mark again and again"),
    ("fit", "Fit", "Show the whole recording"),
)
#: Buttons that stay pressed.
CHECKED = ("draw", "loop")


@dataclass(frozen=True)
class Allowed:
    """What can be done just now.

    Parameters
    ----------
    open, marked : bool
        Whether a recording is open, and a stretch of it marked.
    chosen : int
        How many bouts are chosen.
    undo, redo, looping : bool
        Whether an edit can be undone or redone, and whether something is played.
    """

    open: bool = False
    marked: bool = False
    chosen: int = 0
    undo: bool = False
    redo: bool = False
    looping: bool = False

    @classmethod
    def on(cls, desk: Desk) -> Allowed:
        """Return what can be done on a desk just now."""
        return cls(
            open=True,
            marked=desk.interval is not None or desk.begun is not None,
            chosen=len(desk.selection),
            undo=desk.book.can_undo,
            redo=desk.book.can_redo,
            looping=desk.loop_span is not None,
        )

    @property
    def buttons(self) -> dict[str, bool]:
        """Whether each button can be pressed."""
        always = ("in", "out", "draw", "previous", "next", "fit", "tracks")
        return {
            **dict.fromkeys(always, self.open),
            "split": self.chosen == 1,
            **dict.fromkeys(("merge", "accept", "reject", "comment"), self.chosen > 0),
            "label": self.marked or self.chosen > 0,
            "loop": self.marked or self.chosen > 0 or self.looping,
            "undo": self.undo,
            "redo": self.redo,
        }
