"""Which cluster of a refitted map is which behaviour of the map before.

Both maps label the same windows. A new cluster takes an old id only where each is the greater part
of the other: more than half of the old behaviour's windows fall into the new cluster, and more than
half of the new cluster's windows were the old behaviour. So no two can claim one id. All others get
ids that were never given. What became of each is told in the words of Spiliopoulou, Ntoutsi,
Theodoridis & Schult 2006, "MONIC: modeling and monitoring cluster transitions"
(doi:10.1145/1150402.1150491), whose survival is one-sided: here it must hold both ways.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.errors import MismatchError

__all__ = ["GATE", "MATCH_COLUMNS", "Matching", "Overlap", "match", "renumbered"]

Ints = NDArray[np.int64]

#: Share of each other's windows that two clusters must have more of, to be the same behaviour: with
#: one half or more an id is never claimed twice.
GATE = 0.5
#: Shares from here on are told.
_TOLD = 0.2
#: An old behaviour with fewer windows than this, and this part of all, was not seen again.
_SEEN, _SEEN_SHARE = 20, 0.001

MATCH_COLUMNS = (
    "old_id",
    "new_id",
    "windows",
    "share_of_old",
    "share_of_new",
    "decision",
    "reason",
)


class Overlap:
    """Counts windows by their labels of record in two maps, one recording after the other.

    What the older map never saw is nowhere in it, however near it may be to something.

    Parameters
    ----------
    before, after : ClusterMap
        The two maps.
    """

    def __init__(self, before: ClusterMap, after: ClusterMap) -> None:
        self.before, self.after = before, after
        # The last row and column count what is nowhere.
        self.counts = np.zeros((len(before.clusters) + 1, len(after.clusters) + 1), dtype=np.int64)

    def add(self, old: pd.DataFrame, new: pd.DataFrame) -> None:
        """Count rows that both maps labelled, in the same order.

        Raises
        ------
        MismatchError
            When the tables are not of the same rows.
        """
        keys = ["recording", "individual", "start", "stop"]
        if len(old) != len(new) or not np.array_equal(
            old[keys].to_numpy(dtype=object), new[keys].to_numpy(dtype=object)
        ):
            raise MismatchError(
                "labels of two maps",
                expected="the same intervals in the same order",
                found=f"{len(old)} and {len(new)} rows that differ",
            )
        rows = _places(old["cluster"], self.before.clusters)
        columns = _places(new["cluster"], self.after.clusters)
        np.add.at(self.counts, (rows, columns), 1)


@dataclass(frozen=True, eq=False)
class Matching:
    """What became of each behaviour.

    Parameters
    ----------
    ids : tuple of int
        Id for each fitted cluster of the new map, in its order.
    kept : frozenset of int
        Old ids that were taken over.
    table : DataFrame
        One row for each pair worth telling: ``old_id`` and ``new_id`` (-1: none), ``windows`` both
        hold, ``share_of_old``, ``share_of_new``, ``decision`` (``kept``, ``merged``, ``split``,
        ``gone`` for old ids, ``new`` for fresh ones) and ``reason``.
    """

    ids: tuple[int, ...]
    kept: frozenset[int]
    table: pd.DataFrame


def match(overlap: Overlap) -> Matching:
    """Decide which clusters keep an id.

    Parameters
    ----------
    overlap : Overlap
        Windows that both maps labelled. ``after`` has ids of its own fit.
    """
    n_old, n_new = len(overlap.before.clusters), len(overlap.after)
    both = overlap.counts[:n_old, :n_new]
    old_total = overlap.counts[:n_old].sum(axis=1)
    new_total = overlap.counts[:, :n_new].sum(axis=0)
    same = (both > GATE * old_total[:, None]) & (both > GATE * new_total)
    ids, fresh = [], overlap.before.next_id
    for column in range(n_new):
        row = np.flatnonzero(same[:, column])
        if len(row):
            ids.append(overlap.before.clusters[row[0]])
        else:
            ids.append(fresh)
            fresh += 1
    kept = frozenset(int(overlap.before.clusters[row]) for row in np.flatnonzero(same.any(axis=1)))
    return Matching(tuple(ids), kept, _told(overlap, ids, kept, old_total, new_total))


def renumbered(overlap: Overlap, found: Matching) -> ClusterMap:
    """Return the new map under the ids of a matching; its clusters are sorted by id.

    Accepted behaviours of the map before that no new cluster took over stay as they were.
    """
    before, after = overlap.before, overlap.after
    order = np.argsort(found.ids)
    left = tuple(one for one in before.accepted if one.cluster not in found.kept)
    return replace(
        after,
        shares=np.ascontiguousarray(after.shares[:, order]),
        cohesion=after.cohesion[order],
        sizes=tuple(after.sizes[place] for place in order),
        medoids=tuple(after.medoids[place] for place in order),
        accepted=left,
        ids=tuple(found.ids[place] for place in order),
        given=max(before.next_id, *(one + 1 for one in found.ids), 0),
        parent=before.map_id,
    )


def _places(ids: pd.Series[int], clusters: tuple[int, ...]) -> Ints:
    """Return the row of each id; what is in no cluster comes last."""
    places = {cluster: place for place, cluster in enumerate(clusters)}
    found = [places.get(one, len(clusters)) for one in ids.tolist()]
    return np.asarray(found, dtype=np.int64)


def _told(
    overlap: Overlap, ids: list[int], kept: frozenset[int], old_total: Ints, new_total: Ints
) -> pd.DataFrame:
    rows = []
    n_old, n_new = len(old_total), len(new_total)
    left = {one.cluster for one in overlap.before.accepted} - kept
    seen = max(_SEEN, _SEEN_SHARE * overlap.counts.sum())
    for row in range(n_old):
        old, total = int(overlap.before.clusters[row]), int(old_total[row])
        share = overlap.counts[row, :n_new] / max(total, 1)
        of_new = overlap.counts[row, :n_new] / np.maximum(new_total, 1)
        links = [int(c) for c in np.argsort(-share, kind="stable") if share[c] >= _TOLD]
        if old in kept:
            decision = "kept"
            reason = "each is the greater part of the other"
            links = [ids.index(old)]
        elif old in left:
            decision, links = "kept", []
            reason = "accepted after the fit: it stays as it was accepted"
        elif total < seen:
            decision, links = "gone", []
            reason = f"{total} windows here are too few to find it again"
        elif links and share[links[0]] > GATE:
            decision, links = "merged", links[:1]
            reason = f"most of it is in {ids[links[0]]}, of which it is not the greater part"
        elif len(links) > 1:
            decision = "split"
            reason = f"it falls into {', '.join(str(ids[c]) for c in links)}"
        else:
            decision = "gone"
            reason = "its windows are scattered, or noise now"
        pairs: list[int | None] = [*links] or [None]
        for column in pairs:
            rows.append(
                (
                    old,
                    -1 if column is None else ids[column],
                    total if column is None else int(overlap.counts[row, column]),
                    float("nan") if column is None else float(share[column]),
                    float("nan") if column is None else float(of_new[column]),
                    decision,
                    reason,
                )
            )
    for column in range(n_new):
        if ids[column] in kept:
            continue
        of_new = overlap.counts[:, column] / max(int(new_total[column]), 1)
        rows.append(
            (-1, ids[column], int(new_total[column]), float("nan"), 1.0, "new",
             _origin(overlap, of_new)),
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(MATCH_COLUMNS))


def _origin(overlap: Overlap, of_new: NDArray[np.float64]) -> str:
    """Return where the windows of a fresh cluster were before, as words."""
    order = np.argsort(-of_new[:-1], kind="stable")
    parts = [
        f"{of_new[row]:.0%} were {overlap.before.clusters[row]}"
        for row in order
        if of_new[row] >= _TOLD
    ]
    if of_new[-1] >= _TOLD:
        parts.append(f"{of_new[-1]:.0%} were nowhere")
    return ", ".join(parts) or "its windows were scattered over many"
