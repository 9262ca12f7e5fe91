from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt._napari.shape_geometry import line_length, polygon_of, to_pixels

BOX = np.array([[10.0, 20], [10, 60], [30, 60], [30, 20]])


def area(polygon: np.ndarray) -> float:
    y, x = polygon.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


@given(st.floats(0, np.pi), st.floats(1, 200), st.floats(1, 200))
@settings(max_examples=50)
def test_an_ellipse_keeps_its_place_and_nearly_its_area(a: float, high: float, wide: float) -> None:
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    corners = np.array([[-high, -wide], [-high, wide], [high, wide], [high, -wide]]) @ turn + 500
    polygon = polygon_of("ellipse", corners)
    assert polygon.shape == (64, 2)
    assert np.allclose(polygon.mean(axis=0), 500)
    assert area(polygon) == pytest.approx(np.pi * high * wide, rel=2e-3)
    # It touches the middle of each side of the box.
    for middle in (corners + np.roll(corners, -1, axis=0)) / 2:
        assert np.hypot(*(polygon - middle).T).min() < 1e-6 * max(high, wide)


def test_other_shapes_keep_their_corners() -> None:
    assert np.array_equal(polygon_of("rectangle", BOX), BOX)
    with_time = np.column_stack([np.full(4, 7.0), BOX])
    assert np.array_equal(polygon_of("polygon", with_time), BOX)
    twice = BOX[[0, 1, 2, 3, 3]]
    assert np.array_equal(polygon_of("polygon", twice), BOX)


def test_points_of_a_scaled_layer_are_pixels_of_the_video_as_x_and_y(viewer: Any) -> None:
    video = viewer.add_image(np.zeros((5, 100, 200)), scale=(0.04, 0.5, 0.5), translate=(0, 10, 20))
    shapes = viewer.add_shapes([BOX], shape_type="rectangle", scale=(2, 4), translate=(1, 3))
    # y = (2 * 10 + 1 - 10) / 0.5 = 22, x = (4 * 20 + 3 - 20) / 0.5 = 126
    xy = to_pixels(shapes, video, polygon_of("rectangle", shapes.data[0]))
    assert np.allclose(xy[0], [126, 22])
    assert np.allclose(xy[2], [(4 * 60 + 3 - 20) / 0.5, (2 * 30 + 1 - 10) / 0.5])
    plain = viewer.add_shapes([BOX], shape_type="rectangle")
    unscaled = viewer.add_image(np.zeros((5, 100, 200)))
    assert np.array_equal(to_pixels(plain, unscaled, BOX), BOX[:, ::-1])


def test_a_length_is_that_of_the_whole_line() -> None:
    assert line_length([[0, 0], [3, 4]]) == 5
    assert line_length([[0, 0], [3, 4], [3, 10]]) == 11
