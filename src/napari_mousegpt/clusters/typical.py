"""The most typical interval of each cluster: what a person should look at first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import KEYS

__all__ = ["best_of_each", "bout_numbers", "typical_rows", "typical_table"]


def bout_numbers(assignments: pd.DataFrame) -> NDArray[np.int64]:
    """Number the uninterrupted bouts: rows of one cluster that follow each other without a gap.

    Parameters
    ----------
    assignments : DataFrame
        Cluster assignments in any order.

    Returns
    -------
    ndarray of int, shape (n,)
        Rows of one bout share a number; numbers rise by recording, individual and start. Rows of
        noise are bouts of the cluster -1. A row of another cluster in between ends a bout, also
        where windows overlap.
    """
    table = _by_key(assignments[[*KEYS, "cluster"]].reset_index(drop=True))
    who = table.groupby(["recording", "individual"], sort=False).ngroup()
    reach = table.groupby(who)["stop"].cummax().to_numpy()
    cluster = table["cluster"].to_numpy()
    new = np.ones(len(table), dtype=bool)
    new[1:] = (
        (np.diff(who.to_numpy()) != 0)
        | (cluster[1:] != cluster[:-1])
        | (table["start"].to_numpy()[1:] > reach[:-1])
    )
    numbers = np.empty(len(table), dtype=np.int64)
    numbers[table.index.to_numpy()] = np.cumsum(new) - 1
    return numbers


def typical_rows(assignments: pd.DataFrame) -> dict[int, int]:
    """Choose one row for each cluster, see :func:`typical_table`.

    Returns
    -------
    dict of int to int
        Row number by cluster, noise left out.
    """
    best = typical_table(assignments)
    return {int(c): int(row) for c, row in zip(best["cluster"], best["row"], strict=True)}


def typical_table(assignments: pd.DataFrame) -> pd.DataFrame:
    """Choose one row for each cluster and say why.

    It is the middle row of a bout in which the cluster is strongest (to two digits), of the longest
    such bout, of the first by recording, individual and start. The order of rows plays no part.

    Returns
    -------
    DataFrame
        One row a cluster: ``cluster``, ``row``, the keys, and ``firm``, ``size`` and ``off_middle``
        that decided. Tables of several recordings, one below the other, go through
        :func:`best_of_each`.
    """
    table = assignments[["recording", "individual", "start", "stop", "cluster"]].reset_index(
        drop=True
    )
    table["firm"] = assignments["strength"].round(2).to_numpy()
    table["bout"] = bout_numbers(assignments)
    table["row"] = np.arange(len(table))
    table = _by_key(table[table["cluster"] >= 0])
    # Rows of one strength within one bout: the pieces to choose from.
    piece = table.groupby(["cluster", "bout", "firm"], sort=False)
    table["size"] = piece["row"].transform("size")
    table["off_middle"] = (piece.cumcount() - (table["size"] - 1) // 2).abs()
    return best_of_each(table)


def best_of_each(table: pd.DataFrame) -> pd.DataFrame:
    """Return the most typical row of each cluster among candidates."""
    # Most rows are out of the question: what is left is sorted quickly.
    for column, most in (("firm", True), ("size", True), ("off_middle", False)):
        held = table.groupby("cluster")[column]
        best = held.transform("max") if most else held.transform("min")
        table = table[table[column] == best]
    return table.sort_values(
        ["cluster", "firm", "size", "off_middle", *KEYS],
        ascending=[True, False, False, True, True, True, True, True],
        kind="stable",
    ).drop_duplicates("cluster")


def _by_key(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by recording, individual, start and stop; equal rows stay in their order."""
    names = [pd.factorize(table[name], sort=True)[0] for name in KEYS[:2]]
    keys = [*names, table["start"].to_numpy(), table["stop"].to_numpy()]
    return table.iloc[np.lexsort(keys[::-1])]
