"""Excel sheets as the cells that people see."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io import study_sheets
from napari_mousegpt.io.study_sheets import header_of, open_sheet, read_sheet, write_sheet


def book(path: Path, *rows: list[Any], title: str = "Sheet") -> Path:
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    made.save(path)
    return path


def with_cell(path: Path, xml: bytes) -> Path:
    """Replace the XML of cell C2 by another one."""
    book(path, ["recording", "animal", "x"], ["r1", "a", "here"])
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    begin = sheet.index(b'<c r="C2"')
    end = sheet.index(b"</c>", begin) + 4
    parts["xl/worksheets/sheet1.xml"] = sheet[:begin] + xml + sheet[end:]
    with zipfile.ZipFile(path, "w") as new:
        for name, data in parts.items():
            new.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("value", "shown", "expected"),
    [
        (7, "General", "7"),
        (7.0, "General", "7"),
        ("007", "@", "007"),
        ("2107.0", "@", "2107.0"),
        (2107, "0.0", "2107.0"),
        (7, "000", "007"),
        (-7, "000", "-007"),
        (7.5, "0", "7.5"),
        (20.1, "General", "20.1"),
        (20.123, "0.0", "20.123"),
        (1234.5, "#,##0.00", "1234.5"),
        (123456789012, "General", "123456789012"),
        (True, "General", "TRUE"),
        (datetime.datetime(2023, 7, 7), "dd.mm.yyyy", "2023-07-07"),
        (datetime.datetime(2023, 7, 7, 13, 12, 21), "dd.mm.yy hh:mm", "2023-07-07T13:12:21"),
        (datetime.time(13, 12), "hh:mm", "13:12:00"),
        ("  blanks around ", "General", "blanks around"),
        ("#N/A", "General", ""),
    ],
)
def test_cells_keep_their_spelling(tmp_path: Path, value: Any, shown: str, expected: str) -> None:
    made = openpyxl.Workbook()
    made.active["A1"] = "x"
    made.active["A2"] = value
    made.active["A2"].number_format = shown
    made.active["B2"] = "end"
    made.save(tmp_path / "a.xlsx")
    assert read_sheet(tmp_path / "a.xlsx")[1] == (2, [expected, "end"])


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (b'<c r="C2"><v>20.100000000000001</v></c>', "20.1"),
        (b'<c r="C2"><v>2107.0</v></c>', "2107"),
        (b'<c r="C2"><v>1E-3</v></c>', "0.001"),
        (b'<c r="C2"><f>1+1</f><v>2</v></c>', "2"),
        (b'<c r="C2" t="str"><f>A1&amp;1</f><v>r1</v></c>', "r1"),
        (b'<c r="C2" t="inlineStr"><is><t>007</t></is></c>', "007"),
        (b'<c r="C2" t="b"><v>0</v></c>', "FALSE"),
    ],
)
def test_cells_as_programs_write_them(tmp_path: Path, xml: bytes, expected: str) -> None:
    assert read_sheet(with_cell(tmp_path / "a.xlsx", xml))[1] == (2, ["r1", "a", expected])


def test_a_formula_may_give_no_text(tmp_path: Path) -> None:
    path = with_cell(tmp_path / "a.xlsx", b'<c r="C2" t="str"><f>IF(1,"","x")</f><v></v></c>')
    assert read_sheet(path)[1] == (2, ["r1", "a", ""])


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (b'<c r="C2"><f>1+1</f></c>', "C2 formula without a value"),
        (b'<c r="C2" t="e"><v>#REF!</v></c>', "C2 #REF!"),
        (b'<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "C2 #DIV/0!"),
    ],
)
def test_cells_without_a_value_are_named(tmp_path: Path, xml: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=f"sheet 'Sheet'.*{message}.*save it"):
        read_sheet(with_cell(tmp_path / "a.xlsx", xml))


def test_rows_have_the_numbers_of_the_sheet(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["x"], [], ["1"], [None, "2"], [])
    assert read_sheet(path) == [(1, ["x"]), (3, ["1"]), (4, ["", "2"])]


def test_merged_cells_all_have_their_text(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    for row in (
        ["recording", "group"],
        ["r1", "drug"],
        ["r2", None],
        [],
        ["r3", None],
        ["r4", None],
    ):
        made.active.append(row)
    made.active.merge_cells("B2:B5")
    made.save(tmp_path / "a.xlsx")
    found = open_sheet(tmp_path / "a.xlsx")
    assert found.rows == [
        (1, ["recording", "group"]),
        (2, ["r1", "drug"]),
        (3, ["r2", "drug"]),
        (5, ["r3", "drug"]),
        (6, ["r4"]),
    ]
    assert found.notes == ("Each cell of the merged cells B2:B5 has their text.",)


def test_the_sheet_is_chosen(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["notes on the cages"])
    for title, column in (("Animals", "animal"), ("Recordings", "recording"), ("Empty", None)):
        made.create_sheet(title).append([column, "weight"] if column else [])
    made.save(tmp_path / "a.xlsx")
    assert open_sheet(tmp_path / "a.xlsx", wanted=["Recording"]).name == "Recordings"
    assert open_sheet(tmp_path / "a.xlsx", "animals").rows == [(1, ["animal", "weight"])]
    with pytest.raises(InputError, match=r"3: Sheet, Animals, Recordings.*sheet='Sheet'"):
        open_sheet(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="2: Animals, Recordings"):
        open_sheet(tmp_path / "a.xlsx", wanted=["weight"])
    with pytest.raises(InputError, match=r"'Mice'.*one of Sheet, Animals, Recordings, Empty"):
        open_sheet(tmp_path / "a.xlsx", "Mice")
    with pytest.raises(FormatError, match="empty sheets"):
        open_sheet(tmp_path / "a.xlsx", "Empty")


def test_hidden_sheets_are_taken_only_by_name(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["recording"])
    made.create_sheet("old").append(["recording", "x"])
    made["old"].sheet_state = "hidden"
    made.save(tmp_path / "a.xlsx")
    assert open_sheet(tmp_path / "a.xlsx").name == "Sheet"
    assert open_sheet(tmp_path / "a.xlsx", "old").rows == [(1, ["recording", "x"])]


def test_the_header_may_stand_lower() -> None:
    rows = [(1, ["A study"]), (4, ["ID", "Mouse"])]
    assert header_of(rows, ["id", "mouse"]) == 1
    assert header_of(rows, ["id", "rat"]) is None


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    rows = [["007", "=1+1"], ["2107.0", "a, b"], ["1e5", ""]]
    write_sheet(tmp_path / "a.xlsx", ["recording", "TRUE"], rows)
    assert [cells for _, cells in read_sheet(tmp_path / "a.xlsx")] == [
        ["recording", "TRUE"], ["007", "=1+1"], ["2107.0", "a, b"], ["1e5", ""],
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"row 2.*control characters"):
        write_sheet(tmp_path / "b.xlsx", ["x"], [["a\x07"]])


def test_old_and_locked_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))
    with pytest.raises(FormatError, match="with a password, or of Excel 97"):
        read_sheet(path)
    path.write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(FormatError, match="no whole zip file"):
        read_sheet(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["recording"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", bytes(200 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(FormatError, match="at most 32 MB unpacked, found 200 MB"):
        read_sheet(path)


def test_a_workbook_declares_no_entities(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["recording"])
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/styles2.xml", laughs)
    with pytest.raises(FormatError, match=r"document types.*one in xl/styles2.xml"):
        read_sheet(path)


def test_too_many_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_sheets, "_MOST_CELLS", 5)
    with pytest.raises(FormatError, match="at most 5 cells"):
        read_sheet(book(tmp_path / "a.xlsx", ["a", "b"], ["a", "b"], ["a", "b"]))


def test_a_far_cell_costs_nothing(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active["A1"] = "recording"
    made.active.cell(1_048_576, 2, "x")
    made.save(tmp_path / "a.xlsx")
    assert read_sheet(tmp_path / "a.xlsx")[-1] == (1_048_576, ["", "x"])
