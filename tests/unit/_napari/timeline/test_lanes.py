"""Stacking of bouts, against the plain way of doing it one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt._napari.timeline.lanes import MOST_LANES, stack
from support.pace import Cost

bouts = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 25)), max_size=40).map(
    lambda pairs: sorted((start, start + length) for start, length in pairs)
)


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def first_fit(pairs: list[tuple[int, int]]) -> dict[int, int]:
    """Lane of each bout that has a length."""
    ends: list[int] = [0] * (MOST_LANES - 1)
    lanes = {}
    for row, (start, stop) in enumerate(pairs):
        if stop > start:
            lane = next((i for i, end in enumerate(ends) if start >= end), MOST_LANES - 1)
            lanes[row] = lane
            if lane < len(ends):
                ends[lane] = stop
    return lanes


@given(bouts)
def test_bouts_go_where_first_fit_puts_them(pairs: list[tuple[int, int]]) -> None:
    lanes, wanted = stack(*arrays(pairs)), first_fit(pairs)
    for number, lane in enumerate(lanes):
        assert np.all(lane.stop > lane.start)
        assert np.all(lane.start[1:] >= lane.stop[:-1])
        rows = {row for row, at in wanted.items() if at == number}
        if number < MOST_LANES - 1:
            assert set(lane.row.tolist()) == rows
            assert [pairs[row] for row in lane.row] == list(
                zip(lane.start.tolist(), lane.stop.tolist(), strict=True)
            )
        else:
            # Laid over each other: every frame of them is covered, and by a bout that holds it.
            covered = {f for a, b in zip(lane.start, lane.stop, strict=True) for f in range(a, b)}
            assert covered == {f for row in rows for f in range(*pairs[row])}
            for a, b, row in zip(lane.start, lane.stop, lane.row, strict=True):
                assert row in rows
                assert pairs[row][0] <= a
                assert b <= pairs[row][1]
    assert len(lanes) == max(wanted.values(), default=-1) + 1


@given(bouts)
def test_a_bout_that_overlaps_none_has_the_full_height(pairs: list[tuple[int, int]]) -> None:
    solid = {row for row, (start, stop) in enumerate(pairs) if stop > start}
    for number, lane in enumerate(stack(*arrays(pairs))):
        for row, of in zip(lane.row.tolist(), lane.of.tolist(), strict=True):
            start, stop = pairs[row]
            alone = all(
                pairs[other][1] <= start or pairs[other][0] >= stop for other in solid - {row}
            )
            assert number < of <= MOST_LANES
            if alone:
                assert of == 1


def test_a_later_bout_lies_on_top_and_the_longest_shows_again() -> None:
    pairs = [(0, 100), (0, 100), (10, 60), (20, 30), (90, 95)]
    lane = stack(*arrays(pairs))[2]
    found = list(zip(lane.start.tolist(), lane.stop.tolist(), lane.row.tolist(), strict=True))
    assert found == [(10, 20, 2), (20, 30, 3), (30, 60, 2), (90, 95, 4)]


def test_many_bouts_are_stacked_quickly() -> None:
    start = np.sort(np.random.default_rng(0).integers(0, 1_000_000, 100_000))
    with Cost() as cost:
        lanes = stack(start, start + 40)
    assert cost.seconds < 0.5
    assert len(lanes) == MOST_LANES
