"""What an older map remembers, when clusters are sought again.

Behaviour measured by kinematics is a continuum: fitted on other animals, the votes cut it
elsewhere, and half of the clusters are not those that a person has named. So a refit lets the older
map vote, too (Chakrabarti, Kumar & Tomkins 2006, "Evolutionary clustering",
doi:10.1145/1150402.1150467): how alike two places are is a mean of what the new data say, and of
whether the older map calls both the same. The older map has a say only as far as it is sure, and as
far as it has seen such places; about others the new data decide alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.consensus import (
    Partitions,
    co_association,
    nearest,
    spacing,
)
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.clusters.cluster_map import ClusterMap

__all__ = ["MEMORY", "Recall"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Weight of the older map against the new data, where nothing else is asked for.
MEMORY = 0.7
#: Share of the gaps between places of the older map: nearer ones to such a place count as seen.
_FAMILIAR = 0.9
#: Micro-clusters that a known behaviour needs to stay, less than a new one needs to be found.
_LEAST = 3


class Recall:
    """The memory of an older map.

    Parameters
    ----------
    before : ClusterMap
        The older map; micro-clusters are given as it projects them.
    memory : float
        Weight of what it says, 0 (none) to 1 (where it is sure, nothing else counts).

    Raises
    ------
    InputError
        When ``memory`` is not between 0 and 1.
    """

    def __init__(self, before: ClusterMap, memory: float = MEMORY) -> None:
        if not 0 <= memory <= 1:
            raise InputError(f"memory={memory:g}", expected="0 to 1")
        self.before, self.memory = before, memory
        gaps = spacing(before.micro)
        self._near = float(np.quantile(gaps, _FAMILIAR))
        reach = before.params.reach
        self._far = max(before.limit / reach if reach else float(gaps.max()), self._near)

    def voters(self, new: Partitions) -> Partitions:
        """Let partitions of the older map vote instead of as large a part of the new ones.

        The frozen rule labels by these votes: without the old ones it could not draw a border where
        the older map drew it.
        """
        old, n = self.before.partitions, len(new.first) - 1
        n_old = self._voices(n)
        pieces = [*_some(old, n_old), *_some(new, n - n_old)]
        first = np.cumsum([0, *(len(piece) for piece in pieces)]).astype(np.int64)
        return Partitions(np.concatenate(pieces), first)

    def together(self, micro: Floats, groups: Ints) -> Floats:
        """Return how often the partitions put micro-clusters together, shape (m, m).

        Partitions of the older map do not count for places that it never saw.

        Parameters
        ----------
        micro : ndarray of float64, shape (m, p)
            Micro-clusters.
        groups : ndarray of int, shape (m, partitions)
            Their groups in the partitions of :meth:`voters`.
        """
        seen = self._seen(micro)
        weight = np.sqrt(np.outer(seen, seen))
        new = co_association(groups[:, self._voices(groups.shape[1]) :])
        return np.asarray(weight * co_association(groups) + (1 - weight) * new)

    def heard(self, micro: Floats, together: Floats) -> Floats:
        """Mix the memory into a co-association.

        Parameters
        ----------
        micro : ndarray of float64, shape (m, p)
            Micro-clusters of the new data.
        together : ndarray of float64, shape (m, m)
            Share of partitions that put each two together.

        Returns
        -------
        ndarray of float64, shape (m, m)
        """
        near, sure = self._said(micro)
        same = (near[:, None] == near) & (near >= 0)[:, None]
        weight = self.memory * np.sqrt(np.outer(sure, sure))
        return np.asarray(together + weight * (same - together))

    def restored(self, micro: Floats, together: Floats, labels: Ints, weights: Floats) -> Ints:
        """Give known behaviours that are rare here a cluster of their own.

        A new cluster needs a number of micro-clusters. A known one that has fewer stays if the
        votes put its micro-clusters together more often than with any other cluster.

        Parameters
        ----------
        micro, together
            As in :meth:`heard`; ``together`` without the memory.
        labels : ndarray of int, shape (m,)
            Cluster of each micro-cluster, -1 for none.
        weights : ndarray of float64, shape (m,)
            Windows of each.

        Returns
        -------
        ndarray of int, shape (m,)
            Numbered without gaps.
        """
        if not self.memory:
            return labels
        near, sure = self._said(micro)
        near = np.where(sure >= self.before.params.abstain_below, near, -1)
        labels = labels.copy()
        for cluster in np.unique(near[near >= 0]):
            mine = near == cluster
            if mine.sum() < _LEAST or _is_held(mine, labels, weights):
                continue
            if _is_apart(mine, together, labels, weights):
                labels[mine] = labels.max(initial=-1) + 1
        inside = labels >= 0
        labels[inside] = np.unique(labels[inside], return_inverse=True)[1].reshape(-1)
        return labels

    def _said(self, micro: Floats) -> tuple[Ints, Floats]:
        """Return what the older map calls each place, and how far it can know, 0 to 1."""
        near, strength = self.before.decide(micro)
        return near, strength * self._seen(micro)

    def _seen(self, micro: Floats) -> Floats:
        """Return whether the older map has been at places, 0 to 1."""
        _, distance = nearest(micro, self.before.micro)
        span = self._far - self._near
        seen = (self._far - distance) / span if span > 0 else (distance <= self._far).astype(float)
        return np.asarray(np.clip(seen, 0.0, 1.0))

    def _voices(self, n: int) -> int:
        """Return how many of ``n`` partitions are those of the older map; a tenth is always new."""
        known = len(self.before.partitions.first) - 1
        return min(round(self.memory * n), known, n - n // 10)


def _some(partitions: Partitions, n: int) -> list[Floats]:
    """Return the centres of ``n`` partitions, evenly from all."""
    edges = list(zip(partitions.first[:-1], partitions.first[1:], strict=True))
    chosen = np.linspace(0, len(edges) - 1, n).round().astype(int).tolist()
    return [partitions.centers[edges[i][0] : edges[i][1]] for i in chosen]


def _is_held(mine: NDArray[np.bool_], labels: Ints, weights: Floats) -> bool:
    """Whether one cluster holds most of a behaviour, and little else."""
    inside = labels >= 0
    both = np.bincount(labels[mine & inside], weights[mine & inside], labels.max(initial=-1) + 1)
    whole = np.bincount(labels[inside], weights[inside], len(both))
    return bool(((both > weights[mine].sum() / 2) & (both > whole / 2)).any())


def _is_apart(mine: NDArray[np.bool_], together: Floats, labels: Ints, weights: Floats) -> bool:
    """Whether members are put together more often with each other than with any other cluster."""
    own = (together[np.ix_(mine, mine)].sum(axis=1) - 1) / (mine.sum() - 1)
    others = [
        together[np.ix_(mine, rest)].mean(axis=1)
        for cluster in range(labels.max(initial=-1) + 1)
        if (rest := (labels == cluster) & ~mine).any()
    ]
    if not others:
        return True
    return bool(np.average(own - np.max(others, axis=0), weights=weights[mine]) > 0)
