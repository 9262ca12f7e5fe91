"""The marks of the time ruler, and times as text."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from napari_mousegpt._napari.timeline.ruler import (
    clock,
    moment,
    ruler_ticks,
    ruler_unit,
    span_text,
)
from napari_mousegpt.core.timebase import Timebase


def texts(start: float, stop: float, clock_: Timebase | None, n: int, most: int = 8) -> list[str]:
    return [tick.text for tick in ruler_ticks(start, stop, n, clock_, most) if tick.text]


def test_the_ruler_counts_time_and_close_by_frames() -> None:
    hour = Timebase.constant(30, 2 * 3600 * 30)
    n = hour.n_frames
    assert texts(0, n, hour, n)[:3] == ["0:00:00", "0:15:00", "0:30:00"]
    assert texts(n - 900, n, hour, n)[:2] == ["1:59:30", "1:59:35"]
    assert texts(300, 345, hour, n)[0] == "0:00:10.0"
    assert texts(300, 316, hour, n) == [str(f) for f in range(300, 316, 2)]
    short = Timebase.constant("29.97", 600)
    assert texts(0, 600, short, 600)[:3] == ["0:00", "0:05", "0:10"]


def test_without_a_clock_the_ruler_counts_frames() -> None:
    assert texts(0, 100_000, None, 100_000) == [
        "0", "20,000", "40,000", "60,000", "80,000",
    ]  # fmt: skip
    assert texts(0, 0, None, 0) == []


@pytest.mark.parametrize("zoom", [1, 3, 17, 140, 900])
def test_marks_stand_at_their_time(zoom: int) -> None:
    ticks = np.cumsum(np.random.default_rng(0).integers(20, 60, 9000))
    varying = Timebase.from_pts(ticks - ticks[0], Fraction(1, 1000))
    for timebase in (varying, Timebase.constant("29.97", 9000)):
        marks = ruler_ticks(2000, 2000 + 7000 / zoom, 9000, timebase, 9)
        written = [tick for tick in marks if tick.text]
        assert 1 < len(written) <= 10
        for tick in written:
            if ":" in tick.text:
                minutes, seconds = tick.text.split(":")
                second = 60 * int(minutes) + float(seconds)
                frame = timebase.frame_at(second, clip=True)
                # The mark lies on the picture that is on the screen at that time.
                assert frame - 1e-6 <= tick.frame <= frame + 1 + 1e-6
            else:
                assert tick.frame == int(tick.text.replace(",", ""))


def test_texts_of_moments() -> None:
    assert clock(59.96, False, True) == "1:00.0"
    assert moment(59.996) == "1:00.00"
    timebase = Timebase.constant(30, 100)
    assert span_text(30, 75, timebase) == "0:01.00 to 0:02.50 (1.5 s, 45 frames from 30 on)"
    assert span_text(30, 30, timebase) == "0:01.00 (frame 30)"
    assert span_text(30, 75, None) == "45 frames from 30 on"
    assert span_text(90, 120, timebase).startswith("0:03.00 to 0:03.33")


def test_the_unit_is_that_of_the_marks() -> None:
    short, long = Timebase.constant(30, 600), Timebase.constant(30, 200_000)
    assert ruler_unit(0, 600, short, 8) == "min:s"
    assert ruler_unit(0, 600, long, 8) == "h:min:s"
    assert ruler_unit(300, 316, short, 8) == "frames"
    assert ruler_unit(0, 600, None, 8) == "frames"
