"""Scores of a novelty run, for the windows of a map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.map_points import MapPoints
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.errors import InputError

__all__ = ["read_scores"]

_KEYS = ["recording", "individual", "start", "stop"]


def read_scores(points: MapPoints, folder: Path) -> NDArray[np.float32]:
    """Return the score of each window, shape (n,); NaN where the run says nothing.

    Parameters
    ----------
    points : MapPoints
        Windows, not bouts.
    folder : Path
        Of a run of ``novel``.

    Raises
    ------
    InputError
        When it is none, or none of its windows is among the points.
    """
    file = folder / "result" / "windows.parquet"
    if not file.is_file():
        raise InputError(
            folder,
            expected="the folder of a novelty run (result/windows.parquet)",
            found="no such file",
            remedy='Choose the folder given to "napari-mousegpt novel -o".',
        )
    table = read_parquet(file)
    missing = [name for name in (*_KEYS, "share") if name not in table.columns]
    if missing:
        raise InputError(file, expected="keys and a share", found=f"no {', '.join(missing)}")
    scores = table.drop_duplicates(_KEYS).set_index(_KEYS)["share"]
    people = dict(enumerate(points.individuals))
    found = np.full(len(points), np.nan, dtype=np.float32)
    for number, name in enumerate(points.recordings):
        mine = np.flatnonzero(points.recording == number)
        who = [people[int(one)] for one in points.individual[mine]]
        keys = zip([name] * len(mine), who, points.start[mine], points.stop[mine], strict=True)
        found[mine] = scores.reindex(list(keys)).to_numpy(dtype=np.float32)
    if not np.isfinite(found).any():
        raise InputError(
            folder,
            expected="scores of windows that are on this map",
            found=f"none of {len(table)}",
            remedy="Choose a novelty run of the same recordings and vectors.",
        )
    return found
