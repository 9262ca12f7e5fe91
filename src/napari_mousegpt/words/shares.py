"""How sure a share is that was counted: the exact binomial interval, and one over animals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.errors import InputError

__all__ = ["LEVEL", "animal_interval", "clopper_pearson"]

#: Of every interval here unless told otherwise.
LEVEL = 0.95

Floats = NDArray[np.float64]

#: Resamples held in memory at a time.
_BLOCK = 500


def clopper_pearson(
    hits: ArrayLike, counts: ArrayLike, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Return the exact binomial interval (Clopper and Pearson 1934) of ``hits / counts``.

    Parameters
    ----------
    hits, counts : array_like of float, same shape
        ``0 <= hits <= counts``. They need not be whole: a weighted sample has an effective size.
    level : float
        Coverage, at least this much.

    Returns
    -------
    low, high : ndarray of float
        0 and 1 where nothing was counted: then nothing is known.

    Raises
    ------
    InputError
        When there are more hits than counts, or the level is not between 0 and 1.
    """
    from scipy.special import betaincinv

    hit, count = np.broadcast_arrays(np.asarray(hits, float), np.asarray(counts, float))
    if not ((hit >= 0) & (hit <= count)).all():
        raise InputError("share", expected="0 or more hits, at most as many as counted")
    if not 0 < level < 1:
        raise InputError(f"level={level}", expected="between 0 and 1")
    tail = (1 - level) / 2
    missed = count - hit
    some, gap = np.maximum(hit, 1e-300), np.maximum(missed, 1e-300)
    low = np.where(hit > 0, betaincinv(some, missed + 1, tail), 0.0)
    high = np.where(missed > 0, betaincinv(hit + 1, gap, 1 - tail), 1.0)
    return low, high


def animal_interval(
    hits: ArrayLike,
    counts: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    level: float = LEVEL,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the interval of a share when whole animals are drawn again (percentile bootstrap).

    Parameters
    ----------
    hits, counts : array_like of float, shape (animals,) or (animals, strata)
        Of each animal; zeros where it was not looked at.
    weights : array_like of float, shape (strata,), optional
        What each stratum counts for; by default all counts are pooled. A stratum that a draw of
        animals does not reach is left out of that draw.
    level : float
        Coverage aimed at. With few animals it is less: six animals cannot show how animals differ.
    draws : int
        Resamples.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    low, high : float
        NaN with fewer than two animals that were looked at, and where all of them are all right or
        all wrong: drawing them again can then show no spread, which does not mean there is none.
    """
    hit, count = np.asarray(hits, float), np.asarray(counts, float)
    hit, count = hit.reshape(len(hit), -1), count.reshape(len(count), -1)
    seen = count.sum(axis=1) > 0
    hit, count = hit[seen], count[seen]
    n = len(hit)
    if n < 2 or hit.sum() in (0.0, count.sum()):
        return float("nan"), float("nan")
    if weights is None:
        hit, count = hit.sum(axis=1, keepdims=True), count.sum(axis=1, keepdims=True)
    weight = np.ones(hit.shape[1]) if weights is None else np.asarray(weights, float)
    rng = np.random.default_rng(seed)
    found: list[Any] = []
    for first in range(0, draws, _BLOCK):
        chosen = rng.multinomial(n, np.full(n, 1 / n), size=min(_BLOCK, draws - first))
        got, of = chosen @ hit, chosen @ count
        share = np.divide(got, of, out=np.zeros_like(got), where=of > 0)
        reached = weight * (of > 0)
        total = reached.sum(axis=1)
        found.append(((share * reached).sum(axis=1) / total)[total > 0])
    low, high = np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
