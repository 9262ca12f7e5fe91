"""How alike the behaviours of a map are, in words and in place, and the tree of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.map_edits import Group

if TYPE_CHECKING:
    from napari_mousegpt.clusters.cluster_map import ClusterMap

__all__ = ["Likeness", "MergeTree", "group_centres", "likeness_of", "merge_tree"]

Floats = NDArray[np.float64]

#: With fewer partitions than this, votes say little about what lies together.
_VOTES = 10
#: Distance, in spreads, at which two crowds of one shape just show two humps.
_TWO_HUMPS = 2.0


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike behaviours are; all arrays are symmetric, shape (n, n).

    Parameters
    ----------
    groups : tuple of Group
        The behaviours, in the order of rows.
    words : ndarray of float64
        Cosine of class-based TF-IDF, 0 to 1; NaN where one has no words.
    distance : ndarray of float64
        Between the centres, in standard deviations of the components.
    spread : ndarray of float64
        How far members lie from their centre along the line between the two, in the same unit: the
        root mean square of both.
    overlap : ndarray of float64
        How often the partitions of the map put members of both into one group, 0 (never) to 1 (as
        often as members of one of them); NaN for a map of fewer than ten partitions.
    """

    groups: tuple[Group, ...]
    words: Floats
    distance: Floats
    spread: Floats
    overlap: Floats

    @property
    def relative(self) -> Floats:
        """Distance in spreads; below 2 two crowds run into each other."""
        return np.asarray(self.distance / np.maximum(self.spread, 1e-12))

    @property
    def place(self) -> Floats:
        """How much two behaviours share one place, 0 to 1: the mean of overlap and nearness."""
        near = np.exp(-((self.relative / (2 * _TWO_HUMPS)) ** 2))
        return np.asarray(np.where(np.isnan(self.overlap), near, (self.overlap + near) / 2))

    @property
    def score(self) -> Floats:
        """How alike in all, 0 to 1: the mean of words and place, or place alone without words."""
        found = np.where(np.isnan(self.words), self.place, (self.words + self.place) / 2)
        np.fill_diagonal(found, 1.0)
        return np.asarray(found)


@dataclass(frozen=True, eq=False)
class MergeTree:
    """Behaviours joined by likeness, the most alike first (average linkage).

    Parameters
    ----------
    linkage : ndarray of float64, shape (n - 1, 4)
        As :func:`scipy.cluster.hierarchy.linkage` gives it; heights are 1 less the score, 0 to 1.
        Without rows for fewer than two behaviours.
    leaves : tuple of int
        Id of each leaf, by its number in ``linkage``.
    labels : tuple of str
        Name of each leaf.
    limit : float
        Height up to which merges are suggested.
    """

    linkage: Floats
    leaves: tuple[int, ...]
    labels: tuple[str, ...]
    limit: float

    @property
    def order(self) -> tuple[int, ...]:
        """The ids as they stand side by side when the tree is drawn."""
        from scipy.cluster.hierarchy import leaves_list

        if not len(self.linkage):
            return self.leaves
        return tuple(self.leaves[leaf] for leaf in leaves_list(self.linkage))

    def groups(self, height: float) -> tuple[tuple[int, ...], ...]:
        """Return the ids that hang together below a height, the largest group first."""
        return self._cut(height, "distance")

    def cut(self, number: int) -> tuple[tuple[int, ...], ...]:
        """Return at most so many groups of ids, the largest group first."""
        return self._cut(number, "maxclust")

    def _cut(self, where: float, criterion: str) -> tuple[tuple[int, ...], ...]:
        from scipy.cluster.hierarchy import fcluster

        if not len(self.linkage):
            return tuple((leaf,) for leaf in self.leaves)
        number = fcluster(self.linkage, where, criterion=criterion)
        found = [
            tuple(leaf for leaf, own in zip(self.leaves, number, strict=True) if own == one)
            for one in np.unique(number)
        ]
        return tuple(sorted(found, key=lambda group: (-len(group), group)))


