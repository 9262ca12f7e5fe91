"""Vectors of described stretches: the mean of what shares frames with each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.text_vectors import PackedVectors
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import MismatchError

__all__ = ["vectors_of_rows"]


def vectors_of_rows(vectors: Vectors, descriptions: pd.DataFrame) -> PackedVectors:
    """Return one vector for each description, zeros where nothing shares frames with it.

    Each dimension is scaled to mean 0 and standard deviation 1 over all vectors, or those with
    large units would drown the rest.

    Parameters
    ----------
    vectors : Vectors
        Rows with missing numbers are left out.
    descriptions : DataFrame
        With the columns of :data:`napari_mousegpt.core.intervals.KEYS`.

    Raises
    ------
    MismatchError
        When no vector shares frames with any description.
    """
    from scipy.sparse import csr_array

    seen = np.asarray(np.isfinite(vectors.values).all(axis=1))
    known = vectors[seen]
    spoken = Intervals(descriptions[list(KEYS)])
    left, right = spoken.overlapping(known.intervals)
    if not left.size:
        raise MismatchError(
            "vectors",
            expected="some that share frames with the descriptions",
            found=f"{len(known)} that share none",
            remedy="Give the vectors of the same recordings, or none.",
        )
    shared = np.minimum(spoken.stop[left], known.intervals.stop[right]) - np.maximum(
        spoken.start[left], known.intervals.start[right]
    )
    weights = csr_array((shared.astype(np.float32), (left, right)), (len(spoken), len(known)))
    total = np.asarray(weights.sum(axis=1), dtype=np.float32)
    values: NDArray[np.float32] = weights @ _scaled(known.values)
    return PackedVectors.pack(values / np.where(total > 0, total, 1)[:, None])


def _scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = values.std(axis=0, dtype=np.float64)
    mean = values.mean(axis=0, dtype=np.float64)
    return np.asarray((values - mean) / np.where(spread > 0, spread, 1), dtype=np.float32)
