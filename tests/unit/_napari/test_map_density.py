"""A map as a picture: points where they are few, density where they are many."""

from __future__ import annotations

import numpy as np

from napari_mousegpt._napari import map_density
from napari_mousegpt._napari.map_density import draw_map
from napari_mousegpt._napari.map_scene import MapScene
from napari_mousegpt._napari.map_view import MapView

GROUND = (20, 20, 20)
COLOURS = np.array([[255, 0, 0], [0, 0, 255]], dtype=np.uint8)


def rgb(pixels: np.ndarray) -> np.ndarray:
    parts = [(pixels >> shift) & 0xFF for shift in (16, 8, 0)]
    return np.stack(parts, axis=-1).astype(np.int64)


def view() -> MapView:
    found = MapView(100, 60)
    found.set_bounds(np.array([[-1, -1], [1, 1]], dtype=np.float32))
    return found


def test_a_point_is_drawn_where_its_place_is() -> None:
    seen = view()
    x, y = np.array([0.5, -0.5], np.float32), np.array([0.25, -0.5], np.float32)
    picture = draw_map(x, y, np.array([0, 1], np.uint16), COLOURS, seen, GROUND)
    assert (picture.in_view, picture.density) == (2, False)
    shown = rgb(picture.pixels)
    for place, colour in zip(zip(x, y, strict=True), COLOURS, strict=True):
        px, py = seen.pixel(*map(float, place))
        assert shown[int(py), int(px)].tolist() == colour.tolist()
    # Nothing else is coloured.
    assert 40 < (shown != GROUND).any(axis=-1).sum() < 250


def test_the_point_that_comes_last_lies_above() -> None:
    same = np.zeros(2, np.float32)
    picture = draw_map(same, same, np.array([0, 1], np.uint16), COLOURS, view(), GROUND)
    assert rgb(picture.pixels)[30, 50].tolist() == [0, 0, 255]


def test_many_points_are_drawn_as_density() -> None:
    rng = np.random.default_rng(0)
    n = map_density.MOST_POINTS + 5_000
    x = np.where(np.arange(n) % 2, -0.5, 0.5).astype(np.float32)
    x += rng.normal(0, 0.05, n).astype(np.float32)
    y = rng.normal(0, 0.05, n).astype(np.float32)
    codes = (np.arange(n) % 2).astype(np.uint16)
    picture = draw_map(x, y, codes, COLOURS, view(), GROUND)
    assert picture.density
    assert picture.in_view == n
    shown = rgb(picture.pixels)
    left, right = (view().pixel(x, 0.0)[0] for x in (-0.5, 0.5))
    # Each side has the colour of its own, brighter in the middle than at its border.
    assert shown[30, int(right)].argmax() == 0
    assert shown[30, int(left)].argmax() == 2
    assert shown[30, int(right)][0] > shown[30, int(right) + 2][0] > GROUND[0]
    # The same points in another order are the same picture.
    back = draw_map(x[::-1], y[::-1], codes[::-1], COLOURS, view(), GROUND)
    np.testing.assert_array_equal(back.pixels, picture.pixels)


def test_zooming_in_shows_points_again() -> None:
    scene = MapScene()
    rng = np.random.default_rng(1)
    scene.set_places(rng.normal(size=(30_000, 2)).astype(np.float32))
    assert scene.draw().density
    scene.view.zoom(30, 200, 150)
    picture = scene.draw()
    assert not picture.density
    assert 0 < picture.in_view < 20_000


def test_a_zoom_keeps_the_place_under_the_mouse() -> None:
    seen = view()
    before = seen.place(20, 10)
    seen.zoom(3, 20, 10)
    np.testing.assert_allclose(seen.place(20, 10), before)
    seen.pan(15, -5)
    np.testing.assert_allclose(seen.pixel(*before), (35, 5))
    seen.fit()
    assert seen.pixel(0, 0) == (50, 30)


def test_what_is_left_out_is_neither_drawn_nor_found() -> None:
    scene = MapScene()
    scene.set_places(np.array([[0, 0], [1, 0]], dtype=np.float32))
    scene.set_colours(np.array([0, 1], np.uint16), COLOURS)
    scene.leave_out(frozenset({0}))
    assert scene.draw().in_view == 1
    assert scene.nearest(*scene.view.pixel(0, 0)) is None
    assert scene.nearest(*scene.view.pixel(1, 0)) == 1


def test_what_is_not_picked_stands_back() -> None:
    scene = MapScene()
    scene.set_places(np.array([[0, 0], [1, 0]], dtype=np.float32))
    scene.set_colours(np.array([0, 0], np.uint16), COLOURS)
    scene.set_picked(np.array([True, False]))
    shown = rgb(scene.draw().pixels)
    bright, pale = (scene.view.pixel(x, 0.0) for x in (0.0, 1.0))
    assert shown[int(bright[1]), int(bright[0])].tolist() == [255, 0, 0]
    assert shown[int(pale[1]), int(pale[0])][0] < 100
