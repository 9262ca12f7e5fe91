"""What finished runs know of their stretches: clusters, vectors, words by rules, and animals."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters import Level, Levels, at_level
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.study import Study
from napari_mousegpt.core.tables import ASSIGNMENTS, DESCRIPTIONS
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.labels import read_bouts
from napari_mousegpt.runs.results import RunResult, load_run
from napari_mousegpt.runs.study_opening import close_recording
from napari_mousegpt.runs.study_results import StudyResult, load_study_run

__all__ = ["FinishedRuns", "finished_runs", "level_of"]

#: Columns of a table of outcomes that are not of the study.
_OUTCOMES = (
    *("state", "problem", "mendable", "frames", "seconds"),
    *("descriptions", "clusters", "noise", "warnings", "folder"),
)


@dataclass(frozen=True, eq=False)
class FinishedRuns:
    """The runs of one or more recordings, on disk; recordings are opened when they are needed.

    Parameters
    ----------
    path : Path
        Of the run or the study.
    folders : dict of str to Path
        Run folder of each recording.
    animals : dict of str to str
        Animal of each recording, where a study tells it.
    study : Study or None
        Whose groups and animals must not be in a prompt.
    opened : mapping of str to Recording
        Recordings that somebody has open; these are not closed.
    """

    path: Path
    folders: dict[str, Path]
    animals: dict[str, str] = field(default_factory=dict)
    study: Study | None = None
    opened: Mapping[str, Recording] = field(default_factory=dict)

    @contextmanager
    def recording(self, name: str) -> Iterator[Recording]:
        """Open a recording for as long as it is needed.

        Raises
        ------
        InputError
            When it is no longer where it was.
        """
        if name in self.opened:
            yield self.opened[name]
            return
        opened = load_run(self.folders[name]).recording
        try:
            yield opened
        finally:
            close_recording(opened)

    def clock(self, name: str) -> Timebase:
        """Return the clock of a recording without opening it."""
        text = (self.folders[name] / "result" / "recording.json").read_text(encoding="utf-8")
        return Timebase.from_dict(json.loads(text)["clock"])

    def words(self) -> pd.DataFrame:
        """Return what was described, :data:`napari_mousegpt.core.tables.DESCRIPTIONS`."""
        tables = [self._table(name, "descriptions") for name in self.folders]
        found = [table for table in tables if table is not None]
        if not found:
            raise InputError(
                self.path,
                expected="a run with words",
                found="none",
                remedy="Run it with words, or choose stretches by clusters.",
            )
        return DESCRIPTIONS.check(pd.concat(found, ignore_index=True))

    def assignments(self) -> pd.DataFrame | None:
        """Return the cluster of every piece; None where there are no clusters."""
        tables = [self._table(name, "assignments") for name in self.folders]
        found = [table for table in tables if table is not None]
        return ASSIGNMENTS.check(pd.concat(found, ignore_index=True)) if found else None

    def points(self, range_ids: list[str]) -> NDArray[np.float64]:
        """Return the vectors of pieces, each dimension in its own spread, shape (n, d).

        What was not seen stands at the mean of its dimension.
        """
        tables = [self._table(name, "vectors") for name in self.folders]
        vectors = Vectors.concat([Vectors.from_table(t) for t in tables if t is not None])
        rows = pd.Series(np.arange(len(vectors)), index=vectors.intervals.range_ids())
        values = vectors.values[rows.reindex(range_ids).to_numpy(dtype=np.intp)].astype(np.float64)
        seen = np.isfinite(values)
        count = np.maximum(seen.sum(axis=0), 1)
        apart = np.where(seen, values - np.where(seen, values, 0).sum(axis=0) / count, 0.0)
        spread = np.sqrt((apart**2).sum(axis=0) / count)
        return np.asarray(apart / np.where(spread > 0, spread, 1.0))

    def ethogram(self, name: str) -> Ethogram:
        """Return the bouts of a recording as its run wrote them."""
        return read_bouts(self.folders[name] / "result" / "ethogram.parquet")

    def _table(self, name: str, stem: str) -> pd.DataFrame | None:
        file = self.folders[name] / "result" / f"{stem}.parquet"
        return read_parquet(file) if file.is_file() else None


def finished_runs(
    source: str | os.PathLike[str] | RunResult | StudyResult,
    recordings: Mapping[str, Recording] | None = None,
) -> FinishedRuns:
    """Return the runs of a finished run, or of a study.

    Parameters
    ----------
    source : path-like, RunResult or StudyResult
        Folder of a finished run or study, or what came of it.
    recordings : mapping of str to Recording, optional
        Those that are open, by id; needed for recordings of arrays, which cannot be opened again.

    Raises
    ------
    InputError
        When there is no finished run.
    """
    opened = dict(recordings or {})
    if isinstance(source, RunResult):
        opened.setdefault(source.recording.id, source.recording)
        return FinishedRuns(source.path, {source.recording.id: source.path}, opened=opened)
    if not isinstance(source, StudyResult):
        place = Path(source)
        if not (place / "result" / "study.parquet").is_file():
            return FinishedRuns(place, {_recording_of(place): place}, opened=opened)
        source = load_study_run(place)
    outcomes = source.outcomes
    done = outcomes[outcomes["state"] == "done"]
    if done.empty:
        raise InputError(
            source.path,
            expected="a study with a recording that is done",
            found="none",
            remedy="Start its run again; its table of outcomes says what stopped each recording.",
        )
    names = done["recording"].astype(str)
    left = [name for name in _OUTCOMES if name in outcomes.columns]
    return FinishedRuns(
        source.path,
        {name: source.path / str(at) for name, at in zip(names, done["folder"], strict=True)},
        dict(zip(names, done["animal"].astype(str), strict=True)),
        Study(outcomes.drop(columns=left)),
        opened,
    )


def level_of(result: RunResult, n: int, levels: Levels | None = None) -> Level:
    """Return the clusters of a finished run joined or split to ``n`` groups; nothing is fitted.

    Parameters
    ----------
    result : RunResult
        With clusters.
    n : int
        Groups wanted, 1 to ``Levels(result.groups.map).most``.
    levels : Levels, optional
        Those of its map, where they are known already.

    Raises
    ------
    InputError
        When the run has no clusters, or its map no such level.
    """
    if result.groups is None:
        raise InputError(
            result.path,
            expected="a run with clusters",
            found="none",
            remedy="Run it with clusters; its run card says why there are none.",
        )
    known = levels or Levels(result.groups.map)
    return at_level(result.groups, n, result.vectors if n > known.record else None, known)


def _recording_of(place: Path) -> str:
    result = place / "result"
    try:
        if not (result / "run_card.json").is_file():
            raise FileNotFoundError("no result/run_card.json")
        kept = json.loads((result / "recording.json").read_text(encoding="utf-8"))
        return str(kept["id"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            place,
            expected="the folder of a finished run or study",
            found=str(error),
            remedy="Name the folder given to -o of run; if it was stopped, start it again.",
        ) from error
