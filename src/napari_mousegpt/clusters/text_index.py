"""Which description says what: unique texts, their terms and weights, and scores by words.

Descriptions repeat, above all once their numbers are left out, so every different text is kept
once. Terms are stems of words and the behaviours that phrases mean (written ``#rearing``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.synonyms import Synonyms
from napari_mousegpt.clusters.text_terms import spoken_words, without_numbers
from napari_mousegpt.core.tables import text_cells

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["CONCEPT", "FIELDS", "TextIndex", "Texts", "build_texts", "terms_of"]

#: Columns of the descriptions that are searched, and how much a word counts there.
FIELDS = {"label": 3.0, "overall": 2.0, "keywords": 2.0, "head": 1.0, "limb": 1.0, "torso": 1.0}
#: Where a phrase tells the behaviour; "paws near the nose" of the limbs does not.
_MEANT_IN = ("label", "overall", "keywords")
_UNSEEN = "not visible"
#: Begins the terms that are behaviours.
CONCEPT = "#"
#: What a behaviour meant by a phrase counts, beside 1 for the words themselves.
_CONCEPT_WEIGHT = 1.0

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Texts:
    """The different texts of a table of descriptions.

    Parameters
    ----------
    of_row : ndarray of int32, shape (n,)
        Text of each row; -1 where a row has no words.
    first : ndarray of int64, shape (t,)
        A row that has each text.
    counts : csr_array of float32, shape (t, terms)
        How much each term is said.
    terms : tuple of str
    said : tuple of str
        Each text in words, without numbers, for models of language.
    """

    of_row: NDArray[np.int32]
    first: NDArray[np.int64]
    counts: csr_array
    terms: tuple[str, ...]
    said: tuple[str, ...]


class TextIndex:
    """Scores texts by the words they share with a question.

    Parameters
    ----------
    terms : sequence of str
    weights : ndarray of float32, shape (terms,)
        How telling each term is (inverse document frequency).
    at : ndarray of int64, shape (terms + 1,)
        Where the texts of each term begin in ``texts`` and ``shares``.
    texts : ndarray of int32
        Texts that say a term.
    shares : ndarray of float16
        Weight of the term there; the squares of each text sum to 1.
    n_texts : int
    """

    def __init__(
        self,
        terms: Sequence[str],
        weights: Floats,
        at: NDArray[np.int64],
        texts: NDArray[np.int32],
        shares: NDArray[np.float16],
        n_texts: int,
    ) -> None:
        self.terms = tuple(terms)
        self.weights, self.at, self.texts, self.shares = weights, at, texts, shares
        self.n_texts = n_texts
        self._column = {term: column for column, term in enumerate(self.terms)}

    @classmethod
    def fit(cls, texts: Texts) -> tuple[TextIndex, csr_array]:
        """Return the index of some texts, and their weighted terms, shape (texts, terms)."""
        from scipy.sparse import csr_array
        from sklearn.preprocessing import normalize

        n = max(len(texts.first), 1)
        told = np.bincount(texts.counts.indices, minlength=len(texts.terms))
        weights = (np.log((1 + n) / (1 + told)) + 1).astype(np.float32)
        heard = texts.counts.copy()
        heard.data = np.log1p(heard.data) * weights[heard.indices]
        rows = csr_array(normalize(heard, copy=False)) if heard.nnz else heard
        columns = rows.tocsc()
        columns.sort_indices()
        index = cls(
            texts.terms,
            weights,
            columns.indptr.astype(np.int64),
            columns.indices.astype(np.int32),
            columns.data.astype(np.float16),
            len(texts.first),
        )
        return index, rows

    def __contains__(self, term: str) -> bool:
        return term in self._column

    def weight(self, term: str) -> float:
        """Return how telling a term is; 0 where no text says it."""
        column = self._column.get(term)
        return 0.0 if column is None else float(self.weights[column])

    def question(self, counts: Mapping[str, float]) -> dict[int, float]:
        """Return the weights of the terms of a question by column, of length 1 together."""
        weights = {
            self._column[term]: float(np.log1p(count) * self.weights[self._column[term]])
            for term, count in counts.items()
            if term in self._column
        }
        length = float(np.sqrt(sum(weight**2 for weight in weights.values()))) or 1.0
        return {column: weight / length for column, weight in weights.items()}

    def scores(self, question: Mapping[int, float]) -> Floats:
        """Return the cosine between a question and every text, shape (texts,)."""
        scores = np.zeros(self.n_texts, dtype=np.float32)
        for column, weight in question.items():
            part = slice(self.at[column], self.at[column + 1])
            scores[self.texts[part]] += np.float32(weight) * self.shares[part].astype(np.float32)
        return scores

    def saying(self, term: str) -> NDArray[np.int32]:
        """Return the texts that say a term."""
        column = self._column.get(term)
        if column is None:
            return np.zeros(0, dtype=np.int32)
        return np.asarray(self.texts[self.at[column] : self.at[column + 1]])


def terms_of(text: str, synonyms: Synonyms, *, meant: bool = True) -> Counter[str]:
    """Return how often each term is said in a text.

    Parameters
    ----------
    text : str
    synonyms : Synonyms
    meant : bool
        Count what its phrases mean too.
    """
    tokens = spoken_words(text)
    counts: Counter[str] = Counter(token.stem for token in tokens if not token.small)
    if meant:
        for one in synonyms.meanings(tokens):
            for concept in one.concepts:
                # A word of several behaviours tells each of them less.
                counts[CONCEPT + concept] += _CONCEPT_WEIGHT / len(one.concepts)  # type: ignore[assignment]
    return counts


def build_texts(descriptions: pd.DataFrame, synonyms: Synonyms) -> Texts:
    """Find the different texts of descriptions and count their terms.

    Parameters
    ----------
    descriptions : DataFrame
        Columns as in :data:`napari_mousegpt.core.tables.DESCRIPTIONS`.
    synonyms : Synonyms
    """
    from scipy.sparse import csr_array

    n = len(descriptions)
    codes, different = [], []
    for field in FIELDS:
        cells = text_cells(descriptions[field]) if field in descriptions else [""] * n
        # The same cell comes many times: numbers are taken out of each once.
        raw, cell = pd.factorize(np.asarray(cells, dtype=object))
        bare = np.array([_cleaned(text) for text in cell], dtype=object)
        merged, texts = pd.factorize(bare)
        codes.append(merged[raw] if n else raw)
        different.append(texts)
    key = np.zeros(n, dtype=np.int64)
    for code, texts in zip(codes, different, strict=True):
        # Renumbered each time, so that the product of the counts never overflows.
        key = pd.factorize(key * max(len(texts), 1) + code)[0].astype(np.int64)
    _, first = np.unique(key, return_index=True)
    wordy = np.array(
        [any(different[f][codes[f][row]] for f in range(len(FIELDS))) for row in first]
    )
    number = np.full(len(first), -1, dtype=np.int32)
    number[wordy.astype(bool)] = np.arange(int(wordy.sum()), dtype=np.int32)
    kept = first[wordy.astype(bool)] if len(first) else first.astype(np.int64)

    columns: dict[str, int] = {}
    total: Any = None
    parts = []
    for (field, weight), code, texts in zip(FIELDS.items(), codes, different, strict=True):
        meant = field in _MEANT_IN
        part = _counted([terms_of(text, synonyms, meant=meant) for text in texts], columns)
        parts.append((weight, part, code[kept]))
    for weight, (data, indices, indptr), rows in parts:
        matrix = csr_array((data, indices, indptr), (len(indptr) - 1, len(columns)))
        said = matrix[rows] * np.float32(weight) if len(rows) else csr_array((0, len(columns)))
        total = said if total is None else total + said
    counts = csr_array(total, dtype=np.float32)
    joined = tuple(
        ". ".join(text for f in range(len(FIELDS)) if (text := str(different[f][codes[f][row]])))
        for row in kept
    )
    return Texts(
        number[key] if n else number, kept.astype(np.int64), counts, tuple(columns), joined
    )


def _cleaned(text: str) -> str:
    if text.strip().lower() == _UNSEEN:
        return ""
    return " ".join(without_numbers(text).replace("( )", " ").split())


def _counted(
    counts: Iterable[Counter[str]], columns: dict[str, int]
) -> tuple[Floats, NDArray[np.int32], NDArray[np.int64]]:
    data: list[float] = []
    indices: list[int] = []
    ends = [0]
    for one in counts:
        for term, count in one.items():
            indices.append(columns.setdefault(term, len(columns)))
            data.append(count)
        ends.append(len(indices))
    return (
        np.asarray(data, dtype=np.float32),
        np.asarray(indices, dtype=np.int32),
        np.asarray(ends, dtype=np.int64),
    )
