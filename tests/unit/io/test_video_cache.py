"""The cache of decoded pictures."""

from __future__ import annotations

import av
import numpy as np

from napari_mousegpt.io.video_cache import Converter, FrameCache, frame_bytes
from support.painted import HEIGHT, WIDTH, paint


def picture(number: int, pix_fmt: str = "yuv420p") -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(paint(number), format="rgb24").reformat(format=pix_fmt)


def test_it_keeps_what_was_used_last_within_its_bytes() -> None:
    size = frame_bytes(picture(0))
    cache = FrameCache(3 * size)
    for row in range(3):
        cache.put(row, picture(row))
    assert cache.get(0) is not None
    cache.put(3, picture(3))
    assert [row in cache for row in range(4)] == [True, False, True, True]
    assert (len(cache), cache.n_bytes) == (3, 3 * size)
    assert cache.get(1) is None


def test_putting_a_row_again_counts_it_once() -> None:
    cache = FrameCache(10**9)
    cache.put(1, picture(1))
    cache.put(1, picture(2))
    assert (len(cache), cache.n_bytes) == (1, frame_bytes(picture(1)))
    cache.clear()
    assert (len(cache), cache.n_bytes) == (0, 0)


def test_the_newest_picture_stays_whatever_its_size() -> None:
    cache = FrameCache(1)
    for row in (0, 1):
        cache.put(row, picture(row))
    assert len(cache) == 1
    assert 1 in cache


def test_decoded_pictures_take_half_the_bytes_of_rgb() -> None:
    assert frame_bytes(picture(0)) == WIDTH * HEIGHT * 3 // 2


def test_conversion_gives_own_arrays_of_the_size_asked_for() -> None:
    grey = picture(9, "gray")
    array = Converter(WIDTH, HEIGHT, grey=True)(grey)
    assert array.shape == (HEIGHT, WIDTH)
    array[:] = 0
    assert Converter(WIDTH, HEIGHT, grey=True)(grey).any()
    assert Converter(48, 32, grey=False)(picture(9)).shape == (32, 48, 3)
    deep = Converter(WIDTH, HEIGHT, grey=True)(picture(9, "gray10le"))
    assert deep.dtype == np.uint8
    assert np.abs(deep.astype(int) - Converter(WIDTH, HEIGHT, grey=True)(grey)).max() <= 1
