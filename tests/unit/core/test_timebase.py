from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.timebase import Timebase, as_rate, parse_duration
from napari_mousegpt.errors import InputError

RATES = [14, 23.976, 25, 29.97, 58.83, 59.94, 120, 250]
MILLION = 10**6


def variable(n: int, seed: int = 0) -> Timebase:
    """A camera that drops pictures and trembles, in ticks of a 90 kHz clock."""
    steps = np.random.default_rng(seed).choice([2999, 3000, 3003, 6000, 9001], size=n - 1)
    return Timebase.from_pts(np.concatenate([[500], 500 + np.cumsum(steps)]), Fraction(1, 90000))


CLOCKS = {
    **{f"{rate} fps": Timebase.constant(rate, MILLION) for rate in RATES},
    "variable": variable(MILLION),
}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_every_frame_of_a_million_comes_back(clock: Timebase) -> None:
    frames = np.arange(MILLION)
    begins = clock.time(frames)
    assert np.all(np.diff(begins) > 0)
    for side in ("shown", "nearest"):
        np.testing.assert_array_equal(clock.frame_at(begins, side=side), frames)


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_a_picture_is_shown_until_the_next_begins(clock: Timebase) -> None:
    frames = np.arange(0, MILLION - 1, 997)
    before_next = np.nextafter(clock.time(frames + 1), 0)
    np.testing.assert_array_equal(clock.frame_at(before_next), frames)
    assert clock.frame_at(np.nextafter(clock.duration, 0)) == MILLION - 1


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_times_rounded_to_milliseconds_find_their_frame(clock: Timebase) -> None:
    # What BORIS and other annotation programs write; rounding down would miss every second frame.
    frames = np.arange(0, MILLION, 101)
    rounded = np.round(clock.time(frames), 3)
    np.testing.assert_array_equal(clock.frame_at(rounded, side="nearest"), frames)


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_times_are_the_nearest_doubles(clock: Timebase) -> None:
    for frame in (0, 1, 17, 462_857, MILLION - 1, MILLION):
        assert clock.time(frame) == float(clock.exact_time(frame))
    assert clock.duration == clock.time(MILLION)


@pytest.mark.parametrize(
    "clock", [CLOCKS["29.97 fps"], CLOCKS["variable"]], ids=["constant", "variable"]
)
@given(data=st.data())
@settings(max_examples=60)
def test_one_time_and_many_times_agree(clock: Timebase, data: st.DataObject) -> None:
    moments = data.draw(
        st.lists(st.floats(0, np.nextafter(clock.duration, 0)), min_size=1, max_size=8)
    )
    for side in ("shown", "nearest"):
        many = clock.frame_at(np.array(moments), side=side)
        assert [clock.frame_at(moment, side=side) for moment in moments] == many.tolist()
    shown = clock.frame_at(np.array(moments))
    assert np.all(clock.time(shown) <= moments)
    assert np.all(clock.time(shown + 1) > moments)
    nearest = clock.frame_at(np.array(moments), side="nearest")
    off = np.abs(clock.time(nearest) - moments)
    beside = np.clip(np.stack([nearest - 1, nearest + 1]), 0, MILLION - 1)
    assert np.all(off <= np.abs(clock.time(beside) - moments) + 1e-9)


@pytest.mark.parametrize(
    "clock", [Timebase.constant(10, 10), variable(10)], ids=["constant", "variable"]
)
def test_nearest_reaches_half_a_frame_before_the_first_and_to_the_end(clock: Timebase) -> None:
    assert clock.frame_at(np.nextafter(clock.duration, 0), side="nearest") == 9
    assert clock.frame_at(-0.0, side="nearest") == 0
    with pytest.raises(InputError, match=r"time: expected 0 to .* s, found"):
        clock.frame_at(-1.0, side="nearest")


@pytest.mark.parametrize(
    "clock", [Timebase.constant(10, 10), variable(10)], ids=["constant", "variable"]
)
@pytest.mark.parametrize("side", ["shown", "nearest"])
def test_times_outside_the_video(clock: Timebase, side: str) -> None:
    for outside in (-0.2, clock.duration + 0.001, 1e9):
        with pytest.raises(InputError, match="Check that the times belong to this video"):
            clock.frame_at(outside, side=side)
        assert clock.frame_at(outside, side=side, clip=True) == (0 if outside < 0 else 9)
    with pytest.raises(InputError):
        clock.frame_at(clock.duration, side="shown")


@pytest.mark.parametrize(
    "clock", [Timebase.constant(10, 10), variable(10)], ids=["constant", "variable"]
)
@pytest.mark.parametrize("clip", [False, True])
def test_a_time_that_is_no_number(clock: Timebase, clip: bool) -> None:
    with pytest.raises(InputError, match="expected a number of seconds, found nan"):
        clock.frame_at(np.array([0.0, np.nan]), clip=clip)
    with pytest.raises(InputError, match="found inf"):
        clock.frame_at(math.inf, clip=clip)


def test_frames_outside_of_a_variable_clock() -> None:
    clock = variable(10)
    for outside in (-1, 11):
        with pytest.raises(InputError, match=f"frame: expected 0 to 10, found {outside}"):
            clock.time(outside)
    assert Timebase.constant(10, 10).time(np.array([-5, 25])).tolist() == [-0.5, 2.5]


