"""Bouts: consecutive windows between change points of the projected kinematics.

Segmentation is exact: among all ways to cut a run of windows it finds the one with the smallest sum
of squared distances to the mean of each bout, plus a penalty for every bout (optimal partitioning;
Jackson et al. 2005, "An algorithm for optimal partitioning of data on an interval"). Distances are
weighted by the time between windows, so that the same penalty means the same at any window step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.projection import on_grid
from napari_mousegpt.core.intervals import Intervals

__all__ = ["LONGEST", "Bouts", "Runs", "choose_penalty", "find_bouts", "find_runs", "has_seconds"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: The longest bout, as a multiple of the median asked for; longer ones are cut.
LONGEST = 10
#: Rows whose costs are held at a time.
_BLOCK = 4096
#: Windows that the choice of the penalty looks at.
_PENALTY_WINDOWS = 20_000


@dataclass(frozen=True)
class Runs:
    """Stretches of windows that follow each other without a gap.

    Parameters
    ----------
    first, last : ndarray of int, shape (n_runs,)
        Half-open rows of each run in the sorted intervals.
    step : ndarray of float, shape (n_runs,)
        Seconds from one window to the next; 1 where time is counted in windows.
    """

    first: Ints
    last: Ints
    step: Floats

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class Bouts:
    """Bouts of rows.

    Parameters
    ----------
    points : ndarray of float64, shape (n_bouts, p)
        Mean of the windows of each bout, on the grid.
    windows : ndarray of int, shape (n_bouts,)
        Windows in each.
    of_row : ndarray of int, shape (n_rows,)
        The bout of each row.
    """

    points: Floats
    windows: Ints
    of_row: Ints


def has_seconds(intervals: Intervals) -> bool:
    """Return whether every interval carries its begin and end in seconds."""
    return {"start_s", "stop_s"} <= set(intervals.columns) and all(
        np.isfinite(np.asarray(intervals.column(name), dtype=np.float64)).all()
        for name in ("start_s", "stop_s")
    )


def find_runs(intervals: Intervals, seen: NDArray[np.bool_], *, timed: bool) -> Runs:
    """Find runs of seen windows that touch or overlap.

    Parameters
    ----------
    intervals : Intervals
        Sorted by recording, individual, start; columns ``start_s`` and ``stop_s`` when ``timed``.
    seen : ndarray of bool, shape (n,)
        Rows to look at; an unseen row ends a run, unless its neighbours touch.
    timed : bool
        Measure steps in seconds, else in windows.

    Returns
    -------
    Runs
        Over the seen rows only: row numbers count seen rows.
    """
    chosen = intervals[seen]
    if not len(chosen):
        nothing = np.empty(0, dtype=np.int64)
        return Runs(nothing, nothing, np.empty(0))
    start, stop = chosen.start, chosen.stop
    follows = (
        (chosen.recording[1:] == chosen.recording[:-1])
        & (chosen.individual[1:] == chosen.individual[:-1])
        & (start[1:] > start[:-1])
        & (start[1:] <= stop[:-1])
    )
    edges = np.flatnonzero(~follows) + 1
    first = np.concatenate([[0], edges]).astype(np.int64)
    last = np.append(edges, len(chosen)).astype(np.int64)
    if not timed:
        return Runs(first, last, np.ones(len(first)))
    begins = chosen.column("start_s")
    length = chosen.column("stop_s")[first] - begins[first]
    windows = last - first
    span = begins[last - 1] - begins[first]
    return Runs(first, last, np.where(windows > 1, span / np.maximum(windows - 1, 1), length))


def find_bouts(points: Floats, runs: Runs, penalty: float, longest: float) -> Bouts:
    """Cut every run at its change points.

    Parameters
    ----------
    points : ndarray of float64, shape (n, p)
        Projected rows, on the grid.
    runs : Runs
        Which rows follow each other.
    penalty : float
        Cost of a bout, in squared distance times seconds; 0 makes every row a bout.
    longest : float
        Seconds after which a bout is cut at the latest.
    """
    new = np.ones(len(points), dtype=bool)
    if penalty > 0:
        new[:] = False
        for first, last, step in zip(runs.first, runs.last, runs.step, strict=True):
            cuts = _cut(points[first:last], penalty / step, _at_most(longest, step))
            new[first + cuts] = True
    of_row = np.cumsum(new) - 1
    begins = np.flatnonzero(new)
    windows = np.diff(np.append(begins, len(points)))
    total = np.add.reduceat(points, begins, axis=0) if begins.size else points
    return Bouts(on_grid(total / np.maximum(windows, 1)[:, None]), windows, of_row)


def choose_penalty(points: Floats, runs: Runs, median: float) -> float:
    """Return the smallest penalty at which the median bout lasts at least ``median``.

    Parameters
    ----------
    points : ndarray of float64, shape (n, p)
        Projected rows.
    runs : Runs
        Which rows follow each other; the first of them are looked at.
    median : float
        Seconds, or windows where steps are counted in windows.

    Returns
    -------
    float
        0 when a window is as long as that already, or no two windows follow each other.
    """
    taken = np.cumsum(runs.last - runs.first) <= _PENALTY_WINDOWS
    taken[:1] = True
    pieces = [
        (points[first : min(last, first + _PENALTY_WINDOWS)], step)
        for first, last, step, use in zip(runs.first, runs.last, runs.step, taken, strict=True)
        if use
    ]
    pieces = [(piece, step) for piece, step in pieces if step < 0.75 * median and len(piece) > 1]
    if not pieces:
        return 0.0
    tables = []
    for piece, step in pieces:
        longest = min(_at_most(LONGEST * median, step), len(piece))
        tables.append((list(_costs(piece, longest)), len(piece), longest, step))
    energy = float(np.mean(np.concatenate([(piece**2).sum(axis=1) for piece, _ in pieces])))
    low, high = np.log(1e-4 * (energy + 1e-9) * median), np.log(1e4 * (energy + 1e-9) * median)
    for _ in range(16):
        middle = (low + high) / 2
        lengths = [
            np.diff(np.append(_best(costs, n, longest, np.exp(middle) / step), n)) * step
            for costs, n, longest, step in tables
        ]
        if np.median(np.concatenate(lengths)) < median * (1 - 1e-9):
            low = middle
        else:
            high = middle
    return float(np.exp(high))


def _at_most(longest: float, step: float) -> int:
    return max(1, round(longest / step))


def _cut(points: Floats, penalty: float, longest: int) -> Ints:
    """Return the first row of each bout of one run."""
    longest = min(longest, len(points))
    return _best(_costs(points, longest), len(points), longest, penalty)


def _costs(points: Floats, longest: int) -> Iterator[Floats]:
    """Yield, row by row in blocks, the cost of the bouts that end behind each row.

    Column ``longest - k`` belongs to the bout of ``k`` rows. All sums are exact, since the points
    lie on a grid.
    """
    sums = np.vstack([np.zeros((1, points.shape[1])), np.cumsum(points, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum((points**2).sum(axis=1))])
    for begin in range(0, len(points), _BLOCK):
        ends = np.arange(begin + 1, min(begin + _BLOCK, len(points)) + 1)
        block = np.full((len(ends), longest), np.inf)
        for length in range(1, min(longest, int(ends[-1])) + 1):
            late = ends[max(0, length - int(ends[0])) :]
            moved = sums[late] - sums[late - length]
            power = np.einsum("ij,ij->i", moved, moved) / length
            block[len(ends) - len(late) :, longest - length] = (
                squares[late] - squares[late - length] - power
            )
        yield block


def _best(blocks: Iterable[Floats], n: int, longest: int, penalty: float) -> Ints:
    """Return the first rows of the bouts with the smallest sum of costs and penalties."""
    total = np.full(longest + n + 1, np.inf)
    total[longest] = 0.0
    taken = np.empty(n + 1, dtype=np.int64)
    end = 0
    for block in blocks:
        for costs in block:
            end += 1
            candidates = total[end : end + longest] + costs
            best = int(candidates.argmin())
            total[longest + end] = candidates[best] + penalty
            taken[end] = longest - best
    cuts = []
    end = n
    while end > 0:
        end -= int(taken[end])
        cuts.append(end)
    return np.asarray(cuts[::-1], dtype=np.int64)
