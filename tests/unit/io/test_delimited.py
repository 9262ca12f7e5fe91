"""Tables of numbers: how they are written, and which line is at fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import open_text, read_head, read_numbers, split


def numbers(path: Path, text: str, **choice: list[int]) -> np.ndarray:
    path.write_bytes(text.encode())
    found = open_text(path)
    return read_numbers(found, 1, 3, **choice)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


@pytest.mark.parametrize(
    "word", ["", "NA", "n/a", "nan", "NaN", "NAN", "-nan", "null", "NULL", "None", "<NA>", "#N/A"]
)
def test_usual_words_for_missing(path: Path, word: str) -> None:
    np.testing.assert_array_equal(numbers(path, f"a,b,c\n1,{word},3\n"), [[1, np.nan, 3]])


def test_blanks_quotes_and_signs(path: Path) -> None:
    text = 'a,b,c\n 1, +2.5 ,"3"\n-0,1e3,.5\n'
    assert numbers(path, text).tolist() == [[1, 2.5, 3], [0, 1000, 0.5]]


def test_decimal_commas_between_semicolons(path: Path) -> None:
    rows = "\n".join(f"{i};1,5;2" for i in range(8))
    assert numbers(path, f"a;b;c\n{rows}\n")[3].tolist() == [3, 1.5, 2]
    with pytest.raises(FormatError, match=r"line 10: expected numbers, found '2\.5' in column 2"):
        numbers(path, f"a;b;c\n{rows}\n9;2.5;1\n")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2", "line 4: expected 3 cells as in the header, found 2"),
        ("1,2,3,4", "line 4: expected 3 cells as in the header, found 4"),
        ("1,2,0x10", "line 4: expected numbers, found '0x10' in column 3"),
        ("1,1_0,3", "line 4: expected numbers, found '1_0' in column 2"),
        ("1,\u0661,3", "line 4: expected numbers, found '\u0661' in column 2"),
        ("1,inf,3", "line 4: expected numbers, found 'inf' in column 2"),
        ("1,true,3", "line 4: expected numbers, found 'true' in column 2"),
        ("1,1e999,3", "line 4: expected numbers, found '1e999' in column 2"),
        ("", "line 4: expected 3 cells as in the header, found an empty line"),
    ],
)
def test_the_line_at_fault_is_named(path: Path, row: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        numbers(path, f"a,b,c\n1,2,3\n4,5,6\n{row}\n7,8,9\n")
    assert message in str(caught.value)


def test_rows_of_missing_numbers_are_rows_and_empty_lines_at_the_end_are_not(path: Path) -> None:
    values = numbers(path, "a,b,c\n,,\n1,2,3\n,,\n\n\n")
    np.testing.assert_array_equal(values[:, 0], [np.nan, 1, np.nan])


def test_other_columns_may_hold_words(path: Path) -> None:
    text = "a,b,c\n1,left,3\n4,\u00e9,6\n"
    assert numbers(path, text, columns=[0, 2]).tolist() == [[1, 3], [4, 6]]
    with pytest.raises(FormatError, match="line 3: expected 3 cells"):
        numbers(path, "a,b,c\n1,left,3\n4,6\n", columns=[0, 2])


def test_a_header_alone_has_no_rows(path: Path) -> None:
    assert numbers(path, "a,b,c\n").shape == (0, 3)
    assert numbers(path, "a,b,c\n\n\n").shape == (0, 3)


def test_kinds_of_files(path: Path) -> None:
    path.write_bytes(b"\x89HDF\r\n\x1a\nrest")
    assert read_head(path).is_hdf5
    path.write_bytes("name\nschn\u00e4uzchen\n".encode("latin-1"))
    assert open_text(path).encoding == "latin-1"
    path.write_bytes(b" \n ")
    with pytest.raises(FormatError, match="an empty file"):
        open_text(path)
    assert split('a, "b,c" ,d', ",") == ["a", '"b', 'c"', "d"]
    assert split('a,"b,c",d', ",") == ["a", "b,c", "d"]


@pytest.mark.parametrize(
    "name",
    [
        "video_openfield_dlc/openfield_dlc_inference_example_missingdata.csv",
        "video_bottomview_vame/cropped_video.csv",
        "labelled_freezing_behaviordepot/demo2_tracking.csv",
        "pose_formats/deepof/testDLC_csv_table_madlc.csv",
    ],
)
def test_real_numbers_are_those_that_float_reads(shared_data: Path, name: str) -> None:
    text = open_text(shared_data / name)
    lines = (shared_data / name).read_text(encoding="utf-8").splitlines()
    skip = next(i for i, line in enumerate(lines) if line.startswith("coords")) + 1
    expected = [[float(c) if c else np.nan for c in line.split(",")] for line in lines[skip:]]
    found = read_numbers(text, skip, len(expected[0]))
    np.testing.assert_array_equal(found, np.array(expected))
