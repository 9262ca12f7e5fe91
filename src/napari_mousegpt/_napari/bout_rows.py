"""Which bouts a table shows, and in which order. No window is needed.

Everything is done on whole columns: a filter is one mask, a sorting one array of positions. Masks
and orders are kept until their column or their filter changes, so that one more letter in the
search costs one mask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.text_column import TextColumn
from napari_mousegpt.core.timebase import Timebase

__all__ = ["COLUMNS", "BoutFilter", "BoutRows", "seconds_at"]

#: Columns of the table, in their order.
COLUMNS = (
    *("label", "individual", "start", "stop", "length", "confidence"),
    *("source", "status", "comment"),
)
#: Columns that hold text; the last ones may be absent.
_TEXTS = ("label", "individual", "source", "status", "comment", "words")
#: Columns the search looks into.
_SEARCHED = ("label", "comment", "words")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class BoutFilter:
    """What a bout must be to be shown; None or empty text lets every bout pass.

    Parameters
    ----------
    label, individual, source, status : frozenset of str, optional
        Allowed values.
    confidence : tuple of float, optional
        Lowest and highest; bouts without a confidence do not pass.
    seconds : tuple of float, optional
        Shortest and longest length, both allowed.
    text : str
        Each of these words, in any case, stands in the label, the comment or the description.
    """

    label: frozenset[str] | None = None
    individual: frozenset[str] | None = None
    source: frozenset[str] | None = None
    status: frozenset[str] | None = None
    confidence: tuple[float, float] | None = None
    seconds: tuple[float, float] | None = None
    text: str = ""

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the filters that keep something out."""
        plain = BoutFilter()
        return tuple(
            f.name for f in fields(self) if getattr(self, f.name) != getattr(plain, f.name)
        )


