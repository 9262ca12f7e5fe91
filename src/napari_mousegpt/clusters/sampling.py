"""Which rows a fit looks at when there are more than it needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals

__all__ = ["balanced_rows"]

#: Rows of a stretch that stays together, so that bouts can be found in it.
_STRETCH = 600


def balanced_rows(intervals: Intervals, most: int) -> NDArray[np.intp]:
    """Choose rows evenly among recordings and evenly over each.

    Parameters
    ----------
    intervals : Intervals
        Sorted by recording, individual, start.
    most : int
        How many rows at most.

    Returns
    -------
    ndarray of int
        Ascending row numbers; all of them when there are no more than ``most``. Every individual
        of every recording gives the same number of rows, short ones all they have, in stretches
        of consecutive rows. Nothing is drawn at random.
    """
    n = len(intervals)
    if n <= most:
        return np.arange(n)
    keys = np.asarray([intervals.recording, intervals.individual])
    edges = np.flatnonzero((keys[:, 1:] != keys[:, :-1]).any(axis=0)) + 1
    first = np.concatenate([[0], edges])
    count = np.diff(np.append(first, n))
    chosen = [
        begin + _stretches(size, quota)
        for begin, size, quota in zip(first, count, _quotas(count, most), strict=True)
    ]
    return np.concatenate(chosen)


def _quotas(count: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Share ``most`` rows evenly; what short groups leave goes to the others."""
    quota = np.zeros_like(count)
    left = most
    open_groups = np.argsort(count, kind="stable")
    for rank, group in enumerate(open_groups):
        quota[group] = min(count[group], left // (len(count) - rank))
        left -= quota[group]
    return quota


def _stretches(size: int, quota: int) -> NDArray[np.intp]:
    if quota >= size:
        return np.arange(size)
    pieces = max(1, quota // _STRETCH)
    length = quota // pieces
    begins = np.linspace(0, size - length, pieces).astype(np.intp)
    return np.unique((begins[:, None] + np.arange(length)).reshape(-1))
