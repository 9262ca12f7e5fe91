"""Clusters by density: for vectors that come in separate crowds, such as embeddings of words.

HDBSCAN finds the crowds among the bouts. What it found is frozen as prototypes: small groups of
bouts, each with the share of its time that lies in each cluster. A new bout takes the shares of the
prototypes it is nearest to. Prototypes of noise hold none, so that noise stays noise.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.bouts import Bouts
from napari_mousegpt.clusters.consensus import Partitions, micro_clusters
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.errors import DependencyError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Crowds", "collapse", "fast_library", "find_crowds", "freeze_crowds"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Bouts that each library can look at in reasonable time: it grows with their square, or nearly.
_MOST = {"density": 20_000, "fast": 100_000}
#: Smallest cluster, as a part of ``min_cluster_share``: bouts are counted, not micro-clusters.
_SMALLER = 0.2
#: Neighbours that make a place dense.
_NEIGHBOURS = 10
#: More noise than this is a collapse: there are no crowds.
_MOST_NOISE = 0.6
#: Prototypes, and how often they are drawn anew to vote.
_PROTOTYPES, _DRAWS = 800, 3


class Crowds(NamedTuple):
    """What HDBSCAN said.

    Parameters
    ----------
    rows : ndarray of int, shape (m,)
        Bouts it looked at.
    labels : ndarray of int, shape (m,)
        Cluster of each, -1 for noise.
    sure : ndarray of float64, shape (m,)
        How firmly each belongs, 0 to 1.
    engine : str
        Library and version.
    """

    rows: Ints
    labels: Ints
    sure: Floats
    engine: str


def find_crowds(bouts: Bouts, params: ClusterParams) -> Crowds:
    """Find clusters of bouts by their density.

    Parameters
    ----------
    bouts : Bouts
        Projected, in the order of their keys.
    params : ClusterParams
        ``engine`` is ``"density"`` or ``"fast"``.

    Raises
    ------
    DependencyError
        When the engine is ``"fast"`` and ``fast-hdbscan`` is absent.
    """
    n, most = len(bouts.points), _MOST[params.engine]
    rows = np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))
    least = int(np.ceil(_SMALLER * params.min_cluster_share * len(rows)))
    settings = {
        "min_cluster_size": max(params.min_cluster_size, least, 2 * _NEIGHBOURS),
        "min_samples": min(_NEIGHBOURS, max(1, len(rows) - 1)),
    }
    points = np.ascontiguousarray(bouts.points[rows])
    if params.engine == "fast":
        search, name = fast_library().HDBSCAN(**settings), "fast-hdbscan"
    else:
        from hdbscan import HDBSCAN

        search, name = HDBSCAN(core_dist_n_jobs=1, **settings), "hdbscan"
    search.fit(points)
    return Crowds(
        rows,
        np.asarray(search.labels_, dtype=np.int64),
        np.asarray(search.probabilities_, dtype=np.float64),
        f"{name} {version(name)}",
    )


def fast_library() -> ModuleType:
    """Return the library behind the engine ``"fast"``.

    Raises
    ------
    DependencyError
        When it is not installed.
    """
    try:
        return import_module("fast_hdbscan")
    except ImportError as error:
        raise DependencyError(
            "engine 'fast'",
            expected="the library fast-hdbscan",
            remedy="pip install 'napari-mousegpt[fast]', or take engine 'density'.",
        ) from error


def collapse(crowds: Crowds, weights: Floats, params: ClusterParams) -> str:
    """Return why the clusters are of no use, or empty text.

    Parameters
    ----------
    crowds : Crowds
        What was found.
    weights : ndarray of float64, shape (m,)
        Windows of each bout.
    """
    inside = crowds.labels >= 0
    n_clusters = int(crowds.labels.max(initial=-1)) + 1
    noise = float(weights[~inside].sum() / weights.sum())
    if n_clusters < 2:
        return f"{n_clusters or 'no'} cluster"
    if noise > _MOST_NOISE:
        return f"{n_clusters} clusters and {noise:.0%} noise"
    held = np.bincount(crowds.labels[inside], weights[inside])
    largest = float(held.max() / held.sum())
    if largest > params.max_cluster_share:
        return f"{n_clusters} clusters, one of which holds {largest:.0%}"
    return ""


def freeze_crowds(
    crowds: Crowds, bouts: Bouts, params: ClusterParams
) -> tuple[Floats, Partitions, Floats]:
    """Return prototypes that tell the clusters of any bout.

    Returns
    -------
    micro : ndarray of float64, shape (m, p)
        Prototypes of the first draw.
    partitions : Partitions
        Prototypes of all draws.
    shares : ndarray of float64, shape (groups, n_clusters)
        Share of the time of each prototype that belongs to each cluster.
    """
    points = bouts.points[crowds.rows]
    weights = bouts.windows[crowds.rows].astype(np.float64)
    # Twenty bouts a prototype: fewer would learn single bouts by heart.
    size = max(10, min(_PROTOTYPES, len(points) // 20), 4 * (int(crowds.labels.max()) + 1))
    drawn = [
        micro_clusters(points, weights, replace(params, micro_clusters=size, seed=params.seed + i))
        for i in range(_DRAWS)
    ]
    first = np.cumsum([0, *(len(centers) for centers, _ in drawn)]).astype(np.int64)
    partitions = Partitions(np.concatenate([centers for centers, _ in drawn]), first)
    held = np.zeros((int(first[-1]), int(crowds.labels.max()) + 1))
    total = np.zeros(int(first[-1]))
    inside = crowds.labels >= 0
    for groups in partitions.groups(points).T:
        np.add.at(total, groups, weights)
        belongs = (weights * crowds.sure)[inside]
        np.add.at(held, (groups[inside], crowds.labels[inside]), belongs)
    return drawn[0][0], partitions, held / np.maximum(total, 1e-300)[:, None]
