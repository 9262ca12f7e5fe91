from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.io.labels import read_bouts, write_bouts
from napari_mousegpt.store.corrections import CorrectionsFile

BOUTS = Intervals.build(
    ["m1", "m1", "m2"], [10, 30, 5], [30, 50, 9], "a",
    label=["rear", "groom", "rear"], bout_id=["b1", "b2", "b3"],
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the corrections of m1 and m9, and a table of bouts of m1 and m2."""
    write_bouts(tmp_path / "bouts.csv", Ethogram(BOUTS, source="model"))
    kept = tmp_path / "corrections"
    for name, base in (("m1", Ethogram(BOUTS, source="model")), ("m9", None)):
        book = BoutBook(name, 100, base, who="KM")
        file = CorrectionsFile(kept / f"{name}.corrections.jsonl", name, 100)
        for plan in (
            lambda book=book: book.plan_mark("a", 60, 70, "rest"),
            lambda book=book: book.plan_comment(book.rows[0].bout_id, 'blurred, "dark"\nlook'),
            lambda book=book: book.plan_trim(book.rows[0].bout_id, stop=72, who=""),
        ):
            edit = plan()
            book.apply(edit)
            file.append(edit)
    return tmp_path


def test_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corrections", str(folder / "corrections")]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "m1: 3 edits (1 mark, 1 comment, 1 trim)"
    assert out[1].startswith("  by KM, nobody named; 20")
    assert out[2].startswith("m9: 3 edits")


def test_list_as_json_with_notes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "corrections" / "m1.corrections.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", str(file.parent))
    assert main(["corrections", "--json"]) == 0
    one, two = json.loads(capsys.readouterr().out)["recordings"]
    assert (one["recording"], one["edits"], one["who"]) == ("m1", 2, ["KM"])
    assert (two["edits"], two["notes"]) == (3, [])
    assert "line 4: set aside, since it is cut off" in one["notes"][0]
    assert main(["corrections", str(file)]) == 0
    assert "line 4: set aside" in capsys.readouterr().out


def test_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "audit.csv"
    arguments = ["corrections", str(folder / "corrections"), "--audit", str(out)]
    assert main(arguments) == 0
    table = pd.read_csv(out, keep_default_na=False, dtype=str)
    assert set(table["recording"]) == {"m1", "m9"}
    mine = table[(table["recording"] == "m1") & (table["action"] != "mark")]
    assert mine[["who", "action", "bout_id", "field", "old", "new"]].to_numpy().tolist() == [
        ["KM", "comment", "b1", "comment", "", 'blurred, "dark"\nlook'],
        ["", "trim", "b1", "stop", "30", "72"],
        ["", "trim", "b1", "source", "model", "human"],
        ["", "trim", "b1", "status", "proposed", "accepted"],
    ]
    assert f"{out}: {len(table)} changed fields" in capsys.readouterr().out
    assert main(arguments) == 2
    assert "Name another file, or add --overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


@pytest.mark.parametrize("name", ["corrected.csv", "corrected.parquet"])
def test_apply(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    out = folder / name
    arguments = ["corrections", str(folder / "corrections"), "--apply", str(folder / "bouts.csv")]
    assert main([*arguments, "-o", str(out)]) == 0
    table = read_bouts(out).to_pandas().set_index("bout_id")
    assert len(table) == 4
    b1 = table.loc["b1"]
    assert (b1["stop"], b1["source"], b1["comment"]) == (72, "human", 'blurred, "dark"\nlook')
    assert table.loc["b2", "source"] == "model"
    assert table.loc["b3", "recording"] == "m2"
    assert table["label"].tolist().count("rest") == 1
    text = capsys.readouterr().out
    assert f"{out}: 4 bouts" in text
    assert "m9: left out, since" in text
    assert main([*arguments, "-o", str(out)]) == 2


def test_wrong_options(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = str(folder / "corrections")
    assert main(["corrections", kept, "-o", "x.csv"]) == 2
    assert main(["corrections", kept, "--apply", str(folder / "bouts.csv")]) == 2
    assert "expected --apply and -o together" in capsys.readouterr().err
    assert main(["corrections", str(folder / "nowhere")]) == 2
    assert main(["corrections", str(folder / "bouts.csv")]) == 2
    assert "expected a file of corrections" in capsys.readouterr().err
    strange = str(folder / "corrections" / "m9.corrections.jsonl")
    out = folder / "new.csv"
    bouts = str(folder / "bouts.csv")
    assert main(["corrections", strange, "--apply", bouts, "-o", str(out)]) == 2
    assert "expected some of 'm1', 'm2', found 'm9'" in capsys.readouterr().err
    assert not out.exists()


def test_no_corrections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corrections", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "No corrections.\n"
