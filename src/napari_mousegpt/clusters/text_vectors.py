"""Vectors of texts: packed in bytes for a fast look at all of them, exact where it counts.

Every text is compared with the question; there is no approximate index. A first pass reads whole
numbers of 8 bits, with a bound on what that rounding can change; all texts that may be among the
best are then compared once more in the numbers that are kept (16 bits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["LatentText", "PackedVectors", "TextEmbedding", "best_of"]

_CHUNK = 16_384
_FITTED_ON = 100_000

Floats = NDArray[np.float32]


class TextEmbedding(Protocol):
    """What turns sentences into vectors: a model of this machine or a server."""

    @property
    def id(self) -> str:
        """Name and content hash; indexes of another id are not mixed with it."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one vector for each text, shape (n, d)."""


@dataclass(frozen=True, eq=False)
class PackedVectors:
    """Vectors of length 1 in 16 and in 8 bits.

    Parameters
    ----------
    exact : ndarray of float16, shape (n, d)
        Of length 1, or of zeros where there is nothing to compare.
    small : ndarray of int8, shape (n, d)
    scale : ndarray of float32, shape (n,)
        ``small * scale`` is about ``exact``.
    error : ndarray of float32, shape (n,)
        Length of the difference.
    """

    exact: NDArray[np.float16]
    small: NDArray[np.int8]
    scale: Floats
    error: Floats

    @classmethod
    def pack(cls, values: NDArray[np.floating]) -> PackedVectors:
        """Pack vectors, shape (n, d); rows with missing numbers become zeros."""
        n, d = values.shape
        exact = np.zeros((n, d), dtype=np.float16)
        small = np.zeros((n, d), dtype=np.int8)
        scale, error = np.zeros((2, n), dtype=np.float32)
        for start in range(0, n, _CHUNK):
            rows = slice(start, start + _CHUNK)
            part = np.nan_to_num(np.asarray(values[rows], dtype=np.float32), posinf=0, neginf=0)
            part[~np.isfinite(values[rows]).all(axis=1)] = 0
            length = np.linalg.norm(part, axis=1, keepdims=True)
            exact[rows] = part / np.where(length > 0, length, 1)
            kept = exact[rows].astype(np.float32)
            scale[rows] = np.abs(kept).max(axis=1, initial=0) / 127
            step = np.where(scale[rows] > 0, scale[rows], 1)[:, None]
            small[rows] = np.rint(kept / step)
            error[rows] = np.linalg.norm(kept - small[rows] * step, axis=1)
        return cls(exact, small, scale, error)

    def __len__(self) -> int:
        return len(self.exact)

    @property
    def width(self) -> int:
        """Numbers in each vector."""
        return int(self.exact.shape[1])

    def about(self, question: Floats) -> Floats:
        """Return the cosine of every vector to a question, but for ``error``; shape (n,)."""
        found = np.empty(len(self), dtype=np.float32)
        room = np.empty((min(_CHUNK, len(self)), self.width), dtype=np.float32)
        for start in range(0, len(self), _CHUNK):
            part = self.small[start : start + _CHUNK]
            wide = room[: len(part)]
            wide[:] = part
            np.matmul(wide, question, out=found[start : start + len(part)])
        found *= self.scale
        return found

    def exactly(self, question: Floats, rows: NDArray[np.integer]) -> Floats:
        """Return the cosine of some vectors to a question, shape (rows,)."""
        found = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), _CHUNK):
            part = self.exact[rows[start : start + _CHUNK]].astype(np.float32)
            found[start : start + len(part)] = (part * question).sum(axis=1)
        return found


@dataclass(frozen=True, eq=False)
class LatentText:
    """Latent semantic analysis: terms that are said together lie close together.

    Parameters
    ----------
    axes : ndarray of float32, shape (terms, d)
    """

    axes: Floats

    @classmethod
    def fit(cls, rows: csr_array, width: int = 64, seed: int = 0) -> LatentText:
        """Find the axes from weighted terms, shape (texts, terms)."""
        from sklearn.decomposition import TruncatedSVD

        if rows.shape[0] > _FITTED_ON:
            chosen = np.random.default_rng(seed).choice(rows.shape[0], _FITTED_ON, replace=False)
            rows = rows[np.sort(chosen)]
        d = min(width, *(size - 1 for size in rows.shape))
        if d < 1:
            return cls(np.zeros((rows.shape[1], 1), dtype=np.float32))
        svd = TruncatedSVD(d, random_state=seed).fit(rows)
        return cls(np.ascontiguousarray(svd.components_.T, dtype=np.float32))

    def place(self, rows: csr_array) -> Floats:
        """Return the vectors of weighted terms, shape (n, d)."""
        return np.asarray(rows @ self.axes, dtype=np.float32)

    def place_question(self, question: dict[int, float]) -> Floats:
        """Return the vector of a question, of length 1, or zeros."""
        columns = np.fromiter(question, dtype=np.int64, count=len(question))
        weights = np.fromiter(question.values(), dtype=np.float32, count=len(question))
        return unit(weights @ self.axes[columns])


def unit(vector: NDArray[np.floating]) -> Floats:
    """Return a vector of length 1; zeros and missing numbers give zeros."""
    values = np.asarray(vector, dtype=np.float32)
    length = float(np.linalg.norm(values))
    return values / np.float32(length) if 0 < length < np.inf else np.zeros_like(values)


def best_of(about: Floats, error: Floats, k: int) -> NDArray[np.int64]:
    """Return places among which the ``k`` best must be, given scores and how wrong they may be.

    Parameters
    ----------
    about, error : ndarray of float32, shape (n,)
        Each true score lies within ``error`` of ``about``.
    k : int
    """
    if len(about) <= k:
        return np.arange(len(about))
    least = np.partition(about - error, len(about) - k)[len(about) - k]
    # A hair more, for the rounding of the sums themselves.
    return np.flatnonzero(about + error >= least - 1e-5)
