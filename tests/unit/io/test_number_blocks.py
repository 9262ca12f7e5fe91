"""Blocks of numbers: every cut gives the same table, in few bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.io import number_blocks
from napari_mousegpt.io.number_blocks import parse_numbers


def parse(
    path: Path, width: int = 3, skip: int = 0, columns: list[int] | None = None
) -> np.ndarray:
    return parse_numbers(
        path,
        skip=skip,
        width=width,
        columns=list(range(width)) if columns is None else columns,
        delimiter=",",
        decimal=".",
        missing={"", "nan"},
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("size", [20, 21, 22, 23, 24, 64, 1 << 20])
def test_every_cut_gives_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, last: bool, size: int
) -> None:
    rng = np.random.default_rng(0)
    expected = rng.normal(size=(200, 3))
    expected[::7, 1] = np.nan
    lines = [",".join("" if np.isnan(v) else repr(float(v)) for v in row) for row in expected]
    path = tmp_path / "t.csv"
    path.write_bytes((end.join(["a,b,c", "d,e,f", *lines]) + end * last).encode())
    monkeypatch.setattr(number_blocks, "BLOCK_BYTES", size)
    np.testing.assert_array_equal(parse(path, skip=2), expected)
    np.testing.assert_array_equal(parse(path, skip=2, columns=[2, 0]), expected[:, [2, 0]])


def test_columns_lie_in_one_piece(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2,3\n4,5,6\n")
    values = parse(path)
    assert values[:, 1].flags.c_contiguous
    assert values.flags.writeable


def test_rows_that_grow_shorter_find_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["1.000000000000,2.000000000000,3"] * 50 + ["1,2,3"] * 1000
    path = tmp_path / "t.csv"
    path.write_text("\n".join(rows))
    monkeypatch.setattr(number_blocks, "BLOCK_BYTES", 256)
    assert parse(path).tolist() == [[1, 2, 3]] * 1050


@pytest.mark.parametrize("fault", ["1,2", "1,2,3,4", "1,x,3", "1,2,3\x00"])
def test_a_fault_in_any_block_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    path = tmp_path / "t.csv"
    monkeypatch.setattr(number_blocks, "BLOCK_BYTES", 64)
    for place in (0, 57, 99):
        lines = ["1,2,3"] * 100
        lines[place] = fault
        path.write_text("\n".join(lines) + "\n")
        with pytest.raises(pa.ArrowInvalid):
            parse(path)


DECIMALS = r"[+-]?([0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,20}|[0-9]{1,20})(e[+-]?[0-9]{1,2})?"


@given(text=st.from_regex(DECIMALS, fullmatch=True))
def test_a_decimal_becomes_the_nearest_double(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "one.csv"
    path.write_text(f"{text},1\n")
    assert parse(path, width=2)[0, 0] == float(text)
