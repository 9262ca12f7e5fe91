"""Synthetic embeddings of clips: what is new in them is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors

__all__ = ["World"]

Words = NDArray[np.object_]


class World:
    """Synthetic embeddings of clips.

    Parameters
    ----------
    seed : int
        Start of where behaviours lie.
    d : int
        Dimensions.
    shift : float
        How far recordings differ, as a share of the spread within a behaviour.
    """

    def __init__(self, seed: int = 0, d: int = 384, shift: float = 0.3) -> None:
        random = np.random.default_rng(seed)
        groups = random.normal(0, 1.0, (12, d))
        self.places = groups[np.arange(40) % 12] + random.normal(0, 0.45, (40, d))
        self.spread = random.uniform(0.5, 0.9, 40)
        self.share = 1 / np.arange(1, 41)
        self.shift = shift

    def recording(self, name: str, sizes: Mapping[int, int], seed: int) -> tuple[Vectors, Words]:
        """Return clips of one recording in random order, and the behaviour of each."""
        random = np.random.default_rng(seed)
        of = np.repeat(list(sizes), list(sizes.values()))
        random.shuffle(of)
        d = self.places.shape[1]
        values = self.places[of] + random.normal(0, 1, (len(of), d)) * self.spread[of, None]
        values += random.normal(0, self.shift * self.spread.mean(), d) / 3
        moving = random.random(len(of)) < 0.08
        mixed = random.uniform(0.2, 0.8, (len(of), 1))
        other = self.places[random.permutation(of)]
        values[moving] = (mixed * values + (1 - mixed) * other)[moving]
        start = np.arange(len(of)) * 30
        clips = Intervals.build(
            name, start, start + 30, "m", start_s=start / 30, stop_s=start / 30 + 1
        )
        return Vectors(clips, values.astype(np.float32), (), "made", "1"), of.astype(object)

    def draw(
        self, name: str, n: int, seed: int, without: int = -1, planted: int = 0
    ) -> tuple[Vectors, Words]:
        """Return ``n`` clips of known behaviours and ``planted`` of the one they are without."""
        share = np.where(np.arange(40) == without, 0, self.share)
        counts = np.random.default_rng(seed + 1).multinomial(n, share / share.sum())
        sizes = {number: int(count) for number, count in enumerate(counts) if count}
        if planted:
            sizes[without] = planted
        return self.recording(name, sizes, seed)
