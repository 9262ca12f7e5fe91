from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures
from napari_mousegpt.words.segmenting import segments


@dataclass
class _Says:
    """A describer that has made up its mind."""

    labels: NDArray[np.object_]

    def frame_labels(self, _: FrameFeatures) -> NDArray[np.object_]:
        return self.labels


def _cut(labels: list[str], shortest_s: float, longest_s: float) -> list[list[int]]:
    clock = Timebase.constant(10, len(labels))
    features = FrameFeatures("m1", (), (), np.empty((len(labels), 0), np.float32), 1.0, clock)
    says = _Says(np.asarray(labels, dtype=object))
    found = segments(
        "rec", {"m1": features}, says, shortest_s=shortest_s, longest_s=longest_s  # type: ignore[arg-type]
    )  # fmt: skip
    assert set(found.individual) <= {"m1"}
    return np.stack([found.start, found.stop], axis=1).tolist()


def test_cuts_where_the_label_changes() -> None:
    assert _cut(["a"] * 5 + ["b"] * 4 + [""] * 6, 0, 100) == [[0, 5], [5, 9], [9, 15]]


def test_short_pieces_go_to_the_one_before() -> None:
    assert _cut(["a"] * 5 + ["b"] + ["a"] * 4, 0.2, 100) == [[0, 6], [6, 10]]
    assert _cut(["b"] + ["a"] * 5, 0.2, 100) == [[0, 6]]
    assert _cut(["a"] * 5 + ["b"], 0.2, 100) == [[0, 6]]


def test_long_pieces_are_cut_evenly() -> None:
    assert _cut(["a"] * 25, 0, 1.0) == [[0, 8], [8, 17], [17, 25]]


def test_bounds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="shortest_s <= longest_s"):
        _cut(["a"], 2.0, 1.0)


@given(
    st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=80),
    st.floats(0, 0.5),
    st.floats(0.6, 4),
)
def test_every_frame_is_in_exactly_one_piece(
    labels: list[str], shortest_s: float, longest_s: float
) -> None:
    pieces = _cut(labels, shortest_s, longest_s)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == len(labels)
    assert all(a[1] == b[0] for a, b in pairwise(pieces))
    longest = max(1, round(longest_s * 10))
    assert all(0 < stop - start <= longest for start, stop in pieces)
