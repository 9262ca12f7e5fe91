"""Cameras side by side."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.clips.crops import BLANK
from napari_mousegpt.clips.tiles import tile, tile_side


def grey(value: int, side: int) -> np.ndarray:
    return np.full((side, side, 3), value, dtype=np.uint8)


def test_two_cameras_stand_beside_each_other() -> None:
    assert tile_side(2, 64) == 32
    found = tile([grey(100, 32), grey(200, 32)], 64)
    assert (found[16:48, :32] == 100).all()
    assert (found[16:48, 32:] == 200).all()
    assert (found[:16] == BLANK).all()
    assert (found[48:] == BLANK).all()


def test_four_cameras_are_read_in_rows() -> None:
    found = tile([grey(n, 32) for n in (10, 20, 30, 40)], 64)
    assert [int(found[y, x, 0]) for y in (1, 63) for x in (1, 63)] == [10, 20, 30, 40]


def test_a_camera_that_shows_nothing_is_grey() -> None:
    found = tile([None, grey(200, 32)], 64)
    assert (found[:, :32] == BLANK).all()
    assert (found[16:48, 32:] == 200).all()


@given(st.integers(1, 12), st.integers(16, 100))
def test_every_picture_is_there_whole(count: int, side: int) -> None:
    small = tile_side(count, side)
    found = tile([grey(100 + n, small) for n in range(count)], side)
    assert found.shape == (side, side, 3)
    for n in range(count):
        assert (found[..., 0] == 100 + n).sum() == small**2
