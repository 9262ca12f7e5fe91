"""What is said about bouts, for the timeline: their words, and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "confidence_curve", "words_for"]

#: Columns of the bouts of one recording by name, each shape (n,).
Columns = Mapping[str, NDArray[Any]]


def words_for(
    individual: str,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    words: pd.DataFrame | None,
) -> NDArray[np.object_]:
    """Return what is said of each bout, shape (n,): the sentence for its middle, else empty.

    Parameters
    ----------
    individual : str
        Words of this one are used, and those of the whole picture.
    start, stop : ndarray of int, shape (n,)
        Frames of the bouts.
    words : DataFrame, optional
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`.
    """
    texts = np.full(len(start), "", dtype=object)
    if words is None or not len(words) or not len(start):
        return texts
    mine = words[words["individual"].isin([individual, ""])].sort_values("start", kind="stable")
    if not len(mine):
        return texts
    begins, ends = (mine[name].to_numpy(dtype=np.int64) for name in ("start", "stop"))
    middle = (np.asarray(start) + np.maximum(stop, start + 1) - 1) // 2
    row = np.searchsorted(begins, middle, side="right") - 1
    found = (row >= 0) & (ends[row] > middle)
    texts[found] = mine["overall"].to_numpy(dtype=object)[row[found]]
    return texts


def confidence_curve(columns: Columns, n_frames: int) -> NDArray[np.float32] | None:
    """Return how sure the labels are in each frame, shape (n_frames,); None when none says so.

    Clusters count where no label has a confidence.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Bouts of one individual.
    n_frames : int
        Length of the recording.

    Returns
    -------
    ndarray of float32, shape (n_frames,)
        The lowest confidence where bouts overlap, NaN where no bout has one. Rejected bouts are
        left out.
    """
    score = columns["confidence"]
    said = np.isfinite(score) & (columns["status"] != "rejected")
    labels = said & (columns["source"] != "cluster")
    rows = np.flatnonzero(labels if labels.any() else said)
    if not len(rows):
        return None
    start = np.clip(columns["start"][rows], 0, n_frames)
    stop = np.clip(columns["stop"][rows], start, n_frames)
    if np.all(start[1:] >= stop[:-1]):
        bounds = np.column_stack([start, stop]).ravel()
        values = np.full(len(bounds) + 1, np.nan, dtype=np.float32)
        values[1::2] = score[rows]
        return np.repeat(values, np.diff(bounds, prepend=0, append=n_frames))
    # The last value written to a frame stays, so the lowest is written last.
    order = np.argsort(-score[rows], kind="stable")
    start, length = start[order], (stop - start)[order]
    frames = np.arange(length.sum()) + np.repeat(start - (np.cumsum(length) - length), length)
    curve = np.full(n_frames, np.nan, dtype=np.float32)
    curve[frames] = np.repeat(score[rows][order], length)
    return curve
