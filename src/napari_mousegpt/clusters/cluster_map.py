"""A frozen map of clusters: the rule that labels any vectors of the same model.

Labels of record always come from here, also for the rows the map was fitted on. The rule works on
runs of consecutive windows: project, cut each run into bouts, look up in every stored partition
which group a bout falls into, and average how much of each cluster lies in those groups: the share
of votes that put the bout together with the members of that cluster. A bout joins the cluster with
most votes. Its strength is that share divided by what the firmest tenth of the members reach, at
most 1, so that it means the same for tight and for wide clusters. Below the threshold it is noise.

A label depends on the windows of its own run only. Recordings may come one by one, in any order, or
all at once; a recording that is cut in two may differ in the bout at the cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.accepted import Accepted, claim
from napari_mousegpt.clusters.bouts import Bouts, find_bouts, find_runs, has_seconds
from napari_mousegpt.clusters.consensus import Partitions, nearest
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError

__all__ = ["NOISE", "ClusterMap", "key_order"]

Floats = NDArray[np.float64]

#: The cluster of intervals that belong to none.
NOISE = -1
#: A cluster with more of what is clustered than this tells nothing.
_GIANT = 0.9
#: Bouts looked up at a time.
_CHUNK = 8192


@dataclass(frozen=True, eq=False)
class ClusterMap:
    """Clusters with permanent ids and the rule that assigns them; made by ``fit``.

    Parameters
    ----------
    params : ClusterParams
        What it was fitted with.
    model, revision : str
        Which vectors it is for.
    names : tuple of str
        Dimensions of those vectors, empty when they have none.
    width : int
        Number of dimensions.
    timed : bool
        Whether bouts were measured in seconds (else in windows).
    projection : Projection
        Standardisation and principal components.
    penalty, longest : float
        Cost and greatest length of a bout, see :func:`~napari_mousegpt.clusters.bouts.find_bouts`.
    micro : ndarray of float64, shape (m, p)
        Micro-clusters, to tell what lies outside of everything met in the fit.
    limit : float
        Farthest distance from a micro-cluster that is not noise; infinite when unlimited.
    partitions : Partitions
        The random partitions that vote.
    shares : ndarray of float64, shape (groups, n_clusters)
        Share of the members of each cluster that lie in each group.
    cohesion : ndarray of float64, shape (n_clusters,)
        Votes for each cluster that a tenth of its members reach: the measure of strength 1.
    sizes : tuple of int
        Rows of each cluster among those it was fitted on.
    medoids : tuple of (str, str, int, int)
        Recording, individual, start and stop of the typical interval of each cluster.
    software : mapping of str to str
        Versions it was fitted with.
    accepted : tuple of Accepted
        Behaviours that were accepted after the fit.
    ids : tuple of int
        Id of each cluster of the fit, rising; empty while they are 0, 1, 2, ... A refit keeps the
        ids of behaviours that it found again.
    given : int
        Ids below this one were given before, by maps that this one goes on from.
    parent : str
        Map id of the map that this one goes on from; else empty.
    """

    params: ClusterParams
    model: str
    revision: str
    names: tuple[str, ...]
    width: int
    timed: bool
    projection: Projection
    penalty: float
    longest: float
    micro: Floats
    limit: float
    partitions: Partitions
    shares: Floats
    cohesion: Floats
    sizes: tuple[int, ...] = ()
    medoids: tuple[tuple[str, str, int, int], ...] = ()
    software: dict[str, str] = field(default_factory=dict)
    accepted: tuple[Accepted, ...] = ()
    ids: tuple[int, ...] = ()
    given: int = 0
    parent: str = ""

    def __repr__(self) -> str:
        return f"<ClusterMap {self.map_id}: {len(self)} clusters of {self.model} vectors>"

    def __len__(self) -> int:
        """Return the number of clusters of the fit, noise not counted."""
        return int(self.shares.shape[1])

    @property
    def clusters(self) -> tuple[int, ...]:
        """Ids of the clusters, those of accepted behaviours last."""
        return (*self.fitted, *(one.cluster for one in self.accepted))

    @property
    def fitted(self) -> tuple[int, ...]:
        """Id of each cluster of the fit, in the order of ``shares``, ``sizes`` and ``medoids``."""
        return self.ids or tuple(range(len(self)))

    @property
    def next_id(self) -> int:
        """The first id that was never given; accepted behaviours only ever join."""
        return max((self.given - 1, *self.clusters), default=-1) + 1

    @property
    def map_id(self) -> str:
        """Content hash of the rule (16 hexadecimal characters): equal maps give equal labels."""
        from napari_mousegpt.clusters.map_files import rule_id

        return rule_id(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the fit, as sentences."""
        told = []
        _, collapsed, why = self.software.get("engine", "").partition("collapsed: ")
        if collapsed:
            told.append(
                f"density collapsed ({why.rstrip(')')}): these vectors have no crowds to tell "
                "apart, so clusters come from the consensus of random partitions"
            )
        if not len(self):
            told.append(
                "no cluster was found: every interval is noise. Give more recordings, or lower "
                "min_cluster_size or abstain_below"
            )
        elif self.sizes and self.sizes[0] > _GIANT * sum(self.sizes):
            told.append(
                f"one cluster holds {self.sizes[0] / sum(self.sizes):.0%} of what is clustered: "
                "the intervals hardly differ, or a few far values stretch the scale. Look at the "
                "vectors, or lower min_cluster_share"
            )
        return tuple(told)

    def apply(self, vectors: Vectors) -> pd.DataFrame:
        """Label intervals.

        Parameters
        ----------
        vectors : Vectors
            From the model this map was fitted on; rows in any order.

        Returns
        -------
        DataFrame
            One row for each interval, in the order of ``vectors``, with the columns of
            :data:`~napari_mousegpt.core.tables.ASSIGNMENTS`: ``cluster`` (-1 for noise) and
            ``strength`` (0 to 1). ``nearest`` is the strongest cluster also where it abstains
            (-1 where too little was seen, or nothing near it was in a cluster). ``start_s`` and
            ``stop_s`` are kept when there.

        Raises
        ------
        MismatchError
            When the vectors are of another model, revision or width, have other names, or lack the
            seconds that the fit had.
        InputError
            When an interval occurs twice.
        """
        self.check(vectors)
        order = key_order(vectors.intervals)
        ordered = vectors[order]
        seen = self.projection.seen(ordered.values)
        points = self.projection.apply(ordered.values[seen])
        table = self.label(ordered.intervals, seen, points)
        back = np.empty(len(order), dtype=np.intp)
        back[order] = np.arange(len(order))
        return ASSIGNMENTS.check(
            table.assign(range_id=ordered.intervals.range_ids()).iloc[back].reset_index(drop=True)
        )

    def label(self, intervals: Intervals, seen: NDArray[np.bool_], points: Floats) -> pd.DataFrame:
        """Label projected rows: what :meth:`apply` does behind the projection.

        Parameters
        ----------
        intervals : Intervals
            Sorted by :func:`key_order`.
        seen : ndarray of bool, shape (n,)
            Rows with enough numbers.
        points : ndarray of float64, shape (seen rows, p)
            Those rows, projected.

        Returns
        -------
        DataFrame
            Keys, seconds where there are any, ``cluster``, ``strength``, ``nearest``, in the order
            of the intervals.
        """
        runs = find_runs(intervals, seen, timed=self.timed)
        bouts = find_bouts(points, runs, self.penalty, self.longest)
        return self.label_bouts(intervals, seen, bouts, *self.decide(bouts.points))

    def label_bouts(
        self,
        intervals: Intervals,
        seen: NDArray[np.bool_],
        bouts: Bouts,
        near: NDArray[np.int64],
        strength: Floats,
    ) -> pd.DataFrame:
        """Give every row the label of its bout: what :meth:`label` does once they are decided."""
        nearest_of = np.full(len(intervals), NOISE, dtype=np.int64)
        strength_of = np.zeros(len(intervals))
        nearest_of[seen] = near[bouts.of_row]
        strength_of[seen] = strength[bouts.of_row]
        firm = (
            (nearest_of != NOISE) & (strength_of > 0) & (strength_of >= self.params.abstain_below)
        )
        table = intervals.to_pandas()
        table = table[[name for name in (*KEYS, "start_s", "stop_s") if name in table.columns]]
        return table.assign(
            cluster=np.where(firm, nearest_of, NOISE), strength=strength_of, nearest=nearest_of
        )

    def save(self, folder: str | Path) -> Path:
        """Write the map to a new folder (``map.json`` and ``arrays.npz``) and return its path.

        Raises
        ------
        OutputExistsError
            When the folder holds something else.
        """
        from napari_mousegpt.clusters.map_files import save_map

        return save_map(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> ClusterMap:
        """Read a map back.

        Raises
        ------
        FormatError
            When the folder holds no map, a map of a newer version, or a damaged one.
        """
        from napari_mousegpt.clusters.map_files import load_map

        return load_map(Path(folder))

    def votes(self, points: Floats) -> Floats:
        """Return the share of votes for each cluster, shape (n, n_clusters); points are bouts."""
        votes = np.zeros((len(points), len(self)))
        for start in range(0, len(points), _CHUNK):
            rows = slice(start, start + _CHUNK)
            # One partition after another: the order of the sum never depends on the chunk.
            for groups in self.partitions.groups(points[rows]).T:
                votes[rows] += self.shares[groups]
        return votes / (len(self.partitions.first) - 1)

    def decide(
        self, points: Floats, votes: Floats | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the strongest cluster of each bout and its strength, 0 outside the limit.

        Parameters
        ----------
        points : ndarray of float64, shape (n, p)
            Bouts.
        votes : ndarray of float64, shape (n, n_clusters), optional
            What :meth:`votes` says of them, where that is known already.
        """
        near, strength = self._voted(points, votes)
        return claim(self.accepted, points, self.micro, near, strength)

    def _voted(self, points: Floats, votes: Floats | None) -> tuple[NDArray[np.int64], Floats]:
        if not len(self):
            return np.full(len(points), NOISE, dtype=np.int64), np.zeros(len(points))
        if votes is None:
            votes = self.votes(points)
        most = votes.max(axis=1)
        # Among prototypes of noise nothing votes at all.
        column = votes.argmax(axis=1)
        near = np.where(most > 0, np.asarray(self.fitted)[column], NOISE)
        strength = np.minimum(most / self.cohesion[column], 1.0)
        _, distance = nearest(points, self.micro)
        return near, np.where(distance <= self.limit, strength, 0.0)

    def check(self, vectors: Vectors) -> None:
        """Raise MismatchError when vectors are not of the kind this map is for."""
        remedy = "Project the recordings again with the model and parameters of this map."
        if self.params.weights:
            remedy = (
                "Fuse the same spaces by the same models, as 'run' with the same --weights does. "
                "Texts that 'cluster --fuse' took in fit the recordings of this map only."
            )
        mine, theirs = (self.model, self.revision), (vectors.model, vectors.revision)
        if mine != theirs:
            raise MismatchError(
                "vectors", expected=f"model {' '.join(mine)}", found=" ".join(theirs), remedy=remedy
            )
        if vectors.values.shape[1] != self.width or vectors.names != self.names:
            missing = [name for name in self.names if name not in vectors.names]
            extra = [name for name in vectors.names if name not in self.names]
            raise MismatchError(
                "dimensions of the vectors",
                expected=f"the {self.width} of this cluster map",
                found=f"{vectors.values.shape[1]}"
                + (f", without {', '.join(missing[:4])}" if missing else "")
                + (f", with {', '.join(extra[:4])}" if extra else "")
                + (", in another order" if not missing and not extra and self.names else ""),
                remedy="All recordings of a map need the same tracked body parts and measures.",
            )
        if self.timed and not has_seconds(vectors.intervals):
            raise MismatchError(
                "intervals of the vectors",
                expected="numbers in start_s and stop_s: this map measures bouts in seconds",
                found=", ".join(vectors.intervals.columns),
                remedy="Add them with Intervals.assign from the Timebase.",
            )


def key_order(intervals: Intervals) -> NDArray[np.intp]:
    """Return the row order by recording, individual, start and stop.

    Raises
    ------
    InputError
        When an interval occurs twice: two labels for one key could not be told apart.
    """
    # Whole numbers in the order of the texts: sorting them is far quicker than sorting texts.
    names = [
        pd.factorize(column, sort=True)[0] for column in (intervals.recording, intervals.individual)
    ]
    keys = [*names, intervals.start, intervals.stop]
    order = np.lexsort(keys[::-1])
    if len(order) > 1:
        same = np.ones(len(order) - 1, dtype=bool)
        for key in keys:
            ordered = key[order]
            same &= ordered[1:] == ordered[:-1]
        if same.any():
            row = order[1:][same].min()
            raise InputError(
                f"interval [{keys[2][row]}, {keys[3][row]}) of {intervals.recording[row]!r}",
                expected="every interval once",
                found=f"{int(same.sum())} repeated",
                remedy="Drop the repeated rows.",
            )
    return np.asarray(order, dtype=np.intp)
