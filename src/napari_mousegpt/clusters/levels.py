"""Coarser and finer than the clusters of record, without fitting again.

The tree comes from the frozen map alone. Above the clusters of record it joins those whose members
the stored partitions put together most often; below, it parts the micro-clusters of each cluster in
the same way. Ids of record never change. A joined group is called by all it holds, ``"0+3"``, and a
part by its way down, ``"3.1"``, ``"3.1.2"``: the same id means the same set at every level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import NOISE, ClusterMap
from napari_mousegpt.clusters.consensus import co_association, squared_distances
from napari_mousegpt.clusters.membership import row_bouts
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

__all__ = ["Levels", "Split"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: With fewer partitions than this, distances say more than votes.
_VOTES = 10
#: Micro-clusters that a part must have.
_PART = 3
#: How much the distance counts beside the votes.
_PLACE = 0.1


@dataclass(frozen=True)
class Split:
    """One cluster, or part of one, that falls into two.

    Parameters
    ----------
    whole : str
        Id of what is split.
    parts : (str, str)
        Ids of its two parts, the larger first.
    distance : float
        Between the two: of votes 0 (always together) to 1.1, of density in standard deviations.
    """

    whole: str
    parts: tuple[str, str]
    distance: float


class Levels:
    """The levels of a map.

    Parameters
    ----------
    found : ClusterMap
        With at least one cluster.

    Raises
    ------
    InputError
        When the map has no cluster.

    Examples
    --------
    ``Levels(found).parents(5)`` says which of five groups each cluster of record is in;
    ``Levels(found).label(vectors, 30)`` gives windows the finer labels.
    """

    def __init__(self, found: ClusterMap) -> None:
        if not len(found):
            raise InputError(
                "levels of a map",
                expected="at least one cluster",
                found="none",
                remedy="Fit a map that has clusters.",
            )
        self._map = found
        self.merges = [
            (found.fitted[one], found.fitted[other], gap)
            for one, other, gap in _merges(_between(found))
        ]
        self._member = _micro_members(found)
        self.splits, self._parts = _splits(found, self._member)

    @property
    def record(self) -> int:
        """The number of clusters of record, not counting what was accepted after the fit."""
        return len(self._map)

    @property
    def most(self) -> int:
        """The most groups that the finest level has."""
        return len(self._map) + len(self.splits)

    def parents(self, n_groups: int) -> dict[int, str]:
        """Return the group of each cluster of record at a coarser level.

        Parameters
        ----------
        n_groups : int
            Groups wanted, 1 to the number of clusters.

        Returns
        -------
        dict of int to str
            Group id by cluster of record. A cluster by itself has its own number as its id.
        """
        self._within(n_groups, len(self._map))
        groups: dict[int, tuple[int, ...]] = {cluster: (cluster,) for cluster in self._map.fitted}
        for one, other, _ in self.merges[: len(self._map) - n_groups]:
            joined = tuple(sorted((*groups[one], *groups[other])))
            groups.update(dict.fromkeys(joined, joined))
        names = {cluster: "+".join(map(str, group)) for cluster, group in groups.items()}
        # What was accepted after the fit stands by itself at every level.
        return {**names, **{one.cluster: str(one.cluster) for one in self._map.accepted}}

    def children(self, n_groups: int) -> dict[str, tuple[str, ...]]:
        """Return what each cluster of record falls into at a finer level.

        Parameters
        ----------
        n_groups : int
            Groups wanted, the number of clusters to :attr:`most`.
        """
        self._within(n_groups, self.most)
        leaves = {str(cluster): [str(cluster)] for cluster in self._map.fitted}
        for split in self.splits[: max(0, n_groups - len(self._map))]:
            mine = leaves[split.whole.partition(".")[0]]
            at = mine.index(split.whole)
            mine[at : at + 1] = split.parts
        return {cluster: tuple(parts) for cluster, parts in leaves.items()}

    def label(self, vectors: Vectors, n_groups: int) -> pd.DataFrame:
        """Label intervals at a level.

        Parameters
        ----------
        vectors : Vectors
            From the model of the map; rows in any order.
        n_groups : int
            Groups wanted, 1 to :attr:`most`.

        Returns
        -------
        DataFrame
            What :meth:`ClusterMap.apply` gives, with the column ``group``: the id at this level,
            empty for noise. ``cluster`` and ``strength`` stay those of record.
        """
        self._within(n_groups, self.most)
        table = self._map.apply(vectors)
        cluster = table["cluster"].to_numpy()
        if n_groups <= len(self._map):
            parents = self.parents(n_groups)
            names = [parents.get(int(one), "") for one in cluster]
            return table.assign(group=np.asarray(names, dtype=object))
        points, bout = row_bouts(self._map, vectors)
        finer = self._finer(points, n_groups)
        names = [
            finer[b].get(int(c), str(c)) if c != NOISE and b >= 0 else ""
            for c, b in zip(cluster, bout, strict=True)
        ]
        return table.assign(group=np.asarray(names, dtype=object))

    def _finer(self, points: Floats, n_groups: int) -> list[dict[int, str]]:
        """Return, for each bout, the part it is nearest to in every cluster that has parts."""
        answers: list[dict[int, str]] = [{} for _ in points]
        micro = self._map.micro
        for cluster, parts in self.children(n_groups).items():
            if len(parts) < 2:
                continue
            members = np.concatenate([self._parts[part] for part in parts])
            part_of = np.repeat(np.arange(len(parts)), [len(self._parts[part]) for part in parts])
            for first in range(0, len(points), 4096):
                some = points[first : first + 4096]
                near = part_of[squared_distances(some, micro[members]).argmin(axis=1)]
                for row, part in enumerate(near.tolist()):
                    answers[first + row][int(cluster)] = parts[part]
        return answers

    def _within(self, n_groups: int, most: int) -> None:
        if not 1 <= n_groups <= most:
            raise InputError(
                f"{n_groups} groups",
                expected=f"1 to {most}",
                remedy="Choose a level that this map has.",
            )


def _between(found: ClusterMap) -> Floats:
    """Return distances between the clusters of record, shape (n_clusters, n_clusters)."""
    votes = found.votes(found.micro)
    weight = votes**2 + 1e-12
    centers = (weight / weight.sum(axis=0)).T @ found.micro
    apart = np.sqrt(squared_distances(centers, centers))
    n_partitions = len(found.partitions.first) - 1
    if n_partitions < _VOTES:
        return apart
    # How often a member of one and a member of the other fall into the same group.
    together = found.shares.T @ found.shares / n_partitions
    own = np.sqrt(np.maximum(np.diag(together), 1e-12))
    return _with_place(1.0 - together / np.outer(own, own), apart)


def _with_place(unlike: Floats, apart: Floats) -> Floats:
    """Settle by distance what no vote joins: no partition has fewer than a few groups."""
    return np.asarray(np.clip(unlike, 0.0, 1.0) + _PLACE * apart / max(float(apart.max()), 1e-12))


def _merges(distance: Floats) -> list[tuple[int, int, float]]:
    """Join the two nearest groups again and again; a group goes by its smallest id."""
    distance = distance.copy()
    np.fill_diagonal(distance, np.inf)
    size = np.ones(len(distance))
    alive = list(range(len(distance)))
    found = []
    while len(alive) > 1:
        view = distance[np.ix_(alive, alive)]
        a, b = divmod(int(view.argmin()), len(alive))
        one, other = sorted((alive[a], alive[b]))
        found.append((one, other, float(distance[one, other])))
        # Mean over all pairs of members (average linkage).
        mean = (size[one] * distance[one] + size[other] * distance[other]) / (
            size[one] + size[other]
        )
        distance[one], distance[:, one] = mean, mean
        distance[one, one] = np.inf
        size[one] += size[other]
        alive.remove(other)
    return found


def _micro_members(found: ClusterMap) -> dict[int, Ints]:
    """Return the micro-clusters of each cluster of record."""
    votes = found.votes(found.micro)
    # Among prototypes of noise nothing votes at all.
    near = np.where(votes.max(axis=1) > 0, votes.argmax(axis=1), NOISE)
    return {cluster: np.flatnonzero(near == row) for row, cluster in enumerate(found.fitted)}


def _splits(found: ClusterMap, member: dict[int, Ints]) -> tuple[list[Split], dict[str, Ints]]:
    """Part each cluster from the top of its tree, the widest gap of all first."""
    many = len(found.partitions.first) - 1 >= _VOTES
    parts = {str(cluster): rows for cluster, rows in member.items()}
    open_parts: dict[str, tuple[float, Ints, Ints]] = {}

    def look(name: str) -> None:
        rows = parts[name]
        if len(rows) < 2 * _PART:
            return
        micro = found.micro[rows]
        apart = np.sqrt(squared_distances(micro, micro))
        if many:
            apart = _with_place(1.0 - co_association(found.partitions.groups(micro)), apart)
        halves = _halves(apart)
        if halves is not None:
            gap, one, other = halves
            open_parts[name] = (gap, rows[one], rows[other])

    for name in list(parts):
        look(name)
    found_splits = []
    while open_parts:
        # Ties go to the smaller id.
        name = min(open_parts, key=lambda part: (-open_parts[part][0], _path(part)))
        gap, one, other = open_parts.pop(name)
        if (len(other), -other[0]) > (len(one), -one[0]):
            one, other = other, one
        names = (f"{name}.1", f"{name}.2")
        parts[names[0]], parts[names[1]] = one, other
        found_splits.append(Split(name, names, gap))
        for part in names:
            look(part)
    return found_splits, parts


def _halves(apart: Floats) -> tuple[float, Ints, Ints] | None:
    """Part micro-clusters in two by average linkage; crumbs stay with their larger side."""
    merges = _merges(apart)
    groups = {row: [row] for row in range(len(apart))}
    for one, other, gap in merges:
        if min(len(groups[one]), len(groups[other])) >= _PART and (
            len(groups[one]) + len(groups[other]) > len(apart) // 2
        ):
            left, right = np.asarray(sorted(groups[one])), np.asarray(sorted(groups[other]))
            rest = np.setdiff1d(np.arange(len(apart)), np.concatenate([left, right]))
            closer = apart[np.ix_(rest, left)].mean(axis=1) <= apart[np.ix_(rest, right)].mean(
                axis=1
            )
            return (
                gap,
                np.sort(np.concatenate([left, rest[closer]])),
                np.sort(np.concatenate([right, rest[~closer]])),
            )
        groups[one] = groups[one] + groups.pop(other)
    return None


def _path(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split("."))
