"""Bouts that overlap are stacked in lanes; within a lane nothing overlaps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_LANES", "Lane", "stack"]

#: Bouts deeper than this are painted over each other in the last lane.
MOST_LANES = 3


@dataclass(frozen=True, eq=False)
class Lane:
    """Stretches that lie one after another; all arrays have the same length.

    Parameters
    ----------
    start, stop : ndarray of int64
        Half-open frames, sorted, none empty, none overlapping.
    row : ndarray of int64
        Row of the track that a stretch shows.
    of : ndarray of int64
        How many lanes share the height where this stretch lies.
    key : ndarray of int64
        Length and place in one number, which finds the longest of many with one pass.
    kept : dict
        What was found for the last views, see
        :func:`napari_mousegpt._napari.timeline.detail.lane_columns`.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    row: NDArray[np.int64]
    of: NDArray[np.int64]
    key: NDArray[np.int64]
    kept: dict[tuple[float, float, int], NDArray[np.int64]] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        start: NDArray[np.int64],
        stop: NDArray[np.int64],
        row: NDArray[np.int64],
        of: NDArray[np.int64],
    ) -> Lane:
        """Return a lane of these stretches."""
        return cls(start, stop, row, of, ((stop - start) << 32) | np.arange(len(start)))


def stack(start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[Lane, ...]:
    """Put bouts into as few lanes as first-fit needs, at most :data:`MOST_LANES`.

    Parameters
    ----------
    start, stop : ndarray of int64, shape (n,)
        Half-open frames, sorted by start. Bouts without length are left out.

    Returns
    -------
    tuple of Lane
        The first one holds every bout that overlaps no other, at full height.
    """
    rows = np.flatnonzero(stop > start)
    start, stop = start[rows], stop[rows]
    if not rows.size:
        return ()
    begins = np.ones(rows.size, dtype=bool)
    begins[1:] = start[1:] >= np.maximum.accumulate(stop)[:-1]
    if begins.all():
        return (Lane.build(start, stop, rows, np.ones_like(rows)),)
    lane = np.full(rows.size, MOST_LANES - 1)
    left = np.arange(rows.size)
    for number in range(MOST_LANES - 1):
        taken = _one_after_another(start[left], stop[left])
        lane[left[taken]] = number
        left = left[~taken]
        if not left.size:
            break
    deep = np.maximum.reduceat(lane, np.flatnonzero(begins)) + 1
    of = deep[np.cumsum(begins) - 1]
    lanes = []
    for number in range(int(lane.max()) + 1):
        mine = lane == number
        parts = start[mine], stop[mine], rows[mine], of[mine]
        lanes.append(_flat(*parts) if number == MOST_LANES - 1 else Lane.build(*parts))
    return tuple(lanes)


def _one_after_another(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the first bout, the next one that begins after its end, and so on.

    The chain is followed by doubling the hops, so that its length costs no loop.
    """
    n = len(start)
    hop = np.append(np.searchsorted(start, stop, side="left"), n)
    marked = np.zeros(n + 1, dtype=bool)
    marked[0] = True
    for _ in range(max(1, int(n).bit_length())):
        marked[hop[marked]] = True
        hop = hop[hop]
    return marked[:n]


def _flat(
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    row: NDArray[np.int64],
    of: NDArray[np.int64],
) -> Lane:
    """Cut bouts that overlap so that a later one lies on top.

    Where the one on top has ended, the one that lasts longest shows again.
    """
    following = np.append(start[1:], np.iinfo(np.int64).max)
    reach = np.maximum.accumulate(stop)
    longest = np.maximum.accumulate(np.where(stop >= reach, np.arange(len(stop)), 0))
    begin = np.column_stack([start, stop]).ravel()
    end = np.column_stack([np.minimum(stop, following), np.minimum(reach, following)]).ravel()
    rows = np.column_stack([row, row[longest]]).ravel()
    there = end > begin
    return Lane.build(begin[there], end[there], rows[there], np.repeat(of, 2)[there])
