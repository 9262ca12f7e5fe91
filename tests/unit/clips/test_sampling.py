"""Which frames a clip has: within the interval, rising, none twice, and evenly spread in time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.clips import ClipParams, CropParams, clip_rows
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

CLOCK = Timebase.constant(30, 300)
# Ten pictures, a gap of a second, then pictures in bursts.
STEPS = [33] * 9 + [1000] + [5, 5, 90] * 60
UNEVEN = Timebase.from_pts(np.cumsum([0, *STEPS]), Fraction(1, 1000))


def rows(start: int, stop: int, clock: Timebase = CLOCK, **params: Any) -> list[int]:
    return clip_rows(clock, start, stop, ClipParams(**params)).tolist()


def test_pictures_are_spread_over_the_interval() -> None:
    assert rows(100, 180, frames=8) == [105, 115, 125, 135, 145, 155, 165, 175]
    assert rows(100, 108, frames=8) == list(range(100, 108))
    assert rows(0, 300, frames=1) == [150]


def test_a_short_interval_gives_what_it_has() -> None:
    assert rows(100, 105, frames=8) == [100, 101, 102, 103, 104]
    assert rows(299, 300, frames=8) == [299]


def test_a_still_is_the_middle_picture() -> None:
    assert rows(100, 181, frames=8, still=True) == [140]
    assert rows(100, 181, frames=8, still=True, stride_s=0.1) == [140]


def test_a_stride_is_kept_around_the_middle() -> None:
    assert rows(100, 164, frames=32, stride_s=2 / 30) == list(range(100, 164, 2))
    assert rows(100, 163, frames=32, stride_s=0.0667) == list(range(100, 163, 2))
    assert rows(100, 200, frames=3, stride_s=0.5) == [134, 149, 164]
    # No room for all: what fits.
    assert rows(100, 140, frames=32, stride_s=0.5) == [104, 119, 134]


def test_a_rate_that_is_off_by_little_keeps_the_number_of_pictures() -> None:
    clock = Timebase.constant(Fraction(300003, 10000), 300)
    assert rows(100, 163, clock, frames=32, stride_s=2 / 30) == list(range(100, 163, 2))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([CLOCK, UNEVEN, Timebase.constant(Fraction(30000, 1001), 300)]),
    st.integers(0, 180), st.integers(1, 190), st.integers(1, 40),
    st.sampled_from([0.0, 0.05, 0.0667, 0.1, 0.5]), st.booleans(),
)  # fmt: skip
def test_rows_rise_within_the_interval(
    clock: Timebase, start: int, length: int, frames: int, stride: float, still: bool
) -> None:
    stop = min(start + length, clock.n_frames)
    params = ClipParams(frames=frames, stride_s=stride, still=still)
    found = clip_rows(clock, start, stop, params)
    assert found.dtype == np.int64
    assert 1 <= len(found) <= params.wanted
    assert start <= found[0]
    assert found[-1] < stop
    assert (np.diff(found) > 0).all()
    if not stride and not still:
        assert len(found) == min(frames, stop - start)
        # Turned round in time the clip is the same, give or take one picture.
        if clock.is_constant:
            mirrored = start + stop - 1 - found[::-1]
            assert np.abs(found - mirrored).max() <= 1
    if stride and not still and clock.is_constant:
        step = np.diff(found) / clock.fps
        assert step.size == 0 or np.abs(step - stride).max() <= 1 / clock.fps + 1e-9


def test_a_variable_rate_is_spread_in_seconds() -> None:
    clock = Timebase.from_pts([*range(0, 1000, 100), *range(1000, 1100, 10)], Fraction(1, 1000))
    # 1.147 s in five parts: the last one is full of short pictures.
    assert rows(0, 20, clock, frames=5) == [1, 3, 5, 8, 13]


def test_a_gap_is_not_shown_twice() -> None:
    # Picture 9 lasts a second of 1.6: five of eight moments fall on it, and take those behind it.
    assert rows(0, 20, UNEVEN, frames=8) == [3, 9, 10, 11, 12, 13, 14, 16]


def test_a_stride_of_a_variable_rate_counts_seconds() -> None:
    clock = Timebase.from_pts(np.cumsum([0, *[30, 40] * 100]), Fraction(1, 1000))
    found = clip_rows(clock, 0, 100, ClipParams(frames=5, stride_s=0.5))
    assert np.abs(np.diff(clock.time(found)) - 0.5).max() < 0.04


@pytest.mark.parametrize(
    ("start", "stop", "found"),
    [
        (10, 10, r"interval \[10, 10\): expected a length of one picture or more"),
        (10, 5, "a length of one picture"),
        (290, 301, r"interval \[290, 301\): expected frames 0 to 300"),
        (-1, 5, "frames 0 to 300"),
    ],
)
def test_intervals_that_cannot_be_shown_are_named(start: int, stop: int, found: str) -> None:
    with pytest.raises(InputError, match=found):
        rows(start, stop)


def test_no_picture_is_repeated_for_a_model_that_needs_more() -> None:
    with pytest.raises(InputError, match="at least 2 pictures, as the model needs, found 1"):
        clip_rows(CLOCK, 5, 6, ClipParams(), least=2)
    with pytest.raises(InputError, match="needs a single picture"):
        clip_rows(CLOCK, 0, 60, ClipParams(still=True), least=2, name="the third bout")
    assert len(clip_rows(CLOCK, 5, 7, ClipParams(), least=2)) == 2


def test_a_stride_below_one_picture_is_refused() -> None:
    with pytest.raises(InputError, match=r"0\.03333 s in this video"):
        rows(0, 60, stride_s=0.01)


@pytest.mark.parametrize(
    "values",
    [
        {"frames": 0}, {"frames": 5000}, {"stride_s": -1}, {"stride_s": float("nan")},
        {"size": 8}, {"size": 4000}, {"cameras": ("top", "top")},
    ],
)  # fmt: skip
def test_senseless_clips_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ClipParams(**values)


def test_clips_go_into_the_run_card() -> None:
    from napari_mousegpt.core.provenance import plain

    card = plain(ClipParams(crop=CropParams(), cameras=("top",)))
    assert card["frames"] == 8
    assert card["crop"]["follow"] == "animal"
