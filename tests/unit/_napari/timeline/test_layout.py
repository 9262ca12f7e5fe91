"""Rows from top to bottom, frames from left to right."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt._napari.timeline.layout import Scale, lay_out
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack


def bouts(key: str, individual: str, *spans: tuple[int, int]) -> BoutTrack:
    start, stop = zip(*(spans or ((0, 10),)), strict=True)
    return BoutTrack(key, key, "model", individual, start, stop, ["a"] * len(start))  # type: ignore[arg-type]


def test_tracks_of_an_individual_stand_together_under_its_name() -> None:
    tracks = [bouts("a1", "a"), bouts("b1", "b"), bouts("z", ""), bouts("a2", "a")]
    rows = lay_out(tracks)
    assert [row.title for row in rows] == ["z", "a", "a1", "a2", "b", "b1"]
    assert [row.track is None for row in rows] == [False, True, False, False, True, False]
    assert all(one.bottom == two.top for one, two in pairwise(rows))
    # A single individual needs no heading.
    assert [row.title for row in lay_out([bouts("z", ""), bouts("a1", "a")])] == ["z", "a1"]
    assert lay_out([]) == ()


def test_bouts_that_overlap_get_a_higher_row() -> None:
    deep = bouts("deep", "", (0, 10), (2, 9), (3, 8))
    curve = CurveTrack("c", "c", "novelty", "", np.zeros(5))
    flat, deeper, line = lay_out([bouts("flat", ""), deep, curve])
    low = lay_out([bouts("flat", ""), deep, curve], compact=True)
    assert flat.height < deeper.height
    assert all(a.height < b.height for a, b in zip(low, (flat, deeper, line), strict=True))


@given(st.integers(1, 2000), st.floats(0, 900), st.floats(1, 400), st.integers(0, 60))
def test_frames_wider_than_a_pixel_come_back(
    width: int, start: float, span: float, frame: int
) -> None:
    scale = Scale(start, start + span, 100, width)
    frame += int(start)
    x = scale.x(frame + 0.5)
    if span < width and 100 <= x < 100 + width - 1 and scale.step < 0.5:
        assert scale.frame_at(x) == frame
        # The border of a frame is where it begins on the screen.
        if scale.x(frame) >= 100:
            assert scale.edge_at(scale.x(frame)) == frame
    assert scale.x(scale.position(x)) == pytest.approx(x)


def test_an_end_is_one_past_the_last_frame() -> None:
    scale = Scale(0.0, 100.0, 50, 1000)
    assert scale.frames_at(50 + 129) == (12, 13)
    assert scale.edge_at(50 + 10000) == 100
    assert scale.edge_at(0) == 0
    assert scale.frame_at(5000) == 99
    assert scale.frame_at(-5) == 0
