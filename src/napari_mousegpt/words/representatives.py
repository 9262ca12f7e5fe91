"""Which stretches of a cluster are described: a few that stand for it, and a few by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.words.balanced import animal_names, draw_order, in_turn

__all__ = ["ASKED", "Plan", "PropagateParams", "plan_propagation"]

#: Roles of the stretches that a model is asked about.
ASKED = ("exemplar", "audit", "single")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PropagateParams:
    """How words are carried from a few stretches of a cluster to the rest.

    Parameters
    ----------
    exemplars : int
        Described for each cluster: the most typical stretch, then others far from it.
    audit : int
        Drawn at random from the rest of each cluster, described too, and compared.
    most_disagreement : float
        A cluster whose audit disagrees in a larger share is marked, and its words are not carried.
    least_strength : float
        Words are not carried to stretches that belong to their cluster less firmly.
    noise : {"leave", "describe"}
        Whether stretches of no cluster stay without words or are described one by one.
    seed : int
        Of the audit: the same seed draws the same stretches.
    """

    exemplars: int = 3
    audit: int = 8
    most_disagreement: float = 0.25
    least_strength: float = 0.0
    noise: Literal["leave", "describe"] = "leave"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("exemplars", "audit"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"{name}={getattr(self, name)}",
                    expected="1 or more",
                    remedy="Words are not carried without an example, nor without an audit.",
                )
        for name in ("most_disagreement", "least_strength"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)}", expected="0 to 1")
        if self.noise not in ("leave", "describe"):
            raise InputError(f"noise={self.noise!r}", expected="'leave' or 'describe'")


@dataclass(frozen=True, eq=False)
class Plan:
    """What would be asked, before anything is spent.

    Parameters
    ----------
    table : DataFrame
        One row for each stretch, in the order given: the columns of the assignments, ``animal``,
        ``role`` (``"exemplar"``, ``"audit"``, ``"single"``, or ``"rest"``, ``"weak"``, ``"noise"``,
        which are not asked about), ``rank`` of an exemplar (0 the most typical; else -1), and
        ``from_row``: the exemplars that a row of the rest lies near, nearest first, as row numbers.
    params : PropagateParams
    """

    table: pd.DataFrame
    params: PropagateParams

    @property
    def asked(self) -> NDArray[np.bool_]:
        """Rows that a model is asked about, shape (n,)."""
        return self.table["role"].isin(ASKED).to_numpy(dtype=bool)

    @property
    def calls(self) -> int:
        """Stretches that a model describes."""
        return int(self.asked.sum())

    @property
    def intervals(self) -> Intervals:
        """The stretches to describe, sorted by place: their order tells no role."""
        return Intervals(self.table.loc[self.asked, list(KEYS)]).sort()

    @property
    def price(self) -> str:
        """What it costs, as a sentence."""
        total, roles = len(self.table), self.table["role"].value_counts()
        parts = [f"{roles[role]} {word}" for role, word in _WORDS.items() if roles.get(role, 0)]
        times = f", {total / self.calls:.3g} times fewer" if 0 < self.calls < total else ""
        return (
            f"{self.calls} model calls for {total} stretches{times}"
            f"{': ' if parts else ''}{', '.join(parts)}."
        )


_WORDS = {
    "exemplar": "examples of clusters",
    "audit": "to audit them",
    "single": "of no cluster",
}


def plan_propagation(
    assignments: pd.DataFrame,
    params: PropagateParams | None = None,
    *,
    points: ArrayLike | None = None,
    animals: Mapping[str, str] | ArrayLike | None = None,
) -> Plan:
    """Choose examples and an audit for every cluster.

    Parameters
    ----------
    assignments : DataFrame
        Rows of :data:`napari_mousegpt.core.tables.ASSIGNMENTS`.
    params : PropagateParams, optional
        How many, and the seed.
    points : array_like of float, shape (n, d), optional
        Vectors of the same rows: then examples lie far apart in them, and words come from the
        nearest one. Without, the firmest stretches of each animal and recording in turn are taken.
    animals : mapping of str to str, or array_like of shape (n,), optional
        Animal by recording, or of each row.

    Returns
    -------
    Plan
        The audit is a simple random draw among the stretches that share no frame with an example
        or with each other; in a small cluster it is what there is.

    Raises
    ------
    InputError
        When a stretch is there twice.
    MismatchError
        When points or animals are not as many as rows.
    """
    how = params or PropagateParams()
    table = ASSIGNMENTS.check(assignments).reset_index(drop=True)
    where = None if points is None else np.asarray(points, dtype=np.float64)
    if where is not None and (where.ndim != 2 or len(where) != len(table)):
        raise MismatchError(
            "points", expected=f"{len(table)} rows, one for each stretch", found=str(where.shape)
        )
    if where is not None and not np.isfinite(where).all():
        raise InputError("points", expected="finite numbers", remedy="Leave such stretches out.")
    table["animal"] = animal_names(table, animals)
    place = draw_order(table["range_id"].tolist(), how.seed, "audit")
    role = np.full(len(table), "rest", dtype=object)
    rank = np.full(len(table), -1, dtype=np.int64)
    cluster = table["cluster"].to_numpy()
    weak = ~(table["strength"].to_numpy() >= how.least_strength)
    noise = cluster < 0
    role[weak] = "weak"
    role[noise] = "single" if how.noise == "describe" else "noise"
    near: list[tuple[int, ...]] = [()] * len(table)
    for _, rows in pd.Series(np.arange(len(table))).groupby(cluster):
        mine = rows.to_numpy()[(role[rows] == "rest")]
        if not mine.size:
            continue
        chosen = _exemplars(table, mine, where, place, how.exemplars)
        role[chosen], rank[chosen] = "exemplar", np.arange(len(chosen))
        left = np.setdiff1d(mine, chosen)
        left = left[np.argsort(place[left])]
        role[_apart(table, left, how.audit, chosen)] = "audit"
        for row in mine[role[mine] == "rest"]:
            near[row] = tuple(_nearest(row, chosen, where))
    table = table.assign(role=role, rank=rank)
    table["from_row"] = pd.Series(near, index=table.index, dtype=object)
    return Plan(table, how)


def _exemplars(
    table: pd.DataFrame,
    rows: NDArray[np.intp],
    points: Floats | None,
    place: NDArray[np.int64],
    k: int,
) -> list[int]:
    """Return rows that stand for a cluster, the most typical one first."""
    strength = table["strength"].to_numpy()[rows].round(2)
    firm = rows[strength >= np.median(strength)]
    if points is None:
        part = table.loc[firm]
        order = np.lexsort((place[firm], -part["strength"].to_numpy().round(2)))
        first = np.empty(len(firm), dtype=np.int64)
        first[order] = np.arange(len(firm))
        who = part["animal"].to_numpy(dtype=object)
        turn = in_turn(len(firm), first, who, part["recording"].to_numpy(dtype=object))
        return _apart(table, firm[turn], k, [])
    firm = firm[np.argsort(place[firm])]
    middle = ((points[firm] - points[firm].mean(axis=0)) ** 2).sum(axis=1)
    chosen = [int(firm[middle.argmin()])]
    gap = np.full(len(firm), np.inf)
    while len(chosen) < k:
        gap = np.minimum(gap, ((points[firm] - points[chosen[-1]]) ** 2).sum(axis=1))
        far = firm[np.argsort(-gap, kind="stable")]
        added = _apart(table, far[~np.isin(far, chosen)], 1, chosen)
        if not added:
            break
        chosen += added
    return chosen


def _apart(table: pd.DataFrame, rows: ArrayLike, n: int, taken: list[int]) -> list[int]:
    """Return the first ``n`` rows that share no frame with the taken ones or with each other."""
    who = table["recording"].to_numpy(), table["individual"].to_numpy()
    start = table["start"].to_numpy()
    stop = np.maximum(table["stop"].to_numpy(), start + 1)  # an event is where its frame is
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in taken:
        spans.setdefault((who[0][row], who[1][row]), []).append((start[row], stop[row]))
    found: list[int] = []
    for row in np.asarray(rows, dtype=np.intp).tolist():
        if len(found) == n:
            break
        mine = spans.setdefault((who[0][row], who[1][row]), [])
        if all(stop[row] <= first or last <= start[row] for first, last in mine):
            found.append(row)
            mine.append((start[row], stop[row]))
    return found


def _nearest(row: int, chosen: list[int], points: Floats | None) -> list[int]:
    if points is None:
        return chosen
    gap = ((points[chosen] - points[row]) ** 2).sum(axis=1)
    return [chosen[i] for i in np.argsort(gap, kind="stable")]
