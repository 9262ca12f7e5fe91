"""What is done with the stretches that were picked on a map."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt._napari.bout_words import time_text
from napari_mousegpt._napari.extras import extras_of
from napari_mousegpt.core.ethogram import Ethogram, content_bout_ids
from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError, OutputExistsError

if TYPE_CHECKING:
    from napari_mousegpt._napari.map_points import MapPoints
    from napari_mousegpt._napari.state import ViewerState
    from napari_mousegpt.core.timebase import Timebase

__all__ = ["PICKED", "as_ethogram", "export", "highlight", "mark", "picked_text"]

#: What the timeline and the clips call what was picked.
PICKED = "picked on the map"


def picked_text(state: ViewerState, points: MapPoints, stretches: Intervals) -> str:
    """Return how much is picked, in a line."""
    if not len(stretches):
        return ""
    windows = int(stretches.column("windows").sum())
    recordings = len(set(stretches.recording))
    several = f"{recordings} recordings" if recordings > 1 else str(stretches.recording[0])
    return (
        f"Picked: {windows:,} {'window' if windows == 1 else 'windows'} in {len(stretches):,} "
        f"{'stretch' if len(stretches) == 1 else 'stretches'} of {several}"
        f"{_lasting(state, stretches)}."
    )


def _lasting(state: ViewerState, stretches: Intervals) -> str:
    opened, seconds = state.recordings, 0.0
    for name in set(stretches.recording):
        if name not in opened:
            return ""
        clock, mine = opened[name].timebase, stretches.select(recording=name)
        seconds += float(np.sum(clock.time(mine.stop) - clock.time(mine.start)))
    return f", {time_text(seconds)}" if seconds >= 60 else f", {seconds:.1f} s"


def as_ethogram(stretches: Intervals, label: str = PICKED) -> Ethogram:
    """Return stretches as bouts of one label."""
    bouts = Intervals(stretches.to_pandas()[["recording", "individual", "start", "stop"]])
    bouts = bouts.assign(label=label)
    return Ethogram(bouts.assign(bout_id=content_bout_ids(bouts, "cluster")), source="cluster")


def highlight(
    state: ViewerState, stretches: Intervals, label: str = PICKED
) -> tuple[int, list[str]]:
    """Show stretches on the timelines of open recordings, in place of those shown before.

    Returns
    -------
    shown : int
        Stretches that are shown.
    closed : list of str
        Recordings that are not open.
    """
    shown, opened = 0, state.open_recordings
    for name, recording in opened.items():
        extras = extras_of(state, name)
        before = extras.epochs
        kept = before[before.column("label") != label]
        mine = Intervals.build([], [], [], [], label=[])
        if name in set(stretches.recording):
            mine = as_ethogram(stretches.select(recording=name), label).bouts
            shown += len(mine)
        if len(kept) == len(before) and not len(mine):
            continue
        with extras.changed.blocked():
            extras.clear_epochs()
        keys = ["recording", "individual", "start", "stop", "label"]
        both = [Intervals(one.to_pandas()[keys]) for one in (kept, mine)]
        extras.add_epochs(recording, Intervals.concat(both))
    return shown, sorted(set(stretches.recording) - set(opened))


def mark(state: ViewerState, stretches: Intervals, label: str) -> tuple[int, list[str]]:
    """Mark stretches as a label, one edit for each open recording, which one undo takes back.

    Returns
    -------
    marked : int
        Stretches that were marked.
    closed : list of str
        Recordings that are not open: nothing is marked there.
    """
    marked, opened = 0, state.open_recordings
    for name in sorted(set(stretches.recording) & set(opened)):
        marked += len(state.desk(name).mark_all(label, stretches.select(recording=name)))
    return marked, sorted(set(stretches.recording) - set(opened))


def export(
    path: Path,
    points: MapPoints,
    picked: np.ndarray,
    names: Mapping[int, str],
    clocks: Mapping[str, Timebase],
    *,
    overwrite: bool = False,
) -> int:
    """Write the picked points as a table, csv or parquet by the ending; returns its rows.

    Columns: recording, individual, start, stop (half-open frames), start_s, stop_s (where the
    recording is open), cluster, name, strength, windows.

    Raises
    ------
    InputError
        When nothing is picked, or the ending is another one.
    OutputExistsError
        When the file is there, and ``overwrite`` is off.
    StorageError
        When it cannot be written; what was there before is as it was.
    """
    rows = np.flatnonzero(picked)
    if not len(rows):
        raise InputError("export", expected="points that are picked", found="none")
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(path, expected="a name that ends in .csv or .parquet", found=path.suffix)
    if path.exists() and not overwrite:
        raise OutputExistsError(
            path, expected="a new file", found="one that is there already",
            remedy="Choose another name.",
        )  # fmt: skip
    table = Intervals.build(
        np.asarray(points.recordings, dtype=object)[points.recording[rows]],
        points.start[rows],
        points.stop[rows],
        np.asarray(points.individuals, dtype=object)[points.individual[rows]],
    ).to_pandas()
    for bound in ("start", "stop"):
        seconds = np.full(len(rows), np.nan)
        for name, clock in clocks.items():
            mine = (table["recording"] == name).to_numpy()
            seconds[mine] = clock.time(table[bound].to_numpy()[mine])
        table[f"{bound}_s"] = seconds
    cluster = points.cluster[rows]
    table["cluster"] = cluster
    table["name"] = [names.get(int(one), "") for one in cluster]
    table["strength"] = points.strength[rows]
    table["windows"] = points.windows[rows]
    with replacing(path) as aside:
        if path.suffix.lower() == ".csv":
            table.to_csv(aside, index=False)
        else:
            table.to_parquet(aside, index=False)
    return len(table)
