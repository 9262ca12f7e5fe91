"""Exactly what a model would get for the first stretch of what is chosen: texts and pictures."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_mousegpt._napari.jobs import Job, own_reader, start_job
from napari_mousegpt._napari.scopes import Scope
from napari_mousegpt.errors import InputError, MouseGPTError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.models.asks import ClipFrames
    from napari_mousegpt.runs import RunParams
    from napari_mousegpt.words.prompt_preview import Preview

__all__ = ["AskedPreview", "Previewing", "Strip", "first_stretch", "preview_parts"]

#: Seconds that measuring pictures may take for a preview; a pose is always measured.
_MOST_S = 15.0


@dataclass(frozen=True, eq=False)
class Strip:
    """The pictures of one clip.

    Parameters
    ----------
    heading : str
        Which clip it is.
    frames : uint8 array (T, H, W, 3)
    captions : tuple of str
        Under each picture.
    """

    heading: str
    frames: NDArray[np.uint8]
    captions: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class AskedPreview:
    """What a model would get.

    Parameters
    ----------
    title : str
        Which stretch of which recording.
    parts : tuple of (str, str)
        Each question: the part of a description that it is about, and its whole text.
    strips : tuple of Strip
        Examples first, in the order the model sees them; the stretch itself last.
    notes : tuple of str
        What is odd, or other than in the run, as sentences.
    """

    title: str
    parts: tuple[tuple[str, str], ...]
    strips: tuple[Strip, ...]
    notes: tuple[str, ...] = ()


class Previewing:
    """Makes previews beside the viewer, one at a time.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable meanwhile.

    Attributes
    ----------
    found : AskedPreview or None
        The last one.
    problem : Exception or None
        Why there is none.
    """

    #: Emitted when one is begun, made, or cannot be made.
    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._job: Job | None = None
        self.found: AskedPreview | None = None
        self.problem: Exception | None = None

    @property
    def busy(self) -> bool:
        """Whether one is being made."""
        return self._job is not None

    def ask(self, chosen: Scope, params: RunParams) -> None:
        """Make a preview of what is chosen; one that is being made is given up."""
        self.give_up()
        self.found = self.problem = None
        self._job = start_job(
            self._viewer,
            preview_parts,
            chosen.recording,
            chosen.study,
            chosen.within,
            params,
            title="Preview",
            notify=False,
        )
        # A method is held weakly: a job that ends late keeps nobody alive.
        self._job.ended.connect(self._on_ended)
        self.changed.emit()

    def give_up(self) -> None:
        """Make none any more."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _on_ended(self, job: Job) -> None:
        if job is not self._job:
            return  # given up; something else is chosen now
        self._job = None
        if isinstance(job.error, MouseGPTError):
            self.problem = job.error
        elif job.error is None and job.state == "finished":
            self.found = job.result
        self.changed.emit()


def preview_parts(
    recording: Recording | None,
    study: Path | None,
    within: Intervals | None,
    params: RunParams,
) -> Generator[None, None, AskedPreview]:
    """Make a preview of a recording, or of the first one of a study; returns it."""
    from napari_mousegpt.io.study import load_study
    from napari_mousegpt.runs.study_opening import close_recording, open_of_study

    yield None
    with ExitStack() as readers:
        if study is not None:
            table = load_study(study)
            opened = open_of_study(table, table.recordings[0])
            readers.callback(close_recording, opened)
            yield None

            def example(name: str) -> Recording:
                found = open_of_study(table, name)
                readers.callback(close_recording, found)
                return found

            return _preview(opened, within, params, table, example)
        assert recording is not None
        return _preview(own_reader(recording, readers), within, params, None)


