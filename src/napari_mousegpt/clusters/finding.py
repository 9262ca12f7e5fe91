"""From chosen rows to a map whose ids are not settled yet."""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.bouts import (
    LONGEST,
    Bouts,
    Runs,
    choose_penalty,
    find_bouts,
    find_runs,
    has_seconds,
)
from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.consensus import (
    Partitions,
    co_association,
    find_clusters,
    micro_clusters,
    nearest,
    random_partitions,
    spacing,
)
from napari_mousegpt.clusters.density import collapse, find_crowds, freeze_crowds
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.clusters.recalling import Recall
from napari_mousegpt.core.provenance import software_versions
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

__all__ = ["Found", "TooFewError", "enough", "find_map"]

Floats = NDArray[np.float64]

#: Share of the fitted bouts whose distance to their micro-cluster counts as usual.
_USUAL = 0.999
#: Share of the members of a cluster that stay below strength 1.
_FIRM = 0.9
#: Bouts that a fit needs, as a multiple of the smallest cluster.
_BOUTS = 10


class Found(NamedTuple):
    """A map, and how it was found.

    Parameters
    ----------
    map : ClusterMap
        Its ids are not settled yet.
    votes : ndarray of float64, shape (n_bouts, n_clusters)
        What it says of the bouts.
    seen : ndarray of bool, shape (n,)
        Rows of the sample with enough numbers.
    bouts : Bouts
        What those were cut to.
    """

    map: ClusterMap
    votes: Floats
    seen: NDArray[np.bool_]
    bouts: Bouts


def find_map(
    sample: Vectors,
    projection: Projection,
    settings: ClusterParams,
    recall: Recall | None = None,
) -> Found:
    """Find the clusters of sorted rows; their ids are still in the order they were met.

    Parameters
    ----------
    sample : Vectors
        Rows to look at, sorted by key.
    projection : Projection
        Fitted on these rows or on more.
    settings : ClusterParams
        Sizes and thresholds.
    recall : Recall, optional
        An older map that votes beside these rows; it has no say on crowds of density.

    Raises
    ------
    InputError
        When there are too few distinct rows.
    """
    seen = projection.seen(sample.values)
    timed = has_seconds(sample.intervals)
    runs = find_runs(sample.intervals, seen, timed=timed)
    points = projection.apply(sample.values[seen])
    penalty, longest, bouts = _cut(points, runs, settings, timed)
    distinct = len(np.unique(bouts.points, axis=0))
    enough(distinct, settings, "distinct intervals with enough seen")
    micro, partitions, shares, engine = _sought(bouts, settings, recall)
    _, distance = nearest(bouts.points, micro)
    usual = max(float(np.quantile(distance, _USUAL)), float(np.quantile(spacing(micro), _USUAL)))
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
        software={**software_versions(), "engine": engine},
    )
    return Found(*_measured(found, bouts), seen, bouts)


class TooFewError(InputError):
    """There is too little to find clusters in."""


def enough(found: int, settings: ClusterParams, what: str) -> None:
    """Raise TooFewError when there is too little for two clusters."""
    least = 2 * settings.min_cluster_size
    if found < least:
        raise TooFewError(
            f"{what} to cluster",
            expected=f"at least {least}, two clusters of {settings.min_cluster_size}",
            found=str(found),
            remedy="Give more or shorter intervals, or lower min_cluster_size.",
        )


def _sought(
    bouts: Bouts, settings: ClusterParams, recall: Recall | None
) -> tuple[Floats, Partitions, Floats, str]:
    """Return micro-clusters, partitions, shares of clusters in groups, and what found them."""
    note = ""
    if settings.engine != "consensus":
        crowds = find_crowds(bouts, settings)
        why = collapse(crowds, bouts.windows[crowds.rows].astype(float), settings)
        if not why:
            return *freeze_crowds(crowds, bouts, settings), crowds.engine
        note = f" (density by {crowds.engine} collapsed: {why})"
        warnings.warn(
            f"density collapsed: {why}. These vectors have no crowds to tell apart; clusters come "
            "from the consensus of random partitions instead (engine='consensus').",
            stacklevel=2,
        )
    micro, weights = micro_clusters(bouts.points, bouts.windows.astype(float), settings)
    partitions = random_partitions(micro, weights, settings)
    if recall is not None:
        partitions = recall.voters(partitions)
    groups = partitions.groups(micro)
    together = co_association(groups) if recall is None else recall.together(micro, groups)
    heard = together if recall is None else recall.heard(micro, together)
    labels = find_clusters(heard, weights, settings)
    if recall is not None:
        labels = recall.restored(micro, together, labels, weights)
    shares = _shares(groups, labels, weights, len(partitions.centers))
    return micro, partitions, shares, f"consensus, hdbscan {version('hdbscan')}{note}"


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


def _measured(found: ClusterMap, bouts: Bouts) -> tuple[ClusterMap, Floats]:
    """Return the map with the cohesion of its clusters, and its votes; empty ones are dropped."""
    votes = found.votes(bouts.points)
    if not len(found):
        return found, votes
    near, most = votes.argmax(axis=1), votes.max(axis=1)
    filled = np.unique(near[most > 0])
    members = [(near == cluster) & (most > 0) for cluster in filled]
    cohesion = [np.quantile(np.repeat(most[rows], bouts.windows[rows]), _FIRM) for rows in members]
    kept = replace(found, shares=found.shares[:, filled], cohesion=np.asarray(cohesion))
    return kept, votes[:, filled]


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
