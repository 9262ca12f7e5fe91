from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.asks import GREY, Ask, ClipFrames, blank_ask


def clip(frames: np.ndarray, **facts: object) -> ClipFrames:
    told = {
        "indices": np.arange(len(frames)),
        "source_fps": 30.0,
        "source_frames": len(frames),
        "seconds": len(frames) / 30,
    }
    return ClipFrames(frames, **(told | facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(4, 6, 8), (4, 6, 8, 1)])
def test_grey_frames_get_three_equal_channels(shape: tuple[int, ...]) -> None:
    grey = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    frames = clip(grey).frames
    assert frames.shape == (4, 6, 8, 3)
    for channel in range(3):
        np.testing.assert_array_equal(frames[..., channel], grey.reshape(4, 6, 8))


@pytest.mark.parametrize(
    ("frames", "facts", "word"),
    [
        (np.zeros((2, 4, 4, 3)), {}, "uint8"),
        (np.zeros((0, 4, 4, 3), np.uint8), {}, "shape"),
        (np.zeros((2, 4, 4, 2), np.uint8), {}, "shape"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"indices": [0]}, "indices"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"indices": [1, 0]}, "never fall"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"indices": [-1, 0]}, "never fall"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"indices": [900, 930]}, "start of the clip"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"source_fps": 0.0}, "source_fps"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"seconds": float("nan")}, "seconds"),
    ],
)
def test_frames_that_do_not_fit_are_told(
    frames: np.ndarray, facts: dict[str, object], word: str
) -> None:
    with pytest.raises(InputError, match=word):
        clip(frames, **facts)


def test_a_reversed_clip_keeps_its_times() -> None:
    frames = np.arange(4 * 2 * 2 * 3, dtype=np.uint8).reshape(4, 2, 2, 3)
    one = clip(frames)
    np.testing.assert_array_equal(one.reversed().frames, frames[::-1])
    np.testing.assert_array_equal(one.reversed().indices, one.indices)


def test_a_blank_ask_keeps_all_but_the_pictures() -> None:
    ask = Ask(
        (clip(np.zeros((3, 4, 5, 3), np.uint8)),), "what?", "you see a mouse", ("an example",)
    )
    blank = blank_ask(ask)
    assert (blank.text, blank.system, blank.captions) == (ask.text, ask.system, ask.captions)
    assert blank.clips[0].frames.shape == (3, 4, 5, 3)
    assert (blank.clips[0].frames == GREY).all()


def test_an_ask_needs_a_clip_and_as_many_captions() -> None:
    with pytest.raises(InputError, match="at least one clip"):
        Ask((), "what?")
    with pytest.raises(InputError, match="captions"):
        Ask((clip(np.zeros((1, 2, 2, 3), np.uint8)),), "what?", captions=("one", "two"))
