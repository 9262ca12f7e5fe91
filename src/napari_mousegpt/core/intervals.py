"""Stretches of frames: marked by hand, windowed, computed or imported.

One table type serves them all. A row is a half-open stretch ``[start, stop)`` in frames of one
recording, of one individual or (empty individual) of the whole picture. Rows may overlap: an animal
can rear and sniff at once, and windows overlap by design. Nothing is merged unless asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.tables import text_cells
from napari_mousegpt.core.timebase import parse_duration
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import Recording

__all__ = ["KEYS", "Intervals", "range_ids", "windows"]

#: Columns every interval table has, in this order.
KEYS = ("recording", "individual", "start", "stop")


class Intervals:
    """An immutable table of half-open frame intervals.

    Parameters
    ----------
    table : DataFrame
        Columns ``recording`` (str), ``individual`` (str, empty for the whole picture), ``start``
        and ``stop`` (int frames, ``start < stop``, or equal for an event without length) and any
        further columns. It is copied; its index is dropped.

    Raises
    ------
    InputError
        When a column is missing, a bound is not a whole number, or a row ends before it starts.

    Examples
    --------
    >>> ranges = Intervals.build("m1", start=[0, 20], stop=[30, 50])
    >>> len(ranges), list(ranges.at(25).start)
    (2, [0, 20])
    >>> len(ranges.merge())
    1
    """

    __slots__ = ("_table",)

    _table: pd.DataFrame

    def __init__(self, table: pd.DataFrame) -> None:
        missing = [name for name in KEYS if name not in table.columns]
        if missing:
            raise InputError(
                "interval table",
                expected=f"columns {', '.join(KEYS)}",
                found=f"no {', '.join(missing)}",
                remedy="Add or rename the columns.",
            )
        table = table.reset_index(drop=True).copy()
        for name in ("start", "stop"):
            table[name] = _whole_frames(table[name], name)
        # pandas 3 has several kinds of text column; with one kind here, equal tables are equal.
        for name in table.columns:
            if name in ("recording", "individual") or isinstance(table[name].dtype, pd.StringDtype):
                table[name] = pd.Series(text_cells(table[name]), dtype=object)
        wrong = np.flatnonzero(table["stop"].to_numpy() < table["start"].to_numpy())
        if wrong.size:
            row = table.iloc[wrong[0]]
            raise InputError(
                f"interval in row {wrong[0]}",
                expected="start <= stop",
                found=f"[{row['start']}, {row['stop']})",
                remedy=f"{wrong.size} row(s) end before they start; swap or remove them.",
            )
        rest = [name for name in table.columns if name not in KEYS]
        object.__setattr__(self, "_table", table[[*KEYS, *rest]])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Intervals are immutable: use assign({name}=...) to get a new table.")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._table,)

    @classmethod
    def build(
        cls,
        recording: str | ArrayLike,
        start: ArrayLike,
        stop: ArrayLike,
        individual: str | ArrayLike = "",
        **columns: ArrayLike,
    ) -> Intervals:
        """Return intervals from arrays; single values are repeated for every row."""
        starts, stops = np.asarray(start), np.asarray(stop)
        count = max(starts.size, stops.size) if 0 in (starts.ndim, stops.ndim) else starts.size
        if any(bound.ndim and bound.size != count for bound in (starts, stops)):
            raise InputError(
                "intervals",
                expected="one length for start and stop",
                found=f"{starts.size} and {stops.size}",
            )
        values: dict[str, Any] = {
            "recording": recording,
            "individual": individual,
            "start": np.broadcast_to(starts, count),
            "stop": np.broadcast_to(stops, count),
            **columns,
        }
        return cls(pd.DataFrame(values, index=range(count)))

    @classmethod
    def empty(cls) -> Intervals:
        """Return a table without rows."""
        return cls.build([], [], [], [])

    @property
    def recording(self) -> NDArray[np.object_]:
        """Recording id of each row, shape (n,)."""
        return self._table["recording"].to_numpy(dtype=object)

    @property
    def individual(self) -> NDArray[np.object_]:
        """Individual of each row, shape (n,); empty text means the whole picture."""
        return self._table["individual"].to_numpy(dtype=object)

    @property
    def start(self) -> NDArray[np.int64]:
        """First frame of each row, shape (n,)."""
        return self._frames("start")

    @property
    def stop(self) -> NDArray[np.int64]:
        """Frame after the last one of each row, shape (n,)."""
        return self._frames("stop")

    @property
    def length(self) -> NDArray[np.int64]:
        """Number of frames of each row, shape (n,)."""
        return self.stop - self.start

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, the four keys first."""
        return tuple(self._table.columns)

    def _frames(self, name: str) -> NDArray[np.int64]:
        values = self._table[name].to_numpy(dtype=np.int64).view()
        values.setflags(write=False)
        return values

    def column(self, name: str) -> NDArray[Any]:
        """Return the values of one column, shape (n,)."""
        if name not in self._table.columns:
            raise InputError(
                f"column {name!r}",
                expected=f"one of {', '.join(self.columns)}",
                remedy="Choose a column of this table.",
            )
        return self._table[name].to_numpy()

    def to_pandas(self) -> pd.DataFrame:
        """Return a copy as a DataFrame; changing it leaves the intervals alone."""
        return self._table.copy()

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows as named tuples."""
        return iter(self._table.itertuples(index=False, name="Interval"))

    def __getitem__(self, rows: slice | ArrayLike) -> Intervals:
        """Return the chosen rows: a slice, a boolean mask or row numbers."""
        picked = rows if isinstance(rows, slice) else np.asarray(rows)
        return Intervals(self._table.iloc[picked])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Intervals) and self._table.equals(other._table)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        recordings = len(set(self.recording))
        return (
            f"<Intervals: {len(self)} in {recordings} recording(s), columns {list(self.columns)}>"
        )

    def assign(self, **columns: ArrayLike) -> Intervals:
        """Return a new table with columns added or replaced."""
        table = self._table.copy()
        for name, values in columns.items():
            # A Series would be aligned by its index; rows are meant in order.
            table[name] = values if isinstance(values, str) else np.broadcast_to(values, len(table))
        return Intervals(table)

    def select(self, **values: object) -> Intervals:
        """Return the rows whose columns equal the given values, or lie in a given collection."""
        keep = np.ones(len(self), dtype=bool)
        for name, wanted in values.items():
            allowed = (
                [wanted] if isinstance(wanted, str) or not isinstance(wanted, Iterable) else wanted
            )
            keep &= np.isin(
                self.column(name), np.asarray(list(allowed), dtype=self.column(name).dtype)
            )
        return self[keep]

    def sort(self) -> Intervals:
        """Return the rows ordered by recording, individual, start, stop."""
        return Intervals(self._table.sort_values(list(KEYS), kind="stable"))

    def at(self, frame: int) -> Intervals:
        """Return the rows that contain a frame."""
        return self[(self.start <= frame) & (frame < self.stop)]

    def clip(self, start: int, stop: int) -> Intervals:
        """Return the parts of the rows inside ``[start, stop)``; rows outside are dropped."""
        begins, ends = np.maximum(self.start, start), np.minimum(self.stop, stop)
        events = (self.length == 0) & (begins == self.start) & (begins < stop)
        inside = (begins < ends) | events
        return Intervals(self._table.assign(start=begins, stop=ends)[inside])

    def merge(self, gap: int = 0, by: Sequence[str] = ()) -> Intervals:
        """Return the union: rows that overlap or lie at most ``gap`` frames apart become one.

        Parameters
        ----------
        gap : int
            Largest number of frames between two rows that are still joined; 0 joins touching rows.
        by : sequence of str
            Further columns (for example ``label``) whose rows are merged apart from each other;
            recording and individual always are. Other columns are dropped.
        """
        if gap < 0:
            raise InputError(f"gap of {gap} frames", expected="0 or more")
        keys = ["recording", "individual", *by]
        ordered = self._table.sort_values([*keys, "start", "stop"], kind="stable")
        if ordered.empty:
            return Intervals(ordered[[*KEYS, *by]])
        group = ordered.groupby(keys, sort=False, dropna=False).ngroup()
        reach = ordered.groupby(group)["stop"].cummax().to_numpy()
        starts = ordered["start"].to_numpy()
        new = np.ones(len(ordered), dtype=bool)
        new[1:] = (np.diff(group.to_numpy()) != 0) | (starts[1:] > reach[:-1] + gap)
        run = np.cumsum(new)
        joined = ordered[new].reset_index(drop=True)
        joined["stop"] = ordered.groupby(run)["stop"].max().to_numpy()
        return Intervals(joined[[*KEYS, *by]]).sort()

    def intersect(self, other: Intervals) -> Intervals:
        """Return every overlap of a row here with a row there (same recording and individual).

        The result keeps the columns of both; names that both have get ``_other`` on the right one.
        An individual of ``""`` overlaps with every individual of its recording.
        """
        left, right = _overlapping_rows(self, other)
        mine, theirs = self._table.iloc[left], other._table.iloc[right]
        extra = theirs.drop(columns=list(KEYS)).reset_index(drop=True)
        extra.columns = [f"{c}_other" if c in self.columns else c for c in extra.columns]
        table = mine.reset_index(drop=True)
        individual = np.where(
            mine["individual"].to_numpy() == "",
            theirs["individual"].to_numpy(),
            mine["individual"].to_numpy(),
        )
        table = table.assign(
            individual=individual,
            start=np.maximum(mine["start"].to_numpy(), theirs["start"].to_numpy()),
            stop=np.minimum(mine["stop"].to_numpy(), theirs["stop"].to_numpy()),
        )
        return Intervals(pd.concat([table, extra], axis=1))

    def overlapping(self, other: Intervals) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the row numbers here and there of every overlapping pair, each shape (pairs,)."""
        return _overlapping_rows(self, other)

    def range_ids(self) -> NDArray[np.object_]:
        """Return the content hash of each row, shape (n,); see :func:`range_ids`."""
        return range_ids(self.recording, self.individual, self.start, self.stop)

    @staticmethod
    def concat(tables: Iterable[Intervals]) -> Intervals:
        """Return the rows of several tables, one below the other."""
        frames = [table._table for table in tables]
        return Intervals(pd.concat(frames, ignore_index=True)) if frames else Intervals.empty()


