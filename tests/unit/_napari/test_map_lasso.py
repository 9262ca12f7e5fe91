"""Which points a line holds, against a reading that looks at one point at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_mousegpt._napari.map_lasso import points_within
from napari_mousegpt.core.polygons import points_inside

#: Few whole numbers, so that points lie on corners and edges too.
_GRID = st.integers(-4, 4).map(float)


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2)), elements=_GRID),
    hnp.arrays(np.float64, st.tuples(st.integers(3, 9), st.just(2)), elements=_GRID),
)
def test_it_holds_what_the_reading_of_zones_says(places: np.ndarray, polygon: np.ndarray) -> None:
    np.testing.assert_array_equal(
        points_within(places, polygon), points_inside(places.reshape(-1, 2), polygon)
    )


def test_what_is_beside_a_bent_line_is_left_out() -> None:
    # A line like a U: between its arms lies nothing of it.
    bent = [[0, 0], [6, 0], [6, 6], [4, 6], [4, 2], [2, 2], [2, 6], [0, 6]]
    places = np.array([[1, 4], [3, 4], [5, 4], [3, 1], [7, 1], [np.nan, 1]], dtype=np.float32)
    assert points_within(places, bent).tolist() == [True, False, True, True, False, False]


@pytest.mark.parametrize("line", [[], [[0, 0]], [[0, 0], [9, 9]]])
def test_a_line_of_two_ends_holds_nothing(line: list[list[float]]) -> None:
    assert not points_within(np.ones((3, 2), dtype=np.float32), line).any()
