"""The verb ``cluster``: behaviours found without labels, and named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.clustering_sources import fingerprints_of, sources_of
from napari_mousegpt.clusters.clustering_steps import MAP_FOLDER, cluster_steps, with_names
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.names_now import groups_now
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.stability import Stability
from napari_mousegpt.clusters.streams import VectorStream, stream_digest
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard, digest, plain
from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.store import Part, run_folder, table_fingerprint, write_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAP_FOLDER", "cluster", "groups_of", "iter_cluster", "outcome_of", "write_groups"]

_STABILITY = "stability"


def iter_cluster(
    vectors: Vectors | VectorStream,
    descriptions: pd.DataFrame | None = None,
    params: ClusterParams | None = None,
    *,
    animals: Mapping[str, str] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Iterator[Part]:
    """Find clusters of behaviour and name them, one finished part after the other.

    Parameters
    ----------
    vectors : Vectors or VectorStream
        Of one or several recordings, all from one model. Of a stream one recording is in memory at
        a time.
    descriptions : DataFrame, optional
        Words for the same recordings, on any stretches: they are joined where frames overlap.
        Without them clusters have numbers for names.
    params : ClusterParams, optional
        Settings of the fit.
    animals : mapping of str to str, optional
        Animal by recording: an animal recorded often weighs no more than others, and stability is
        told by leaving animals out.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache.
    overwrite : bool
        Replace another run that stands in ``out``.

    Yields
    ------
    Part
        ``map``, then each recording, ``stability`` and ``names``; already on disk. The frozen map
        is in ``result/map``, the membership of each interval in every cluster in
        ``result/memberships.parquet``.

    Raises
    ------
    InputError
        When there is too little to cluster.
    MismatchError
        When the vectors are of several models.
    """
    settings = params or ClusterParams()
    card = _card(vectors, descriptions, settings, animals, out)
    with run_folder(card, out, overwrite=overwrite) as folder:
        groups = yield from cluster_steps(folder, vectors, descriptions, settings, animals)
        write_groups(groups, folder.result)
        folder.finish(
            intervals=len(groups.assignments),
            clusters=len(groups.clusters),
            **fingerprints_of(card.sources, folder.path),
            **outcome_of(groups),
        )


def cluster(
    vectors: Vectors | VectorStream,
    descriptions: pd.DataFrame | None = None,
    params: ClusterParams | None = None,
    *,
    animals: Mapping[str, str] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Groups:
    """Find clusters of behaviour and name them. Parameters are those of :func:`iter_cluster`.

    Returns
    -------
    Groups
        The frozen map, where each interval falls on it, the clusters with their names, and how
        stable they are.
    """
    settings = params or ClusterParams()
    place = run_folder(_card(vectors, descriptions, settings, animals), out).path
    parts = iter_cluster(
        vectors, descriptions, settings, animals=animals, out=place, overwrite=overwrite
    )
    for _ in parts:
        pass
    result = place / "result"
    rows = read_parquet(result / "assignments.parquet")
    written = groups_of(place, rows, read_parquet(result / "clusters.parquet"))
    # Found finished, it may have been named by somebody since.
    return groups_now(written, place)


def outcome_of(groups: Groups) -> dict[str, Any]:
    """Return what a run card keeps of clusters: how stable they are, and what is odd about them."""
    kept: dict[str, Any] = {"cluster_notes": list(groups.map.notes)}
    if groups.stability is not None:
        kept["stability"] = groups.stability.sentence
        kept["stability_ari"] = groups.stability.means
    return kept


def groups_of(place: Path, assignments: pd.DataFrame, clusters: pd.DataFrame) -> Groups:
    """Return the groups of a run folder from its tables and the map that is kept there."""
    named = with_names(assignments, clusters)
    file = place / "result" / f"{_STABILITY}.parquet"
    stable = Stability.from_table(read_parquet(file)) if file.is_file() else None
    return Groups(ClusterMap.load(place / MAP_FOLDER), ASSIGNMENTS.check(named), clusters, stable)


def write_groups(groups: Groups, folder: Path) -> None:
    """Write clusters, assignments and stability of groups as csv and parquet."""
    write_table(groups.clusters, folder / "clusters")
    write_table(groups.assignments, folder / "assignments")
    if groups.stability is not None:
        write_table(groups.stability.to_table(), folder / _STABILITY)


def _card(
    vectors: Vectors | VectorStream,
    descriptions: pd.DataFrame | None,
    params: ClusterParams,
    animals: Mapping[str, str] | None,
    out: str | os.PathLike[str] | None = None,
) -> RunCard:
    if isinstance(vectors, Vectors):
        inputs = {"vectors": table_fingerprint(vectors.to_table())}
    else:
        inputs = {"vectors": stream_digest(vectors)}
    if descriptions is not None:
        inputs["descriptions"] = table_fingerprint(descriptions)
    if animals:
        inputs["animals"] = digest(dict(animals))
    model = f"{vectors.model} {vectors.revision}".strip()
    sources = sources_of(vectors, None if out is None else Path(out))
    return RunCard("cluster", plain(params), inputs, sources, models={"encoder": model})