def range_ids(
    recording: Sequence[str] | NDArray[Any],
    individual: Sequence[str] | NDArray[Any],
    start: ArrayLike,
    stop: ArrayLike,
) -> NDArray[np.object_]:
    """Return a key for each computed window, from its content alone.

    The same stretch of the same individual in the same recording has the same id in every run and
    on every machine, so that tables of different runs join on it.

    Returns
    -------
    ndarray of str, shape (n,)
        16 hexadecimal characters each.
    """
    starts, stops = np.asarray(start, dtype=np.int64), np.asarray(stop, dtype=np.int64)
    keys = (
        f"{rec}\x1f{ind}\x1f{a}\x1f{b}".encode()
        for rec, ind, a, b in zip(
            recording, individual, starts.tolist(), stops.tolist(), strict=True
        )
    )
    ids = np.empty(len(starts), dtype=object)
    ids[:] = [hashlib.blake2b(key, digest_size=8).hexdigest() for key in keys]
    return ids


def windows(
    recording: Recording,
    length: float | str | Fraction = "1s",
    step: float | str | Fraction | None = None,
    *,
    within: Intervals | None = None,
) -> Intervals:
    """Cut a recording into windows of equal length, for every individual with a pose.

    Parameters
    ----------
    recording : Recording
        What to cut; without a pose the windows are of the whole picture (individual ``""``).
    length, step : float or str
        Seconds or text such as ``"500ms"`` or ``"30f"``; the step defaults to the length. Both are
        rounded to whole frames, at least one.
    within : Intervals, optional
        Cut only these stretches of the recording.

    Returns
    -------
    Intervals
        Sorted; the last window of a stretch that is shorter than ``length`` is left out, unless the
        whole stretch is shorter: then it is one window. A stretch that ``within`` has twice is cut
        once.
    """
    for name, value in (("length", length), ("step", step)):
        if value is not None and _seconds(value, recording) <= 0:
            raise InputError(
                f"{name} of a window {value!r}",
                expected="more than 0 s",
                remedy='Write for example "1s".',
            )
    size = recording.timebase.frames(length)
    hop = recording.timebase.frames(length if step is None else step)
    if within is None:
        spans = Intervals.build(recording.id, 0, recording.n_frames)
    else:
        spans = within.select(recording=recording.id).clip(0, recording.n_frames)
    people = recording.individuals or ("",)
    pieces = []
    marked = spans.to_pandas().drop_duplicates(list(KEYS))
    for span in Intervals(marked[marked["start"] < marked["stop"]]):
        starts = np.arange(span.start, max(span.stop - size, span.start) + 1, hop)
        for individual in people if span.individual == "" else (span.individual,):
            pieces.append(
                Intervals.build(
                    recording.id, starts, np.minimum(starts + size, span.stop), individual
                )
            )
    return Intervals.concat(pieces).sort()


