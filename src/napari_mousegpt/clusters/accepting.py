"""Take a candidate behaviour into a frozen map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_mousegpt.clusters.accepted import Accepted
from napari_mousegpt.clusters.bouts import find_bouts, find_runs
from napari_mousegpt.clusters.cluster_map import ClusterMap, key_order
from napari_mousegpt.clusters.consensus import squared_distances
from napari_mousegpt.clusters.novelty import Novelty
from napari_mousegpt.core.intervals import KEYS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError

__all__ = ["accept"]

#: Bouts that are kept as examples, evenly from the middle outwards.
_EXAMPLES = 100
#: Share of the bouts that lie within the limit of an example.
_WITHIN = 0.95
#: Bouts of a candidate that are needed.
_LEAST = 3


def accept(
    found: ClusterMap, new: Vectors, novelty: Novelty, candidate: int, name: str = ""
) -> ClusterMap:
    """Return the map with a candidate as one more behaviour.

    Parameters
    ----------
    found : ClusterMap
        Frozen map; it is not changed.
    new : Vectors
        The new recordings that ``novelty`` tells about.
    novelty : Novelty
        What was found in them.
    candidate : int
        Which candidate.
    name : str
        What to call it.

    Returns
    -------
    ClusterMap
        Another map (with an id of its own) whose last cluster is the candidate. Its cluster id was
        never given before. Bouts that are no nearer to the candidate than to what the map was
        fitted on keep their label.

    Raises
    ------
    InputError
        When there is no such candidate, or too few of its bouts are apart from the map.
    MismatchError
        When the vectors are not those of ``novelty``, or of another kind than those of the map.
    """
    if candidate not in set(novelty.candidates["candidate"]):
        raise InputError(
            f"candidate {candidate}",
            expected="one of " + (", ".join(map(str, novelty.candidates["candidate"])) or "none"),
            remedy="Look at the table of candidates.",
        )
    found.check(new)
    order = key_order(new.intervals)
    ordered = new[order]
    told = novelty.windows.sort_values(list(KEYS), kind="stable")
    keys = ordered.intervals.to_pandas()[list(KEYS)].to_numpy(dtype=object)
    if not np.array_equal(keys, told[list(KEYS)].to_numpy(dtype=object)):
        raise MismatchError(
            "vectors of the new recordings",
            expected="the windows that novelty was asked about",
            found="others",
            remedy="Give the same vectors.",
        )
    member = (told["candidate"] == candidate).to_numpy()
    seen = found.projection.seen(ordered.values)
    points = found.projection.apply(ordered.values[seen])
    runs = find_runs(ordered.intervals, seen, timed=found.timed)
    bouts = find_bouts(points, runs, found.penalty, found.longest)
    share = np.bincount(bouts.of_row, member[seen], minlength=len(bouts.points))
    mine = bouts.points[share > bouts.windows / 2]
    if len(mine) < _LEAST:
        raise InputError(
            f"candidate {candidate}",
            expected=f"at least {_LEAST} bouts that are mostly of it",
            found=str(len(mine)),
            remedy="It is scattered over bouts of other behaviours: look at its examples first.",
        )
    outwards = np.argsort(((mine - np.median(mine, axis=0)) ** 2).sum(axis=1), kind="stable")
    rows = outwards[np.linspace(0, len(mine) - 1, min(len(mine), _EXAMPLES)).round().astype(int)]
    # To the nearest example but itself: a claim asks the examples, not all bouts.
    squared = squared_distances(mine, mine[rows])
    squared[rows, np.arange(len(rows))] = np.inf
    limit = float(np.quantile(np.sqrt(squared.min(axis=1)), _WITHIN))
    row = novelty.candidates.query("candidate == @candidate").to_dict("records")[0]
    behaviour = Accepted(
        cluster=found.next_id,
        name=name,
        examples=np.unique(mine[rows], axis=0),
        limit=limit,
        size=int(member.sum()),
        medoid=(
            str(row["medoid_recording"]),
            str(row["medoid_individual"]),
            int(row["medoid_start"]),
            int(row["medoid_stop"]),
        ),
    )
    return replace(found, accepted=(*found.accepted, behaviour), parent=found.map_id)
