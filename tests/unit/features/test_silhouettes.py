from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.features import SilhouetteParams, silhouette

FPS = 20
SPEED, TURN = 60.0, 45.0


def film(
    n: int = 60, animal: float = 40, floor: float = 200, size: tuple[int, int] = (120, 160)
) -> np.ndarray:
    """An ellipse of 30 by 12 pixels that goes round, counter-clockwise on the screen."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: size[0], : size[1]].astype(float)
    frames = np.empty((n, *size), dtype=np.uint8)
    for i in range(n):
        heading = -np.radians(TURN) * i / FPS
        radius = SPEED / np.radians(TURN)
        cx = 75 + radius * np.sin(-heading) * 0.5
        cy = 60 - radius * np.cos(heading) * 0.5
        along = (x - cx) * np.cos(heading) + (y - cy) * np.sin(heading)
        across = -(x - cx) * np.sin(heading) + (y - cy) * np.cos(heading)
        inside = (along / 15) ** 2 + (across / 6) ** 2 <= 1
        frames[i] = np.clip(np.where(inside, animal, floor) + rng.normal(0, 1.5, size), 0, 255)
    return frames


class Stream:
    """A video that can only be read from front to back, and single pictures."""

    def __init__(self, frames: np.ndarray) -> None:
        self.frames, self.shape, self.dtype, self.ndim = (
            frames,
            frames.shape,
            frames.dtype,
            frames.ndim,
        )

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, key: object) -> np.ndarray:
        assert isinstance(key, int)
        return self.frames[key]

    def iter_frames(self) -> Iterator[np.ndarray]:
        yield from self.frames


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return film()


def test_an_ellipse_is_measured(frames: np.ndarray) -> None:
    found = silhouette(frames, Timebase.constant(FPS, len(frames)))
    assert (found.individual, found.source) == ("", "silhouette")
    assert found.body_length == pytest.approx(30, rel=0.1)
    inner = slice(4, -4)
    assert np.median(found.column("body_speed")[inner]) == pytest.approx(SPEED / 2 / 30, rel=0.15)
    assert np.median(found.column("turn_rate")[inner]) == pytest.approx(TURN, rel=0.1)
    assert np.median(found.column("roundness")) == pytest.approx(0.4, rel=0.1)
    np.testing.assert_allclose(found.column("area")[inner], 1.0, atol=0.1)
    assert np.nanmin(found.column("shape_change")) > 0


def test_light_animals_colour_and_streams_give_the_same(frames: np.ndarray) -> None:
    clock = Timebase.constant(FPS, len(frames))
    expected = silhouette(frames, clock)
    colour = silhouette(np.repeat(frames[..., None], 3, axis=-1), clock)
    stream = silhouette(Stream(frames), clock)
    np.testing.assert_allclose(colour.values, expected.values, rtol=1e-5)
    np.testing.assert_array_equal(stream.values, expected.values)
    light = silhouette(255 - frames, clock)
    np.testing.assert_allclose(light.values, expected.values, rtol=0.05, atol=0.05)


def test_an_absent_animal_is_nan(frames: np.ndarray) -> None:
    gone = frames.copy()
    gone[20:40] = 200
    found = silhouette(gone, Timebase.constant(FPS, len(gone)))
    assert np.isnan(found.column("body_speed")[24:36]).all()
    assert np.isfinite(found.column("body_speed")[5:15]).all()


def test_an_empty_film_has_no_body() -> None:
    empty = np.full((30, 40, 50), 128, dtype=np.uint8)
    found = silhouette(empty, Timebase.constant(FPS, 30))
    assert np.isnan(found.values).all()
    assert np.isnan(found.body_length)
    assert silhouette(empty[:0], Timebase.constant(FPS, 0)).values.shape == (0, 6)


def test_thinned_pictures_keep_the_scale(frames: np.ndarray) -> None:
    clock = Timebase.constant(FPS, len(frames))
    found = silhouette(frames, clock, params=SilhouetteParams(max_side=80))
    assert found.body_length == pytest.approx(30, rel=0.1)
    assert np.median(found.column("body_speed")[4:-4]) == pytest.approx(SPEED / 2 / 30, rel=0.15)


def test_messages_say_what_to_do(frames: np.ndarray) -> None:
    with pytest.raises(MismatchError, match="pictures: expected 59"):
        silhouette(frames, Timebase.constant(FPS, 59))
    with pytest.raises(InputError, match="shade='grey'"):
        SilhouetteParams(shade="grey")
    with pytest.raises(InputError, match="silhouette area"):
        SilhouetteParams(min_area=0.5, max_area=0.1)
    with pytest.raises(InputError, match="max_side=3"):
        SilhouetteParams(max_side=3)
    with pytest.raises(InputError, match="silhouette parameters"):
        SilhouetteParams(speed_s=0)
