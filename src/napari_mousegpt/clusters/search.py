"""Search in descriptions: by sentence, by an example, by keywords and filters.

Every stretch is compared with the question, none is left out by an approximate index. A score is
the mean of two cosines, both 0 to 1 for most: by the words (and the behaviours that phrases mean,
see :mod:`napari_mousegpt.clusters.synonyms`), and by the vectors of the texts, from a model of
language or, by default, from a decomposition of the words of the descriptions themselves.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.search_files import is_index
from napari_mousegpt.clusters.search_filters import SearchFilters
from napari_mousegpt.clusters.search_hits import hits
from napari_mousegpt.clusters.search_model import BUILT_IN, checked_model, encoded
from napari_mousegpt.clusters.search_question import Question, read_question
from napari_mousegpt.clusters.search_rows import SearchRows
from napari_mousegpt.clusters.search_scores import Candidates, ranked
from napari_mousegpt.clusters.search_words import SearchWords
from napari_mousegpt.clusters.synonyms import Synonyms
from napari_mousegpt.clusters.text_index import TextIndex
from napari_mousegpt.clusters.text_vectors import LatentText, PackedVectors, TextEmbedding, unit
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.core.vectors import Vectors

__all__ = ["SearchIndex", "search"]

_MOST = 10_000
#: What scores less answers nothing: no word and no place in common.
_ANSWERS = 0.01

Space = Literal["words", "vectors", "both"]


class SearchIndex:
    """Descriptions, ready to be searched; made by :meth:`build`, :meth:`of_runs` or :meth:`open`.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "range_id": ["a", "b"], "recording": "m1", "individual": "", "start": [0, 30],
    ...     "stop": [30, 60], "label": ["rearing", "walking"], "confidence": 1.0,
    ...     "overall": ["Rears at the wall.", "Walks fast."], "head": "", "limb": "", "torso": "",
    ...     "keywords": "", "evidence": "{}", "model": "m", "prompt_id": "p"})
    >>> found = SearchIndex.build(table).find("stands upright", k=1)
    >>> found[["start", "stop", "words"]].to_numpy().tolist()
    [[0, 30, 'rears (stands upright); rearing (stands upright)']]
    """

    def __init__(
        self,
        rows: SearchRows,
        text_of: NDArray[np.int32],
        index: TextIndex,
        texts: PackedVectors,
        synonyms: Synonyms,
        card: Mapping[str, Any],
        *,
        latent: LatentText | None = None,
        places: PackedVectors | None = None,
        embedding: TextEmbedding | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        self.rows, self.synonyms, self.card = rows, synonyms, dict(card)
        self.notes = tuple(notes)
        self.text_of, self.index, self.texts = text_of, index, texts
        self.latent, self.places, self._embedding = latent, places, embedding
        self._words = SearchWords(rows, text_of, index, synonyms)
        self._checked = False

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return (
            f"<SearchIndex: {len(self)} stretches of {len(self.rows.names['recording'])} "
            f"recordings, {self.index.n_texts} different texts, {self.card['embedding']['id']}>"
        )

    @classmethod
    def build(
        cls,
        descriptions: pd.DataFrame,
        *,
        vectors: Vectors | None = None,
        clocks: Mapping[str, Timebase] | None = None,
        study: Study | pd.DataFrame | None = None,
        embedding: TextEmbedding | None = None,
        synonyms: Synonyms | None = None,
        sources: Mapping[str, Any] | None = None,
    ) -> SearchIndex:
        """Build an index in memory.

        Parameters
        ----------
        descriptions : DataFrame
            Columns of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`. Rows without words stay in:
            filters find them, and vectors where there are any.
        vectors : Vectors, optional
            For search by example. They need not be of the same stretches: those that share frames
            with a description are averaged.
        clocks : mapping of str to Timebase, optional
            Clock of each recording, for seconds.
        study : Study or DataFrame, optional
            Facts of the recordings, for filters such as group.
        embedding : TextEmbedding, optional
            A model of language or a server; see
            :func:`napari_mousegpt.clusters.text_models.find_embedding`. By default none is needed.
        synonyms : Synonyms, optional
            By default those of :func:`~napari_mousegpt.clusters.synonyms.load_synonyms`.
        sources : mapping, optional
            Fingerprints of the files that the descriptions come from.

        Raises
        ------
        InputError
            When there are no descriptions, or a column is missing.
        MismatchError
            When the model gives other than one vector for each text.
        """
        from napari_mousegpt.clusters.search_building import build_index

        return build_index(
            descriptions, vectors, clocks or {}, study, embedding, synonyms, sources or {}
        )

    @classmethod
    def of_runs(
        cls,
        folders: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        study: Study | pd.DataFrame | None = None,
        clocks: Mapping[str, Timebase] | None = None,
        embedding: TextEmbedding | None = None,
        synonyms: Synonyms | None = None,
        vectors: bool = True,
    ) -> SearchIndex:
        """Build an index of finished runs or studies; parameters as for :meth:`build`.

        Raises
        ------
        InputError
            When a folder is none of a finished run, or has no words.
        MismatchError
            When the runs have vectors of different models: then give ``vectors=False``.
        """
        from napari_mousegpt.clusters.search_sources import read_runs

        one = isinstance(folders, str | os.PathLike)
        found = read_runs([folders] if one else folders, vectors=vectors)  # type: ignore[list-item, arg-type]
        return cls.build(
            found.descriptions,
            vectors=found.vectors,
            clocks={**found.clocks, **(clocks or {})},
            study=found.study if study is None else study,
            embedding=embedding,
            synonyms=synonyms,
            sources=found.files,
        )

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the index into a folder; see :mod:`napari_mousegpt.clusters.search_files`.

        Raises
        ------
        OutputExistsError
            When the folder holds something else, or an index and ``overwrite`` is False.
        """
        from napari_mousegpt.clusters.search_stored import save_index

        return save_index(self, Path(folder), overwrite=overwrite)

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        *,
        embedding: TextEmbedding | None = None,
        clocks: Mapping[str, Timebase] | None = None,
        check: bool = True,
    ) -> SearchIndex:
        """Open an index; its arrays stay on the disk until they are looked at.

        Parameters
        ----------
        folder : path-like
        embedding : TextEmbedding, optional
            The one that it was built with. Without it the model that the index names is loaded
            with the first question.
        clocks : mapping of str to Timebase, optional
            In place of those that were saved.
        check : bool
            Compare the files of the runs with what they were.

        Raises
        ------
        InputError
            When there is none.
        FormatError
            When it is of another version, or damaged.
        MismatchError
            When a run changed since, or the embedding is another one.
        """
        from napari_mousegpt.clusters.search_stored import open_index

        return open_index(Path(folder), embedding, clocks, check=check)

    def find(
        self,
        text: str = "",
        k: int = 10,
        filters: SearchFilters | None = None,
        *,
        apart: bool = True,
    ) -> pd.DataFrame:
        """Find the stretches whose words answer a question best.

        Parameters
        ----------
        text : str
            A sentence or some words. May be empty where there are filters: then everything that is
            within them is listed, the surest labels first.
        k : int
            How many to return.
        filters : SearchFilters, optional
        apart : bool
            Leave out stretches that share frames with a better one of the same animal.

        Returns
        -------
        DataFrame
            Best first: ``rank`` (from 1), ``score``, ``range_id``, ``recording``, ``individual``,
            ``start``, ``stop`` (half-open frames), ``start_s``, ``stop_s`` (seconds by the clock of
            the recording; NaN without one), ``label``, ``confidence``, ``sentence`` (the one that
            answers best), ``words`` (which of its words do), and the columns of the study table.
            ``attrs["notes"]`` are sentences about words that no description has, and what was used
            instead. Equal scores are ordered by confidence, recording and frame.

        Raises
        ------
        InputError
            When there is neither a question nor a filter, no description has any of its words or
            of what they mean, or nothing within the filters answers.
        MismatchError
            When the model that the index was built with answers otherwise than then.
        """
        limits = filters or SearchFilters()
        allowed = self._allowed(limits)
        if not text.strip() and not limits.empty:
            order = Candidates(np.flatnonzero(allowed), np.zeros(int(allowed.sum()), np.float32))
            return self._table(order, Question("", Counter(), {}, ()), k, apart=apart)
        question = read_question(text, self.index, self.synonyms)
        if not question.counts and self.card["embedding"]["id"] == BUILT_IN:
            raise InputError(
                f"question {text!r}",
                expected="a word that a description has, or that means the same",
                found="none",
                remedy=f"{self._words.near(text)}Descriptions speak of {self._words.spoken()}. Add "
                "words to a table of synonyms, or build the index with a model of language.",
            )
        by_column = self.index.question(question.counts)
        words = self.index.scores(by_column)
        vector = (
            self.latent.place_question(by_column)
            if self.latent is not None
            else unit(encoded(self._model(), [text])[0])
        )
        told = Candidates.of_texts(words, self.texts, vector, self.text_of, allowed)
        found = self._table(told, question, k, apart=apart)
        answers = found[found["score"] >= _ANSWERS].reset_index(drop=True)
        answers.attrs = found.attrs
        if not len(answers):
            raise InputError(
                f"question {text!r} within the filters",
                expected="a stretch whose words answer it",
                found=f"none of {int(allowed.sum())}",
                remedy="Loosen the filters, or ask in other words.",
            )
        return answers

    def like(
        self,
        example: str | tuple[str, int, int],
        k: int = 10,
        filters: SearchFilters | None = None,
        *,
        space: Space | None = None,
        apart: bool = True,
    ) -> pd.DataFrame:
        """Find the stretches that are most like an example.

        Parameters
        ----------
        example : str or (str, int, int)
            A ``range_id``, or recording, first frame and frame after the last one: of the
            descriptions there the one that shares most frames with it.
        k, filters, apart
            As for :meth:`find`. What shares frames with the example is never returned.
        space : {"words", "vectors", "both"}, optional
            What is compared; by default ``"both"`` where the index has vectors, else ``"words"``.

        Returns
        -------
        DataFrame
            As of :meth:`find`; ``words`` are those that the example has too.

        Raises
        ------
        InputError
            When there is no such stretch, it has no words or no vector, or nothing is left.
        """
        row = self.rows.row_of(example)
        where = space or ("words" if self.places is None else "both")
        allowed = self._allowed(filters or SearchFilters()) & ~self.rows.sharing(example)
        shared = self._words.terms_of(row)
        question = Question("", shared, {}, ())
        parts: list[Candidates] = []
        if where in ("words", "both"):
            text = int(self.text_of[row])
            if text < 0:
                raise InputError(
                    f"example {example}",
                    expected="a stretch with words",
                    found="one that has none",
                    remedy="Compare by vectors, or choose another one.",
                )
            words = self.index.scores(self.index.question(shared))
            vector = self.texts.exact[text].astype(np.float32)
            parts.append(Candidates.of_texts(words, self.texts, vector, self.text_of, allowed))
        if where in ("vectors", "both"):
            if self.places is None:
                raise InputError(
                    "search by vectors",
                    expected="an index with vectors",
                    found="one of words only",
                    remedy="Build it from runs that have vectors, or compare by words.",
                )
            place = self.places.exact[row].astype(np.float32)
            if not place.any():
                raise InputError(
                    f"example {example}", expected="a stretch with a vector", found="one without"
                )
            parts.append(Candidates.of_rows(self.places, place, allowed))
        return self._table(Candidates.mean(parts), question, k, apart=apart)

    def _table(self, told: Candidates, question: Question, k: int, *, apart: bool) -> pd.DataFrame:
        if not 1 <= k <= _MOST:
            raise InputError(f"k={k}", expected=f"1 to {_MOST} results")
        rows, scores = ranked(told, self.rows.arrays, k, apart=apart)
        found = hits(self.rows, rows, scores, question, self.index, self.synonyms)
        found.attrs["notes"] = [*self.notes, *question.notes]
        return found

    def _allowed(self, filters: SearchFilters) -> NDArray[np.bool_]:
        allowed = np.ones(len(self), dtype=bool)
        left = []
        limits = [*self.rows.masks(filters), *self._words.saying(filters.keywords)]
        for name, mask in limits:
            allowed &= mask
            left.append(f"{name}: {int(mask.sum())}")
        if not allowed.any():
            raise InputError(
                "filters",
                expected="at least one stretch within all of them",
                found=f"none of {len(self)} ({'; '.join(left)})",
                remedy=f"{self._words.near(' '.join(filters.keywords))}Loosen one of them.",
            )
        return allowed

    def _model(self) -> TextEmbedding:
        if not self._checked:
            self._embedding = checked_model(self._embedding, self.card["embedding"])
            self._checked = True
        assert self._embedding is not None
        return self._embedding


def search(
    where: SearchIndex | str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    text: str = "",
    *,
    like: str | tuple[str, int, int] | None = None,
    k: int = 10,
    filters: SearchFilters | None = None,
    space: Space | None = None,
    apart: bool = True,
    embedding: TextEmbedding | None = None,
) -> pd.DataFrame:
    """Search finished runs, or an index of them.

    Parameters
    ----------
    where : SearchIndex or path-like or iterable of path-like
        An index, its folder, or the folders of runs and studies, which are then read once more with
        every call: for more than one question build a :class:`SearchIndex`.
    text : str
        A sentence or some words; see :meth:`SearchIndex.find`.
    like : str or (str, int, int), optional
        An example instead of words; see :meth:`SearchIndex.like`.
    k, filters, space, apart
        As for these.
    embedding : TextEmbedding, optional
        As for :meth:`SearchIndex.build` and :meth:`SearchIndex.open`.

    Raises
    ------
    InputError
        As these, and when both words and an example are given.
    """
    if isinstance(where, SearchIndex):
        index = where
    elif isinstance(where, str | os.PathLike) and is_index(Path(where)):
        index = SearchIndex.open(where, embedding=embedding)
    else:
        index = SearchIndex.of_runs(where, embedding=embedding)
    if like is None:
        return index.find(text, k, filters, apart=apart)
    if text.strip():
        raise InputError(
            "search", expected="words or an example", found="both", remedy="Leave one out."
        )
    return index.like(like, k, filters, space=space, apart=apart)
