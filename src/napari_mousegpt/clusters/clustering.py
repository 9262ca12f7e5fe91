"""The verb ``cluster``: behaviours found without labels, and named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.fitting import fit
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.names import name_clusters
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.tables import ASSIGNMENTS, CLUSTERS, DESCRIPTIONS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.store import (
    Job,
    Part,
    RunFolder,
    iter_parts,
    run_folder,
    table_fingerprint,
    write_table,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAP_FOLDER", "cluster", "cluster_jobs", "groups_of", "iter_cluster", "write_groups"]

#: Where a run keeps the frozen map, in its folder.
MAP_FOLDER = Path("result") / "map"


def iter_cluster(
    vectors: Vectors,
    descriptions: pd.DataFrame | None = None,
    params: ClusterParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Iterator[Part]:
    """Find clusters of behaviour and name them, one finished part after the other.

    Parameters
    ----------
    vectors : Vectors
        Of one or several recordings, all from one model.
    descriptions : DataFrame, optional
        Words for the same recordings, on any stretches: they are joined where frames overlap.
        Without them clusters have numbers for names.
    params : ClusterParams, optional
        Settings of the fit.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache.
    overwrite : bool
        Replace another run that stands in ``out``.

    Yields
    ------
    Part
        ``assignments``, then ``names``; already on disk. The frozen map is in ``result/map``.
    """
    settings = params or ClusterParams()
    card = _card(vectors, descriptions, settings)
    with run_folder(card, out, overwrite=overwrite) as folder:
        tables = {}
        for part in iter_parts(folder, cluster_jobs(folder, vectors, descriptions, settings)):
            tables[part.name] = part.table
            yield part
        groups = groups_of(folder.path, tables["assignments"], tables["names"])
        write_groups(groups, folder.result)
        folder.finish(intervals=len(vectors), clusters=len(groups.clusters))


def cluster(
    vectors: Vectors,
    descriptions: pd.DataFrame | None = None,
    params: ClusterParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Groups:
    """Find clusters of behaviour and name them. Parameters are those of :func:`iter_cluster`.

    Returns
    -------
    Groups
        The frozen map, where each interval falls on it, and the clusters with their names.
    """
    settings = params or ClusterParams()
    place = run_folder(_card(vectors, descriptions, settings), out).path
    parts = iter_cluster(vectors, descriptions, settings, out=place, overwrite=overwrite)
    tables = {part.name: part.table for part in parts}
    return groups_of(place, tables["assignments"], tables["names"])


def cluster_jobs(
    folder: RunFolder,
    vectors: Vectors,
    words: pd.DataFrame | Callable[[Intervals], pd.DataFrame] | None,
    params: ClusterParams,
) -> list[Job]:
    """Return the pieces of work of clustering: assign by a fitted map, then name.

    Parameters
    ----------
    folder : RunFolder
        Open folder of the run; the map goes to :data:`MAP_FOLDER` in it.
    vectors : Vectors
        What is clustered.
    words : DataFrame, callable or None
        Descriptions to name clusters by, or what describes their bouts.
    params : ClusterParams
        Settings of the fit.
    """
    place = folder.path / MAP_FOLDER

    def assign() -> pd.DataFrame:
        found = fit(vectors, params)
        found.save(place)
        return ASSIGNMENTS.check(found.apply(vectors))

    def name() -> pd.DataFrame:
        rows = folder.read("clusters", "assignments")
        if callable(words):
            members = Intervals(rows[rows["cluster"] >= 0])
            said = words(members.merge(by=("cluster",)))
        else:
            said = DESCRIPTIONS.empty() if words is None else words
        return CLUSTERS.check(name_clusters(rows, said))

    return [Job("clusters", "assignments", assign), Job("clusters", "names", name)]


def groups_of(place: Path, assignments: pd.DataFrame, clusters: pd.DataFrame) -> Groups:
    """Return the groups of a run folder from its tables and the map that is kept there."""
    names = clusters.set_index("cluster")["name"]
    named = assignments.assign(name=assignments["cluster"].map(names).fillna("").astype(object))
    return Groups(ClusterMap.load(place / MAP_FOLDER), ASSIGNMENTS.check(named), clusters)


def write_groups(groups: Groups, folder: Path) -> None:
    """Write the clusters and the assignments of groups as csv and parquet."""
    write_table(groups.clusters, folder / "clusters")
    write_table(groups.assignments, folder / "assignments")


def _card(vectors: Vectors, descriptions: pd.DataFrame | None, params: ClusterParams) -> RunCard:
    inputs = {"vectors": table_fingerprint(vectors.to_table())}
    if descriptions is not None:
        inputs["descriptions"] = table_fingerprint(descriptions)
    model = f"{vectors.model} {vectors.revision}".strip()
    return RunCard("cluster", plain(params), inputs, models={"encoder": model})
