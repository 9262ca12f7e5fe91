from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt._napari.job_progress import JobProgress, about

STEPS = {"features": 80.0, "words": 10.0, "results": 10.0}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def part(step: str, done: int, total: int, *, resumed: bool = False, **more: Any) -> Any:
    return SimpleNamespace(step=step, done=done, total=total, resumed=resumed, **more)


def test_nothing_is_said_about_the_time_before_something_is_known() -> None:
    clock = Clock()
    progress = JobProgress(STEPS, clock)
    assert progress.text() == "Starting ..."
    assert progress.share is None
    clock.now = 0.5
    progress.note(part("features", 1, 100))
    assert progress.seconds_left is None
    assert progress.text() == "Measuring, 1 of 100"


def test_time_left_follows_what_was_measured_not_what_was_estimated() -> None:
    clock = Clock()
    progress = JobProgress(STEPS, clock)
    for done in range(1, 51):
        clock.now += 4.0  # five times slower than estimated
        progress.note(part("features", done, 100))
    assert progress.share == pytest.approx(0.4)
    # 200 s for 40 %: 300 s are left.
    assert progress.seconds_left == pytest.approx(300, rel=0.25)
    assert progress.text() == "Measuring, 50 of 100, about 5 min left"
    clock.now += 60
    assert progress.seconds_left == pytest.approx(240, rel=0.3)
    clock.now += 10_000
    assert progress.seconds_left == 0
    assert progress.text().endswith("a few seconds left")


def test_steps_count_by_what_they_were_estimated_to_take() -> None:
    progress = JobProgress(STEPS, Clock())
    progress.note(part("features", 100, 100))
    assert progress.share == pytest.approx(0.8)
    progress.note(part("words", 1, 2))
    assert progress.share == pytest.approx(0.85)
    progress.note(part("results", 1, 1))
    assert progress.share == pytest.approx(1.0)
    assert progress.text() == "Writing results"


def test_what_was_found_finished_says_nothing_about_the_speed() -> None:
    clock = Clock()
    progress = JobProgress({"features": 100.0}, clock)
    for done in range(1, 91):
        clock.now += 0.01
        progress.note(part("features", done, 100, resumed=True))
    assert "from an earlier run" in progress.text()
    for done in (91, 92, 93):
        clock.now += 5.0
        progress.note(part("features", done, 100))
    # Ninety in a second would mean that seven more take no time at all.
    assert progress.seconds_left is not None
    assert progress.seconds_left > 10


def test_a_study_tells_which_recording() -> None:
    clock = Clock()
    progress = JobProgress(None, clock)
    clock.now = 10.0
    progress.note(part("words", 1, 4, share=0.25, recording="m2", number=2, of=8))
    assert progress.share == 0.25
    assert progress.text() == "m2 (2 of 8): Describing, 1 of 4, about 30 s left"
    progress.note(part("clusters", 1, 2, share=0.5, recording="", number=8, of=8))
    assert progress.text().startswith("All recordings: Clustering, 1 of 2")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "a few seconds"),
        (12, "about 10 s"),
        (54, "about 55 s"),
        (70, "about 1 min"),
        (200, "about 3 min"),
        (1500, "about 25 min"),
        (3600, "about 1 h"),
        (4300, "about 1 h 10 min"),
        (50_000, "about 14 h"),
    ],
)
def test_a_guess_is_told_as_one(seconds: float, text: str) -> None:
    assert about(seconds) == text


@given(
    st.lists(
        st.tuples(st.sampled_from([*STEPS, "other"]), st.integers(1, 20), st.booleans()),
        max_size=30,
    ),
    st.lists(st.floats(0, 100), min_size=30, max_size=30),
)
def test_progress_never_goes_back_and_time_is_never_negative(
    parts: list[tuple[str, int, bool]], waits: list[float]
) -> None:
    clock = Clock()
    progress = JobProgress(STEPS, clock)
    before = 0.0
    for (step, done, resumed), wait in zip(parts, waits, strict=False):
        clock.now += wait
        progress.note(part(step, done, 20, resumed=resumed))
        assert progress.share is not None
        assert before <= progress.share <= 1 + 1e-9
        before = progress.share
        assert progress.seconds_left is None or progress.seconds_left >= 0
        assert progress.text()