class BoutRows:
    """The bouts of a recording, those a filter lets pass, sorted.

    Parameters
    ----------
    timebase : Timebase, optional
        Clock of the recording; without one a frame counts as a second.
    """

    def __init__(self, timebase: Timebase | None = None) -> None:
        self.timebase = timebase
        self.columns: Mapping[str, NDArray[Any]] = {}
        self.filter = BoutFilter()
        self.sorting: tuple[str, bool] = ("start", False)
        #: Positions in the columns of the rows that are shown, in their order.
        self.index: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._texts: dict[str, tuple[NDArray[Any], TextColumn]] = {}
        self._seconds: NDArray[np.float64] | None = None
        self._masks: dict[str, tuple[object, Mask]] = {}
        self._order: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.index)

    @property
    def total(self) -> int:
        """Number of bouts, shown or not."""
        return len(self.columns["start"]) if self.columns else 0

    def set_columns(
        self, columns: Mapping[str, NDArray[Any]], timebase: Timebase | None = None
    ) -> None:
        """Take other bouts.

        Parameters
        ----------
        columns : mapping of str to ndarray, all of shape (n,)
            ``bout_id, individual, start, stop, label, source, confidence, status, comment``,
            sorted by start, and ``words`` where descriptions are known.
        timebase : Timebase, optional
            Clock of the recording.
        """
        self.columns, self.timebase = columns, timebase
        self._masks.clear()
        self._order = self._seconds = None
        self._arrange()

    def set_filter(self, chosen: BoutFilter) -> None:
        """Show other bouts."""
        self.filter = chosen
        self._arrange()

    def sort_by(self, column: str, *, descending: bool = False) -> None:
        """Sort by one of :data:`COLUMNS`; ties stay in the order of time, empty cells come last."""
        self.sorting = (column, descending)
        self._order = None
        self._arrange()

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Length of every bout in seconds, shape (n,)."""
        if self._seconds is None:
            ends = [seconds_at(self.timebase, self.columns[name]) for name in ("start", "stop")]
            self._seconds = ends[1] - ends[0]
        return self._seconds

    def texts(self, name: str) -> TextColumn:
        """Return a column of text as numbers; kept while the column is the same array."""
        column = self.columns.get(name)
        if column is None:
            column = np.full(self.total, "", dtype=object)
        kept = self._texts.get(name)
        if kept is None or kept[0] is not column:
            kept = self._texts[name] = (column, TextColumn.of(column))
        return kept[1]

    def mask(self, *, without: str = "") -> Mask:
        """Return which bouts pass the filters, shape (n,); one of them may be left out."""
        passed = np.ones(self.total, dtype=bool)
        for name in self.filter.active:
            if name != without:
                passed &= self._mask(name)
        return passed

    def counts(self, name: str) -> dict[str, int]:
        """Return how many bouts have each value of a column, by value, sorted.

        Only bouts that pass the other filters are counted; a value that none of them has counts 0.
        """
        texts = self.texts(name)
        many = np.bincount(texts.codes[self.mask(without=name)], minlength=len(texts.values))
        return dict(sorted(zip(texts.values, many.tolist(), strict=True)))

    def bout_ids(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Return the ids of rows of the table."""
        chosen = self.index[np.asarray(list(rows), dtype=np.intp)]
        return tuple(self.columns["bout_id"][chosen].tolist()) if len(chosen) else ()

    def rows_of(self, bout_ids: Sequence[str]) -> NDArray[np.intp]:
        """Return the rows that show these bouts, rising; bouts that are filtered out have none."""
        if not len(bout_ids) or not len(self.index):
            return np.zeros(0, dtype=np.intp)
        ids = self.columns["bout_id"]
        if len(bout_ids) <= 4:
            found = np.zeros(self.total, dtype=bool)
            for one in bout_ids:
                found |= ids == one
        else:
            wanted = set(bout_ids)
            found = np.fromiter((one in wanted for one in ids), dtype=bool, count=len(ids))
        return np.flatnonzero(found[self.index])

    def nearest(self, frame: int, *, back: bool = False) -> int:
        """Return the row whose bout begins next after a frame, or last before it.

        Where none does it is the last one, or the first one.
        """
        starts = self.columns["start"][self.index]
        wanted = starts < frame if back else starts > frame
        if not wanted.any():
            return int(np.argmin(starts) if back else np.argmax(starts))
        rows = np.flatnonzero(wanted)
        return int(rows[np.argmax(starts[rows])] if back else rows[np.argmin(starts[rows])])

    def value(self, row: int, column: str) -> Any:
        """Return a value of a row of the table."""
        place = self.index[row]
        if column == "length":
            return self.columns["stop"][place] - self.columns["start"][place]
        return self.columns[column][place] if column in self.columns else ""

    def _arrange(self) -> None:
        if not self.total:
            self.index = np.zeros(0, dtype=np.intp)
            return
        if self._order is None:
            self._order = self._sorted()
        order = self._order
        self.index = order[self.mask()[order]] if self.filter.active else order

    def _sorted(self) -> NDArray[np.intp]:
        column, descending = self.sorting
        if column in _TEXTS:
            ranks = self.texts(column).ranks(descending=descending)
            # Small whole numbers are sorted in one pass.
            small = len(ranks) and ranks.max() < 2**16
            return np.argsort(ranks.astype(np.uint16) if small else ranks, kind="stable")
        keys = self.seconds if column == "length" else self.columns[column]
        return np.argsort(-keys if descending else keys, kind="stable")

    def _mask(self, name: str) -> Mask:
        wanted = getattr(self.filter, name)
        kept = self._masks.get(name)
        if kept is None or kept[0] != wanted:
            kept = self._masks[name] = (wanted, self._passing(name, wanted))
        return kept[1]

    def _passing(self, name: str, wanted: Any) -> Mask:
        if name == "text":
            passed = np.ones(self.total, dtype=bool)
            for word in wanted.casefold().split():
                hits = [self.texts(one).holding(word) for one in _SEARCHED if one in self.columns]
                passed &= np.logical_or.reduce(hits)
            return passed
        if name in ("confidence", "seconds"):
            values = self.seconds if name == "seconds" else self.columns["confidence"]
            # A length of 0.3 s is 9 frames of 30 per second, whatever the doubles say.
            room = 1e-9
            return np.asarray((values >= wanted[0] - room) & (values <= wanted[1] + room))
        return self.texts(name).among(wanted)


def seconds_at(timebase: Timebase | None, frames: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the time of frames in seconds; a frame is a second where no clock is known.

    A variable rate has no times outside the video: bouts that reach over its end end there.
    """
    if timebase is None:
        return np.asarray(frames, dtype=np.float64)
    if not timebase.is_constant:
        frames = np.clip(frames, 0, timebase.n_frames)
    return timebase.time(np.asarray(frames))
