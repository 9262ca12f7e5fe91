"""The command ``run``: what its options mean."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.cli.run_commands import _params, add_run_options
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.runs import RunParams
from support.mock_server import MODEL, Answer, chat_answer, mock_server

CLOCK = Timebase.constant(30, 300)


def params(*words: str, clock: Timebase | None = CLOCK) -> RunParams:
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    return _params(parser.parse_args(["video.mp4", *words]), clock)


def test_what_is_not_said_is_as_everywhere() -> None:
    assert params() == RunParams()


@pytest.mark.parametrize(
    ("words", "window_s", "step_s"),
    [
        (["--window", "2s"], 2.0, 0.0),
        (["--window", "60f", "--step", "500ms"], 2.0, 0.5),
        (["--step", "15f"], 1.0, 0.5),
    ],
)
def test_windows_and_steps(words: list[str], window_s: float, step_s: float) -> None:
    found = params("--windows", *words)
    assert (found.segments, found.window_s, found.step_s) == ("windows", window_s, step_s)


def test_a_model_makes_the_words_beside_an_encoder_that_makes_the_vectors() -> None:
    words = "--model m --prompt label --words-frames 6 --words-stride 6f --words-revision w"
    both = "--encoder e --frames 16 --stride 0.5 --revision v --device cpu --dtype float32"
    found = params(*words.split(), *both.split(), "--camera", "top")
    said, seen = found.describer, found.video
    assert (said.model, said.clips.frames, said.clips.stride_s) == ("m", 6, 0.2)
    assert (found.encoder, seen.frames, seen.stride_s) == ("e", 16, 0.5)
    assert (said.revision, seen.revision) == ("w", "v")
    # One machine, one kind of numbers, one view for both.
    assert (said.device, said.dtype, said.clips.cameras) == ("cpu", "float32", ("top",))
    assert (seen.device, seen.dtype, seen.cameras) == ("cpu", "float32", ("top",))
    assert params("--device", "cpu").describer.by_rules


@pytest.mark.parametrize(
    ("words", "clock", "said"),
    [
        ("--only clusters --model m", CLOCK, "--only clusters"),
        ("--model m --words-stride 6f", None, "the frame rates of a study may differ"),
        ("--server http://127.0.0.1:1", CLOCK, "the name of a model there"),
        ("--labels labels.txt", CLOCK, "a model or a server"),
        ("--words-size 96", CLOCK, "which goes by rules"),
    ],
)
def test_options_that_make_no_sense_together(words: str, clock: Timebase | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        params(*words.split(), clock=clock)


def test_a_server_describes_a_video_and_a_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_sample(tmp_path / "a", seconds=4, size=(96, 128))
    table = tmp_path / "study.csv"
    table.write_text(f"recording,animal,video,pose\na,m,{made.video},{made.pose}\n")
    with mock_server(lambda _: Answer(body=chat_answer('{"label": "walk"}'))) as server:
        words = ["--server", server.url, "--model", MODEL, "--prompt", "label", "--only", "words"]
        words += ["--windows", "--window", "2s", "--words-frames", "2"]
        one = ["run", str(made.video), "--pose", str(made.pose), *words]
        assert main([*one, "--estimate"]) == 0
        out = capsys.readouterr().out
        assert f"on the server {server.url}" in out
        assert "asked about some 2 stretches" in out
        assert main(["run", str(table), *words, "--estimate"]) == 0
        assert "asked about some 2 stretches" in capsys.readouterr().out
        assert server.requests == server.listings == []
        assert main([*one, "-o", str(tmp_path / "one")]) == 0
        assert "words:    walk 100%" in capsys.readouterr().out
        assert main(["run", str(table), *words, "-o", str(tmp_path / "all")]) == 0
        assert len(server.requests) == 4
        assert main(["run", str(table), "--study", str(table), "-o", str(tmp_path / "no")]) == 2