def _whole_frames(values: pd.Series, name: str) -> NDArray[np.int64]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers == np.rint(numbers))))
    if bad.size:
        raise InputError(
            f"column {name!r}, row {bad[0]}",
            expected="a whole frame number",
            found=repr(values.iloc[bad[0]]),
            remedy="Convert seconds with Timebase.frame_at first.",
        )
    return numbers.astype(np.int64)


def _overlapping_rows(a: Intervals, b: Intervals) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of rows that share a frame; sorts the right side once per recording, no full product.

    An event without length is where its frame is.
    """
    a_stop = np.maximum(a.stop, a.start + 1)
    b_stop = np.maximum(b.stop, b.start + 1)
    lefts: list[NDArray[np.intp]] = []
    rights: list[NDArray[np.intp]] = []
    rows_of_b = _rows_by(b.recording)
    for recording, rows in _rows_by(a.recording).items():
        theirs = rows_of_b.get(recording)
        if theirs is None:
            continue
        theirs = theirs[np.argsort(b.start[theirs], kind="stable")]
        # A row there can only overlap if it starts before this one stops and, at the earliest, one
        # longest row before this one starts.
        longest = int((b_stop - b.start)[theirs].max())
        first = np.searchsorted(b.start[theirs], a.start[rows] - longest, side="left")
        last = np.searchsorted(b.start[theirs], a_stop[rows], side="left")
        counts = np.maximum(last - first, 0)
        left = np.repeat(rows, counts)
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        right = theirs[np.repeat(first, counts) + offset]
        who_a, who_b = a.individual[left], b.individual[right]
        keep = (a.start[left] < b_stop[right]) & (b.start[right] < a_stop[left])
        keep &= (who_a == who_b) | (who_a == "") | (who_b == "")
        lefts.append(left[keep])
        rights.append(right[keep])
    if not lefts:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    left, right = np.concatenate(lefts), np.concatenate(rights)
    order = np.lexsort((right, left))
    return left[order], right[order]


def _rows_by(values: NDArray[np.object_]) -> dict[str, NDArray[np.intp]]:
    codes, unique = pd.factorize(values)
    return {str(value): np.flatnonzero(codes == code) for code, value in enumerate(unique)}


def _seconds(value: float | str | Fraction, recording: Recording) -> Fraction:
    return value if isinstance(value, Fraction) else parse_duration(value, recording.timebase)
