"""Arrays of other programs as pictures."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
import pytest

from napari_mousegpt.core.recording import FrameSource
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.array_frames import ArrayFrames

RAMP = np.arange(5 * 6 * 8, dtype=np.uint8).reshape(5, 6, 8)


def test_grey_is_given_as_it_is() -> None:
    frames = ArrayFrames(RAMP, fps=25)
    assert isinstance(frames, FrameSource)
    assert frames.shape == RAMP.shape
    assert frames.timebase == Timebase.constant(25, 5)
    np.testing.assert_array_equal(frames[:], RAMP)
    np.testing.assert_array_equal(frames[-2], RAMP[-2])
    np.testing.assert_array_equal(frames[[3, 1]], RAMP[[3, 1]])
    np.testing.assert_array_equal(frames[1:4, 2:3, 5], RAMP[1:4, 2:3, 5])
    np.testing.assert_array_equal(np.stack(list(frames.iter_frames(1, None, 2))), RAMP[1::2])
    np.testing.assert_array_equal(frames.clip([0, 0, 4])[..., 1], RAMP[[0, 0, 4]])
    assert frames.clip([0], size=3).shape == (1, 3, 4, 3)
    assert ArrayFrames(RAMP).timebase is None
    assert ArrayFrames(frames)[2].tolist() == RAMP[2].tolist()


def test_channels() -> None:
    rgba = np.stack([RAMP, RAMP + 1, RAMP + 2, RAMP * 0], axis=-1)
    frames = ArrayFrames(rgba)
    assert frames.shape == (5, 6, 8, 3)
    np.testing.assert_array_equal(frames[2], rgba[2, ..., :3])
    assert "alpha" in frames.info.notes[0]
    assert ArrayFrames(rgba[..., :3]).info.notes == ()
    np.testing.assert_array_equal(ArrayFrames(RAMP[..., None])[:], RAMP)


def test_other_values_are_scaled_once_for_all() -> None:
    dim = np.full((4, 10, 10), 1000, dtype=np.uint16)
    dim[2] = 3000  # a light is switched on
    frames = ArrayFrames(dim)
    assert frames[0].max() == 0
    assert frames[2].min() == 255
    assert frames.info.scale is not None
    assert frames.info.scale.policy == "sampled"
    assert "(sampled)" in frames.info.decoder
    given = ArrayFrames(dim / 4000, limits=(0, 1))
    assert (given[0, 0, 0], given[2, 0, 0]) == (64, 191)
    assert "limits that were given" in given.info.notes[-1]
    assert ArrayFrames(dim > 2000)[:, 0, 0].tolist() == [0, 0, 255, 0]


def test_only_what_is_asked_for_is_computed() -> None:
    computed: list[int] = []

    def block(block_info: Any = None) -> Any:
        row = block_info[None]["array-location"][0][0]
        computed.append(row)
        return np.full((1, 6, 8), row, dtype=np.uint8)

    lazy = da.map_blocks(block, chunks=((1,) * 50, 6, 8), dtype=np.uint8, meta=RAMP[:0])
    computed.clear()
    frames = ArrayFrames(lazy, fps=30)
    assert computed == []
    assert frames[17, 0, 0] == 17
    assert frames[17].max() == 17
    assert computed == [17]  # kept, not computed again
    other = frames.reopen()
    assert other.timebase == frames.timebase
    assert other[3, 0, 0] == 3


def test_a_changed_array_is_not_remembered() -> None:
    mine = RAMP.copy()
    frames = ArrayFrames(mine)
    got = frames[0]
    got[:] = 0
    np.testing.assert_array_equal(mine, RAMP)
    mine[0] = 7
    assert frames[0].tolist() == mine[0].tolist()


class Levels(Sequence[Any]):
    """As napari holds a pyramid: a list of arrays with the shape of the first."""

    def __init__(self, *arrays: Any) -> None:
        self._arrays = arrays
        self.shape, self.dtype = arrays[0].shape, arrays[0].dtype

    def __getitem__(self, key: Any) -> Any:
        return self._arrays[key]

    def __len__(self) -> int:
        return len(self._arrays)


@pytest.mark.parametrize("kind", [Levels, lambda *arrays: list(arrays)])
def test_a_pyramid_is_its_first_level(kind: Any) -> None:
    frames = ArrayFrames(kind(RAMP, RAMP[:, ::2, ::2]))
    assert frames.shape == RAMP.shape
    np.testing.assert_array_equal(frames[1], RAMP[1])
    assert "pyramid of 2 levels" in frames.info.notes[0]


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [
        (RAMP[0], {}, r"found shape \(6, 8\).*whole stack"),
        (np.zeros((4, 5, 6, 7), np.uint8), {}, r"\(4, 5, 6, 7\)\. Choose one plane.*array\[:, 0\]"),
        (np.zeros((4, 5, 6, 3), np.uint8), {"rgb": False}, "Choose one plane"),
        (np.zeros((4, 5, 3), np.uint8), {"rgb": True}, "This is one picture"),
        (np.zeros((4, 5, 6), complex), {}, "found complex128"),
        (object(), {}, "found object"),
        (RAMP, {"timebase": Timebase.constant(30, 4)}, "4 pictures, as its clock has, found 5"),
        (RAMP, {"limits": (3, 3)}, "second larger"),
    ],
)
def test_refusals(array: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ArrayFrames(array, **options)


def test_pickled_and_closed() -> None:
    frames = ArrayFrames(RAMP.astype(np.float32), fps=30, name="mine")
    again = pickle.loads(pickle.dumps(frames))
    np.testing.assert_array_equal(again[:], frames[:])
    assert again.timebase == frames.timebase
    with frames:
        pass
    with pytest.raises(InputError, match="mine: expected open pictures, found closed ones"):
        frames[0]
    with pytest.raises(InputError, match="step 0"):
        list(again.iter_frames(step=0))
    with pytest.raises(InputError, match="clip size 0"):
        again.clip([0], size=0)
    with pytest.raises(IndexError, match="out of bounds"):
        again[5]
