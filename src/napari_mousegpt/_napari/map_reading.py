"""Reading a map with all its points, in a thread beside the viewer."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt._napari.map_points import MapPoints
from napari_mousegpt._napari.map_source import RunFolders, find_runs
from napari_mousegpt.clusters.streams import load_recording
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.clusters.cluster_map import ClusterMap
    from napari_mousegpt.clusters.levels import Levels
    from napari_mousegpt.clusters.named_map import NamedMap

__all__ = ["FEATURED", "ReadMap", "ReadPart", "finer_parts", "read_map", "umap_parts"]

#: Points that other ways to lay them out work on.
FEATURED = 5_000
_KEYS = ["recording", "individual", "start", "stop"]


@dataclass(frozen=True)
class ReadPart:
    """How far a job is, with what can be shown already."""

    step: str
    done: int
    total: int
    early: ReadMap | None = None


@dataclass(frozen=True, eq=False)
class ReadMap:
    """A map with its points, names and levels.

    Parameters
    ----------
    source : RunFolders
    points : MapPoints
        Windows.
    found : ClusterMap
        The frozen rule.
    called : dict of int to str
        What the clustering has called its clusters.
    named : NamedMap or None
        Names and merges of now; None while they are read.
    levels : Levels or None
        None when the map has no cluster.
    """

    source: RunFolders
    points: MapPoints
    found: ClusterMap
    called: Mapping[int, str]
    named: NamedMap | None
    levels: Levels | None


def read_map(folder: Path) -> Generator[ReadPart, None, ReadMap]:
    """Read the map of a run or study and project its windows; returns what is shown.

    One recording is held in memory at a time.

    Raises
    ------
    InputError
        When the folder has no clusters or no vectors.
    MismatchError
        When another map stands where the one of the labels was.
    """
    from napari_mousegpt.clusters.applied_map import map_applied
    from napari_mousegpt.clusters.cluster_map import ClusterMap
    from napari_mousegpt.clusters.levels import Levels
    from napari_mousegpt.clusters.named_files import map_folder, names_of_record
    from napari_mousegpt.clusters.named_map import NamedMap
    from napari_mousegpt.core.vectors import Vectors

    source = find_runs(folder)
    assigned = source.groups / "result" / "assignments.parquet"
    stream = source.stream()
    if not assigned.is_file() or stream is None:
        raise InputError(
            folder,
            expected="results with clusters and vectors",
            found="no vectors" if stream is None else "no clusters",
            remedy='Cluster the recordings first, under "Project and cluster".',
        )
    yield ReadPart("reading the map", 0, 0)
    place = map_folder(source.groups if source.map is None else map_applied(source.groups))
    found = ClusterMap.load(place)
    table = _assignments(assigned)
    names = tuple(sorted(stream.recordings))
    quota = max(1, FEATURED // max(1, len(names)))
    pieces: list[dict[str, Any]] = []
    unseen = 0
    for number, name in enumerate(names):
        yield ReadPart("placing windows", number, len(names))
        intervals, values = load_recording(stream, name)
        if not number:
            kind = (stream.names, stream.model, stream.revision)
            found.check(Vectors(intervals, values, *kind))
        seen = found.projection.seen(values)
        unseen += int((~seen).sum())
        rows = intervals[seen]
        places = found.projection.apply(values[seen]).astype(np.float32)
        cluster, strength = _labels(rows, table, name)
        some = np.unique(np.linspace(0, len(rows) - 1, min(quota, len(rows))).astype(np.intp))
        pieces.append(
            {
                "recording": np.full(len(rows), number, dtype=np.int32),
                "individual": rows.individual,
                "start": rows.start,
                "stop": rows.stop,
                "places": _flat(places),
                "cluster": cluster,
                "strength": strength,
                "features": places[some],
                "featured": some + sum(len(piece["start"]) for piece in pieces),
            }
        )
    joined = {key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}
    codes, people = pd.factorize(joined.pop("individual"), sort=True)
    points = MapPoints(
        recordings=names,
        individuals=tuple(str(one) for one in people),
        individual=codes.astype(np.int32),
        windows=np.ones(len(codes), dtype=np.int32),
        facts=source.facts,
        unseen=unseen,
        **joined,
    )
    if not len(points):
        raise InputError(
            folder,
            expected="windows in which enough was tracked",
            found=f"none of {unseen}",
            remedy="Check the pose that they were made from.",
        )
    levels = Levels(found) if len(found) else None
    called = {cluster: one.name for cluster, one in names_of_record(place).items()}
    # Names are gathered from the words of all windows, which takes longer than to place those.
    early = ReadMap(source, points, found, called, None, levels)
    yield ReadPart("gathering names", len(names), len(names), early)
    # Of a map that was made elsewhere, the labels are those of here.
    own = place.parent == assigned.parent
    named = NamedMap.open(place, assignments=None if own else assigned)
    return replace(early, named=named)


def finer_parts(shown: ReadMap, n_groups: int) -> Generator[ReadPart, None, NDArray[np.object_]]:
    """Label the windows of a map at a finer level; returns the id of each, empty for noise."""
    from napari_mousegpt.core.vectors import Vectors

    points = shown.points
    assert shown.levels is not None
    stream = shown.source.stream()
    assert stream is not None
    found = np.full(len(points), "", dtype=object)
    for number, name in enumerate(points.recordings):
        yield ReadPart("finer behaviours", number, len(points.recordings))
        intervals, values = load_recording(stream, name)
        seen = shown.found.projection.seen(values)
        rows = Vectors(intervals, values, stream.names, stream.model, stream.revision)
        table = shown.levels.label(rows, n_groups)
        found[points.recording == number] = table["group"].to_numpy(dtype=object)[seen]
    return found


def umap_parts(
    features: NDArray[np.float32], seed: int = 0
) -> Generator[ReadPart, None, NDArray[np.float32]]:
    """Lay points out by UMAP; returns their places, shape (n, 2). The same seed, the same places.

    Raises
    ------
    InputError
        When there are too few points.
    """
    if len(features) < 10:
        raise InputError("UMAP", expected="at least 10 points", found=str(len(features)))
    yield ReadPart("loading UMAP", 0, 0)
    from umap import UMAP

    yield ReadPart("laying out by UMAP", 0, 0)
    near = min(30, len(features) - 1)
    layout = UMAP(
        n_neighbors=near, min_dist=0.1, random_state=seed, n_jobs=1, init="pca", n_epochs=200
    )
    return np.asarray(layout.fit_transform(features), dtype=np.float32)


def _assignments(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    # A map that was applied has merged ids beside those of its rule; here merges are laid on top.
    record = "of_record" if "of_record" in pq.read_schema(path).names else "cluster"
    table = pq.read_table(
        path,
        columns=[*_KEYS, record, "strength"],
        read_dictionary=["recording", "individual"],
    )
    return table.to_pandas().rename(columns={record: "cluster"})


def _labels(
    rows: Intervals, table: pd.DataFrame, name: str
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return cluster and strength of sorted windows; those that were not assigned are noise."""
    mine = table[table["recording"] == name].astype({"recording": object, "individual": object})
    keys = rows.to_pandas()[_KEYS]
    # Tables join on keys, never on the order of rows.
    both = keys.merge(mine.drop_duplicates(_KEYS), on=_KEYS, how="left")
    cluster = both["cluster"].fillna(-1).to_numpy(dtype=np.int32)
    return cluster, both["strength"].fillna(0).to_numpy(dtype=np.float32)


def _flat(places: NDArray[np.float32]) -> NDArray[np.float32]:
    if places.shape[1] >= 2:
        return np.ascontiguousarray(places[:, :2])
    return np.column_stack([places[:, 0], np.zeros(len(places), dtype=np.float32)])
