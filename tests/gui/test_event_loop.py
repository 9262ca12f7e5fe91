"""The window stays alive while a verb runs beside it: a timer of 10 ms goes on ticking."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QTimer

import napari_mousegpt as mg
from napari_mousegpt._napari.console import viewer_state
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.samples import SampleFiles, make_sample
from support.pace import Cost, slowness


class Ticks:
    """When a timer ticked, and how much the main thread itself worked between two ticks."""

    def __init__(self) -> None:
        self.walls: list[float] = []
        self.works: list[float] = []
        self.timer = QTimer()
        self.timer.setInterval(10)
        self.timer.timeout.connect(self._tick)
        self.timer.start()

    def _tick(self) -> None:
        self.walls.append(time.perf_counter())
        self.works.append(time.thread_time())

    def between(self, start: float, stop: float) -> int:
        return sum(start < wall < stop for wall in self.walls)

    def longest_work(self, start: float, stop: float) -> float:
        """Return the longest stretch of work of the main thread without a tick, in seconds."""
        chosen = [i for i, wall in enumerate(self.walls) if start <= wall <= stop]
        works = np.array(self.works)[chosen]
        return float(np.diff(works).max(initial=0))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SampleFiles:
    return make_sample(tmp_path_factory.mktemp("loop"), seconds=30, size=(96, 128))


@pytest.fixture
def recording(files: SampleFiles) -> Iterator[Recording]:
    opened = mg.open_recording(files.video, files.pose)
    yield opened
    opened.video.close()  # type: ignore[union-attr]


def test_the_event_loop_ticks_while_a_verb_runs(
    window: Any, recording: Recording, tmp_path: Path, qtbot: Any
) -> None:
    mg.show(window, recording)
    state_of(window).desk(recording.id)
    # What is loaded for the first time, by Python and by napari, is not the work of the run.
    mg.run(recording, tmp_path / "first")
    qtbot.wait(100)
    ticks, added = Ticks(), []
    window.layers.events.inserted.connect(lambda event: added.append(time.perf_counter()))
    qtbot.waitUntil(lambda: len(ticks.walls) > 2, timeout=30_000)
    began = time.perf_counter()
    job = mg.start(window, "run", recording, tmp_path / "out")
    called = time.perf_counter() - began
    qtbot.waitUntil(lambda: job.done, timeout=120_000)
    ended = time.perf_counter()
    qtbot.wait(50)
    ticks.timer.stop()
    assert job.state == "finished", job.error
    assert called / slowness(time.perf_counter) < 0.5
    # A run of some seconds, of which the main thread needs next to nothing.
    running = added[0]
    due = (running - began) / 0.010
    assert ticks.between(began, running) > 0.4 * due / slowness(time.perf_counter)
    assert ticks.longest_work(began, running - 0.2) / slowness() < 0.100
    # The words of the result are those that panels and scripts see.
    words = viewer_state(window).words
    assert words is not None
    assert len(words) == len(job.result.descriptions)
    # Its result is shown a layer at a time, and the window breathes in between.
    assert [layer.name for layer in window.layers][-2:] == ["labels", "clusters"]
    assert len(added) == 2
    assert ticks.between(*added) >= 1
    assert ticks.between(added[-1], ended + 0.05) >= 1


def test_edits_among_many_bouts_leave_the_window_alive(window: Any) -> None:
    n_frames, count = 1_000_000, 100_000
    clock = Timebase.constant(30, n_frames)
    video = np.broadcast_to(np.uint8(128), (n_frames, 48, 64))
    long = Recording("long", (View("main", clock, video=video),))
    rng = np.random.default_rng(0)
    start = np.sort(rng.integers(0, n_frames - 40, count))
    bouts = Intervals.build(
        "long",
        start,
        start + rng.integers(1, 40, count),
        label=rng.choice(["walking", "still", "rearing"], count),
        source=rng.choice(["human", "model", "cluster"], count),
    )
    mg.show(window, long, Ethogram(bouts))
    desk = state_of(window).desk("long")
    desk.go_to(500_000)
    took = []
    with Cost() as cost:
        for number in range(8):
            desk.set_interval(500_000 + 9 * number, 500_005 + 9 * number)
            began = time.thread_time()
            desk.mark("rearing")
            desk.relabel("grooming")
            desk.next("low confidence")
            took.append((time.thread_time() - began) / 3)
    assert min(took) / cost.slowness < 0.060
