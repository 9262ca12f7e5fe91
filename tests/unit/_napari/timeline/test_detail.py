"""Level of detail: every pixel column against looking at all bouts and frames."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt._napari.timeline.curves import CurvePyramid
from napari_mousegpt._napari.timeline.detail import (
    bout_columns,
    column_frames,
    curve_columns,
    lane_columns,
    point_columns,
    runs,
)
from napari_mousegpt._napari.timeline.lanes import Lane, stack
from napari_mousegpt._napari.timeline.layout import Scale

N = 400
seeds = st.integers(0, 2**32 - 1)


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[float, float], int]:
    """A view and the columns over it; some with many frames to a column, some with few."""
    width = draw(st.integers(1, 120))
    span = min(width * draw(st.sampled_from((0.03, 0.4, 1.0, 1.3, 3.0, 7.7, 40.0))), float(N))
    start = draw(st.floats(0, 1)) * (N - span)
    return (start, min(start + span, float(N))), width


def lane_of(parts: list[tuple[int, int]]) -> Lane:
    start, stop, at = [], [], 0
    for gap, length in parts:
        start.append(at + gap)
        at = at + gap + length
        stop.append(at)
    return stack(np.array(start), np.array(stop))[0]


@given(windows())
def test_columns_share_out_the_frames(window: tuple[tuple[float, float], int]) -> None:
    view, width = window
    lo, hi = column_frames(*view, width)
    assert np.all(hi > lo)
    if view[1] - view[0] >= width:
        # Every frame belongs to one column.
        assert np.array_equal(hi[:-1], lo[1:])
        assert lo[0] == math.floor(view[0] + 1e-9)
        assert hi[-1] == math.floor(view[1] + 1e-9)
    else:
        assert np.array_equal(hi, lo + 1)
        step = (view[1] - view[0]) / width
        for column in range(width):
            # The frame under the middle of the column.
            assert lo[column] - 1e-6 <= view[0] + (column + 0.5) * step < hi[column] + 1e-6


@given(windows())
def test_a_click_shows_a_frame_of_its_column(window: tuple[tuple[float, float], int]) -> None:
    view, width = window
    lo, hi = column_frames(*view, width)
    scale = Scale(*view, 37, width)
    for column in range(width):
        assert scale.frames_at(37 + column) == (lo[column], hi[column])
        assert scale.frames_at(37 + column + 0.9) == (lo[column], hi[column])
        assert lo[column] <= scale.frame_at(37 + column) < hi[column]


@given(windows(), st.integers(0, N - 1), st.integers(1, 40))
def test_frames_are_painted_in_the_columns_that_show_them(
    window: tuple[tuple[float, float], int], start: int, length: int
) -> None:
    view, width = window
    lo, hi = column_frames(*view, width)
    left, right = Scale(*view, 37, width).columns(start, start + length)
    wanted = np.flatnonzero((lo < start + length) & (hi > start)) + 37
    if wanted.size:
        inside = [x for x in range(left, right) if 37 <= x < 37 + width]
        assert inside == wanted.tolist()
    else:
        assert right - left == 1 or right <= 37 or left >= 37 + width


@given(seeds, windows())
def test_a_column_shows_the_bout_that_fills_most_of_it(
    seed: int, window: tuple[tuple[float, float], int]
) -> None:
    view, width = window
    # Many short bouts: lists that hypothesis draws are mostly short.
    rng = np.random.default_rng(seed)
    lane = lane_of([(int(gap), int(long)) for gap, long in rng.integers((0, 1), (4, 10), (70, 2))])
    lo, hi = column_frames(*view, width)
    shown = bout_columns(lane, lo, hi)
    for column in range(width):
        best, most = -1, 0
        for place, (start, stop) in enumerate(zip(lane.start, lane.stop, strict=True)):
            overlap = min(stop, hi[column]) - max(start, lo[column])
            if overlap > 0 and overlap >= most:
                best, most = place, overlap
        assert shown[column] == best
    assert np.array_equal(lane_columns(lane, *view, width), shown)
    assert np.array_equal(lane_columns(lane, *view, width), shown)


def test_only_some_views_are_remembered() -> None:
    lane = lane_of([(2, 3), (1, 5)])
    for start in range(9):
        lane_columns(lane, float(start), 20.0, 10)
    assert len(lane.kept) == 3


@given(seeds, st.integers(0, 200), windows())
def test_events_are_drawn_in_the_first_column_of_their_frame(
    seed: int, count: int, window: tuple[tuple[float, float], int]
) -> None:
    view, width = window
    frames = np.sort(np.random.default_rng(seed).integers(0, N, count)).tolist()
    lo, hi = column_frames(*view, width)
    columns, places = point_columns(np.array(frames, dtype=np.int64), lo, hi)
    wanted: dict[int, int] = {}
    for place, frame in enumerate(frames):
        inside = [c for c in range(width) if lo[c] <= frame < hi[c]]
        if inside:
            wanted[inside[0]] = place
    assert dict(zip(columns.tolist(), places.tolist(), strict=True)) == wanted


@given(windows(), seeds, st.floats(0, 0.6))
def test_a_curve_spans_its_values_in_each_column(
    window: tuple[tuple[float, float], int], seed: int, holes: float
) -> None:
    view, width = window
    rng = np.random.default_rng(seed)
    values = rng.normal(size=N).astype(np.float32)
    values[rng.random(N) < holes] = np.nan
    low, high = curve_columns(values, CurvePyramid(values), *view, width)
    lo, hi = column_frames(*view, width)
    if view[1] - view[0] < width:
        for column in range(width):
            at = [
                line(values, view[0] + c * ((view[1] - view[0]) / width))
                for c in (column, column + 1)
            ]
            known = [value for value in at if not math.isnan(value)]
            assert math.isnan(low[column]) == (not known)
            if known:
                assert abs(low[column] - min(known)) < 1e-4
                assert abs(high[column] - max(known)) < 1e-4
        return
    spans = [values[a:b][~np.isnan(values[a:b])] for a, b in zip(lo, hi, strict=True)]
    for column, span in enumerate(spans):
        if not span.size:
            assert math.isnan(low[column])
            continue
        least, most = span.min(), span.max()
        if column and spans[column - 1].size:
            least = min(least, spans[column - 1].max())
            most = max(most, spans[column - 1].min())
        assert (low[column], high[column]) == (least, most)


def line(values: np.ndarray, place: float) -> float:
    """The line through the middles of frames; beside a hole the value of the nearest frame."""
    if not 0 <= place <= len(values):
        return math.nan
    left = math.floor(place - 0.5)
    part = place - 0.5 - left
    here, there = (values[min(max(f, 0), len(values) - 1)] for f in (left, left + 1))
    if np.isnan(here) or np.isnan(there):
        return float(here if part < 0.5 else there)
    return float(here + (there - here) * part)


def test_a_curve_without_values_is_drawn_nowhere() -> None:
    nothing = np.empty(0, dtype=np.float32)
    for width in (5, 50):
        low, high = curve_columns(nothing, CurvePyramid(nothing), 0.0, 10.0, width)
        assert np.isnan(low).all()
        assert np.isnan(high).all()


def test_runs_of_columns() -> None:
    start, stop = runs(np.array([-1, 4, 4, 5, -1, -1, 4]))
    assert list(zip(start.tolist(), stop.tolist(), strict=True)) == [(1, 3), (3, 4), (6, 7)]
    assert [len(part) for part in runs(np.array([], dtype=np.int64))] == [0, 0]
