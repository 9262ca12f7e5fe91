from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.store.blinding import LOG_NAME, BlindStudy
from napari_mousegpt.store.blinding_key import KEY_NAME


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "study.csv"
    rows = [f"ko_{n},k{n},ko,mon" if n % 2 else f"wt_{n},w{n},wt,tue" for n in range(6)]
    path.write_text("\n".join(["recording,animal,group,day", *rows]))
    return path


def blind(table: Path, out: Path, *more: str) -> int:
    return main(["blind", str(table), "-o", str(out), "--who", "Kim", *more])


def unblind(folder: Path, out: Path, *more: str) -> int:
    said = ["--who", "Lee", "--reason", "scoring is finished"]
    return main(["unblind", str(folder), *said, "-o", str(out), *more])


def test_a_study_is_blinded_and_unblinded(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert blind(table, tmp_path / "key", "--seed", "3", "--show", "day") == 0
    said = capsys.readouterr().out
    assert "6 items, item 01 to item 06" in said
    assert "not encrypted" in said
    assert "ko_" not in said
    assert blind(table, tmp_path / "same", "--seed", "3") == 0
    blinded = BlindStudy(tmp_path / "key")
    assert blinded.locked
    out = tmp_path / "items.csv"
    assert unblind(tmp_path / "key", out, "--study", str(table)) == 0
    found = pd.read_csv(out)
    assert list(found.columns) == ["item", "recording", "animal", "group", "day"]
    assert list(found["item"]) == list(blinded.codes)
    assert list(found["recording"]) == list(blinded.key.order)
    assert all(found["recording"].str.startswith(tuple(found["group"].unique())))
    entry = blinded.log[-1]
    assert (entry.who, entry.what, entry.facts["reason"]) == (
        "Lee", "unlocked", "scoring is finished",
    )  # fmt: skip
    assert unblind(tmp_path / "same", tmp_path / "again.csv") == 0
    again = pd.read_csv(tmp_path / "again.csv")
    assert list(again.columns) == ["item", "recording"]
    assert list(again["recording"]) == list(found["recording"])


def test_nothing_is_written_down_when_the_table_cannot_be(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert blind(table, tmp_path / "key") == 0
    taken = tmp_path / "taken.csv"
    taken.write_text("as it was")
    assert unblind(tmp_path / "key", taken) == 2
    assert taken.read_text() == "as it was"
    other = tmp_path / "other.csv"
    other.write_text("recording,animal\nm1,a\n")
    assert unblind(tmp_path / "key", tmp_path / "new.csv", "--study", str(other)) == 2
    assert main(["unblind", str(tmp_path / "key"), "--who", "Lee", "--reason", " ", "-o",
                 str(tmp_path / "new.csv")]) == 2  # fmt: skip
    assert BlindStudy(tmp_path / "key").locked
    assert not (tmp_path / "new.csv").exists()
    assert "ko_" not in capsys.readouterr().err
    assert unblind(tmp_path / "key", taken, "--overwrite") == 0


def test_a_blinding_is_never_overwritten(table: Path, tmp_path: Path) -> None:
    assert blind(table, tmp_path / "key") == 0
    before = (tmp_path / "key" / KEY_NAME).read_bytes()
    assert blind(table, tmp_path / "key") == 2
    assert (tmp_path / "key" / KEY_NAME).read_bytes() == before
    lines = (tmp_path / "key" / LOG_NAME).read_text().splitlines()
    assert [json.loads(line)["what"] for line in lines] == ["blinded"]
