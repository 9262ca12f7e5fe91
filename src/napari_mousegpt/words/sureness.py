"""From measures to behaviours, frame by frame: how sure each rule is, and the label that follows.

Sureness reads thresholds softly, as fuzzy logic does (Zadeh 1965), on an octave scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.features import FrameFeatures, RunningSums
from napari_mousegpt.words.rules import Condition, KinematicRules, conditions

__all__ = ["halo_frames", "labels_from", "sureness"]

#: Sizes at or below zero (a paw under the floor) are read as this much above it.
_SMALLEST = 1e-3
#: The least that one condition can contribute: a single bad track vetoes nothing.
_FLOOR = 0.05


def halo_frames(features: FrameFeatures, rules: KinematicRules) -> int:
    """Return how many frames to either side the label of a frame depends on."""
    lines = [line for found in conditions(rules, features.names).values() for line in found]
    longest = max((line.over_s for line in lines), default=0.0)
    seconds = (longest + rules.smooth_s) / 2 + rules.min_bout_s
    return int(np.ceil(seconds * features.timebase.fps)) + 4


def sureness(
    features: FrameFeatures, rules: KinematicRules, rows: slice | None = None
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return how well the conditions of each behaviour are met, smoothed over time.

    Parameters
    ----------
    features : FrameFeatures
        Measures of one individual.
    rules : KinematicRules
        Thresholds.
    rows : slice, optional
        Frames to work on; the ends of it are treated as ends of the recording.

    Returns
    -------
    behaviours : tuple of str, length B
        Those that these measures can show.
    sure : ndarray of float32, shape (B, frames)
        0 to 1, one half when every condition is exactly at its threshold. A condition that was not
        seen counts as half met; NaN where fewer than half of the conditions were seen.
    """
    part = rows or slice(0, features.n_frames)
    definitions = conditions(rules, features.names)
    sums: dict[str, RunningSums] = {}
    count = part.stop - part.start
    sure = np.full((len(definitions), count), np.nan, dtype=np.float32)
    smoothing = features.timebase.frames(rules.smooth_s) if rules.smooth_s else 1
    for row, lines in enumerate(definitions.values()):
        total, unseen = np.zeros(count), np.zeros(count)
        for line in lines:
            if line.measure not in sums:
                sums[line.measure] = RunningSums(np.abs(features.column(line.measure)[part]))
            around = sums[line.measure].around(features.timebase.frames(line.over_s))
            lost = np.isnan(around)
            met = np.where(lost, 0.5, _met(around, line, rules.softness))
            total += np.log(np.maximum(met, _FLOOR))
            unseen += lost
        mean = np.exp(total / len(lines))
        mean[unseen > len(lines) / 2] = np.nan
        sure[row] = RunningSums(mean).around(smoothing)
    return tuple(definitions), sure


def labels_from(
    behaviours: tuple[str, ...],
    sure: NDArray[np.float32],
    rules: KinematicRules,
    fps: float,
) -> NDArray[np.int64]:
    """Return the surest behaviour of each frame as its row number, -1 where none is sure enough.

    Stretches shorter than ``rules.min_bout_s`` become -1, those that touch an end excepted.
    """
    n = sure.shape[1]
    if not behaviours or not n:
        return np.full(n, -1, dtype=np.int64)
    known = np.where(np.isfinite(sure), sure, -1.0)
    best = known.argmax(axis=0)
    chosen = np.where(known.max(axis=0) >= max(rules.min_sureness, 0.0), best, -1)
    edges = np.flatnonzero(np.diff(chosen)) + 1
    starts, stops = np.concatenate(([0], edges)), np.concatenate((edges, [n]))
    short = (stops - starts < rules.min_bout_s * fps) & (starts > 0) & (stops < n)
    chosen[np.repeat(short, stops - starts)] = -1
    return chosen


def _met(values: NDArray[np.float64], line: Condition, softness: float) -> NDArray[np.float64]:
    """How far a condition is met, 0 to 1: a logistic curve on the octave scale."""
    octaves = np.log2(np.maximum(values, _SMALLEST) / line.threshold) / softness
    return 1.0 / (1.0 + np.exp(np.clip(-octaves if line.above else octaves, -60.0, 60.0)))
