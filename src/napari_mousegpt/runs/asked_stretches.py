"""Stretches that a model can be asked about: windows, each in the cluster of most of its pieces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import KEYS, Intervals, range_ids
from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.core.timebase import Timebase

__all__ = ["Stretches", "described_strength", "joined_windows"]

#: A window that is shorter than this part of its length joins the one before it.
_LEAST_PART = 0.5

Floats = NDArray[np.float64]


class Stretches(NamedTuple):
    """Rows of :data:`napari_mousegpt.core.tables.ASSIGNMENTS`, and the point of each, (n, d)."""

    table: pd.DataFrame
    points: Floats


def joined_windows(
    assignments: pd.DataFrame, points: Floats, clocks: dict[str, Timebase], window_s: float
) -> Stretches:
    """Join pieces that are too short to be looked at into windows.

    Parameters
    ----------
    assignments : DataFrame
        Rows of :data:`napari_mousegpt.core.tables.ASSIGNMENTS`.
    points : ndarray of float64, shape (n, d)
        Of the same rows.
    clocks : dict of str to Timebase
        By recording.
    window_s : float
        Pieces whose usual length is below this are joined; others stay as they are.

    Returns
    -------
    Stretches
        Sorted. A window belongs to the cluster that most of its frames belong to, as firmly as
        these do times their share of the window; its point is their mean. Windows end at gaps.
    """
    table = ASSIGNMENTS.check(assignments).reset_index(drop=True)
    seconds = _seconds(table, clocks)
    if not len(table) or float(np.median(seconds[1] - seconds[0])) >= window_s * (1 - 1e-6):
        order = table.sort_values(list(KEYS), kind="stable").index
        return Stretches(table.loc[order].reset_index(drop=True), points[order])
    table = table.assign(_from=seconds[0], _row=np.arange(len(table)))
    rows, middles = [], []
    for (recording, individual), own in table.groupby(["recording", "individual"], sort=True):
        own = own.sort_values("start", kind="stable")
        for _, piece in own.groupby(_windows_of(own, window_s), sort=True):
            row, members = _window(piece)
            rows.append((recording, individual, *row))
            middles.append(points[members].mean(axis=0))
    found = pd.DataFrame(rows, columns=[*KEYS, "cluster", "strength"])
    found["range_id"] = range_ids(*(found[key].to_numpy() for key in KEYS))
    return Stretches(ASSIGNMENTS.check(found), np.stack(middles))


def described_strength(words: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """Return how firmly described stretches belong to a cluster, from the pieces under them.

    Returns
    -------
    DataFrame
        Rows of :data:`napari_mousegpt.core.tables.ASSIGNMENTS` with the ids of ``words``, for those
        that lie over a piece: the strength is the mean over their frames, noise counting as 0.
    """
    mine, pieces = Intervals(words[list(KEYS)]), ASSIGNMENTS.check(assignments)
    left, right = mine.overlapping(Intervals(pieces[list(KEYS)]))
    start = np.maximum(mine.start[left], pieces["start"].to_numpy()[right])
    stop = np.minimum(mine.stop[left], pieces["stop"].to_numpy()[right])
    cluster = pieces["cluster"].to_numpy()[right]
    firm = np.where(cluster >= 0, pieces["strength"].to_numpy()[right], 0.0)
    pairs = pd.DataFrame(
        {"row": left, "cluster": cluster, "frames": stop - start, "firm": firm * (stop - start)}
    )
    pairs = pairs[pairs["frames"] > 0]
    sums = pairs.groupby("row")[["frames", "firm"]].sum()
    most = pairs.groupby(["row", "cluster"])["frames"].sum().groupby(level="row").idxmax()
    rows = sums.index.to_numpy()
    return ASSIGNMENTS.check(
        words.iloc[rows][["range_id", *KEYS]].assign(
            cluster=[cluster for _, cluster in most],
            strength=(sums["firm"] / sums["frames"]).to_numpy(),
        )
    ).reset_index(drop=True)


def _seconds(table: pd.DataFrame, clocks: dict[str, Timebase]) -> tuple[Floats, Floats]:
    first, last = np.zeros(len(table)), np.zeros(len(table))
    for recording, rows in table.groupby("recording").indices.items():
        clock = clocks[str(recording)]
        first[rows] = clock.time(table["start"].to_numpy()[rows])
        last[rows] = clock.time(table["stop"].to_numpy()[rows])
    return first, last


def _windows_of(own: pd.DataFrame, window_s: float) -> NDArray[np.int64]:
    """Number the window of each piece of one individual, in order of time."""
    begin = own["_from"].to_numpy()
    stop = np.maximum.accumulate(own["stop"].to_numpy())
    gap = np.r_[True, own["start"].to_numpy()[1:] > stop[:-1]]
    span = np.cumsum(gap)
    zero = begin[np.flatnonzero(gap)][span - 1]
    number = np.floor((begin - zero) / window_s + 1e-6).astype(np.int64)
    # The end of a span that is too short to be looked at by itself.
    piece_s = float(np.median(np.diff(begin))) if len(begin) > 1 else window_s
    sizes = pd.DataFrame({"span": span, "number": number}).groupby(["span", "number"])
    short = sizes["number"].transform("size").to_numpy() * piece_s < _LEAST_PART * window_s
    last = number == pd.Series(number).groupby(span).transform("max").to_numpy()
    number = number - (short & last & (number > 0))
    return np.asarray(pd.factorize(pd.MultiIndex.from_arrays([span, number]))[0], dtype=np.int64)


def _window(piece: pd.DataFrame) -> tuple[tuple[int, int, int, float], NDArray[np.intp]]:
    length = (piece["stop"] - piece["start"]).to_numpy()
    cluster = piece["cluster"].to_numpy()
    names, place = np.unique(cluster, return_inverse=True)
    frames = np.bincount(place, weights=length)
    most = int(frames.argmax())
    inside = place == most
    share = frames[most] / max(length.sum(), 1)
    firm = np.average(piece["strength"].to_numpy()[inside], weights=np.maximum(length[inside], 1))
    row = (int(piece["start"].min()), int(piece["stop"].max()), int(names[most]), firm * share)
    return row, piece["_row"].to_numpy()[inside]
