"""Permanent ids: clusters by size, the largest first, then by the key of their typical interval."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.typical import best_of_each, typical_table
from napari_mousegpt.core.intervals import KEYS

__all__ = ["Numbering"]


class Numbering:
    """Collects what the ids hang on, one recording after the other."""

    def __init__(self) -> None:
        self._sizes: Counter[int] = Counter()
        self._best: pd.DataFrame | None = None

    def add(self, table: pd.DataFrame) -> None:
        """Count the rows of one recording, as labelled by the map without its ids."""
        inside = table.loc[table["cluster"] >= 0, "cluster"]
        self._sizes.update(inside.tolist())
        best = typical_table(table)
        if self._best is not None:
            best = pd.concat([self._best, best], ignore_index=True)
        # A bout never spans recordings, so the best of the best is the best of all.
        self._best = best_of_each(best)

    def numbered(self, found: ClusterMap) -> ClusterMap:
        """Return the map with its ids; clusters without rows are dropped."""
        keys: dict[int, tuple[int, str, str, int, int]] = {}
        if self._best is not None:
            for row in self._best[["cluster", *KEYS]].itertuples(index=False):
                cluster, recording, individual, start, stop = row
                size = int(self._sizes[int(cluster)])
                medoid = (str(recording), str(individual), int(start), int(stop))
                keys[int(cluster)] = (-size, *medoid)
        ranked = sorted(keys, key=keys.__getitem__)
        return replace(
            found,
            shares=np.ascontiguousarray(found.shares[:, ranked]),
            cohesion=found.cohesion[ranked],
            sizes=tuple(-keys[cluster][0] for cluster in ranked),
            medoids=tuple(keys[cluster][1:] for cluster in ranked),
        )
