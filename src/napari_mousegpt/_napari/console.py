"""What scripts and the napari console see of a viewer, and do in it."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt._napari.extras import add_curve, add_epochs, extras_of
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import parse_duration
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from napari.components import ViewerModel
    from numpy.typing import ArrayLike

    from napari_mousegpt._napari.desk import Desk
    from napari_mousegpt.core.edits import BoutRow
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.recording import Recording

__all__ = ["ViewerFacade", "viewer_state"]


def viewer_state(viewer: ViewerModel) -> ViewerFacade:
    """Return what is open, chosen and marked in a viewer, to read and to change.

    Panels show at once what is changed here, and what is done in panels is read here.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer, for example ``viewer`` in the napari console.

    Returns
    -------
    ViewerFacade
        Of the recording that is active whenever it is asked.

    Examples
    --------
    >>> state = mg.viewer_state(viewer)  # doctest: +SKIP
    >>> state.select_interval(300, 450)  # doctest: +SKIP
    >>> state.mark("rearing")  # doctest: +SKIP
    >>> state.ethogram.to_pandas()  # doctest: +SKIP
    """
    return ViewerFacade(viewer)


class ViewerFacade:
    """The active recording of a viewer: its bouts, what is chosen, and the edits one can make.

    Frames are whole numbers; a float or a text such as ``"12.5s"`` is a time. Stretches are
    half-open, ``[start, stop)``. Edits return the ids of the bouts they touched.

    Raises
    ------
    InputError
        When no recording is open, for all but :attr:`recordings` and :attr:`recording`; by an edit
        that makes no sense.
    StorageError
        By an edit that cannot be kept on disk; nothing is changed then.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer_state = state_of(viewer)

    def __repr__(self) -> str:
        recording = self.recording
        if recording is None:
            return "<viewer without a recording>"
        bouts, chosen = len(self.desk.book), len(self.desk.selection)
        return f"<viewer of {recording.id!r}: frame {self.frame}, {bouts} bouts, {chosen} chosen>"

    # --- what is there

    @property
    def desk(self) -> Desk:
        """What panels and keys use; its signals ``changed`` and ``selected`` tell of changes."""
        desk = self._viewer_state.desk_of_active()
        if desk is None:
            raise InputError(
                "viewer",
                expected="a recording that is open in it",
                found="none",
                remedy="Show one with mg.show(viewer, recording).",
            )
        desk.catch_up()
        return desk

    @property
    def recordings(self) -> dict[str, Recording]:
        """All recordings that are open, by id."""
        return self._viewer_state.open_recordings

    @property
    def recording(self) -> Recording | None:
        """The active recording, None when none is open."""
        desk = self._viewer_state.desk_of_active()
        return None if desk is None else desk.recording

    @property
    def frame(self) -> int:
        """Frame on screen."""
        return self.desk.frame

    @property
    def seconds(self) -> float:
        """When the frame on screen begins, in seconds after the first one.

        Raises
        ------
        InputError
            When the frame rate is not known.
        """
        desk = self.desk
        _check_clock(desk)
        return float(desk.recording.timebase.time(desk.frame))

    @property
    def intervals(self) -> Intervals:
        """What is chosen: the chosen bouts, else the marked interval, else nothing."""
        desk = self.desk
        if desk.selection:
            rows = [desk.book.get(bout) for bout in desk.selection]
            return _intervals(desk.recording.id, rows)
        if desk.interval is not None:
            return Intervals.build(desk.recording.id, *desk.interval, desk.individual)
        return Intervals.empty()

    @property
    def ethogram(self) -> Ethogram:
        """All bouts, as corrected."""
        return self.desk.ethogram

    @property
    def words(self) -> pd.DataFrame | None:
        """Descriptions that the timeline tells, None when there are none. Can be set."""
        return extras_of(self._viewer_state, self.desk.recording.id).words

    @words.setter
    def words(self, descriptions: pd.DataFrame | None) -> None:
        extras_of(self._viewer_state, self.desk.recording.id).set_words(descriptions)

    def add_epochs(self, epochs: Intervals) -> None:
        """Show epochs on the timeline.

        Parameters
        ----------
        epochs : Intervals
            With a column ``label``, as from ``load_epochs``; rows without a recording belong to
            the active one.

        Raises
        ------
        InputError
            When a recording is not open, or an epoch lies outside it.
        """
        add_epochs(self._viewer_state, epochs)

    def add_curve(
        self, name: str, values: ArrayLike, individual: str = "", *, unit: str = ""
    ) -> None:
        """Show a curve on the timeline, instead of another of this name.

        Parameters
        ----------
        name : str
            What the timeline calls it.
        values : array_like of float, shape (n_frames,)
            One for each frame, NaN where there is none.
        individual : str
            Whose it is; empty for the whole picture.
        unit : str
            Unit of the values.

        Raises
        ------
        InputError
            When no recording is open, or the values are no numbers.
        MismatchError
            When there is not one value for each frame.
        """
        add_curve(self._viewer_state, name, values, individual, unit=unit)

    @property
    def labels(self) -> dict[str, str]:
        """Labels to choose from, with their hot key or ``""``."""
        return self.desk.labels

    @property
    def colours(self) -> dict[str, str]:
        """Colour of every label."""
        return dict(self._viewer_state.colours(self.desk.recording.id))

    @property
    def selection(self) -> tuple[str, ...]:
        """Ids of the chosen bouts."""
        return self.desk.selection

    @property
    def visible(self) -> Intervals:
        """What the timeline shows; the whole recording where it is closed."""
        recording = self.desk.recording
        span = self._viewer_state.visible(recording.id) or (0, recording.n_frames)
        return Intervals.build(recording.id, *span)

    # --- where to look

    def go_to(self, at: float | str) -> None:
        """Show a frame, or what is on screen at a time."""
        desk = self.desk
        desk.go_to(_frame(desk, at))

    def select(self, *bout_ids: str, jump: bool = False) -> None:
        """Choose bouts; with ``jump`` the first frame of the first one is shown."""
        desk = self.desk
        for bout in bout_ids:
            desk.book.get(bout)  # says so when there is none
        desk.select(*bout_ids, jump=jump)

    def select_interval(
        self, start: float | str, stop: float | str, individual: str | None = None
    ) -> None:
        """Mark a stretch ``[start, stop)`` of an individual, by default of the one in use."""
        desk = self.desk
        with desk.raising():
            if individual is not None:
                _check_individual(desk, individual)
                desk.individual = individual
            desk.set_interval(_frame(desk, start), _frame(desk, stop))

    def next(self, kind: str = "bout", *, back: bool = False) -> str | None:
        """Select the next ``"bout"``, ``"low confidence"`` or ``"disagreement"`` and show it."""
        return self.desk.next(kind, back=back)

    def loop(self, bout_id: str | None = None) -> None:
        """Play a bout, else what is chosen, again and again."""
        desk = self.desk
        with desk.raising():
            desk.loop(bout_id)

    def stop_loop(self) -> None:
        """Stop playing."""
        self.desk.stop_loop()

    # --- edits

    def mark(
        self,
        label: str,
        start: float | str | None = None,
        stop: float | str | None = None,
        individual: str | None = None,
    ) -> tuple[str, ...]:
        """Label a stretch, by default the marked interval."""
        desk = self.desk
        if (start is None) != (stop is None):
            raise InputError("mark", expected="both start and stop, or neither", found="one")
        if start is not None and stop is not None:
            self.select_interval(start, stop, individual)
        with desk.raising():
            return desk.mark(label)

    def relabel(self, label: str, *bout_ids: str) -> tuple[str, ...]:
        """Give bouts another label, by default the chosen ones."""
        return self._edit("relabel", label, bout_ids or None)

    def trim(
        self,
        bout_id: str | None = None,
        start: float | str | None = None,
        stop: float | str | None = None,
    ) -> tuple[str, ...]:
        """Move the bounds of a bout, by default of the first chosen one; None stays."""
        desk = self.desk
        bounds = [None if at is None else _frame(desk, at) for at in (start, stop)]
        return self._edit("trim", bout_id, *bounds)

    def split(self, at: float | str | None = None, bout_id: str | None = None) -> tuple[str, ...]:
        """Make two bouts of one; the second begins there, by default with the frame on screen."""
        return self._edit("split", None if at is None else _frame(self.desk, at), bout_id)

    def merge(self, *bout_ids: str, label: str | None = None) -> tuple[str, ...]:
        """Make one bout of several, by default of the chosen ones."""
        return self._edit("merge", bout_ids or None, label)

    def accept(self, *bout_ids: str) -> tuple[str, ...]:
        """Accept bouts, by default the chosen ones."""
        return self._edit("accept", bout_ids or None)

    def reject(self, *bout_ids: str) -> tuple[str, ...]:
        """Reject bouts, by default the chosen ones."""
        return self._edit("reject", bout_ids or None)

    def comment(self, text: str, *bout_ids: str) -> tuple[str, ...]:
        """Note something about bouts, by default about the chosen ones."""
        return self._edit("comment", text, bout_ids or None)

    def remove(self, *bout_ids: str) -> tuple[str, ...]:
        """Take bouts away that a person marked, reject others; by default the chosen ones."""
        return self._edit("remove", bout_ids or None)

    def undo(self) -> tuple[str, ...]:
        """Take the last edit back."""
        return self._edit("undo")

    def redo(self) -> tuple[str, ...]:
        """Put the edit back that was taken back last."""
        return self._edit("redo")

    def _edit(self, name: str, *args: Any) -> tuple[str, ...]:
        desk = self.desk
        with desk.raising():
            done: tuple[str, ...] = getattr(desk, name)(*args)
        return done


