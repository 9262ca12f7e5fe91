"""What is said about the members of each cluster, and what it can be called by that.

Words and clusters are joined by the frames they share, never by row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.naming_terms import (
    ClassTerms,
    class_terms,
    label_terms,
    no_terms,
    phrase_terms,
    sentence_terms,
)
from napari_mousegpt.core.intervals import KEYS, Intervals

__all__ = ["Phrase", "Spoken", "best_sentences"]

Floats = NDArray[np.float64]

#: A label heads the name when it holds for this share of the described time of a cluster.
_HEAD_SHARE = 1 / 3
#: Further terms of a name hold for this share.
_TERM_SHARE = 0.3
#: Keywords, and terms that are only there to tell two names apart, hold for this share.
_KEYWORD_SHARE = 0.05
#: Terms of a name, and of the list of keywords.
_NAME_TERMS, _KEYWORDS = 3, 8


class Phrase(NamedTuple):
    """What one cluster is called by its words.

    Parameters
    ----------
    cluster : int
        Its id.
    name : str
        Terms joined by commas, unique among all.
    terms : tuple of str
        What the name is made of, the head first; empty without words.
    keywords : tuple of str
        Further terms that set it apart.
    time : float
        Share of its frames whose description says the first term.
    held : tuple of float
        For each term the share of all its members that it is said of.
    coverage : float
        Share of all its members that every term is said of; NaN without words.
    described : float
        Share of its members that have words.
    """

    cluster: int
    name: str
    terms: tuple[str, ...]
    keywords: tuple[str, ...]
    time: float
    held: tuple[float, ...]
    coverage: float
    described: float


class Spoken:
    """What is said about the members of each cluster.

    Parameters
    ----------
    rows : DataFrame
        Cluster assignments; noise is left out.
    words : DataFrame
        Descriptions of any stretches of the same recordings.
    record : Spoken, optional
        The same words and rows before clusters were merged: what terms tell is measured there.
    """

    def __init__(
        self, rows: pd.DataFrame, words: pd.DataFrame, record: Spoken | None = None
    ) -> None:
        from scipy.sparse import csc_array

        self._record = record
        self.words: pd.DataFrame = words.reset_index(drop=True) if record is None else record.words
        members = rows.loc[rows["cluster"] >= 0, [*KEYS, "cluster"]].reset_index(drop=True)
        self.clusters = np.unique(members["cluster"].to_numpy(dtype=np.int64))
        self.members = Intervals(members)
        self.bouts = self.members.merge(by=("cluster",))
        self.stretches: Intervals = (
            Intervals(self.words[list(KEYS)]) if record is None else record.stretches
        )
        left, right = self.bouts.overlapping(self.stretches)
        shared = _shared_frames(self.bouts, self.stretches, left, right)
        self.of_bout = np.searchsorted(self.clusters, self.bouts.column("cluster"))
        self.left, self.right, self.of_pair = left, right, self.of_bout[left]
        self.weight = csc_array(
            (shared.astype(np.float64), (self.of_pair, right)),
            (len(self.clusters), len(self.words)),
        )

    @cached_property
    def labels(self) -> ClassTerms:
        """The labels."""
        if self._record is not None:
            return self._record.labels.for_merged(self.weight)
        return class_terms(self.words, label_terms, self.weight)

    @cached_property
    def phrases(self) -> ClassTerms:
        """Labels and keywords."""
        if self._record is not None:
            return self._record.phrases.for_merged(self.weight)
        return class_terms(self.words, phrase_terms(self.words, self.weight), self.weight)

    @cached_property
    def singles(self) -> ClassTerms:
        """Words of the sentences, a poor second: only where the describer gives no keywords."""
        if self._record is not None:
            return self._record.singles.for_merged(self.weight)
        bare = not self.words["keywords"].str.strip().any()
        return class_terms(self.words, sentence_terms if bare else no_terms, self.weight)

    def alike(self) -> Floats:
        """Return how alike clusters are in their words, see :meth:`ClassTerms.alike`."""
        kinds = [terms for terms in (self.phrases, self.singles) if terms.words]
        if not kinds:
            return np.full((len(self.clusters),) * 2, np.nan)
        stacked = np.stack([terms.alike() for terms in kinds])
        known = ~np.isnan(stacked)
        total = np.where(known, stacked, 0.0).sum(axis=0)
        return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)

    def named(self, known: Collection[Phrase] = ()) -> list[Phrase]:
        """Return what each cluster is called.

        Parameters
        ----------
        known : collection of Phrase
            Of clusters that keep what they are called; no other one gets such a name.
        """
        called = {phrase.cluster: phrase for phrase in known}
        rows = [row for row, one in enumerate(self.clusters.tolist()) if one not in called]
        chosen: list[list[str]] = []
        spares: list[list[str]] = []
        for row in rows:
            telling = self.phrases.best(row, _TERM_SHARE)
            loose = self.singles.best(row, _TERM_SHARE, pairs_first=True)
            spare = [*telling, *self.phrases.best(row, _KEYWORD_SHARE), *loose]
            head = _head(self.labels, row) or next(iter(spare), "")
            picked = [head] if head else []
            for term in telling or spare:
                if picked and len(picked) < _NAME_TERMS and _differs(term, picked):
                    picked.append(term)
            chosen.append(picked)
            spares.append(spare)
        taken = [phrase.name for phrase in known if phrase.terms]
        names = _unique(self.clusters[rows], chosen, spares, taken)
        frames = np.bincount(self.of_bout, self.bouts.length, len(self.clusters))
        told = self._told_of_members()
        result = list(called.values())
        for name, row, terms in zip(names, rows, chosen, strict=True):
            found = [
                *self.phrases.best(row, _KEYWORD_SHARE),
                *self.singles.best(row, _KEYWORD_SHARE, pairs_first=True),
            ]
            keywords = list(dict.fromkeys(found))[:_KEYWORDS]
            time = self._time(row, terms[0]) / frames[row] if terms else 0.0
            held, coverage, described = self._coverage(row, terms, told)
            result.append(
                Phrase(
                    int(self.clusters[row]),
                    name,
                    tuple(terms),
                    tuple(keywords),
                    time,
                    held,
                    coverage,
                    described,
                )
            )
        return sorted(result)

    def says(self, term: str) -> NDArray[np.bool_]:
        """Return which descriptions say a term of a name, shape (descriptions,)."""
        terms = self.phrases if term in self.phrases.words else self.singles
        return terms.said_in(term)

    def _time(self, row: int, term: str) -> float:
        mine = (self.of_pair == row) & self.says(term)[self.right]
        return _covered(self.bouts, self.stretches, self.left[mine], self.right[mine])

    def _told_of_members(self) -> NDArray[np.int64]:
        """Return the description that shares most frames with each member, -1 where none does."""
        found = np.full(len(self.members), -1, dtype=np.int64)
        left, right = self.members.overlapping(self.stretches)
        shared = _shared_frames(self.members, self.stretches, left, right)
        # The last one written stays: most frames, then the earlier stretch.
        order = np.lexsort((-self.stretches.start[right], shared))
        found[left[order]] = right[order]
        return found

    def _coverage(
        self, row: int, terms: list[str], told: NDArray[np.int64]
    ) -> tuple[tuple[float, ...], float, float]:
        mine = told[self.members.column("cluster") == self.clusters[row]]
        known = mine[mine >= 0]
        if not known.size or not terms:
            return tuple(0.0 for _ in terms), float("nan"), known.size / mine.size
        # Members without words count: nobody said it of them.
        held = np.stack([self.says(term)[known] for term in terms])
        shares = tuple((held.sum(axis=1) / mine.size).tolist())
        return shares, float(held.all(axis=0).sum() / mine.size), known.size / mine.size


def _shared_frames(
    one: Intervals, other: Intervals, left: NDArray[np.intp], right: NDArray[np.intp]
) -> NDArray[np.int64]:
    return np.asarray(
        np.minimum(one.stop[left], other.stop[right])
        - np.maximum(one.start[left], other.start[right])
    )


def _head(labels: ClassTerms, row: int) -> str:
    """Return the label that most of the described time has, empty when none has enough."""
    if not labels.words:
        return ""
    most = int(labels.share[row].argmax())
    return labels.words[most] if labels.share[row, most] >= _HEAD_SHARE else ""


def _differs(term: str, others: Iterable[str]) -> bool:
    """Whether a term says more than the others: no word of it, or its stem, is said already."""
    stems = {word[:5] for other in others for word in other.split()}
    return not any(word[:5] in stems for word in term.split())


def _unique(
    clusters: NDArray[np.int64],
    chosen: list[list[str]],
    spares: list[list[str]],
    known: Iterable[str] = (),
) -> list[str]:
    names: list[str] = []
    taken = {frozenset(name.split(", ")) for name in known}
    for cluster, terms, spare in zip(clusters, chosen, spares, strict=True):
        if not terms:
            names.append(f"unnamed behaviour {cluster}")
            continue
        # The same terms in another order are no other name.
        ways = [terms, *([*terms, term] for term in spare if _differs(term, terms))]
        told = next((way for way in ways if frozenset(way) not in taken), None)
        if told is None:
            # Nothing tells them apart: the id does.
            names.append(f"{', '.join(terms)} ({cluster})")
        else:
            taken.add(frozenset(told))
            names.append(", ".join(told))
    return names


def _covered(
    bouts: Intervals, spoken: Intervals, left: NDArray[np.intp], right: NDArray[np.intp]
) -> float:
    """Return how many frames of the bouts lie in these descriptions, each counted once.

    The bouts are those of one cluster, merged: no two of them share a frame.
    """
    if not left.size:
        return 0.0
    start = np.maximum(bouts.start[left], spoken.start[right])
    stop = np.minimum(bouts.stop[left], spoken.stop[right])
    # Every bout gets a stretch of its own on one line, so that one running maximum serves all.
    apart = left * (int(stop.max()) + 1)
    order = np.lexsort((start, left))
    start, stop = (start + apart)[order], (stop + apart)[order]
    before = np.append(start[0], np.maximum.accumulate(stop)[:-1])
    return float(np.maximum(stop - np.maximum(start, before), 0).sum())


def best_sentences(moments: Intervals, words: pd.DataFrame) -> list[str]:
    """Return for each moment the sentence of the stretch that fits it best, else ``""``."""
    medoids, spoken = moments, Intervals(words[list(KEYS)].reset_index(drop=True))
    sentences = words["overall"].to_numpy(dtype=object)
    left, right = medoids.overlapping(spoken)
    start = np.maximum(medoids.start[left], spoken.start[right])
    stop = np.minimum(medoids.stop[left], spoken.stop[right])
    union = np.maximum(medoids.stop[left], spoken.stop[right]) - np.minimum(
        medoids.start[left], spoken.start[right]
    )
    fit = (stop - start) / np.maximum(union, 1)
    found = [""] * len(medoids)
    # The last one of each moment fits best, of those that fit as well the one that starts last.
    order = np.lexsort((spoken.start[right], fit, left))
    last = order[np.append(np.diff(left[order]) != 0, len(order) > 0)[: len(order)]]
    for moment, stretch in zip(left[last], right[last], strict=True):
        found[moment] = str(sentences[stretch])
    return found
