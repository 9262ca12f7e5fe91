"""Which words the descriptions of an index have, and which of them a question may have meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.text_index import CONCEPT, FIELDS, TextIndex, terms_of
from napari_mousegpt.clusters.text_terms import spoken_words

if TYPE_CHECKING:
    from napari_mousegpt.clusters.search_rows import SearchRows
    from napari_mousegpt.clusters.synonyms import Synonyms

__all__ = ["SearchWords"]


class SearchWords:
    """Words of the stretches of an index.

    Parameters
    ----------
    rows : SearchRows
    text_of : (n,) int32 array
        Text of each row, -1 for rows without words.
    index : TextIndex
        Of the different texts.
    synonyms : Synonyms
    """

    def __init__(
        self,
        rows: SearchRows,
        text_of: NDArray[np.int32],
        index: TextIndex,
        synonyms: Synonyms,
    ) -> None:
        self._rows, self._text_of, self._index, self._synonyms = rows, text_of, index, synonyms

    def saying(self, keywords: Iterable[str]) -> Iterable[tuple[str, NDArray[np.bool_]]]:
        """Yield for each keyword its name as a filter, and a bool for each row that says it."""
        for word in keywords:
            texts = np.ones(self._index.n_texts, dtype=bool)
            for term in terms_of(word, self._synonyms, meant=False):
                says = np.zeros(self._index.n_texts, dtype=bool)
                says[self._index.saying(term)] = True
                texts &= says
            # The last place is that of rows without words, -1.
            yield f"keyword {word}", np.append(texts, False)[self._text_of]

    def terms_of(self, row: int) -> Counter[str]:
        """Return the terms of a row that the index knows, counted by the weight of their part."""
        counts: Counter[str] = Counter()
        for name, weight in FIELDS.items():
            text = self._rows.name("label", row) if name == "label" else self._rows.text(name, row)
            for term, count in terms_of(text, self._synonyms, meant=weight > 1).items():
                counts[term] += count * weight  # type: ignore[assignment]
        return Counter({term: count for term, count in counts.items() if term in self._index})

    def near(self, text: str) -> str:
        """Return sentences on known words that are spelled like unknown ones; may be empty."""
        labels = {word for name in self._rows.names["label"] for word in name.split()}
        known = {*labels, *(term for term in self._index.terms if term[0] != CONCEPT)}
        said = []
        for token in spoken_words(text):
            if token.small or token.stem in self._index:
                continue
            near = self._synonyms.near_words(token.word, known)
            if near:
                said.append(f"Words near {token.word!r}: {', '.join(near)}. ")
        return "".join(said)

    def spoken(self) -> str:
        """Return some of what the descriptions speak of."""
        labels = [name for name in self._rows.names["label"] if name]
        return ", ".join(labels[:8]) or ", ".join(self._index.terms[:8]) or "nothing"
