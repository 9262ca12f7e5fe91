from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.preview import Playing, PreviewFrames, with_preview
from napari_mousegpt.errors import InputError
from support.keyed_video import KeyedVideo

NAPARI_KEY = (slice(57, 58), slice(None), slice(None))


def drawn(frames: PreviewFrames, key: Any) -> np.ndarray:
    """Ask as napari does: from one of its modules."""
    scope: dict[str, Any] = {"__name__": "napari.layers.some_module", "frames": frames, "key": key}
    exec("picture = frames[key]", scope)
    return scope["picture"]


def test_only_what_napari_draws_is_a_preview() -> None:
    frames = PreviewFrames(KeyedVideo())
    frames.may = lambda row: row == 57
    assert drawn(frames, NAPARI_KEY).shape == (1, 4, 6, 3)
    assert drawn(frames, NAPARI_KEY)[0, 0, 0, 0] == 50
    assert frames.instead == 50
    # A script, with the very same key at the very same moment, gets the exact picture.
    assert frames[NAPARI_KEY][0, 0, 0, 0] == 57
    assert frames[57][0, 0, 0] == 57
    assert list(frames[[57, 3]][:, 0, 0, 0]) == [57, 3]
    assert frames.instead == 50


def test_another_frame_than_the_wanted_one_is_exact() -> None:
    frames = PreviewFrames(KeyedVideo())
    frames.may = lambda row: row == 58
    assert drawn(frames, NAPARI_KEY)[0, 0, 0, 0] == 57
    assert frames.instead is None
    frames.may = lambda row: row == 57
    for key in (57, slice(57, 58), (slice(57, 59), slice(None), slice(None)), (57, slice(None))):
        drawn(frames, key)
    assert frames.video.near == []


def test_at_rest_the_exact_picture_is_drawn() -> None:
    frames = PreviewFrames(KeyedVideo())
    frames.may = lambda row: row == 57
    drawn(frames, NAPARI_KEY)
    frames.may = lambda row: False
    assert drawn(frames, NAPARI_KEY)[0, 0, 0, 0] == 57
    assert frames.instead is None


def test_a_key_picture_needs_no_second_look() -> None:
    frames = PreviewFrames(KeyedVideo())
    frames.may = lambda row: row == 60
    assert drawn(frames, (slice(60, 61), slice(None), slice(None)))[0, 0, 0, 0] == 60
    assert frames.instead is None


def test_nobody_waits_for_a_video_that_is_being_read() -> None:
    frames = PreviewFrames(KeyedVideo())
    frames.may = lambda row: row == 57
    drawn(frames, NAPARI_KEY)
    frames.busy, frames.may = True, lambda row: row == 142
    key = (slice(142, 143), slice(None), slice(None))
    assert drawn(frames, key)[0, 0, 0, 0] == 50
    assert frames.instead == 50
    assert frames.video.near == [57]
    frames.busy = False
    assert drawn(frames, key)[0, 0, 0, 0] == 140


def test_it_is_the_video_in_every_other_respect() -> None:
    video = KeyedVideo(30)
    frames = with_preview(video)
    assert (frames.shape, frames.dtype, frames.ndim, len(frames)) == (
        video.shape, video.dtype, video.ndim, 30,
    )  # fmt: skip
    assert frames.size == 30 * 4 * 6 * 3
    assert frames.path == video.path
    assert np.array_equal(np.asarray(frames), video[:])
    assert [int(picture[0, 0, 0]) for picture in frames] == list(range(30))
    assert with_preview(frames) is frames
    again = pickle.loads(pickle.dumps(frames))
    assert isinstance(again, PreviewFrames)
    assert again.shape == video.shape
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = frames.colour


def test_sources_without_a_nearest_picture_stay_as_they_are() -> None:
    array = np.zeros((3, 4, 5), np.uint8)
    assert with_preview(array) is array


def test_playing_is_steps_forward_in_quick_succession() -> None:
    playing = Playing()
    assert [playing.step(frame, 0.04 * frame) for frame in range(6)] == [
        False, False, False, True, True, True,
    ]  # fmt: skip
    # The same frame twice is no step; one step back, a jump or a pause begins anew.
    assert playing.step(5, 0.3)
    assert not playing.step(4, 0.35)
    playing = Playing()
    assert not any(playing.step(20 * i, 0.04 * i) for i in range(8))
    assert not any(playing.step(i, 2.0 * i) for i in range(200, 208))


def test_who_asks_is_found_from_the_module() -> None:
    scope: dict[str, Any] = {
        "__name__": "napari_other_plugin",
        "frames": PreviewFrames(KeyedVideo()),
    }
    scope["frames"].may = lambda row: True
    exec("picture = frames[57:58, :, :]", scope)
    assert scope["picture"][0, 0, 0, 0] == 57


def test_what_is_read_in_a_thread_is_exact() -> None:
    frames = PreviewFrames(KeyedVideo())
    frames.may = lambda row: True
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(drawn, frames, NAPARI_KEY).result()[0, 0, 0, 0] == 57


def test_turned_axes_read_a_short_video_and_refuse_a_long_one() -> None:
    across = (slice(None), slice(2, 3), slice(None))
    short, long = PreviewFrames(KeyedVideo(200)), PreviewFrames(KeyedVideo(200))
    for frames in (short, long):
        frames.may = lambda row: True
    assert drawn(short, across).shape == (200, 1, 6, 3)
    long.video.shape = (100_000, 4, 6, 3)
    with pytest.raises(InputError, match=r"found 100000\. Turn the axes back"):
        drawn(long, across)
    # Who reads the layer may have it all.
    assert long[:5].shape == (5, 4, 6, 3)
