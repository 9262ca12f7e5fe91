"""Files of a study that were moved."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.core.study import Study
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.fingerprint import file_fingerprint
from napari_mousegpt.io.relocation import relocate
from napari_mousegpt.io.study import load_study, write_study


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or path.name)
    return path


def study(root: Path, *videos: str, **columns: list[str]) -> Study:
    rows = {
        "recording": [f"r{i}" for i in range(1, len(videos) + 1)],
        "animal": [f"a{i}" for i in range(1, len(videos) + 1)],
        "video": list(videos),
        **columns,
    }
    return Study(pd.DataFrame(rows), root)


def how(study: Study, *folders: Path) -> list[tuple[str, str]]:
    return [(row.how, row.new) for row in relocate(study, folders).rows]


def test_files_of_another_drive(tmp_path: Path) -> None:
    put(tmp_path / "new" / "day1" / "v.mp4")
    put(tmp_path / "new" / "day2" / "v.mp4")
    put(tmp_path / "new" / "deep" / "down" / "w.mp4")
    moved = study(tmp_path, "D:\\lab\\day1\\v.mp4", "D:\\lab\\day2\\v.mp4", "\\\\nas\\x\\w.mp4")
    assert how(moved, tmp_path / "new") == [
        ("same folder and name", "new/day1/v.mp4"),
        ("same folder and name", "new/day2/v.mp4"),
        ("same name", "new/deep/down/w.mp4"),
    ]
    found = relocate(moved, tmp_path / "new")
    assert (found.found, found.open) == (3, 0)
    assert found.lines()[0] == (
        "video of 'r1' (row 1): D:\\lab\\day1\\v.mp4 -> new/day1/v.mp4 (same folder and name)"
    )
    assert found.lines()[-1] == "3 found, 0 not, 0 in place."
    there = found.apply()
    assert there.path("r2", "video") == tmp_path / "new" / "day2" / "v.mp4"
    assert moved.row("r2")["video"] == "D:\\lab\\day2\\v.mp4"
    assert relocate(there, tmp_path).lines() == ["0 found, 0 not, 3 in place."]


def test_two_candidates_are_never_chosen_between(tmp_path: Path) -> None:
    one, two = put(tmp_path / "a" / "v.mp4", "one"), put(tmp_path / "b" / "v.mp4", "two")
    moved = study(tmp_path, "old/v.mp4")
    found = relocate(moved, [tmp_path / "a", tmp_path / "b"])
    assert [(row.how, row.new) for row in found.rows] == [("several", "")]
    assert found.rows[0].others == f"{one.as_posix()}, {two.as_posix()}"
    assert found.lines()[0].startswith("! video of 'r1' (row 1): old/v.mp4: several: ")
    with pytest.raises(InputError, match=r"1 of 1 without.*partial=True"):
        found.apply()
    assert found.apply(partial=True).row("r1")["video"] == "old/v.mp4"


def test_the_longest_common_way_decides(tmp_path: Path) -> None:
    put(tmp_path / "n" / "x" / "day1" / "v.mp4")
    put(tmp_path / "n" / "y" / "day1" / "v.mp4")
    assert how(study(tmp_path, "/old/x/day1/v.mp4"), tmp_path / "n") == [
        ("same folder and name", "n/x/day1/v.mp4")
    ]
    assert how(study(tmp_path, "/old/z/day1/v.mp4"), tmp_path / "n") == [("several", "")]


def test_one_file_does_not_serve_two_recordings(tmp_path: Path) -> None:
    put(tmp_path / "n" / "v.mp4")
    assert how(study(tmp_path, "day1/v.mp4", "day2/v.mp4"), tmp_path / "n") == [
        ("wanted twice", ""),
        ("wanted twice", ""),
    ]
    # It is the file of another recording already.
    assert how(study(tmp_path, "n/v.mp4", "day2/v.mp4"), tmp_path / "n") == [
        ("in place", ""),
        ("wanted twice", ""),
    ]
    # One video with two animals moves as one.
    both = study(tmp_path, "day1/v.mp4", "day1/v.mp4", individual=["left", "right"])
    assert how(both, tmp_path / "n") == [("same name", "n/v.mp4")] * 2


def test_a_fingerprint_tells_which(tmp_path: Path) -> None:
    put(tmp_path / "a" / "v.mp4", "one")
    right = put(tmp_path / "b" / "v.mp4", "two")
    known = study(tmp_path, "old/v.mp4", video_fingerprint=[file_fingerprint(right)])
    row = relocate(known, tmp_path).rows[0]
    assert (row.how, row.new, row.verified) == ("same content", "b/v.mp4", True)
    plain = study(tmp_path, "old/v.mp4")
    prints = {("r1", "video"): file_fingerprint(right)}
    assert relocate(plain, tmp_path, fingerprints=prints).rows[0].new == "b/v.mp4"
    right.write_text("something else")
    row = relocate(known, tmp_path / "b").rows[0]
    assert (row.how, row.new, row.verified) == ("other content", "", False)
    assert "v.mp4" in row.others


def test_verified_content_is_said(tmp_path: Path) -> None:
    right = put(tmp_path / "b" / "v.mp4")
    known = study(tmp_path, "old/v.mp4", video_fingerprint=[file_fingerprint(right)])
    assert relocate(known, tmp_path).lines()[0].endswith("(same name, content verified)")


def test_letter_case_of_names_may_differ(tmp_path: Path) -> None:
    put(tmp_path / "n" / "Day1" / "V.MP4")
    assert how(study(tmp_path, "x/day1/v.mp4"), tmp_path / "n") == [
        ("same folder and name", "n/Day1/V.MP4")
    ]


def test_what_is_not_there(tmp_path: Path) -> None:
    assert how(study(tmp_path, "v.mp4", ""), tmp_path) == [("not found", "")]
    with pytest.raises(InputError, match="no: expected a folder"):
        relocate(study(tmp_path, "v.mp4"), tmp_path / "no")


def test_roles_are_looked_at_apart(tmp_path: Path) -> None:
    put(tmp_path / "n" / "p.csv")
    put(tmp_path / "n" / "arena.json")
    table = study(tmp_path, "v.mp4", pose=["old/p.csv"], arena=["old/arena.json"])
    preview = relocate(table, tmp_path).preview
    assert preview[["role", "how"]].to_numpy().tolist() == [
        ["video", "not found"],
        ["pose", "same name"],
        ["arena", "same name"],
    ]
    assert list(relocate(table, tmp_path, roles=("pose",)).preview["role"]) == ["pose"]


def test_files_outside_the_folder_of_the_table_are_named_whole(tmp_path: Path) -> None:
    new = put(tmp_path / "n" / "v.mp4")
    assert how(study(tmp_path / "table", "old/v.mp4"), tmp_path / "n") == [
        ("same name", new.as_posix())
    ]


def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    put(tmp_path / "n" / "v.mp4")
    table = put(tmp_path / "s.csv", "recording,animal,video\nr1,a,old\\v.mp4\n")
    before = table.read_bytes()
    found = relocate(load_study(table), tmp_path)
    assert found.rows[0].row == "line 2"
    there = found.apply()
    assert table.read_bytes() == before
    write_study(table, there, overwrite=True)
    assert load_study(table).row("r1")["video"] == "n/v.mp4"
    assert (tmp_path / "s.csv.1.bak").read_bytes() == before
