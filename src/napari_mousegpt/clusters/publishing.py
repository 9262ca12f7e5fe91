"""Publish a map: one folder that another lab can read, check and use.

No pickles, no videos, no paths. Recordings and animals go by hashes of their names unless asked
otherwise. The folder is made beside its place and put there whole, or not at all.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.published_files import (
    BEHAVIOURS,
    CENTROIDS,
    FILES,
    KIND,
    MANIFEST,
    README,
    REFERENCE,
    USAGE,
    VERSION,
    file_sum,
    readme_text,
)
from napari_mousegpt.clusters.reference import make_reference, used_features
from napari_mousegpt.clusters.streaming import label_recording
from napari_mousegpt.clusters.streams import MemoryStream, VectorStream, load_recording
from napari_mousegpt.core.files import make_folder, remedy_for
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.provenance import digest, plain, software_versions
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError, OutputExistsError, StorageError

__all__ = ["About", "labels_sum", "publish", "usage_of"]


#: What is told of a behaviour that occurs where the map was fitted.
_TIMES = ("coverage", "seconds", "n_bouts")


@dataclass(frozen=True)
class About:
    """What the publisher says of a map.

    Parameters
    ----------
    title : str
        What the map is called.
    authors : tuple of str
        Who made it.
    licence : str
        What others may do with it, for example ``"CC-BY-4.0"``.
    citation : str
        What to cite.
    description : str
        Animals, arena, camera, in a few sentences.
    contact : str
        Whom to ask.
    """

    title: str
    authors: tuple[str, ...]
    licence: str
    citation: str = ""
    description: str = ""
    contact: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "authors", tuple(self.authors))
        for name in ("title", "authors", "licence"):
            if not getattr(self, name):
                raise InputError(
                    f"{name} of a published map",
                    expected="something in it",
                    found="nothing",
                    remedy="Others need to know what it is, whose it is and what they may do.",
                )


def publish(
    found: ClusterMap,
    vectors: Vectors | VectorStream,
    out: str | os.PathLike[str],
    about: About,
    behaviours: pd.DataFrame | None = None,
    *,
    named: bool = False,
) -> Path:
    """Write a map as a folder for others.

    Parameters
    ----------
    found : ClusterMap
        Frozen map.
    vectors : Vectors or VectorStream
        The recordings it was fitted on; what they look like becomes the reference for others.
    out : path-like
        New or empty folder.
    about : About
        Title, authors, licence and so on.
    behaviours : DataFrame, optional
        A row for each cluster: ``cluster``, ``name``, and any of ``name_source``, ``sentence``,
        ``keywords``, ``coverage``, ``seconds``; ``group`` (``"3+5"``) tells which clusters were
        merged into this one. Without it behaviours go by number.
    named : bool
        Write the names of recordings and individuals as they are. By default they are hashes, that
        only somebody who knows the names can recognise.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputExistsError
        When something stands there.
    MismatchError
        When the vectors are not of the kind the map is for.
    StorageError
        When it cannot be written; nothing is left then.
    """
    stream = MemoryStream(vectors) if isinstance(vectors, Vectors) else vectors
    if not len(found):
        raise InputError(
            "map to publish",
            expected="behaviours",
            found="none: all windows are noise",
            remedy="Cluster more recordings, or with other settings.",
        )
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputExistsError(
            target,
            expected="a new or empty folder",
            found="something else",
            remedy="Choose another folder: a published map is never changed.",
        )
    if not stream.rows:
        raise InputError("vectors of the map", expected="those it was fitted on", found="no rows")
    known = _Names(named)
    usage, sums, centroids = _measured(found, stream, known)
    public = replace(found, medoids=tuple(known.medoid(one) for one in found.medoids))
    public = replace(
        public,
        accepted=tuple(replace(one, medoid=known.medoid(one.medoid)) for one in found.accepted),
    )
    with _whole_folder(target) as place:
        public.save(place)
        np.savez(place / CENTROIDS, allow_pickle=False, **centroids)
        reference = make_reference(found, stream)
        np.savez(place / REFERENCE, allow_pickle=False, **reference.arrays())
        write_parquet(usage, place / USAGE, map_id=found.map_id)
        told = _behaviours(public, behaviours)
        _write_json(place / BEHAVIOURS, told)
        manifest = {
            "kind": KIND,
            "version": VERSION,
            "map_id": found.map_id,
            "about": plain(about),
            "published": datetime.now(UTC).isoformat(timespec="seconds"),
            "features": _feature_definition(found, stream),
            "software": {
                "fitted_with": dict(found.software),
                "published_with": software_versions(),
            },
            "recordings": {"count": len(stream.recordings), "named": named, "labels": sums},
            "parent": found.parent,
        }
        text = readme_text(manifest, told, found, reference)
        (place / README).write_text(text, encoding="utf-8")
        files = {name: file_sum(place / name) for name in sorted(FILES - {MANIFEST})}
        body = {**manifest, "files": files}
        _write_json(place / MANIFEST, {**body, "checksum": digest(body, 16)})
    return target


def usage_of(table: pd.DataFrame, clusters: Iterable[int]) -> dict[str, Any]:
    """Return how one recording uses a map.

    Parameters
    ----------
    table : DataFrame
        What the map says of it, with ``nearest``.
    clusters : iterable of int
        Ids that may occur.

    Returns
    -------
    dict
        ``windows``, ``inside`` (share of windows within what the map has seen), ``assigned`` (share
        in a cluster), ``strength`` (median of what is inside), and ``share_<id>`` of each cluster.
    """
    inside = table["strength"].to_numpy() > 0
    cluster = table["cluster"].to_numpy()
    n = max(len(table), 1)
    return {
        "windows": len(table),
        "inside": float(inside.sum() / n),
        "assigned": float((cluster >= 0).sum() / n),
        "strength": float(np.median(table["strength"][inside])) if inside.any() else float("nan"),
        **{f"share_{one}": float((cluster == one).sum() / n) for one in clusters},
    }


def labels_sum(table: pd.DataFrame) -> str:
    """Return a hash of the labels of one recording, sorted by key."""
    keys = table[["start", "stop", "cluster"]].to_numpy(dtype=np.int64)
    people = "\n".join(table["individual"].astype(str))
    return digest([keys.tolist(), people], 16)


class _Names:
    """Names of recordings and individuals as others see them."""

    def __init__(self, named: bool) -> None:
        self._named = named

    def recording(self, name: str) -> str:
        return name if self._named else f"recording-{digest(name)}"

    def medoid(self, place: tuple[str, str, int, int]) -> tuple[str, str, int, int]:
        recording, individual, start, stop = place
        who = individual if self._named or not individual else f"individual-{digest(individual, 4)}"
        return self.recording(recording), who, start, stop


def _measured(
    found: ClusterMap, stream: VectorStream, known: _Names
) -> tuple[pd.DataFrame, dict[str, str], dict[str, Any]]:
    """Return usage by recording, hashes of their labels, and the centroids."""
    n, d, p = len(found.clusters), found.width, found.projection.axes.shape[1]
    total, count = np.zeros((n, d)), np.zeros((n, d))
    points, rows_of = np.zeros((n, p)), np.zeros(n)
    rows, sums = [], {}
    for recording in sorted(stream.recordings):
        table = label_recording(found, stream, recording)
        _, values = load_recording(stream, recording)
        name = known.recording(recording)
        rows.append({"recording": name, **usage_of(table, found.clusters)})
        # Owners know their recordings again by the hash of their names, whatever is written.
        sums[digest(recording)] = labels_sum(table)
        seen = found.projection.seen(values)
        projected = np.zeros((len(values), p))
        projected[seen] = found.projection.apply(values[seen])
        for row, cluster in enumerate(found.clusters):
            mine = (table["cluster"] == cluster).to_numpy()
            numbers = values[mine].astype(np.float64)
            there = np.isfinite(numbers)
            total[row] += np.where(there, numbers, 0.0).sum(axis=0)
            count[row] += there.sum(axis=0)
            points[row] += projected[mine].sum(axis=0)
            rows_of[row] += mine.sum()
    with np.errstate(invalid="ignore"):
        means = total / np.where(count > 0, count, np.nan)
        middle = points / np.where(rows_of > 0, rows_of, np.nan)[:, None]
    centroids = {
        "ids": np.asarray(found.clusters, dtype=np.int64),
        "components": middle,
        "features": means,
        "windows": rows_of.astype(np.int64),
    }
    return pd.DataFrame(rows), sums, centroids


def _behaviours(found: ClusterMap, table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return what is told of each behaviour."""
    known: dict[int, dict[Any, Any]] = {}
    if table is not None:
        strange = set(table["cluster"]) - set(found.clusters)
        if strange:
            raise MismatchError(
                "names of behaviours",
                expected="clusters of this map",
                found=f"cluster {min(strange)}, which it does not have",
                remedy="Give the names that belong to this map.",
            )
        known = {int(row["cluster"]): dict(row) for row in table.to_dict("records")}
    given = {one.cluster: one.name for one in found.accepted if one.name}
    medoids = dict(zip(found.fitted, found.medoids, strict=False))
    medoids |= {one.cluster: one.medoid for one in found.accepted}
    # Parts of a behaviour that a person merged are told under its name.
    parts = {
        one: [int(part) for part in str(row.get("group", one)).split("+")]
        for one, row in known.items()
    }
    whole = {part: one for one, mine in parts.items() for part in mine}
    told: list[dict[str, Any]] = []
    for cluster in found.clusters:
        row = known.get(whole.get(cluster, cluster), {})
        recording, individual, start, stop = medoids.get(cluster, ("", "", 0, 0))
        name = row.get("name") or given.get(cluster) or f"unnamed behaviour {cluster}"
        more: dict[str, Any] = {
            key: plain(row[key])
            for key in ("name_source", "sentence", "keywords", "coverage", "seconds", "n_bouts")
            if key in row and row[key] == row[key] and (row.get("n_bouts", 1) or key not in _TIMES)
        }
        if whole.get(cluster, cluster) != cluster:
            more["merged_into"] = whole[cluster]
        elif len(parts.get(cluster, ())) > 1:
            more["parts"] = parts[cluster]
        medoid = {"recording": recording, "individual": individual, "start": start, "stop": stop}
        told.append({"id": cluster, "name": name, **more, "medoid": medoid})
    return told


