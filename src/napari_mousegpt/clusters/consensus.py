"""Clusters by vote: many random partitions of micro-clusters, and what they agree on.

Behaviour in kinematic space is a continuum: density-based clustering of single windows finds two
clusters and calls most of it noise. Here bouts are first joined to micro-clusters. Many k-means
partitions of these, each on a random part of the components with bootstrapped weights, then vote:
the co-association of two micro-clusters is the share of partitions that put them together (evidence
accumulation: Fred & Jain 2005, "Combining multiple clusterings using evidence accumulation").
HDBSCAN on one minus the co-association decides how many clusters there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.projection import on_grid

__all__ = [
    "Partitions",
    "co_association",
    "find_clusters",
    "micro_clusters",
    "nearest",
    "random_partitions",
    "spacing",
    "squared_distances",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Partitions:
    """Random partitions: the centres of all their groups, one below the other.

    Parameters
    ----------
    centers : ndarray of float64, shape (groups, p)
        0 in components that the partition did not see: it then plays no part in finding the
        nearest centre of that partition.
    first : ndarray of int, shape (partitions + 1,)
        Where the groups of each partition begin.
    """

    centers: Floats
    first: Ints

    def groups(self, points: Floats) -> Ints:
        """Return the row in ``centers`` of each point's groups, shape (n, partitions)."""
        # |x|^2 is the same for all groups and left out.
        score = (self.centers**2).sum(axis=1) - 2.0 * (points @ self.centers.T)
        found = np.empty((len(points), len(self.first) - 1), dtype=np.int64)
        for number, (first, last) in enumerate(zip(self.first[:-1], self.first[1:], strict=True)):
            found[:, number] = first + score[:, first:last].argmin(axis=1)
        return found


def squared_distances(points: Floats, centers: Floats) -> Floats:
    """Return the squared distance of every point to every centre, shape (n, centers)."""
    cross = (points**2).sum(axis=1)[:, None] - 2.0 * (points @ centers.T)
    return np.asarray(np.maximum(cross + (centers**2).sum(axis=1), 0.0))


def nearest(points: Floats, centers: Floats, chunk: int = 4096) -> tuple[Ints, Floats]:
    """Return the nearest centre of each point and the distance to it, each shape (n,)."""
    which = np.empty(len(points), dtype=np.int64)
    distance = np.empty(len(points))
    for start in range(0, len(points), chunk):
        rows = slice(start, start + chunk)
        squared = squared_distances(points[rows], centers)
        which[rows] = squared.argmin(axis=1)
        distance[rows] = np.sqrt(squared.min(axis=1))
    return which, distance


def spacing(centers: Floats) -> Floats:
    """Return the distance of each centre to the nearest other one, shape (m,)."""
    squared = squared_distances(centers, centers)
    np.fill_diagonal(squared, np.inf)
    return np.asarray(np.sqrt(squared.min(axis=1)))


def micro_clusters(points: Floats, weights: Floats, params: ClusterParams) -> tuple[Floats, Floats]:
    """Join bouts to micro-clusters.

    Parameters
    ----------
    points : ndarray of float64, shape (n, p)
        Bouts, on the grid.
    weights : ndarray of float64, shape (n,)
        Windows of each.

    Returns
    -------
    centers : ndarray of float64, shape (m, p)
        On the grid; the bouts themselves when there are not more than micro-clusters asked for.
    weights : ndarray of float64, shape (m,)
        Windows of each.
    """
    distinct, member = np.unique(points, axis=0, return_inverse=True)
    weight = _sums(member.reshape(-1), weights, len(distinct))
    if len(distinct) <= params.micro_clusters:
        return distinct, weight
    from sklearn.cluster import KMeans

    means = KMeans(params.micro_clusters, n_init=1, max_iter=30, random_state=params.seed)
    means.fit(distinct, sample_weight=weight)
    centers = np.unique(on_grid(means.cluster_centers_), axis=0)
    which, _ = nearest(distinct, centers)
    return centers, _sums(which, weight, len(centers))


def _sums(group: Ints, weights: Floats, n: int) -> Floats:
    return np.asarray(np.bincount(group, weights, n), dtype=np.float64)


def random_partitions(centers: Floats, weights: Floats, params: ClusterParams) -> Partitions:
    """Partition the micro-clusters at random many times, by k-means.

    Each partition draws its number of groups, its components and how often it counts each
    micro-cluster (a bootstrap of the windows).
    """
    from sklearn.cluster import KMeans

    draw = np.random.default_rng([params.seed, len(centers)])
    n, p = centers.shape
    low, high = params.partition_sizes
    high = max(2, min(high, n // 4))
    low = min(low, high)
    seen = min(p, max(2, round(params.partition_share * p)))
    # Components that spread the bouts far are seen more often, so that few see only noise.
    chance = np.sqrt(centers.std(axis=0)) + 1e-9
    chance /= chance.sum()
    total, share = int(weights.sum()), weights / weights.sum()
    found, first = [], [0]
    for _ in range(params.partitions):
        columns = np.sort(draw.choice(p, seen, replace=False, p=chance))
        size = int(draw.integers(low, high + 1))
        times = draw.multinomial(total, share)
        start = int(draw.integers(2**31))
        view = centers[:, columns]
        view, times = view[times > 0], times[times > 0]
        size = min(size, len(np.unique(view, axis=0)))
        means = KMeans(size, n_init=1, max_iter=50, random_state=start)
        means.fit(view, sample_weight=times)
        groups = np.zeros((size, p))
        groups[:, columns] = means.cluster_centers_
        found.append(groups)
        first.append(first[-1] + size)
    return Partitions(np.concatenate(found), np.asarray(first, dtype=np.int64))


def co_association(groups: Ints) -> Floats:
    """Return the share of partitions that put each two points into one group, shape (m, m)."""
    together = np.zeros((len(groups), len(groups)))
    for column in groups.T:
        together += column[:, None] == column
    return np.asarray(together / groups.shape[1])


def find_clusters(together: Floats, weights: Floats, params: ClusterParams) -> Ints:
    """Find clusters of micro-clusters by HDBSCAN, excess of mass, on one minus the co-association.

    Parameters
    ----------
    together : ndarray of float64, shape (m, m)
        Co-association.
    weights : ndarray of float64, shape (m,)
        Windows of each micro-cluster.

    Returns
    -------
    ndarray of int, shape (m,)
        Cluster of each micro-cluster, -1 for none.
    """
    size = max(params.min_cluster_size, int(np.ceil(params.min_cluster_share * len(together))))
    labels = _hdbscan(together, size, largest=0)
    share = _shares(labels, weights)
    if len(share) < 2 or share.max() > params.max_cluster_share:
        # One cluster swallowed nearly all: look below it in the same tree.
        again = _hdbscan(together, size, largest=max(size, len(together) // 4))
        if len(_shares(again, weights)) > len(share):
            return again
    return labels


def _hdbscan(together: Floats, size: int, largest: int) -> Ints:
    from hdbscan import HDBSCAN

    # One neighbour is enough: the votes have smoothed the distances already.
    search = HDBSCAN(
        metric="precomputed", min_cluster_size=size, min_samples=1, max_cluster_size=largest
    )
    return np.asarray(search.fit(1.0 - together).labels_, dtype=np.int64)


def _shares(labels: Ints, weights: Floats) -> Floats:
    inside = labels >= 0
    if not inside.any():
        return np.empty(0)
    held = np.bincount(labels[inside], weights[inside])
    return np.asarray(held / held.sum())
