"""Study tables as text: csv, Excel and TOML."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.study_tables import read_table, write_table

TOML = """\
# the drug study
[study]
root = "videos"
columns = { group = "Condition" }
defaults = { Condition = "vehicle", day = 1 }

[[recording]]
id = "r1"
animal = 2107.0
weight = 20.50
born = 2023-07-07

[[recording]]
id = "r2"
animal = "007"
Condition = "drug"
treated = true
"""


def test_a_study_in_toml(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(TOML)
    found = read_table(path)
    assert (found.format, found.root, found.columns) == ("TOML", "videos", {"group": "Condition"})
    assert found.rows([0, 1]) == "lines 7, 13"
    assert found.cells.to_dict("records") == [
        {
            "id": "r1", "animal": "2107.0", "weight": "20.50", "born": "2023-07-07",
            "Condition": "vehicle", "treated": "", "day": "1",
        },
        {
            "id": "r2", "animal": "007", "weight": "", "born": "",
            "Condition": "drug", "treated": "TRUE", "day": "1",
        },
    ]  # fmt: skip


def test_rows_that_are_not_tables_of_their_own_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text('recording = [{id = "r1", animal = "a"}, {id = "r2", animal = "b"}]\n')
    assert read_table(path).rows([0, 1]) == "recordings 1, 2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[recording]\n", "expected TOML"),
        ("recording = 3\n", r"\[\[recording\]\] tables.*none of them"),
        ("", r"\[\[recording\]\] tables.*none of them"),
        ("study = 3\n[[recording]]\nid = 1\n", "tables"),
        ("[[recording]]\nid = 1\n[[recordings]]\n", "found recordings"),
        ("[study]\ndefault = {}\n[[recording]]\nid = 1\n", "found study.default"),
        ("[[recording]]\nid = [1, 2]\n", r"line 1, id: expected one value, found \[1, 2\]"),
        ("[study]\ncolumns = 3\n[[recording]]\nid = 1\n", r"\[study.columns\]: expected a table"),
        ("[[recording]]\nid = 1\nid = 2\n", "expected TOML.*overwrite"),
        ("a = " + "[" * 5000, "expected TOML"),
        ("a = " + "9" * 5000, "expected TOML"),
    ],
)
def test_what_is_wrong_in_toml(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_table(path)


def test_lines_are_those_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text('recording,animal,note\n\nr1,a,"one\ntwo"\n\nr2,b,\n')
    found = read_table(path)
    assert found.rows([0, 1]) == "lines 4, 6"
    assert found.cells["note"].tolist() == ["one\ntwo", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recording,animal\nr1\n", "line 2: expected 2 cells"),
        ("recording,animal\nr1,a,x\n", "line 2: expected 2 cells as in the header, found 3"),
        ("recording,recording\n", "line 1: .*'recording' twice"),
    ],
)
def test_what_is_wrong_in_csv(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_table(path)


def test_a_title_above_the_header_of_a_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["My study"], [], ["ID", "Animal", "Sex"], ["r1", 7], [], ["r2", 8, "F"]):
        book.active.append(row)
    book.save(tmp_path / "s.xlsx")
    found = read_table(tmp_path / "s.xlsx", wanted=["id", "animal"])
    assert found.cells.to_numpy().tolist() == [["r1", "7", ""], ["r2", "8", "F"]]
    assert found.rows([0, 1]) == "rows 4, 6"
    assert found.notes == ("The header is row 3; what is above was left out.",)
    book.active["D6"] = "more"
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(FormatError, match="row 6: expected 3 cells"):
        read_table(tmp_path / "s.xlsx", wanted=["id", "animal"])


@pytest.mark.parametrize("ending", [".xls", ".ods", ".xlsb", ".numbers"])
def test_other_spreadsheets(tmp_path: Path, ending: str) -> None:
    with pytest.raises(FormatError, match=f"expected csv, .xlsx or .toml, found {ending}"):
        read_table(tmp_path / f"s{ending}")


def test_only_workbooks_have_sheets(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sheet 'x': expected a workbook"):
        read_table(tmp_path / "s.csv", sheet="x")


CELL = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cn"])
)
ROWS = st.lists(st.tuples(CELL.filter(bool), CELL, CELL), min_size=1, max_size=5)


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "toml"])
@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_tables_come_back(
    tmp_path_factory: pytest.TempPathFactory, ending: str, rows: list[tuple[str, str, str]]
) -> None:
    table = pd.DataFrame(rows, columns=["recording", "an imal", "ü=\"'"], dtype=object)
    path = tmp_path_factory.mktemp("s") / f"s.{ending}"
    write_table(path, table)
    assert read_table(path).cells.to_numpy().tolist() == [list(row) for row in rows]


def test_toml_holds_any_letter(tmp_path: Path) -> None:
    odd = 'a\x7fb\x01c"d\\e\u2028f'
    table = pd.DataFrame({"recording": [odd], 'k"\x7f': ["1"]}, dtype=object)
    write_table(tmp_path / "s.toml", table)
    back = read_table(tmp_path / "s.toml").cells
    assert back.to_dict("records") == [{"recording": odd, 'k"\x7f': "1"}]
