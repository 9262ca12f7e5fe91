"""The command ``search``: what it lists, what it keeps, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.core.parquet import write_parquet
from support.searched import described, placed


@pytest.fixture
def run(tmp_path: Path) -> Path:
    table = described()
    result = tmp_path / "run" / "result"
    result.mkdir(parents=True)
    write_parquet(table, result / "descriptions.parquet")
    write_parquet(placed(table).to_table(), result / "vectors.parquet")
    return tmp_path / "run"


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return dict(json.loads(capsys.readouterr().out))


def test_what_is_found_is_listed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", str(run), "-t", "stands upright", "-k", "2"]) == 0
    out = capsys.readouterr().out
    assert "! No description has the word 'upright': used rearing instead." in out
    assert "rearing: Rears, neck 0.90 BL above the floor." in out
    assert "by: rears (stands upright); rearing (stands upright)" in out


def test_filters_and_examples(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["search", str(run), "--json", "-k", "40"]
    assert main([*asked, "--number", "speed=1:", "--recording", "m1"]) == 0
    rows = found(capsys)["found"]
    assert isinstance(rows, list)
    assert {row["recording"] for row in rows} == {"m1"}
    assert {row["sentence"].split()[1] for row in rows} == {"fast"}
    assert rows[0]["start_s"] is None
    assert main([*asked[:-1], "4", "--like", "m1:0:30", "--space", "vectors"]) == 0
    rows = found(capsys)["found"]
    assert isinstance(rows, list)
    assert [row["label"] for row in rows] == ["rearing"] * 4
    out = tmp_path / "found.csv"
    assert main([*asked, "-t", "walks", "--label", "walking", "-o", str(out)]) == 0
    assert set(pd.read_csv(out)["label"]) == {"walking"}


def test_groups_come_from_a_study_table(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.csv"
    study.write_text("recording,animal,group\nm1,A1,control\nm2,A2,drug\n")
    asked = ["search", str(run), "-t", "walks", "--json", "--study", str(study)]
    assert main([*asked, "--group", "drug"]) == 0
    rows = found(capsys)["found"]
    assert isinstance(rows, list)
    assert {(row["recording"], row["group"]) for row in rows} == {("m2", "drug")}
    assert main([*asked, "--animal", "A7"]) == 2
    assert "filter animal 'A7'" in capsys.readouterr().err


def test_the_index_is_kept_and_refused_for_other_runs(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = tmp_path / "index"
    asked = ["search", str(run), "-t", "walks", "--index", str(index)]
    assert main(asked) == 0
    first = capsys.readouterr().out
    made = (index / "index.json").stat().st_mtime_ns
    assert main(asked) == 0
    assert capsys.readouterr().out == first
    assert (index / "index.json").stat().st_mtime_ns == made
    assert main(["search", str(index), "-t", "walks"]) == 0
    assert capsys.readouterr().out == first
    assert main(["search", str(tmp_path / "else"), "-t", "walks", "--index", str(index)]) == 2
    assert "an index of the runs that are named" in capsys.readouterr().err
    write_parquet(described(20), run / "result" / "descriptions.parquet")
    assert main(asked) == 2
    assert "the run was made again" in capsys.readouterr().err
    assert main([*asked, "--rebuild"]) == 0


def test_own_synonyms_count(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[rearing]\nwords = ["periscoping"]\n')
    asked = ["search", str(run), "-t", "periscopes", "-k", "1"]
    assert main(asked) == 2
    assert "Descriptions speak of" in capsys.readouterr().err
    assert main([*asked, "--synonyms", str(own)]) == 0
    assert "used rearing instead" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-t", ""], "expected a word or a sentence"),
        (["-t", "walks", "--number", "speed"], "--number speed: expected NAME=LEAST:MOST"),
        (["-t", "walks", "--number", "speed=fast"], "two numbers with a colon"),
        (["-t", "walks", "--seconds", "3"], "two numbers with a colon"),
        (["-t", "walks", "--where", "dose"], "--where dose: expected COLUMN=VALUE"),
        (["-t", "walks", "--like", "m1:0:9"], "expected no --text beside it"),
        (["--like", "m1:a:b"], "RECORDING:START:STOP"),
        (["-t", "walks", "--agree", "Ada"], "--agree: expected a server"),
        (["-t", "walks", "--server", "http://127.0.0.1:1/v1"], "--embedding"),
        (["-t", "walks", "-k", "0"], "k=0: expected"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    run: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", str(run), *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_a_file_that_is_there_is_kept(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.csv"
    out.write_text("thesis")
    words = ["search", str(run), "-t", "walks", "-k", "1", "-o", str(out)]
    assert main(words) == 2
    assert "add --overwrite" in capsys.readouterr().err
    assert out.read_text() == "thesis"
    assert main([*words, "--overwrite"]) == 0
    assert len(pd.read_csv(out)) == 1
