"""What contradicts itself in a study table, and what looks odd."""

from __future__ import annotations

import pandas as pd
import pytest

from napari_mousegpt.core.study_checks import RowNames, contradictions, doubts, same_word

ROWS = RowNames("line", tuple(range(2, 40)))


def table(**columns: list[str]) -> pd.DataFrame:
    count = max(map(len, columns.values()))
    ids = {"recording": [f"r{i}" for i in range(count)], "animal": [f"a{i}" for i in range(count)]}
    return pd.DataFrame({**ids, **columns}, dtype=object)


def test_rows_are_called_as_their_file_counts() -> None:
    assert ROWS([0]) == "line 2"
    assert ROWS([0, 3]) == "lines 2, 5"
    assert RowNames.counted(3)([2]) == "row 3"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("M1", "m1", True),
        ("M 1", "M\u00a0 1", True),
        (" M1", "M1 ", True),
        ("Straße", "STRASSE", True),
        ("M1", "M10", False),
        ("M1", "M 1", False),
        ("7", "7.0", False),
    ],
)
def test_words_that_look_the_same(one: str, other: str, same: bool) -> None:
    assert (same_word(one) == same_word(other)) is same


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"recording": ["a", ""]}, "line 3 has no recording"),
        ({"animal": ["", "b"]}, "line 2 has no animal"),
        ({"recording": ["a", "b", "a"]}, "recording 'a' stands in lines 2, 4"),
        (
            {"recording": ["OFT_1", "oft_1"]},
            "recording 'OFT_1' and 'oft_1' differ only in letter case or blanks (lines 2, 3)",
        ),
        (
            {"animal": ["M 1", "m  1", "x"]},
            "animal 'M 1' and 'm  1' differ only in letter case or blanks (lines 2, 3)",
        ),
        (
            {"animal": ["a", "a"], "Genotype": ["wt", "ko"]},
            "animal 'a' has Genotype wt and ko (lines 2, 3)",
        ),
        (
            {"animal": ["a", "a"], "date_of_birth": ["2023-01-01", "2023-01-02"]},
            "animal 'a' has date_of_birth 2023-01-01 and 2023-01-02 (lines 2, 3)",
        ),
    ],
)
def test_contradictions(columns: dict[str, list[str]], message: str) -> None:
    assert contradictions(table(**columns), ROWS) == [message]


def test_all_contradictions_are_found_at_once() -> None:
    rows = table(recording=["a", "a", ""], animal=["x", "x", ""], sex=["F", "M", "F"])
    assert len(contradictions(rows, ROWS)) == 4


def test_what_is_not_known_contradicts_nothing() -> None:
    rows = table(animal=["a"] * 3, sex=["F", "", "F"], group=["x"] * 3, day=["1", "2", "3"])
    assert contradictions(rows, ROWS) == []
    assert doubts(rows, ROWS) == []


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"video": ["day1\\v.mp4", "day1/V.mp4"]},
            "video 'day1\\\\v.mp4' belongs to recordings 'r0' and 'r1' (lines 2, 3)",
        ),
        (
            {"pose": ["p.csv", "p.csv"]},
            "pose 'p.csv' belongs to recordings 'r0' and 'r1' (lines 2, 3)",
        ),
        (
            {"video": ["v.mp4", "v.mp4"], "individual": ["left", "left"]},
            "video 'v.mp4' belongs to recordings 'r0' and 'r1' (lines 2, 3)",
        ),
        (
            {"treatment": ["Saline", "saline"]},
            "treatment 'Saline' and 'saline' differ only in letter case or blanks (lines 2, 3)",
        ),
        (
            {"animal": ["a", "a"], "group": ["x", "y"]},
            "animal 'a' is in groups 'x' and 'y' (lines 2, 3)",
        ),
        (
            {"animal": ["a", "a"], "day": ["1", "1"]},
            "animal 'a' has 2 recordings that no column of group, treatment or day tells apart "
            "(lines 2, 3): is each of this animal?",
        ),
    ],
)
def test_doubts(columns: dict[str, list[str]], message: str) -> None:
    assert doubts(table(**columns), ROWS) == [message]


def test_several_animals_of_one_video_are_no_doubt() -> None:
    rows = table(video=["v.mp4", "v.mp4"], individual=["left", "right"])
    assert doubts(rows, ROWS) == []


def test_many_doubts_of_a_kind_are_counted() -> None:
    rows = table(animal=[f"a{i // 2}" for i in range(24)])
    found = doubts(rows, ROWS)
    assert len(found) == 7
    assert found[-1] == "... and 6 more of this kind"
