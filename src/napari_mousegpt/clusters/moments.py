"""Mean and spread of columns, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.projection import Moments

__all__ = ["RunningMoments"]


class RunningMoments:
    """Merges blocks as Chan, Golub & LeVeque (1983) do: no cancellation for far-off means.

    Parameters
    ----------
    width : int
        Number of columns.
    """

    def __init__(self, width: int) -> None:
        self._rows = 0
        self._count = np.zeros(width, dtype=np.int64)
        self._mean = np.zeros(width)
        self._squares = np.zeros(width)

    def add(self, values: NDArray[Any]) -> None:
        """Add rows, shape (n, width); what is not finite counts as missing."""
        numbers = values.astype(np.float64)
        present = np.isfinite(numbers)
        whole = bool(present.all())
        if not whole:
            numbers[~present] = 0.0
        count = present.sum(axis=0)
        mean = numbers.sum(axis=0) / np.maximum(count, 1)
        numbers -= mean
        if not whole:
            numbers[~present] = 0.0
        squares = np.einsum("ij,ij->j", numbers, numbers)
        total = self._count + count
        share = count / np.maximum(total, 1)
        step = mean - self._mean
        self._squares += squares + step**2 * self._count * share
        self._mean += step * share
        self._count = total
        self._rows += int(present.any(axis=1).sum())

    def done(self) -> Moments:
        """Return what was seen so far."""
        spread = np.sqrt(self._squares / np.maximum(self._count, 1))
        return Moments(self._rows, self._count, self._mean, spread)
