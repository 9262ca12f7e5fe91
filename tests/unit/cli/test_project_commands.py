"""What the command ``project`` refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.cli.main import main
from support.film_reel import write_reel
from support.tiny_encoders import tiny_encoder
from support.torchvision_cure import cure_torchvision


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert cure_torchvision()
    return tiny_encoder("videomae", tmp_path_factory.mktemp("made") / "encoder")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--frames", "4"], "--frames: expected a video encoder"),
        (["--device", "cpu"], "--device: expected a video encoder"),
        (["--follow"], "--follow: expected a video encoder that it is for, found the kinematic"),
        (["--encoder", "ENCODER", "--step", "0s"], "--step 0s: expected more than 0 s"),
        (["--encoder", "ENCODER", "--window", "1s", "--every", "0.5"], "say it with --step"),
        (["--encoder", "ENCODER", "--window", "0s"], "'0s': expected more than 0 s"),
        (["--encoder", "ENCODER", "--frames", "3"], "expected 8, the length"),
        (["--encoder", "ENCODER", "--window", "1f"], "at least 8 pictures, as the model needs"),
        (["--encoder", "ENCODER", "--camera", "side"], "view 'side' of recording 'cage7'"),
        (["--encoder", "swin3d-bb"], "Did you mean swin3d-b"),
        (["--encoder", "swin3d-b"], "expected your agreement"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    encoder: Path, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    movie, out = write_reel(tmp_path / "cage7.mp4", ["left"]), tmp_path / "out"
    given = [str(encoder) if word == "ENCODER" else word for word in words]
    assert main(["project", str(movie), "-o", str(out), "-q", *given]) == 2
    told, err = capsys.readouterr()
    assert (told, said in err) == ("", True), err
    assert "Traceback" not in err
    assert not out.exists()
