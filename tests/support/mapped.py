"""Folders of finished runs with a small made-up map of three behaviours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from napari_mousegpt.clusters import ClusterParams, fit, name_clusters
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.tables import ASSIGNMENTS, DESCRIPTIONS
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.core.vectors import Vectors

__all__ = ["BEHAVIOURS", "mapped_run", "mapped_study", "windows_of"]

#: Label and sentence of each behaviour.
BEHAVIOURS = (
    ("rearing", "Stands upright on its hind legs at the wall."),
    ("walking", "Walks fast across the floor."),
    ("grooming", "Licks its paws and washes its face."),
)
_MIDDLES = np.array([[6.0, 0, 0, 0], [-6.0, 3, 0, 0], [0, -6.0, 4, 0]])
#: Windows of a bout.
BOUT = 5


def windows_of(
    recording: str, n_windows: int, size: int = 3, individual: str = "m1", seed: int = 0
) -> tuple[Vectors, np.ndarray]:
    """Return vectors of windows of ``size`` frames, and the behaviour of each."""
    rng = np.random.default_rng([seed, *recording.encode()])
    behaviour = np.repeat(rng.permutation(np.arange(n_windows // BOUT + 1) % 3), BOUT)[:n_windows]
    values = _MIDDLES[behaviour] + rng.normal(0, 0.8, (n_windows, 4))
    start = np.arange(n_windows) * size
    intervals = Intervals.build(
        recording, start, start + size, individual, start_s=start / 30, stop_s=(start + size) / 30
    )
    names = ("a", "b", "c", "d")
    return Vectors(intervals, values.astype(np.float32), names, "made up", "1"), behaviour


def mapped_run(folder: Path, recording: str = "rec", n_windows: int = 200, size: int = 3) -> Path:
    """Write the folder of a finished run; clusters, vectors, words, clock."""
    return _write(folder, {recording: folder}, n_windows, size)


def mapped_study(
    folder: Path, recordings: tuple[str, ...] = ("a1", "a2", "b1"), n_windows: int = 200
) -> Path:
    """Write the folder of a finished study; the group is the first letter of a recording."""
    runs = {name: folder / "recordings" / name for name in recordings}
    _write(folder / "clusters", runs, n_windows, 3)
    table = pd.DataFrame(
        {
            "recording": recordings,
            "animal": [f"animal {name}" for name in recordings],
            "group": [name[0] for name in recordings],
            "state": "done",
            "folder": [f"recordings/{name}" for name in recordings],
        }
    )
    (folder / "result").mkdir()
    write_parquet(table, folder / "result" / "study.parquet")
    return folder


def _write(groups: Path, runs: dict[str, Path], n_windows: int, size: int) -> Path:
    made = {name: windows_of(name, n_windows, size) for name in runs}
    vectors = Vectors.concat([one for one, _ in made.values()])
    found = fit(vectors, ClusterParams(min_cluster_size=5, micro_clusters=80, partitions=30))
    rows = found.apply(vectors)
    words = pd.concat([_said(one, behaviour) for one, behaviour in made.values()])
    clusters = name_clusters(rows, words)
    (groups / "result").mkdir(parents=True)
    found.save(groups / "result" / "map")
    named = rows["cluster"].map(clusters.set_index("cluster")["name"]).fillna("")
    table = ASSIGNMENTS.check(rows.assign(name=named.astype(object)))
    write_parquet(table, groups / "result" / "assignments.parquet")
    write_parquet(clusters, groups / "result" / "clusters.parquet")
    for name, run in runs.items():
        result = run / "result"
        result.mkdir(parents=True, exist_ok=True)
        mine, behaviour = made[name]
        write_parquet(mine.to_table(), result / "vectors.parquet")
        write_parquet(_said(mine, behaviour), result / "descriptions.parquet")
        clock = Timebase.constant(30, n_windows * size).to_dict(stamps=True)
        (result / "recording.json").write_text(json.dumps({"id": name, "clock": clock}))
    return groups


def _said(vectors: Vectors, behaviour: np.ndarray) -> pd.DataFrame:
    """Return a description of each bout."""
    start, stop = vectors.intervals.start, vectors.intervals.stop
    first = np.flatnonzero(np.append(True, np.diff(behaviour) != 0))
    last = np.append(first[1:], len(behaviour)) - 1
    table = pd.DataFrame(
        {
            "recording": vectors.intervals.recording[first],
            "individual": vectors.intervals.individual[first],
            "start": start[first],
            "stop": stop[last],
            "label": [BEHAVIOURS[one][0] for one in behaviour[first]],
            "overall": [BEHAVIOURS[one][1] for one in behaviour[first]],
            "keywords": [BEHAVIOURS[one][0] for one in behaviour[first]],
            "confidence": 0.9,
            "evidence": [json.dumps({"body_speed [BL/s]": float(one)}) for one in behaviour[first]],
        }
    )
    table["range_id"] = Intervals(table).range_ids()
    for column in DESCRIPTIONS.columns:
        if column.name not in table.columns and column.required:
            table[column.name] = ""
    return DESCRIPTIONS.check(table)
