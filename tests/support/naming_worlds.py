"""Assignments and words that are made up, for names of clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from napari_mousegpt.core.intervals import range_ids
from napari_mousegpt.core.tables import DESCRIPTIONS

__all__ = ["assigned", "said_by", "told"]


def assigned(
    clusters: Sequence[int], *, size: int = 10, recording: str = "r", strength: float = 0.8
) -> pd.DataFrame:
    """Return windows of ``size`` frames at 20 per second, one cluster each."""
    start = np.arange(len(clusters)) * size
    ids = range_ids([recording] * len(start), ["m"] * len(start), start, start + size)
    return pd.DataFrame(
        {
            "range_id": ids,
            "recording": recording,
            "individual": "m",
            "start": start,
            "stop": start + size,
            "start_s": start / 20,
            "stop_s": (start + size) / 20,
            "cluster": list(clusters),
            "strength": strength,
        }
    )


def told(
    *rows: tuple[int, int, str, str], recording: str = "r", model: str = "writer 1"
) -> pd.DataFrame:
    """Return descriptions from (start, stop, label, keywords)."""
    table = pd.DataFrame(rows, columns=["start", "stop", "label", "keywords"])
    table = table.assign(recording=recording, individual="m")
    for column in DESCRIPTIONS.columns:
        if column.name not in table.columns and column.required:
            table[column.name] = 0.5 if column.kind == "float" else ""
    sentences = [f"It is {label} from {start}." for start, _, label, _ in rows]
    return table.assign(overall=sentences, model=model)


def said_by(
    rows: pd.DataFrame, words: Mapping[int, tuple[str, str]], model: str = "writer 1"
) -> pd.DataFrame:
    """Return a description of every row by its cluster: label and keywords; none where none is."""
    here = rows[rows["cluster"].isin(list(words))].reset_index(drop=True)
    table = here[["range_id", "recording", "individual", "start", "stop"]].copy()
    table["label"] = [words[c][0] for c in here["cluster"]]
    table["keywords"] = [words[c][1] for c in here["cluster"]]
    for column in DESCRIPTIONS.columns:
        if column.name not in table.columns and column.required:
            table[column.name] = 0.5 if column.kind == "float" else ""
    places = zip(table["label"], table["recording"], table["start"], strict=True)
    sentences = [f"It is {label} in {rec} from {start}." for label, rec, start in places]
    return table.assign(overall=sentences, model=model)
