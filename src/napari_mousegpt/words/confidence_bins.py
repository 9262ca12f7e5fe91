"""How often labels are right, by how sure the model was of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from napari_mousegpt.errors import InputError
from napari_mousegpt.words.shares import clopper_pearson

__all__ = ["Bin", "calibration_error", "reliability"]


class Bin(NamedTuple):
    """Clips whose confidence lies in ``[low, high)``, the last bin closed.

    ``confidence`` is their mean, ``share`` the share of them that were right, with its exact
    interval; NaN and [0, 1] where ``n`` is 0.
    """

    low: float
    high: float
    n: int
    right: int
    confidence: float
    share: float
    share_low: float
    share_high: float


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> tuple[Bin, ...]:
    """Return how often labels are right, by how sure the model was.

    Parameters
    ----------
    confidence : array_like of float, shape (n,)
        Probability of the label that was given, 0 to 1.
    right : array_like of bool, shape (n,)
    bins : int
        Of equal width, from 0 to 1.

    Returns
    -------
    tuple of Bin
        All bins, empty ones too. The intervals take clips as independent; clips of one animal are
        not, so that they are rather too narrow.
    """
    sure, good = np.asarray(confidence, float), np.asarray(right, bool)
    if bins < 1 or sure.shape != good.shape or not ((sure >= 0) & (sure <= 1)).all():
        raise InputError("reliability", expected="confidences from 0 to 1, and one bin or more")
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, sure, side="right") - 1, 0, bins - 1)
    n = np.bincount(place, minlength=bins)
    hits = np.bincount(place[good], minlength=bins)
    total = np.bincount(place, weights=sure, minlength=bins)
    low, high = clopper_pearson(hits, n)
    return tuple(
        Bin(
            float(edges[i]),
            float(edges[i + 1]),
            int(n[i]),
            int(hits[i]),
            float(total[i] / n[i]) if n[i] else math.nan,
            float(hits[i] / n[i]) if n[i] else math.nan,
            float(low[i]),
            float(high[i]),
        )
        for i in range(bins)
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error: how far confidence and share right lie apart.

    Mean over the bins, weighted by their clips; NaN when all are empty. With few clips it is above
    zero even for a model that is right just as often as it says.
    """
    filled = [row for row in bins if row.n]
    count = sum(row.n for row in filled)
    if not count:
        return math.nan
    return sum(row.n * abs(row.share - row.confidence) for row in filled) / count
