from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.clusters import projection as room
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.projection import GRID, Projection, on_grid
from napari_mousegpt.errors import InputError

DRAW = np.random.default_rng(0)
VALUES = (DRAW.normal(0, 1, (400, 6)) * [1, 100, 0.01, 1, 1, 1] + [0, 500, 0, 0, 0, 0]).astype("f4")


def test_units_play_no_part() -> None:
    plain = Projection.fit(VALUES, ClusterParams()).apply(VALUES)
    scaled = Projection.fit(VALUES * 1000, ClusterParams()).apply(VALUES * 1000)
    np.testing.assert_allclose(scaled, plain, atol=3 / GRID)


def test_keeps_the_share_of_variance_asked_for() -> None:
    mixed = np.outer(DRAW.normal(0, 1, 300), np.ones(5)) + DRAW.normal(0, 0.05, (300, 5))
    one = ClusterParams(min_components=1)
    assert Projection.fit(mixed.astype("f4"), one).axes.shape == (5, 1)
    three = ClusterParams(min_components=3)
    assert Projection.fit(mixed.astype("f4"), three).axes.shape == (5, 3)
    everything = ClusterParams(variance=1.0)
    assert Projection.fit(VALUES, everything).axes.shape == (6, 6)
    assert Projection.fit(VALUES, ClusterParams(min_components=1, max_components=2)).axes.shape == (
        6,
        2,
    )


def test_chunks_give_the_same_numbers() -> None:
    projection = Projection.fit(VALUES, ClusterParams())
    whole = projection.apply(VALUES)
    pieces = np.vstack([projection.apply(VALUES[i : i + 7]) for i in range(0, len(VALUES), 7)])
    np.testing.assert_array_equal(pieces, whole)
    np.testing.assert_array_equal(whole * GRID, np.rint(whole * GRID))


def test_leaves_out_constant_and_mostly_missing_columns() -> None:
    values = VALUES.copy()
    values[:, 0] = 7
    values[:300, 1] = np.nan
    values[:, 2] = np.inf
    projection = Projection.fit(values, ClusterParams())
    assert projection.kept.tolist() == [False, False, False, True, True, True]
    assert np.isfinite(projection.apply(values)).all()


def test_a_missing_number_counts_as_the_mean_of_its_column() -> None:
    projection = Projection.fit(VALUES, ClusterParams())
    hole, filled = VALUES[:1].copy(), VALUES[:1].copy()
    hole[0, 3] = np.nan
    filled[0, 3] = projection.center[3]
    np.testing.assert_allclose(projection.apply(hole), projection.apply(filled), atol=2 / GRID)


def test_rows_with_too_little_are_not_seen() -> None:
    projection = Projection.fit(VALUES, ClusterParams(min_seen=0.5))
    rows = VALUES[:3].copy()
    rows[1, :3] = np.nan
    rows[2, :4] = np.nan
    assert projection.seen(rows).tolist() == [True, True, False]


def test_far_values_are_cut() -> None:
    projection = Projection.fit(VALUES, ClusterParams(clip=3.0))
    wild, cut = VALUES[:1].copy(), VALUES[:1].copy()
    wild[0, 0], cut[0, 0] = 1e9, projection.center[0] + 3 * projection.scale[0]
    np.testing.assert_allclose(projection.apply(wild), projection.apply(cut), atol=2 / GRID)


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_nothing_that_varies_is_an_error(value: float) -> None:
    with pytest.raises(
        InputError, match=r"4 columns, all constant or mostly missing\. Check the pose"
    ):
        Projection.fit(np.full((50, 4), value, dtype=np.float32), ClusterParams())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=50), st.randoms())
def test_sums_on_the_grid_are_exact_in_any_order(numbers: list[float], shuffle: object) -> None:
    values = on_grid(np.asarray(numbers))
    mixed = values.tolist()
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    assert sum(mixed) == values.sum() == np.cumsum(values)[-1]


def test_a_thousand_columns_take_little_memory() -> None:
    values = np.random.default_rng(0).standard_normal((12_000, 1024), dtype=np.float32)
    tracemalloc.start()
    try:
        found = Projection.fit(values, ClusterParams(max_components=20))
        found.apply(values)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The vectors are 49 MB; all columns and rows at once took 480 MB more.
    assert peak < 350e6


def test_looking_at_some_columns_and_rows_at_a_time_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(1).normal(size=(500, 90)).astype(np.float32)
    values[::7, 3] = np.nan
    whole = Projection.fit(values, ClusterParams())
    monkeypatch.setattr(room, "_COLUMNS", 32)
    monkeypatch.setattr(room, "_NUMBERS", 9000)
    pieces = Projection.fit(values, ClusterParams())
    assert (pieces.center == whole.center).all()
    assert (pieces.scale == whole.scale).all()
    assert np.allclose(pieces.axes, whole.axes, atol=1e-9)
    assert (pieces.apply(values) == whole.apply(values)).mean() > 0.999
