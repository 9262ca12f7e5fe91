"""The extremes of stretches of a curve, against looking at every value."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt._napari.timeline.curves import CurvePyramid


@given(
    st.integers(0, 3000),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.integers(-10, 3100), st.integers(0, 3100)), min_size=1, max_size=12),
)
def test_extremes_are_those_of_the_values(
    n: int, holes: float, seed: int, stretches: list[tuple[int, int]]
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n).astype(np.float32)
    values[rng.random(n) < holes] = np.nan
    lo = np.array([start for start, _ in stretches])
    hi = lo + np.array([length for _, length in stretches])
    low, high = CurvePyramid(values).extremes(lo, hi)
    for place, (start, stop) in enumerate(zip(lo, hi, strict=True)):
        part = values[max(start, 0) : max(stop, 0)]
        part = part[~np.isnan(part)]
        if part.size:
            assert (low[place], high[place]) == (part.min(), part.max())
        else:
            assert np.isnan(low[place])
            assert np.isnan(high[place])


def test_limits_are_those_of_all_values() -> None:
    values = np.arange(5000, dtype=np.float32)[::-1].copy()
    values[7] = np.nan
    assert CurvePyramid(values).limits == (0.0, 4999.0)
