"""The verb ``publish_map``: the map of a run as a folder for other labs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from napari_mousegpt.clusters.clustering_sources import source_files, stream_of_run
from napari_mousegpt.clusters.map_now import MapNow, map_now
from napari_mousegpt.clusters.map_steps import base_of
from napari_mousegpt.clusters.published import is_published
from napari_mousegpt.clusters.publishing import About, publish
from napari_mousegpt.clusters.streams import VectorStream
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs.applying import vector_stream

__all__ = ["publish_map", "vectors_behind"]

_OPTION = "with --vectors (vectors= in Python)"


def publish_map(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    title: str,
    authors: Sequence[str],
    licence: str,
    vectors: Vectors | VectorStream | None = None,
    citation: str = "",
    description: str = "",
    contact: str = "",
    named: bool = False,
) -> Path:
    """Write the map of a run as a folder that another lab can check and use.

    Parameters
    ----------
    source : path-like
        Run folder with clusters, or folder of a map. It is the map as it holds now: with what was
        accepted since, unless a step of it is named.
    out : path-like
        New or empty folder.
    title, licence, citation, description, contact : str
        What the publisher says of it, see :class:`~napari_mousegpt.clusters.publishing.About`.
    authors : sequence of str
        Who made it.
    vectors : Vectors or VectorStream, optional
        What it was fitted on; by default the vectors that the run was made of.
    named : bool
        Write names of recordings and individuals, not hashes.

    Returns
    -------
    Path
        The folder. Behaviours have the names and merges of now, those of people among them.

    Raises
    ------
    InputError
        When there is no map, it was published already, or its vectors are not found.
    OutputExistsError
        When something stands in ``out``.
    MismatchError
        When the vectors are not of the kind the map is for.
    """
    about = About(title, tuple(authors), licence, citation, description, contact)
    now = map_now(source)
    if is_published(now.place):
        raise InputError(
            source,
            expected="a run with clusters, or the folder of its map",
            found="a published map, which is never changed",
            remedy="Give its folder on as it is, with its licence.",
        )
    stream = vectors_behind(now) if vectors is None else vectors
    return publish(now.map, stream, out, about, now.table, named=named)


def vectors_behind(now: MapNow) -> VectorStream:
    """Open the vectors that a map was fitted on.

    Raises
    ------
    InputError
        When they are not in its run, or no longer where its run card says.
    MismatchError
        When they were made again since.
    """
    base = base_of(now.place).absolute()
    run = base.parent.parent if base.parent.name == "result" else None
    if run is None:
        raise InputError(
            now.place,
            expected="a map in the folder of its run, which says what it was fitted on",
            found="a map by itself",
            remedy=f"Name the recordings that it was fitted on {_OPTION}.",
        )
    of_study = run.name == "clusters" and (run.parent / "result" / "study.parquet").is_file()
    if of_study or (run / "result" / "vectors.parquet").is_file():
        return vector_stream([run.parent if of_study else run])
    gone = [path for path in source_files(run).values() if not path.is_file()]
    if gone:
        folders = list(dict.fromkeys(_missing(path) for path in gone))
        more = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
        raise InputError(
            folders[0],
            expected=f"what the map in {run} was fitted on",
            found=f"no such {'folder' if folders[0] not in gone else 'file'}{more}",
            remedy=f"Put it back, or name where the recordings are now {_OPTION}.",
        )
    stream = stream_of_run(run)
    if stream is None:
        raise InputError(
            run,
            expected="a run card that says what the map was fitted on",
            found="none",
            remedy=f"Name the recordings {_OPTION}.",
        )
    return stream


def _missing(path: Path) -> Path:
    """Return what is gone: the file, or the folder that held it."""
    while not path.parent.exists():
        path = path.parent
    return path
