"""What a finished run says, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.runs.results import RunResult

__all__ = ["ClusterRow", "cluster_rows", "outcome"]


@dataclass(frozen=True)
class ClusterRow:
    """One cluster.

    Parameters
    ----------
    cells : tuple of str
        Name, time spent in it, bouts, where its most typical moment is.
    sentence : str
        What the animal does there.
    frame : int or None
        First frame of that moment, None when it is in another recording.
    """

    cells: tuple[str, str, str, str]
    sentence: str
    frame: int | None


def cluster_rows(clusters: pd.DataFrame, recording: Recording) -> list[ClusterRow]:
    """Return one row for each cluster, the one with most time first.

    Parameters
    ----------
    clusters : DataFrame
        :data:`napari_mousegpt.core.tables.CLUSTERS`.
    recording : Recording
        The recording that can be jumped to.
    """
    rows = []
    table = clusters.sort_values("seconds", ascending=False)
    starts = table["medoid_start"].astype(int).tolist()
    for row, start in zip(table.itertuples(), starts, strict=True):
        where, frame = str(row.medoid_recording), None
        if where == recording.id:
            frame = start
            where = f"at {recording.timebase.time(frame):.1f} s"
        cells = (str(row.name), f"{row.seconds:.1f} s", str(row.n_bouts), where)
        rows.append(ClusterRow(cells, str(row.sentence), frame))
    return rows


def outcome(result: RunResult, *, with_clusters: bool) -> str:
    """Return what came of a run, and where it lies.

    Parameters
    ----------
    result : RunResult
        A finished run.
    with_clusters : bool
        Whether the clusters, or why there are none, are told too; a table may show them already.
    """
    # The first line says what the recording is, which stands above already.
    lines = [" ".join(line.split()) for line in result.summary()[1:]]
    if not with_clusters:
        lines = [line for line in lines if not line.startswith("clusters:")]
    return "\n".join(line[0].upper() + line[1:] for line in lines)
