"""Indices of the frame axis mean what they mean in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.io.frame_key import chosen_frames, frame_number, split_key

N = 12
numbers = st.integers(-15, 15)
keys = st.one_of(
    numbers,
    numbers.map(np.int64),
    st.builds(slice, *[st.none() | numbers] * 2, st.none() | numbers.filter(bool)),
    st.lists(numbers, max_size=5),
    st.lists(st.booleans(), min_size=N, max_size=N).map(np.array),
)


@settings(max_examples=200)
@given(keys)
def test_frames_are_chosen_as_numpy_does(key: Any) -> None:
    frames = np.arange(N)
    try:
        expected = frames[np.asarray(key, dtype=int) if isinstance(key, list) else key]
    except IndexError:
        with pytest.raises(IndexError, match="out of bounds for a video of 12 frames"):
            chosen_frames(key, N)
        return
    chosen = chosen_frames(key, N)
    assert np.array_equal(np.asarray(chosen), expected)
    assert isinstance(chosen, int) == (np.ndim(expected) == 0)


@pytest.mark.parametrize("key", ["a", 1.5, [0.5], [[1, 2]], True, np.zeros(N - 1, bool), {}])
def test_other_keys_are_refused(key: Any) -> None:
    with pytest.raises(IndexError, match="frames are chosen by an integer, a slice, a list"):
        chosen_frames(key, N)


def test_a_key_is_split_into_frames_and_picture() -> None:
    every = slice(None)
    assert split_key(3, 4) == (3, ())
    assert split_key((3, 1, 2), 4) == (3, (1, 2))
    assert split_key(..., 4) == (every, (every, every, every))
    assert split_key((2, ..., 0), 4) == (2, (every, every, 0))
    assert split_key((..., 0), 3) == (every, (every, 0))
    assert split_key((), 3) == (every, ())


@pytest.mark.parametrize(
    ("key", "message"),
    [((0, 0, 0, 0), "too many indices"), ((..., ...), "single ellipsis"), (None, "None")],
)
def test_a_key_that_does_not_fit_is_refused(key: Any, message: str) -> None:
    with pytest.raises(IndexError, match=message):
        split_key(key, 3)


def test_frame_numbers_count_from_either_end() -> None:
    assert [frame_number(f, 5) for f in (0, 4, -1, -5)] == [0, 4, 4, 0]
    with pytest.raises(IndexError, match="frame 5 is out of bounds"):
        frame_number(5, 5)
