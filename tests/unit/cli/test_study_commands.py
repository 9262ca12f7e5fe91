"""The commands ``study`` and ``relocate``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.study_commands import (
    add_relocate_options,
    add_study_options,
    report_relocation,
    report_study,
)
from napari_mousegpt.errors import InputError, OutputExistsError


def answer(command: str, *words: object) -> Answer:
    parser = argparse.ArgumentParser()
    add, report = {
        "study": (add_study_options, report_study),
        "relocate": (add_relocate_options, report_relocation),
    }[command]
    add(parser)
    return report(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "s.csv"
    path.write_text("ID,Mouse,video\nr1,a,old/v.mp4\nr2,b,old/w.mp4\n")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "v.mp4").touch()
    return path


COLUMNS = ("--column", "recording=ID", "--column", "animal=Mouse")


def test_check_names_what_is_wrong(table: Path) -> None:
    found = answer("study", table, *COLUMNS)
    assert found.exit_code == 2
    assert found.lines[0] == "s.csv: study table, 2 recordings of 2 animals."
    assert "! The video of recording 'r1' (line 2) is missing" in found.lines[1]
    assert json.loads(json.dumps(found.facts))["n_recordings"] == 2


def test_check_of_a_good_table(table: Path, tmp_path: Path) -> None:
    for name in ("v.mp4", "w.mp4"):
        (tmp_path / "old").mkdir(exist_ok=True)
        (tmp_path / "old" / name).touch()
    found = answer("study", table, *COLUMNS)
    assert found.exit_code == 0
    assert found.lines[-1] == "Nothing contradicts itself, and all its files are there."


def test_relocate_shows_and_writes_nothing(table: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    found = answer("relocate", table, *COLUMNS, "--folder", tmp_path / "new")
    assert found.exit_code == 2
    assert found.lines == [
        "video of 'r1' (line 2): old/v.mp4 -> new/v.mp4 (same name)",
        "! video of 'r2' (line 3): old/w.mp4: not found",
        "1 found, 1 not, 0 in place.",
        "Nothing was written: add --write FILE to keep the new table.",
    ]
    assert (found.facts["found"], found.facts["open"]) == (1, 1)
    assert json.loads(json.dumps(found.facts))["paths"][0]["new"] == "new/v.mp4"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_relocate_writes_when_asked(table: Path, tmp_path: Path) -> None:
    words = (
        "relocate",
        table,
        *COLUMNS,
        "--folder",
        tmp_path / "new",
        "--write",
        tmp_path / "t.csv",
    )
    with pytest.raises(InputError, match=r"s.csv: .* 1 of 2 without.*--partial"):
        answer(*words)
    assert not (tmp_path / "t.csv").exists()
    found = answer(*words, "--partial")
    assert found.exit_code == 0
    assert found.lines[-1] == f"{tmp_path / 't.csv'}: 2 recordings."
    text = (tmp_path / "t.csv").read_text()
    assert text == "recording,video,animal\nr1,new/v.mp4,a\nr2,old/w.mp4,b\n"
    with pytest.raises(OutputExistsError, match="--overwrite"):
        answer(*words, "--partial")
    assert "Kept: " in answer(*words, "--partial", "--overwrite").lines[-1]
    assert (tmp_path / "t.csv.1.bak").read_text() == text


def test_options_are_checked(table: Path) -> None:
    with pytest.raises(InputError, match="--column ID: expected OURS=THEIRS"):
        answer("study", table, "--column", "ID")
    with pytest.raises(SystemExit):
        answer("relocate", table)


def test_paths_may_start_elsewhere(table: Path, tmp_path: Path) -> None:
    found = answer("study", table, *COLUMNS, "--paths-from", tmp_path / "far")
    assert str(tmp_path / "far" / "old" / "v.mp4") in found.lines[1]