def _feature_definition(found: ClusterMap, stream: VectorStream) -> dict[str, Any]:
    intervals, _ = load_recording(stream, min(stream.recordings))
    lengths = np.unique(intervals.length)
    columns = set(intervals.columns)
    seconds = None
    if {"start_s", "stop_s"} <= columns and len(intervals):
        lasts = np.asarray(intervals.column("stop_s")) - np.asarray(intervals.column("start_s"))
        seconds = float(np.median(lasts.astype(np.float64)))
    return {
        "model": found.model,
        "revision": found.revision,
        "names": list(found.names),
        "used": list(used_features(found)),
        "width": found.width,
        "timed": found.timed,
        "window_frames": [int(one) for one in lengths[:10]],
        "window_s": seconds,
    }


def _write_json(path: Path, body: Any) -> None:
    path.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """Give a hidden folder to fill; it takes the place of ``target`` when all went well."""
    parent = make_folder(target.absolute().parent)
    place = parent / f".{target.name[:40]}.{secrets.token_hex(4)}.part"
    make_folder(place)
    try:
        yield place
        if target.exists():
            target.rmdir()
        place.replace(target)
    except OSError as error:
        raise StorageError(
            target,
            expected="a folder that can be written",
            found=os.strerror(error.errno or 0) if error.errno else str(error),
            remedy=remedy_for(error),
        ) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)
