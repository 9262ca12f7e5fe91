"""The command ``describe`` with models and servers, from a movie on disk."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_mousegpt.cli.main import main
from support.film_reel import write_reel
from support.mock_server import MODEL, Answer, chat_answer, mock_server
from support.model_fixtures import ModelFolders, tiny_folders, trained_folders  # noqa: F401

# ruff: noqa: F811 - fixtures are imported by name

SMALL = ["--size", "56", "--frames", "4", "-q"]
HERE = ["--device", "cpu"]


def labels_file(folder: Path, labels: list[str]) -> str:
    path = folder / "labels.txt"
    path.write_text("\n".join(labels))
    return str(path)


@pytest.mark.parametrize(
    "task",
    [
        *(pytest.param(task, marks=pytest.mark.slow) for task in ("left/right", "rear/lie")),
        "bright/dark",
    ],
)
def test_a_trained_model_tells_films_apart(
    trained_folders: ModelFolders, task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = task.split("/")
    kinds = labels * 8
    words = [
        "--model",
        str(trained_folders(task)),
        "--labels",
        labels_file(tmp_path, labels),
        *HERE,
    ]
    found = {}
    for way in ("there", "back"):
        movie = write_reel(tmp_path / f"cage7_{way}.mp4", kinds, backwards=way == "back")
        out = tmp_path / way
        assert main(["describe", str(movie), "-o", str(out), *words, *SMALL]) == 0
        assert "16 rows" in capsys.readouterr().out
        found[way] = pd.read_csv(out / "result" / "descriptions.csv")["label"].tolist()
    right = {
        way: sum(one == kind for one, kind in zip(told, kinds, strict=True))
        for way, told in found.items()
    }
    assert right["there"] >= 15
    assert right["back"] <= 1 if task == "left/right" else right["back"] >= 15


def test_the_preview_is_what_the_model_gets(
    tiny_folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    movie = write_reel(tmp_path / "cage7.mp4", ["left"])
    labels = labels_file(tmp_path, ["left", "<video> right"])
    words = [
        "--model",
        str(tiny_folders["internvl"]),
        "--labels",
        labels,
        "--prompt",
        "label",
        *HERE,
    ]
    command = ["describe", str(movie), "-o", str(tmp_path / "run"), *words, *SMALL, "--preview"]
    assert main(command) == 0
    out, _ = capsys.readouterr()
    assert "===== label" in out
    assert "[4 pictures of 56 x 56, at 0.12, 0.38, 0.62, 0.88 s of 1.00 s]" in out
    assert "- < video> right" in out
    assert "! The label '< video> right' holds what models read as a control token" in out
    assert "Measured on this clip" in out
    files = sorted((tmp_path / "run-preview").iterdir())
    assert [file.name for file in files] == [f"clip1_{n:02d}.png" for n in (1, 2, 3, 4)]
    assert np.asarray(Image.open(files[0])).shape == (56, 56, 3)
    assert not (tmp_path / "run").exists()
    # The same command without it runs, into a folder that is free.
    assert main(command[:-1]) == 0
    assert "! The label '< video> right' holds what models read" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["asks"].keys() == {"label"}


def test_a_server_is_asked_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    movie = write_reel(tmp_path / "cage7.mp4", ["left", "right"])
    answers = iter([Answer(body=chat_answer('{"label": "left"}')), Answer(400, b"no")])
    with mock_server(lambda _: next(answers)) as server:
        words = ["--server", server.url, "--model", MODEL, "--prompt", "label"]
        command = ["describe", str(movie), "-o", str(tmp_path / "run"), *words, *SMALL]
        assert main([*command, "--preview"]) == 0
        assert "One clip, 4 pictures in order of time" in capsys.readouterr().out
        assert server.requests == []
        assert main(command) == 0
    out, _ = capsys.readouterr()
    assert "1 of 2 windows could not be described:" in out
    assert "not described: server" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "smolvlm2-nothing"], "Did you mean smolvlm2"),
        (["--model", "MODEL", "--device", "cuda:9"], "device 'cuda:9'"),
        (["--model", "owner/name"], "your agreement, given once"),
        (["--labels", "labels.txt"], "a model or a server"),
        (["--server", "http://127.0.0.1:1"], "the name of a model there"),
        (["--server", "https://gpu.lab.invalid", "--model", "m"], "--agree 'your name'"),
        (["--server", "https://no.invalid", "--model", "m", "--agree", "Ada"], "server https:"),
        (["--model", "MODEL", "--agree", "Ada"], "models agree"),
        (["--model", "MODEL", "--stride", "soon"], "duration 'soon'"),
        (["--model", "MODEL", "--prompt", "nothing"], "prompt 'nothing'"),
        (["--server", "http://127.0.0.1:1", "--model", "m", "--device", "cpu"], "--device: "),
        (["--server", "http://127.0.0.1:1", "--model", "m", "--dtype", "float16"], "--dtype: "),
        (
            ["--server", "http://127.0.0.1:1", "--model", "m", "--least-confidence", "0.5"],
            "--least-confidence: expected a model on this machine, found a server",
        ),
        (["--model", "MODEL", "--calibration", "."], "found a folder. Name the file in it"),
        (["--model", "MODEL", "--quantised", "int8"], "pip install bitsandbytes"),
        (["--preview"], "which goes by rules"),
        (["--crop", "animal"], "which goes by rules"),
        (["--model", "MODEL", "--least-confidence", "2"], "least_confidence=2"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    tiny_folders: dict[str, Path],
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    movie = write_reel(tmp_path / "cage7.mp4", ["left"])
    given = [str(tiny_folders["internvl"]) if word == "MODEL" else word for word in words]
    assert main(["describe", str(movie), "-o", str(tmp_path / "run"), "-q", *given]) == 2
    out, err = capsys.readouterr()
    assert (out, said in err) == ("", True), err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()
