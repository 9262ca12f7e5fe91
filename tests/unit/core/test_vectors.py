from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import MismatchError


def vectors(n: int = 3, names: tuple[str, ...] = ("speed", "turn"), **changes: str) -> Vectors:
    rows = Intervals.build("m1", np.arange(n) * 10, np.arange(n) * 10 + 10, "a")
    values = np.arange(n * 2, dtype=np.float64).reshape(n, 2)
    words = {"model": "kinematic", "revision": "1", **changes}
    return Vectors(rows, values, names, **words)  # type: ignore[arg-type]


def test_one_row_for_each_interval() -> None:
    made = vectors()
    assert made.values.dtype == np.float32
    assert len(made) == 3
    assert repr(made) == "<Vectors: 3 x 2 from kinematic>"
    with pytest.raises(MismatchError, match=r"expected shape \(3, d\), one row for each interval"):
        Vectors(made.intervals, np.zeros((2, 2), np.float32), (), "k", "1")
    with pytest.raises(MismatchError, match=r"found \(3,\)"):
        Vectors(made.intervals, np.zeros(3, np.float32), (), "k", "1")
    with pytest.raises(MismatchError, match="vector names: expected 2 names, found 1"):
        vectors(names=("speed",))


@pytest.mark.parametrize("rows", [slice(1, None), np.array([False, True, True]), np.array([1, 2])])
def test_choosing_rows(rows: object) -> None:
    some = vectors()[rows]  # type: ignore[index]
    assert some.intervals.start.tolist() == [10, 20]
    assert some.values.tolist() == [[2, 3], [4, 5]]
    assert some.names == ("speed", "turn")


def test_concat_joins_rows_of_one_model() -> None:
    both = Vectors.concat([vectors(2), vectors(1)])
    assert both.intervals.start.tolist() == [0, 10, 0]
    assert both.values.shape == (3, 2)


@pytest.mark.parametrize(
    "other", [vectors(model="vjepa"), vectors(revision="2"), vectors(names=("a", "b"))]
)
def test_models_are_never_mixed(other: Vectors) -> None:
    with pytest.raises(MismatchError, match="expected all from one model and revision"):
        Vectors.concat([vectors(), other])
    with pytest.raises(MismatchError, match="expected at least one set, found none"):
        Vectors.concat([])


def test_table_and_back() -> None:
    made = vectors()
    table = made.to_table()
    assert list(table)[:7] == [
        "range_id",
        "recording",
        "individual",
        "start",
        "stop",
        "model",
        "revision",
    ]
    assert list(table)[7:] == ["v_speed", "v_turn"]
    assert table["range_id"].tolist() == made.intervals.range_ids().tolist()
    again = Vectors.from_table(table)
    assert again.intervals == made.intervals
    np.testing.assert_array_equal(again.values, made.values)
    assert (again.names, again.model, again.revision) == (made.names, "kinematic", "1")


def test_unnamed_dimensions_stay_in_order() -> None:
    rows = Intervals.build("m", [0, 1], [1, 2])
    made = Vectors(rows, np.arange(24, dtype=np.float32).reshape(2, 12), (), "k", "1")
    again = Vectors.from_table(
        made.to_table().sample(frac=1, axis=1, random_state=0).sort_index(axis=1)
    )
    assert again.names == ()
    np.testing.assert_array_equal(again.values, made.values)


def test_what_is_unseen_stays_unseen() -> None:
    made = vectors()
    made.values[1, 0] = np.nan
    assert np.isnan(Vectors.from_table(made.to_table()).values[1, 0])


@pytest.mark.parametrize("change", ["model", "column"])
def test_tables_that_are_no_vectors(change: str) -> None:
    table = vectors().to_table()
    if change == "model":
        table.loc[0, "model"] = "other"
    else:
        table = pd.DataFrame(table.drop(columns=["v_speed", "v_turn"]))
    with pytest.raises(MismatchError, match=r"vector table: expected one model and revision"):
        Vectors.from_table(table)
