"""Words by a model or a server inside a run: asked for about stretches that are known only late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.words.describing import model_words
from napari_mousegpt.words.find_describer import check_describer, find_describer

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.features import FrameFeatures
    from napari_mousegpt.store import Job, RunFolder
    from napari_mousegpt.words.described import Described
    from napari_mousegpt.words.find_describer import Recordings
    from napari_mousegpt.words.found_model import FoundModel

__all__ = ["Asking", "without_slivers"]


@dataclass(frozen=True, eq=False)
class Asking:
    """Who makes the words of a run, or of all runs of a study, and what it must not be told.

    Parameters
    ----------
    model : FoundModel
        Loaded when the first stretch is asked about, and never a second time.
    study : Study, optional
        Whose groups, treatments and animals must not be in a prompt.
    examples : mapping of str to Recording or callable, optional
        Where the in-context examples of a prompt are cut from; by default the recording itself.
    """

    model: FoundModel
    study: Study | None = None
    examples: Recordings | None = None

    def check(self, recording: Recording) -> None:
        """Refuse, before anything is measured, a recording that cannot be asked about.

        Raises
        ------
        InputError
            See :func:`napari_mousegpt.words.find_describer.check_describer`.
        """
        check_describer(recording, self.model, study=self.study, recordings=self.examples)

    @contextmanager
    def jobs(
        self,
        recording: Recording,
        ranges: Intervals,
        features: Mapping[str, FrameFeatures],
        folder: RunFolder,
        cancelled: Callable[[], bool],
        *,
        again: bool = True,
    ) -> Iterator[list[Job]]:
        """Give the pieces of work that describing some stretches takes, and end what they began.

        Parameters
        ----------
        recording : Recording
        ranges : Intervals
            Stretches of it.
        features : mapping of str to FrameFeatures
            Its measures by individual.
        folder : RunFolder
            Open; rows are kept in it as they come.
        cancelled : callable
            Whether to stop.
        again : bool
            Ask again where server or memory failed in finished pieces.
        """
        describer = _Later(self, recording, ranges, features)
        made = model_words(
            describer, ranges, self.model.params, features, folder, cancelled, again=again
        )
        with closing(made):
            yield made.jobs


def without_slivers(pieces: Intervals, shortest: int) -> Intervals:
    """Return stretches of one recording, those that are too short joined to one that they touch.

    Where what is asked for ends within a behaviour, a frame or two of it may be left: no clip.

    Parameters
    ----------
    pieces : Intervals
        Sorted by start within each individual; none overlaps another of the same.
    shortest : int
        In frames. A stretch that touches no other stays as short as it is.
    """
    kept: dict[str, list[list[int]]] = {}
    for start, stop, who in zip(pieces.start, pieces.stop, pieces.individual, strict=True):
        own = kept.setdefault(str(who), [])
        near = bool(own) and own[-1][1] == start
        if near and min(stop - start, own[-1][1] - own[-1][0]) < shortest:
            own[-1][1] = int(stop)
        else:
            own.append([int(start), int(stop)])
    joined = [
        Intervals.build(pieces.recording[0], [a for a, _ in own], [b for _, b in own], who)
        for who, own in kept.items()
    ]
    return Intervals.concat(joined).sort() if joined else pieces


@dataclass(frozen=True, eq=False)
class _Later:
    """A describer that is made when the first stretch is asked about, so not in a finished run."""

    asking: Asking
    recording: Recording
    ranges: Intervals
    features: Mapping[str, FrameFeatures]

    def rows(self, ranges: Intervals, cancelled: Callable[[], bool]) -> Iterator[Described]:
        """Yield one description for each of the ranges; fewer when cancelled."""
        found = find_describer(
            self.recording,
            self.ranges,
            self.asking.model.params,
            self.features,
            study=self.asking.study,
            recordings=self.asking.examples,
            model=self.asking.model,
        )
        yield from found.describer.rows(ranges, cancelled)
