"""Fit a cluster map: how many behaviours are there, and which bout is which."""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib import import_module

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from napari_mousegpt.clusters.bouts import (
    LONGEST,
    Bouts,
    Runs,
    choose_penalty,
    find_bouts,
    find_runs,
    has_seconds,
)
from napari_mousegpt.clusters.cluster_map import ClusterMap, key_order
from napari_mousegpt.clusters.consensus import (
    co_association,
    find_clusters,
    micro_clusters,
    nearest,
    random_partitions,
    squared_distances,
)
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.clusters.sampling import balanced_rows
from napari_mousegpt.clusters.typical import typical_rows
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.provenance import software_versions
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

__all__ = ["fit"]

Floats = NDArray[np.float64]

#: Share of the fitted bouts whose distance to their micro-cluster counts as usual.
_USUAL = 0.999
#: Share of the members of a cluster that stay below strength 1.
_FIRM = 0.9
#: Bouts that a fit needs, as a multiple of the smallest cluster.
_BOUTS = 10


def fit(vectors: Vectors, params: ClusterParams | None = None) -> ClusterMap:
    """Find clusters and freeze the rule that assigns them.

    Rows are sorted by recording, individual and start, standardised, reduced to principal
    components and joined to bouts between change points. Bouts form micro-clusters; random
    partitions of these vote, and HDBSCAN finds the clusters that the votes agree on, see
    :mod:`napari_mousegpt.clusters.consensus`. Ids go by size, the largest first, then by the key
    of the typical interval. Windows that do not touch are bouts by themselves, so vectors without
    an order in time (embeddings of scattered clips) need nothing else. Of a recording too short for
    bouts of the length asked for, shorter ones are taken.

    Parameters
    ----------
    vectors : Vectors
        From one model; rows in any order. Rows with less than ``min_seen`` of their numbers are
        left out; single missing numbers are taken as the mean of their column.
    params : ClusterParams, optional
        Sizes and thresholds.

    Returns
    -------
    ClusterMap
        Labels of record are ``ClusterMap.apply(vectors)``. The same rows in any order, on any
        number of threads, give the same map.

    Raises
    ------
    InputError
        When there are too few rows, no column varies, or an interval occurs twice.

    Warns
    -----
    UserWarning
        When no cluster is found, so that every interval is noise.

    Notes
    -----
    A continuum without gaps is sliced where votes change least: clusters are a useful vocabulary,
    not proof of separate kinds. ``strength`` says how firmly each interval belongs.
    """
    settings = params or ClusterParams()
    order = key_order(vectors.intervals)
    ordered = vectors[order]
    sample = ordered[balanced_rows(ordered.intervals, settings.max_rows)]
    _enough(len(sample), settings, "intervals")
    # Sums on one thread have one order; the matrices are small. The limit reaches only libraries
    # that are loaded already.
    import_module("sklearn.cluster")
    with threadpool_limits(limits=1):
        found = _found(sample, settings)
    found = _numbered(found, ordered)
    if not len(found):
        warnings.warn(
            f"no cluster among {len(vectors)} intervals of {vectors.model} vectors: every interval "
            "is noise. Give more recordings, or lower min_cluster_size or abstain_below.",
            stacklevel=2,
        )
    return found


def _found(sample: Vectors, settings: ClusterParams) -> ClusterMap:
    """Find the clusters of sorted rows; their ids are still in the order they were met."""
    projection = Projection.fit(sample.values, settings)
    seen = projection.seen(sample.values)
    timed = has_seconds(sample.intervals)
    runs = find_runs(sample.intervals, seen, timed=timed)
    points = projection.apply(sample.values[seen])
    penalty, longest, bouts = _cut(points, runs, settings, timed)
    _enough(len(np.unique(bouts.points, axis=0)), settings, "distinct intervals with enough seen")
    micro, weights = micro_clusters(bouts.points, bouts.windows.astype(float), settings)
    partitions = random_partitions(micro, weights, settings)
    groups = partitions.groups(micro)
    labels = find_clusters(co_association(groups), weights, settings)
    _, distance = nearest(bouts.points, micro)
    usual = max(float(np.quantile(distance, _USUAL)), float(np.quantile(_spacing(micro), _USUAL)))
    shares = _shares(groups, labels, weights, len(partitions.centers))
    found = ClusterMap(
        params=settings,
        model=sample.model,
        revision=sample.revision,
        names=sample.names,
        width=sample.values.shape[1],
        timed=timed,
        projection=projection,
        penalty=penalty,
        longest=longest,
        micro=micro,
        limit=settings.reach * usual if settings.reach else float("inf"),
        partitions=partitions,
        shares=shares,
        cohesion=np.ones(shares.shape[1]),
        software=software_versions(),
    )
    return _measured(found, bouts)


