"""The verb ``refit``: a map that goes on from another one, in a run folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.clustering import outcome_of, write_groups
from napari_mousegpt.clusters.clustering_sources import fingerprints_of, sources_of
from napari_mousegpt.clusters.clustering_steps import MAP_FOLDER, cluster_steps
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.map_journal import MapJournal, journal_path
from napari_mousegpt.clusters.map_kin import newest_step
from napari_mousegpt.clusters.map_steps import base_of
from napari_mousegpt.clusters.map_view import MapView
from napari_mousegpt.clusters.named_files import map_folder
from napari_mousegpt.clusters.named_map import NamedMap
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.published import published_edits
from napari_mousegpt.clusters.recalling import MEMORY
from napari_mousegpt.clusters.refitting import refit
from napari_mousegpt.clusters.streams import (
    MemoryStream,
    VectorStream,
    stream_digest,
)
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.store import Part, run_folder, table_fingerprint, write_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MATCHES", "Continued", "iter_refit_map", "refit_map"]

#: Table of what became of each behaviour, in the result folder.
MATCHES = "matches"


class Continued(NamedTuple):
    """A refit in its run folder.

    Parameters
    ----------
    path : Path
        The run folder.
    map : ClusterMap
        The new map.
    matches : DataFrame
        What became of each behaviour, see :class:`~napari_mousegpt.clusters.matching.Matching`.
    notes : tuple of str
        Names and merges of people that could not be carried over, as sentences.
    """

    path: Path
    map: ClusterMap
    matches: pd.DataFrame
    notes: tuple[str, ...]


def iter_refit_map(
    before: str | os.PathLike[str],
    vectors: Vectors | VectorStream,
    descriptions: pd.DataFrame | None = None,
    params: ClusterParams | None = None,
    *,
    memory: float = MEMORY,
    animals: Mapping[str, str] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Iterator[Part]:
    """Fit a map again so that behaviours keep their ids, one finished part after the other.

    Parameters
    ----------
    before : path-like
        Folder of the map to go on from, or of the run that holds it.
    vectors, descriptions, animals, out, overwrite
        As for :func:`~napari_mousegpt.clusters.clustering.iter_cluster`.
    params : ClusterParams, optional
        Settings; by default those of the map before.
    memory : float
        Weight of the map before, see :func:`~napari_mousegpt.clusters.refitting.refit`.

    Yields
    ------
    Part
        As :func:`~napari_mousegpt.clusters.clustering.iter_cluster`. ``result/matches`` tells what
        became of each behaviour; names that people gave come along in ``map.edits.jsonl``.
    """
    # What was accepted after the fit has an id, too, that nothing else may get.
    place = newest_step(map_folder(before))
    old = ClusterMap.load(place)
    settings = params or old.params
    card = _card(old, vectors, descriptions, settings, memory, animals)
    with run_folder(card, out, overwrite=overwrite) as folder:

        def fitted(stream: VectorStream) -> ClusterMap:
            found = refit(old, stream, settings, memory=memory, animals=animals)
            write_table(found.table, folder.result / MATCHES)
            return found.map

        groups: Groups = yield from cluster_steps(
            folder, vectors, descriptions, settings, animals, fitted
        )
        write_groups(groups, folder.result)
        notes = _carry(place, old, folder.path / MAP_FOLDER, groups.map)
        folder.finish(
            intervals=len(groups.assignments),
            clusters=len(groups.clusters),
            refit_notes=list(notes),
            **fingerprints_of(card.sources, folder.path),
            **outcome_of(groups),
        )


def refit_map(
    before: str | os.PathLike[str],
    vectors: Vectors | VectorStream,
    descriptions: pd.DataFrame | None = None,
    params: ClusterParams | None = None,
    *,
    memory: float = MEMORY,
    animals: Mapping[str, str] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Continued:
    """Fit a map again. Parameters are those of :func:`iter_refit_map`."""
    place = newest_step(map_folder(before))
    old = ClusterMap.load(place)
    card = _card(old, vectors, descriptions, params or old.params, memory, animals)
    path = run_folder(card, out).path
    parts = iter_refit_map(
        before,
        vectors,
        descriptions,
        params,
        memory=memory,
        animals=animals,
        out=path,
        overwrite=overwrite,
    )
    for _ in parts:
        pass
    matches = read_parquet(path / "result" / f"{MATCHES}.parquet")
    found = ClusterMap.load(path / MAP_FOLDER)
    return Continued(path, found, matches, _carry(place, old, path / MAP_FOLDER, found))


def _carry(old_place: Path, old: ClusterMap, new_place: Path, new: ClusterMap) -> tuple[str, ...]:
    """Take the edits of people over; done twice, nothing is doubled."""
    # Those who published the map before count as well.
    told = MapJournal(journal_path(old_place), published_edits(base_of(old_place)))
    now = NamedMap(new, journal=MapJournal(journal_path(new_place)))
    return now.carry(MapView(old, journal=told)).left


def _card(
    old: ClusterMap,
    vectors: Vectors | VectorStream,
    descriptions: pd.DataFrame | None,
    params: ClusterParams,
    memory: float,
    animals: Mapping[str, str] | None,
) -> RunCard:
    stream = MemoryStream(vectors) if isinstance(vectors, Vectors) else vectors
    inputs = {"map": old.map_id, "vectors": stream_digest(stream)}
    if descriptions is not None:
        inputs["descriptions"] = table_fingerprint(descriptions)
    planned = {**plain(params), "memory": memory, "animals": dict(sorted((animals or {}).items()))}
    return RunCard(
        "refit",
        planned,
        inputs,
        sources_of(stream),
        models={"encoder": f"{old.model} {old.revision}".strip()},
    )
