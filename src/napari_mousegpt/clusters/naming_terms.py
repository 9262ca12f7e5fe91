"""What is said in a cluster more than elsewhere: class-based TF-IDF.

All that is said about one cluster counts as one document (Grootendorst 2022, "BERTopic", arXiv
2203.05794): a term weighs ``tf * log(1 + A / f)``, with ``tf`` its share of the terms of the
cluster, ``f`` how often it is said at all, and ``A`` the mean number of terms of a cluster. Here
terms are counted by the frames in which they hold, since stretches differ in length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csc_array

__all__ = [
    "ClassTerms",
    "class_terms",
    "label_terms",
    "no_terms",
    "phrase_terms",
    "sentence_terms",
]

Floats = NDArray[np.float64]

#: Words that say nothing about what a mouse does.
_STOP = frozenset(
    re.findall(
        r"\w+",
        """mouse mice animal animals rodent subject body behaviour behavior
        seems seem appears appear shown visible unclear unknown
        frame frames clip image picture video view second seconds
        slightly rather somewhat likely possibly probably currently remains""",
    )
)
_SIDE = re.compile(r"(?<=\S) (to the )?(left|right)$")
_WORD = re.compile(r"[a-z][a-z-]{2,}")
_FIELDS = ("overall", "head", "limb", "torso")
_UNSEEN = "not visible"
#: Sides mix when the rarer one has more than this part of the time of the other in some cluster.
_MIXED = 0.25


@dataclass(frozen=True)
class ClassTerms:
    """Terms of one kind: where each is said, and how well each sets a cluster apart.

    Parameters
    ----------
    words : list of str
        The terms.
    said : sparse array, shape (descriptions, terms)
        1 where a description says a term.
    share : ndarray of float64, shape (clusters, terms)
        Share of the described time of each cluster.
    score : ndarray of float64, shape (clusters, terms)
        Class-based TF-IDF.
    rarity : ndarray of float64, shape (terms,)
        What a term weighs wherever it is said.
    common : ndarray of float64, shape (terms,)
        Mean share over all clusters; a term that is as common everywhere tells nothing.
    """

    words: list[str]
    said: csc_array
    share: Floats
    score: Floats
    rarity: Floats
    common: Floats

    def for_merged(self, weight: csc_array) -> ClassTerms:
        """Count the same terms again in other clusters, made of these by merging.

        What a term tells is measured against the clusters before, so that a merge changes the
        numbers of nothing but what it made.

        Parameters
        ----------
        weight : sparse array, shape (merged clusters, descriptions)
            Frames that they share.
        """
        share, part, _ = _counted(self.said, weight)
        common = self.common if len(share) > 1 else np.zeros_like(self.common)
        return replace(self, share=share, score=part * self.rarity, common=common)

    def said_in(self, term: str) -> NDArray[np.bool_]:
        """Return which descriptions say a term, shape (descriptions,)."""
        column = self.said[:, [self.words.index(term)]].toarray()
        return np.asarray(column[:, 0] > 0)

    def best(self, row: int, least: float, *, pairs_first: bool = False) -> list[str]:
        """Return the terms of one cluster that hold for this share, the most telling first.

        Of terms that tell as much, those of more words go first if wished, else the alphabet says.
        """
        width = [-len(word.split()) if pairs_first else 0 for word in self.words]
        order = np.lexsort((self.words, width, -self.score[row].round(9)))
        return [
            self.words[t]
            for t in order
            if self.share[row, t] >= least and self.share[row, t] > self.common[t]
        ]

    def alike(self) -> Floats:
        """Return how alike clusters are in their words, shape (clusters, clusters).

        It is the cosine of their scores: 1 where they are told apart by the same terms, NaN where
        one of them has no words.
        """
        length = np.linalg.norm(self.score, axis=1)
        length[length == 0] = np.nan
        unit = self.score / length[:, None]
        return np.asarray(np.clip(unit @ unit.T, 0.0, 1.0))


def class_terms(
    words: pd.DataFrame, analyse: Callable[[Any], list[str]], weight: csc_array
) -> ClassTerms:
    """Count terms by cluster.

    Parameters
    ----------
    words : DataFrame
        Descriptions.
    analyse : callable
        Takes a row and returns its terms.
    weight : sparse array, shape (clusters, descriptions)
        Frames that they share.
    """
    from scipy.sparse import csc_array
    from sklearn.feature_extraction.text import CountVectorizer

    terms = [analyse(row) for row in words.itertuples(index=False)]
    n_clusters = weight.shape[0]
    if not n_clusters or not any(terms):
        none = np.zeros((2, n_clusters, 0))
        return ClassTerms([], csc_array((len(words), 0)), *none, *np.zeros((2, 0)))
    counter = CountVectorizer(analyzer=_as_given, binary=True)
    said = csc_array(counter.fit_transform(terms))
    share, part, frames = _counted(said, weight)
    rarity = np.log1p(frames.sum() / n_clusters / np.maximum(frames.sum(axis=0), 1.0))
    names = [str(term) for term in counter.get_feature_names_out()]
    common = share.mean(axis=0) if n_clusters > 1 else np.zeros(len(names))
    return ClassTerms(names, said, share, part * rarity, rarity, common)


def _counted(said: csc_array, weight: csc_array) -> tuple[Floats, Floats, Floats]:
    """Return share of the described time, part of all terms, and frames, each (clusters, terms)."""
    frames = (weight @ said).toarray().astype(np.float64)
    described = np.maximum(weight.sum(axis=1), 1.0)[:, None]
    return frames / described, frames / np.maximum(frames.sum(axis=1, keepdims=True), 1.0), frames


def label_terms(row: Any) -> list[str]:
    """Return the label of a row as terms."""
    return list(_phrases(row.label))


def no_terms(_: Any) -> list[str]:
    """Return nothing."""
    return []


def phrase_terms(words: pd.DataFrame, weight: csc_array) -> Callable[[Any], list[str]]:
    """Return how to read label and keywords, leaving "left" and "right" out where they mix.

    Most vectors do not tell left from right, so a cluster holds both, and to call it "turning left"
    would be half of the truth.
    """

    def given(row: Any) -> list[str]:
        return list(_phrases(f"{row.label};{row.keywords}"))

    terms = class_terms(words, given, weight)
    mixed = set()
    for term in terms.words:
        other = f"{term.removesuffix('left')}right"
        if term.endswith("left") and other in terms.words:
            a, b = (terms.share[:, terms.words.index(name)] for name in (term, other))
            if np.any(np.minimum(a, b) > _MIXED * np.maximum(a, b)):
                mixed.add(_SIDE.sub("", term))
    stems = {term: _SIDE.sub("", term) for term in terms.words}
    without = {term: stem for term, stem in stems.items() if stem in mixed}

    def read(row: Any) -> list[str]:
        return list(dict.fromkeys(without.get(term, term) for term in given(row)))

    return read


def sentence_terms(row: Any) -> list[str]:
    """Return the words of the sentences of a row, and the pairs of words that follow each other."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    found: list[str] = []
    for field in _FIELDS:
        text = str(getattr(row, field)).lower()
        if text == _UNSEEN:
            continue
        for part in re.split(r"[.;:,]", text):
            words = [
                word
                for word in _WORD.findall(part)
                if word not in _STOP and word not in ENGLISH_STOP_WORDS
            ]
            found += [*words, *_pairs(words)]
    return found


def _pairs(words: Sequence[str]) -> Iterable[str]:
    return (f"{a} {b}" for a, b in pairwise(words) if a != b)


def _as_given(terms: list[str]) -> list[str]:
    return terms


# The same few labels and keywords stand in most rows.
@lru_cache(maxsize=4096)
def _phrases(text: str) -> tuple[str, ...]:
    terms = (" ".join(part.lower().split()) for part in text.split(";"))
    return tuple(term for term in terms if term and term not in _STOP and term != _UNSEEN)