def _cut(
    points: Floats, runs: Runs, settings: ClusterParams, timed: bool
) -> tuple[float, float, Bouts]:
    """Cut the runs to bouts; to shorter ones, down to single windows, where there are too few."""
    median = settings.bout_s if timed else float(settings.bout_windows)
    while True:
        longest = LONGEST * median
        penalty = choose_penalty(points, runs, median)
        bouts = find_bouts(points, runs, penalty, longest)
        if penalty == 0 or len(bouts.windows) >= _BOUTS * settings.min_cluster_size:
            return penalty, longest, bouts
        median /= 2


def _measured(found: ClusterMap, bouts: Bouts) -> ClusterMap:
    """Return the map with the cohesion of its clusters; those without a bout are dropped."""
    votes = found.votes(bouts.points)
    if not len(found):
        return found
    near, most = votes.argmax(axis=1), votes.max(axis=1)
    filled = np.unique(near)
    cohesion = [
        np.quantile(np.repeat(most[near == cluster], bouts.windows[near == cluster]), _FIRM)
        for cluster in filled
    ]
    return replace(found, shares=found.shares[:, filled], cohesion=np.asarray(cohesion))


def _numbered(found: ClusterMap, ordered: Vectors) -> ClusterMap:
    """Return the map with ids by size and typical interval; clusters without rows are dropped."""
    table = found.apply(ordered)
    counts = table.loc[table["cluster"] >= 0, "cluster"].value_counts()
    typical = typical_rows(table)
    keys = {
        cluster: (-int(counts[cluster]), *_key(ordered.intervals, row))
        for cluster, row in typical.items()
    }
    ranked = sorted(keys, key=keys.__getitem__)
    return replace(
        found,
        shares=np.ascontiguousarray(found.shares[:, ranked]),
        cohesion=found.cohesion[ranked],
        sizes=tuple(-keys[cluster][0] for cluster in ranked),
        medoids=tuple(_key(ordered.intervals, typical[cluster]) for cluster in ranked),
    )


def _key(intervals: Intervals, row: int) -> tuple[str, str, int, int]:
    return (
        str(intervals.recording[row]),
        str(intervals.individual[row]),
        int(intervals.start[row]),
        int(intervals.stop[row]),
    )


def _shares(
    groups: NDArray[np.int64], labels: NDArray[np.int64], weights: Floats, n_groups: int
) -> Floats:
    """Return the share of each cluster's members in each group, shape (n_groups, n_clusters)."""
    n_clusters = int(labels.max()) + 1
    shares = np.zeros((n_groups, n_clusters))
    for cluster in range(n_clusters):
        members = labels == cluster
        held = weights[members] / weights[members].sum()
        for column in groups[members].T:
            np.add.at(shares[:, cluster], column, held)
    return shares


def _spacing(micro: Floats) -> Floats:
    """Return the distance of each micro-cluster to its nearest neighbour, shape (m,)."""
    squared = squared_distances(micro, micro)
    np.fill_diagonal(squared, np.inf)
    return np.asarray(np.sqrt(squared.min(axis=1)))


def _enough(found: int, settings: ClusterParams, what: str) -> None:
    least = 2 * settings.min_cluster_size
    if found < least:
        raise InputError(
            f"{what} to cluster",
            expected=f"at least {least}, two clusters of {settings.min_cluster_size}",
            found=str(found),
            remedy="Give more or shorter intervals, or lower min_cluster_size.",
        )
