"""From vectors of any model to a few comparable numbers: standardise, then principal components.

Part of the frozen rule: once fitted it is only applied. Its results are rounded to
1/1024 of a standard deviation, so that neither the number of threads nor the size of a chunk, which
change the last bits of a matrix product, can change a label.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.errors import InputError

__all__ = ["GRID", "Moments", "Projection", "column_weights", "on_grid"]

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


class Moments(NamedTuple):
    """What standardising needs to know of some rows.

    Parameters
    ----------
    rows : int
        Rows that hold any number.
    present : ndarray of int, shape (d,)
        Numbers that are there, in each column.
    center, scale : ndarray of float64, shape (d,)
        Mean and standard deviation of what is there.
    """

    rows: int
    present: NDArray[np.int64]
    center: Floats
    scale: Floats


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
    def fit(
        cls, values: NDArray[Any], params: ClusterParams, names: tuple[str, ...] = ()
    ) -> Projection:
        """Learn the projection.

        Parameters
        ----------
        values : ndarray of float, shape (n, d)
            Vectors; what is not finite counts as missing.
        params : ClusterParams
            Variance to keep, weights of fused spaces.
        names : tuple of str
            Of the columns; the weights of fused spaces go by them.

        Raises
        ------
        InputError
            When no column varies, or a weight names no space.
        """
        present = np.isfinite(values)
        count = present.sum(axis=0)
        # Rows without a single number say nothing about which columns are missing.
        rows = int(present.any(axis=1).sum())
        center, scale = np.empty(values.shape[1]), np.empty(values.shape[1])
        # Vectors of video encoders have a thousand columns: some at a time.
        for first in range(0, values.shape[1], _COLUMNS):
            some = slice(first, first + _COLUMNS)
            center[some], scale[some] = _moments(values[:, some], present[:, some])
        plain = cls.standard(Moments(rows, count, center, scale), params)
        size = max(1, _NUMBERS // max(1, values.shape[1]))
        seen = np.flatnonzero(plain.seen(values))
        total = np.zeros((plain.axes.shape[0],) * 2)
        for first in range(0, len(seen), size):
            total += plain.gram(values[seen[first : first + size]])
        return plain.turned(total / max(len(seen), 1), params, names)

    @classmethod
    def standard(cls, moments: Moments, params: ClusterParams) -> Projection:
        """Return the standardisation alone, its axes being the columns in use.

        Raises
        ------
        InputError
            When no column varies.
        """
        count, center, scale = moments.present, moments.center, moments.scale
        enough = count >= params.min_seen * max(moments.rows, 1)
        kept = enough & (scale > 1e-6 * np.maximum(1.0, np.abs(center)))
        if not kept.any():
            raise InputError(
                "vectors to cluster",
                expected="at least one number that differs between rows",
                found=f"{len(count)} columns, all constant or mostly missing",
                remedy="Check the pose (confidence, keypoint names) that they were made from.",
            )
        axes = np.eye(int(kept.sum()))
        return cls(kept, center[kept], scale[kept], axes, params.clip, params.min_seen)

    def turned(
        self, covariance: Floats, params: ClusterParams, names: tuple[str, ...] = ()
    ) -> Projection:
        """Return the projection on principal components of a covariance of standardised columns."""
        weight = column_weights(names, self.kept, params.weights)
        if weight is not None:
            covariance = covariance * np.outer(weight, weight)
        power, axes = np.linalg.eigh(covariance)
        power, axes = np.maximum(power[::-1], 0.0), axes[:, ::-1]
        share = np.cumsum(power) / max(power.sum(), 1e-300)
        wanted = int(np.searchsorted(share, params.variance - 1e-12)) + 1
        n_axes = min(max(wanted, params.min_components), params.max_components, len(power))
        axes = axes[:, :n_axes]
        # The sign of a component is arbitrary: fix it by its largest loading.
        largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
        axes = axes * np.sign(largest)
        # The weights of fused spaces are part of the axes: applying the rule needs nothing else.
        return replace(self, axes=axes if weight is None else weight[:, None] * axes)

    def seen(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which rows hold enough numbers, shape (n,)."""
        share = np.isfinite(values[:, self.kept]).mean(axis=1)
        return np.asarray((share > 0) & (share >= self.min_seen))

    def apply(self, values: NDArray[Any]) -> Floats:
        """Return the projected rows, shape (n, p), on the grid.

        A missing number is taken as the mean of its column.
        """
        projected = np.empty((len(values), self.axes.shape[1]))
        size = min(_CHUNK, max(1, _NUMBERS // max(1, values.shape[1])))
        for start in range(0, len(values), size):
            rows = slice(start, start + size)
            projected[rows] = on_grid(self._standardise(values[rows]) @ self.axes)
        return projected

    def gram(self, values: NDArray[Any]) -> Floats:
        """Return the sum of products of the standardised columns, shape (kept, kept)."""
        scores = self._standardise(values)
        return np.asarray(scores.T @ scores)

    def _standardise(self, values: NDArray[Any]) -> Floats:
        numbers = values[:, self.kept].astype(np.float64)
        scores = np.clip((numbers - self.center) / self.scale, -self.clip, self.clip)
        return np.where(np.isfinite(numbers), scores, 0.0)


def _moments(values: NDArray[Any], present: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each column over what is there."""
    count = np.maximum(present.sum(axis=0), 1)
    numbers = np.where(present, values, 0.0).astype(np.float64)
    center = numbers.sum(axis=0) / count
    spread = np.where(present, numbers - center, 0.0)
    return center, np.sqrt((spread**2).sum(axis=0) / count)


def column_weights(
    names: tuple[str, ...], kept: NDArray[np.bool_], weights: tuple[tuple[str, float], ...]
) -> Floats | None:
    """Return the factor of each kept column, shape (kept,), so that spaces weigh as stated.

    Names are ``space:column``. A space of weight w gets the share w / (sum of all weights) of the
    variance, however many columns it has. None without weights.

    Raises
    ------
    InputError
        When a weight names no space, or a space has no weight.
    """
    if not weights:
        return None
    spaces = np.asarray([name.partition(":")[0] for name in names], dtype=object)
    stated = dict(weights)
    if set(stated) != set(spaces):
        raise InputError(
            "weights of fused spaces",
            expected=", ".join(sorted(set(spaces))) if len(spaces) else "none: nothing is fused",
            found=", ".join(sorted(stated)),
            remedy="Give one weight for each space of fuse().",
        )
    spaces = spaces[kept]
    present = {space: int((spaces == space).sum()) for space in dict.fromkeys(spaces)}
    total = sum(stated[space] for space in present)
    factor = {s: np.sqrt(stated[s] * len(spaces) / (total * n)) for s, n in present.items()}
    return np.asarray([factor[space] for space in spaces])
