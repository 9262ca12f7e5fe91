from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.clusters.sampling import balanced_rows, spread_rows
from napari_mousegpt.core.intervals import Intervals


def recordings(sizes: list[int]) -> Intervals:
    names = np.repeat([f"r{i:02d}" for i in range(len(sizes))], sizes)
    start = np.concatenate([np.arange(size) * 3 for size in sizes])
    return Intervals.build(names, start, start + 3)


def test_all_rows_when_there_are_few() -> None:
    assert balanced_rows(recordings([5, 4]), 9).tolist() == list(range(9))


def test_every_recording_gives_the_same_and_short_ones_all() -> None:
    ranges = recordings([10_000, 300, 50_000])
    rows = balanced_rows(ranges, 5_000)
    counts = dict(
        zip(*np.unique(ranges.recording[rows].astype(str), return_counts=True), strict=True)
    )
    assert counts["r01"] == 300
    assert abs(counts["r00"] - counts["r02"]) <= 1
    assert 4_900 < len(rows) <= 5_000


def test_rows_are_spread_over_the_recording_in_stretches() -> None:
    rows = balanced_rows(recordings([100_000]), 6_000)
    assert rows[0] == 0
    assert rows[-1] == 99_999
    lengths = np.diff(np.flatnonzero(np.diff(np.concatenate([[-9], rows, [10**9]])) > 1))
    assert lengths.tolist() == [600] * 10


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.integers(8, 900))
def test_never_more_than_allowed_and_never_twice(sizes: list[int], most: int) -> None:
    rows = balanced_rows(recordings(sizes), most)
    assert len(rows) <= max(most, 0)
    assert (np.diff(rows) > 0).all()
    assert len(rows) == min(sum(sizes), most) or len(rows) >= most - len(sizes)


@pytest.mark.parametrize("quota", [40, 100, 200, 600, 1100])
def test_a_small_quota_is_not_the_beginning_alone(quota: int) -> None:
    """Mice get used to an arena: the first minute is not the recording."""
    rows = spread_rows(18_000, quota)
    assert 0.95 * quota <= len(rows) <= quota
    assert abs(rows.mean() - 9_000) < 100
    if quota >= 240:
        assert rows[-1] == 17_999
        assert np.diff(np.flatnonzero(np.diff(rows) > 1)).min(initial=120) >= 120
