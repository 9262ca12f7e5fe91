from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.vectors.placing import clip_spans

CLOCKS = [
    Timebase.constant(30, 3000),
    Timebase.constant("29.97", 3000),
    Timebase.constant(100, 3000),
    Timebase.from_pts(
        np.cumsum(np.random.default_rng(0).integers(20, 60, 3000)), Fraction(1, 1000)
    ),
]


@given(
    clock=st.sampled_from(CLOCKS),
    start=st.integers(0, 2900),
    length=st.integers(32, 2000),
    stride_s=st.sampled_from([0.07, 2 / 30, 0.2]),
    clips=st.integers(1, 6),
)
def test_clips_lie_within_and_none_is_twice(
    clock: Timebase, start: int, length: int, stride_s: float, clips: int
) -> None:
    frames = 16
    stop = min(start + length, clock.n_frames)
    spans = clip_spans(clock, start, stop, frames, stride_s, clips)
    assert 1 <= len(spans) <= clips
    assert len(set(spans)) == len(spans)
    assert spans == sorted(spans)
    assert all(start <= a and a + frames <= b <= stop for a, b in spans)
    wanted = frames * stride_s
    if clock.time(stop) - clock.time(start) > wanted + 0.06:
        # As long as clips of the training were, to a picture at each end.
        assert all(abs(clock.time(b) - clock.time(a) - wanted) < 0.13 for a, b in spans)
        if len(spans) > 1:
            (a0, _), (a1, _) = spans[:2]
            assert clock.time(a1) - clock.time(a0) >= wanted / 2 - 0.13


def test_a_long_interval_has_all_its_clips_evenly_placed() -> None:
    spans = clip_spans(Timebase.constant(30, 3000), 0, 640, 32, 2 / 30, 4)
    assert spans == [(72, 136), (216, 280), (360, 424), (504, 568)]


def test_a_short_interval_is_one_clip() -> None:
    assert clip_spans(Timebase.constant(30, 3000), 10, 60, 32, 2 / 30, 4) == [(10, 60)]
