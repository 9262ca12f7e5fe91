"""What a search index is built from: the folders of finished runs and studies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.clusters.search_files import fingerprint
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import FormatError, InputError

__all__ = ["RunWords", "read_runs"]

_DESCRIPTIONS, _VECTORS, _CLOCK = "descriptions.parquet", "vectors.parquet", "recording.json"
#: Columns of the outcomes of a study that are no facts of its table.
_OUTCOMES = (
    *("state", "problem", "mendable", "frames", "seconds", "descriptions", "clusters", "noise"),
    *("warnings", "folder"),
)


@dataclass(frozen=True, eq=False)
class RunWords:
    """Descriptions of some runs, and all that a search wants to know beside them.

    Parameters
    ----------
    descriptions : DataFrame
    vectors : Vectors or None
        When every run has them.
    clocks : dict of str to Timebase
    study : DataFrame or None
        Facts of the study table by ``recording``.
    files : dict of str to dict
        Fingerprint of every file that was read.
    """

    descriptions: pd.DataFrame
    vectors: Vectors | None
    clocks: dict[str, Timebase]
    study: pd.DataFrame | None
    files: dict[str, dict[str, Any]]


def read_runs(folders: Iterable[str | os.PathLike[str]], *, vectors: bool = True) -> RunWords:
    """Read what finished runs say.

    Parameters
    ----------
    folders : iterable of path-like
        Folders of ``run``, ``describe``, ``propagate`` or of a study.
    vectors : bool
        Read their vectors too, for search by example.

    Raises
    ------
    InputError
        When a folder is none of a finished run, or no run has words.
    MismatchError
        When their vectors come from different models.
    """
    tables, pieces, studies = [], [], []
    clocks: dict[str, Timebase] = {}
    files: dict[str, dict[str, Any]] = {}
    runs: list[Path] = []
    for folder in map(Path, folders):
        outcomes = folder / "result" / "study.parquet"
        if outcomes.is_file():
            table = read_parquet(outcomes)
            done = table[table["state"] == "done"]
            runs += [folder / str(name) for name in done["folder"]]
            studies.append(done.drop(columns=[c for c in _OUTCOMES if c in done.columns]))
            files[str(outcomes.absolute())] = fingerprint(outcomes)
        else:
            runs.append(folder)
    with_vectors = 0
    for run in runs:
        words = run / "result" / _DESCRIPTIONS
        if not words.is_file():
            raise InputError(
                run,
                expected=f"the folder of a finished run with words (result/{_DESCRIPTIONS})",
                found="no such file",
                remedy="Name the folder given to -o of run, describe or propagate.",
            )
        tables.append(read_parquet(words))
        files[str(words.absolute())] = fingerprint(words)
        clocks |= _clock(run / "result" / _CLOCK)
        places = run / "result" / _VECTORS
        if vectors and places.is_file():
            pieces.append(Vectors.from_table(read_parquet(places)))
            files[str(places.absolute())] = fingerprint(places)
            with_vectors += 1
    if not tables:
        raise InputError("search", expected="at least one finished run", found="none")
    return RunWords(
        pd.concat(tables, ignore_index=True),
        Vectors.concat(pieces) if pieces and with_vectors == len(runs) else None,
        clocks,
        pd.concat(studies, ignore_index=True) if studies else None,
        files,
    )


def _clock(path: Path) -> dict[str, Timebase]:
    if not path.is_file():
        return {}  # the folder of propagate or of describe has none
    try:
        opening = json.loads(path.read_text(encoding="utf-8"))
        return {str(opening["id"]): Timebase.from_dict(opening["clock"])}
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(
            path,
            expected="id and clock of a recording",
            found=str(error),
            remedy="Make the run again.",
        ) from error
