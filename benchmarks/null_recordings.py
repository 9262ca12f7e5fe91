"""Recordings among which nothing is new: animals of one group of a study, split at random.

Two studies of the shared data tell what a machine labelled in each frame, and have many animals:

- ``group_csi_openfield``: 25 clusters of behaviour at 25 frames per second, controls and animals
  after chronic social instability;
- ``group_formalin_lupe``: six labels at 60 frames per second, three doses of formalin.

A vector tells the share of each label in the seconds around a window, at three time scales. Groups
are never mixed: within one, reference and new recordings differ by chance only. Splits are of
animals: one number occurs twice in the formalin study (5 %, ``2110.2``), so both of its recordings
are always on the same side, though the second may be another animal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors

__all__ = ["null_groups", "one_animal_each", "random_splits"]

CSI, FORMALIN = "group_csi_openfield", "group_formalin_lupe"
#: Length of a window, from one to the next, and the time scales, in seconds.
_CSI_TIMES = (1.0, 2.0, (1, 5, 15))
_FORMALIN_TIMES = (2.0, 4.0, (2, 10, 30))


def null_groups(data_root: Path) -> dict[str, list[Vectors]]:
    """Return the recordings of each group, one Vectors for each animal, whatever it has of them."""
    found = {f"CSI study, {name}": pieces for name, pieces in _csi(data_root / CSI).items()}
    for name, pieces in _formalin(data_root / FORMALIN).items():
        found[f"formalin study, {name}"] = pieces
    return found


def random_splits(
    pieces: list[Vectors], n_reference: int, n_new: int, repeats: int, seed: int = 0
) -> Iterator[tuple[Vectors, Vectors]]:
    """Yield recordings of reference and new animals, drawn without return.

    Where there are fewer animals than are asked for, fewer are new.
    """
    random = np.random.default_rng(seed)
    for _ in range(repeats):
        order = random.permutation(len(pieces))
        old, new = order[:n_reference], order[n_reference : n_reference + n_new]
        yield tuple(Vectors.concat([pieces[one] for one in side]) for side in (old, new))  # type: ignore[misc]


def one_animal_each(pieces: list[Vectors]) -> dict[str, str]:
    """Return the animal of each recording, each of the pieces being one animal."""
    found = {}
    for piece in pieces:
        names = sorted(set(piece.intervals.recording.astype(str)))
        found.update(dict.fromkeys(names, names[0]))
    return found


def _csi(folder: Path) -> dict[str, list[Vectors]]:
    found: dict[str, list[Vectors]] = {}
    table = pd.read_csv(folder / "Example_metadata.csv", sep=";")
    for row in table.itertuples():
        path = folder / "streams" / str(row.DLCFile)
        if path.is_file():
            labels = pd.read_csv(path, sep=";")["kmeans.25"].dropna().to_numpy(dtype=int) - 1
            vectors = _shares(str(row.Animal), labels, 25, 25, *_CSI_TIMES)
            found.setdefault(str(row.Condition), []).append(vectors)
    return found


def _formalin(folder: Path) -> dict[str, list[Vectors]]:
    found: dict[str, dict[str, list[Vectors]]] = {}
    number: dict[str, int] = {}
    for row in pd.read_csv(folder / "metadata.csv", dtype={"animal": str}).itertuples():
        bouts = pd.read_csv(folder / str(row.file))
        codes = [number.setdefault(str(label), len(number)) for label in bouts["label"]]
        labels = np.repeat(codes, bouts["stop_frame"] - bouts["start_frame"])
        vectors = _shares(str(row.file), labels, 6, 60, *_FORMALIN_TIMES)
        found.setdefault(str(row.group), {}).setdefault(str(row.animal), []).append(vectors)
    return {
        group: [Vectors.concat(recordings) for recordings in animals.values()]
        for group, animals in found.items()
    }


def _shares(
    name: str,
    labels: NDArray[np.int64],
    n_labels: int,
    fps: int,
    length_s: float,
    step_s: float,
    scales: tuple[int, ...],
) -> Vectors:
    """Return the share of each label around windows; roots, so that rare labels count, too."""
    sums = np.vstack([np.zeros(n_labels), np.cumsum(labels[:, None] == np.arange(n_labels), 0)])
    size = int(length_s * fps)
    starts = np.arange(0, len(labels) - size + 1, int(step_s * fps))
    columns, names = [], []
    for scale in scales:
        low = np.clip(starts + size // 2 - scale * fps // 2, 0, len(labels))
        high = np.clip(starts + size // 2 + scale * fps // 2, 0, len(labels))
        columns.append(np.sqrt((sums[high] - sums[low]) / (high - low)[:, None]))
        names += [f"label_{label} mean {scale}s" for label in range(n_labels)]
    windows = Intervals.build(
        name, starts, starts + size, "m", start_s=starts / fps, stop_s=(starts + size) / fps
    )
    values = np.concatenate(columns, axis=1).astype(np.float32)
    return Vectors(windows, values, tuple(names), "label shares", "1")
