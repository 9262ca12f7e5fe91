"""Which behaviours of a map may be one, with what speaks for it and what a merge would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.clusters.cluster_name import ClusterName
from napari_mousegpt.clusters.members import typical_members
from napari_mousegpt.clusters.merge_tree import Likeness
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.spoken import best_sentences
from napari_mousegpt.core.intervals import KEYS, Intervals

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LIMIT", "Change", "Suggestion", "compared", "exemplars", "over_segmenting", "suggested"]

#: Least score of a suggestion. Of pairs above it, on mice that people labelled, more than four in
#: five were the same behaviour to them.
LIMIT = 0.7
#: Typical members that are shown of each side.
_SHOWN = 4


@dataclass(frozen=True)
class Change:
    """What a merge would change.

    Parameters
    ----------
    keeps, goes : int
        Id that stays, that of the larger one; and the id that rests until the merge is undone.
    name : str
        What the merged behaviour would be called.
    n_ranges, n_bouts : int
        Its intervals, and its bouts: those of both that touch become one.
    seconds : float
        Time spent in it; NaN without a clock.
    share : float
        Its share of all assigned intervals.
    """

    keeps: int
    goes: int
    name: str
    n_ranges: int
    n_bouts: int
    seconds: float
    share: float

    @property
    def told(self) -> str:
        """The change as a sentence."""
        return (
            f"{self.keeps} would be called {self.name!r} and hold {self.n_ranges} intervals in "
            f"{self.n_bouts} bouts ({self.share:.0%} of what is assigned); {self.goes} would rest."
        )


@dataclass(frozen=True, eq=False)
class Suggestion:
    """Two behaviours side by side.

    Parameters
    ----------
    clusters : (int, int)
        Their ids, the larger one first.
    names : (str, str)
        What they are called.
    score : float
        How alike in all, 0 to 1.
    words : float
        How alike in words (cosine of class-based TF-IDF), 0 to 1; NaN where one has none.
    shared_terms : tuple of str
        Terms and keywords of both.
    own_terms : (tuple of str, tuple of str)
        Terms and keywords of one alone.
    distance, spread : float
        Between the centres, and of the members along that line, see
        :class:`~napari_mousegpt.clusters.merge_tree.Likeness`.
    overlap : float
        How often the map's partitions put members of both together, 0 to 1; may be NaN.
    exemplars : (Intervals, Intervals)
        Typical members of each side, at most four, spread over recordings, with the column
        ``sentence``.
    change : Change
        What a merge would change.
    """

    clusters: tuple[int, int]
    names: tuple[str, str]
    score: float
    words: float
    shared_terms: tuple[str, ...]
    own_terms: tuple[tuple[str, ...], tuple[str, ...]]
    distance: float
    spread: float
    overlap: float
    exemplars: tuple[Intervals, Intervals]
    change: Change

    @property
    def relative(self) -> float:
        """Distance in spreads; below 2 the two run into each other."""
        return self.distance / max(self.spread, 1e-12)

    @property
    def reason(self) -> str:
        """What speaks for it, as a sentence."""
        if np.isnan(self.words):
            words = "no words to compare"
        else:
            both = f" ({', '.join(self.shared_terms[:4])})" if self.shared_terms else ""
            words = f"words {self.words:.0%} alike{both}"
        votes = "" if np.isnan(self.overlap) else f", {self.overlap:.0%} put together by the map"
        return f"{words}; {self.relative:.1f} spreads apart{votes}."


def over_segmenting(params: ClusterParams) -> ClusterParams:
    """Return settings that part behaviours too finely, to be joined again by words and place."""
    return replace(params, min_cluster_size=2, min_cluster_share=0.0)


def suggested(found: Likeness, may_join: np.ndarray, limit: float = LIMIT) -> list[tuple[int, int]]:
    """Return the pairs of rows that are each other's most alike, the best first.

    Parameters
    ----------
    found : Likeness
    may_join : ndarray of bool, shape (n, n)
        False where a person keeps two apart.
    limit : float
        Least score.
    """
    score = np.where(may_join, found.score, -1.0)
    np.fill_diagonal(score, -1.0)
    if len(score) < 2:
        return []
    best = score.argmax(axis=1)
    pairs = [
        (row, int(other))
        for row, other in enumerate(best)
        if row < other and best[other] == row and score[row, other] >= limit
    ]
    return sorted(pairs, key=lambda pair: (-score[pair], pair))


def compared(
    found: Likeness,
    rows: tuple[int, int],
    names: Mapping[int, ClusterName],
    ids: Sequence[int],
    bouts: pd.DataFrame,
    words: pd.DataFrame | None,
    merged_name: str,
) -> Suggestion:
    """Return two behaviours side by side.

    Parameters
    ----------
    found : Likeness
    rows : (int, int)
        Their rows in it, the larger one first.
    names : mapping of int to ClusterName
        By id.
    ids : sequence of int
        Id of each row.
    bouts : DataFrame
        Bouts of all behaviours, see :func:`~napari_mousegpt.clusters.members.bouts_of`.
    words : DataFrame or None
        Descriptions for the exemplars.
    merged_name : str
        What the merged behaviour would be called.
    """
    one, other = (names[ids[row]] for row in rows)
    terms = [
        (*name.terms, *(k for k in name.keywords if k not in name.terms)) for name in (one, other)
    ]
    total = sum(name.n_ranges for name in names.values())
    change = Change(
        keeps=one.cluster,
        goes=other.cluster,
        name=merged_name,
        n_ranges=one.n_ranges + other.n_ranges,
        n_bouts=_joined_bouts(bouts, one.cluster, other.cluster),
        seconds=one.seconds + other.seconds,
        share=(one.n_ranges + other.n_ranges) / max(total, 1),
    )
    return Suggestion(
        clusters=(one.cluster, other.cluster),
        names=(one.name, other.name),
        score=float(found.score[rows]),
        words=float(found.words[rows]),
        shared_terms=tuple(term for term in terms[0] if term in terms[1]),
        own_terms=(
            tuple(term for term in terms[0] if term not in terms[1]),
            tuple(term for term in terms[1] if term not in terms[0]),
        ),
        distance=float(found.distance[rows]),
        spread=float(found.spread[rows]),
        overlap=float(found.overlap[rows]),
        exemplars=(
            exemplars(bouts, one.cluster, words, _SHOWN),
            exemplars(bouts, other.cluster, words, _SHOWN),
        ),
        change=change,
    )


def exemplars(bouts: pd.DataFrame, cluster: int, words: pd.DataFrame | None, n: int) -> Intervals:
    """Return typical members of a behaviour with the column ``sentence``, in order of choice."""
    table = typical_members(bouts[bouts["cluster"] == cluster], n)[list(KEYS)]
    chosen = Intervals(table)
    if words is None or not len(table):
        return chosen.assign(sentence=[""] * len(table))
    here = words[words["recording"].isin(set(table["recording"]))]
    return chosen.assign(sentence=best_sentences(chosen, here))


def _joined_bouts(bouts: pd.DataFrame, one: int, other: int) -> int:
    """Return how many bouts there are when those of both that touch become one."""
    table = bouts.loc[bouts["cluster"].isin((one, other)), list(KEYS)]
    return len(Intervals(table).merge()) if len(table) else 0
