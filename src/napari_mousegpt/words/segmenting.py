"""Stretches worth a sentence: cut where the behaviour changes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures
from napari_mousegpt.words.kinematic import KinematicDescriber

__all__ = ["segments"]


def segments(
    recording: str,
    features: Mapping[str, FrameFeatures],
    describer: KinematicDescriber,
    *,
    shortest_s: float = 0.2,
    longest_s: float = 5.0,
) -> Intervals:
    """Cut a recording where the kinematic label changes, so that each piece is one behaviour.

    Every frame is in exactly one piece of each individual, also those without a label.

    Parameters
    ----------
    recording : str
        Id of the recording.
    features : mapping of str to FrameFeatures
        Measures by individual.
    describer : KinematicDescriber
        Whose labels cut.
    shortest_s : float
        Pieces shorter than this many seconds go to the piece before them (the first one to the
        piece behind it).
    longest_s : float
        Longer pieces are cut into equal ones, so that no sentence covers minutes.

    Returns
    -------
    Intervals
        Sorted by individual and start.
    """
    if not 0 <= shortest_s <= longest_s or longest_s <= 0:
        raise InputError(
            "segments",
            expected="0 <= shortest_s <= longest_s",
            found=f"{shortest_s:g} and {longest_s:g} s",
        )
    pieces = []
    for individual, measured in features.items():
        clock = measured.timebase
        edges = _edges(describer.frame_labels(measured))
        if shortest_s:
            edges = _drop_short(edges, clock.frames(Fraction(str(shortest_s))))
        edges = _split_long(edges, clock.frames(Fraction(str(longest_s))))
        pieces.append(Intervals.build(recording, edges[:-1], edges[1:], individual))
    return Intervals.concat(pieces).sort()


def _edges(labels: NDArray[np.object_]) -> NDArray[np.int64]:
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    return np.unique(np.concatenate([[0], changes, [len(labels)]])).astype(np.int64)


def _drop_short(edges: NDArray[np.int64], shortest: int) -> NDArray[np.int64]:
    kept = [int(edges[0])]
    for edge in edges[1:-1].tolist():
        # The piece that begins here reaches to the next edge that is kept.
        following = edges[np.searchsorted(edges, edge) + 1]
        if edge - kept[-1] >= shortest and following - edge >= shortest:
            kept.append(edge)
    kept.append(int(edges[-1]))
    return np.asarray(kept, dtype=np.int64)


def _split_long(edges: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
    pieces = [
        np.linspace(a, b, -(-(b - a) // longest) + 1).round().astype(np.int64)[:-1]
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    return np.append(np.concatenate(pieces), edges[-1]) if pieces else edges
