"""Which bouts stand for a label: a few moments that a person should look at first."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError

__all__ = ["HOW", "choose_exemplars"]

#: Ways to choose, and what to call them.
HOW = {
    "typical": "typical length, high confidence",
    "confident": "highest confidence",
    "longest": "longest",
    "random": "at random",
}

How = Literal["typical", "random", "longest", "confident"]


def choose_exemplars(
    ethogram: Ethogram,
    label: str,
    n: int = 12,
    how: How = "typical",
    seed: int = 0,
) -> Ethogram:
    """Choose bouts of one label, spread over animals and recordings.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of any number of recordings; rejected ones are left out.
    label : str
        Behaviour or cluster.
    n : int
        At most so many.
    how : {"typical", "random", "longest", "confident"}
        What goes first. Typical bouts have at least the median confidence of the label, where
        there is one, and are nearest to its median length: no flickers, no monsters.
    seed : int
        For ``"random"``: the same seed gives the same bouts, whatever the order of the rows.

    Returns
    -------
    Ethogram
        The bouts, sorted by recording, individual and start. Column ``rank`` counts from 0 in the
        order in which they were chosen: each animal of each recording gives its best bout, then
        each its second, until there are enough. No two bouts of one animal overlap.

    Raises
    ------
    InputError
        When there is no bout of that label, ``n`` is below 1, or the way to choose is unknown.
    """
    if how not in HOW:
        raise InputError(f"how={how!r}", expected=f"one of {', '.join(HOW)}")
    if n < 1:
        raise InputError(f"n={n}", expected="1 or more")
    bouts = ethogram.bouts.to_pandas()
    table = bouts[(bouts["label"] == label) & (bouts["status"] != "rejected")]
    if table.empty:
        known = ", ".join(ethogram.labels[:8]) + (", ..." if len(ethogram.labels) > 8 else "")
        raise InputError(
            f"label {label!r}",
            expected="a label that has bouts" + (f": {known}" if known else ""),
            found="none that is not rejected",
            remedy="Choose another one.",
        )
    keys = ["recording", "individual", "start", "stop", "bout_id"]
    table = table.sort_values(keys, kind="stable").reset_index(drop=True)
    table["badness"] = _badness(table, how, seed)
    chosen = _in_turn(table.sort_values(["badness", *keys], kind="stable"), n)
    chosen = chosen.assign(rank=np.arange(len(chosen))).drop(columns="badness")
    return Ethogram(Intervals(chosen), ethogram.observed)


def _badness(table: pd.DataFrame, how: How, seed: int) -> np.ndarray:
    """What is small in the bouts that go first."""
    length = (table["stop"] - table["start"]).to_numpy(dtype=float)
    confidence = table["confidence"].to_numpy(dtype=float)
    if how == "random":
        return np.random.default_rng(seed).permutation(len(table)).astype(float)
    if how == "longest":
        return -length
    if how == "confident":
        return np.where(np.isnan(confidence), 1.0, -confidence)
    scale = np.log(np.maximum(length, 1))
    off = np.abs(scale - np.median(scale))
    known = confidence[~np.isnan(confidence)]
    # Those below the median confidence come last, in the same order among themselves.
    weak = confidence < np.median(known) if known.size else np.zeros(len(table), dtype=bool)
    return off + weak * (1 + off.max())


def _in_turn(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """Take the rows of each animal of each recording in turn, leaving out those that overlap."""
    queues = [
        group
        for _, group in sorted(
            table.groupby(["recording", "individual"], sort=False),
            key=lambda item: (float(item[1]["badness"].iloc[0]), item[0]),
        )
    ]
    waiting = [_apart(group, n) for group in queues]
    rows: list[int] = []
    turn = 0
    while len(rows) < n and any(turn < len(queue) for queue in waiting):
        rows += [queue[turn] for queue in waiting if turn < len(queue)]
        turn += 1
    return table.loc[rows[:n]]


def _apart(group: pd.DataFrame, n: int) -> list[int]:
    """Index of the first ``n`` rows of one animal of which no two share a frame."""
    rows: list[int] = []
    spans: list[tuple[int, int]] = []
    places = zip(group.index.tolist(), group["start"].tolist(), group["stop"].tolist(), strict=True)
    for row, start, stop in places:
        end = max(stop, start + 1)  # an event is where its frame is
        if all(end <= first or last <= start for first, last in spans):
            rows.append(row)
            spans.append((start, end))
        if len(rows) == n:
            break
    return rows
