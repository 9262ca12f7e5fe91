"""What clusters were made of: kept in the run card, and opened again from there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.clusters.fusing import FusedStream
from napari_mousegpt.clusters.search_files import fingerprint
from napari_mousegpt.clusters.streams import MemoryStream, ParquetStream, VectorStream
from napari_mousegpt.clusters.text_space import sentence_vectors
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.errors import InputError, MismatchError

__all__ = [
    "WordStream",
    "check_sources",
    "fingerprints_of",
    "source_files",
    "sources_of",
    "stream_of_run",
]

# Names in the sources of a run card: vectors/1, words/1, fused/SPACE/vectors/1, ...
_VECTORS, _WORDS, _FUSED = "vectors", "words", "fused/"
#: Where the outcome of a run card keeps what the files held.
_HELD = "held"


class WordStream(MemoryStream):
    """Descriptions as vectors of what they say, with the files that they are from.

    Parameters
    ----------
    paths : sequence of path-like
        Tables of descriptions, of all recordings that are to be compared.
    """

    def __init__(self, paths: Sequence[str | os.PathLike[str]]) -> None:
        self.paths = tuple(map(Path, paths))
        tables = [read_parquet(path) for path in self.paths]
        super().__init__(sentence_vectors(pd.concat(tables, ignore_index=True)))


def sources_of(stream: object, folder: Path | None = None) -> dict[str, str]:
    """Return where vectors lie, for a run card; nothing for those that are in memory.

    Parameters
    ----------
    stream : VectorStream or Vectors
        Of fused spaces the files of each are told.
    folder : Path, optional
        Of the run: what lies in it is told relative to it, so that both may be moved.

    Returns
    -------
    dict of str to str
        Path by ``vectors/1``, ``words/1`` (descriptions), ``fused/SPACE/vectors/1`` and so on, in
        the order of the spaces.
    """
    if isinstance(stream, FusedStream):
        told = {space: sources_of(one, folder) for space, one in stream.spaces.items()}
        if not all(told.values()):
            return {}  # a part of the spaces does not make the vectors again
        return {
            f"{_FUSED}{space}/{name}": path
            for space, files in told.items()
            for name, path in files.items()
        }
    if not isinstance(stream, ParquetStream | WordStream):
        return {}
    kind = _WORDS if isinstance(stream, WordStream) else _VECTORS
    home = None if folder is None else folder.absolute()
    return {
        f"{kind}/{number}": _told(path.absolute(), home)
        for number, path in enumerate(stream.paths, 1)
    }


def fingerprints_of(sources: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Return what the outcome of a run card keeps of its sources: what each file held."""
    return {_HELD: {name: fingerprint(folder / path) for name, path in sources.items()}}


def source_files(folder: Path) -> dict[str, Path]:
    """Return where the vectors of a run of ``cluster`` or ``refit`` were, by name in its card.

    Empty where the card names none, or there is no card.
    """
    card = _card(folder)
    return {} if card is None else _files(card, folder)


def check_sources(folder: Path) -> None:
    """Raise when the vectors that a run was made of are not what they were, or not there.

    Raises
    ------
    InputError
        When a file or folder is no longer where it was.
    MismatchError
        When a file holds something else than it did.
    """
    card = _card(folder)
    if card is not None:
        held = card.outcome.get(_HELD, {})
        for name, path in _files(card, folder).items():
            _check(path, held.get(name), folder)


def stream_of_run(folder: Path) -> VectorStream | None:
    """Open the vectors again that a run of ``cluster`` or ``refit`` was made of.

    Returns
    -------
    VectorStream or None
        None where the card names none: they were in memory.

    Raises
    ------
    InputError, MismatchError
        As :func:`check_sources`.
    """
    check_sources(folder)
    files = source_files(folder)
    spaces: dict[str, dict[str, list[Path]]] = {}
    for name, path in files.items():
        space, kind = "", name.partition("/")[0]
        if name.startswith(_FUSED):
            # A space may be called what its user likes, with a stroke in it, too.
            space, kind, _ = name.removeprefix(_FUSED).rsplit("/", 2)
        spaces.setdefault(space, {}).setdefault(kind, []).append(path)
    streams: dict[str, VectorStream] = {
        space: WordStream(kinds[_WORDS]) if _WORDS in kinds else ParquetStream(kinds[_VECTORS])
        for space, kinds in spaces.items()
    }
    if not streams:
        return None
    return streams[""] if "" in streams else FusedStream(streams)


def _card(folder: Path) -> RunCard | None:
    try:
        text = (folder / "result" / "run_card.json").read_text(encoding="utf-8")
        return RunCard.from_json(text)
    except (OSError, ValueError, TypeError):
        return None  # it is no finished run, which whoever asks says in its own words


def _files(card: RunCard, folder: Path) -> dict[str, Path]:
    ours = (f"{_VECTORS}/", f"{_WORDS}/", _FUSED)
    return {name: folder / path for name, path in card.sources.items() if name.startswith(ours)}


def _told(path: Path, home: Path | None) -> str:
    inside = home is not None and path.is_relative_to(home)
    return path.relative_to(home).as_posix() if inside and home is not None else str(path)


def _check(path: Path, held: Mapping[str, Any] | None, folder: Path) -> None:
    """Refuse a file that is gone, or holds something else than it did."""
    again = (
        "give the command that made it again, with the place where that is now and "
        f"-o {folder}: nothing is fitted again."
    )
    if not path.is_file():
        gone = path
        while not gone.parent.exists():
            gone = gone.parent
        raise InputError(
            gone,
            expected=f"what the results in {folder} were made of",
            found="no such file" if gone == path else "no such folder",
            remedy=f"Put it back, or {again}",
        )
    if held is None:
        return
    stat = path.stat()
    if (stat.st_size, stat.st_mtime_ns) == (held["bytes"], held["mtime_ns"]):
        return
    if fingerprint(path)["sha256"] != held["sha256"]:
        raise MismatchError(
            path,
            expected=f"what the results in {folder} were made of",
            found="something else: it was made again since",
            remedy="Give the command that made them again, with another -o.",
        )
