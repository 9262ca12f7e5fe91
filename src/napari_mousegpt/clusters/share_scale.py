"""Shares in steps of how far they spread by chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scale", "log_odds", "standing"]

Floats = NDArray[np.float64]

#: Quantile that is one standard deviation below the median, and the least spread in log odds.
_BELOW, _LEAST_SPREAD = 0.16, 0.02
#: Shares nearer to 0 or 1 count as this near.
_EDGE = 1e-3


class Scale(NamedTuple):
    """Usual log odds of one question, and how far they spread below that."""

    middle: float
    spread: float

    @classmethod
    def of(cls, odds: Floats) -> Scale:
        """Return the scale of log odds; NaN are left out."""
        low, middle = np.nanquantile(odds, [_BELOW, 0.5])
        return cls(float(middle), max(float(middle - low), _LEAST_SPREAD))


def log_odds(share: Floats) -> Floats:
    """Return the log odds of shares, shape (n,); NaN stays NaN."""
    clipped = np.clip(share, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)))


def standing(share: Floats) -> Floats:
    """Return how far each share stands above the usual one of its question, shape (n,).

    In log odds, from the median, in steps of the spread below the median (where new behaviours are
    not). How far shares spread by chance hangs on how many recordings take part, and differs from
    one set of recordings to the next; so it is measured in each question and in each draw.

    Parameters
    ----------
    share : ndarray of float64, shape (n,)
        All shares of one question, or of one draw; NaN stays NaN.
    """
    odds = log_odds(share)
    if not np.isfinite(odds).any():
        return odds
    scale = Scale.of(odds)
    return np.asarray((odds - scale.middle) / scale.spread)
