"""All bouts of one recording that can be corrected, with everything that was done to them.

What stands is worked out from the edits that are in effect, in their order: an undo takes one out,
a redo puts it back at the end. The last edit in effect that touches a bout decides its whole row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from napari_mousegpt.core import edit_plans
from napari_mousegpt.core.bout_layers import BoutLayers
from napari_mousegpt.core.edits import BoutRow, Change, Edit
from napari_mousegpt.core.ethogram import STATUSES, Ethogram, new_bout_ids
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError, MismatchError

__all__ = ["BoutBook"]

_STATUS_ACTIONS = {"accepted": "accept", "rejected": "reject", "proposed": "propose"}


class BoutBook:
    """The bouts of one recording, with edits on top.

    Planners return an :class:`~napari_mousegpt.core.edits.Edit` and change nothing; :meth:`apply`
    changes the book. Between the two an edit is written to disk.

    Parameters
    ----------
    recording_id : str
        Whose bouts.
    n_frames : int
        Length of the recording; no edit sets a bound outside of it.
    base : Ethogram, optional
        Bouts to correct; those of other recordings are left out.
    edits : iterable of Edit
        What was done before, in order.
    who : str
        Who makes the edits that are planned here.

    Examples
    --------
    >>> book = BoutBook("m1", 100, who="KM")
    >>> _ = book.apply(book.plan_mark("", 10, 30, "rear"))
    >>> _ = book.apply(book.plan_split(book.rows[0].bout_id, 20))
    >>> [(row.start, row.stop, row.label) for row in book.rows]
    [(10, 20, 'rear'), (20, 30, 'rear')]
    >>> _ = book.apply(book.plan_undo())
    >>> len(book)
    1
    """

    def __init__(
        self,
        recording_id: str,
        n_frames: int,
        base: Ethogram | None = None,
        edits: Iterable[Edit] = (),
        *,
        who: str = "",
    ) -> None:
        self.recording_id = recording_id
        self.n_frames = n_frames
        self.who = who
        self._bouts = BoutLayers(recording_id, base)
        self._edits: dict[str, Edit] = {}
        self._live: dict[str, Edit] = {}
        # Edits that were taken back, by the id of the undo that did it: all, and those that the
        # next redo may put back.
        self._taken: dict[str, Edit] = {}
        self._undone: dict[str, Edit] = {}
        for edit in edits:
            self.apply(edit)

    def set_base(self, base: Ethogram | None) -> None:
        """Show another ethogram below the corrections."""
        self._bouts.set_base(base)

    def __len__(self) -> int:
        return len(self._bouts.columns())

    def __contains__(self, bout_id: object) -> bool:
        return isinstance(bout_id, str) and self._bouts.has(bout_id)

    def __repr__(self) -> str:
        return f"<BoutBook of {self.recording_id!r}: {len(self)} bouts, {len(self._edits)} edits>"

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Everything that was done, undone or not, in order."""
        return tuple(self._edits.values())

    @property
    def touched(self) -> tuple[str, ...]:
        """Ids of all bouts that an edit in effect decides, also of those that are gone."""
        return self._bouts.touched

    @property
    def rows(self) -> tuple[BoutRow, ...]:
        """All bouts in order of time; for many use :meth:`columns`."""
        columns = self._bouts.columns()
        return tuple(columns.row(index) for index in range(len(columns)))

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return all bouts as columns, each shape (n,), sorted by start, stop and id.

        The names are the fields of :class:`~napari_mousegpt.core.edits.BoutRow`; frames are int64,
        confidences float64, all others text (dtype object). The arrays are read-only and stay as
        they are: an edit makes new ones.
        """
        return dict(self._bouts.columns().arrays)

    def get(self, bout_id: str) -> BoutRow:
        """Return a bout.

        Raises
        ------
        InputError
            When there is none of that id (any more).
        """
        row = self._bouts.row(bout_id)
        if row is None:
            raise InputError(
                f"bout {bout_id!r}",
                expected=f"a bout of {self.recording_id!r}",
                found="none of this id",
                remedy="It may have been merged, removed or undone: select another one.",
            )
        return row

    def decided_by(self, bout_id: str) -> Edit | None:
        """Return the edit that made a bout what it is; None where the ethogram below did."""
        edit_id = self._bouts.decider(bout_id)
        return None if edit_id is None else self._live[edit_id]

    def ethogram(self) -> Ethogram:
        """Return all bouts, with further columns of the ethogram below for those that have them.

        What a person marked outside the observed spans was observed.
        """
        return self._bouts.ethogram()

    def apply(self, edit: Edit) -> bool:
        """Let an edit take effect, and return whether it is new; a known one changes nothing.

        Raises
        ------
        MismatchError
            When it is about another recording.
        """
        if edit.edit_id in self._edits:
            return False
        rows = [row for change in edit.changes for row in (change.old, change.new) if row]
        foreign = {row.recording for row in rows} - {self.recording_id}
        if foreign:
            raise MismatchError(
                f"edit of {foreign.pop()!r}", expected=f"an edit of {self.recording_id!r}"
            )
        self._edits[edit.edit_id] = edit
        if edit.action == "undo" and edit.undoes in self._edits:
            self._take(edit)
        elif edit.action == "redo" and edit.undoes in self._taken:
            self._undone.pop(edit.undoes, None)
            self._put(self._taken[edit.undoes])
        else:
            # An undo or redo of an edit that is not here (its line was damaged) is the change that
            # it writes down.
            self._undone.clear()
            self._put(edit)
        return True

    def _take(self, undo: Edit) -> None:
        # Two viewers can take the same edit back at once; the second time it is not in effect.
        if undo.undoes in self._live:
            edit = self._live.pop(undo.undoes)
            self._taken[undo.edit_id] = self._undone[undo.edit_id] = edit
            self._bouts.take(edit)

    def _put(self, edit: Edit) -> None:
        # Put on a second time by another viewer, it stays where it is.
        self._live[edit.edit_id] = edit
        self._bouts.put(edit)

    # --- planning -------------------------------------------------------------------------------

    def plan_mark(
        self, individual: str, start: int, stop: int, label: str, who: str | None = None
    ) -> Edit:
        """Return the edit that adds a bout; ``start == stop`` is an event without length.

        Raises
        ------
        InputError
            When the label is empty, or a bound lies outside the video.
        """
        edit_plans.within_video(start, stop, self.n_frames)
        name = edit_plans.checked_label(label)
        [key] = new_bout_ids(1)
        row = BoutRow(key, self.recording_id, individual, int(start), int(stop), name)
        return self._plan("mark", [Change(key, None, row)], who)

    def plan_marks(self, stretches: Intervals, label: str, who: str | None = None) -> Edit:
        """Return the one edit that adds a bout for each stretch; see :meth:`plan_mark`."""
        spans = zip(stretches.individual, stretches.start, stretches.stop, strict=True)
        edits = [self.plan_mark(one, int(start), int(stop), label) for one, start, stop in spans]
        return self._plan("mark", [change for edit in edits for change in edit.changes], who)

    def plan_relabel(self, ids: str | Sequence[str], label: str, who: str | None = None) -> Edit:
        """Return the edit that gives bouts another label, said by a person."""
        name = edit_plans.checked_label(label)
        changes = [
            Change(row.bout_id, row, edit_plans.by_hand(row, label=name)) for row in self._all(ids)
        ]
        return self._plan("relabel", changes, who, f"labelled {name!r} by hand")

    def plan_trim(
        self,
        bout_id: str,
        start: int | None = None,
        stop: int | None = None,
        who: str | None = None,
    ) -> Edit:
        """Return the edit that moves the bounds of a bout; one that is None stays."""
        row = self.get(bout_id)
        new = edit_plans.trimmed(row, start, stop, self.n_frames)
        return self._plan("trim", [Change(bout_id, row, new)], who, "there by hand")

    def plan_split(self, bout_id: str, frame: int, who: str | None = None) -> Edit:
        """Return the edit that makes two bouts of one; the second one begins at the frame."""
        row = self.get(bout_id)
        left, right = edit_plans.split(row, int(frame))
        changes = [Change(bout_id, row, left), Change(right.bout_id, None, right)]
        return self._plan("split", changes, who)

    def plan_merge(
        self, ids: Sequence[str], label: str | None = None, who: str | None = None
    ) -> Edit:
        """Return the edit that makes one bout of several; it spans all, and the gaps between.

        The first in time keeps its id, the others disappear.
        """
        name = None if label is None else edit_plans.checked_label(label)
        return self._plan("merge", edit_plans.merged(self._all(ids), name), who)

    def plan_status(self, ids: str | Sequence[str], status: str, who: str | None = None) -> Edit:
        """Return the edit that accepts, rejects or proposes bouts; who said them stays."""
        if status not in STATUSES:
            raise InputError(f"status {status!r}", expected=f"one of {', '.join(STATUSES)}")
        return self._plan(
            _STATUS_ACTIONS[status],
            [Change(row.bout_id, row, replace(row, status=status)) for row in self._all(ids)],
            who,
            status,
        )

    def plan_comment(self, ids: str | Sequence[str], text: str, who: str | None = None) -> Edit:
        """Return the edit that notes something about bouts; empty text takes the notes away."""
        note = text.strip()
        changes = [Change(row.bout_id, row, replace(row, comment=note)) for row in self._all(ids)]
        return self._plan("comment", changes, who, "commented so")

    def plan_remove(self, ids: str | Sequence[str], who: str | None = None) -> Edit:
        """Return the edit that takes bouts away that a person marked, and rejects all others."""
        return self._plan(
            "remove",
            [
                Change(
                    row.bout_id,
                    row,
                    None if row.source == "human" else replace(row, status="rejected"),
                )
                for row in self._all(ids)
            ],
            who,
            "rejected",
        )

    @property
    def can_undo(self) -> bool:
        """Whether an edit is in effect."""
        return bool(self._live)

    @property
    def can_redo(self) -> bool:
        """Whether an undo was the last thing done."""
        return bool(self._undone)

    def plan_undo(self, who: str | None = None) -> Edit:
        """Return the edit that takes the last edit in effect back.

        Raises
        ------
        InputError
            When none is in effect.
        """
        if not self._live:
            raise InputError("undo", expected="an edit to take back", found="none")
        last = next(reversed(self._live.values()))
        changes = [
            Change(key, old, new)
            for key in (change.bout_id for change in last.changes)
            if (old := self._bouts.row(key)) != (new := self._bouts.row(key, without=last.edit_id))
        ]
        return Edit.now("undo", changes, self._name(who), last.edit_id)

    def plan_redo(self, who: str | None = None) -> Edit:
        """Return the edit that puts the edit back that was taken back last.

        Raises
        ------
        InputError
            When there is none, or something else was done since.
        """
        if not self._undone:
            raise InputError("redo", expected="an edit that was undone", found="none")
        undo, last = next(reversed(self._undone.items()))
        changes = [
            Change(change.bout_id, old, change.new)
            for change in last.changes
            if (old := self._bouts.row(change.bout_id)) != change.new
        ]
        return Edit.now("redo", changes, self._name(who), undo)

    def _all(self, ids: str | Sequence[str]) -> list[BoutRow]:
        chosen = [ids] if isinstance(ids, str) else list(dict.fromkeys(ids))
        if not chosen:
            raise InputError(
                "bouts", expected="at least one", found="none", remedy="Select one first."
            )
        return [self.get(bout_id) for bout_id in chosen]

    def _plan(
        self, action: str, changes: Sequence[Change], who: str | None, already: str = ""
    ) -> Edit:
        real = [change for change in changes if change.old != change.new]
        if not real:
            count = "The bout is" if len(changes) == 1 else f"All {len(changes)} bouts are"
            raise InputError(
                action, expected="something to change", found=f"none: {count} {already} already"
            )
        return Edit.now(action, real, self._name(who))

    def _name(self, who: str | None) -> str:
        return self.who if who is None else who
