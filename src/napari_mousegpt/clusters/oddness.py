"""How unlike all others a window is: the second question about novelty.

Every recording is scored against all others, and its threshold comes from the scores of the others,
each found in the same way. These scores say how rare or spread out a behaviour is, not how new: on
real mice they find known behaviours nearly as often as new ones, see ``docs/novelty.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import key_order
from napari_mousegpt.clusters.neighbours import distances_to, spread_rows
from napari_mousegpt.clusters.novelty_calibration import LEAST, flag_rate, threshold_of
from napari_mousegpt.clusters.novelty_params import OddParams
from napari_mousegpt.clusters.novelty_tables import recording_row, window_keys
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

__all__ = ["Oddness", "odd_scores", "odd_within"]

Floats = NDArray[np.float64]

_CHUNK = 8192
#: Least distance that is divided by: many windows may be equal.
_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Oddness:
    """How unlike the other recordings each window is.

    Parameters
    ----------
    windows : DataFrame
        Keys, ``score`` (NaN where too little was seen), ``threshold``, ``flagged``.
    recordings : DataFrame
        One row for each recording: ``windows``, ``flagged``, ``rate``, ``low``, ``high``,
        ``verdict``.
    params : OddParams
        Settings.
    problems : tuple of str
        What could not be said, as sentences.
    """

    windows: pd.DataFrame
    recordings: pd.DataFrame
    params: OddParams
    problems: tuple[str, ...] = ()


def odd_within(vectors: Vectors, params: OddParams | None = None) -> Oddness:
    """Score every window against the other recordings.

    Parameters
    ----------
    vectors : Vectors
        Of two recordings at least; three for a threshold.
    params : OddParams, optional
        Score and false-alarm rate.

    Returns
    -------
    Oddness
        Windows in the order of ``vectors``.

    Raises
    ------
    InputError
        When there is one recording only, too few windows, or no column varies.
    """
    settings = params or OddParams()
    order = key_order(vectors.intervals)
    ordered = vectors[order]
    names, of = np.unique(ordered.intervals.recording.astype(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(
            "recordings to look for odd windows in",
            expected="at least 2, each is held against the others",
            found=f"{len(names)}",
            remedy="Add recordings of other animals.",
        )
    share = np.isfinite(ordered.values).mean(axis=1)
    seen = (share > 0) & (share >= settings.min_seen)
    score = np.full(len(ordered), np.nan)
    for number in range(len(names)):
        mine, others = (of == number) & seen, (of != number) & seen
        if mine.any():
            score[mine] = odd_scores(
                ordered.values[others], of[others], ordered.values[mine], settings
            )
    threshold = np.full(len(ordered), np.nan)
    problems = []
    if len(names) < LEAST:
        problems.append(
            f"{len(names)} recordings: with fewer than {LEAST} no threshold can be calibrated, so "
            "nothing is flagged. Scores still rank the windows."
        )
    else:
        for number in range(len(names)):
            others = (of != number) & np.isfinite(score)
            threshold[of == number] = threshold_of(score[others], of[others], settings.false_alarms)
    flagged = np.nan_to_num(score, nan=-np.inf) > np.nan_to_num(threshold, nan=np.inf)
    table = window_keys(ordered.intervals).assign(score=score, threshold=threshold, flagged=flagged)
    rows = [
        recording_row(
            str(name),
            str(name),
            "within",
            flag_rate(flagged[(of == number) & seen]),
            int(((of == number) & seen).sum()),
            settings.false_alarms,
            settings.batch_share,
            calibrated=not problems,
        )
        for number, name in enumerate(names)
    ]
    back = np.empty(len(order), dtype=np.intp)
    back[order] = np.arange(len(order))
    return Oddness(
        table.iloc[back].reset_index(drop=True), pd.DataFrame(rows), settings, tuple(problems)
    )


def odd_scores(
    known: NDArray[np.float32],
    known_of: NDArray[np.int64],
    windows: NDArray[np.float32],
    params: OddParams,
) -> Floats:
    """Score windows by how far they are from known ones; more is odder.

    Parameters
    ----------
    known : ndarray of float32, shape (m, d)
        Windows that everything is learnt from.
    known_of : ndarray of int, shape (m,)
        Recording of each; the pool takes as many of each.
    windows : ndarray of float32, shape (n, d)
        What is scored.

    Raises
    ------
    InputError
        When there are no more known windows than neighbours are asked for.
    """
    pool = known[spread_rows(known_of, params.max_pool)]
    least = 2 * params.k + 2
    if len(pool) < least:
        raise InputError(
            "windows to compare with",
            expected=f"at least {least} for k={params.k}",
            found=str(len(pool)),
            remedy="Give more or shorter intervals, or lower k.",
        )
    projection = Projection.fit(pool, params.projection)
    points = projection.apply(pool)
    found = np.empty(len(windows))
    score = _scorer(points, params)
    for first in range(0, len(windows), _CHUNK):
        some = slice(first, first + _CHUNK)
        found[some] = score(projection.apply(windows[some]))
    return found


def _scorer(points: Floats, params: OddParams) -> Callable[[Floats], Floats]:
    """Return what scores projected windows against projected known ones."""
    if params.score == "isolation_forest":
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(random_state=params.seed, n_jobs=1).fit(points)
        return lambda asked: np.asarray(-forest.score_samples(asked))
    if params.score == "lof":
        from sklearn.neighbors import LocalOutlierFactor

        factor = LocalOutlierFactor(n_neighbors=2 * params.k, novelty=True, n_jobs=1).fit(points)
        return lambda asked: np.asarray(-factor.score_samples(asked))
    if params.score == "distance":
        return lambda asked: distances_to(points, asked, params.k)[0][:, -1]
    # The nearest of the known windows to a known window is itself.
    own = distances_to(points, points, params.k + 1)[0][:, -1]

    def ratio(asked: Floats) -> Floats:
        distance, rows = distances_to(points, asked, params.k)
        usual = np.maximum(own[rows].mean(axis=1), _TINY)
        return np.asarray(distance[:, -1] / usual)

    return ratio