def _frame(desk: Desk, at: float | str) -> int:
    """Return a frame for a whole number, or for a time; the end of the recording is its length."""
    if not isinstance(at, str):
        try:
            return operator.index(at)  # type: ignore[arg-type]
        except TypeError:
            at = float(at)
    _check_clock(desk)
    clock = desk.recording.timebase
    seconds = float(parse_duration(at, clock))
    # Half a frame before the end the nearest bound is the end.
    end = float(clock.exact_time(clock.n_frames))
    if end - 0.5 / clock.fps <= seconds <= end + 0.5 / clock.fps:
        return clock.n_frames
    return int(clock.frame_at(seconds, side="nearest"))


def _check_clock(desk: Desk) -> None:
    if not desk.clocked:
        raise InputError(
            f"time in {desk.recording.id!r}",
            expected="a known frame rate",
            found="none",
            remedy="Give whole frames, or open the recording with fps=...",
        )


def _check_individual(desk: Desk, name: str) -> None:
    if name and name not in desk.individuals:
        raise InputError(
            f"individual {name!r}",
            expected=", ".join(map(repr, desk.individuals)) or '"" for the whole picture',
            remedy="Choose one of the recording.",
        )


def _intervals(recording: str, rows: list[BoutRow]) -> Intervals:
    columns = {
        name: np.array([getattr(row, name) for row in rows], dtype=object)
        for name in ("individual", "label", "bout_id")
    }
    starts, stops = [row.start for row in rows], [row.stop for row in rows]
    return Intervals.build(recording, starts, stops, **columns)
