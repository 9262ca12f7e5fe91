"""Level of detail: what each pixel column shows. Bouts are gone over by numpy, never one by one.

A column holds at least one frame. While several frames share a column, every frame belongs to
exactly one; where a frame is wider than a column, the column shows the frame under its middle.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.timeline.curves import CurvePyramid
from napari_mousegpt._napari.timeline.lanes import Lane

__all__ = [
    "bout_columns",
    "column_frames",
    "curve_columns",
    "lane_columns",
    "point_columns",
    "runs",
]

_Pair = tuple[NDArray[np.int64], NDArray[np.int64]]
#: Views of a lane that are remembered.
_KEPT = 3
_LOW_BITS = (1 << 32) - 1


@lru_cache(maxsize=16)
def column_frames(start: float, stop: float, n_columns: int) -> _Pair:
    """Return the frames that each pixel column shows.

    Parameters
    ----------
    start, stop : float
        Stretch in view, in frames.
    n_columns : int
        Pixel columns over it.

    Returns
    -------
    lo, hi : ndarray of int64, shape (n_columns,)
        Half-open frames, never empty, sorted; not to be written to, as they are shared.
    """
    span = stop - start
    if span >= n_columns:
        edges = np.floor(start + np.arange(n_columns + 1) * (span / n_columns) + 1e-9)
        edges[-1] = np.floor(stop + 1e-9)
        whole = edges.astype(np.int64)
        # Rounding must not leave a column without a frame.
        return _shared(whole[:-1], np.maximum(whole[1:], whole[:-1] + 1))
    middle = start + (np.arange(n_columns) + 0.5) * (span / max(n_columns, 1))
    frame = np.floor(middle + 1e-9).astype(np.int64)
    return _shared(frame, frame + 1)


def _shared(lo: NDArray[np.int64], hi: NDArray[np.int64]) -> _Pair:
    lo.setflags(write=False)
    hi.setflags(write=False)
    return lo, hi


def bout_columns(lane: Lane, lo: NDArray[np.int64], hi: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stretch of a lane that fills most of each column, the later one of two equals.

    Parameters
    ----------
    lane : Lane
        Stretches that do not overlap.
    lo, hi : ndarray of int64, shape (n,)
        Frames of the columns, see :func:`column_frames`.

    Returns
    -------
    ndarray of int64, shape (n,)
        Places in the lane, -1 where a column holds none.
    """
    shown = np.full(len(lo), -1, dtype=np.int64)
    first = np.searchsorted(lane.stop, lo, side="right")
    last = np.searchsorted(lane.start, hi, side="left") - 1
    some = np.flatnonzero(last >= first)
    if not some.size:
        return shown
    first, last, lo, hi = first[some], last[some], lo[some], hi[some]
    best = last.copy()
    several = np.flatnonzero(last > first)
    if several.size:
        a, b, left, right = first[several], last[several], lo[several], hi[several]
        at_start = np.minimum(lane.stop[a], right) - np.maximum(lane.start[a], left)
        at_end = np.minimum(lane.stop[b], right) - np.maximum(lane.start[b], left)
        between = np.zeros_like(a)
        many = np.flatnonzero(b - a > 1)
        if many.size:
            # Those between lie in the column as a whole: the greatest key is the longest of them.
            ends = np.column_stack([a[many] + 1, b[many]]).ravel()
            between[many] = np.maximum.reduceat(lane.key, ends)[::2]
        length = between >> 32
        winner = np.where(length >= at_start, between & _LOW_BITS, a)
        best[several] = np.where(at_end >= np.maximum(length, at_start), b, winner)
    shown[some] = best
    return shown


def lane_columns(lane: Lane, start: float, stop: float, n_columns: int) -> NDArray[np.int64]:
    """Return :func:`bout_columns` of a view; the last views are remembered.

    The overview and the rows often show the same, and a change of colours moves nothing.
    """
    view = (start, stop, n_columns)
    found = lane.kept.get(view)
    if found is None:
        if len(lane.kept) >= _KEPT:
            lane.kept.pop(next(iter(lane.kept)))
        found = lane.kept[view] = bout_columns(lane, *column_frames(start, stop, n_columns))
    return found


def point_columns(
    frames: NDArray[np.int64], lo: NDArray[np.int64], hi: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where point events are drawn.

    Parameters
    ----------
    frames : ndarray of int64, shape (n,)
        Frames of the events, sorted.
    lo, hi : ndarray of int64
        Frames of the columns.

    Returns
    -------
    columns, places : ndarray of int64
        Columns with an event, and the place of the last event in each of them. A frame that is
        wider than a column has its event in its first column.
    """
    before = np.searchsorted(frames, lo, side="left")
    after = np.searchsorted(frames, hi, side="left")
    new = np.ones(len(lo), dtype=bool)
    new[1:] = lo[1:] != lo[:-1]
    columns = np.flatnonzero((after > before) & new)
    return columns, after[columns] - 1


def curve_columns(
    values: NDArray[np.float32], pyramid: CurvePyramid, start: float, stop: float, n_columns: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lowest and the highest value that a line through a curve has in each column.

    Parameters
    ----------
    values : ndarray of float32, shape (n_frames,)
        The curve; the value of a frame lies in the middle of the frame.
    pyramid : CurvePyramid
        Its blocks.
    start, stop : float
        Stretch in view, in frames.
    n_columns : int
        Pixel columns over it.

    Returns
    -------
    low, high : ndarray of float32, shape (n_columns,)
        NaN where the line is interrupted.
    """
    if stop - start >= n_columns:
        low, high = pyramid.extremes(*column_frames(start, stop, n_columns))
        # The line goes on from one column to the next without a gap.
        joined_low, joined_high = low.copy(), high.copy()
        joined_low[1:] = np.where(np.isnan(low[1:]), np.nan, np.fmin(low[1:], high[:-1]))
        joined_high[1:] = np.where(np.isnan(low[1:]), np.nan, np.fmax(high[1:], low[:-1]))
        return joined_low, joined_high
    edges = start + np.arange(n_columns + 1) * ((stop - start) / max(n_columns, 1)) - 0.5
    left = np.floor(edges).astype(np.int64)
    part = edges - left
    last = len(values) - 1
    if last < 0:
        nothing = np.full(n_columns, np.nan, dtype=np.float32)
        return nothing, nothing.copy()
    here, there = (values[np.clip(place, 0, last)] for place in (left, left + 1))
    # Beside a hole the line has the value of the frame it is over.
    nearest = np.where(part < 0.5, here, there)
    at = np.where(
        np.isnan(here) | np.isnan(there), nearest, here + (there - here) * part.astype(np.float32)
    )
    at[(edges + 0.5 < 0) | (edges + 0.5 > last + 1)] = np.nan
    return np.fmin(at[:-1], at[1:]), np.fmax(at[:-1], at[1:])


def runs(shown: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where equal values that are not -1 stand side by side.

    Parameters
    ----------
    shown : ndarray of int64, shape (n,)
        Such as :func:`bout_columns` returns.

    Returns
    -------
    start, stop : ndarray of int64
        Half-open columns.
    """
    if not len(shown):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    edges = np.flatnonzero(shown[1:] != shown[:-1]) + 1
    start, stop = np.append(0, edges), np.append(edges, len(shown))
    there = shown[start] >= 0
    return start[there], stop[there]