def test_video_without_pictures() -> None:
    for clock in (Timebase.constant(25, 0), Timebase.from_pts([], Fraction(1, 1000))):
        assert clock.duration == 0
        assert clock.time(np.arange(0)).shape == (0,)
        with pytest.raises(InputError):
            clock.frame_at(0.0, clip=True)


def test_equal_steps_become_a_rate() -> None:
    clock = Timebase.from_pts(1001 * np.arange(5) + 77, Fraction(1, 30000))
    assert clock.is_constant
    assert clock.rate == Fraction(30000, 1001)
    assert clock == Timebase.constant(29.97, 5)


def test_one_dropped_picture_keeps_every_stamp() -> None:
    clock = Timebase.from_pts([0, 40, 120, 160], Fraction(1, 1000))
    assert not clock.is_constant
    assert clock.time(np.arange(5)).tolist() == [
        0,
        0.04,
        0.12,
        0.16,
        pytest.approx(0.16 + 0.16 / 3),
    ]
    assert [clock.frame_at(t) for t in (0.0, 0.039, 0.04, 0.119, 0.12)] == [0, 0, 1, 1, 2]
    assert clock.frame_at(0.079, side="nearest") == 1
    assert clock.frame_at(0.081, side="nearest") == 2


def test_too_few_pictures_to_tell_the_rate() -> None:
    assert Timebase.from_pts([7], Fraction(1, 1000), rate=Fraction(25)).rate == 25
    assert Timebase.from_pts([7], Fraction(1, 1000)).rate == 1


def test_stamps_are_kept_from_later_changes() -> None:
    stamps = np.array([0, 3, 7], dtype=np.int64)
    clock = Timebase(3, Fraction(1), stamps, Fraction(1, 10))
    stamps[1] = 5
    assert clock.time(1) == 0.3
    with pytest.raises(ValueError, match="read-only"):
        clock.ticks[1] = 5  # type: ignore[index]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Timebase.constant(25, -1), "time base of -1 frames: expected 0 frames or more"),
        (lambda: Timebase(1, Fraction(0)), "expected more than 0 frames per second"),
        (lambda: Timebase(3, Fraction(1), np.array([0, 1])), "expected 3 of them"),
        (lambda: Timebase(3, Fraction(1), np.array([0, 2, 2])), "Sort them and drop repeated ones"),
        (lambda: Timebase(2, Fraction(1), np.array([1, 2])), "expected 0 for the first picture"),
        (lambda: Timebase.from_pts([0, 40, 30], Fraction(1, 1000)), "Sort them"),
        (lambda: as_rate("fast"), "frame rate 'fast': expected frames per second such as 25"),
        (lambda: as_rate(0), "expected more than 0 frames per second"),
        (lambda: as_rate(float("nan")), "Give the rate of the camera"),
        (lambda: as_rate("1/0"), "Give the rate of the camera"),
        (lambda: parse_duration("soon"), "duration 'soon': expected a number of seconds"),
        (lambda: parse_duration("-1s"), 'Write for example "1s"'),
        (lambda: parse_duration(-1.0), "expected a number of seconds"),
        (lambda: parse_duration(float("inf")), "expected a number of seconds"),
        (lambda: parse_duration("30f"), "no recording is at hand to count frames in"),
    ],
)
def test_messages(call: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        call()  # type: ignore[operator]
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rate", "exact"),
    [
        (25, Fraction(25)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (119.88, Fraction(120000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (58.83, Fraction(5883, 100)),
        (np.float64(14.5), Fraction(29, 2)),
        (np.int64(250), Fraction(250)),
        ("30000/1001", Fraction(30000, 1001)),
        (Fraction(7, 3), Fraction(7, 3)),
    ],
)
def test_rates_are_read_exactly(rate: object, exact: Fraction) -> None:
    assert as_rate(rate) == exact  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", Fraction(1, 2)),
        (" 1 s ", Fraction(1)),
        ("1.5", Fraction(3, 2)),
        (".5s", Fraction(1, 2)),
        ("2min", Fraction(120)),
        ("2m", Fraction(120)),
        ("1h", Fraction(3600)),
        (0.1, Fraction(1, 10)),
        (1e-05, Fraction(1, 100_000)),
        (np.float64(0.25), Fraction(1, 4)),
        (3, Fraction(3)),
    ],
)
def test_durations(text: object, seconds: Fraction) -> None:
    assert parse_duration(text) == seconds  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", RATES)
def test_lengths_in_frames_come_back(rate: float) -> None:
    clock = Timebase.constant(rate, 100)
    for count in (1, 7, 30, 997):
        assert clock.frames(f"{count}f") == clock.frames(f"{count} frames") == count
        assert clock.frames(clock.exact_time(count)) == count
    assert clock.frames("1s") == round(as_rate(rate))
    assert clock.frames(0) == 1


def test_to_dict_is_plain() -> None:
    assert Timebase.constant(29.97, 3).to_dict() == {
        "n_frames": 3,
        "rate": "30000/1001",
        "constant": True,
    }


def test_equality_and_pickle() -> None:
    clocks = [Timebase.constant(25, 3), Timebase.constant(25, 4), variable(3), variable(3, seed=1)]
    for i, one in enumerate(clocks):
        for j, other in enumerate(clocks):
            assert (one == other) is (i == j)
        again = pickle.loads(pickle.dumps(one))
        assert again == one
        assert hash(again) == hash(one)
    assert clocks[0] != "25 fps"
