"""How much denser windows are in new recordings than in a reference.

Two answers to one question. ``density_shares``: who are the neighbours of a window, recordings of
its own animal left out? Where new and reference recordings are equally dense, half of the weight is
new. The question is passed on: a neighbour that is new counts as much as its own neighbours are
new, for ``steps`` steps, and reference windows count nothing. Each neighbour leaves out its own
animal, as the window did; a walk of two steps may come back to the animal it began with. So a place
counts as new when one can walk on from neighbour to neighbour without meeting the reference.
``classifier_shares``: does a classifier that was shown the reference and the other new recordings
take the window for new?

Standardisation and principal components are learnt from the reference alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.neighbours import neighbours_elsewhere, scales_of
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.clusters.share_scale import Scale, log_odds, standing

__all__ = ["Shares", "Side", "classifier_shares", "density_shares", "mean_of", "shares_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Windows scored at a time: bounds the memory, not the result.
_CHUNK = 8192
#: Least of either sum of weights, so that a ratio has bounds: half a neighbour.
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Side:
    """Windows of one side, or some of them.

    Parameters
    ----------
    values : ndarray of float32, shape (n, d)
        Their vectors.
    animal_of : ndarray of int, shape (n,)
        Animal of each window, recordings where animals are unknown; numbers are shared with the
        other side.
    names : tuple of str
        Names of the columns, empty where they have none.
    """

    values: NDArray[np.float32]
    animal_of: Ints
    names: tuple[str, ...] = ()

    def __getitem__(self, rows: NDArray[np.generic]) -> Side:
        return Side(self.values[rows], self.animal_of[rows], self.names)


@dataclass(frozen=True, eq=False)
class Shares:
    """The answer for each window of the new side.

    Parameters
    ----------
    share : ndarray of float64, shape (n,)
        0 to 1; .5 where both sides are equally dense.
    times : ndarray of float64, shape (n,)
        How many times denser the new recordings are there, by the nearest neighbours alone.
    """

    share: Floats
    times: Floats


def shares_of(known: Side, fresh: Side, asked: Side, params: NoveltyParams) -> Shares:
    """Answer by the method that the parameters name; see :func:`density_shares`."""
    if params.method == "classifier":
        return classifier_shares(known, fresh, asked, params)
    dense = density_shares(known, fresh, asked, params)
    if params.method == "density":
        return dense
    return mean_of(dense, classifier_shares(known, fresh, asked, params))


def mean_of(dense: Shares, sorted_out: Shares) -> Shares:
    """Return the mean of two answers in log odds, each in steps of its spread by chance."""
    scale = Scale.of(log_odds(dense.share))
    steps = (standing(dense.share) + standing(sorted_out.share)) / 2
    return Shares(1 / (1 + np.exp(-(scale.middle + scale.spread * steps))), dense.times)


def density_shares(known: Side, fresh: Side, asked: Side, params: NoveltyParams) -> Shares:
    """Return how new the surroundings of each window are.

    Parameters
    ----------
    known, fresh : Side
        Windows of the reference and of the new side that neighbours are sought among; at least two
        animals on the new side.
    asked : Side
        Windows of the new side to answer for.
    params : NoveltyParams
        Settings.
    """
    pool_new = np.repeat([False, True], [len(known.values), len(fresh.values)])
    pool_of = np.concatenate([known.animal_of, fresh.animal_of])
    weight = _Weights(pool_new, pool_of)
    spaces = _spaces(known, fresh, params)
    k = min(params.k, *(int((pool_of != animal).sum()) for animal in np.unique(asked.animal_of)))
    nodes = np.flatnonzero(pool_new)
    near = np.concatenate(
        [
            neighbours_elsewhere(points, pool_of, points[nodes], pool_of[nodes], k)
            for _, points in spaces
        ],
        axis=1,
    )
    value = pool_new.astype(np.float64)
    for _ in range(params.steps - 1):
        passed_on = np.zeros_like(value)
        passed_on[nodes] = weight.mean(value, near, pool_of[nodes])
        value = passed_on
    share, times = np.empty(len(asked.values)), np.empty(len(asked.values))
    for first in range(0, len(asked.values), _CHUNK):
        some = slice(first, first + _CHUNK)
        of = asked.animal_of[some]
        rows = np.concatenate(
            [
                neighbours_elsewhere(points, pool_of, project.apply(asked.values[some]), of, k)
                for project, points in spaces
            ],
            axis=1,
        )
        share[some] = weight.mean(value, rows, of) ** (1 / params.steps)
        times[some] = weight.ratio(rows, of)
    return Shares(share, times)


def classifier_shares(known: Side, fresh: Side, asked: Side, params: NoveltyParams) -> Shares:
    """Return for how new a classifier takes each window of animals that it was not shown.

    Parameters are those of :func:`density_shares`. Trees are used because they need no scale; both
    sides weigh the same, so .5 means undecided.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    share = np.empty(len(asked.values))
    # What is missing becomes the column's mean, and constant columns go, by the reference alone.
    project = Projection.fit(known.values, params.projection)
    project = replace(project, axes=np.eye(len(project.center)))
    points = project.apply(known.values)
    for animal in np.unique(asked.animal_of):
        others = project.apply(fresh.values[fresh.animal_of != animal])
        known_others = points[known.animal_of != animal]
        trees = ExtraTreesClassifier(
            100,
            min_samples_leaf=10,
            class_weight="balanced",
            random_state=params.seed,
            n_jobs=1,
        ).fit(
            np.concatenate([known_others, others]),
            np.repeat([False, True], [len(known_others), len(others)]),
        )
        mine = np.flatnonzero(asked.animal_of == animal)
        for first in range(0, len(mine), _CHUNK):
            rows = mine[first : first + _CHUNK]
            share[rows] = trees.predict_proba(project.apply(asked.values[rows]))[:, 1]
    sure = np.clip(share, 0.01, 0.99)
    return Shares(share, sure / (1 - sure))


