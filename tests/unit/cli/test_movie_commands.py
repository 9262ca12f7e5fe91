"""The commands ``exemplars`` and ``annotate``."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.cli.movie_commands import _frame
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.video import VideoReader
from support.arrow import write_arrow

BOUTS = "recording,individual,start,stop,label\narrow,,10,30,walking\narrow,,40,60,walking\n"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arrow")
    (folder / "bouts.csv").write_text(BOUTS)
    return write_arrow(folder / "arrow.mp4", 90, (96, 160))


def test_exemplars_of_a_video_are_written(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "walking.mp4"
    words = ["exemplars", str(video), "--bouts", str(video.with_name("bouts.csv")),
             "--label", "walking", "--side", "64", "-o", str(out)]  # fmt: skip
    assert main([*words, "--json"]) == 0
    told = capsys.readouterr()
    facts = json.loads(told.out)
    assert [(bout["start"], bout["stop"]) for bout in facts["bouts"]] == [(10, 30), (40, 60)]
    assert "write" in told.err
    with VideoReader(out) as movie:
        # The first bout has but 10 frames before it; half a second either side otherwise.
        assert movie.timebase == Timebase.constant(30, 15 + 20 + 15)
    assert main([*words, "--quiet"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*words, "--quiet", "--overwrite", "--stay"]) == 0
    assert "2 bouts of 'walking'" in capsys.readouterr().out
    assert main([*words[:-2], "--label", "flying", "-o", str(tmp_path / "b.mp4")]) == 2
    assert "a label that has bouts: walking" in capsys.readouterr().err


def test_a_part_of_a_video_is_annotated(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.mp4"
    words = ["annotate", str(video), "--bouts", str(video.with_name("bouts.csv")), "-q"]
    assert main([*words, "--start", "1s", "--stop", "50f", "-o", str(out)]) == 0
    assert "20 frames" in capsys.readouterr().out
    with VideoReader(out) as movie:
        assert len(movie) == 20
    assert main([*words, "--start", "2s", "--stop", "1h", "-o", str(tmp_path / "b.mp4")]) == 0
    assert "30 frames" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["exemplars", "--label", "walking"], ["annotate"]])
def test_no_movie_replaces_the_video_it_is_made_of(
    video: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = video.read_bytes()
    words = [str(video), "--bouts", str(video.with_name("bouts.csv")), "-q", "--overwrite"]
    try:
        assert main([command[0], *words, *command[1:], "-o", str(video)]) == 2
        assert "one of the recording itself" in capsys.readouterr().err
        assert video.read_bytes() == before
    finally:
        video.write_bytes(before)


@pytest.mark.parametrize("part", [["--stop", "0f"], ["--start", "50f", "--stop", "1s"]])
def test_a_part_without_frames_is_refused(
    video: Path, tmp_path: Path, part: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["annotate", str(video), "--bouts", str(video.with_name("bouts.csv")), "-q"]
    assert main([*words, *part, "-o", str(tmp_path / "a.mp4")]) == 2
    assert "Name a stop after the start" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_frames_are_frames_also_where_the_rate_varies() -> None:
    clock = Timebase.from_pts([0, 10, 20, 100, 110, 120], Fraction(1, 100))
    assert _frame("4f", clock) == 4
    assert _frame("1s", clock) == 3
    assert _frame("9s", clock) == 6


def test_a_video_alone_says_nothing(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["annotate", str(video), "-o", str(tmp_path / "a.mp4")]) == 2
    assert "one video with --bouts" in capsys.readouterr().err
