from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.core.study import Study, path_of_cell
from napari_mousegpt.core.study_checks import RowNames
from napari_mousegpt.errors import InputError


def table(**columns: object) -> pd.DataFrame:
    rows = {"recording": ["r1", "r2", "r3"], "animal": ["a", "a", "b"], **columns}
    return pd.DataFrame(rows)


def test_a_study_knows_its_animals() -> None:
    study = Study(table(group=["drug", "drug", "vehicle"], weight=[21.5, 22.0, 25.1]))
    assert study.recordings == ("r1", "r2", "r3")
    assert study.animals == ("a", "b")
    assert len(study) == 3
    assert repr(study) == "<Study: 3 recordings of 2 animals>"
    assert study.row("r3") == {"recording": "r3", "animal": "b", "group": "vehicle", "weight": 25.1}
    assert [row["recording"] for row in study] == ["r1", "r2", "r3"]


def test_a_study_does_not_change() -> None:
    source = table()
    study = Study(source)
    source.loc[0, "animal"] = "z"
    copied = study.to_pandas()
    copied.loc[0, "animal"] = "z"
    assert study.animals == ("a", "b")
    with pytest.raises(AttributeError, match="immutable"):
        study.root = Path()  # type: ignore[misc]


def test_paths_start_at_the_table(tmp_path: Path) -> None:
    study = Study(table(video=["v1.mp4", str(tmp_path / "far.mp4"), None]), root=Path("/study"))
    assert study.path("r1", "video") == Path("/study/v1.mp4")
    assert study.path("r2", "video") == tmp_path / "far.mp4"
    assert study.path("r3", "video") is None
    assert study.path("r1", "pose") is None
    assert Study(table(video=["v1.mp4"] * 3)).path("r1", "video") == Path("v1.mp4")


def test_unknown_recording() -> None:
    with pytest.raises(
        InputError, match=r"recording 'r9': expected one of the 3 in the study table"
    ):
        Study(table()).row("r9")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"recording": ["r1", "", "r3"]}, "row 2 has no recording"),
        ({"animal": ["a", "b", None]}, "row 3 has no animal"),
        ({"recording": ["r1", "r2", "r1"]}, "recording 'r1' stands in rows 1, 3"),
        ({"sex": ["m", "f", "m"]}, "animal 'a' has"),
        ({"litter": ["1", "2", ""]}, "animal 'a' has"),
        ({"genotype": ["wt", "ko", "wt"]}, "animal 'a' has"),
        ({"strain": ["x", "y", "z"]}, "animal 'a' has"),
    ],
)
def test_rows_that_contradict(columns: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Study(table(**columns))
    assert message in str(caught.value)
    assert "Mend these rows" in str(caught.value)


def test_what_may_differ_between_recordings_of_an_animal() -> None:
    assert len(
        Study(table(treatment=["veh", "drug", "veh"], day=["1", "2", "1"], sex=["m", "", "f"]))
    )


def test_all_problems_are_told_at_once() -> None:
    rows = pd.DataFrame({"recording": [""] * 12, "animal": ["a"] * 12})
    with pytest.raises(InputError, match=r"row 1 has no recording; .*; and 4 more"):
        Study(rows)


def test_index_of_the_table_does_not_matter() -> None:
    shuffled = table(sex=["m", "f", "m"]).set_index(pd.Index([9, 4, 4]))
    with pytest.raises(InputError, match="rows 1, 2"):
        Study(shuffled)


def test_missing_columns() -> None:
    with pytest.raises(
        InputError, match="study table: expected columns recording, animal, found no animal"
    ):
        Study(pd.DataFrame({"recording": ["r1"]}))


def test_rows_have_the_numbers_of_their_file() -> None:
    with pytest.raises(InputError, match=r"lines 2, 9"):
        Study(table(sex=["m", "f", "m"]), rows=RowNames("line", (2, 9, 12)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v1.mp4", "/study/v1.mp4"),
        ("day 1\\v1.mp4", "/study/day 1/v1.mp4"),
        ("/far/v1.mp4", "/far/v1.mp4"),
        ("C:\\lab\\v1.mp4", "C:/lab/v1.mp4"),
        ("\\\\server\\share\\v1.mp4", "//server/share/v1.mp4"),
        ('"C:\\lab\\v1.mp4"', "C:/lab/v1.mp4"),
        ("..\\v1.mp4", "/study/../v1.mp4"),
        ("~nobody-of-that-name/v1.mp4", "~nobody-of-that-name/v1.mp4"),
    ],
)
def test_paths_of_other_systems(text: str, expected: str) -> None:
    assert path_of_cell(text, Path("/study")) == Path(expected)


def test_paths_of_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert path_of_cell("~/v1.mp4", Path("/study")) == Path("/home/me/v1.mp4")
    assert path_of_cell("~\\v1.mp4", Path("/study")) == Path("/home/me/v1.mp4")
    assert path_of_cell("  ", Path("/study")) is None
    assert path_of_cell("v.mp4") == Path("v.mp4")


def test_doubts_do_not_make_a_study_unusable() -> None:
    study = Study(table(video=["v.mp4", "V.MP4", "w.mp4"]))
    assert study.doubts[0] == "video 'v.mp4' belongs to recordings 'r1' and 'r2' (rows 1, 2)"
