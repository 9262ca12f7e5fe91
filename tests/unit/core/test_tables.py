from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.core.tables import (
    ASSIGNMENTS,
    BOUTS,
    DESCRIPTIONS,
    SCHEMA_VERSION,
    SCHEMAS,
    Column,
    TableSchema,
    text_cells,
)
from napari_mousegpt.errors import InputError

SCHEMA = TableSchema(
    "toy",
    (
        Column("name", "text", "who"),
        Column("count", "int", "how many"),
        Column("share", "float", "part of all", False),
    ),
)


def test_columns_come_in_order_and_kind() -> None:
    table = pd.DataFrame({"extra": [1, 2], "count": [1.0, 2.0], "name": [None, 7]})
    checked = SCHEMA.check(table)
    assert list(checked) == ["name", "count", "extra"]
    assert checked["name"].tolist() == ["", "7.0"]
    assert checked["count"].dtype == np.int64
    assert list(table) == ["extra", "count", "name"]


def test_check_twice_changes_nothing() -> None:
    table = SCHEMA.check(pd.DataFrame({"name": ["a"], "count": [1], "share": ["0.5"]}))
    pd.testing.assert_frame_equal(SCHEMA.check(table), table)
    assert table["share"].tolist() == [0.5]


def test_categories_and_odd_indices() -> None:
    table = pd.DataFrame({"name": ["a", None], "count": [1, 2]}, index=[7, 9])
    checked = SCHEMA.check(table.astype({"name": "category"}))
    assert checked["name"].tolist() == ["a", ""]
    assert checked.index.tolist() == [7, 9]


@pytest.mark.parametrize("value", ["many", 1.5, np.nan, None])
def test_values_of_another_kind(value: object) -> None:
    with pytest.raises(InputError, match="column 'count' of the toy table: expected int values"):
        SCHEMA.check(pd.DataFrame({"name": ["a"], "count": [value]}))


def test_missing_columns_are_named() -> None:
    with pytest.raises(
        InputError, match="toy table: expected columns name, count, found no name, count"
    ):
        SCHEMA.check(pd.DataFrame({"share": [1.0]}))


def test_no_rows() -> None:
    empty = SCHEMA.check(pd.DataFrame({"name": [], "count": []}))
    assert len(empty) == 0
    assert empty["count"].dtype == np.int64


def test_text_cells() -> None:
    source = np.array(["a", None, np.nan, 3, pd.NA], dtype=object)
    assert text_cells(source).tolist() == ["a", "", "", "3", ""]
    assert source[1] is None
    assert text_cells(pd.Series([], dtype="string")).tolist() == []
    assert text_cells(pd.Series(["x", None], dtype="category")).tolist() == ["x", ""]
    assert text_cells("alone").tolist() == ["alone"]


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_schemas_are_complete(schema: TableSchema) -> None:
    assert len(set(schema.names)) == len(schema.names)
    for column in schema.columns:
        assert column.meaning
        assert not column.meaning.endswith(".")
    assert SCHEMA_VERSION == 1


def test_tables_share_their_keys() -> None:
    keys = ("range_id", "recording", "individual", "start", "stop")
    assert DESCRIPTIONS.names[:5] == ASSIGNMENTS.names[:5] == keys
    assert BOUTS.names[:5] == ("bout_id", *keys[1:])