def merge_tree(
    found: Likeness, names: Sequence[str], ids: Sequence[int], limit: float
) -> MergeTree:
    """Return the tree of behaviours; ``limit`` is the least score of a suggestion."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    if len(ids) < 2:
        return MergeTree(np.zeros((0, 4)), tuple(ids), tuple(names), 1 - limit)
    unlike = 1.0 - found.score
    unlike = (unlike + unlike.T) / 2
    np.fill_diagonal(unlike, 0.0)
    tree = linkage(squareform(unlike, checks=False), method="average")
    return MergeTree(tree, tuple(ids), tuple(names), 1 - limit)


def likeness_of(found: ClusterMap, groups: Sequence[Group], words: Floats) -> Likeness:
    """Compare behaviours by the frozen map alone, beside what is known of their words.

    Parameters
    ----------
    found : ClusterMap
        Its micro-clusters and votes tell place and spread.
    groups : sequence of Group
        Behaviours, each of one or more clusters of the map.
    words : ndarray of float64, shape (n, n)
        Likeness in words.
    """
    points, weight = _weighted_points(found)
    part = _parts(found, groups)
    mine = weight @ part
    centre = mine.T @ points
    step = centre[None, :, :] - centre[:, None, :]
    distance = np.sqrt((step**2).sum(axis=2))
    spread = _spread(points, mine, centre, step, distance)
    overlap = np.full((len(groups),) * 2, np.nan)
    n_partitions = len(found.partitions.first) - 1
    if n_partitions >= _VOTES:
        # What was accepted later has no votes, so that it overlaps with nothing.
        shares = np.hstack([found.shares, np.zeros((len(found.shares), len(found.accepted)))])
        mixed = shares @ part
        together = mixed.T @ mixed / n_partitions
        own = np.sqrt(np.maximum(np.diag(together), 1e-12))
        overlap = np.clip(together / np.outer(own, own), 0.0, 1.0)
        np.fill_diagonal(overlap, 1.0)
    return Likeness(tuple(groups), words, distance, spread, overlap)


def group_centres(found: ClusterMap, groups: Sequence[Group]) -> Floats:
    """Return the centre of each behaviour in the space of the map, shape (n, p)."""
    points, weight = _weighted_points(found)
    return np.asarray((weight @ _parts(found, groups)).T @ points)


def _parts(found: ClusterMap, groups: Sequence[Group]) -> Floats:
    """Return the share that each cluster has of its group, shape (clusters, groups)."""
    column = {cluster: row for row, cluster in enumerate(found.clusters)}
    sizes = np.asarray([*_sizes(found), *(one.size for one in found.accepted)], dtype=float)
    part = np.zeros((len(column), len(groups)))
    for number, group in enumerate(groups):
        rows = [column[cluster] for cluster in group]
        total = sizes[rows].sum()
        part[rows, number] = sizes[rows] / total if total > 0 else 1 / len(rows)
    return part


def _weighted_points(found: ClusterMap) -> tuple[Floats, Floats]:
    """Return points and how much of each cluster lies at each; a column sums to 1."""
    votes = found.votes(found.micro) ** 2 + 1e-12
    pieces, blocks = [found.micro], [votes / votes.sum(axis=0)]
    for one in found.accepted:
        pieces.append(one.examples)
        blocks.append(np.full((len(one.examples), 1), 1 / len(one.examples)))
    weight = np.zeros((sum(map(len, pieces)), len(found) + len(found.accepted)))
    row = column = 0
    for block in blocks:
        weight[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return np.concatenate(pieces), weight


def _sizes(found: ClusterMap) -> tuple[int, ...]:
    return found.sizes if len(found.sizes) == len(found) else (1,) * len(found)


def _spread(
    points: Floats, weight: Floats, centre: Floats, step: Floats, distance: Floats
) -> Floats:
    """Return the standard deviation along the line between each two, pooled over both."""
    n = weight.shape[1]
    along = np.zeros((n, n))
    for one in range(n):
        line = step[one] / np.maximum(distance[one], 1e-12)[:, None]
        off = (points - centre[one]) @ line.T
        along[one] = weight[:, one] @ off**2
    return np.asarray(np.sqrt((along + along.T) / 2))
