"""Candidate behaviours: what the flagged windows have in common, found among them alone.

Clustered together with everything else a new behaviour disappears in an old cluster; clustered by
themselves the flagged windows show it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.neighbours import spread_rows
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.clusters.novelty_tables import CANDIDATE_COLUMNS
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

__all__ = ["DENSER", "candidate_table", "chance_share", "group_flagged"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: How many times denser the new recordings must be at a window for it to count: what is only
#: somewhat commoner than before is no new behaviour.
DENSER = 2.0
#: Components that crowds are sought in, crowds at most, and their least variance.
_COMPONENTS, _CROWDS, _LEAST_SPREAD = 10, 10, 1e-2
#: Flagged windows that are clustered; the others join the likeliest crowd.
_MOST = 5000
#: Smallest candidate as a share of the flagged windows.
_SHARE = 0.03
#: Members that the medoid is sought among.
_MEDOID = 1000
#: Examples that are told, of as many animals as possible.
_EXAMPLES = 6


def group_flagged(
    values: NDArray[np.float32],
    animal_of: Ints,
    share: Floats,
    params: NoveltyParams,
    least_share: float = 0.0,
) -> Ints:
    """Return the candidate of each flagged window, -1 for none; the largest is 0.

    Parameters
    ----------
    values : ndarray of float32, shape (n, d)
        Vectors of the flagged windows.
    animal_of : ndarray of int, shape (n,)
        Their animals.
    share : ndarray of float64, shape (n,)
        How new each is.
    params : NoveltyParams
        How many windows and animals a candidate needs.
    least_share : float
        The share of its median window must be above this.
    """
    none = np.full(len(values), -1, dtype=np.int64)
    least = max(params.min_candidate, round(_SHARE * len(values)))
    if len(values) < max(least, 2 * params.min_candidate):
        return none
    points = _projected(values, params)[:, :_COMPONENTS]
    rows = spread_rows(animal_of, _MOST)
    found = _mixture(points[rows], params.seed).predict(points).astype(np.int64)
    kept = [
        (-int((found == label).sum()), label)
        for label in np.unique(found)
        if (found == label).sum() >= least
        and _holds(found == label, animal_of, share, params, least_share)
    ]
    for number, (_, label) in enumerate(sorted(kept)):
        none[found == label] = number
    return none


def _projected(values: NDArray[np.float32], params: NoveltyParams) -> Floats:
    """Return the principal components of some windows; one of zeros where they do not differ."""
    try:
        return Projection.fit(values, params.projection).apply(values)
    except InputError:
        # A tracker that stands still gives the same numbers again and again.
        return np.zeros((len(values), 1))


def _mixture(points: Floats, seed: int) -> GaussianMixture:
    """Fit as many round crowds as the windows speak for (Bayesian information criterion).

    HDBSCAN is of no use here: one crowd among stray windows has no second one to part from, and
    it returns a piece of its core.
    """
    from sklearn.mixture import GaussianMixture

    tried = [
        GaussianMixture(
            count, covariance_type="diag", reg_covar=_LEAST_SPREAD, n_init=2, random_state=seed
        ).fit(points)
        for count in range(1, min(_CROWDS, len(np.unique(points, axis=0))) + 1)
    ]
    return min(tried, key=lambda mixture: float(mixture.bic(points)))


def _holds(
    members: NDArray[np.bool_],
    animal_of: Ints,
    share: Floats,
    params: NoveltyParams,
    least_share: float,
) -> bool:
    """Whether enough windows of enough animals belong, and are newer than by chance."""
    _, count = np.unique(animal_of[members], return_counts=True)
    shared = int((count >= max(2, params.min_candidate // 5)).sum())
    return shared >= params.min_recordings and float(np.median(share[members])) > least_share


def chance_share(
    values: NDArray[np.float32], control: pd.DataFrame, params: NoveltyParams
) -> float:
    """Return the highest median share of a candidate where nothing is new, 0 where there is none.

    Parameters
    ----------
    values : ndarray of float32, shape (m, d)
        Vectors of the reference.
    control : DataFrame
        ``draw``, ``row`` of these vectors, ``animal``, ``share``, ``times``, ``flagged``.
    """
    best = 0.0
    for _, draw in control[control["flagged"] & (control["times"] >= DENSER)].groupby("draw"):
        rows, share = draw["row"].to_numpy(), draw["share"].to_numpy()
        _, animal_of = np.unique(draw["animal"].astype(str), return_inverse=True)
        found = group_flagged(values[rows], animal_of.astype(np.int64), share, params)
        for label in range(int(found.max(initial=-1)) + 1):
            best = max(best, float(np.median(share[found == label])))
    return best


def candidate_table(
    vectors: Vectors, windows: pd.DataFrame, animals: NDArray[np.object_], params: NoveltyParams
) -> pd.DataFrame:
    """Tell of each candidate its medoid, size, animals and examples.

    Parameters
    ----------
    vectors : Vectors
        New windows.
    windows : DataFrame
        Their rows, in the same order, with ``candidate``, ``share`` and ``times``.
    animals : ndarray of str, shape (n,)
        Animal of each.
    params : NoveltyParams
        Settings of the projection.

    Returns
    -------
    DataFrame
        One row for each candidate, the largest first.
    """
    rows = []
    for number in range(int(windows["candidate"].max()) + 1):
        members = np.flatnonzero(windows["candidate"].to_numpy() == number)
        points = _projected(vectors.values[members], params)
        order = _from_the_middle(points)
        mine = vectors.intervals[members]
        medoid = members[order[0]]
        bouts = mine.merge()
        told = [members[one] for one in _examples(order, animals[members])]
        rows.append(
            {
                "candidate": number,
                "n_windows": len(members),
                "n_bouts": len(bouts),
                "seconds": _seconds(windows.iloc[members], int(bouts.length.sum())),
                "n_recordings": len(set(mine.recording)),
                "n_animals": len(set(animals[members])),
                "animals": "; ".join(sorted({str(name) for name in animals[members]})),
                "share": float(windows["share"].iloc[members].median()),
                "times_denser": float(windows["times"].iloc[members].median()),
                "medoid_range_id": windows["range_id"].iloc[medoid],
                "medoid_recording": windows["recording"].iloc[medoid],
                "medoid_individual": windows["individual"].iloc[medoid],
                "medoid_start": int(windows["start"].iloc[medoid]),
                "medoid_stop": int(windows["stop"].iloc[medoid]),
                "examples": json.dumps([_key(vectors.intervals, row) for row in told]),
            }
        )
    return pd.DataFrame(rows, columns=list(CANDIDATE_COLUMNS))


def _from_the_middle(points: Floats) -> NDArray[np.intp]:
    """Return rows by their distance to the medoid, which comes first."""
    some = np.unique(np.linspace(0, len(points) - 1, min(len(points), _MEDOID)).astype(np.intp))
    total = np.zeros(len(some))
    for place, row in enumerate(some):
        total[place] = np.sqrt(((points[some] - points[row]) ** 2).sum(axis=1)).sum()
    medoid = points[some[int(total.argmin())]]
    return np.argsort(((points - medoid) ** 2).sum(axis=1), kind="stable")


def _examples(order: NDArray[np.intp], animals: NDArray[np.object_]) -> list[int]:
    """Choose examples from the middle outwards, animal after animal in turn."""
    queue = pd.DataFrame({"row": order, "animal": animals[order].astype(str)})
    queue["turn"] = queue.groupby("animal").cumcount()
    chosen = queue.sort_values(["turn"], kind="stable")["row"].head(_EXAMPLES)
    return [int(row) for row in chosen]


def _seconds(windows: pd.DataFrame, frames: int) -> float:
    """Return how long a number of frames lasts, NaN where windows carry no seconds."""
    if "start_s" not in windows:
        return float("nan")
    lasting = (windows["stop_s"] - windows["start_s"]).sum()
    return float(frames * lasting / (windows["stop"] - windows["start"]).sum())


def _key(intervals: Intervals, row: int) -> list[str | int]:
    return [
        str(intervals.recording[row]),
        str(intervals.individual[row]),
        int(intervals.start[row]),
        int(intervals.stop[row]),
    ]
