"""What a finished run says, as text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt._napari.bout_words import time_text

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.runs import RunResult, StudyResult

__all__ = ["ResultRow", "cluster_rows", "label_rows", "outcome", "study_rows"]


@dataclass(frozen=True)
class ResultRow:
    """One label or cluster.

    Parameters
    ----------
    cells : tuple of str
        Name, time spent in it, bouts, where an example is; or what else the columns are.
    sentence : str
        What the animal does there.
    frame : int or None
        First frame of the example, None when it is in a recording that is not shown.
    """

    cells: tuple[str, ...]
    sentence: str
    frame: int | None


def cluster_rows(clusters: pd.DataFrame, recording: Recording | None) -> list[ResultRow]:
    """Return one row for each cluster, the one with most time first.

    Parameters
    ----------
    clusters : DataFrame
        :data:`napari_mousegpt.core.tables.CLUSTERS`.
    recording : Recording or None
        The recording that can be jumped to.
    """
    rows = []
    table = clusters.sort_values("seconds", ascending=False)
    starts = table["medoid_start"].astype(int).tolist()
    for row, start in zip(table.itertuples(), starts, strict=True):
        where, frame = str(row.medoid_recording), None
        if recording is not None and where == recording.id:
            frame = start
            where = _at(recording, frame)
        cells = (str(row.name), _seconds(float(row.seconds)), str(row.n_bouts), where)
        rows.append(ResultRow(cells, str(row.sentence), frame))
    return rows


def label_rows(result: RunResult) -> list[ResultRow]:
    """Return one row for each label of the words, the one with most time first.

    The example is the stretch whose label stands out most clearly.
    """
    bouts = result.ethogram.bouts.select(source="model")
    clock, said = result.recording.timebase, result.descriptions
    said = said[said["label"] != ""].sort_values(
        ["confidence", "stop", "start"], ascending=[False, False, True], kind="stable"
    )
    examples = said.drop_duplicates("label").set_index("label")
    rows = []
    for label in dict.fromkeys(bouts.column("label")):
        mine = bouts.select(label=label)
        seconds = float(np.sum(clock.time(mine.stop) - clock.time(mine.start)))
        example = examples.loc[label]
        frame = int(example["start"])
        cells = (str(label), _seconds(seconds), str(len(mine)), _at(result.recording, frame))
        rows.append((seconds, ResultRow(cells, str(example["overall"]), frame)))
    return [row for _, row in sorted(rows, key=lambda item: -item[0])]


def study_rows(outcomes: pd.DataFrame) -> list[ResultRow]:
    """Return one row for each recording of a study: id, time, descriptions, what came of it."""
    rows = []
    for row in outcomes.itertuples():
        failed = row.state == "failed"
        cells = (
            str(row.recording),
            "" if failed else _seconds(float(row.seconds)),
            "" if failed else str(row.descriptions),
            str(row.state),
        )
        rows.append(ResultRow(cells, str(row.problem or row.warnings or row.folder), None))
    return rows


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 59.95 else time_text(seconds)


def _at(recording: Recording, frame: int) -> str:
    return f"at {_seconds(float(recording.timebase.time(frame)))}"


def outcome(result: RunResult | StudyResult, *, in_table: Collection[str] = ()) -> str:
    """Return what came of a run, and where it lies.

    Parameters
    ----------
    result : RunResult or StudyResult
        A finished run.
    in_table : collection of str
        What a table shows already, ``"words"`` or ``"clusters"``: it is left out here.
    """
    lines = [" ".join(line.split()) for line in result.summary()]
    if hasattr(result, "recording"):
        # The first line says what the recording is, which stands above already.
        del lines[0]
    # Why there are none is in no table.
    lines = [
        line
        for line in lines
        if line.split(":")[0] not in in_table or line.startswith("clusters: none")
    ]
    return "\n".join(line[0].upper() + line[1:] for line in lines)
