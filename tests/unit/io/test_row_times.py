"""Time stamps of rows: what they say, and where rows would lie by them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.row_times import frames_of_times, join_times, what_times_say


def test_even_times_give_the_rate() -> None:
    said = what_times_say(np.arange(100) / 29.97, "m")
    assert said.rate == pytest.approx(29.97)
    assert (said.times, said.notes) == (None, ())
    assert what_times_say(np.array([5.0]), "m").rate is None


@given(
    rate=st.sampled_from([23.976, 25.0, 29.97, 58.83, 250.0]),
    frames=st.sets(st.integers(0, 200), min_size=2, max_size=60),
)
def test_rows_lie_at_the_pictures_they_were_made_from(rate: float, frames: set[int]) -> None:
    index = np.array(sorted(frames))
    clock = Timebase.constant(str(rate), 201)
    found = frames_of_times(np.asarray(clock.time(index)), clock)
    assert found is not None
    assert found.tolist() == index.tolist()


@pytest.mark.parametrize("seconds", [[-0.1, 0], [0, 1.02], [0, 0.015], [0, 0.031, 0.033]], ids=str)
def test_times_that_are_not_those_of_the_video(seconds: list[float]) -> None:
    assert frames_of_times(np.array(seconds), Timebase.constant(30, 30)) is None


def test_joined_clocks_hold_every_stamp_once() -> None:
    clock = np.arange(10) / 30
    seconds, rows = join_times([clock[:4], clock[2:] + 1e-4, clock[5:6]], "m")
    np.testing.assert_allclose(seconds, clock, atol=2e-4)
    assert [row.tolist() for row in rows] == [[0, 1, 2, 3], list(range(2, 10)), [5]]
    same, rows = join_times([clock, clock], "m")
    assert same is clock
    with pytest.raises(FormatError, match="on one clock"):
        join_times([clock, clock + 0.012], "m")
