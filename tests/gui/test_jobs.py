"""Long work beside the viewer."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from napari.utils.notifications import notification_manager

import napari_mousegpt as mg
from napari_mousegpt._napari.jobs import start_job, verb_parts
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.words import DescribeParams
from support.held import held_after_first


def part(done: int, total: int = 3, step: str = "words") -> Any:
    return SimpleNamespace(done=done, total=total, step=step, resumed=False)


def three_parts() -> Iterator[Any]:
    for done in (1, 2, 3):
        yield part(done)
    return "result"


@pytest.fixture
def wait(qtbot: Any) -> Callable[[Any], None]:
    def until_ended(job: Any) -> None:
        qtbot.waitUntil(lambda: job.done, timeout=60_000)

    return until_ended


def test_a_job_reports_and_returns(viewer: Any, wait: Any) -> None:
    seen: list[tuple[int, int]] = []
    threads: list[Any] = []

    def done(result: str) -> None:
        threads.append(threading.current_thread())

    job = start_job(viewer, three_parts, title="Count", on_done=done)
    job.progressed.connect(lambda _: seen.append(job.progress))
    assert job in state_of(viewer).jobs
    wait(job)
    assert (job.state, job.result) == ("finished", "result")
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert threads == [threading.main_thread()]
    assert not state_of(viewer).jobs


def test_an_ended_job_holds_nobody(viewer: Any, wait: Any) -> None:
    class Panel:
        def show(self, result: str) -> None:
            """Get the result."""

    panel = Panel()
    alive = weakref.ref(panel)
    job = start_job(viewer, three_parts, title="Count", on_done=panel.show)
    wait(job)
    del panel
    gc.collect()
    assert alive() is None
    assert job.result == "result"


def test_cancel_stops_after_the_part_that_is_made(viewer: Any, wait: Any) -> None:
    made: list[int] = []
    go = threading.Event()

    def endless() -> Iterator[Any]:
        for done in range(1, 1000):
            made.append(done)
            yield part(done, 1000)
            go.wait(60)

    job = start_job(viewer, endless, title="Endless")
    job.progressed.connect(lambda _: (job.cancel(), go.set()))
    wait(job)
    assert job.state == "cancelled"
    assert len(made) < 5
    with pytest.raises(InputError, match="found cancelled"):
        _ = job.result


def test_the_end_is_told_last(viewer: Any, wait: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari.utils import progress
    from qtpy.QtWidgets import QApplication

    def update(bar: Any, n: int = 1) -> None:
        # With a window napari handles events here, and the thread may be through by then.
        time.sleep(0.05)
        QApplication.processEvents()

    monkeypatch.setattr(progress, "update", update)
    told: list[str] = []
    job = start_job(viewer, three_parts, title="Count")
    job.progressed.connect(lambda _: told.append("part"))
    job.ended.connect(lambda _: told.append("end"))
    wait(job)
    assert told == ["part", "part", "part", "end"]


def test_an_error_of_the_user_is_one_sentence(viewer: Any, wait: Any) -> None:
    def refuse() -> Iterator[Any]:
        yield part(1)
        raise InputError("window", expected="a length above 0", remedy="Choose a longer one.")

    job = start_job(viewer, refuse, title="Refuse")
    wait(job)
    assert job.state == "failed"
    with pytest.raises(InputError, match="Choose a longer one"):
        _ = job.result
    last = notification_manager.records[-1]
    assert last.message == "window: expected a length above 0. Choose a longer one."
    count = len(notification_manager.records)
    wait(start_job(viewer, refuse, title="Refuse", notify=False))
    assert len(notification_manager.records) == count


def test_an_error_of_ours_keeps_its_traceback(
    viewer: Any, wait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(notification_manager, "receive_error", lambda *error: told.append(error))

    def broken() -> Iterator[Any]:
        yield part(1)
        raise ZeroDivisionError("by mistake")

    job = start_job(viewer, broken, title="Broken", notify=False)
    wait(job)
    assert job.state == "failed"
    kind, error, trace = told[0]
    assert kind is ZeroDivisionError
    assert trace is error.__traceback__ is not None


def test_an_error_while_showing_ends_the_job(viewer: Any, wait: Any) -> None:
    def refuse(result: Any) -> None:
        raise InputError("layer", expected="another one")

    job = start_job(viewer, three_parts, title="Show", on_done=refuse)
    wait(job)
    assert job.state == "failed"
    assert not state_of(viewer).jobs


def test_a_whole_run_from_the_console(
    viewer: Any, recording: Recording, wait: Any, run_out: Path
) -> None:
    mg.show(viewer, recording)
    job = mg.start(viewer, "run", recording, run_out)
    wait(job)
    assert job.state == "finished", job.error
    assert job.result.path == run_out
    assert "labels" in viewer.layers
    assert job.result.recording.video is recording.video
    # The slider's decoder is still open.
    viewer.dims.set_current_step(0, 77)


def test_a_cancelled_run_goes_on_where_it_stopped(
    viewer: Any, recording: Recording, wait: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = DescribeParams(ranges_per_part=4)
    out = tmp_path / "out"
    go = threading.Event()
    monkeypatch.setattr(mg, "iter_describe", held_after_first(mg.iter_describe, go))
    job = mg.start(viewer, "describe", recording, params=params, out=out)
    job.progressed.connect(lambda _: (job.cancel(), go.set()))
    wait(job)
    assert job.state == "cancelled"
    finished = len(list((out / "parts").rglob("*.sha256")))
    assert 0 < finished < 5
    # The folder is not locked any more, and what was finished is not made again.
    resumed: list[bool] = []
    again = mg.start(viewer, "describe", recording, params=params, out=out)
    again.progressed.connect(lambda part: resumed.append(part.resumed))
    wait(again)
    assert again.state == "finished", again.error
    assert resumed == [True] * finished + [False] * (5 - finished)
    assert len(again.result) == 20


def test_a_verb_that_is_stopped_between_two_parts_does_not_go_on(
    recording: Recording, tmp_path: Path
) -> None:
    stop = threading.Event()
    parts = verb_parts("describe")(
        recording, params=DescribeParams(ranges_per_part=4), out=tmp_path, cancelled=stop.is_set
    )
    assert next(parts).done == 1
    stop.set()
    with pytest.raises(Cancelled):
        next(parts)
    assert not (tmp_path / "result" / "run_card.json").exists()


def test_a_recording_that_was_closed_meanwhile_stays_closed(
    viewer: Any, recording: Recording, wait: Any, run_out: Path
) -> None:
    mg.show(viewer, recording)
    job = mg.start(viewer, "run", recording, run_out)
    viewer.layers.clear()
    wait(job)
    assert job.state == "finished", job.error
    assert not len(viewer.layers)
    # One that was not open to begin with is shown.
    job = mg.start(viewer, "run", recording, run_out)
    wait(job)
    assert "labels" in viewer.layers


def test_an_error_of_ours_while_showing_ends_the_job(
    viewer: Any, wait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(notification_manager, "receive_error", lambda *error: told.append(error))

    def broken(result: Any) -> None:
        raise ZeroDivisionError("by mistake")

    job = start_job(viewer, three_parts, title="Show", on_done=broken)
    wait(job)
    assert job.state == "failed"
    assert told[0][0] is ZeroDivisionError
    assert not state_of(viewer).jobs
