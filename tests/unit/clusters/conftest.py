"""Made-up mice that do a few clearly different things."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_mousegpt.clusters import ClusterMap, ClusterParams, fit
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors

#: Small enough for a fit in a fraction of a second.
QUICK = ClusterParams(micro_clusters=120, partitions=40)
FPS = 30


class Made(NamedTuple):
    vectors: Vectors
    truth: NDArray[np.int64]


def make(
    *,
    recordings: tuple[str, ...] = ("a", "b"),
    behaviours: int = 5,
    windows: int = 600,
    seed: int = 0,
    noise: float = 0.5,
    timed: bool = True,
    weights: tuple[float, ...] | None = None,
) -> Made:
    """Windows of 3 frames at 30 per second; every behaviour is a place in a space of 12 numbers."""
    draw = np.random.default_rng(seed)
    places = np.random.default_rng(99).normal(0, 3, (behaviours, 12))
    share = np.asarray(weights or np.ones(behaviours))
    pieces, truth = [], []
    for recording in recordings:
        states: list[int] = []
        while len(states) < windows:
            states += [int(draw.choice(behaviours, p=share / share.sum()))] * int(
                draw.integers(6, 25)
            )
        states = states[:windows]
        values = places[states] + draw.normal(0, noise, (windows, 12))
        start = np.arange(windows) * 3
        columns = {"start_s": start / FPS, "stop_s": (start + 3) / FPS} if timed else {}
        ranges = Intervals.build(recording, start, start + 3, "m", **columns)
        names = tuple(f"n{i}" for i in range(12))
        pieces.append(Vectors(ranges, values.astype(np.float32), names, "made", "1"))
        truth.append(np.asarray(states))
    return Made(Vectors.concat(pieces), np.concatenate(truth))


@pytest.fixture(scope="session")
def made() -> Made:
    return make(weights=(5, 4, 3, 2, 1))


@pytest.fixture(scope="session")
def found(made: Made) -> ClusterMap:
    return fit(made.vectors, QUICK)
