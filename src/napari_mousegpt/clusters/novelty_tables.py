"""Rows of the tables that tell about novelty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.novelty_calibration import Rate
from napari_mousegpt.core.intervals import KEYS, Intervals

__all__ = [
    "ABOVE",
    "BATCH",
    "CANDIDATE_COLUMNS",
    "UNKNOWN",
    "USUAL",
    "recording_row",
    "window_keys",
]

#: What is said of a recording.
BATCH = "batch effect: flagged wholesale, no discovery"
ABOVE = "above the stated rate"
USUAL = "within the stated rate"
UNKNOWN = "not calibrated"

#: What is told of a candidate behaviour. ``examples`` is a JSON list of [recording, individual,
#: start, stop]; ``times_denser`` is how many times denser the new recordings are at its median.
CANDIDATE_COLUMNS = (
    "candidate",
    "n_windows",
    "n_bouts",
    "seconds",
    "n_recordings",
    "n_animals",
    "animals",
    "share",
    "times_denser",
    "medoid_range_id",
    "medoid_recording",
    "medoid_individual",
    "medoid_start",
    "medoid_stop",
    "examples",
)


def window_keys(intervals: Intervals) -> pd.DataFrame:
    """Return keys and, where there are any, seconds of intervals."""
    table = intervals.to_pandas()
    table = table[[name for name in (*KEYS, "start_s", "stop_s") if name in table.columns]]
    table.insert(0, "range_id", intervals.range_ids())
    return table


def recording_row(
    recording: str,
    animal: str,
    role: str,
    rate: Rate,
    windows: int,
    stated: float,
    batch_share: float,
    *,
    calibrated: bool,
) -> dict[str, Any]:
    """Return the row of one recording, with what its rate of flags means."""
    if not calibrated or not windows:
        verdict = UNKNOWN
    elif rate.rate >= batch_share:
        verdict = BATCH
    else:
        verdict = ABOVE if rate.low > stated else USUAL
    known = calibrated and windows > 0
    return {
        "recording": recording,
        "animal": animal,
        "role": role,
        "windows": windows,
        "flagged": round(rate.rate * windows) if known else 0,
        "rate": rate.rate if known else np.nan,
        "low": rate.low if known else np.nan,
        "high": rate.high if known else np.nan,
        "verdict": verdict,
    }
