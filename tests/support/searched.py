"""A few descriptions to search in, whose answers are known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.core.vectors import Vectors

__all__ = ["CLOCKS", "SENTENCES", "described", "placed"]

#: Label, sentence and speed of the windows, over and over.
SENTENCES = (
    ("rearing", "Rears, neck 0.90 BL above the floor.", 0.1),
    ("walking", "Walks fast (1.62 BL/s), turning left by 40 deg.", 1.6),
    ("grooming", "Grooms, fore paws 0.20 BL from the nose.", 0.05),
    ("walking", "Walks slowly (0.31 BL/s) along the wall.", 0.3),
    ("", "", float("nan")),
)
FPS = 30
#: The second recording has a rate of its own.
CLOCKS = {"m1": Timebase.constant(FPS, 3000), "m2": Timebase.constant("30000/1001", 3000)}


def described(n: int = 40, **columns: Any) -> pd.DataFrame:
    """Descriptions of ``n`` windows of one second, half of them of each recording."""
    rows = []
    for i in range(n):
        label, sentence, speed = SENTENCES[i % len(SENTENCES)]
        start = i // 2 * FPS
        evidence = {} if np.isnan(speed) else {"seconds": 1.0, "body_speed [BL/s]": speed}
        rows.append(
            {
                "recording": ("m1", "m2")[i % 2],
                "individual": "",
                "start": start,
                "stop": start + FPS,
                "label": label,
                "confidence": 0.5 + i / (4 * n),
                "overall": sentence,
                "head": "Head in line with the body." if sentence else "",
                "limb": "not visible",
                "torso": "",
                "keywords": f"{label};steady" if label else "",
                "evidence": json.dumps(evidence),
                "model": "m",
                "prompt_id": "p",
            }
        )
    table = pd.DataFrame(rows)
    ids = Intervals(table[["recording", "individual", "start", "stop"]]).range_ids()
    return DESCRIPTIONS.check(table.assign(range_id=ids, **columns))


def placed(table: pd.DataFrame, seed: int = 0) -> Vectors:
    """Vectors of three pieces of each window; each label, also none, has its place."""
    rng = np.random.default_rng(seed)
    labels = sorted(set(table["label"]))
    places = np.eye(len(labels), dtype=np.float32)[[labels.index(one) for one in table["label"]]]
    values = np.repeat(places, 3, axis=0) + rng.normal(0, 0.05, (3 * len(table), len(labels)))
    start = (table["start"].to_numpy()[:, None] + [0, 10, 20]).ravel()
    ranges = Intervals.build(table["recording"].repeat(3).to_numpy(), start, start + 10)
    return Vectors(ranges, values.astype(np.float32), (), "kinematic/1", "r")
