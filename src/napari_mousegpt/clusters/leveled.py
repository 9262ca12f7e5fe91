"""Clusters seen at another level: joined or split, with names, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.clusters.cluster_map import NOISE
from napari_mousegpt.clusters.ethograms import ethogram
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.levels import Levels
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Level", "at_level"]

#: Names of clusters that the name of a joined group is made of.
_NAMED = 2


@dataclass(frozen=True, eq=False)
class Level:
    """Clusters joined or split to a number of groups; those of record are untouched.

    Parameters
    ----------
    n : int
        Groups of this level.
    groups : Groups
        As of record, but ``assignments`` has the names of this level, and ``group``: the id at this
        level, empty for noise.
    table : DataFrame
        One row for each group, the largest first: ``group``, ``name``, ``clusters`` (ids of record,
        joined by semicolons), ``n_ranges``, ``seconds`` (NaN where nothing tells the clock) and
        ``share`` of what is in any cluster.
    """

    n: int
    groups: Groups
    table: pd.DataFrame

    def ethogram(self) -> Ethogram:
        """Return the bouts of this level, source ``"cluster"``."""
        return ethogram(self.groups)


def at_level(
    groups: Groups, n: int, vectors: Vectors | None = None, levels: Levels | None = None
) -> Level:
    """Return clusters at a coarser or finer level; nothing is fitted.

    Parameters
    ----------
    groups : Groups
        Of one recording or of several.
    n : int
        Groups wanted, 1 to ``levels.most``.
    vectors : Vectors, optional
        What was clustered; needed for a finer level only. Rows in any order.
    levels : Levels, optional
        Those of the map, where they are known already.

    Raises
    ------
    InputError
        When the map has no such level, or a finer one is asked for without vectors, or with vectors
        that lack some of the intervals.
    """
    known = levels or Levels(groups.map)
    rows = groups.assignments
    if n <= known.record:
        parents = known.parents(n)
        group = np.asarray([parents.get(int(one), "") for one in rows["cluster"]], dtype=object)
    else:
        group = _finer(groups, n, vectors, known)
    names = _names(groups, set(group) - {""})
    named = rows.assign(name=[names.get(one, "") for one in group], group=group)
    return Level(n, replace(groups, assignments=named), _table(named, names))


def _finer(groups: Groups, n: int, vectors: Vectors | None, known: Levels) -> np.ndarray:
    if vectors is None:
        raise InputError(
            f"{n} groups",
            expected=f"the vectors, to split the {known.record} clusters of record",
            found="none",
            remedy="Pass vectors=..., or ask for a coarser level.",
        )
    found = known.label(vectors, n).set_index("range_id")["group"]
    ids = groups.assignments["range_id"]
    missing = ~ids.isin(found.index)
    if missing.any():
        raise InputError(
            "vectors",
            expected=f"all {len(ids)} intervals that were clustered",
            found=f"{int(missing.sum())} of them missing",
        )
    group = found.reindex(ids).to_numpy(dtype=object)
    group[groups.assignments["cluster"].to_numpy() == NOISE] = ""
    return np.asarray(group, dtype=object)


def _names(groups: Groups, ids: set[str]) -> dict[str, str]:
    """Return what to call each group; no two have one name."""
    own = {
        str(cluster): str(name)
        for cluster, name in zip(groups.clusters["cluster"], groups.clusters["name"], strict=True)
    }
    if "name" in groups.assignments:
        # Parts of what a person merged have no row of their own.
        rows = groups.assignments[["cluster", "name"]].drop_duplicates()
        own |= {str(cluster): str(name) for cluster, name in rows.itertuples(index=False)}
    names = {}
    for group in sorted(ids):
        if "+" in group:
            parts = group.split("+")
            said = list(dict.fromkeys(own.get(part, f"cluster {part}") for part in parts))
            more = len(said) - _NAMED
            names[group] = " + ".join(said[:_NAMED]) + (f" + {more} more" if more > 0 else "")
        elif "." in group:
            whole = group.partition(".")[0]
            names[group] = f"{own.get(whole, f'cluster {whole}')} ({group})"
        else:
            names[group] = own.get(group, f"cluster {group}")
    called = list(names.values())
    return {
        group: name if called.count(name) == 1 else f"{name} ({group})"
        for group, name in names.items()
    }


def _table(rows: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    inside = rows[rows["group"] != ""]
    seconds = np.full(len(inside), np.nan)
    if {"start_s", "stop_s"} <= set(inside.columns):
        seconds = (inside["stop_s"] - inside["start_s"]).to_numpy()
    held = inside.assign(seconds=seconds).groupby("group", sort=True)
    table = pd.DataFrame(
        {
            "n_ranges": held.size(),
            "seconds": held["seconds"].sum(min_count=1),
        }
    ).reset_index()
    table["name"] = table["group"].map(names)
    table["clusters"] = [one.partition(".")[0].replace("+", ";") for one in table["group"]]
    table["share"] = table["n_ranges"] / max(len(inside), 1)
    table = table.sort_values(["n_ranges", "group"], ascending=[False, True], ignore_index=True)
    return table[["group", "name", "clusters", "n_ranges", "seconds", "share"]]