def first_stretch(
    recording: Recording, within: Intervals | None, params: RunParams
) -> tuple[Intervals, str]:
    """Return the first stretch that a run would describe, and what is other than in the run.

    Where the run cuts at behaviours and no pose tells them, all pictures would have to be measured;
    a preview then takes the beginning of what is chosen.

    Raises
    ------
    InputError
        When nothing of the recording is chosen.
    """
    from napari_mousegpt.core.intervals import windows
    from napari_mousegpt.features import LazyFeatures
    from napari_mousegpt.runs.chain import described_ranges

    note = ""
    if params.segments == "behaviour" and _measuring_s(recording, params) > _MOST_S:
        found = windows(recording, params.longest_s, within=within)
        note = (
            "The run cuts where the behaviour changes, and measures all pictures for that. This "
            "preview shows the beginning of what is chosen."
        )
    else:
        measured = LazyFeatures(recording, params.features)
        found = described_ranges(recording, params, measured, within)
    found = found.sort()[:1]
    if not len(found):
        raise InputError(
            f"preview of {recording.id!r}",
            expected="a stretch to describe",
            found="none",
            remedy="Choose a longer stretch, or shorter windows.",
        )
    return found, note


def _measuring_s(recording: Recording, params: RunParams) -> float:
    """Return about how many seconds it takes to measure pictures; 0 with a pose."""
    from napari_mousegpt.runs.rates import Work

    return Work.of(recording, params).seconds(params).get("silhouette", 0.0)


def _preview(
    recording: Recording,
    within: Intervals | None,
    params: RunParams,
    study: Study | None,
    examples: Callable[[str], Recording] | None = None,
) -> AskedPreview:
    from napari_mousegpt.words import preview_describe
    from napari_mousegpt.words.describe_preview import preview_text
    from napari_mousegpt.words.prompts import REPLY, Prompt

    stretch, note = first_stretch(recording, within, params)
    describing, notes = params.describing, [note] if note else []
    prompt = describing.prompt
    if isinstance(prompt, Prompt) and prompt.facts and _measuring_s(recording, params) > _MOST_S:
        describing = replace(describing, prompt=replace(prompt, facts=False))
        notes.append(
            "The run also tells what it measured on the pictures, which takes too long for a "
            "preview; with a pose it is quick."
        )
    previews = preview_describe(recording, stretch, describing, study=study, recordings=examples)
    first = previews[0]
    if not notes:
        notes.append(f"Prompt {first.prompt_id}: this id is kept with every description.")
    parts = tuple(
        ("all at once" if each.part == REPLY else each.part,
         preview_text(each, describing.server))
        for each in previews
    )  # fmt: skip
    return AskedPreview(
        _title(recording, stretch),
        parts,
        _strips(first, recording, int(stretch.start[0])),
        (*notes, *first.doubts),
    )


def _title(recording: Recording, stretch: Intervals) -> str:
    start, stop = int(stretch.start[0]), int(stretch.stop[0])
    clock, who = recording.timebase, str(stretch.individual[0])
    named = f", {who}" if who and len(recording.individuals) > 1 else ""
    return (
        f"{recording.id}{named}: frames {start} to {stop - 1}, "
        f"{float(clock.time(start)):.2f} to {float(clock.time(stop)):.2f} s"
    )


def _strips(preview: Preview, recording: Recording, start: int) -> tuple[Strip, ...]:
    *examples, clip = preview.ask.clips
    strips = [
        Strip(f"Example {number}", example.frames, _times(example))
        for number, example in enumerate(examples, start=1)
    ]
    frames = start + clip.indices
    seconds = recording.timebase.time(frames)
    captions = tuple(
        f"frame {frame}, {second:.2f} s" for frame, second in zip(frames, seconds, strict=True)
    )
    high, wide = clip.frames.shape[1:3]
    count = "1 picture" if len(captions) == 1 else f"{len(captions)} pictures"
    heading = f"The stretch: {count} of {wide} x {high} pixels, as the model gets them"
    return (*strips, Strip(heading, clip.frames, captions))


def _times(clip: ClipFrames) -> tuple[str, ...]:
    return tuple(f"{index / clip.source_fps:.2f} s" for index in clip.indices)
