from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt.features.tracks import (
    fill_gaps,
    gaussian_kernel,
    hide_doubtful,
    hide_held,
    smooth,
)


def track(*values: float) -> np.ndarray:
    """One keypoint in two dimensions, y twice x."""
    x = np.array(values, dtype=float)
    return np.stack([x, 2 * x])[None]


def test_doubtful_points_and_half_points_go() -> None:
    points = track(1, 2, 3, 4)
    points[0, 1, 0] = np.nan
    hide_doubtful(points, np.array([[0.9, 0.5, np.nan, 0.6]]), 0.6)
    assert np.isnan(points[0, :, :2]).all()
    assert np.isfinite(points[0, :, 2:]).all()


def test_a_held_run_keeps_its_first_frame() -> None:
    points = track(1, 5, 5, 5, 5, 2, 2, 3)
    hide_held(points, 4)
    np.testing.assert_array_equal(np.isnan(points[0, 0]), [0, 0, 1, 1, 1, 0, 0, 0])
    hide_held(short := track(1, 1), 3)
    assert np.isfinite(short).all()


@pytest.mark.parametrize(("longest", "filled"), [(0, False), (1, False), (2, True), (9, True)])
def test_gaps_up_to_a_length_are_filled(longest: int, filled: bool) -> None:
    nan = np.nan
    points = track(nan, 1, nan, nan, 4, nan)
    fill_gaps(points, np.arange(6.0), longest)
    np.testing.assert_allclose(points[0, 0, 2:4], [2, 3] if filled else [nan, nan])
    assert np.isnan(points[0, 0, [0, 5]]).all(), "an open end has no other side"


def test_a_gap_is_filled_in_time_not_in_frames() -> None:
    points = track(0, np.nan, 10)
    fill_gaps(points, np.array([0.0, 0.9, 1.0]), 5)
    assert points[0, 0, 1] == pytest.approx(9.0)


def test_smoothing_leaves_lines_straight_and_holes_open() -> None:
    kernel = gaussian_kernel(2.0)
    assert kernel.sum() == pytest.approx(1.0)
    assert kernel.size == 13
    line = track(*range(40))
    np.testing.assert_allclose(smooth(line, kernel)[..., 6:-6], line[..., 6:-6])
    hole = track(*[3.0] * 40)
    hole[..., 10:15] = np.nan
    done = smooth(hole, kernel)
    np.testing.assert_array_equal(np.isnan(done), np.isnan(hole))
    np.testing.assert_allclose(done[np.isfinite(done)], hole[np.isfinite(hole)])
    assert smooth(line, gaussian_kernel(0.0)) is line
