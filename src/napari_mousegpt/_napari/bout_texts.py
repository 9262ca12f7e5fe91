"""What an ethogram says about each frame of a stretch, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.errors import InputError

__all__ = ["COLUMNS", "JOINT", "BoutTexts", "FrameTexts", "of_recording"]

#: What is known of each bout.
COLUMNS = ("start", "stop", "individual", "label", "source", "confidence", "status", "bout_id")
Columns = Mapping[str, NDArray[Any]]
Mine = Callable[[str, str], bool]

#: Stands between the labels of bouts that overlap.
JOINT = " + "


@dataclass(frozen=True)
class FrameTexts:
    """What is said of one individual in each frame of a stretch; all arrays of its length.

    Parameters
    ----------
    label : ndarray of str
        Labels of the bouts that hold the frame, joined; empty where none does.
    source : ndarray of str
        Who says so, joined.
    confidence : ndarray of float
        The lowest confidence of these bouts, NaN where none is given.
    """

    label: NDArray[np.object_]
    source: NDArray[np.object_]
    confidence: NDArray[np.float64]


def of_recording(ethogram: Ethogram, recording: str) -> Ethogram:
    """Return the bouts of one recording.

    An ethogram of a single recording under another name is taken as this one's if the name is
    empty only: labels of another animal must not slip in.

    Raises
    ------
    InputError
        When there are bouts, but none of this recording.
    """
    names = sorted(set(ethogram.bouts.recording))
    if names == [""]:
        bouts = ethogram.bouts.assign(recording=recording)
        observed = ethogram.observed.assign(recording=recording)
        return Ethogram(bouts, observed)
    if names == [recording]:
        return ethogram
    if names and recording not in names:
        raise InputError(
            "ethogram",
            expected=f"bouts of recording {recording!r}",
            found=f"bouts of {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}",
            remedy="Show it with its own recording, or rename the recording column.",
        )
    return ethogram.select(recording=recording)


class BoutTexts:
    """Looks up the bouts of one recording by frame, without going through all of them.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of one recording; rejected ones are left out.
    """

    def __init__(self, ethogram: Ethogram) -> None:
        table = ethogram.bouts.to_pandas().sort_values("start", kind="stable")
        fixed = {name: table[name].to_numpy() for name in COLUMNS}
        self._columns: Callable[[], Columns] = lambda: fixed
        self._mine: Mine | None = None
        kept = fixed["individual"][fixed["status"] != "rejected"]
        self.individuals: tuple[str, ...] = tuple(dict.fromkeys(kept))

    def follow(self, columns: Callable[[], Columns], mine: Mine) -> None:
        """Look the bouts up elsewhere from now on, as they are whenever one asks.

        Parameters
        ----------
        columns : callable
            Returns arrays of one length, sorted by start, with the names :data:`COLUMNS`.
        mine : callable
            Takes the id and the source of a bout, and says whether it is told of here.
        """
        self._columns, self._mine = columns, mine

    def meet(self, individuals: Iterable[str]) -> None:
        """Tell of these individuals too, after those that are known."""
        self.individuals = tuple(dict.fromkeys([*self.individuals, *individuals]))

    def between(self, individual: str, start: int, stop: int) -> FrameTexts:
        """Return what is said of an individual in the frames ``[start, stop)``."""
        size = max(0, stop - start)
        label, source = (np.full(size, "", dtype=object) for _ in range(2))
        confidence = np.full(size, np.nan)
        columns = self._columns()
        begun = int(np.searchsorted(columns["start"], stop))
        for row in np.flatnonzero(columns["stop"][:begun] > start):
            if columns["individual"][row] != individual or columns["status"][row] == "rejected":
                continue
            said_by = str(columns["source"][row])
            if self._mine is not None and not self._mine(str(columns["bout_id"][row]), said_by):
                continue
            part = slice(
                max(int(columns["start"][row]), start) - start,
                min(int(columns["stop"][row]), stop) - start,
            )
            label[part] = _each(label[part], str(columns["label"][row]))
            source[part] = _each(source[part], said_by)
            confidence[part] = np.fmin(confidence[part], columns["confidence"][row])
        return FrameTexts(label, source, confidence)


def _each(texts: NDArray[np.object_], more: str) -> NDArray[np.object_]:
    """Add a text to each of many, which are mostly alike."""
    joined = {text: _join(text, more) for text in set(texts)}
    return np.array([joined[text] for text in texts], dtype=object)


def _join(text: str, more: str) -> str:
    if not text:
        return more
    return text if more in text.split(JOINT) else f"{text}{JOINT}{more}"
