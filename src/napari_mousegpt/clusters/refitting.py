"""Fit a map again on other or more data, so that behaviours keep their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.matching import Matching, Overlap, match, renumbered
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.recalling import MEMORY, Recall
from napari_mousegpt.clusters.streaming import fit_stream, label_recording
from napari_mousegpt.clusters.streams import MemoryStream, VectorStream
from napari_mousegpt.core.vectors import Vectors

__all__ = ["Refit", "refit"]


@dataclass(frozen=True, eq=False)
class Refit:
    """A map that goes on from another one.

    Parameters
    ----------
    map : ClusterMap
        Behaviours that were found again have their old ids, all others ids never given before.
    matching : Matching
        What became of each behaviour.
    """

    map: ClusterMap
    matching: Matching

    @property
    def table(self) -> pd.DataFrame:
        """What became of each behaviour, see :class:`.Matching`."""
        return self.matching.table

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        told = self.table[self.table["old_id"] >= 0].drop_duplicates("old_id")
        old = told["decision"].value_counts()
        fresh = int((self.table["decision"] == "new").sum())
        words = ("kept", "merged", "split", "gone")
        parts = [f"{int(old[word])} {word}" for word in words if word in old]
        return f"Of {int(old.sum())} behaviours: {', '.join(parts) or 'none'}; {fresh} new."


def refit(
    before: ClusterMap,
    vectors: Vectors | VectorStream,
    params: ClusterParams | None = None,
    *,
    memory: float = MEMORY,
    animals: Mapping[str, str] | None = None,
) -> Refit:
    """Fit a map again.

    Vectors are projected as the older map does, so that a place means the same in both. The older
    map votes beside the new data (:mod:`napari_mousegpt.clusters.recalling`); then clusters take
    over old ids under a gate (:mod:`napari_mousegpt.clusters.matching`).

    Parameters
    ----------
    before : ClusterMap
        The map to go on from; it is not changed.
    vectors : Vectors or VectorStream
        What the new map is for, from the same model. Behaviours that do not occur here lose their
        id for good: give the recordings of before as well to keep them.
    params : ClusterParams, optional
        Settings; by default those of the older map.
    memory : float
        Weight of the older map, 0 to 1. With 0 clusters are found as if for the first time, in the
        space of the older map, and only then matched.
    animals : mapping of str to str, optional
        Animal by recording.

    Raises
    ------
    MismatchError
        When the vectors are of another model or feature set than the map.
    InputError
        When there is too little to cluster.
    """
    stream = MemoryStream(vectors) if isinstance(vectors, Vectors) else vectors
    recall = Recall(before, memory)
    after = fit_stream(stream, params or before.params, animals=animals, recall=recall)
    overlap = Overlap(before, after)
    for recording in sorted(stream.recordings):
        overlap.add(
            label_recording(before, stream, recording), label_recording(after, stream, recording)
        )
    found = match(overlap)
    return Refit(renumbered(overlap, found), found)
