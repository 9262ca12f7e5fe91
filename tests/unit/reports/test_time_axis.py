from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.reports.time_axis import clock_text, moment_text, time_ticks, time_unit


@given(st.floats(0.05, 30 * 86400))
@settings(max_examples=100)
def test_ticks_are_few_even_and_inside(duration: float) -> None:
    ticks = time_ticks(duration)
    assert ticks[0] == 0
    assert 1 <= len(ticks) <= 11
    assert ticks[-1] <= duration * (1 + 1e-9)
    if len(ticks) > 2:
        assert ticks[2] - ticks[1] == pytest.approx(ticks[1])


@pytest.mark.parametrize(
    ("duration", "step"), [(8, 1), (60, 10), (78, 10), (600, 60), (3600, 600), (36000, 3600)]
)
def test_ticks_are_round(duration: float, step: float) -> None:
    assert time_ticks(duration)[1] == step


@pytest.mark.parametrize(
    ("seconds", "duration", "text"),
    [
        (0, 60, "0:00"),
        (59.96, 60, "1:00"),
        (77.66, 77.66, "1:17.7"),
        (3599, 3600, "59:59"),
        (5400, 36000, "1:30"),
        (35999, 36000, "10:00"),
    ],
)
def test_times_as_text(seconds: float, duration: float, text: str) -> None:
    assert clock_text(seconds, duration) == text


def test_unit_goes_with_the_text() -> None:
    assert time_unit(7199) == "min:s"
    assert time_unit(7200) == "h:min"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.00"), (59.999, "1:00.00"), (75.304, "1:15.30"), (36000, "600:00.00")],
)
def test_moments(seconds: float, text: str) -> None:
    assert moment_text(seconds) == text
