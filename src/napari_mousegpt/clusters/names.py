"""Names for clusters, from the words of the moments they hold.

Words and clusters are joined by the frames they share, never by row. What sets a cluster apart is
found by class-based TF-IDF (Grootendorst 2022, "BERTopic", arXiv 2203.05794): how often a term is
said in the cluster, against how often it is said at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.typical import bout_numbers, typical_rows
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.tables import ASSIGNMENTS, CLUSTERS, DESCRIPTIONS

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = ["name_clusters"]

Floats = NDArray[np.float64]

#: Words that say nothing about what a mouse does.
_STOP = frozenset(
    (
        *(
            "mouse",
            "mice",
            "animal",
            "animals",
            "rodent",
            "subject",
            "body",
            "behaviour",
            "behavior",
        ),
        *("seems", "seem", "appears", "appear", "shown", "visible", "unclear", "unknown"),
        *("frame", "frames", "clip", "image", "picture", "video", "view", "second", "seconds"),
        *(
            "slightly",
            "rather",
            "somewhat",
            "likely",
            "possibly",
            "probably",
            "currently",
            "remains",
        ),
    )
)
_SIDE = re.compile(r"(?<=\S) (to the )?(left|right)$")
_WORD = re.compile(r"[a-z][a-z-]{2,}")
_FIELDS = ("overall", "head", "limb", "torso")
_UNSEEN = "not visible"
#: A label heads the name when it holds for this share of the described time of a cluster.
_HEAD_SHARE = 1 / 3
#: Further terms of a name hold for this share.
_TERM_SHARE = 0.3
#: Keywords, and terms that are only there to tell two names apart, hold for this share.
_KEYWORD_SHARE = 0.05
#: Sides mix when the rarer one has more than this part of the time of the other in some cluster.
_MIXED = 0.25
#: Terms of a name, and of the list of keywords.
_NAME_TERMS, _KEYWORDS = 3, 8


@dataclass(frozen=True)
class _Terms:
    """Terms of one kind: where each is said, and how well each sets a cluster apart."""

    words: list[str]
    #: Shape (descriptions, terms).
    said: csc_array
    #: Share of the described time of each cluster, shape (clusters, terms).
    share: Floats
    #: Class-based TF-IDF, shape (clusters, terms).
    score: Floats

    def said_in(self, term: str) -> NDArray[np.bool_]:
        """Return which descriptions say a term, shape (descriptions,)."""
        column = self.said[:, [self.words.index(term)]].toarray()
        return np.asarray(column[:, 0] > 0)

    def best(self, row: int, least: float) -> list[str]:
        """Return the terms of one cluster, the most telling first."""
        order = np.lexsort((self.words, -self.score[row].round(9)))
        # A term that is as common everywhere tells nothing.
        common = self.share.mean(axis=0) if len(self.share) > 1 else np.zeros(len(self.words))
        return [
            self.words[t]
            for t in order
            if self.share[row, t] >= least and self.share[row, t] > common[t]
        ]


def name_clusters(assignments: pd.DataFrame, descriptions: pd.DataFrame) -> pd.DataFrame:
    """Name clusters by what is said about their members.

    Parameters
    ----------
    assignments : DataFrame
        Cluster assignments; with ``start_s`` and ``stop_s`` the result has times in seconds.
    descriptions : DataFrame
        Descriptions of any stretches of the same recordings; they need not be the same intervals.

    Returns
    -------
    DataFrame
        One row for each cluster that occurs, noise left out, with the columns of
        :data:`~napari_mousegpt.core.tables.CLUSTERS`. ``name`` is the label most of the described
        time has, then up to two terms that set the cluster apart, for example
        ``"walking, fast, straight"``; names are unique. ``coverage`` is the share of the cluster's
        frames whose description says the first term. ``sentence`` describes the medoid, the most
        typical interval. A cluster without words is called ``"unnamed behaviour <id>"``.

    Raises
    ------
    InputError
        When a table lacks a required column.
    """
    rows = ASSIGNMENTS.check(assignments).reset_index(drop=True)
    words = DESCRIPTIONS.check(descriptions).reset_index(drop=True)
    clusters = np.unique(rows.loc[rows["cluster"] >= 0, "cluster"].to_numpy())
    table = _times(rows).reindex(clusters)
    medoids = typical_rows(rows)
    middle = rows.loc[[medoids[int(c)] for c in clusters]].reset_index(drop=True)
    bouts = Intervals(rows.loc[rows["cluster"] >= 0, [*KEYS, "cluster"]]).merge(by=("cluster",))
    spoken = Intervals(words[list(KEYS)])
    named = _names(clusters, bouts, spoken, words)
    found = pd.DataFrame(
        {
            "cluster": clusters,
            "name": [name for name, _, _ in named],
            "sentence": _sentences(Intervals(middle[list(KEYS)]), spoken, words["overall"]),
            "keywords": [";".join(keywords) for _, keywords, _ in named],
            "coverage": [coverage for _, _, coverage in named],
            **{name: table[name].to_numpy() for name in table.columns},
            "medoid_range_id": middle["range_id"],
            "medoid_recording": middle["recording"],
            "medoid_start": middle["start"],
            "medoid_stop": middle["stop"],
        }
    )
    return CLUSTERS.check(found)


def _times(rows: pd.DataFrame) -> pd.DataFrame:
    """Return intervals, bouts and seconds of each cluster."""
    bouts = rows.assign(bout=bout_numbers(rows)).groupby("bout")
    table = bouts[["recording", "individual", "cluster"]].first()
    table["n_ranges"] = bouts.size()
    table["lasts"] = np.nan
    if {"start_s", "stop_s"} <= set(rows.columns):
        begin, end = (
            bouts[name].agg(way).to_numpy(copy=True)
            for name, way in (("start_s", "min"), ("stop_s", "max"))
        )
        # Windows that overlap at a change share the time between them.
        who = table.groupby(["recording", "individual"], sort=False).ngroup().to_numpy()
        shared = np.flatnonzero((who[1:] == who[:-1]) & (end[:-1] > begin[1:]))
        cut = (end[shared] + begin[shared + 1]) / 2
        end[shared], begin[shared + 1] = cut, cut
        table["lasts"] = end - begin
    by_cluster = table.groupby("cluster")
    return pd.DataFrame(
        {
            "n_ranges": by_cluster["n_ranges"].sum(),
            "n_bouts": by_cluster.size(),
            "seconds": by_cluster["lasts"].sum(min_count=1),
            "median_bout_s": by_cluster["lasts"].median(),
        }
    )


def _names(
    clusters: NDArray[np.int64], bouts: Intervals, spoken: Intervals, words: pd.DataFrame
) -> list[tuple[str, list[str], float]]:
    """Return name, keywords and coverage of each cluster."""
    from scipy.sparse import csc_array

    left, right = bouts.overlapping(spoken)
    shared = np.minimum(bouts.stop[left], spoken.stop[right]) - np.maximum(
        bouts.start[left], spoken.start[right]
    )
    of_bout = np.searchsorted(clusters, bouts.column("cluster"))
    of_pair = of_bout[left]
    weight = csc_array((shared.astype(np.float64), (of_pair, right)), (len(clusters), len(words)))
    labels = _terms(words, lambda row: _phrases(row.label), weight)
    phrases = _terms(words, _without_sides(words, weight), weight)
    # Loose words of sentences are a poor second: only where the describer gives no keywords.
    bare = not words["keywords"].str.strip().any()
    single = _terms(words, _sentence_words if bare else _no_words, weight)
    chosen: list[list[str]] = []
    spares: list[list[str]] = []
    for row in range(len(clusters)):
        telling = phrases.best(row, _TERM_SHARE)
        spare = [*telling, *phrases.best(row, _KEYWORD_SHARE), *single.best(row, _TERM_SHARE)]
        head = _head(labels, row) or next(iter(spare), "")
        picked = [head] if head else []
        for term in telling or spare:
            if picked and len(picked) < _NAME_TERMS and _differs(term, picked):
                picked.append(term)
        chosen.append(picked)
        spares.append(spare)
    names = _unique(clusters, chosen, spares)
    frames = np.bincount(of_bout, bouts.length, len(clusters))
    result = []
    for row in range(len(clusters)):
        coverage = 0.0
        if chosen[row]:
            head = chosen[row][0]
            says = phrases if head in phrases.words else single
            mine = (of_pair == row) & says.said_in(head)[right]
            coverage = _covered(bouts, spoken, left[mine], right[mine]) / frames[row]
        found = [*phrases.best(row, _KEYWORD_SHARE), *single.best(row, _KEYWORD_SHARE)]
        keywords = list(dict.fromkeys(found))
        result.append((names[row], keywords[:_KEYWORDS], coverage))
    return result


def _terms(words: pd.DataFrame, analyse: Callable[[Any], list[str]], weight: csc_array) -> _Terms:
    """Count terms by cluster; ``weight`` is frames shared, shape (clusters, descriptions)."""
    from scipy.sparse import csc_array
    from sklearn.feature_extraction.text import CountVectorizer

    terms = [analyse(row) for row in words.itertuples(index=False)]
    n_clusters = weight.shape[0]
    if not n_clusters or not any(terms):
        return _Terms([], csc_array((len(words), 0)), *np.zeros((2, n_clusters, 0)))
    counter = CountVectorizer(analyzer=_as_given, binary=True)
    said = csc_array(counter.fit_transform(terms))
    frames = (weight @ said).toarray().astype(np.float64)
    described = np.maximum(weight.sum(axis=1), 1.0)[:, None]
    in_cluster = np.maximum(frames.sum(axis=1, keepdims=True), 1.0)
    in_all = np.maximum(frames.sum(axis=0), 1.0)
    score = frames / in_cluster * np.log1p(frames.sum() / n_clusters / in_all)
    names = [str(term) for term in counter.get_feature_names_out()]
    return _Terms(names, said, frames / described, score)


def _no_words(_: Any) -> list[str]:
    return []


def _as_given(terms: list[str]) -> list[str]:
    return terms


def _phrases(text: str) -> list[str]:
    terms = (" ".join(part.lower().split()) for part in text.split(";"))
    return [term for term in terms if term and term not in _STOP and term != _UNSEEN]


def _without_sides(words: pd.DataFrame, weight: csc_array) -> Callable[[Any], list[str]]:
    """Return how to read the phrases of a row, leaving "left" and "right" out where they mix.

    Most vectors do not tell left from right, so a cluster holds both, and to call it "turning left"
    would be half of the truth.
    """

    def given(row: Any) -> list[str]:
        return _phrases(f"{row.label};{row.keywords}")

    terms = _terms(words, given, weight)
    mixed = set()
    for term in terms.words:
        other = f"{term.removesuffix('left')}right"
        if term.endswith("left") and other in terms.words:
            a, b = (terms.share[:, terms.words.index(name)] for name in (term, other))
            if np.any(np.minimum(a, b) > _MIXED * np.maximum(a, b)):
                mixed.add(_SIDE.sub("", term))

    def read(row: Any) -> list[str]:
        stems = ((_SIDE.sub("", term), term) for term in given(row))
        return list(dict.fromkeys(stem if stem in mixed else term for stem, term in stems))

    return read


def _sentence_words(row: Any) -> list[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    texts = (str(getattr(row, field)).lower() for field in _FIELDS)
    return [
        word
        for text in texts
        if text != _UNSEEN
        for word in _WORD.findall(text)
        if word not in _STOP and word not in ENGLISH_STOP_WORDS
    ]


def _head(labels: _Terms, row: int) -> str:
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
    clusters: NDArray[np.int64], chosen: list[list[str]], spares: list[list[str]]
) -> list[str]:
    names: list[str] = []
    taken: set[frozenset[str]] = set()
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
    """Return how many frames of the bouts lie in these descriptions, each counted once."""
    if not left.size:
        return 0.0
    table = bouts[left].to_pandas()[list(KEYS)]
    table["start"] = np.maximum(bouts.start[left], spoken.start[right])
    table["stop"] = np.minimum(bouts.stop[left], spoken.stop[right])
    return float(Intervals(table).merge().length.sum())


def _sentences(medoids: Intervals, spoken: Intervals, sentences: pd.Series[str]) -> list[str]:
    """Return for each medoid the sentence that shares most of its frames with it, else ''."""
    left, right = medoids.overlapping(spoken)
    start = np.maximum(medoids.start[left], spoken.start[right])
    stop = np.minimum(medoids.stop[left], spoken.stop[right])
    union = np.maximum(medoids.stop[left], spoken.stop[right]) - np.minimum(
        medoids.start[left], spoken.start[right]
    )
    fit = (stop - start) / np.maximum(union, 1)
    found = [""] * len(medoids)
    for pair in np.lexsort((spoken.start[right], fit)):
        found[left[pair]] = str(sentences.iloc[right[pair]])
    return found
