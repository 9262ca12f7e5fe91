"""Arenas, zones and the points inside them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.arena import Arena, Zone, check_arenas
from napari_mousegpt.core.polygons import checked_polygon, pixels_per_cm, points_inside
from napari_mousegpt.errors import InputError

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10]]
WHOLE = st.integers(-20, 20).map(float)


def test_inside_and_outside() -> None:
    points = [[5, 5], [15, 5], [-1, 5], [5, 11], [np.nan, 5]]
    assert points_inside(points, SQUARE).tolist() == [True, False, False, False, False]


def test_an_edge_belongs_to_the_area_on_its_right_and_below() -> None:
    corners_and_sides = [[0, 0], [10, 0], [10, 10], [0, 10], [5, 0], [10, 5], [5, 10], [0, 5]]
    assert points_inside(corners_and_sides, SQUARE).tolist() == [
        True, False, False, False, True, False, False, True,
    ]  # fmt: skip


def test_tiles_share_no_corner_and_lose_none() -> None:
    tiles = [np.add(SQUARE, (10 * i, 10 * j)) for i in range(3) for j in range(3)]
    points = np.stack(np.meshgrid(np.arange(0, 30, 5), np.arange(0, 30, 5)), axis=-1)
    assert (np.sum([points_inside(points, tile) for tile in tiles], axis=0) == 1).all()


def test_x_is_across_and_y_is_down() -> None:
    wide = [[0, 0], [100, 0], [100, 10], [0, 10]]
    assert points_inside([50, 5], wide)
    assert not points_inside([5, 50], wide)


def test_a_hollow_shape_does_not_hold_its_hollow() -> None:
    horseshoe = [[0, 0], [9, 0], [9, 9], [6, 9], [6, 3], [3, 3], [3, 9], [0, 9]]
    assert points_inside([[1, 8], [8, 8], [4.5, 8], [4.5, 1]], horseshoe).tolist() == [
        True, True, False, True,
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    cuts=st.lists(WHOLE, min_size=1, max_size=4, unique=True),
    slopes=st.lists(st.integers(-9, 9).map(float), min_size=4, max_size=4),
    points=st.lists(st.tuples(WHOLE, WHOLE), min_size=1, max_size=30),
)
def test_neighbours_share_no_point_and_lose_none(
    cuts: list[float], slopes: list[float], points: list[tuple[float, float]]
) -> None:
    """Strips that part a box by leaning lines: each point of it lies in exactly one."""
    lines = [(-60.0, -60.0)]
    lines += [(cut, cut + slope) for cut, slope in zip(sorted(cuts), slopes, strict=False)]
    if any(b[1] <= a[1] for a, b in pairwise(lines)):
        lines = [lines[0], lines[1]]
    lines.append((60.0, 60.0))
    strips = [
        [[left[0], -30], [right[0], -30], [right[1], 30], [left[1], 30]]
        for left, right in pairwise(lines)
    ]
    held = np.sum([points_inside(points, strip) for strip in strips], axis=0)
    assert held.tolist() == [1] * len(points)


@settings(max_examples=150, deadline=None)
@given(
    step=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    parts=st.integers(2, 9),
    data=st.data(),
)
def test_a_side_with_two_neighbours_shares_no_point(
    step: tuple[int, int], parts: int, data: st.DataObject
) -> None:
    """The leaning side of a large zone lies against two smaller ones."""
    at = data.draw(st.integers(1, parts - 1))
    points = np.outer(np.arange(parts), step).astype(float)
    (x, y), (end, low) = points[at], parts * np.array(step, float)
    large = [[0, 0], [end, low], [999, low], [999, 0]]
    upper = [[0, 0], [x, y], [-999, y], [-999, 0]]
    lower = [[x, y], [end, low], [-999, low], [-999, y]]
    held = np.sum([points_inside(points, zone) for zone in (large, upper, lower)], axis=0)
    assert held.tolist() == [1] * parts


@settings(max_examples=60, deadline=None)
@given(
    turn=st.integers(0, 3),
    backwards=st.booleans(),
    points=st.lists(st.tuples(WHOLE, WHOLE), min_size=1, max_size=20),
)
def test_the_first_corner_and_the_direction_do_not_matter(
    turn: int, backwards: bool, points: list[tuple[float, float]]
) -> None:
    leaning = np.array([[0, 0], [11, 3], [9, 12], [-4, 7]], float)
    other = np.roll(leaning, turn, axis=0)[:: -1 if backwards else 1]
    np.testing.assert_array_equal(points_inside(points, leaning), points_inside(points, other))


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        ([[0, 0], [1, 1]], "three or more corners"),
        ([[0, 0], [10, 10], [10, 0], [0, 10]], "sides 1 and 3 that cross"),
        ([[0, 0], [5, 5], [10, 10]], "corners lie on one line"),
        ([[0, 0], [10, 10], [10, 0], [5, 5], [0, 10]], "sides 1 and 4 that cross"),
        ([[0, 0], [10, 0], [5, 0], [5, 9]], "sides 1 and 3 that cross"),
        ([[0, 0], [5, np.nan], [10, 10]], "finite corners"),
        ([[0, 0, 0], [5, 5, 0], [10, 0, 0]], "three or more corners with x and y"),
        ("round", "x, y pairs"),
        ([], "three or more"),
    ],
)
def test_what_is_no_polygon_is_refused(polygon: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Zone("centre", polygon)  # type: ignore[arg-type]


def test_a_closed_polygon_loses_its_last_corner() -> None:
    assert len(checked_polygon([*SQUARE, SQUARE[0]], "zone")) == 4


def test_a_zone_cannot_be_changed_behind_our_back() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Zone("centre", SQUARE).polygon[0] = 3  # type: ignore[arg-type]


def test_names() -> None:
    zone = Zone("centre", SQUARE)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="several called centre"):
        Arena("box", (zone, zone))
    with pytest.raises(InputError, match="one of centre"):
        Arena("box", (zone,)).zone("border")
    with pytest.raises(InputError, match="a name"):
        Zone(" ", SQUARE)  # type: ignore[arg-type]
    assert Arena("box", (zone,)).zone("centre") is zone


def test_units() -> None:
    assert Arena(pixels_per_cm=4.0).units_per_cm == 4
    assert Arena().units_per_cm is None
    assert Arena(unit="mm").units_per_cm == 10
    with pytest.raises(InputError, match="one of pixels, mm, cm, m"):
        Arena(unit="inch")
    with pytest.raises(InputError, match="only pixels have pixels_per_cm"):
        Arena(unit="cm", pixels_per_cm=4.0)
    assert Arena.from_dict(Arena(unit="cm").to_dict()).unit == "cm"


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf])
def test_a_scale_is_positive(scale: float) -> None:
    with pytest.raises(InputError, match="positive number of pixels per cm"):
        Arena(pixels_per_cm=scale)


def test_the_scale_from_a_known_length() -> None:
    assert pixels_per_cm((10, 10), (10, 110), 20) == 5
    for first, second, cm in (((1, 1), (1, 1), 5), ((0, 0), (1, 0), 0), ((0, 0), (1, 0), -2)):
        with pytest.raises(InputError, match="two different points"):
            pixels_per_cm(first, second, cm)


def test_an_arena_without_an_outline_holds_every_seen_point() -> None:
    assert Arena().contains([[999, -5], [np.nan, 1]]).tolist() == [True, False]
    assert Arena(outline=SQUARE).contains([[5, 5], [20, 5]]).tolist() == [  # type: ignore[arg-type]
        True, False,
    ]  # fmt: skip


def test_there_and_back_as_plain_values() -> None:
    arena = Arena("left", (Zone("a", SQUARE),), SQUARE, 4.5, "m1")  # type: ignore[arg-type]
    assert Arena.from_dict(arena.to_dict()).to_dict() == arena.to_dict()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"nam": "x"}, "an object with"),
        ({"zones": "x"}, "a list"),
        ({"zones": [{"name": "a"}]}, "zone 1.*a name and a polygon"),
        ({"zones": [{"name": 3, "polygon": SQUARE}]}, "name of zone 1"),
        ({"pixels_per_cm": "4"}, "a number"),
        ({"pixels_per_cm": True}, "a number"),
    ],
)
def test_other_values_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Arena.from_dict(values)


def test_a_larger_picture() -> None:
    arena = Arena("a", (Zone("z", SQUARE),), SQUARE, 3.0).scaled(2, 2)  # type: ignore[arg-type]
    assert arena.zones[0].polygon.max() == 20
    in_cm = Arena("a", (Zone("z", SQUARE),), unit="cm")  # type: ignore[arg-type]
    assert in_cm.scaled(2, 2).zones[0].polygon.max() == 10
    assert arena.pixels_per_cm == 6


def test_several_arenas_need_outlines_and_names_of_their_own() -> None:
    left = Arena("left", outline=SQUARE, individual="m1")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="an outline"):
        check_arenas([left, Arena("right")])
    with pytest.raises(InputError, match="one arena of each name"):
        check_arenas([left, left])
    with pytest.raises(InputError, match="one arena of each individual"):
        check_arenas([left, Arena("right", outline=SQUARE, individual="m1")])  # type: ignore[arg-type]
