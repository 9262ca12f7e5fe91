"""Where one viewer is in a recording: the frame, what is chosen, what is marked, what is played."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from psygnal import Signal

from napari_mousegpt._napari.desk_book import DeskBook
from napari_mousegpt._napari.desk_moves import Mover
from napari_mousegpt._napari.jobs import report_error, report_notes
from napari_mousegpt._napari.looping import Looper
from napari_mousegpt.errors import InputError, MouseGPTError

if TYPE_CHECKING:
    from napari_mousegpt._napari.state import ViewerState
    from napari_mousegpt.core.edit_book import BoutBook
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.recording import Recording

__all__ = ["Marks", "missing"]


class Marks:
    """The bouts of one recording in one viewer to look at, to choose and to go to.

    Parameters
    ----------
    state : ViewerState
        Of the viewer; held weakly.
    recording : Recording
        What is open there.
    clocked : bool
        Whether its frame rate is known.

    Attributes
    ----------
    selection : tuple of str
        Ids of the chosen bouts, the first one leading.
    interval : tuple of int or None
        The stretch ``[start, stop)`` that is marked and has no label yet.
    begun : int or None
        Frame of a mark that waits for its other end.
    """

    #: Emitted when the selection, the marks, the individual or the loop changed.
    selected = Signal()

    def __init__(self, state: ViewerState, recording: Recording, *, clocked: bool = True) -> None:
        self._state = weakref.ref(state)
        self.recording = recording
        self.clocked = clocked
        keeper = None if state.blind is None else state.blind.keeper(recording.id)
        #: Whether the recording is shown under a code.
        self.blinded = keeper is not None
        self._bouts = DeskBook(recording, report_error, keeper)
        if state.blind is None:
            # They name recordings, and what was scored of them.
            report_notes(self._bouts.notes)
        self._mover = Mover()
        self._looper = Looper(state.hands, self._show, recording.timebase, clocked=clocked)
        self._looper.changed.connect(self.selected.emit)
        self.selection: tuple[str, ...] = ()
        self.interval: tuple[int, int] | None = None
        self.begun: int | None = None
        self._individual: str | None = None
        self._raising = False

    # --- what is there

    @property
    def book(self) -> BoutBook:
        """All bouts, as corrected."""
        return self._bouts.book

    @property
    def ethogram(self) -> Ethogram:
        """All bouts, as corrected."""
        return self.book.ethogram()

    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Return all bouts as arrays sorted by start, named as the fields of ``BoutRow``."""
        return self.book.columns()

    @property
    def who(self) -> str:
        """Name that stands beside every correction."""
        return self._bouts.who

    @property
    def labels(self) -> dict[str, str]:
        """Labels to choose from, sorted, with their hot key or ``""``; clusters are left out."""
        state, given = self._state(), self._bouts.labels_to_give
        if state is None:
            return dict.fromkeys(sorted(given), "")
        keys = state.label_keys
        keys.offer(given)
        return {name: keys.key_of(name) for name in sorted({*given, *keys.labels})}

    @property
    def all_labels(self) -> frozenset[str]:
        """Every label of a bout, clusters included."""
        return self._bouts.labels

    @property
    def individuals(self) -> tuple[str, ...]:
        """Who can be marked: the tracked animals, then others that have bouts."""
        tracked = self.recording.individuals
        return (*tracked, *sorted(self._bouts.individuals - set(tracked)))

    @property
    def individual(self) -> str:
        """Whose bouts are marked; empty for the whole picture."""
        if self._individual is not None:
            return self._individual
        tracked = self.recording.individuals
        return tracked[0] if len(tracked) == 1 else ""

    @individual.setter
    def individual(self, name: str) -> None:
        if name != self.individual:
            self._individual = name
            self.selected.emit()

    # --- where we are

    @property
    def frame(self) -> int:
        """Frame on screen; 0 when the recording is not open any more."""
        state = self._state()
        return 0 if state is None else state.frame(self.recording.id) or 0

    def go_to(self, frame: int) -> None:
        """Show a frame; one outside the recording becomes the nearest one inside."""
        self.stop_loop()
        self._show(int(min(max(frame, 0), self.recording.n_frames - 1)))

    def _show(self, frame: int) -> bool:
        state = self._state()
        return state is not None and state.go_to(self.recording.id, frame)

    def select(self, *ids: str, jump: bool = False) -> None:
        """Choose bouts; those that are not there are left out.

        Parameters
        ----------
        *ids : str
            None chooses nothing.
        jump : bool
            Show the first frame of the first one.
        """
        chosen = tuple(dict.fromkeys(bout for bout in ids if bout in self.book))
        if jump and chosen:
            self.go_to(self.book.get(chosen[0]).start)
        if chosen == self.selection and self.interval is None and self.begun is None:
            return
        self.selection, self.interval, self.begun = chosen, None, None
        if chosen:
            self._individual = self.book.get(chosen[0]).individual
        self.selected.emit()

    def next(self, kind: str = "bout", back: bool = False) -> str | None:
        """Select the next bout of a kind and show where it begins.

        Parameters
        ----------
        kind : str
            ``"bout"`` (of the track of the selected one, else any), ``"low confidence"`` or
            ``"disagreement"`` between a person and a model.
        back : bool
            The one before instead.

        Returns
        -------
        str or None
            Its id; None when there is none any more.
        """
        found = self._mover.next(self, kind, back=back)
        if found is None:
            what = "bout of low confidence" if kind == "low confidence" else kind
            self.say(f"No {what} {'before' if back else 'after'} this one.")
            return None
        bout, frame = found
        self.select(bout)
        self.go_to(frame)
        return bout

    # --- marks

    def mark_in(self) -> None:
        """Begin an interval with the frame on screen; one that is marked begins there instead."""
        frame = self.frame
        end = None if self.interval is None else self.interval[1]
        if end is not None and frame < end:
            self.set_interval(frame, end)
            return
        self.selection, self.interval, self.begun = (), None, frame
        self.say(f"Begins with frame {frame}: go to the last frame and mark the end.")
        self.selected.emit()

    def mark_out(self) -> None:
        """End the interval with the frame on screen, which is the last one in it."""
        frame = self.frame
        begin = self.interval[0] if self.interval is not None else self.begun
        if begin is None:
            self.set_interval(frame, frame + 1)
            return
        self.set_interval(min(begin, frame), max(begin, frame) + 1)

    def set_interval(self, start: int, stop: int) -> None:
        """Mark a stretch ``[start, stop)``; what lies outside the recording is cut off."""
        first, last = max(0, int(start)), min(self.recording.n_frames, int(stop))
        if first >= last:
            self._refuse(
                InputError(
                    f"interval [{start}, {stop})",
                    expected=f"frames of {self.recording.id!r}, 0 to {self.recording.n_frames}",
                    found="none of them",
                    remedy="Mark a stretch inside the recording, the start before the end.",
                )
            )
            return
        self.selection, self.interval, self.begun = (), (first, last), None
        self.say(f"Frames {first} to {last - 1} are marked ({self.length_text(first, last)}).")
        self.selected.emit()

    def clear_interval(self) -> None:
        """Forget the marks."""
        if self.interval is not None or self.begun is not None:
            self.interval = self.begun = None
            self.selected.emit()

    # --- playing

    @property
    def loop_span(self) -> tuple[int, int] | None:
        """What is played again and again, ``[start, stop)``; None while nothing is."""
        return self._looper.span

    def loop(self, id: str | None = None) -> None:
        """Play a bout again and again: by default the first chosen one, else the marked interval.

        It stops with :meth:`stop_loop` and when somebody moves the slider.
        """
        bout = id if id is not None else self.selection[0] if self.selection else None
        if bout is not None and bout in self.book:
            row = self.book.get(bout)
            self.select(*dict.fromkeys((bout, *self.selection)))
            self.play(row.start, row.stop)
        elif self.interval is not None:
            self.play(*self.interval)
        else:
            self._ask(missing("loop", "a bout or an interval", "Choose a bout first."))

    def play(self, start: int, stop: int) -> None:
        """Play the frames ``[start, stop)`` again and again, as :meth:`loop` does."""
        self._looper.play(start, stop)

    def stop_loop(self) -> None:
        """Stop playing where it is."""
        self._looper.stop()

    def moved(self) -> None:
        """Take note that another frame is on screen."""
        self._looper.moved(self.frame)

    # --- telling

    def say(self, text: str) -> None:
        """Show a short text where napari says what happens."""
        state = self._state()
        if state is not None:
            state.say(text)

    def length_text(self, start: int, stop: int) -> str:
        """Return how long a stretch is, in seconds where the rate is known."""
        if not self.clocked:
            return f"{stop - start} frames"
        clock = self.recording.timebase
        return f"{float(clock.exact_time(stop) - clock.exact_time(start)):.2f} s"

    def _refuse(self, error: MouseGPTError) -> None:
        """Show why something cannot be done, or raise it where a script asked."""
        if self._raising:
            raise error
        report_error(error)

    def _ask(self, error: MouseGPTError) -> None:
        """Say what to do first, or raise it where a script asked; nothing is wrong."""
        if self._raising:
            raise error
        from napari.utils.notifications import show_info

        show_info(error.remedy)


def missing(what: str, expected: str, remedy: str) -> InputError:
    """Return the error for something that has to be chosen first."""
    return InputError(what, expected=expected, found="none", remedy=remedy)
