from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.core.study import Study
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
