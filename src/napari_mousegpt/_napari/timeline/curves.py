"""The lowest and the highest value of a curve in each pixel column, at any zoom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CurvePyramid"]

_Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
#: Values in one block of the next level.
_BLOCK = 16


class CurvePyramid:
    """Answers for the extremes of any stretches of a curve at a cost that hardly depends on it.

    Parameters
    ----------
    values : ndarray of float32, shape (n,)
        The curve; NaN where there is no value.
    """

    def __init__(self, values: NDArray[np.float32]) -> None:
        self._low, self._high = [values], [values]
        while len(self._low[-1]) > 4 * _BLOCK:
            self._low.append(_blocks(self._low[-1], np.fmin))
            self._high.append(_blocks(self._high[-1], np.fmax))

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest of all values, NaN when there is none."""
        if not len(self._low[0]):
            return float("nan"), float("nan")
        return float(np.fmin.reduce(self._low[-1])), float(np.fmax.reduce(self._high[-1]))

    def extremes(self, lo: NDArray[np.int64], hi: NDArray[np.int64]) -> _Pair:
        """Return the lowest and the highest value in each stretch.

        Parameters
        ----------
        lo, hi : ndarray of int64, shape (n,)
            Half-open stretches of the curve; what lies outside of it is passed over.

        Returns
        -------
        low, high : ndarray of float32, shape (n,)
            NaN where a stretch holds no value.
        """
        last = len(self._low[0])
        return self._extremes(0, np.clip(lo, 0, last), np.clip(hi, 0, last))

    def _extremes(self, level: int, lo: NDArray[np.int64], hi: NDArray[np.int64]) -> _Pair:
        """Return the extremes of stretches of a level: whole blocks from above, ends from here."""
        low, high = self._low[level], self._high[level]
        if not len(lo) or level + 1 == len(self._low) or np.max(hi - lo) <= 4 * _BLOCK:
            return _direct(low, high, lo, hi)
        first, last = -(-lo // _BLOCK), hi // _BLOCK
        inside = first <= last
        found = [self._extremes(level + 1, first, np.maximum(first, last))]
        found.append(_near(low, high, lo, np.where(inside, first * _BLOCK, hi)))
        found.append(_near(low, high, np.where(inside, last * _BLOCK, hi), hi))
        lows, highs = zip(*found, strict=True)
        return (
            np.fmin(np.fmin(lows[0], lows[1]), lows[2]),
            np.fmax(np.fmax(highs[0], highs[1]), highs[2]),
        )


def _blocks(values: NDArray[np.float32], extreme: np.ufunc) -> NDArray[np.float32]:
    whole = len(values) // _BLOCK * _BLOCK
    parts = values[:whole]
    # Halving four times is ten times as fast as reducing short rows.
    while len(parts) > whole // _BLOCK:
        parts = extreme(parts[::2], parts[1::2])
    rest = values[whole:]
    return np.append(parts, extreme.reduce(rest)) if len(rest) else np.asarray(parts)


def _near(
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    lo: NDArray[np.int64],
    hi: NDArray[np.int64],
) -> _Pair:
    """Return the extremes of stretches that are shorter than a block."""
    place = lo[None, :] + np.arange(_BLOCK)[:, None]
    outside = place >= hi
    np.minimum(place, len(low) - 1, out=place)
    lows = low[place]
    lows[outside] = np.nan
    highs = lows
    if high is not low:
        highs = high[place]
        highs[outside] = np.nan
    return np.fmin.reduce(lows, axis=0), np.fmax.reduce(highs, axis=0)


def _direct(
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    lo: NDArray[np.int64],
    hi: NDArray[np.int64],
) -> _Pair:
    lows, highs = (np.full(len(lo), np.nan, dtype=np.float32) for _ in range(2))
    some = np.flatnonzero(hi > lo)
    if some.size:
        first, last = lo[some].min(), hi[some].max()
        ends = np.column_stack([lo[some], hi[some]]).ravel() - first
        # One value more, so that the end of the curve can be named as an end.
        end = np.float32(np.nan)
        lows[some] = np.fmin.reduceat(np.append(low[first:last], end), ends)[::2]
        highs[some] = np.fmax.reduceat(np.append(high[first:last], end), ends)[::2]
    return lows, highs
