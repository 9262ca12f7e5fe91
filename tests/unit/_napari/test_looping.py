from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.looping import Looper
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase


class Clock:
    """A clock and a timer: time goes on only when the next task is run."""

    def __init__(self) -> None:
        self.now = 0.0
        self.tasks: list[tuple[float, Callable[[], None]]] = []
        #: Seconds that showing a picture takes.
        self.drawing = 0.0
        self.shown: list[tuple[float, int]] = []
        self.open = True

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        assert seconds >= 0
        self.tasks.append((self.now + seconds, task))

    def show(self, frame: int) -> bool:
        self.shown.append((self.now, frame))
        self.now += self.drawing
        return self.open

    def run(self, until: float) -> None:
        while self.tasks and self.tasks[0][0] <= until:
            due, task = self.tasks.pop(0)
            self.now = max(self.now, due)
            task()
        self.now = max(self.now, until)

    @property
    def frames(self) -> list[int]:
        return [frame for _, frame in self.shown]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make(clock: Clock, timebase: Timebase, **options: Any) -> Looper:
    return Looper(clock, clock.show, timebase, now=lambda: clock.now, **options)


def test_every_frame_comes_in_its_time_again_and_again(clock: Clock) -> None:
    looper = make(clock, Timebase.constant(30, 1000))
    looper.play(100, 103)
    clock.run(0.29)
    assert clock.frames == [100, 101, 102] * 3
    times = [when for when, _ in clock.shown]
    np.testing.assert_allclose(np.diff(times), 1 / 30, atol=1e-6)
    assert looper.span == (100, 103)


def test_slow_pictures_are_left_out_and_the_rate_stays(clock: Clock) -> None:
    clock.drawing = 0.08
    looper = make(clock, Timebase.constant(30, 1000))
    looper.play(0, 30)
    clock.run(5.0)
    for when, frame in clock.shown:
        assert frame == int((when % 1.0) * 30 + 1e-6)
    assert 50 < len(clock.shown) < 65
    assert max(clock.frames) < 30


def test_frames_of_unequal_length_last_as_long_as_they_did(clock: Clock) -> None:
    timebase = Timebase(4, Fraction(10), np.array([0, 10, 40, 50]), Fraction(1, 100))
    looper = make(clock, timebase)
    looper.play(0, 3)
    clock.run(0.499)
    assert clock.frames == [0, 1, 2]
    assert [round(when, 3) for when, _ in clock.shown] == [0.0, 0.1, 0.4]


def test_without_a_rate_it_plays_at_25(clock: Clock) -> None:
    looper = make(clock, Timebase.constant(1, 1000), clocked=False)
    looper.play(10, 20)
    clock.run(0.39)
    assert clock.frames == list(range(10, 20))


def test_one_frame_and_none_are_shown_and_harm_nobody(clock: Clock) -> None:
    looper = make(clock, Timebase.constant(30, 1000))
    looper.play(5, 5)
    clock.run(0.1)
    assert set(clock.frames) == {5}
    assert len(clock.frames) <= 5


def test_it_stops_when_asked_when_somebody_moves_and_when_nothing_is_open(clock: Clock) -> None:
    told: list[Any] = []
    looper = make(clock, Timebase.constant(30, 1000))
    looper.changed.connect(lambda: told.append(looper.span))
    looper.play(100, 110)
    looper.stop()
    looper.stop()
    clock.run(1.0)
    assert clock.frames == [100]
    assert told == [(100, 110), None]
    looper.play(100, 110)
    looper.moved(100)
    assert looper.span is not None
    looper.moved(107)
    assert looper.span is None
    clock.open = False
    looper.play(100, 110)
    assert looper.span is None


def test_another_loop_takes_the_place_of_the_first(clock: Clock) -> None:
    looper = make(clock, Timebase.constant(30, 1000))
    looper.play(100, 110)
    clock.run(0.05)
    looper.play(500, 502)
    clock.shown.clear()
    clock.run(0.5)
    assert set(clock.frames) == {500, 501}


def test_a_bout_is_played_in_the_viewer_until_the_slider_is_moved(
    viewer: Any, recording: Recording, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    show(viewer, recording)
    state = state_of(viewer)
    monkeypatch.setattr(state.hands, "after", clock.after)
    desk = state.desk("rec")
    monkeypatch.setattr(desk._looper, "_now", lambda: clock.now)
    desk.set_interval(200, 203)
    (bout,) = desk.mark("rearing")
    desk.loop(bout)
    seen = []
    for step in range(1, 8):
        seen.append(desk.frame)
        clock.run(step / 30 + 0.001)
    assert seen == [200, 201, 202, 200, 201, 202, 200]
    assert desk.loop_span == (200, 203)
    viewer.dims.set_current_step(0, 50)
    assert desk.loop_span is None
    clock.run(10)
    assert desk.frame == 50
    # Going somewhere, and closing the recording, end it too.
    desk.loop(bout)
    desk.go_to(7)
    assert (desk.loop_span, desk.frame) == (None, 7)
    desk.loop(bout)
    viewer.layers.clear()
    clock.run(20)
    assert desk.loop_span is None
