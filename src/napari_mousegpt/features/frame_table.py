"""Frame features as a table, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import MismatchError
from napari_mousegpt.features.frame_features import FrameFeatures

__all__ = ["features_from_table", "features_to_table"]

_HEADER = re.compile(r"(?P<name>.+) \[(?P<unit>.+)\]")
_KEYS = ["individual", "frame", "body_length", "source"]


def features_to_table(features: Mapping[str, FrameFeatures]) -> pd.DataFrame:
    """Return one row for each frame of each individual, measures named ``"speed [BL/s]"``."""
    tables = []
    for individual, measured in features.items():
        headers = [f"{n} [{u}]" for n, u in zip(measured.names, measured.units, strict=True)]
        table = pd.DataFrame(measured.values, columns=headers)
        table.insert(0, "individual", individual)
        table.insert(1, "frame", np.arange(measured.n_frames))
        table.insert(2, "body_length", measured.body_length)
        table.insert(3, "source", measured.source)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def features_from_table(table: pd.DataFrame, timebase: Timebase) -> dict[str, FrameFeatures]:
    """Read the features back.

    Raises
    ------
    MismatchError
        When the table has another number of frames than the clock.
    """
    headers = [name for name in table.columns if name not in _KEYS]
    parsed = [_HEADER.fullmatch(header) for header in headers]
    names = tuple(match["name"] for match in parsed if match)
    units = tuple(match["unit"] for match in parsed if match)
    if len(names) != len(headers):
        raise MismatchError(
            "feature table", expected="measures named 'name [unit]'", found=", ".join(headers)
        )
    features = {}
    for individual, rows in table.groupby("individual", sort=False):
        rows = rows.sort_values("frame")
        features[str(individual)] = FrameFeatures(
            individual=str(individual),
            names=names,
            units=units,
            values=rows[headers].to_numpy(dtype=np.float32),
            body_length=float(rows["body_length"].iloc[0]),
            timebase=timebase,
            source=str(rows["source"].iloc[0]),
        )
    return features
