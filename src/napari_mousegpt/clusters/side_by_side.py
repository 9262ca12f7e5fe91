"""The same windows in two maps: which behaviour of one is which of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.errors import MismatchError

__all__ = ["SideBySide", "side_by_side"]


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Two labellings of the same windows.

    Parameters
    ----------
    contingency : DataFrame
        Windows by cluster of the first (rows) and of the second (columns); -1 is noise.
    pairs : DataFrame
        For each cluster of the first its best counterpart: ``cluster``, ``counterpart``,
        ``jaccard``, ``share`` (of its windows), ``back`` (of the counterpart's windows),
        ``mutual``.
    profiles : DataFrame
        Share of time by recording in both: ``recording``, ``map`` (1 or 2), ``cluster``, ``share``.
    mutual_information : float
        Adjusted for chance (0 to 1; Vinh, Epps & Bailey 2010), over windows that both put in some
        cluster; NaN without such.
    n : int
        Windows that both labelled.
    """

    contingency: pd.DataFrame
    pairs: pd.DataFrame
    profiles: pd.DataFrame
    mutual_information: float
    n: int


def side_by_side(one: pd.DataFrame, other: pd.DataFrame) -> SideBySide:
    """Hold two maps against each other on the same windows.

    Parameters
    ----------
    one, other : DataFrame
        Assignments by two maps, of the same recordings; they are joined by ``range_id``.

    Raises
    ------
    MismatchError
        When they share no window.
    """
    left, right = ASSIGNMENTS.check(one), ASSIGNMENTS.check(other)
    columns = ["range_id", "recording", "cluster"]
    both = left[columns].merge(right[["range_id", "cluster"]], on="range_id", suffixes=("", "_2"))
    if both.empty:
        raise MismatchError(
            "two labellings",
            expected="windows that both have",
            found="none",
            remedy="Apply both maps to the same recordings, cut to the same windows.",
        )
    table = pd.crosstab(both["cluster"], both["cluster_2"])
    inside = both[(both["cluster"] >= 0) & (both["cluster_2"] >= 0)]
    return SideBySide(table, _pairs(table), _profiles(both), _mutual(inside), len(both))


def _mutual(inside: pd.DataFrame) -> float:
    from sklearn.metrics import adjusted_mutual_info_score

    if inside.empty:
        return float("nan")
    return float(adjusted_mutual_info_score(inside["cluster"], inside["cluster_2"]))


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    rows = [int(number) for number in table.index.to_numpy() if number >= 0]
    columns = [int(number) for number in table.columns.to_numpy() if number >= 0]
    counts = table.loc[rows, columns].to_numpy()
    mine = table.loc[rows].sum(axis=1).to_numpy()
    theirs = table[columns].sum(axis=0).to_numpy()
    found = []
    for place, cluster in enumerate(rows):
        if not columns or not counts[place].any():
            found.append((cluster, -1, 0.0, 0.0, 0.0, False))
            continue
        jaccard = counts / (mine[:, None] + theirs - counts)
        best = int(jaccard[place].argmax())
        found.append(
            (
                cluster,
                columns[best],
                float(jaccard[place, best]),
                float(counts[place, best] / mine[place]),
                float(counts[place, best] / theirs[best]),
                bool(jaccard[:, best].argmax() == place),
            )
        )
    names = ["cluster", "counterpart", "jaccard", "share", "back", "mutual"]
    return pd.DataFrame(found, columns=names)


def _profiles(both: pd.DataFrame) -> pd.DataFrame:
    tables = []
    for number, column in ((1, "cluster"), (2, "cluster_2")):
        count = both.groupby(["recording", column]).size()
        share = (count / count.groupby("recording").transform("sum")).rename("share").reset_index()
        tables.append(share.rename(columns={column: "cluster"}).assign(map=number))
    joined = pd.concat(tables, ignore_index=True)[["recording", "map", "cluster", "share"]]
    joined["cluster"] = joined["cluster"].astype(np.int64)
    return joined
