"""Text tables however they were typed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.text_dialects import numbers, typed_text
from napari_mousegpt.io.text_tables import open_cells, read_csv

ROWS = [["time", "größe"], ["0", "käse"], ["1", "é"], ["2", "x"]]


@pytest.mark.parametrize(
    ("encoding", "known", "note"),
    [
        ("utf-8", "utf-8", None),
        ("utf-8-sig", "utf-8-sig", None),
        ("utf-16", "utf-16", None),
        ("utf-16-le", "utf-16-le", "no byte order mark; read as UTF-16-LE"),
        ("utf-16-be", "utf-16-be", "no byte order mark; read as UTF-16-BE"),
        ("cp1252", "cp1252", "not UTF-8; read as Windows-1252"),
    ],
)
@pytest.mark.parametrize("mark", [",", ";", "\t", "|", " "])
def test_every_encoding_and_delimiter(
    tmp_path: Path, encoding: str, known: str, note: str | None, mark: str
) -> None:
    path = tmp_path / "t.csv"
    text = "\r\n".join(mark.join(row) for row in ROWS) + "\r\n"
    path.write_bytes(text.encode(encoding))
    cells = open_cells(path)
    assert [row for _, row in cells.rows] == ROWS
    assert [number for number, _ in cells.rows] == [1, 2, 3, 4]
    assert typed_text(path).encoding == known
    assert len(cells.notes) == (note is not None)
    assert note is None or note in cells.notes[0]
    assert read_csv(path).attrs["notes"] == list(cells.notes)


def test_bytes_that_windows_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n\x81,\xe4\n")
    assert "Latin-1" in open_cells(path).notes[0]


def test_a_letter_far_behind_the_beginning_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + b"1,x\n" * 30_000 + "2,ä\n".encode("cp1252"))
    cells = open_cells(path)
    assert cells.rows[-1][1] == ["2", "ä"]
    assert "Windows-1252" in cells.notes[0]


def test_only_the_beginning_is_read_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,ä\n" + "12345,67\n" * 100, encoding="utf-8")
    rows = open_cells(path, limit=50).rows
    assert rows[-1] == (6, ["12345", "67"])
    assert len(open_cells(path, limit=2000).rows) == 101


def test_words_with_blanks_are_one_cell(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("head up\nhead down\nnose poke\n")
    assert [row for _, row in open_cells(path).rows] == [["head up"], ["head down"], ["nose poke"]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "found an empty file"),
        (b"\n \n", "found an empty file"),
        (b"a,b\n\x00\x01\x02,3\n", "found binary data"),
        (b'a,b\n1,"' + b"x" * 200_000 + b'"\n', "line 2.*field larger than field limit"),
    ],
)
def test_what_is_no_table(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message):
        open_cells(path)


@given(st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 4)), min_size=1))
def test_numbers_with_points_and_commas(values: list[float]) -> None:
    cells = [repr(value) for value in values]
    np.testing.assert_array_equal(numbers(cells), values)
    np.testing.assert_array_equal(numbers([cell.replace(".", ",") for cell in cells]), values)


def test_what_is_no_number() -> None:
    found = numbers(["1", "", "x", "nan", "1_0", "٣", "1,5", None, "inf"])
    np.testing.assert_array_equal(found, [1, *[np.nan] * 5, 1.5, np.nan, np.nan])
    np.testing.assert_array_equal(numbers(["1.5", "1,5"]), [1.5, np.nan])
    assert numbers([]).shape == (0,)
