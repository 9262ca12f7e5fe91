"""Made-up recordings with a behaviour that only the new ones have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors

#: Small enough for a fraction of a second.
QUICK = NoveltyParams(method="density", k=30, steps=4, draws=4)
NAMES = tuple(f"n{i}" for i in range(8))
PLACES = np.random.default_rng(5).normal(0, 3, (7, 8))


def make(
    prefix: str,
    count: int,
    behaviours: tuple[int, ...],
    *,
    windows: int = 200,
    seed: int = 0,
    shift: float = 0.0,
    names: tuple[str, ...] = NAMES,
) -> tuple[Vectors, NDArray[np.int64]]:
    """Return windows of three frames in bouts of five to fifteen, and the behaviour of each."""
    random = np.random.default_rng(seed)
    pieces, told = [], []
    for number in range(count):
        states: list[int] = []
        while len(states) < windows:
            states += [int(random.choice(behaviours))] * int(random.integers(5, 15))
        of = np.asarray(states[:windows])
        values = PLACES[of] + random.normal(0, 0.6, (windows, 8)) + shift
        start = np.arange(windows) * 3
        ranges = Intervals.build(
            f"{prefix}{number}", start, start + 3, "m", start_s=start / 30, stop_s=(start + 3) / 30
        )
        pieces.append(Vectors(ranges, values.astype(np.float32), names, "made", "1"))
        told.append(of)
    return Vectors.concat(pieces), np.concatenate(told)
