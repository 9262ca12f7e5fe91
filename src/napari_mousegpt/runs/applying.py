"""The verb ``apply_map``: behaviours of a frozen map in other recordings, and how it holds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.clustering_sources import (
    fingerprints_of,
    sources_of,
    stream_of_run,
)
from napari_mousegpt.clusters.map_now import MapNow, map_now
from napari_mousegpt.clusters.published import Published
from napari_mousegpt.clusters.publishing import usage_of
from napari_mousegpt.clusters.streaming import label_recording, recording_stem
from napari_mousegpt.clusters.streams import (
    MemoryStream,
    ParquetStream,
    VectorStream,
    load_recording,
    stream_digest,
)
from napari_mousegpt.clusters.transfer import Transfer, measure_recording, transfer_of
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard, digest
from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs.study_results import load_study_run
from napari_mousegpt.store import Job, Part, RunFolder, iter_parts, run_folder, write_table

__all__ = ["Applied", "apply_map", "check_vectors", "iter_apply_map", "vector_stream"]

_STEP = "apply"


@dataclass(frozen=True, eq=False)
class Applied:
    """A map applied to recordings.

    Parameters
    ----------
    path : Path
        Run folder.
    assignments : DataFrame
        One row for each interval, :data:`~napari_mousegpt.core.tables.ASSIGNMENTS`.
    transfer : Transfer or None
        How the map holds here; None for a map that was not published, which knows no reference.
    usage : DataFrame
        One row a recording: windows, share inside and assigned, share of each behaviour.
    """

    path: Path
    assignments: pd.DataFrame
    transfer: Transfer | None
    usage: pd.DataFrame


def vector_stream(paths: Sequence[str | os.PathLike[str]]) -> VectorStream:
    """Return the vectors of folders of ``project``, ``run`` or a study, or of parquet files.

    A folder of ``cluster``, ``refit`` or ``apply`` stands for what it was made of; where that is
    descriptions, or spaces fused by ``cluster``, it has to be named alone.

    Raises
    ------
    InputError
        When one holds no vectors, or what it was made of is gone.
    MismatchError
        When what it was made of has changed.
    """
    folders = [Path(path) for path in paths]
    files: list[Path] = []
    for folder in folders:
        stream = stream_of_run(folder)
        if stream is None:
            files += _vector_files(folder)
        elif isinstance(stream, ParquetStream):
            files += stream.paths
        elif len(folders) == 1:
            return stream
        else:
            raise InputError(
                folder,
                expected="it alone, or folders with vectors of their own",
                found=f"{stream.model} vectors that are made when they are read, among "
                f"{len(folders)} folders",
                remedy="Fuse in 'run' (--weights): its folders can be named together.",
            )
    return ParquetStream(files)


def _vector_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    result = path / "result"
    if (result / "study.parquet").is_file():
        outcomes = load_study_run(path).outcomes
        folders = outcomes.loc[outcomes["state"] == "done", "folder"]
        found = [path / str(folder) / "result" / "vectors.parquet" for folder in folders]
        found = [file for file in found if file.is_file()]
        if found:
            return found
    elif (result / "vectors.parquet").is_file():
        return [result / "vectors.parquet"]
    if (path / "map.json").is_file():
        raise InputError(
            path,
            expected="recordings: folders with vectors (result/vectors.parquet), or such files",
            found="a map",
            remedy="The map goes first, then the recordings.",
        )
    raise InputError(
        path,
        expected="a folder with vectors (result/vectors.parquet), or such a file",
        found="none" if path.is_dir() else "no such folder",
        remedy="Make them with 'napari-mousegpt project' or 'run', and name their -o folder here.",
    )


def iter_apply_map(
    source: str | os.PathLike[str],
    vectors: Vectors | VectorStream,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Iterator[Part]:
    """Label recordings by a frozen map, one finished recording after the other.

    Parameters
    ----------
    source : path-like
        Folder of a published map, of a map, or of the run that holds one. It is the map as it holds
        now: with what was accepted since (unless a step of it is named), and with the merges and
        names of people.
    vectors : Vectors or VectorStream
        Of the model that the map is for; see :func:`vector_stream` for files.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache.
    overwrite : bool
        Replace another run that stands in ``out``.

    Yields
    ------
    Part
        The labels of each recording, and with a published map its measures; already on disk.
        ``result`` holds ``assignments``, ``usage``, and of a published map ``recordings``,
        ``features``, ``behaviours`` and ``side_by_side``, see
        :class:`~napari_mousegpt.clusters.transfer.Transfer`. The ``cluster`` of an assignment is
        the behaviour after all merges, ``of_record`` the id that the rule gives.

    Raises
    ------
    InputError, FormatError
        When there is no map, or it is damaged.
    MismatchError
        When the vectors are of another model or feature set; nothing is written then.
    """
    known = map_now(source)
    stream = MemoryStream(vectors) if isinstance(vectors, Vectors) else vectors
    check_vectors(known.map, stream)
    with run_folder(_card(known, stream), out, overwrite=overwrite) as folder:
        yield from iter_parts(folder, _jobs(folder, known, stream))
        applied = _put_together(folder, known, stream)
        write_table(applied.assignments, folder.result / "assignments")
        write_table(applied.usage, folder.result / "usage")
        warned: tuple[str, ...] = ()
        if applied.transfer is not None:
            for name, table in _tables(applied.transfer).items():
                write_table(table, folder.result / name)
            warned = applied.transfer.warnings
        folder.finish(
            intervals=len(applied.assignments),
            map_id=known.map.map_id,
            warnings=list(warned),
            **fingerprints_of(sources_of(stream), folder.path),
        )


def apply_map(
    source: str | os.PathLike[str],
    vectors: Vectors | VectorStream,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Applied:
    """Label recordings by a frozen map. Parameters are those of :func:`iter_apply_map`."""
    known = map_now(source)
    stream = MemoryStream(vectors) if isinstance(vectors, Vectors) else vectors
    check_vectors(known.map, stream)
    place = run_folder(_card(known, stream), out)
    for _ in iter_apply_map(source, stream, out=place.path, overwrite=overwrite):
        pass
    result = place.path / "result"
    transfer = None
    if known.published is not None:
        measured = [place.read(_STEP, _measures(one, known)) for one in sorted(stream.recordings)]
        transfer = transfer_of(known.published, measured)
    return Applied(
        place.path,
        ASSIGNMENTS.check(read_parquet(result / "assignments.parquet")),
        transfer,
        read_parquet(result / "usage.parquet"),
    )


def _jobs(folder: RunFolder, known: MapNow, stream: VectorStream) -> list[Job]:
    jobs = []
    for name in sorted(stream.recordings):
        jobs.append(Job(_STEP, _part(name, "labels"), partial(_label, known.map, stream, name)))
        if known.published is not None:
            jobs.append(
                Job(
                    _STEP,
                    _measures(name, known),
                    partial(_measure, folder, known.published, stream, name),
                )
            )
    return jobs


def _label(found: ClusterMap, stream: VectorStream, recording: str) -> pd.DataFrame:
    return ASSIGNMENTS.check(label_recording(found, stream, recording))


def _measure(
    folder: RunFolder, known: Published, stream: VectorStream, recording: str
) -> pd.DataFrame:
    _, values = load_recording(stream, recording)
    table = folder.read(_STEP, _part(recording, "labels"))
    return measure_recording(known, recording, table, values)


def _put_together(folder: RunFolder, known: MapNow, stream: VectorStream) -> Applied:
    names = sorted(stream.recordings)
    # Names and merges are no part of the rule: the same command tells those of now.
    tables = [known.merged(folder.read(_STEP, _part(name, "labels"))) for name in names]
    usage = [
        {"recording": name, **usage_of(table, known.parts)}
        for name, table in zip(names, tables, strict=True)
    ]
    transfer = None
    if known.published is not None:
        measured = [folder.read(_STEP, _measures(name, known)) for name in names]
        transfer = transfer_of(known.published, measured)
    rows = pd.concat(tables, ignore_index=True)
    return Applied(folder.path, ASSIGNMENTS.check(rows), transfer, pd.DataFrame(usage))


def _tables(transfer: Transfer) -> dict[str, pd.DataFrame]:
    return {
        "recordings": transfer.recordings,
        "features": transfer.features,
        "behaviours": transfer.clusters,
        "side_by_side": transfer.usage,
    }


def check_vectors(found: ClusterMap, stream: VectorStream) -> None:
    """Refuse vectors of another kind before anything is written."""
    if not stream.rows:
        raise InputError("vectors", expected="at least one window", found="none")
    intervals, values = load_recording(stream, min(stream.recordings))
    found.check(Vectors(intervals, values, stream.names, stream.model, stream.revision))


def _card(known: MapNow, stream: VectorStream) -> RunCard:
    found = known.map
    inputs = {"map": found.map_id, "vectors": stream_digest(stream)}
    model = f"{found.model} {found.revision}".strip()
    sources = {"map": str(known.place.absolute()), **sources_of(stream)}
    return RunCard("apply_map", {}, inputs, sources, models={"encoder": model})


def _part(recording: str, what: str) -> str:
    return f"{what}/{recording_stem(recording)}"


def _measures(recording: str, known: MapNow) -> str:
    """Return the part with the measures of a recording, which are by behaviour after merges."""
    merged = {one: parts for one, parts in known.parts.items() if len(parts) > 1}
    return _part(recording, f"measures-{digest(merged)}" if merged else "measures")
