"""The numbers of a stretch of frames that its sentences rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.features import FrameFeatures, RunningSums
from napari_mousegpt.words.rules import KinematicRules
from napari_mousegpt.words.sureness import halo_frames, labels_from, sureness

__all__ = ["Facts", "stretch_facts"]

#: Frames worked on at a time; a stretch that is longer is worked on whole.
_BLOCK = 40_000
#: A measure that was seen in a smaller share of the frames is left out.
_MIN_SEEN = 0.25

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Facts:
    """What was measured over ``n`` stretches of one individual.

    Parameters
    ----------
    means : dict of str to ndarray, shape (n,)
        Mean of each measure, signed where the measure is; NaN where it was hardly seen.
    seen : ndarray, shape (n,)
        Share of the frames in which the trunk was seen.
    seconds : ndarray, shape (n,)
        Length of each stretch.
    behaviours : tuple of str, length B
        Labels that the measures can show.
    shares : ndarray, shape (n, B)
        Share of the frames that carry each label.
    sure : ndarray, shape (n, B)
        Mean sureness of each label; NaN where it could not be told.
    """

    means: dict[str, Floats]
    seen: Floats
    seconds: Floats
    behaviours: tuple[str, ...]
    shares: Floats
    sure: Floats


def stretch_facts(
    features: FrameFeatures,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    rules: KinematicRules,
) -> Facts:
    """Measure stretches ``[start, stop)``, shape (n,) each, inside the recording.

    Only the frames around the stretches are looked at, in pieces, so that a long recording costs
    memory for its longest stretch alone.
    """
    n = len(start)
    behaviours = sureness(features, rules, slice(0, 0))[0]
    means = {name: np.full(n, np.nan) for name in features.names}
    shares, sure = np.zeros((n, len(behaviours))), np.full((n, len(behaviours)), np.nan)
    seen = np.zeros(n)
    halo = halo_frames(features, rules)
    for rows, part in _blocks(start, stop):
        first, last = start[rows] - part.start, stop[rows] - part.start
        for name in features.names:
            sums = RunningSums(features.column(name)[part])
            means[name][rows] = sums.mean(first, last, _MIN_SEEN)
            if name == "body_speed":
                seen[rows] = sums.seen(first, last)
        wide = slice(max(0, part.start - halo), min(features.n_frames, part.stop + halo))
        _, frame_sure = sureness(features, rules, wide)
        labels = labels_from(behaviours, frame_sure, rules, features.timebase.fps)
        first, last = start[rows] - wide.start, stop[rows] - wide.start
        for column in range(len(behaviours)):
            shares[rows, column] = RunningSums(labels == column).mean(first, last)
            sure[rows, column] = RunningSums(frame_sure[column]).mean(first, last, _MIN_SEEN)
    clock = features.timebase
    seconds = np.asarray(clock.time(stop)) - np.asarray(clock.time(start))
    return Facts(means, seen, seconds, behaviours, shares, sure)


def _blocks(
    start: NDArray[np.int64], stop: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.intp], slice]]:
    """Group stretches that lie near each other: row numbers and the frames they span."""
    order = np.argsort(start, kind="stable")
    begins = start[order]
    at = 0
    while at < len(order):
        end = int(np.searchsorted(begins, begins[at] + _BLOCK, side="left"))
        rows = order[at:end]
        yield rows, slice(int(begins[at]), int(stop[rows].max()))
        at = end
