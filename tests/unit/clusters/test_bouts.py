from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.clusters.bouts import choose_penalty, find_bouts, find_runs, has_seconds
from napari_mousegpt.clusters.projection import on_grid
from napari_mousegpt.core.intervals import Intervals


def windows(
    start: list[int], length: int = 3, recording: object = "r", **columns: object
) -> Intervals:
    return Intervals.build(recording, start, np.asarray(start) + length, **columns)


def all_seen(ranges: Intervals) -> np.ndarray:
    return np.ones(len(ranges), dtype=bool)


class TestRuns:
    def test_touching_and_overlapping_windows_follow_each_other(self) -> None:
        ranges = windows([0, 3, 5, 9, 12])
        runs = find_runs(ranges, all_seen(ranges), timed=False)
        assert list(zip(runs.first, runs.last, strict=True)) == [(0, 3), (3, 5)]

    def test_recordings_and_individuals_are_kept_apart(self) -> None:
        ranges = windows(
            [0, 3, 6, 9], recording=["r", "r", "s", "s"], individual=["a", "b", "b", "b"]
        )
        runs = find_runs(ranges, all_seen(ranges), timed=False)
        assert list(zip(runs.first, runs.last, strict=True)) == [(0, 1), (1, 2), (2, 4)]

    def test_an_unseen_window_ends_a_run(self) -> None:
        seen = np.array([True, True, False, True])
        runs = find_runs(windows([0, 3, 6, 9]), seen, timed=False)
        assert list(zip(runs.first, runs.last, strict=True)) == [(0, 2), (2, 3)]

    def test_steps_are_in_seconds(self) -> None:
        ranges = windows(
            [0, 5, 10, 40], 10, start_s=[0.0, 0.2, 0.4, 1.6], stop_s=[0.4, 0.6, 0.8, 2.0]
        )
        runs = find_runs(ranges, all_seen(ranges), timed=True)
        np.testing.assert_allclose(runs.step, [0.2, 0.4])

    def test_nothing_seen(self) -> None:
        assert len(find_runs(windows([0, 3]), np.zeros(2, dtype=bool), timed=False)) == 0

    def test_seconds_must_be_numbers(self) -> None:
        assert not has_seconds(windows([0]))
        assert not has_seconds(windows([0], start_s=[np.nan], stop_s=[1.0]))
        assert has_seconds(windows([0], start_s=[0.0], stop_s=[1.0]))


def brute_force(points: np.ndarray, penalty: float, longest: int) -> float:
    """Return the smallest cost over all ways to cut."""
    n, best = len(points), np.inf
    for count in range(n):
        for cuts in combinations(range(1, n), count):
            edges = [0, *cuts, n]
            if max(np.diff(edges)) > longest:
                continue
            best = min(best, cost_of(points, edges, penalty))
    return best


def cost_of(points: np.ndarray, edges: list[int], penalty: float) -> float:
    pieces = [points[a:b] for a, b in pairwise(edges)]
    return sum(((p - p.mean(axis=0)) ** 2).sum() + penalty for p in pieces)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=9),
    st.floats(0.05, 20),
    st.integers(1, 9),
)
def test_cuts_are_the_best_of_all(
    places: list[tuple[int, int]], penalty: float, longest: int
) -> None:
    points = on_grid(np.asarray(places, dtype=float))
    ranges = windows(list(range(0, 3 * len(points), 3)))
    runs = find_runs(ranges, all_seen(ranges), timed=False)
    bouts = find_bouts(points, runs, penalty, float(longest))
    edges = [0, *(np.flatnonzero(np.diff(bouts.of_row)) + 1).tolist(), len(points)]
    assert max(np.diff(edges)) <= longest
    assert cost_of(points, edges, penalty) == pytest.approx(brute_force(points, penalty, longest))


def stairs(step: int = 1) -> np.ndarray:
    """Return levels of 20 windows each, or fewer when only every ``step``-th is looked at."""
    draw = np.random.default_rng(1)
    level = np.repeat(draw.normal(0, 5, (30, 3)), 20, axis=0)
    return on_grid(level + draw.normal(0, 0.3, level.shape))[::step]


def test_finds_true_changes_and_their_means() -> None:
    points = stairs()
    ranges = windows(list(range(0, 3 * len(points), 3)))
    runs = find_runs(ranges, all_seen(ranges), timed=False)
    bouts = find_bouts(points, runs, 20.0, 100.0)
    assert (np.flatnonzero(np.diff(bouts.of_row)) + 1).tolist() == list(range(20, 600, 20))
    np.testing.assert_allclose(bouts.points[0], points[:20].mean(axis=0), atol=1e-3)
    assert bouts.windows.tolist() == [20] * 30


def test_the_same_penalty_cuts_alike_at_another_step() -> None:
    cuts = []
    for step in (1, 2):
        points = stairs(step)
        begin = np.arange(len(points)) * step / 10
        ranges = windows(
            list(range(0, 3 * len(points), 3)), start_s=begin, stop_s=begin + step / 10
        )
        runs = find_runs(ranges, all_seen(ranges), timed=True)
        bouts = find_bouts(points, runs, 2.0, 10.0)
        cuts.append((np.flatnonzero(np.diff(bouts.of_row)) + 1) * step)
    np.testing.assert_array_equal(*cuts)


def test_no_penalty_leaves_windows_alone() -> None:
    ranges = windows([0, 3, 6])
    runs = find_runs(ranges, all_seen(ranges), timed=False)
    bouts = find_bouts(np.zeros((3, 2)), runs, 0.0, 10.0)
    assert bouts.of_row.tolist() == [0, 1, 2]


def test_a_bout_never_crosses_a_gap() -> None:
    ranges = windows([0, 3, 60, 63])
    runs = find_runs(ranges, all_seen(ranges), timed=False)
    assert find_bouts(np.zeros((4, 2)), runs, 1e6, 100.0).of_row.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("median", [5.0, 10.0, 15.0])
def test_penalty_reaches_the_median_asked_for(median: float) -> None:
    points = on_grid(np.cumsum(np.random.default_rng(2).normal(0, 0.3, (3000, 4)), axis=0))
    ranges = windows(list(range(0, 9000, 3)))
    runs = find_runs(ranges, all_seen(ranges), timed=False)
    penalty = choose_penalty(points, runs, median)
    bouts = find_bouts(points, runs, penalty, 10 * median)
    assert median <= np.median(bouts.windows) <= median + 2
    less = find_bouts(points, runs, penalty / 1.2, 10 * median)
    assert np.median(less.windows) <= np.median(bouts.windows)


def test_windows_as_long_as_a_bout_need_no_penalty() -> None:
    ranges = windows([0, 3, 6], start_s=[0.0, 1.0, 2.0], stop_s=[1.0, 2.0, 3.0])
    runs = find_runs(ranges, all_seen(ranges), timed=True)
    assert choose_penalty(np.zeros((3, 2)), runs, 1.0) == 0.0
    scattered = windows([0, 30, 60])
    assert (
        choose_penalty(
            np.zeros((3, 2)), find_runs(scattered, all_seen(scattered), timed=False), 5.0
        )
        == 0.0
    )
