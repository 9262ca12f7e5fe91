"""What stands on the timeline beside the bouts: epochs, curves, words. No window is needed.

A viewer keeps them for each of its recordings, whether a panel shows them or not.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from napari_mousegpt._napari.measured import Measured
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.features import check_ranges

if TYPE_CHECKING:
    from napari_mousegpt._napari.state import ViewerState
    from napari_mousegpt.core.recording import Recording

__all__ = ["Curve", "Extras", "add_curve", "add_epochs", "extras_of", "take_words"]

_EXTRAS: weakref.WeakKeyDictionary[ViewerState, dict[str, Extras]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Curve:
    """A number for each frame.

    Parameters
    ----------
    name : str
        What the timeline calls it.
    values : ndarray of float32, shape (n_frames,)
        NaN where there is none.
    individual : str
        Whose it is; empty for the whole picture.
    unit : str
        Unit of the values, empty for none.
    """

    name: str
    values: NDArray[np.float32]
    individual: str = ""
    unit: str = ""


class Extras:
    """Epochs, curves, words and measures of one recording in one viewer.

    Parameters
    ----------
    recording : str
        Its id.
    state : ViewerState, optional
        Of the viewer; when the recording is closed there, its measures are given up.

    Attributes
    ----------
    epochs : Intervals
        With a column ``label``.
    curves : tuple of Curve
        In the order they were added.
    traces : tuple of str
        Measures to show, see :data:`napari_mousegpt.features.MEASURES`.
    words : DataFrame or None
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`.
    measured : Measured
        What was computed of the recording to be shown.
    """

    #: Emitted when anything was added, taken away or measured.
    changed = Signal()

    def __init__(self, recording: str, state: ViewerState | None = None) -> None:
        self.recording = recording
        self.epochs = Intervals.empty().assign(label=np.array([], dtype=object))
        self.curves: tuple[Curve, ...] = ()
        self.traces: tuple[str, ...] = ()
        self.words: pd.DataFrame | None = None
        self.measured = Measured()
        self._state = (lambda: None) if state is None else weakref.ref(state)
        if state is not None:
            state.changed.connect(self._on_state)

    def add_epochs(self, recording: Recording, epochs: Intervals) -> None:
        """Add epochs; those that are there already are not added twice.

        Raises
        ------
        InputError
            When one belongs to another recording, or lies outside this one.
        """
        if set(epochs.recording) <= {""}:
            epochs = epochs.assign(recording=recording.id)
        check_ranges(recording, epochs)
        if "label" not in epochs.columns:
            epochs = epochs.assign(label="epoch")
        keys = ["recording", "individual", "start", "stop", "label"]
        both = Intervals.concat([self.epochs, epochs]).to_pandas()[keys]
        self.epochs = Intervals(both.drop_duplicates()).sort()
        self.changed.emit()

    def clear_epochs(self) -> None:
        """Take all epochs away."""
        self.epochs = self.epochs[:0]
        self.changed.emit()

    def add_curve(
        self,
        recording: Recording,
        name: str,
        values: ArrayLike,
        individual: str = "",
        *,
        unit: str = "",
    ) -> None:
        """Add a curve; one of the same name and individual is replaced.

        Raises
        ------
        InputError
            When it has no name, or its values are no numbers.
        MismatchError
            When it does not have one value for each frame.
        """
        if not name:
            raise InputError("curve", expected="a name", remedy='Name it, for example "novelty".')
        try:
            numbers = np.array(values, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"curve {name!r}",
                expected="one number for each frame",
                found=str(error),
                remedy="Use NaN for frames without a value.",
            ) from error
        if numbers.shape != (recording.n_frames,):
            raise MismatchError(
                f"curve {name!r}",
                expected=f"one value for each of the {recording.n_frames} frames of "
                f"{recording.id!r}",
                found=f"shape {numbers.shape}",
                remedy="Fill frames that were not looked at with NaN.",
            )
        numbers.setflags(write=False)
        kept = [c for c in self.curves if (c.name, c.individual) != (name, individual)]
        self.curves = (*kept, Curve(name, numbers, individual, unit))
        self.changed.emit()

    def remove_curve(self, name: str) -> None:
        """Take a curve away, that of every individual."""
        self.curves = tuple(curve for curve in self.curves if curve.name != name)
        self.changed.emit()

    def show_trace(self, measure: str, shown: bool = True) -> None:
        """Show a measure, or hide it."""
        rest = tuple(name for name in self.traces if name != measure)
        self.traces = (*rest, measure) if shown else rest
        self.changed.emit()

    def set_words(self, descriptions: pd.DataFrame | None) -> None:
        """Show other words; rows of other recordings are left out.

        Raises
        ------
        InputError
            When it is no table of descriptions.
        """
        if descriptions is not None:
            table = DESCRIPTIONS.check(descriptions)
            descriptions = table[table["recording"] == self.recording].reset_index(drop=True)
        self.words = descriptions
        self.changed.emit()

    def add_words(self, descriptions: pd.DataFrame) -> None:
        """Show words beside those that are shown, and instead of those they overlap.

        Raises
        ------
        InputError
            When it is no table of descriptions.
        """
        before = self.words
        with self.changed.blocked():
            self.set_words(descriptions)
        if before is not None and self.words is not None:
            gone, _ = Intervals(before).overlapping(Intervals(self.words))
            rest = before.drop(before.index[np.unique(gone)])
            self.words = pd.concat([rest, self.words]) if len(rest) else self.words
        self.changed.emit()

    def _on_state(self) -> None:
        state = self._state()
        if state is not None and self.recording not in state.open_recordings:
            # Measures of a long recording are large, and hold its pose.
            self.measured = Measured()


def extras_of(state: ViewerState, recording: str) -> Extras:
    """Return what stands beside the bouts of a recording in a viewer."""
    mine = _EXTRAS.setdefault(state, {})
    if recording not in mine:
        mine[recording] = Extras(recording, state)
    return mine[recording]


def add_epochs(state: ViewerState, epochs: Intervals) -> None:
    """Show epochs on the timeline, with the recordings they belong to.

    Parameters
    ----------
    state : ViewerState
        Of the viewer.
    epochs : Intervals
        With a column ``label``, as from ``load_epochs``; rows without a recording belong to the
        active one.

    Raises
    ------
    InputError
        When a recording is not open, or an epoch lies outside it.
    """
    known = state.open_recordings
    names = sorted(set(epochs.recording)) or [""]
    for name in names:
        recording = _open_one(state, name or None)
        mine = epochs.select(recording=name)
        check_ranges(recording, mine.assign(recording=recording.id))
    for name in names:
        recording = known[name] if name else _open_one(state)
        extras_of(state, recording.id).add_epochs(recording, epochs.select(recording=name))


def add_curve(
    state: ViewerState,
    name: str,
    values: ArrayLike,
    individual: str = "",
    *,
    recording: str | None = None,
    unit: str = "",
) -> None:
    """Show a curve on the timeline.

    Parameters
    ----------
    state : ViewerState
        Of the viewer.
    name : str
        What the timeline calls it; another curve of this name is replaced.
    values : array_like of float, shape (n_frames,)
        One for each frame, NaN where there is none.
    individual : str
        Whose it is; empty for the whole picture.
    recording : str, optional
        Id of an open recording; by default the active one.
    unit : str
        Unit of the values.

    Raises
    ------
    InputError
        When no such recording is open, or the values are no numbers.
    MismatchError
        When there is not one value for each frame.
    """
    subject = _open_one(state, recording)
    extras_of(state, subject.id).add_curve(subject, name, values, individual, unit=unit)


def take_words(state: ViewerState, recording: str, result: Any) -> None:
    """Show the words of what a verb returned beside a recording; other results have none.

    Words elsewhere in the recording stay.

    Parameters
    ----------
    state : ViewerState
        Of the viewer.
    recording : str
        Id of the recording.
    result : object
        A run, or a table of descriptions.
    """
    table = getattr(result, "descriptions", result)
    if isinstance(table, pd.DataFrame) and set(DESCRIPTIONS.needed) <= set(table):
        extras_of(state, recording).add_words(table)


def _open_one(state: ViewerState, recording: str | None = None) -> Recording:
    known = state.open_recordings
    desk = state.desk_of_active() if recording is None else None
    found = known.get(recording or "") if desk is None else desk.recording
    if found is None:
        raise InputError(
            "timeline" if recording is None else f"recording {recording!r}",
            expected="an open recording",
            found=", ".join(known) or "none",
            remedy="Open it first.",
        )
    return found
