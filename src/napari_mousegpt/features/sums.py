"""Running sums of a measure, so that any stretch of it costs two look-ups."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RunningSums"]

Floats = NDArray[np.float64]


#: Values are summed as whole multiples of these steps: such sums are exact, so that a stretch has
#: the same mean whichever piece of the recording was summed.
_STEP, _LARGEST = 2.0**-20, 2.0**20
_SQUARE_STEP, _SQUARE_LARGEST = 2.0**-12, 2.0**9


class RunningSums:
    """Means of one measure over any stretch of frames, leaving NaN out.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        One value per frame, NaN where unseen. They count to the nearest millionth, and up to a
        million.
    """

    def __init__(self, values: NDArray[Any]) -> None:
        self._values = np.asarray(values, dtype=np.float64)
        seen = np.isfinite(self._values)
        self._first = _running(_whole(self._values, seen, _STEP, _LARGEST))
        self._count = None if seen.all() else _running(seen)

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
        return (self._first[stop] - self._first[start]) * _STEP / self._used(start, stop, min_seen)

    def spread(
        self, start: NDArray[np.int64], stop: NDArray[np.int64], min_seen: float = 0.0
    ) -> Floats:
        """Return the standard deviation over each stretch; parameters as for :meth:`mean`.

        Values count to the nearest four-thousandth here, and up to 512.
        """
        count = self._used(start, stop, min_seen)
        whole = _whole(self._values, np.isfinite(self._values), _SQUARE_STEP, _SQUARE_LARGEST)
        sums, squares = _running(whole), _running(whole * whole)
        mean = (sums[stop] - sums[start]) / count
        power = (squares[stop] - squares[start]) / count
        return np.sqrt(np.maximum(power - mean * mean, 0.0)) * _SQUARE_STEP

    def seen(self, start: NDArray[np.int64], stop: NDArray[np.int64]) -> Floats:
        """Return the share of frames of each stretch that have a value."""
        length = (stop - start).astype(np.float64)
        if self._count is None:
            return np.ones_like(length)
        return (self._count[stop] - self._count[start]) / length

    def around(self, frames: int) -> Floats:
        """Return the mean over ``frames`` frames centred on each frame, cut at the ends."""
        n = len(self._values)
        index = np.arange(n)
        start = np.maximum(index - frames // 2, 0)
        return self.mean(start, np.minimum(index + (frames - 1) // 2 + 1, n))

    def _used(self, start: NDArray[np.int64], stop: NDArray[np.int64], min_seen: float) -> Floats:
        """Frames with a value in each stretch, NaN where there are too few."""
        length = (stop - start).astype(np.float64)
        if self._count is None:
            return length
        count = self._count[stop] - self._count[start]
        return np.where((count > 0) & (count >= min_seen * length), count, np.nan)


def _whole(
    values: Floats, seen: NDArray[np.bool_], step: float, largest: float
) -> NDArray[np.int64]:
    """Values as whole multiples of a step, 0 where unseen."""
    bounded = np.clip(np.where(seen, values, 0.0), -largest, largest)
    return np.rint(bounded / step).astype(np.int64)


def _running(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)))
