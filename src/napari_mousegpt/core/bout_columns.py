"""The bouts of one recording as columns in order of time, cheap to change.

A change makes new arrays and leaves the old ones alone, so that whoever drew from them still has
what was drawn.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.edits import ROW_FIELDS, BoutRow

__all__ = ["BoutColumns"]

_DTYPES: dict[str, Any] = {"start": np.int64, "stop": np.int64, "confidence": np.float64}
# Up to so many new rows are put in their places one by one; for more, all are sorted.
_FEW = 64


class BoutColumns:
    """Immutable columns sorted by start, then stop, then id.

    Parameters
    ----------
    arrays : mapping of str to ndarray, each shape (n,)
        One for each of :data:`~napari_mousegpt.core.edits.ROW_FIELDS`, in any order of rows.
    """

    __slots__ = ("arrays",)

    arrays: dict[str, NDArray[Any]]

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        order = _order(arrays)
        self.arrays = {name: _frozen(arrays[name][order]) for name in ROW_FIELDS}

    def __len__(self) -> int:
        return len(self.arrays["start"])

    @classmethod
    def of_rows(cls, rows: Sequence[BoutRow]) -> BoutColumns:
        """Return the columns of rows in any order."""
        return cls(_arrays(rows))

    def row(self, index: int) -> BoutRow:
        """Return one row."""
        return row_of(self.arrays, index)

    def changed(self, gone: Sequence[BoutRow], come: Sequence[BoutRow]) -> BoutColumns:
        """Return the columns after some rows went and others came.

        Parameters
        ----------
        gone : sequence of BoutRow
            Rows that are here.
        come : sequence of BoutRow
            Rows whose ids are not here, or among those that go.
        """
        gone = sorted(gone, key=lambda row: row.key)
        come = sorted(come, key=lambda row: row.key)
        at = [self._place(row) for row in gone]
        if [row.key for row in gone] == [row.key for row in come]:
            return self._rewritten(np.asarray(at, dtype=np.intp), gone, come)
        kept = np.ones(len(self), dtype=bool)
        kept[at] = False
        left = {name: column[kept] for name, column in self.arrays.items()}
        new = _arrays(come)
        if len(come) > _FEW:
            return BoutColumns(
                {name: np.concatenate([column, new[name]]) for name, column in left.items()}
            )
        # Rows that share a place stay in the order in which they are given.
        places = [_place_of(left, row) for row in come]
        return _ready({n: np.insert(column, places, new[n]) for n, column in left.items()})

    def _place(self, row: BoutRow) -> int:
        place = _place_of(self.arrays, row)
        if place == len(self) or self.arrays["bout_id"][place] != row.bout_id:
            raise KeyError(row.bout_id)
        return place

    def _rewritten(
        self, at: NDArray[np.intp], gone: Sequence[BoutRow], come: Sequence[BoutRow]
    ) -> BoutColumns:
        """Return the columns with other cells in rows that keep their places."""
        old, new = _arrays(gone), _arrays(come)
        arrays = dict(self.arrays)
        for name in ROW_FIELDS:
            kind = arrays[name].dtype
            same = np.array_equal(old[name], new[name], equal_nan=kind == np.float64)
            if not same:
                arrays[name] = arrays[name].copy()
                arrays[name][at] = new[name]
        return _ready(arrays)


def row_of(arrays: Mapping[str, NDArray[Any]], index: int) -> BoutRow:
    """Return one row of columns, with the plain kinds of Python."""
    cells = {name: column[index] for name, column in arrays.items()}
    for name, kind in (("start", int), ("stop", int), ("confidence", float)):
        cells[name] = kind(cells[name])
    return BoutRow(**cells)


def _ready(arrays: dict[str, NDArray[Any]]) -> BoutColumns:
    """Return columns that are in order already."""
    columns = object.__new__(BoutColumns)
    columns.arrays = {name: _frozen(column) for name, column in arrays.items()}
    return columns


def _arrays(rows: Sequence[BoutRow]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name in ROW_FIELDS:
        arrays[name] = np.empty(len(rows), dtype=_DTYPES.get(name, object))
        arrays[name][:] = [getattr(row, name) for row in rows]
    return arrays


def _place_of(arrays: Mapping[str, NDArray[Any]], row: BoutRow) -> int:
    starts, stops, ids = arrays["start"], arrays["stop"], arrays["bout_id"]
    first = int(np.searchsorted(starts, row.start, side="left"))
    last = int(np.searchsorted(starts, row.start, side="right"))
    return bisect_left(
        range(last), (row.stop, row.bout_id), lo=first, key=lambda i: (stops[i], ids[i])
    )


def _order(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.intp]:
    starts, stops, ids = arrays["start"], arrays["stop"], arrays["bout_id"]
    order = np.lexsort((stops, starts))
    # Few bouts share both bounds: only those are sorted by their ids.
    a, b = starts[order], stops[order]
    tied = np.flatnonzero((a[1:] == a[:-1]) & (b[1:] == b[:-1]))
    for run in np.split(tied, np.flatnonzero(np.diff(tied) > 1) + 1) if tied.size else ():
        rows = slice(run[0], run[-1] + 2)
        order[rows] = sorted(order[rows], key=lambda i: str(ids[i]))
    return order


def _frozen(column: NDArray[Any]) -> NDArray[Any]:
    column.setflags(write=False)
    return column
