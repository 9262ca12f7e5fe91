"""Soft membership: how much each interval belongs to every cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.bouts import find_bouts, find_runs
from napari_mousegpt.clusters.cluster_map import ClusterMap, key_order
from napari_mousegpt.core.vectors import Vectors

__all__ = ["bout_memberships", "memberships", "row_bouts"]

Floats = NDArray[np.float64]


def memberships(found: ClusterMap, vectors: Vectors) -> Floats:
    """Return the membership of each interval in each cluster.

    Parameters
    ----------
    found : ClusterMap
        The rule.
    vectors : Vectors
        From the model it was fitted on; rows in any order.

    Returns
    -------
    ndarray of float64, shape (n, n_clusters)
        Columns as in ``found.clusters``. A row sums to the strength of the interval, 0 to 1: what
        is left belongs to no cluster. It is shared by votes, so that the largest stands at
        ``nearest``. Zero where too little was seen, or far outside of all that was met in the fit.
        An interval of a behaviour that was accepted after the fit belongs to that alone.
    """
    points, rows = row_bouts(found, vectors)
    shares = bout_memberships(found, found.votes(points), *found.decide(points))
    result = np.zeros((len(vectors), shares.shape[1]))
    result[rows >= 0] = shares[rows[rows >= 0]]
    return result


def bout_memberships(
    found: ClusterMap, votes: Floats, near: NDArray[np.int64], strength: Floats
) -> Floats:
    """Return the membership of bouts, from what :class:`ClusterMap` says of them."""
    total = votes.sum(axis=1)
    shares = votes * (strength / np.where(total > 0, total, 1.0))[:, None]
    joined = [
        np.where(np.isin(near, found.fitted)[:, None], shares, 0.0),
        *(np.where(near == one.cluster, strength, 0.0)[:, None] for one in found.accepted),
    ]
    return np.hstack(joined)


def row_bouts(found: ClusterMap, vectors: Vectors) -> tuple[Floats, NDArray[np.int64]]:
    """Return the bouts that a map cuts vectors to, and the bout of each row (-1: not seen)."""
    found.check(vectors)
    order = key_order(vectors.intervals)
    ordered = vectors[order]
    seen = found.projection.seen(ordered.values)
    runs = find_runs(ordered.intervals, seen, timed=found.timed)
    bouts = find_bouts(
        found.projection.apply(ordered.values[seen]), runs, found.penalty, found.longest
    )
    sorted_rows = np.full(len(ordered), -1, dtype=np.int64)
    sorted_rows[seen] = bouts.of_row
    rows = np.empty_like(sorted_rows)
    rows[order] = sorted_rows
    return bouts.points, rows
