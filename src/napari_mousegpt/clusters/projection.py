"""From vectors of any model to a few comparable numbers: standardise, then principal components.

Part of the frozen rule: once fitted it is only applied. Its results are rounded to
1/1024 of a standard deviation, so that neither the number of threads nor the size of a chunk, which
change the last bits of a matrix product, can change a label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.errors import InputError

__all__ = ["GRID", "Projection", "on_grid"]

Floats = NDArray[np.float64]

#: Steps per standard deviation that projected values are rounded to.
GRID = 1024.0
#: Rows projected at a time.
_CHUNK = 65_536
#: Columns, and numbers, that are looked at at a time: 64 MB in double precision.
_COLUMNS, _NUMBERS = 256, 8_000_000


def on_grid(values: Floats) -> Floats:
    """Return values rounded to the grid; sums of such numbers are exact in any order."""
    return np.rint(values * GRID) / GRID


@dataclass(frozen=True, eq=False)
class Projection:
    """A fitted standardisation and the principal components behind it.

    Parameters
    ----------
    kept : ndarray of bool, shape (d,)
        Columns in use; constant ones and those that were mostly missing in the fit are not.
    center, scale : ndarray of float64, shape (kept,)
        Mean and standard deviation of those columns in the fit.
    axes : ndarray of float64, shape (kept, p)
        Principal components.
    clip, min_seen : float
        See :class:`~napari_mousegpt.clusters.params.ClusterParams`.
    """

    kept: NDArray[np.bool_]
    center: Floats
    scale: Floats
    axes: Floats
    clip: float
    min_seen: float

    @classmethod
    def fit(cls, values: NDArray[np.float32], params: ClusterParams) -> Projection:
        """Learn the projection.

        Parameters
        ----------
        values : ndarray of float32, shape (n, d)
            Vectors; what is not finite counts as missing.

        Raises
        ------
        InputError
            When no column varies.
        """
        present = np.isfinite(values)
        count = present.sum(axis=0)
        # Rows without a single number say nothing about which columns are missing.
        rows = max(int(present.any(axis=1).sum()), 1)
        center, scale = np.empty(values.shape[1]), np.empty(values.shape[1])
        # Vectors of video encoders have a thousand columns: some at a time.
        for first in range(0, values.shape[1], _COLUMNS):
            some = slice(first, first + _COLUMNS)
            center[some], scale[some] = _moments(values[:, some], present[:, some])
        kept = (count >= params.min_seen * rows) & (scale > 1e-6 * np.maximum(1.0, np.abs(center)))
        if not kept.any():
            raise InputError(
                "vectors to cluster",
                expected="at least one number that differs between rows",
                found=f"{values.shape[1]} columns, all constant or mostly missing",
                remedy="Check the pose (confidence, keypoint names) that they were made from.",
            )
        plain = cls(
            kept, center[kept], scale[kept], np.eye(int(kept.sum())), params.clip, params.min_seen
        )
        covariance = plain._covariance(values, np.flatnonzero(plain.seen(values)))
        weights, axes = np.linalg.eigh(covariance)
        weights, axes = np.maximum(weights[::-1], 0.0), axes[:, ::-1]
        share = np.cumsum(weights) / max(weights.sum(), 1e-300)
        wanted = int(np.searchsorted(share, params.variance - 1e-12)) + 1
        n_axes = min(max(wanted, params.min_components), params.max_components, len(weights))
        axes = axes[:, :n_axes]
        # The sign of a component is arbitrary: fix it by its largest loading.
        largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
        return cls(
            kept, plain.center, plain.scale, axes * np.sign(largest), params.clip, params.min_seen
        )

    def seen(self, values: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which rows hold enough numbers, shape (n,)."""
        share = np.isfinite(values[:, self.kept]).mean(axis=1)
        return np.asarray((share > 0) & (share >= self.min_seen))

    def apply(self, values: NDArray[np.float32]) -> Floats:
        """Return the projected rows, shape (n, p), on the grid.

        A missing number is taken as the mean of its column.
        """
        projected = np.empty((len(values), self.axes.shape[1]))
        size = min(_CHUNK, max(1, _NUMBERS // max(1, values.shape[1])))
        for start in range(0, len(values), size):
            rows = slice(start, start + size)
            projected[rows] = on_grid(self._standardise(values[rows]) @ self.axes)
        return projected

    def _covariance(self, values: NDArray[np.float32], rows: NDArray[np.intp]) -> Floats:
        """Return the covariance of the standardised columns over some rows."""
        size = max(1, _NUMBERS // max(1, values.shape[1]))
        total = np.zeros((int(self.kept.sum()), int(self.kept.sum())))
        for first in range(0, len(rows), size):
            scores = self._standardise(values[rows[first : first + size]])
            total += scores.T @ scores
        return total / max(len(rows), 1)

    def _standardise(self, values: NDArray[np.float32]) -> Floats:
        numbers = values[:, self.kept].astype(np.float64)
        scores = np.clip((numbers - self.center) / self.scale, -self.clip, self.clip)
        return np.where(np.isfinite(numbers), scores, 0.0)


def _moments(values: NDArray[np.float32], present: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each column over what is there."""
    count = np.maximum(present.sum(axis=0), 1)
    numbers = np.where(present, values, 0.0).astype(np.float64)
    center = numbers.sum(axis=0) / count
    spread = np.where(present, numbers - center, 0.0)
    return center, np.sqrt((spread**2).sum(axis=0) / count)
