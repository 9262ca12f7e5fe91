"""Windows or bouts as points of a map: where they lie, what they are, what was picked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals

__all__ = ["MapPoints", "bouts_of", "picked_intervals"]

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class MapPoints:
    """Points of a map, sorted by recording, individual and frame.

    Parameters
    ----------
    recordings, individuals : tuple of str
        Names that ``recording`` and ``individual`` are numbers into.
    recording, individual : ndarray of int32, shape (n,)
    start, stop : ndarray of int64, shape (n,)
        Half-open frames.
    places : ndarray of float32, shape (n, 2)
        First two principal components of the map.
    cluster : ndarray of int32, shape (n,)
        Id of the cluster, -1 for noise.
    strength : ndarray of float32, shape (n,)
        How firmly it belongs there.
    windows : ndarray of int32, shape (n,)
        How many windows the point stands for.
    features : ndarray of float32, shape (m, p)
        All components of some rows, spread evenly, for other ways to lay the points out.
    featured : ndarray of int, shape (m,)
        Which rows those are.
    facts : mapping of str to mapping
        What the study table says, by column and recording.
    unseen : int
        Windows in which too little was tracked: they have no place.
    bouts : bool
        Whether a point is a bout rather than a window.
    """

    recordings: tuple[str, ...]
    individuals: tuple[str, ...]
    recording: NDArray[np.int32]
    individual: NDArray[np.int32]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    places: NDArray[np.float32]
    cluster: NDArray[np.int32]
    strength: NDArray[np.float32]
    windows: NDArray[np.int32]
    features: NDArray[np.float32] = field(
        default_factory=lambda: np.empty((0, 2), dtype=np.float32)
    )
    featured: Rows = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unseen: int = 0
    bouts: bool = False

    def __len__(self) -> int:
        return len(self.start)

    @property
    def called(self) -> str:
        """What a point is, in the plural."""
        return "bouts" if self.bouts else "windows"

    def key(self, row: int) -> tuple[str, str, int, int]:
        """Return recording, individual, start and stop of a point."""
        return (
            self.recordings[self.recording[row]],
            self.individuals[self.individual[row]],
            int(self.start[row]),
            int(self.stop[row]),
        )

    def frames(self, row: int) -> tuple[int, int]:
        """Return start and stop of a point."""
        return int(self.start[row]), int(self.stop[row])

    def with_clusters(self, cluster: NDArray[np.int32]) -> MapPoints:
        """Return the same points in other clusters, shape (n,)."""
        return replace(self, cluster=cluster)

    def tracks(self) -> NDArray[np.int64]:
        """Return a number for each recording and individual, shape (n,); it never falls."""
        return self.recording.astype(np.int64) * max(1, len(self.individuals)) + self.individual


def bouts_of(points: MapPoints) -> MapPoints:
    """Return the bouts: windows of one cluster that follow each other without a gap.

    A bout lies in the middle of its windows. Rows of noise that follow each other are one, too.
    """
    if not len(points):
        return replace(points, bouts=True)
    track = points.tracks()
    # An offset for each track keeps the ends of one apart from those of the next.
    wide = int(points.stop.max()) + 1
    reach = np.maximum.accumulate(points.stop + track * wide) - track * wide
    new = np.ones(len(points), dtype=bool)
    new[1:] = (
        (np.diff(track) != 0) | (np.diff(points.cluster) != 0) | (points.start[1:] > reach[:-1])
    )
    first = np.flatnonzero(new)
    of_row = np.cumsum(new) - 1
    count = np.diff(np.append(first, len(points)))
    places = np.empty((len(first), 2), dtype=np.float32)
    for axis in (0, 1):
        total = np.add.reduceat(points.places[:, axis].astype(np.float64), first)
        places[:, axis] = total / count
    strength = np.add.reduceat(points.strength.astype(np.float64), first) / count
    some = of_row[points.featured]
    kept = np.unique(some, return_index=True)[1]
    return replace(
        points,
        recording=points.recording[first],
        individual=points.individual[first],
        start=points.start[first],
        stop=np.maximum.reduceat(points.stop, first),
        places=places,
        cluster=points.cluster[first],
        strength=strength.astype(np.float32),
        windows=np.add.reduceat(points.windows, first).astype(np.int32),
        features=points.features[kept],
        featured=some[kept],
        bouts=True,
    )


def picked_intervals(points: MapPoints, rows: NDArray[np.bool_] | Rows) -> Intervals:
    """Return the stretches that picked points stand for.

    Parameters
    ----------
    points : MapPoints
        Of which some were picked.
    rows : ndarray of bool, shape (n,), or of int
        Which.

    Returns
    -------
    Intervals
        Points of one individual that share frames, or touch, are one stretch; ``windows`` says how
        many windows it holds. Sorted by recording, individual and frame.
    """
    chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else np.sort(rows)
    names = np.asarray(points.recordings, dtype=object)
    people = np.asarray(points.individuals, dtype=object)
    found = Intervals.build(
        names[points.recording[chosen]],
        points.start[chosen],
        points.stop[chosen],
        people[points.individual[chosen]],
    )
    merged = found.merge().sort()
    held = np.zeros(len(merged), dtype=np.int64)
    # Each point lies in exactly one of the merged stretches: the last that begins before it.
    spans = {(recording, individual): rows for recording, individual, rows in _tracks_of(merged)}
    for recording, individual, mine in _tracks_of(found):
        into = spans[recording, individual]
        at = np.searchsorted(merged.start[into], found.start[mine], side="right") - 1
        np.add.at(held, into[at], points.windows[chosen[mine]])
    return merged.assign(windows=held)


def _tracks_of(intervals: Intervals) -> list[tuple[str, str, Rows]]:
    table = intervals.to_pandas().groupby(["recording", "individual"], sort=False).indices
    return [(str(key[0]), str(key[1]), np.sort(rows)) for key, rows in table.items()]
