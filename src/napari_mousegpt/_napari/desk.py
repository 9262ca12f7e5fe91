"""The desk: what one viewer marks, selects and corrects of one recording. No window is needed.

Panels, keys and scripts all go through it, so that each sees what the others do. Every edit is on
disk before anything on screen changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_mousegpt._napari.desk_layers import DeskLayers
from napari_mousegpt._napari.desk_marks import Marks, missing
from napari_mousegpt.errors import MouseGPTError

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_mousegpt._napari.state import ViewerState
    from napari_mousegpt.core.edit_book import BoutBook
    from napari_mousegpt.core.edits import BoutRow, Edit
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording

__all__ = ["Desk"]

Ids = str | Sequence[str] | None


class Desk(Marks):
    """Bouts, selection and marks of one recording in one viewer.

    Methods that edit return the ids of the bouts they touched, and an empty tuple when nothing
    could be done. The reason is then shown as a sentence, or raised inside :meth:`raising`.

    Parameters
    ----------
    state, recording, clocked
        See :class:`~napari_mousegpt._napari.desk_marks.Marks`.
    """

    #: Emitted when the bouts are others than before.
    changed = Signal()

    def __init__(self, state: ViewerState, recording: Recording, *, clocked: bool = True) -> None:
        super().__init__(state, recording, clocked=clocked)
        self._layers = DeskLayers(state, recording.id, self.columns, lambda: self.ethogram)

    def __repr__(self) -> str:
        return f"<Desk of {self.recording.id!r}: {len(self.book)} bouts>"

    # --- edits

    def mark(self, label: str) -> tuple[str, ...]:
        """Label the marked interval; an interval that was only begun ends with this frame."""
        if self.interval is None and self.begun is not None:
            self.mark_out()
        if self.interval is None:
            remedy = "Mark the first and the last frame of it first."
            self._ask(missing("interval", "one that is marked", remedy))
            return ()
        start, stop = self.interval
        ids = self._edit(lambda book: book.plan_mark(self.individual, start, stop, label))
        if ids:
            self.select(*ids)
        return ids

    def mark_all(self, label: str, stretches: Intervals) -> tuple[str, ...]:
        """Label stretches of this recording in one edit, which one undo takes back."""
        return self._edit(lambda book: book.plan_marks(stretches, label))

    def relabel(self, label: str, ids: Ids = None) -> tuple[str, ...]:
        """Give bouts another label, by default the chosen ones."""
        return self._on(ids, lambda book, chosen: book.plan_relabel(chosen, label))

    def trim(
        self, id: str | None = None, start: int | None = None, stop: int | None = None
    ) -> tuple[str, ...]:
        """Move the bounds of a bout, by default of the first chosen one.

        A bound that is None stays; one outside the recording becomes its first or last.
        """
        n_frames = self.recording.n_frames
        first, last = (
            None if at is None else min(max(int(at), 0), n_frames) for at in (start, stop)
        )
        return self._on(id, lambda book, chosen: book.plan_trim(chosen[0], first, last))

    def split(self, frame: int | None = None, id: str | None = None) -> tuple[str, ...]:
        """Make two bouts of one; the second one begins with the frame, by default this one."""
        at = self.frame if frame is None else int(frame)
        ids = self._on(id, lambda book, chosen: book.plan_split(chosen[0], at))
        if ids:
            self.select(ids[-1])
        return ids

    def merge(self, ids: Ids = None, label: str | None = None) -> tuple[str, ...]:
        """Make one bout of several of one individual, by default of the chosen ones."""
        done = self._on(ids, lambda book, chosen: book.plan_merge(chosen, label))
        if done:
            self.select(*done)
        return done

    def accept(self, ids: Ids = None) -> tuple[str, ...]:
        """Accept bouts, by default the chosen ones."""
        return self._on(ids, lambda book, chosen: book.plan_status(chosen, "accepted"))

    def reject(self, ids: Ids = None) -> tuple[str, ...]:
        """Reject bouts, by default the chosen ones; they are shown no more, but kept."""
        return self._on(ids, lambda book, chosen: book.plan_status(chosen, "rejected"))

    def propose(self, ids: Ids = None) -> tuple[str, ...]:
        """Take acceptance or rejection back, by default of the chosen bouts."""
        return self._on(ids, lambda book, chosen: book.plan_status(chosen, "proposed"))

    def comment(self, text: str, id: Ids = None) -> tuple[str, ...]:
        """Note something about bouts, by default about the chosen ones."""
        return self._on(id, lambda book, chosen: book.plan_comment(chosen, text))

    def remove(self, ids: Ids = None) -> tuple[str, ...]:
        """Take bouts away that a person marked, and reject others; by default the chosen ones."""
        return self._on(ids, lambda book, chosen: book.plan_remove(chosen))

    def undo(self) -> tuple[str, ...]:
        """Take the last edit back, and choose the bouts it was about."""
        if not self.book.can_undo:
            self.catch_up()
        if not self.book.can_undo:
            self._ask(missing("undo", "an edit to take back", "There is nothing to undo."))
            return ()
        return self._step(lambda book: book.plan_undo())

    def redo(self) -> tuple[str, ...]:
        """Put the edit back that was taken back last, and choose the bouts it is about."""
        if not self.book.can_redo:
            self.catch_up()
        if not self.book.can_redo:
            self._ask(missing("redo", "an edit that was undone", "There is nothing to redo."))
            return ()
        return self._step(lambda book: book.plan_redo())

    # --- in step with others

    def catch_up(self) -> None:
        """Take over what another viewer or program corrected in the meantime."""
        try:
            edits = self._bouts.catch_up()
        except MouseGPTError as error:
            self._refuse(error)
            return
        self._take_effect(edits)

    def layers_changed(self, ethograms: Sequence[Ethogram]) -> None:
        """Take note of the label layers that are there now, and what they hold."""
        if self._bouts.below(ethograms):
            self._layers.link(self._corrected())
            self._keep_selection()
            self._offer(self._bouts.labels_to_give)
            self.changed.emit()
        else:
            self._layers.link(self._corrected())

    def show_corrections(self) -> None:
        """Show bouts of which no layer tells yet, as those of an earlier session."""
        self._layers.show(self._corrected())

    def fillers(self, roles: Iterable[str]) -> list[Layer]:
        """Return layers that were made for corrections only; others may come in their place."""
        return self._layers.fillers(roles)

    def _offer(self, labels: Iterable[str]) -> None:
        """Give hot keys to labels that have none."""
        state = self._state()
        if state is not None:
            state.label_keys.offer(labels)

    def _corrected(self) -> list[BoutRow]:
        """Return the bouts that corrections are about, as they are now."""
        return [self.book.get(bout) for bout in self.book.touched if bout in self.book]

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Raise errors in this block rather than show them, for scripts."""
        before, self._raising = self._raising, True
        try:
            yield
        finally:
            self._raising = before

    def _on(self, ids: Ids, plan: Callable[[BoutBook, tuple[str, ...]], Edit]) -> tuple[str, ...]:
        chosen = self.selection if ids is None else (ids,) if isinstance(ids, str) else tuple(ids)
        if not chosen:
            self._ask(missing("bouts", "at least one that is chosen", "Choose a bout first."))
            return ()
        return self._edit(lambda book: plan(book, chosen))

    def _step(self, plan: Callable[[BoutBook], Edit]) -> tuple[str, ...]:
        ids = self._edit(plan)
        if ids:
            self.select(*ids)
        return ids

    def _edit(self, plan: Callable[[BoutBook], Edit]) -> tuple[str, ...]:
        try:
            self._take_effect(self._bouts.catch_up())
            edits = self._bouts.do(plan)
        except MouseGPTError as error:
            self._refuse(error)
            return ()
        self._take_effect(edits)
        return tuple(change.bout_id for change in edits[-1].changes)

    def _take_effect(self, edits: Sequence[Edit]) -> None:
        """Show edits that are on disk and in the book."""
        if not edits:
            return
        changes = [change for edit in edits for change in edit.changes]
        self._layers.show([row for c in changes for row in (c.old, c.new) if row is not None])
        self._offer(c.new.label for c in changes if c.new and c.new.source != "cluster")
        self._keep_selection()
        self.changed.emit()

    def _keep_selection(self) -> None:
        """Choose what is left of the selection."""
        kept = tuple(bout for bout in self.selection if bout in self.book)
        if kept != self.selection:
            self.selection = kept
            self.selected.emit()
