"""What a question about novelty is asked of, and the asking, in a thread beside the viewer."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt._napari.map_source import RunFolders
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt._napari.jobs import Job
    from napari_mousegpt.clusters.accepted import Accepted
    from napari_mousegpt.clusters.growing import GrowingMap
    from napari_mousegpt.clusters.novelty import Novelty
    from napari_mousegpt.clusters.novelty_params import NoveltyParams, OddParams
    from napari_mousegpt.clusters.oddness import Oddness

__all__ = ["ROLES", "AskPart", "FoundNew", "FoundOdd", "accept_parts", "new_parts", "odd_parts"]

#: What a recording can be in the question.
ROLES = ("reference", "new", "left out")
#: Seconds between two looks at whether a question that was stopped is over.
_WAIT_S = 0.1


@dataclass(frozen=True)
class AskPart:
    """How far a question is."""

    step: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, eq=False)
class FoundNew:
    """What is new against a reference.

    Parameters
    ----------
    answer : Novelty
    new : Vectors
        The windows that were asked about.
    folder : Path
        Run folder of the answer.
    left_out : int
        Windows of behaviours that were accepted before.
    """

    answer: Novelty
    new: Vectors
    folder: Path
    left_out: int

    def stretches(self, candidate: int) -> Intervals:
        """Return the windows of a candidate, those that touch as one."""
        table = self.answer.windows
        mine = table[table["candidate"] == candidate]
        return Intervals(mine[["recording", "individual", "start", "stop"]]).merge()


@dataclass(frozen=True, eq=False)
class FoundOdd:
    """What is odd within all recordings."""

    answer: Oddness


def new_parts(
    source: RunFolders,
    roles: Mapping[str, str],
    params: NoveltyParams,
    growing: GrowingMap | None,
    stopping: Sequence[Job] = (),
    *,
    cancelled: Callable[[], bool],
) -> Generator[AskPart, None, FoundNew]:
    """Ask what new recordings hold that the reference does not.

    Windows of behaviours that were accepted before are known now, so they are left out. Questions
    that are ``stopping`` are waited for: one may write into the folder of this answer until its
    draw is over.

    Raises
    ------
    InputError, MismatchError
        As :func:`~napari_mousegpt.clusters.novelty.novel_against`.
    """
    from napari_mousegpt.clusters.novelty_run import iter_novel, novel, novelty_folder

    while not all(job.done for job in stopping):
        yield AskPart("waiting for the question that was stopped")
        time.sleep(_WAIT_S)
    reference = yield from _read(source, [name for name in roles if roles[name] == "reference"])
    new = yield from _read(source, [name for name in roles if roles[name] == "new"])
    before = len(new)
    if growing is not None and growing.map.accepted:
        yield AskPart("leaving out what was accepted")
        known = [one.cluster for one in growing.map.accepted]
        new = new[~growing.map.apply(new)["cluster"].isin(known).to_numpy()]
    animals = dict(source.facts.get("animal", {})) or None
    yield AskPart("holding the reference against itself")
    for part in iter_novel(reference, new, params, animals=animals, cancelled=cancelled):
        yield AskPart("comparing the new recordings", part.done, part.total)
    answer = novel(reference, new, params, animals=animals)
    folder = novelty_folder(reference, new, params, animals)
    return FoundNew(answer, new, folder, before - len(new))


def odd_parts(
    source: RunFolders, roles: Mapping[str, str], params: OddParams
) -> Generator[AskPart, None, FoundOdd]:
    """Ask which windows are unlike those of all other recordings."""
    from napari_mousegpt.clusters.oddness import odd_within

    vectors = yield from _read(source, [name for name in roles if roles[name] != "left out"])
    yield AskPart(f"comparing {len(vectors):,} windows")
    return FoundOdd(odd_within(vectors, params))


def accept_parts(
    growing: GrowingMap, found: FoundNew, candidate: int, name: str
) -> Generator[AskPart, None, Accepted]:
    """Give a candidate an id in the map."""
    yield AskPart("accepting")
    return growing.accept(found.new, found.answer, candidate, name)


def _read(source: RunFolders, names: list[str]) -> Generator[AskPart, None, Vectors]:
    """Read the vectors of recordings."""
    from napari_mousegpt.clusters.streams import load_recording

    stream = source.stream()
    if stream is None:
        raise InputError(
            source.folder,
            expected="results with vectors",
            found="none",
            remedy='Cluster the recordings first, under "Project and cluster".',
        )
    pieces = []
    for number, name in enumerate(names):
        yield AskPart("reading vectors", number, len(names))
        intervals, values = load_recording(stream, name)
        values = np.asarray(values, dtype=np.float32)
        pieces.append(Vectors(intervals, values, stream.names, stream.model, stream.revision))
    return Vectors.concat(pieces)
