from __future__ import annotations

import base64
import io

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_mousegpt.errors import DependencyError
from napari_mousegpt.models.asks import ClipFrames
from napari_mousegpt.words.server_pictures import (
    clip_seconds,
    frames_url,
    image_urls,
    jpegs,
    mp4_bytes,
    mp4_url,
    resized,
)


def pictures(n: int = 3, height: int = 48, width: int = 64) -> np.ndarray:
    """Grey levels that rise from picture to picture, brighter on the right."""
    level = 40 + 50 * np.arange(n)[:, None, None, None]
    ramp = np.linspace(0, 40, width)[None, None, :, None]
    return np.broadcast_to(level + ramp, (n, height, width, 3)).astype(np.uint8)


def test_jpegs_hold_the_pictures() -> None:
    frames = pictures()
    files = jpegs(frames, 90)
    for frame, file in zip(frames, files, strict=True):
        picture = Image.open(io.BytesIO(file))
        assert picture.format == "JPEG"
        assert np.abs(np.asarray(picture).astype(int) - frame).max() <= 6
    assert len(jpegs(frames, 40)[0]) < len(files[0])


def test_data_urls_are_read_back() -> None:
    files = [b"first", b"second"]
    urls = image_urls(files)
    assert [base64.b64decode(u.removeprefix("data:image/jpeg;base64,")) for u in urls] == files
    many = frames_url(files).removeprefix("data:video/jpeg;base64,").split(",")
    assert [base64.b64decode(one) for one in many] == files
    assert base64.b64decode(mp4_url(b"x").removeprefix("data:video/mp4;base64,")) == b"x"


@pytest.mark.parametrize(
    ("size", "shape"), [(0, (48, 64)), (64, (48, 64)), (500, (48, 64)), (32, (24, 32)), (1, (1, 1))]
)
def test_pictures_shrink_and_never_grow(size: int, shape: tuple[int, int]) -> None:
    smaller = resized(pictures(), size)
    assert smaller.shape == (3, *shape, 3)
    assert smaller.dtype == np.uint8
    assert np.abs(smaller.mean(axis=(1, 2, 3)) - pictures().mean(axis=(1, 2, 3))).max() < 1.5


def read_mp4(file: bytes) -> tuple[list[np.ndarray], list[float]]:
    with av.open(io.BytesIO(file)) as video:
        frames = list(video.decode(video=0))
    return [f.to_ndarray(format="rgb24") for f in frames], [float(f.time) for f in frames]


def test_an_mp4_holds_pictures_and_their_times() -> None:
    frames = pictures(4)
    seconds = np.array([0.2, 0.3, 0.7, 1.5])  # unequal steps: the clip begins with the first
    found, times = read_mp4(mp4_bytes(frames, seconds))
    np.testing.assert_allclose(times, seconds - 0.2, atol=1e-4)
    for frame, seen in zip(frames, found, strict=True):
        assert np.abs(seen.astype(int) - frame).mean() < 4


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 4), height=st.integers(1, 33), width=st.integers(1, 33))
def test_any_size_and_number_becomes_an_mp4(n: int, height: int, width: int) -> None:
    found, times = read_mp4(mp4_bytes(pictures(n, height, width), np.zeros(n)))
    assert len(found) == n
    assert found[0].shape == (height + height % 2, width + width % 2, 3)
    assert times == sorted(set(times))  # all at one time: they are told apart by a tick


def test_an_mp4_without_an_encoder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", set())
    with pytest.raises(DependencyError, match="choose the form 'images'"):
        mp4_bytes(pictures(), np.arange(3) / 10)


def test_times_come_from_the_source_rate() -> None:
    clip = ClipFrames(pictures(), np.array([0, 15, 45]), 30.0, 60, 2.0)
    np.testing.assert_allclose(clip_seconds(clip), [0, 0.5, 1.5])
