"""The study table in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.study import load_study, missing_files, write_study


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_cells_stay_as_they_are_written(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.csv",
        "Recording;Animal;group;weight;Sex\nr1;007;1;20.50;F\nr2;2107.0;;NA;NA\n",
    )
    study = load_study(path)
    assert study.recordings == ("r1", "r2")
    assert study.animals == ("007", "2107.0")
    assert study.row("r1")["weight"] == "20.50"
    assert study.row("r2") == {
        "recording": "r2", "animal": "2107.0", "group": "", "sex": "", "weight": "",
    }  # fmt: skip
    assert study.root == tmp_path


def test_columns_of_another_table_are_mapped(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "ID,Mouse,Condition\nr1,m1,CSI\n")
    columns = {"recording": "id", "animal": "Mouse", "group": "Condition"}
    study = load_study(path, columns=columns, root=tmp_path / "x")
    assert study.row("r1") == {"recording": "r1", "animal": "m1", "group": "CSI"}
    assert study.root == tmp_path / "x"
    with pytest.raises(FormatError, match=r"columns recording, animal, found ID, Mouse.*columns="):
        load_study(path)
    with pytest.raises(FormatError, match="columns Dose"):
        load_study(path, columns={**columns, "dose": "Dose"})


def test_contradictions_are_named_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "recording,animal,sex\nr1,a,F\nr1,a,M\n,b,F\n")
    with pytest.raises(InputError) as caught:
        load_study(path)
    text = str(caught.value)
    assert "s.csv" in text
    assert "row 3 has no recording" in text
    assert "'r1' stands in rows 1, 2" in text
    assert "sex F and M (rows 1, 2)" in text


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_study(tmp_path / "no.csv")
    with pytest.raises(FormatError, match="line 3: expected 2 cells"):
        load_study(write(tmp_path / "s.csv", "recording,animal\nr1,a\nr2\n"))


def test_missing_recordings_are_listed(tmp_path: Path) -> None:
    write(tmp_path / "here.mp4", "x")
    path = write(tmp_path / "s.csv", "recording,animal,video,pose\nr1,a,here.mp4,sub/p.csv\n")
    assert missing_files(load_study(path)) == [
        f"The pose of recording 'r1' is missing: {tmp_path / 'sub' / 'p.csv'}"
    ]


def test_a_study_comes_back(tmp_path: Path) -> None:
    study = load_study(write(tmp_path / "s.csv", 'recording,animal,note\nr1,01,"a, b"\n'))
    write_study(tmp_path / "t.csv", study)
    assert load_study(tmp_path / "t.csv").to_pandas().equals(study.to_pandas())
