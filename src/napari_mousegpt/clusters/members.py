"""Typical members of each cluster: a few bouts that a person should look at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.typical import bout_numbers
from napari_mousegpt.core.intervals import KEYS

__all__ = ["bouts_of", "typical_members"]


def bouts_of(assignments: pd.DataFrame) -> pd.DataFrame:
    """Return the uninterrupted bouts of all clusters, noise left out.

    Returns
    -------
    DataFrame
        ``cluster``, recording, individual, start, stop (half-open frames), ``strength`` (mean over
        its intervals) and ``n_ranges``, sorted by recording, individual and start.
    """
    rows = assignments[[*KEYS, "cluster", "strength"]].reset_index(drop=True)
    numbers = bout_numbers(rows)
    inside = rows["cluster"].to_numpy() >= 0
    grouped = rows[inside].groupby(numbers[inside], sort=True)
    return pd.DataFrame(
        {
            "cluster": grouped["cluster"].first(),
            "recording": grouped["recording"].first(),
            "individual": grouped["individual"].first(),
            "start": grouped["start"].min(),
            "stop": grouped["stop"].max(),
            "strength": grouped["strength"].mean(),
            "n_ranges": grouped.size(),
        }
    ).reset_index(drop=True)


def typical_members(bouts: pd.DataFrame, n: int) -> pd.DataFrame:
    """Choose bouts of each cluster, spread over animals and recordings.

    Parameters
    ----------
    bouts : DataFrame
        From :func:`bouts_of`.
    n : int
        At most so many of each cluster.

    Returns
    -------
    DataFrame
        The bouts, cluster by cluster in the order of choice. Typical ones come first: of at least
        the median strength of the cluster, and nearest to its median length. Each animal of each
        recording gives its best one, then each its second.
    """
    table = bouts.copy()
    length = pd.Series(np.log(np.maximum(table["stop"] - table["start"], 1)), table.index)
    cluster = table["cluster"]
    off = pd.Series((length - length.groupby(cluster).transform("median")).abs())
    weak = table["strength"] < table.groupby("cluster")["strength"].transform("median")
    # Those below the median strength come last, in the same order among themselves.
    worst = off.groupby(cluster).transform("max")
    table["badness"] = off.round(6) + weak * (1 + worst)
    table = table.sort_values(["cluster", "badness", *KEYS], kind="stable")
    table["turn"] = table.groupby(["cluster", "recording", "individual"]).cumcount()
    table = table.sort_values(["cluster", "turn", "badness", *KEYS], kind="stable")
    chosen = table.groupby("cluster", sort=False).head(n)
    return chosen.drop(columns=["badness", "turn"]).reset_index(drop=True)
