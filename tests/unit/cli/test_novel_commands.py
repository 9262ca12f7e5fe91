"""The command ``novel``: what it tells, what it accepts, what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import napari_mousegpt as mg
from napari_mousegpt.cli.main import main
from napari_mousegpt.clusters import ClusterMap, ClusterParams, fit
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from support.novelty_worlds import make

KNOWN = (0, 1, 2, 3, 4)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("sides")
    reference, _ = make("r", 5, KNOWN, seed=1)
    new, _ = make("n", 3, (*KNOWN, 6), seed=2)
    write_parquet(reference.to_table(), folder / "reference.parquet")
    write_parquet(new.to_table(), folder / "new.parquet")
    fit(reference, ClusterParams(micro_clusters=60, partitions=20, bout_s=0.5)).save(folder / "map")
    return folder / "reference.parquet", folder / "new.parquet"


def test_candidate_is_told_and_accepted(
    sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["novel", str(sides[0]), "--new", str(sides[1]), "-o", str(tmp_path / "run"), "-q"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "control r0" in told
    assert "Candidate 0:" in told
    grown = tmp_path / "grown"
    more = ["--accept", "0", "--map", str(sides[0].parent / "map"), "--save-map", str(grown)]
    assert main([*words, *more, "--name", "digging", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    old = ClusterMap.load(sides[0].parent / "map")
    assert facts["accepted"]["cluster"] == old.next_id
    assert ClusterMap.load(grown).clusters[-1] == old.next_id


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--accept", "0"], "--accept and --map together"),
        (["--false-alarms", "2"], "false_alarms=2.0"),
        (["-k", "900"], "as many as neighbours"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    sides: tuple[Path, Path],
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "run"
    assert main(["novel", str(sides[0]), "--new", str(sides[1]), "-o", str(out), "-q", *words]) == 2
    told, err = capsys.readouterr()
    assert said in err
    assert not told
    assert not out.exists()


def test_vectors_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = str(tmp_path / "gone")
    assert main(["novel", gone, "--new", gone, "-o", str(tmp_path / "run")]) == 2
    assert "result/vectors.parquet" in capsys.readouterr().err


def test_a_run_is_as_good_as_its_map(
    sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "clustered"
    shutil.copytree(sides[0].parent / "map", run / "result" / "map")
    words = ["novel", str(sides[0]), "--new", str(sides[1]), "-o", str(tmp_path / "run"), "-q"]
    more = ["--accept", "0", "--map", str(run), "--save-map", str(tmp_path / "grown")]
    assert main([*words, *more]) == 0
    assert "is cluster" in capsys.readouterr().out


def test_a_study_names_some_of_the_recordings_or_is_refused(
    sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, out = tmp_path / "study.csv", tmp_path / "run"
    words = ["novel", str(sides[0]), "--new", str(sides[1]), "--study", str(study), "-q"]
    study.write_text("recording,animal,video\nother,m1,none.mp4\n", encoding="utf-8")
    assert main([*words, "-o", str(out)]) == 2
    assert "study.csv: expected the recordings of these vectors" in capsys.readouterr().err
    assert not out.exists()
    study.write_text("recording,animal,video\nn0,m1,none.mp4\n", encoding="utf-8")
    assert main([*words, "-o", str(out)]) == 0
    assert '"n0": "m1"' in (out / "plan.json").read_text(encoding="utf-8")


def test_a_folder_of_a_study_is_taken_as_its_recordings(
    sides: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, rows = tmp_path / "study", read_parquet(sides[0])
    (study / "result").mkdir(parents=True)
    card = RunCard("run_study", {}, {}).to_json()
    (study / "result" / "run_card.json").write_text(card, encoding="utf-8")
    names = sorted(set(rows["recording"]))
    for name in names:
        place = study / "recordings" / name / "result"
        place.mkdir(parents=True)
        write_parquet(rows[rows["recording"] == name], place / "vectors.parquet")
    folders = [f"recordings/{name}" for name in names]
    table = pd.DataFrame({"recording": names, "state": "done", "folder": folders})
    write_parquet(table, study / "result" / "study.parquet")
    asked = []

    def spy(reference: Vectors, new: Vectors, *_: object, **__: object) -> None:
        asked.append((reference.to_table(), new.to_table()))
        raise InputError("novel", expected="a look at its vectors alone")

    monkeypatch.setattr(mg, "iter_novel", spy)
    for reference in (sides[0], study):
        words = ["novel", str(reference), "--new", str(sides[1]), "-o", str(tmp_path / "run")]
        assert main([*words, "-q"]) == 2
    for of_files, of_study in zip(*asked, strict=True):
        pd.testing.assert_frame_equal(of_files, of_study)
    pd.testing.assert_frame_equal(asked[0][0], rows)
