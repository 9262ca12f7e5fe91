"""The verb ``ethogram``: bouts from labelled windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.core.ethogram import Ethogram, content_bout_ids
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ethogram"]


def ethogram(
    labelled: Groups | pd.DataFrame,
    timebase: Timebase | None = None,
    *,
    min_bout_ms: float = 0.0,
    close_gap_ms: float = 0.0,
) -> Ethogram:
    """Return the bouts of clustered or described stretches.

    Each frame takes the label that the stretches over it support most, weighted by their strength
    or confidence; runs of one label are bouts. Noise and stretches without a label give no bout but
    count as observed.

    Parameters
    ----------
    labelled : Groups or DataFrame
        What :func:`~napari_mousegpt.clusters.clustering.cluster` returned, or a table of
        :func:`~napari_mousegpt.words.describing.describe`.
    timebase : Timebase, optional
        Clock of the recordings; needed for the two lengths below.
    min_bout_ms, close_gap_ms : float
        See :meth:`napari_mousegpt.core.ethogram.Ethogram.smooth`.

    Returns
    -------
    Ethogram
        Source ``"cluster"`` or ``"model"``; the confidence of a bout is the mean over its frames.

    Raises
    ------
    InputError
        When the table has no labels, or a length is asked for without a clock.
    """
    if isinstance(labelled, Groups):
        table, source = labelled.assignments, "cluster"
        names = np.where(table["cluster"].to_numpy() >= 0, table["name"].to_numpy(), "")
        weights = table["strength"].to_numpy(dtype=float)
    else:
        table, source = labelled, "model"
        if not {"label", "confidence"} <= set(table.columns):
            raise InputError(
                "table", expected="columns label and confidence", found=str(list(table.columns))
            )
        names = table["label"].to_numpy(dtype=object)
        weights = table["confidence"].to_numpy(dtype=float)
    ranges = Intervals(table[["recording", "individual", "start", "stop"]])
    found = _from_ranges(ranges, names.astype(object), np.nan_to_num(weights), source)
    if min_bout_ms or close_gap_ms:
        if timebase is None:
            raise InputError(
                "min_bout_ms and close_gap_ms",
                expected="a time base to count milliseconds by",
                found="none",
                remedy="Pass timebase=recording.timebase.",
            )
        found = found.smooth(timebase, min_bout_ms=min_bout_ms, close_gap_ms=close_gap_ms)
    return found


def _from_ranges(
    ranges: Intervals, labels: NDArray[np.object_], weights: NDArray[np.float64], source: str
) -> Ethogram:
    bouts: list[Intervals] = []
    keys = list(dict.fromkeys(zip(ranges.recording, ranges.individual, strict=True)))
    for recording, individual in keys:
        rows = (ranges.recording == recording) & (ranges.individual == individual)
        origin = int(ranges.start[rows].min())
        start, stop = ranges.start[rows] - origin, ranges.stop[rows] - origin
        frames, support = _vote(start, stop, labels[rows], weights[rows])
        piece = Ethogram.from_frames(
            frames, recording, individual, confidence=support, start=origin, source=source
        )
        bouts.append(piece.bouts)
    found = Intervals.concat(bouts) if bouts else Intervals.build([], [], [], [], label=[])
    found = found.assign(bout_id=content_bout_ids(found, source))
    return Ethogram(found, ranges.merge(), source=source)


def _vote(
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    labels: NDArray[np.object_],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Label of each frame and the mean weight of the stretches that say so.

    One label is summed at a time, so memory grows with the frames and not with frames x labels.
    """
    size = int(stop.max())
    best = np.zeros(size)
    winner = np.full(size, -1)
    confidence = np.zeros(size)
    # Every stretch says something, also one of weight 0: a tiny base vote keeps it in.
    votes = weights + 1e-9
    known = sorted({label for label in labels if label})
    for number, label in enumerate(known):
        chosen = labels == label
        total = _spread(start[chosen], stop[chosen], votes[chosen], size)
        count = _spread(start[chosen], stop[chosen], np.ones(int(chosen.sum())), size)
        wins = total > best + 1e-12
        best[wins] = total[wins]
        winner[wins] = number
        confidence[wins] = total[wins] / count[wins]
    frames = np.asarray([*known, ""], dtype=object)[winner]
    return frames, np.clip(confidence, 0.0, 1.0)


def _spread(
    start: NDArray[np.int64], stop: NDArray[np.int64], values: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    steps = np.zeros(size + 1)
    np.add.at(steps, start, values)
    np.subtract.at(steps, stop, values)
    return np.cumsum(steps)[:size]
