"""The command ``labels``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_mousegpt.cli.main import main

FRAMES = "frame;grooming;rearing\n0;1;0\n1;1;1\n2;0;0\n"


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    path = tmp_path / "m1.csv"
    path.write_text(FRAMES)
    return path


def test_labels_are_told_and_written(
    frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bouts.csv"
    words = ["labels", str(frames), "-o", str(out), "--recording", "r1"]
    assert main(words) == 0
    assert "grooming: 1 bouts, 2 frames" in capsys.readouterr().out
    rows = [line.split(",") for line in out.read_text().splitlines()]
    at = [rows[0].index(name) for name in ("recording", "label", "start", "stop")]
    assert [[row[i] for i in at] for row in rows[1:]] == [
        ["r1", "grooming", "0", "2"],
        ["r1", "rearing", "1", "2"],
    ]
    assert main(words) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_a_clock_checks_the_length(frames: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames.write_text("label\ngrooming\ngrooming\nrearing\n")
    clock = ["--format", "frames", "--fps", "10", "--frames", "4"]
    assert main(["labels", str(frames), *clock]) == 2
    assert "mismatch" in capsys.readouterr().err
    assert main(["labels", str(frames), *clock, "--mismatch", "pad", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"] == {"grooming": 1, "rearing": 1}
    assert main(["labels", str(frames), "--fps", "10"]) == 2
    assert "--fps and --frames together" in capsys.readouterr().err


def test_bouts_in_seconds_need_a_clock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "b.csv"
    path.write_text("label,start_s,stop_s\nrear,1.5,2.5\n")
    assert main(["labels", str(path)]) == 2
    assert "clock" in capsys.readouterr().err
    assert main(["labels", str(path), "--fps", "10", "--frames", "100"]) == 0
    assert "rear: 1 bouts, 10 frames, 1.0 s" in capsys.readouterr().out
