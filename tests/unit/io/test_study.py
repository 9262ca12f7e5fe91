"""The study table in files."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from napari_mousegpt.core.study import Study
from napari_mousegpt.errors import FormatError, InputError, OutputExistsError
from napari_mousegpt.io.study import check_study, load_study, write_study


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
    assert "line 4 has no recording" in text
    assert "'r1' stands in lines 2, 3" in text
    assert "sex F and M (lines 2, 3)" in text


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_study(tmp_path / "no.csv")
    with pytest.raises(FormatError, match="line 3: expected 2 cells"):
        load_study(write(tmp_path / "s.csv", "recording,animal\nr1,a\nr2\n"))


def test_missing_recordings_are_listed(tmp_path: Path) -> None:
    write(tmp_path / "here.mp4", "x")
    path = write(tmp_path / "s.csv", "recording,animal,video,pose\nr1,a,here.mp4,sub/p.csv\n")
    assert check_study(path).missing == (
        f"The pose of recording 'r1' (line 2) is missing: {tmp_path / 'sub' / 'p.csv'}",
    )


def test_a_study_comes_back(tmp_path: Path) -> None:
    study = load_study(write(tmp_path / "s.csv", 'recording,animal,note\nr1,01,"a, b"\n'))
    write_study(tmp_path / "t.csv", study)
    assert load_study(tmp_path / "t.csv").to_pandas().equals(study.to_pandas())


def test_a_study_comes_back_from_every_format(tmp_path: Path) -> None:
    study = load_study(
        write(tmp_path / "s.csv", "recording,animal,video,weight\nr1,007,a/v.mp4,20.50\nr2,7,,\n")
    )
    for name in ("t.csv", "t.tsv", "t.xlsx", "t.toml"):
        assert write_study(tmp_path / name, study) is None
        back = load_study(tmp_path / name)
        assert back.to_pandas().equals(study.to_pandas()), name
        assert back.path("r1", "video") == tmp_path / "a" / "v.mp4"
    with pytest.raises(InputError, match=r"a name ending in .csv, .tsv, .xlsx, .toml"):
        write_study(tmp_path / "t.json", study)


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "recording,animal\nr1,a\n")
    before = path.read_bytes()
    study = Study(pd.DataFrame({"recording": ["r2"], "animal": ["b"]}))
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        write_study(path, study)
    assert path.read_bytes() == before
    assert write_study(path, study, overwrite=True) == tmp_path / "s.csv.1.bak"
    assert write_study(path, study, overwrite=True) == tmp_path / "s.csv.2.bak"
    assert (tmp_path / "s.csv.1.bak").read_bytes() == before
    assert load_study(path).recordings == ("r2",)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "s.csv", "s.csv.1.bak", "s.csv.2.bak",
    ]  # fmt: skip


def test_a_table_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    study = Study(pd.DataFrame({"recording": ["r\x07"], "animal": ["b"]}))
    with pytest.raises(InputError, match="control characters"):
        write_study(tmp_path / "t.xlsx", study)
    assert list(tmp_path.iterdir()) == []


def test_paths_hold_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "far" / "lab").mkdir(parents=True)
    (tmp_path / "far" / "v.mp4").touch()
    text = "recording,animal,video\nr1,a,../v.mp4\nr2,b,w.mp4\nr3,c,C:\\x\\u.mp4\nr4,d,~/z.mp4\n"
    study = load_study(write(tmp_path / "far" / "lab" / "s.csv", text))
    write_study(tmp_path / "t.csv", study)
    moved = load_study(tmp_path / "t.csv")
    assert [row["video"] for row in moved] == [
        "far/lab/../v.mp4", "far/lab/w.mp4", "C:\\x\\u.mp4", "~/z.mp4",
    ]  # fmt: skip
    assert moved.path("r1", "video").resolve() == tmp_path / "far" / "v.mp4"  # type: ignore[union-attr]


def test_everything_that_is_wrong_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "V2.mp4").touch()
    rows = ["r1,a,F,no.mp4", "R1,a,M,v2.mp4", "r3,,F,\\\\server\\v.mp4", "r4,d,F,no.mp4"]
    path = write(tmp_path / "s.csv", "\n".join(["recording,animal,sex,video", *rows]) + "\n")
    report = check_study(path)
    assert not report.ok
    assert report.contradictions == (
        "line 4 has no animal",
        "recording 'r1' and 'R1' differ only in letter case or blanks (lines 2, 3)",
        "animal 'a' has sex F and M (lines 2, 3)",
    )
    assert report.missing == (
        f"The video of recording 'r1' (line 2) is missing: {tmp_path / 'no.mp4'}",
        f"The video of recording 'R1' (line 3) is missing: {tmp_path / 'v2.mp4'}; is it V2.mp4?",
        "The video of recording 'r3' (line 4) is missing: //server/v.mp4",
        f"The video of recording 'r4' (line 5) is missing: {tmp_path / 'no.mp4'}",
    )
    assert "video 'no.mp4' belongs to recordings 'r1' and 'r4' (lines 2, 5)" in report.doubts
    lines = report.lines()
    assert lines[0] == "s.csv: study table, 4 recordings of 2 animals."
    assert sum(line.startswith("! ") for line in lines) == 7
    assert report.facts()["missing"] == list(report.missing)


def test_a_good_table_has_nothing_wrong(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "recording,animal,group\nr1,a,x\nr2,b,y\n")
    report = check_study(path)
    assert report.ok
    assert report.lines() == [
        "s.csv: study table, 2 recordings of 2 animals.",
        "Groups: x, y.",
    ]


def test_an_excel_table_is_named_by_its_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Drug study"], [], ["Recording", "Animal", "Sex"], ["r1", 7, "F"], ["r2", 7, "M"]):
        book.active.append(row)
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(InputError, match=r"animal '7' has sex F and M \(rows 4, 5\)"):
        load_study(tmp_path / "s.xlsx")


def test_a_toml_table_says_where_its_paths_start(tmp_path: Path) -> None:
    text = '[study]\nroot = "videos"\n[[recording]]\nid = "r1"\nanimal = 7\nvideo = "v.mp4"\n'
    study = load_study(write(tmp_path / "s.toml", text))
    assert study.path("r1", "video") == tmp_path / "videos" / "v.mp4"
    with pytest.raises(FormatError, match="columns Mouse"):
        load_study(tmp_path / "s.toml", columns={"animal": "Mouse"})


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "Recording,recording,animal\nr1,r1,a\n")
    with pytest.raises(FormatError, match="one column for recording, found 'Recording' and"):
        load_study(path)
