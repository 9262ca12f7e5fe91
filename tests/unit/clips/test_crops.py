"""A turned square out of a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.clips.crops import BLANK, CropParams, Window, crop
from napari_mousegpt.errors import InputError
from support.arrow import ArrowVideo, read_arrow

UP = -np.pi / 2


def test_an_upright_window_is_the_picture_itself() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    # The middle of 16 pixels from 10 on lies between pixels 17 and 18.
    clip = crop(picture, Window(17.5, 27.5, UP, 16), 16)
    assert np.abs(clip.astype(int) - picture[20:36, 10:26]).max() <= 1


def test_a_quarter_turn_brings_the_right_side_up() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    clip = crop(picture, Window(27.5, 17.5, 0.0, 16), 16)
    assert np.abs(clip.astype(int) - np.rot90(picture[10:26, 20:36])).max() <= 1


def test_what_lies_outside_is_grey() -> None:
    picture = np.full((40, 60), 200, dtype=np.uint8)
    clip = crop(picture, Window(-0.5, 19.5, UP, 20), 20)
    assert (clip[:, :9] == BLANK).all()
    assert (clip[:, 11:] == 200).all()
    assert (crop(picture, Window(-500, 3, 0.3, 20), 20) == BLANK).all()
    assert crop(picture, Window(-500, 3, 0.3, 20), 20).shape == (20, 20, 3)


def test_a_large_window_is_averaged_not_thinned() -> None:
    picture = np.zeros((400, 400), dtype=np.uint8)
    picture[::2] = 200  # every other line: thinning would give all or nothing
    clip = crop(picture, Window(199.5, 199.5, UP, 384), 24)
    assert np.abs(clip.astype(int) - 100).max() <= 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 299), st.floats(-3, 3), st.floats(-3, 3), st.floats(-0.5, 0.5))
def test_the_arrow_is_where_the_window_says(frame: int, dx: float, dy: float, turn: float) -> None:
    video = ArrowVideo(300)
    x, y, way = video.walk[frame]
    clip = crop(video[frame], Window(x + dx, y + dy, way + turn, 48), 96)
    seen_x, seen_y, seen_way = read_arrow(clip)
    # Seen from the animal: x to its right, y behind it; two pixels of the clip for one.
    right = -dx * -np.sin(way + turn) - dy * np.cos(way + turn)
    behind = -dx * -np.cos(way + turn) - dy * -np.sin(way + turn)
    assert seen_x == pytest.approx(47.5 + 2 * right, abs=1.0)
    assert seen_y == pytest.approx(47.5 + 2 * behind, abs=1.0)
    assert seen_way == pytest.approx(90 + np.degrees(turn), abs=3)


@pytest.mark.parametrize(
    "values",
    [{"side": 8}, {"side": 5000}, {"body_lengths": 0}, {"pixels": -1}, {"follow": "tail"}],
)
def test_senseless_clips_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InputError):
        CropParams(**values)  # type: ignore[arg-type]
