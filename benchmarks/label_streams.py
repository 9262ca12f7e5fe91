"""Vectors from the machine labels of two group studies: how much of each label is in a window.

``group_csi_openfield``: 25 clusters of another program and rearing, frame by frame, 57 mice.
``group_formalin_lupe``: six behaviours, 30 recordings. Their poses are not public; what other
programs called each frame still says, second by second, what the mice did.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors

__all__ = ["csi_vectors", "formalin_vectors"]

_CSI_FPS, _LUPE_FPS = 25, 60
#: Windows that the wider shares are taken over.
_AROUND = 5


def csi_vectors(data_root: Path) -> Vectors:
    """Return a row a second: shares of 25 clusters and of rearing, 57 mice."""
    pieces = []
    for path in sorted((data_root / "group_csi_openfield" / "streams").glob("*.csv")):
        table = pd.read_csv(path, sep=";")
        kinds = {
            **{f"cluster {k}": (table["kmeans.25"] == k).to_numpy() for k in range(1, 26)},
            "rearing supported": (table["rear.classifier"] == "Supported").to_numpy(),
            "rearing unsupported": (table["rear.classifier"] == "Unsupported").to_numpy(),
        }
        seen = table["kmeans.25"].notna().to_numpy()
        pieces.append(_windows(path.name.split("_19")[0], kinds, seen, _CSI_FPS, "csi labels"))
    return Vectors.concat(pieces)


def formalin_vectors(data_root: Path) -> Vectors:
    """Return a row for two seconds: shares of six behaviours, 30 recordings."""
    folder = data_root / "group_formalin_lupe"
    study = pd.read_csv(folder / "metadata.csv")
    bouts = {row.file: pd.read_csv(folder / row.file) for row in study.itertuples()}
    labels = sorted({label for table in bouts.values() for label in table["label"]})
    pieces = []
    for row in study.itertuples():
        frames = np.full(int(row.n_frames), -1)
        for bout in bouts[row.file].itertuples():
            frames[bout.start_frame : bout.stop_frame] = labels.index(bout.label)
        kinds = {label: frames == number for number, label in enumerate(labels)}
        name = Path(row.file).stem
        pieces.append(_windows(name, kinds, frames >= 0, 2 * _LUPE_FPS, "lupe labels"))
    return Vectors.concat(pieces)


def _windows(
    recording: str, kinds: dict[str, NDArray[np.bool_]], seen: NDArray[np.bool_], n: int, model: str
) -> Vectors:
    """Return the share of each kind in windows of ``n`` frames, and in those around them."""
    count = len(seen) // n
    said = np.stack([kind[: count * n].reshape(count, n).mean(axis=1) for kind in kinds.values()])
    kernel = np.ones(_AROUND) / _AROUND
    around = np.stack([np.convolve(row, kernel, mode="same") for row in said])
    start = np.flatnonzero(seen[: count * n].reshape(count, n).all(axis=1)) * n
    fps = n if model.startswith("csi") else n // 2
    ranges = Intervals.build(
        recording, start, start + n, "m", start_s=start / fps, stop_s=(start + n) / fps
    )
    values = np.sqrt(np.vstack([said, around]).T[start // n]).astype(np.float32)
    names = (*kinds, *(f"{kind} mean {_AROUND}" for kind in kinds))
    return Vectors(ranges, values, names, model, "1")
