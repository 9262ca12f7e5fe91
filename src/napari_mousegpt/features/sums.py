"""Running sums of a measure, so that any stretch of it costs two look-ups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["RunningSums"]

Floats = NDArray[np.float64]


class RunningSums:
    """Means of one measure over any stretch of frames, leaving NaN out.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        One value per frame, NaN where unseen.
    """

    def __init__(self, values: NDArray[np.floating]) -> None:
        numbers = np.asarray(values, dtype=np.float64)
        seen = np.isfinite(numbers)
        self._all_seen = bool(seen.all())
        # Centred first: the spread is a small difference of large sums otherwise.
        self._centre = float(numbers[seen].mean()) if seen.any() else float("nan")
        self._shifted = np.where(seen, numbers - self._centre, 0.0)
        self._first = _running(self._shifted)
        self._count = None if self._all_seen else _running(seen.astype(np.float64))

    def mean(
        self, start: NDArray[np.int64], stop: NDArray[np.int64], min_seen: float = 0.0
    ) -> Floats:
        """Return the mean over each stretch ``[start, stop)``.

        Parameters
        ----------
        start, stop : ndarray of int64, shape (m,)
            Frames, ``0 <= start < stop <= n``.
        min_seen : float
            Share of frames that must have a value; NaN where fewer have, or none.
        """
        count = self._seen(start, stop, min_seen)
        return (self._first[stop] - self._first[start]) / count + self._centre

    def spread(
        self, start: NDArray[np.int64], stop: NDArray[np.int64], min_seen: float = 0.0
    ) -> Floats:
        """Return the standard deviation over each stretch; parameters as for :meth:`mean`."""
        count = self._seen(start, stop, min_seen)
        squares = _running(self._shifted * self._shifted)
        mean = (self._first[stop] - self._first[start]) / count
        power = (squares[stop] - squares[start]) / count
        return np.sqrt(np.maximum(power - mean * mean, 0.0))

    def seen(self, start: NDArray[np.int64], stop: NDArray[np.int64]) -> Floats:
        """Return the share of frames of each stretch that have a value."""
        length = (stop - start).astype(np.float64)
        if self._count is None:
            return np.ones_like(length)
        return (self._count[stop] - self._count[start]) / length

    def around(self, frames: int) -> Floats:
        """Return the mean over ``frames`` frames centred on each frame, cut at the ends."""
        n = len(self._shifted)
        index = np.arange(n)
        start = np.maximum(index - frames // 2, 0)
        return self.mean(start, np.minimum(index + (frames - 1) // 2 + 1, n))

    def _seen(
        self, start: NDArray[np.int64], stop: NDArray[np.int64], min_seen: float
    ) -> Floats:
        length = (stop - start).astype(np.float64)
        if self._count is None:
            return length
        count = self._count[stop] - self._count[start]
        return np.where((count > 0) & (count >= min_seen * length), count, np.nan)


def _running(values: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values)))
