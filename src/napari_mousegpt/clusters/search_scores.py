"""From scores of all stretches to the best ones: exact, in a fixed order, apart in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.text_vectors import PackedVectors, best_of

__all__ = ["Candidates", "ranked"]

#: Weight of the words beside the vectors of the texts.
_WORDS = 0.5
_MILLIONTHS, _CONFIDENCES, _ROWS = 10**6, 1 << 7, 1 << 31

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Stretches that may be found, with scores that may be a little wrong.

    Parameters
    ----------
    rows : ndarray of int64, shape (c,)
    about : ndarray of float32, shape (c,)
    error : ndarray of float32, shape (c,) or 0
        How far the true score may be from ``about``.
    exactly : sequence of callables
        Parts of the true score of some rows; it is their mean. Empty where ``about`` is true.
    """

    rows: NDArray[np.int64]
    about: Floats
    error: Floats | float = 0.0
    exactly: Sequence[Any] = field(default_factory=tuple)

    @classmethod
    def of_texts(
        cls,
        words: Floats,
        texts: PackedVectors,
        vector: Floats,
        text_of: NDArray[np.int32],
        allowed: NDArray[np.bool_],
    ) -> Candidates:
        """Return every allowed stretch that has words.

        Parameters
        ----------
        words : ndarray of float32, shape (texts,)
            Exact scores by words.
        texts : PackedVectors, shape (texts, d)
        vector : ndarray of float32, shape (d,)
            That of the question.
        text_of : ndarray of int32, shape (n,)
        allowed : ndarray of bool, shape (n,)
        """
        rows = np.flatnonzero(allowed & (text_of >= 0))
        said = text_of[rows]
        about = _WORDS * words + (1 - _WORDS) * texts.about(vector)
        error = (1 - _WORDS) * texts.error

        def exactly(some: NDArray[np.int64]) -> Floats:
            # Descriptions repeat: each text once.
            different, of = np.unique(text_of[some], return_inverse=True)
            by_vector = texts.exactly(vector, different)
            scores: Floats = (_WORDS * words[different] + (1 - _WORDS) * by_vector)[of]
            return scores

        return cls(rows, about[said], error[said], (exactly,))

    @classmethod
    def of_rows(
        cls, places: PackedVectors, vector: Floats, allowed: NDArray[np.bool_]
    ) -> Candidates:
        """Return every allowed stretch that has a vector."""
        rows = np.flatnonzero(allowed & (places.scale > 0))
        about = places.about(vector)

        def exactly(some: NDArray[np.int64]) -> Floats:
            return places.exactly(vector, some)

        return cls(rows, about[rows], np.asarray(places.error)[rows], (exactly,))

    @classmethod
    def mean(cls, parts: Sequence[Candidates]) -> Candidates:
        """Return the stretches that are in all of some, with the mean of their scores."""
        if len(parts) == 1:
            return parts[0]
        first, second = parts
        rows, mine, theirs = np.intersect1d(
            first.rows, second.rows, assume_unique=True, return_indices=True
        )
        about = np.asarray((first.about[mine] + second.about[theirs]) / 2, dtype=np.float32)
        wrong = np.asarray(first.error)[mine] + np.asarray(second.error)[theirs]
        error = np.asarray(wrong / 2, dtype=np.float32)
        return cls(rows, about, error, (*first.exactly, *second.exactly))

    def best(self, k: int) -> tuple[NDArray[np.int64], Floats]:
        """Return rows among which the ``k`` best are, with their true scores."""
        if not self.exactly:
            return self.rows, self.about
        error = np.broadcast_to(self.error, self.about.shape)
        chosen = best_of(self.about, error, k)
        rows = self.rows[chosen]
        scores = sum(one(rows) for one in self.exactly) / len(self.exactly)
        return rows, np.asarray(scores, dtype=np.float32)


def ranked(
    told: Candidates, arrays: Mapping[str, NDArray[Any]], k: int, *, apart: bool
) -> tuple[NDArray[np.int64], Floats]:
    """Return the best rows and their scores, best first.

    Equal scores (to a millionth) are ordered by confidence, then by row. With ``apart``, what
    shares frames with a better one of the same recording and individual is left out.
    """
    size = 4 * k + 16
    while True:
        rows, scores = told.best(size)
        # Only these are sure to be in their true order.
        order = _first(rows, scores, arrays["confidence"], size)
        kept = _apart(rows[order], arrays, k) if apart else np.arange(min(k, len(order)))
        if len(kept) >= k or size >= len(told.rows):
            chosen = order[kept]
            return rows[chosen], scores[chosen]
        size *= 8


def _first(
    rows: NDArray[np.int64], scores: Floats, confidence: NDArray[Any], size: int
) -> NDArray[np.int64]:
    """Return the places of the first ``size`` rows in order."""
    sure = np.nan_to_num(confidence[rows], nan=0.0).clip(0, 1)
    key = np.rint(scores.astype(np.float64) * _MILLIONTHS).astype(np.int64)
    key = (key * _CONFIDENCES + np.rint(sure * 100).astype(np.int64)) * _ROWS + (_ROWS - 1 - rows)
    if len(key) > size:
        top = np.argpartition(-key, size - 1)[:size]
        return np.asarray(top[np.argsort(-key[top])])
    return np.argsort(-key)


def _apart(rows: NDArray[np.int64], arrays: Mapping[str, NDArray[Any]], k: int) -> NDArray[np.intp]:
    kept: list[int] = []
    taken: dict[tuple[int, int], list[tuple[int, int]]] = {}
    columns = [arrays[name][rows] for name in ("recording", "individual", "start", "stop")]
    for place, (recording, individual, start, stop) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        spans = taken.setdefault((recording, individual), [])
        if all(stop <= begin or start >= end for begin, end in spans):
            spans.append((start, stop))
            kept.append(place)
            if len(kept) == k:
                break
    return np.asarray(kept, dtype=np.intp)
