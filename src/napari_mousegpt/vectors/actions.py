"""What vectors of video encoders are good for at once: nearest windows, closest human actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.intervals import KEYS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["action_profile", "nearest", "softmax"]


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    """Return probabilities over the last axis; each row sums to 1."""
    values = np.asarray(logits, dtype=np.float64)
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def action_profile(
    probabilities: ArrayLike, names: Sequence[str], *, top: int = 10
) -> pd.DataFrame:
    """Return the human actions that some windows look most like.

    Parameters
    ----------
    probabilities : array_like of float, shape (n, K)
        One row for each window, from an encoder whose head names actions.
    names : sequence of str
        Names of the K actions.
    top : int
        How many to return.

    Returns
    -------
    DataFrame
        Columns ``action``, ``probability`` (mean over the windows), ``best_in`` (windows in which
        it is the most probable) and ``example`` (row of the window that looks most like it); most
        probable first.

    Notes
    -----
    The head was trained on people. The profile says what the mouse looks like to it, not what the
    mouse does; it is a description to compare, like any other vector.

    Raises
    ------
    InputError, MismatchError
        When there are no windows, or other than one name for each column.
    """
    import pandas as pd

    shares = np.asarray(probabilities, dtype=np.float64)
    if shares.ndim != 2 or shares.shape[1] != len(names):
        raise MismatchError(
            "probabilities of actions",
            expected=f"shape (windows, {len(names)}), a column for each name",
            found=str(shares.shape),
        )
    if not shares.size:
        raise InputError(
            "probabilities of actions",
            expected="at least one window and one action",
            found="none",
            remedy="Choose an encoder whose head names actions.",
        )
    mean = shares.mean(axis=0)
    best = np.bincount(shares.argmax(axis=1), minlength=len(names))
    order = np.argsort(-mean, kind="stable")[:top]
    return pd.DataFrame(
        {
            "action": [names[i] for i in order],
            "probability": mean[order],
            "best_in": best[order],
            "example": shares[:, order].argmax(axis=0),
        }
    )


def nearest(vectors: Vectors, row: int, k: int = 10, *, apart: bool = True) -> pd.DataFrame:
    """Return the windows most similar to one of them.

    Parameters
    ----------
    vectors : Vectors
        All windows.
    row : int
        The one to compare with.
    k : int
        How many to return.
    apart : bool
        Leave windows out that share frames with that one: they look alike for no good reason. Of
        the windows of several animals that show the very same (whole pictures, without a crop),
        one is listed.

    Returns
    -------
    DataFrame
        Columns ``row``, ``similarity`` (cosine, after the mean of all windows is taken away) and
        the keys of the intervals; most similar first. Windows with missing numbers are left out.

    Raises
    ------
    InputError
        When there is no such row, or nothing was seen in it.
    """
    import pandas as pd

    if not 0 <= row < len(vectors):
        raise InputError(f"window {row}", expected=f"0 to {len(vectors) - 1}")
    seen = np.asarray(np.isfinite(vectors.values).all(axis=1))
    if not seen[row]:
        raise InputError(
            f"window {row}", expected="a vector without gaps", remedy="Choose another window."
        )
    intervals = vectors.intervals
    candidates = seen.copy()
    candidates[row] = False
    if apart:
        same = (intervals.recording == intervals.recording[row]) & (
            intervals.individual == intervals.individual[row]
        )
        sharing = (intervals.start < intervals.stop[row]) & (intervals.stop > intervals.start[row])
        shown = _shown(vectors)
        candidates &= ~np.isin(shown, shown[same & sharing])
        others = np.flatnonzero(candidates)
        candidates[:] = False
        candidates[others[np.unique(shown[others], return_index=True)[1]]] = True
    # All windows of one video share most of their direction; what tells them apart is the rest.
    values = vectors.values.astype(np.float64) - vectors.values[seen].mean(axis=0, dtype=np.float64)
    norms = np.linalg.norm(values, axis=1)
    norms[norms == 0] = 1.0
    similarity = values @ values[row] / (norms * norms[row])
    rows = np.flatnonzero(candidates)
    rows = rows[np.argsort(-similarity[rows], kind="stable")][:k]
    keys = intervals.to_pandas().iloc[rows][list(KEYS)].reset_index(drop=True)
    found = pd.DataFrame({"row": rows, "similarity": similarity[rows]})
    return pd.concat([found, keys], axis=1)


def _shown(vectors: Vectors) -> NDArray[np.int64]:
    """Return a number for each window, equal where the same pictures gave the same vector."""
    rows = vectors.intervals
    return np.array(
        [
            hash((name, start, stop, values.tobytes()))
            for name, start, stop, values in zip(
                rows.recording, rows.start.tolist(), rows.stop.tolist(), vectors.values, strict=True
            )
        ],
        dtype=np.int64,
    )
