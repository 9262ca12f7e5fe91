from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from napari_mousegpt._napari.jobs import VERBS, Job, own_reader, verb_parts
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError


class Reader:
    """Stands for a video reader that can be opened once more."""

    def __init__(self) -> None:
        self.closed = False

    def __len__(self) -> int:
        return 5

    def reopen(self) -> Reader:
        return Reader()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


def test_a_job_reads_through_its_own_decoder_and_closes_it() -> None:
    shown: Any = Reader()
    recording = Recording("r", (View("main", Timebase.constant(30, 5), video=shown),))
    with ExitStack() as readers:
        own = own_reader(recording, readers)
        assert own.video is not shown
        assert own.id == "r"
        assert not own.video.closed
    assert own.video.closed
    assert not shown.closed


def test_anything_else_is_passed_on(recording: Recording) -> None:
    with ExitStack() as readers:
        assert own_reader("out", readers) == "out"
        assert own_reader(recording, readers).video is recording.video


def test_every_verb_has_a_generator() -> None:
    import napari_mousegpt

    for verb in VERBS:
        assert f"iter_{verb}" in napari_mousegpt.__all__
        assert callable(verb_parts(verb))


def test_a_job_tells_where_it_is() -> None:
    job = Job("Run")
    assert repr(job) == "<Job 'Run': running, 0 of ? parts>"
    assert not job.done
    with pytest.raises(InputError, match=r"'Run': expected to have finished, found running"):
        _ = job.result
    job.state = "cancelled"
    with pytest.raises(InputError, match="goes on from its last finished part"):
        _ = job.result
    job.state, job.error = "failed", ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        _ = job.result