class _Weights:
    """Weighs neighbours so that both sides count the same, whatever their sizes.

    Parameters
    ----------
    pool_new : ndarray of bool, shape (m,)
        Which rows of the pool are new.
    pool_of : ndarray of int, shape (m,)
        Their animals.
    """

    def __init__(self, pool_new: NDArray[np.bool_], pool_of: Ints) -> None:
        self._new = pool_new
        self._of = pool_of

    def mean(self, value: Floats, rows: Ints, animal_of: Ints) -> Floats:
        """Return the weighted mean of the values of neighbours, shape (n,)."""
        lift = self._lift(animal_of)
        new = self._new[rows]
        count = new.sum(axis=1)
        total = lift * count + (rows.shape[1] - count)
        return np.asarray(lift * (value[rows] * new).sum(axis=1) / total)

    def ratio(self, rows: Ints, animal_of: Ints) -> Floats:
        """Return how many times denser the new side is, shape (n,)."""
        count = self._new[rows].sum(axis=1)
        known = rows.shape[1] - count
        return np.asarray(
            self._lift(animal_of) * np.maximum(count, _HALF) / np.maximum(known, _HALF)
        )

    def _lift(self, animal_of: Ints) -> Floats:
        """Return the weight of a new neighbour where one of the reference weighs 1, shape (n,)."""
        lift = np.empty(len(animal_of))
        for animal in np.unique(animal_of):
            other = self._of != animal
            lift[animal_of == animal] = (other & ~self._new).sum() / (other & self._new).sum()
        return lift


def _spaces(known: Side, fresh: Side, params: NoveltyParams) -> list[tuple[_View, Floats]]:
    """Return a projection for each time scale, with the pool projected by it."""
    width = known.values.shape[1]
    columns = scales_of(known.names) if known.names else [np.arange(width)]
    spaces = []
    for chosen in columns:
        view = _View(chosen, Projection.fit(known.values[:, chosen], params.projection))
        points = [view.apply(side.values) for side in (known, fresh)]
        spaces.append((view, np.concatenate(points)))
    return spaces


@dataclass(frozen=True, eq=False)
class _View:
    """Some columns and their projection."""

    columns: NDArray[np.intp]
    projection: Projection

    def apply(self, values: NDArray[np.float32]) -> Floats:
        return self.projection.apply(values[:, self.columns])
