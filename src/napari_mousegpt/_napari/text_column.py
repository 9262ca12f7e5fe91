"""A column of text as numbers, so that each text is looked at once however many rows have it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["TextColumn"]


@dataclass(frozen=True, eq=False)
class TextColumn:
    """A column of text as numbers: the value of row i is ``values[codes[i]]``.

    Parameters
    ----------
    values : list of str
        Each text once.
    codes : ndarray of int, shape (n,)
        Which of them stands in each row.
    """

    values: list[str]
    codes: NDArray[np.intp]

    @classmethod
    def of(cls, column: NDArray[Any]) -> TextColumn:
        """Return the numbers of a column of text."""
        codes, values = pd.factorize(np.asarray(column, dtype=object))
        return cls(values.tolist(), codes)

    @cached_property
    def folded(self) -> list[str]:
        """The values without letter case."""
        return [value.casefold() for value in self.values]

    def among(self, allowed: frozenset[str]) -> NDArray[np.bool_]:
        """Return which rows have one of these texts, shape (n,)."""
        return self._pick([value in allowed for value in self.values])

    def holding(self, word: str) -> NDArray[np.bool_]:
        """Return in which rows a word stands, given without letter case, shape (n,)."""
        return self._pick([word in value for value in self.folded])

    def ranks(self, *, descending: bool) -> NDArray[np.intp]:
        """Return numbers that sort like the texts, shape (n,); empty ones come last either way."""
        order = sorted(range(len(self.values)), key=lambda i: (self.folded[i], self.values[i]))
        ranks = np.empty(len(order), dtype=np.intp)
        ranks[order] = np.arange(len(order))[:: -1 if descending else 1]
        if "" in self.values:
            ranks[self.values.index("")] = len(order)
        return ranks[self.codes]

    def _pick(self, chosen: list[bool]) -> NDArray[np.bool_]:
        return np.asarray(chosen, dtype=bool)[self.codes] if chosen else np.zeros(0, dtype=bool)
