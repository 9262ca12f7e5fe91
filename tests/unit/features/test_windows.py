from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import (
    FrameFeatures,
    RunningSums,
    WindowParams,
    frame_scores,
    window_features,
)


def features(**columns: np.ndarray) -> FrameFeatures:
    units = {
        "elongation": "BL",
        "body_speed": "BL/s",
        "turn_rate": "deg/s",
        "forward_speed": "BL/s",
    }
    values = np.stack(list(columns.values()), axis=1).astype(np.float32)
    return FrameFeatures(
        "m",
        tuple(columns),
        tuple(units[n] for n in columns),
        values,
        1.0,
        Timebase.constant(10, len(values)),
    )


@settings(max_examples=40, deadline=None)
@given(
    values=hnp.arrays(np.float64, 30, elements=st.floats(-100, 100) | st.just(np.nan)),
    start=st.integers(0, 29),
    length=st.integers(1, 30),
)
def test_sums_equal_plain_means(values: np.ndarray, start: int, length: int) -> None:
    stop = min(start + length, 30)
    piece = values[start:stop]
    piece = piece[np.isfinite(piece)]
    sums = RunningSums(values)
    a, b = np.array([start]), np.array([stop])
    assert sums.seen(a, b)[0] == pytest.approx(len(piece) / (stop - start))
    if piece.size:
        assert sums.mean(a, b)[0] == pytest.approx(piece.mean(), abs=1e-6)
        # The spread is the root of a difference of squares of rounded values.
        assert sums.spread(a, b)[0] == pytest.approx(piece.std(), abs=0.02)
    else:
        assert np.isnan(sums.mean(a, b)[0])
    assert np.isnan(sums.mean(a, b, min_seen=1.0)[0]) == (len(piece) < stop - start)


def test_a_stretch_is_the_same_whichever_piece_was_summed() -> None:
    values = np.random.default_rng(0).normal(50, 30, size=5000)
    whole, piece = RunningSums(values), RunningSums(values[1234:4321])
    start = np.arange(1234, 4200)
    np.testing.assert_array_equal(
        whole.mean(start, start + 100), piece.mean(start - 1234, start - 1134)
    )
    np.testing.assert_array_equal(
        whole.spread(start, start + 100), piece.spread(start - 1234, start - 1134)
    )


def test_windows_in_parts_equal_windows_at_once() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(1, 0.2, 1000)
    values[rng.random(1000) < 0.2] = np.nan
    found = features(elongation=values, body_speed=np.abs(values))
    start = np.arange(0, 990, 7)
    whole = window_features(found, start, start + 10)[1]
    parts = [window_features(found, piece, piece + 10)[1] for piece in np.array_split(start, 9)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("width", [1, 2, 3, 8, 50])
def test_around_is_centred_and_cut_at_the_ends(width: int) -> None:
    values = np.random.default_rng(0).normal(size=20)
    found = RunningSums(values).around(width)
    for i in range(20):
        first, last = max(0, i - width // 2), min(20, i + (width - 1) // 2 + 1)
        assert found[i] == pytest.approx(values[first:last].mean(), abs=1e-6)


def test_a_window_is_half_open() -> None:
    found = features(elongation=np.arange(20.0))
    names, values = window_features(found, [0, 5], [5, 6], WindowParams(contexts_s=()))
    assert names == ("elongation",)
    # Tenths of a body length: means of 0..4 and of 5 alone.
    np.testing.assert_allclose(values[:, 0], [20.0, 50.0])


def test_contexts_lie_around_the_window() -> None:
    values = np.zeros(200)
    values[100:110] = 1.0
    found = features(elongation=values)
    names, rows = window_features(found, [104], [106], WindowParams(contexts_s=(1.0, 4.0)))
    assert names == (
        "elongation",
        "elongation mean 1s",
        "elongation spread 1s",
        "elongation mean 4s",
        "elongation spread 4s",
    )
    row = dict(zip(names, rows[0], strict=True))
    assert row["elongation mean 1s"] == pytest.approx(10.0)
    assert row["elongation mean 4s"] == pytest.approx(2.5)
    assert row["elongation spread 1s"] == pytest.approx(np.log2(0.1), abs=1e-3)
    assert row["elongation spread 4s"] == pytest.approx(
        np.log2(0.1 + 10 * np.sqrt(0.25 * 0.75)), rel=1e-4
    )


def test_contexts_are_cut_at_the_ends() -> None:
    found = features(elongation=np.arange(20.0))
    _, rows = window_features(found, [0, 18], [2, 20], WindowParams(contexts_s=(1.0,)))
    np.testing.assert_allclose(rows[:, 1], [10 * np.mean(range(6)), 10 * np.mean(range(14, 20))])


def test_scores_forget_the_side_unless_asked() -> None:
    found = features(
        turn_rate=np.array([-50.0, 50.0]),
        body_speed=np.array([0.05, 0.15]),
        forward_speed=np.array([-0.15, 0.15]),
    )
    scores = frame_scores(found)
    assert scores[0, 0] == scores[1, 0] > 0
    np.testing.assert_allclose(scores[:, 1], [1.0, 2.0], rtol=1e-5)
    np.testing.assert_allclose(scores[:, 2], [-2.0, 2.0], rtol=1e-5)
    assert frame_scores(found, sided=True)[0, 0] == -frame_scores(found)[0, 0]


def test_too_little_seen_is_nan() -> None:
    values = np.full(40, np.nan)
    values[:4] = 1.0
    found = features(elongation=values)
    _, rows = window_features(found, [0, 0, 20], [10, 20, 30], WindowParams(contexts_s=()))
    np.testing.assert_array_equal(np.isnan(rows[:, 0]), [False, True, True])


def test_no_windows_and_no_measures() -> None:
    found = features(elongation=np.arange(5.0))
    names, rows = window_features(found, [], [])
    assert rows.shape == (0, len(names))
    empty = FrameFeatures("m", (), (), np.empty((5, 0), np.float32), 1.0, Timebase.constant(10, 5))
    assert window_features(empty, [0], [5])[1].shape == (1, 0)


@pytest.mark.parametrize(("start", "stop"), [([-1], [3]), ([3], [3]), ([0], [21]), ([0, 1], [2])])
def test_wrong_windows_are_named(start: list[int], stop: list[int]) -> None:
    with pytest.raises(InputError, match="window"):
        window_features(features(elongation=np.arange(20.0)), start, stop)


def test_wrong_parameters_are_named() -> None:
    with pytest.raises(InputError, match="contexts_s"):
        WindowParams(contexts_s=(1.0, 0.0))
    with pytest.raises(InputError, match="min_seen=2"):
        WindowParams(min_seen=2)
