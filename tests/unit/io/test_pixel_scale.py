"""Values of any kind become 0 to 255 by one rule for a whole recording."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.pixel_scale import PixelScale, choose_scale


def none() -> Iterable[NDArray[Any]]:
    raise AssertionError("nothing has to be sampled")


def scale_of(dtype: Any, **options: Any) -> PixelScale:
    return choose_scale(np.dtype(dtype), none, **options)


def test_what_is_0_to_255_stays() -> None:
    values = np.arange(256, dtype=np.uint8)
    scale = scale_of(np.uint8)
    assert scale.policy == "stored"
    np.testing.assert_array_equal(scale(values), values)
    assert scale.sentence() == ""
    # A display range is a wish of a viewer; only limits that were given change uint8.
    assert scale_of(np.uint8, display=(0, 10)).policy == "stored"
    assert scale_of(np.uint8, limits=(0, 255)).policy == "stored"
    assert scale_of(np.uint8, limits=(0, 51))(values)[[0, 10, 51, 200]].tolist() == [
        0,
        50,
        255,
        255,
    ]


@given(
    st.sampled_from(["uint16", "int16", "uint32", "int32", "float32", "float64"]),
    st.integers(-3000, 3000),
    st.integers(1, 20000),
    st.lists(st.integers(-30000, 30000), min_size=1),
)
def test_against_the_formula(dtype: str, low: int, width: int, values: list[int]) -> None:
    kind = np.dtype(dtype)
    if kind.kind == "u":
        values = [abs(value) for value in values]
    got = scale_of(kind, limits=(low, low + width))(np.array(values, dtype=kind))
    wanted = [min(max((value - low) * 255 / width, 0), 255) for value in values]
    assert got.dtype == np.uint8
    assert np.abs(got - np.array(wanted)).max() <= 0.5 + 1e-3


def test_what_is_no_number_is_black_and_infinite_white() -> None:
    scale = scale_of(np.float32, limits=(0, 1))
    values = np.array([np.nan, -np.inf, np.inf, 0.5, 1e30], dtype=np.float32)
    assert scale(values).tolist() == [0, 0, 255, 128, 255]


def test_a_mask_and_the_display_range() -> None:
    assert scale_of(bool)(np.array([True, False])).tolist() == [255, 0]
    assert "true or false" in scale_of(bool).sentence()
    scale = scale_of(np.uint16, display=(100, 200))
    assert (scale.policy, scale.low, scale.high) == ("display", 100, 200)
    assert "100 and below are 0, 200 and above 255" in scale.sentence()


def test_percentiles_of_a_sample() -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(100, 4000, (300, 300), dtype=np.uint16) for _ in range(3)]
    pictures[0][0, 0] = 65535  # one hot pixel
    scale = choose_scale(np.dtype(np.uint16), lambda: pictures)
    assert scale.policy == "sampled"
    assert 100 <= scale.low < 110
    assert 3990 < scale.high < 4001
    assert "0.1 and 99.9 percentiles of up to 32 pictures" in scale.sentence()
    flat = choose_scale(np.dtype(np.float64), lambda: [np.full((3, 3), np.nan), np.ones((3, 3))])
    assert (flat.low, flat.high) == (1, 2)
    assert choose_scale(np.dtype(np.float64), lambda: []).high == 1


def test_refusals() -> None:
    with pytest.raises(InputError, match="numbers, found complex64"):
        scale_of(np.complex64)
    for limits in ((1, 1), (2, 1), (0, np.nan)):
        with pytest.raises(InputError, match="the second larger than the first"):
            scale_of(np.uint16, limits=limits)
