"""The folder of a study of made-up recordings: vectors, a map, one behaviour that is new."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from napari_mousegpt.clusters import ClusterParams, fit
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.vectors import Vectors
from support.novelty_worlds import make

KNOWN, NEW = (0, 1, 2, 3, 4), 6
#: Frames of each recording.
N_FRAMES = 600


def make_study(folder: Path, *, n_reference: int = 6, n_new: int = 3) -> Vectors:
    """Write a study; returns all vectors. Recordings ``r0``... are controls, ``n0``... are not."""
    old, _ = make("r", n_reference, KNOWN, seed=1)
    new, _ = make("n", n_new, (*KNOWN, NEW), seed=2)
    both = Vectors.concat([old, new])
    rows = []
    for name in sorted(set(both.intervals.recording)):
        place = folder / "recordings" / name / "result"
        place.mkdir(parents=True)
        mine = both[both.intervals.recording == name]
        write_parquet(mine.to_table(), place / "vectors.parquet")
        group = "control" if name.startswith("r") else "treated"
        rows.append((name, name, group, "done", f"recordings/{name}"))
    columns = ["recording", "animal", "group", "state", "folder"]
    (folder / "result").mkdir()
    write_parquet(pd.DataFrame(rows, columns=columns), folder / "result" / "study.parquet")
    found = fit(old, ClusterParams(micro_clusters=80, partitions=20, bout_s=0.5))
    found.save(folder / "clusters" / "result" / "map")
    labels = found.apply(both)
    write_parquet(labels, folder / "clusters" / "result" / "assignments.parquet")
    assert np.isfinite(both.values).all()
    return both
