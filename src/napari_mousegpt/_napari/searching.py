"""Searching the words of finished runs beside the viewer: index, questions, what was found."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.blind_results import check_not_blind
from napari_mousegpt._napari.bout_words import time_text
from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.last_job import LastJob
from napari_mousegpt._napari.map_source import find_runs
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from napari.components import ViewerModel

    from napari_mousegpt.clusters.search import SearchIndex
    from napari_mousegpt.clusters.search_filters import SearchFilters

__all__ = ["Hit", "Offered", "Searching", "build_parts", "offered"]

#: How many are listed.
_LISTED = 50


@dataclass(frozen=True)
class Hit:
    """One stretch that was found.

    Parameters
    ----------
    recording, individual : str
        The individual is empty where there is one only.
    start, stop : int
        Half-open frames.
    score : float
        0 to 1 for most.
    time : str
        When it begins; frames where no clock is known.
    label, sentence, words : str
        What it is called, the sentence that answers best, and the words of it that do.
    """

    recording: str
    individual: str
    start: int
    stop: int
    score: float
    time: str
    label: str
    sentence: str
    words: str

    @property
    def cells(self) -> tuple[str, ...]:
        """What the table shows: what it does, score, recording, time."""
        who = f"{self.recording} {self.individual}".strip()
        return (self.sentence or self.label, f"{self.score:.2f}", who, self.time)

    @property
    def about(self) -> str:
        """Everything about it, in sentences."""
        called = f"{self.label}: " if self.label else ""
        where = f"{self.recording} {self.individual}".strip()
        text = f"{called}{self.sentence}\n{where}, frames {self.start:,} to {self.stop - 1:,}"
        return f"{text}. Found by: {self.words}" if self.words else text


@dataclass(frozen=True)
class Offered:
    """What a search can be limited to: values with how many stretches each has."""

    labels: Mapping[str, int]
    animals: Mapping[str, int]
    groups: Mapping[str, int]
    speed: bool
    seconds: bool


@dataclass(frozen=True)
class BuildPart:
    """How far the index is."""

    step: str
    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Built:
    """An index and where its recordings are."""

    folder: Path
    index: SearchIndex
    runs: Mapping[str, Path]


def build_parts(folder: Path) -> Generator[BuildPart, None, Built]:
    """Build the index of a run or study; it can be stopped after each recording.

    Raises
    ------
    InputError
        When the folder has no words.
    """
    import pandas as pd

    from napari_mousegpt.clusters.search import SearchIndex
    from napari_mousegpt.clusters.search_sources import read_runs
    from napari_mousegpt.core.vectors import Vectors

    source = find_runs(folder)
    read = []
    for number, run in enumerate(source.runs.values()):
        yield BuildPart("reading words", number, len(source.runs) + 1)
        read.append(read_runs([run]))
    if not read:
        raise InputError(folder, expected="at least one finished recording", found="none")
    yield BuildPart("building the index", len(source.runs), len(source.runs) + 1)
    vectors = [one.vectors for one in read if one.vectors is not None]
    kinds = {(one.model, one.revision, one.names) for one in vectors}
    index = SearchIndex.build(
        pd.concat([one.descriptions for one in read], ignore_index=True),
        # Vectors of several models are not compared: words alone then.
        vectors=Vectors.concat(vectors) if len(vectors) == len(read) and len(kinds) == 1 else None,
        clocks={name: clock for one in read for name, clock in one.clocks.items()},
        study=_study(source.facts, list(source.runs)),
        sources={name: file for one in read for name, file in one.files.items()},
    )
    return Built(folder, index, source.runs)


def _study(facts: Mapping[str, Mapping[str, str]], names: list[str]) -> pd.DataFrame | None:
    import pandas as pd

    if not facts:
        return None
    columns = {column: [known.get(name, "") for name in names] for column, known in facts.items()}
    return pd.DataFrame({"recording": names, **columns})


def offered(index: SearchIndex) -> Offered:
    """Return what a search in an index can be limited to."""
    import numpy as np

    rows, study = index.rows, index.rows.study

    def counted(column: str) -> dict[str, int]:
        number = np.bincount(rows.arrays[column], minlength=len(rows.names[column]))
        return {name: int(n) for name, n in zip(rows.names[column], number, strict=True) if name}

    def of_study(column: str) -> dict[str, int]:
        if study is None or column not in study.columns:
            return {}
        here = counted("recording")
        found: dict[str, int] = {}
        for name, value in zip(study["recording"], study[column], strict=True):
            found[str(value)] = found.get(str(value), 0) + here.get(str(name), 0)
        return {value: number for value, number in found.items() if value}

    animals = of_study("animal") or ({} if study is not None else counted("individual"))
    known = all(name in rows.clocks for name in rows.names["recording"])
    return Offered(
        counted("label"), animals, of_study("group"), "body_speed" in rows.numbers, known
    )


class Searching(LastJob):
    """The index of a folder of results, and questions to it.

    Parameters
    ----------
    viewer : ViewerModel
    start : callable
        Starts a job.

    Attributes
    ----------
    hits : list of Hit
        What the last question found, the best first.
    notes : tuple of str
        Words that no description has, and what was used instead.
    error : Exception or None
        Why the last question or index failed.
    """

    #: Emitted when there is another index.
    indexed = Signal()
    #: Emitted when a question was answered, or refused.
    answered = Signal()

    def __init__(self, viewer: ViewerModel, start: Callable[..., Job] = start_job) -> None:
        super().__init__(viewer, start)
        self._state = state_of(viewer)
        self._built: Built | None = None
        self.hits: list[Hit] = []
        self.notes: tuple[str, ...] = ()
        self.error: Exception | None = None
        self._state.blinded.connect(self.forget)

    @property
    def index(self) -> SearchIndex | None:
        """The index, None while there is none."""
        return None if self._built is None else self._built.index

    @property
    def runs(self) -> Mapping[str, Path]:
        """Run folder of each recording."""
        return {} if self._built is None else self._built.runs

    def open(self, folder: Path) -> None:
        """Begin to build the index of a folder; what was found before is dropped.

        Raises
        ------
        InputError
            While a study is scored blind.
        """
        check_not_blind(self._state, "search")
        self.forget()
        self._work(build_parts, folder, title="Build the index", done=self._take)

    def forget(self) -> None:
        """Drop the index with what was found, as it must not be seen by who scores blind."""
        self.cancel()
        self._built, self.hits, self.notes, self.error = None, [], (), None
        self.indexed.emit()
        self.answered.emit()

    def ask(self, text: str, filters: SearchFilters) -> None:
        """Ask for a sentence, for words, or for all within filters."""
        if self.index is not None:
            self._work(_asked, self.index, text, None, filters, title="Search", done=self._answer)

    def like(self, example: tuple[str, int, int], filters: SearchFilters) -> None:
        """Ask for what is like a stretch: recording, first frame, frame after the last one."""
        if self.index is not None:
            self._work(_asked, self.index, "", example, filters, title="Search", done=self._answer)

    def close(self) -> None:
        """Stop, and let go of the index."""
        self.cancel()
        self._state.blinded.disconnect(self.forget, missing_ok=True)
        self._built, self.hits = None, []

    def _take(self, built: Built) -> None:
        self._built = built
        self.indexed.emit()

    def _answer(self, found: pd.DataFrame) -> None:
        several = self.index is not None and len(self.index.rows.names["individual"]) > 1
        self.hits = [_hit(row, several=several) for row in found.to_dict("records")]
        self.notes, self.error = tuple(found.attrs["notes"]), None
        self.answered.emit()

    def _ended(self, job: Job) -> None:
        # One that was stopped may fail yet, in words of a folder that must not be seen any more.
        if job.error is not None and not job.cancelling:
            self.hits, self.notes, self.error = [], (), job.error
            self.answered.emit()


def _asked(
    index: SearchIndex, text: str, example: tuple[str, int, int] | None, filters: SearchFilters
) -> Generator[None, None, pd.DataFrame]:
    yield None
    if example is not None:
        return index.like(example, _LISTED, filters)
    return index.find(text, _LISTED, filters)


def _hit(row: Mapping[Any, Any], *, several: bool) -> Hit:
    start, seconds = int(row["start"]), float(row["start_s"])
    known = seconds == seconds
    return Hit(
        str(row["recording"]),
        str(row["individual"]) if several else "",
        start,
        int(row["stop"]),
        float(row["score"]),
        time_text(seconds) if known else f"frame {start:,}",
        str(row["label"]),
        str(row["sentence"]),
        str(row["words"]),
    )
