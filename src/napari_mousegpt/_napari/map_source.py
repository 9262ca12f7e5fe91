"""Where a map and its points are kept: in the folder of a run or of a study."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.study_checks import FILE_ROLES
from napari_mousegpt.errors import FormatError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.clusters.streams import VectorStream

__all__ = ["RunFolders", "find_runs"]

#: Columns of the outcomes of a study that say nothing about an animal.
_OUTCOMES = frozenset(
    (
        *("recording", "state", "problem", "mendable", "frames", "seconds", "descriptions"),
        *("clusters", "noise", "warnings", "folder"),
    )
)
#: A column with more different values than this groups nothing.
_MOST_VALUES = 60


@dataclass(frozen=True, eq=False)
class RunFolders:
    """What is in a folder of results.

    Parameters
    ----------
    folder : Path
        Of a run or of a study.
    runs : mapping of str to Path
        Run folder of each finished recording.
    groups : Path
        Run folder of the clustering.
    facts : mapping of str to mapping
        Columns of the study table that group recordings: value by recording.
    map : Path or None
        Where the map lies, if not in ``groups``: it was applied to these recordings.
    gathered : bool
        Whether the run card of ``groups`` says which vectors were clustered: those of ``runs`` and
        of others, perhaps fused.
    without_run : tuple of str
        Recordings that were clustered but have vectors alone, such as ``project`` leaves: there
        is no run that knows where their files are.
    """

    folder: Path
    runs: Mapping[str, Path]
    groups: Path
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    map: Path | None = None
    gathered: bool = False
    without_run: tuple[str, ...] = ()

    def stream(self) -> VectorStream | None:
        """Open the vectors that were clustered, one recording in memory at a time; None for none.

        Raises
        ------
        InputError
            When they are not where they were, or the run card does not say where that is.
        """
        from napari_mousegpt.clusters.clustering_sources import stream_of_run
        from napari_mousegpt.clusters.streams import ParquetStream

        if self.gathered:
            found = stream_of_run(self.groups)
            if found is None:
                raise InputError(
                    self.groups,
                    expected="a run card that says where its vectors lie",
                    found="none: they were in memory, or fused by an earlier version",
                    remedy="Give the same 'napari-mousegpt cluster' command again, which fits "
                    "nothing again; in Python, cluster vector_stream([FOLDER, ...]).",
                )
            return found
        files = [run / "result" / "vectors.parquet" for run in self.runs.values()]
        there = [file for file in files if file.is_file()]
        return ParquetStream(there) if there else None

    @property
    def words(self) -> list[Path]:
        """Tables of descriptions that are there."""
        files = [run / "result" / "descriptions.parquet" for run in self.runs.values()]
        return [file for file in files if file.is_file()]


def find_runs(folder: Path) -> RunFolders:
    """Return what is in a folder of results.

    Raises
    ------
    InputError
        When it is none of a finished run or study.
    FormatError
        When its card cannot be read.
    """
    outcomes = folder / "result" / "study.parquet"
    if outcomes.is_file():
        table = read_parquet(outcomes)
        done = table[table["state"] == "done"]
        runs = {str(row.recording): folder / str(row.folder) for row in done.itertuples()}
        return RunFolders(folder, runs, folder / "clusters", _facts(done))
    card = folder / "result" / "recording.json"
    if not card.is_file():
        found = _made_of_vectors(folder)
        if found is not None:
            return found
        if (folder / "published.json").is_file():
            raise InputError(
                folder,
                expected="results to show on this published map",
                found="the map alone, which holds no recordings",
                remedy="Apply it: napari-mousegpt apply MAP RECORDING -o OUT. Then choose OUT.",
            )
        raise InputError(
            folder,
            expected="the folder of a finished run or study",
            found="no result/recording.json and no result/study.parquet",
            remedy='Choose the folder that stands under "results" when a run is done.',
        )
    return RunFolders(folder, {_id_in(card): folder}, folder)


def _made_of_vectors(folder: Path) -> RunFolders | None:
    """Return what a run of ``cluster``, ``refit`` or ``apply`` was made of; None for another."""
    from napari_mousegpt.clusters.clustering_sources import check_sources, source_files

    if not (folder / "result" / "assignments.parquet").is_file():
        return None
    check_sources(folder)
    runs: dict[str, Path] = {}
    alone: set[str] = set()
    for file in source_files(folder).values():
        home = file.parent.parent
        card = home / "result" / "recording.json"
        if card.is_file():
            runs.setdefault(_id_in(card), home)
        else:
            alone.update(_recordings_in(file))
    text = (folder / "result" / "run_card.json").read_text(encoding="utf-8")
    source = RunCard.from_json(text).sources.get("map")
    return RunFolders(
        folder,
        runs,
        folder,
        map=None if source is None else Path(source),
        gathered=True,
        without_run=tuple(sorted(alone - set(runs))),
    )


def _recordings_in(file: Path) -> set[str]:
    """Return which recordings a table of vectors or words is of, reading nothing else of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_table(file, columns=["recording"])["recording"].unique()
    except (pa.ArrowException, OSError, KeyError) as error:
        raise FormatError(
            file, expected="a table of vectors", found=str(error), remedy="Make it again."
        ) from error
    return {str(one) for one in found.to_pylist()}


def _id_in(card: Path) -> str:
    try:
        return str(json.loads(card.read_text(encoding="utf-8"))["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            card, expected="id of a recording", found=str(error), remedy="Make the run again."
        ) from error


def _facts(done: pd.DataFrame) -> dict[str, dict[str, str]]:
    found = {}
    for column in done.columns:
        if column in _OUTCOMES or column in FILE_ROLES:
            continue
        values = done[column].astype(object).where(done[column].notna(), "").astype(str)
        groups = 1 < len(set(values)) <= min(_MOST_VALUES, len(values) - 1)
        if groups or column in ("animal", "group"):
            found[str(column)] = dict(zip(done["recording"].astype(str), values, strict=True))
    return found
