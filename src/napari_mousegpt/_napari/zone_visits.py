"""Visits to zones: measuring, a table for people, and files. No window is needed."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt._napari.arena_layer import with_arenas
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import StorageError

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.arena import Arena
    from napari_mousegpt.features.zones import ZoneParams

__all__ = ["HEADER", "Visits", "first_frames", "measure", "rows", "write"]

HEADER = ("Zone", "Visits", "Time", "First visit")


@dataclass(frozen=True, eq=False)
class Visits:
    """What was measured.

    Parameters
    ----------
    recording : Recording
        With the arenas it was measured in.
    ethogram : Ethogram
        One bout for each visit; the label is the zone.
    summary : DataFrame
        One row for each individual and zone.
    """

    recording: Recording
    ethogram: Ethogram
    summary: pd.DataFrame


def measure(
    recording: Recording, arenas: Sequence[Arena], params: ZoneParams
) -> Generator[None, None, Visits]:
    """Find the visits to the zones of a recording; what is returned at the end.

    Raises
    ------
    InputError
        When there is no zone, no pose to measure, or an animal of an arena is unknown.
    """
    from napari_mousegpt.features.zones import zone_entries, zone_summary

    placed = with_arenas(recording, arenas)
    visits = zone_entries(placed, params)
    yield
    return Visits(placed, Ethogram(visits, source="model"), zone_summary(placed, params))


def rows(summary: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """Return the cells of a table: zone, visits, time and first visit.

    The names of animal and arena stand before the zone where there are several.
    """
    several = [name for name in ("individual", "arena") if summary[name].nunique() > 1]
    cells = []
    for row in summary.to_dict("records"):
        before = [str(row[name]) for name in several]
        # An arena is mostly told by its animal.
        called = ", ".join([*before[:1], str(row["zone"])])
        share = "" if math.isnan(row["share"]) else f" ({row['share']:.0%})"
        first = "never" if math.isnan(row["latency_s"]) else f"{row['latency_s']:.1f} s"
        cells.append((called, str(row["entries"]), f"{row['seconds']:.1f} s{share}", first))
    return cells


def first_frames(visits: Visits) -> list[int | None]:
    """Return the frame in which each row of the summary was first visited; None where never."""
    clock = visits.recording.timebase
    latencies = visits.summary["latency_s"].tolist()
    return [
        None if math.isnan(time) else clock.frame_at(time, side="nearest") for time in latencies
    ]


def write(path: str | Path, visits: Visits) -> list[Path]:
    """Write the visits as a table of bouts, and the summary beside it.

    Returns
    -------
    list of Path
        The two files, each complete.

    Raises
    ------
    StorageError
        When they cannot be written; what was there before is as it was.
    """
    from napari_mousegpt.io.labels import write_bouts

    path = Path(path)
    if not path.parent.is_dir():
        raise StorageError(
            path, expected="a folder to write in", found="none", remedy="Make the folder first."
        )
    summary = path.with_name(f"{path.stem}_summary.csv")
    recording = visits.recording
    write_bouts(
        path,
        visits.ethogram,
        clocks={recording.id: recording.timebase},
        fingerprints={recording.id: recording.fingerprints},
    )
    with replacing(summary) as aside:
        visits.summary.to_csv(aside, index=False, lineterminator="\n")
    return [path, summary]
