"""Which rows a fit looks at when there are more than it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals

__all__ = ["Track", "balanced_rows", "spread_rows", "track_quotas", "tracks"]

#: One individual of one recording.
Track = tuple[str, str]

#: Rows of a stretch that stays together, so that bouts can be found in it.
_STRETCH = 600
#: A track that gives little gives so many shorter stretches, down to so many rows: its beginning
#: alone is not what it is.
_PIECES, _SHORTEST = 6, 120


def balanced_rows(
    intervals: Intervals, most: int, animals: Mapping[str, str] | None = None
) -> NDArray[np.intp]:
    """Choose rows evenly among animals, their recordings, and over each.

    Parameters
    ----------
    intervals : Intervals
        Sorted by recording, individual, start.
    most : int
        How many rows at most.
    animals : mapping of str to str, optional
        Animal by recording; without it each individual of each recording counts as an animal.

    Returns
    -------
    ndarray of int
        Ascending row numbers; all of them when there are no more than ``most``. Every animal gives
        the same number of rows, and of these every recording of it the same, short ones all they
        have, in stretches of consecutive rows. Nothing is drawn at random.
    """
    n = len(intervals)
    if n <= most:
        return np.arange(n)
    found = tracks(intervals)
    quota = track_quotas({track: len(rows) for track, rows in found.items()}, most, animals)
    chosen = [rows.start + spread_rows(len(rows), quota[track]) for track, rows in found.items()]
    return np.concatenate(chosen)


def tracks(intervals: Intervals) -> dict[Track, range]:
    """Return the rows of each individual of each recording; rows are sorted by key."""
    if not len(intervals):
        return {}
    recording, individual = intervals.recording, intervals.individual
    changes = (recording[1:] != recording[:-1]) | (individual[1:] != individual[:-1])
    first = [0, *(np.flatnonzero(changes) + 1).tolist()]
    last = [*first[1:], len(intervals)]
    return {
        (str(recording[a]), str(individual[a])): range(a, b)
        for a, b in zip(first, last, strict=True)
    }


def track_quotas(
    counts: Mapping[Track, int], most: int, animals: Mapping[str, str] | None = None
) -> dict[Track, int]:
    """Share ``most`` rows among animals, then among the recordings of each.

    Parameters
    ----------
    counts : mapping of (recording, individual) to int
        Rows there are.
    most : int
        Rows to share.
    animals : mapping of str to str, optional
        Animal by recording.
    """
    known = animals or {}
    members: dict[tuple[str, ...], list[Track]] = {}
    for track in counts:
        named = known.get(track[0])
        # Individuals of one recording are different animals, whatever the recording is said to be.
        members.setdefault(track if named is None else ("", named, track[1]), []).append(track)
    groups = list(members.values())
    shares = _quotas([sum(counts[track] for track in group) for group in groups], most)
    quota: dict[Track, int] = {}
    for group, share in zip(groups, shares, strict=True):
        quota.update(
            zip(group, _quotas([counts[track] for track in group], int(share)), strict=True)
        )
    return quota


def spread_rows(size: int, quota: int) -> NDArray[np.intp]:
    """Choose ``quota`` of ``size`` rows in stretches spread evenly from end to end."""
    if quota >= size:
        return np.arange(size)
    pieces = max(quota // _STRETCH, min(_PIECES, quota // _SHORTEST), 1)
    left_out = size - quota
    if pieces == 1:
        return left_out // 2 + np.arange(quota)
    edges = np.linspace(0, quota, pieces + 1).astype(np.int64)
    skipped = left_out * np.arange(pieces, dtype=np.int64) // (pieces - 1)
    return np.arange(quota) + np.repeat(skipped, edges[1:] - edges[:-1])


def _quotas(count: Sequence[int], most: int) -> list[int]:
    """Share ``most`` rows evenly; what short groups leave goes to the others."""
    quota = [0] * len(count)
    left = most
    open_groups = np.argsort(np.asarray(count), kind="stable").tolist()
    for rank, group in enumerate(open_groups):
        quota[group] = min(count[group], left // (len(count) - rank))
        left -= quota[group]
    return quota
