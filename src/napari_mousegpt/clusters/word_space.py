"""The kinematic words as vectors: how sure the describer without weights is of each behaviour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures, RunningSums
from napari_mousegpt.words.individuals import features_of
from napari_mousegpt.words.rules import KinematicRules
from napari_mousegpt.words.sureness import sureness

__all__ = ["MODEL", "word_vectors"]

#: Model of these vectors.
MODEL = "kinematic words"


def word_vectors(
    features: Mapping[str, FrameFeatures],
    intervals: Intervals,
    rules: KinematicRules | None = None,
) -> Vectors:
    """Return the mean sureness of each behaviour over each interval.

    Parameters
    ----------
    features : mapping of str to FrameFeatures
        Measures of each individual of one recording.
    intervals : Intervals
        Half-open stretches of that recording; an empty individual stands for the only one.
    rules : KinematicRules, optional
        Thresholds.

    Returns
    -------
    Vectors
        One row for each interval, one column for each behaviour that these measures can show, 0 to
        1; NaN where too little was seen. The revision is the hash of the rules.

    Raises
    ------
    InputError
        When an individual has no features, an interval reaches outside, or the individuals can show
        different behaviours.
    """
    used = rules or KinematicRules()
    behaviours: tuple[str, ...] | None = None
    values = np.empty((len(intervals), 0), dtype=np.float32)
    for individual in dict.fromkeys(intervals.individual) or [""]:
        measured = features_of(features, str(individual))
        names, sure = sureness(measured, used)
        if behaviours is None:
            behaviours, values = names, np.empty((len(intervals), len(names)), dtype=np.float32)
        elif names != behaviours:
            raise InputError(
                f"features of {individual!r}",
                expected=f"measures that show {', '.join(behaviours)}",
                found=", ".join(names) or "none",
                remedy="Track the same body parts of all individuals.",
            )
        rows = np.flatnonzero(intervals.individual == individual)
        start = intervals.start[rows]
        # An event without length is described by its frame.
        stop = np.maximum(intervals.stop[rows], start + 1)
        if rows.size and (start.min() < 0 or stop.max() > measured.n_frames):
            raise InputError(
                "intervals",
                expected=f"frames 0 to {measured.n_frames}",
                found=f"[{start.min()}, {stop.max()})",
            )
        for column, one in enumerate(sure):
            values[rows, column] = RunningSums(one).mean(start, stop)
    return Vectors(intervals, values, behaviours or (), MODEL, used.id)
