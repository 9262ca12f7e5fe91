"""Rows of animals and frames in any order come to their frame and animal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.long_tracks import sort_rows


@given(
    places=st.sets(st.tuples(st.integers(0, 30), st.integers(0, 2)), min_size=1), seed=st.randoms()
)
def test_every_row_lies_at_its_frame(places: set[tuple[int, int]], seed: object) -> None:
    rows = sorted(places)
    if len({frame for frame, _ in rows}) > 1 and min(rows)[0] == 1:
        rows.append((0, 0))  # counting from 1 is another test
    seed.shuffle(rows)  # type: ignore[attr-defined]
    frames, who = (np.array([row[i] for row in rows]) for i in (0, 1))
    values = np.array([[100.0 * frame + animal] for frame, animal in rows])
    if frames.min() == 1:
        return
    found = sort_rows(frames.astype(float), who, ["a", "b", "c"], values, "m")
    assert found.shape == (frames.max() + 1, 3, 1)
    assert np.isfinite(found).sum() == len(rows)
    for frame, animal in rows:
        assert found[frame, animal, 0] == 100 * frame + animal


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([0, 1.5], "m, line 3: expected a frame number from 0, found 1.5"),
        ([0, -1], "found -1"),
        ([0, np.nan], "found nan"),
        ([1, 2], "expected frame numbers from 0, found 1"),
        ([0, 0], "m, line 3: .*found 'a' twice in frame 0"),
    ],
)
def test_a_wrong_frame_is_named(frames: list[float], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        sort_rows(np.array(frames, float), np.zeros(2, int), ["a"], np.ones((2, 1)), "m")
