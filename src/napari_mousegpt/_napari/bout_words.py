"""What the table of bouts writes: times, cells, and sentences about them. No window is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt._napari.bout_rows import BoutRows, seconds_at
from napari_mousegpt._napari.bout_sums import Total

if TYPE_CHECKING:
    from napari_mousegpt.core.edit_book import BoutBook
    from napari_mousegpt.core.edits import Edit

__all__ = [
    *(
        "HEADINGS",
        "TOTAL_TIP",
        "cell_text",
        "cell_tip",
        "edit_text",
        "hint_text",
        "length_text",
        "step_texts",
    ),
    *("time_text", "total_text"),
]

#: What can be done with the keyboard in the table.
KEYS_HINT = (
    "Keys: A accept, R reject, Del remove, Enter loop, or the key of a label. Double-click a label "
    "or a comment to write."
)
#: What the line below the table means.
TOTAL_TIP = (
    "Bouts that are shown, the sum of their lengths, and the part of the recording in which at "
    "least one of them goes on (of several animals the mean). Rejected bouts are in none of the "
    "times."
)
#: What the columns are called above the table, and what they mean.
HEADINGS = {
    "label": ("Label", "Behaviour. Double-click to write another one"),
    "individual": ("Animal", "Tracked animal; empty for the whole picture"),
    "start": ("Start", "First frame"),
    "stop": ("Stop", "End: the frame after the last one"),
    "length": ("Length", "How long it lasts"),
    "confidence": (
        "Conf.",
        "Confidence, 0 to 1; empty where none was given, as for your own bouts",
    ),
    "source": ("Source", "Who says so: human, model, cluster or import"),
    "status": ("Status", "What a person has said about it: proposed, accepted or rejected"),
    "comment": ("Comment", "Double-click to write one"),
}


def time_text(seconds: float) -> str:
    """Return a moment as ``m:ss.s``, from an hour on as ``h:mm:ss.s``.

    Examples
    --------
    >>> time_text(59.96), time_text(3725.04)
    ('1:00.0', '1:02:05.0')
    """
    tenths = round(abs(seconds) * 10)
    minutes, rest = divmod(tenths, 600)
    clock = f"{minutes // 60}:{minutes % 60:02d}" if minutes >= 60 else str(minutes)
    return f"{'-' if seconds < 0 and tenths else ''}{clock}:{rest // 10:02d}.{rest % 10}"


def length_text(seconds: float, *, frames: bool = False) -> str:
    """Return a length: ``0.43 s`` or ``12.3 s`` below a minute, above it a time of the clock.

    Lengths of a recording without a known clock are a number of frames.
    """
    if frames:
        return f"{seconds:,.0f} frames"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < 59.95 else time_text(seconds)


def cell_text(rows: BoutRows, row: int, column: str, *, frames: bool) -> str:
    """Return what stands in a cell, with times as frames or as ``m:ss.s``."""
    value: Any = rows.value(row, column)
    if column == "confidence":
        return "" if np.isnan(value) else f"{value:.2f}"
    if column not in ("start", "stop", "length"):
        return str(value)
    if frames or rows.timebase is None:
        return str(value)
    if column == "length":
        return length_text(float(rows.seconds[rows.index[row]]))
    return time_text(_at(rows, value))


def cell_tip(rows: BoutRows, row: int, column: str) -> str:
    """Return what is said about a cell under the mouse: all of it, and times in full."""
    if column not in ("start", "stop", "length"):
        said = cell_text(rows, row, column, frames=True)
        words = rows.value(row, "words") if column == "label" else ""
        return f"{said}\n{words}" if words else said
    start, stop = rows.value(row, "start"), rows.value(row, "stop")
    frames = f"frames {start} to {stop - 1}, {stop - start} in all"
    said = frames if stop > start else f"frame {start}, an event without length"
    if rows.timebase is None:
        return said
    return f"{said}\n{_at(rows, start):.3f} s to {_at(rows, stop):.3f} s"


def total_text(total: Total, *, frames: bool = False) -> str:
    """Return what the shown bouts add up to, as a line."""
    if not total.of:
        return ""
    many = f"{total.shown:,}" if total.shown == total.of else f"{total.shown:,} of {total.of:,}"
    many += f" bout{'s' if total.of > 1 else ''}"
    if total.rejected:
        many += f" ({total.rejected:,} rejected)"
    said = [many, length_text(total.seconds, frames=frames)]
    if not np.isnan(total.share):
        share = 100 * total.share
        said.append("< 1 % of the time" if 0 < share < 1 else f"{share:.0f} % of the time")
    return " \N{MIDDLE DOT} ".join(said)


def _at(rows: BoutRows, frame: int) -> float:
    return float(seconds_at(rows.timebase, np.asarray([frame]))[0])


def hint_text(total: Total, *, opened: bool) -> str:
    """Return what to do where there is nothing to see; empty where there is."""
    if not opened:
        return (
            "No recording is open. Open a video, a pose or a label file, for example with the "
            'panel "Open recording".'
        )
    if not total.of:
        return (
            "No bouts yet. Mark some on the timeline, compute some with one of the panels, or "
            "open a file of labels."
        )
    return "" if total.shown else "No bout passes the filters."


def edit_text(edit: Edit) -> str:
    """Return what an edit did, in a few words, such as ``relabel "walking" to "running"``.

    Parameters
    ----------
    edit : Edit
        As it was made, not its undo.
    """
    old = sorted({change.old.label for change in edit.changes if change.old is not None})
    new = sorted({change.new.label for change in edit.changes if change.new is not None})
    if len(edit.changes) > 1 and edit.action not in ("split", "merge"):
        what = f"{len(edit.changes):,} bouts"
    else:
        what = ", ".join(f'"{label}"' for label in old or new)
    becomes = f' to "{new[0]}"' if edit.action == "relabel" and new else ""
    return f"{edit.action} {what}{becomes}"


def step_texts(book: BoutBook) -> tuple[str, str]:
    """Return what an undo would take back and a redo would put back; empty for nothing."""
    known = {edit.edit_id: edit for edit in book.edits}
    undo = redo = ""
    if book.can_undo:
        undo = edit_text(known[book.plan_undo().undoes])
    if book.can_redo:
        redo = edit_text(known[known[book.plan_redo().undoes].undoes])
    return undo, redo
