"""What the commands ``propagate`` and ``calibrate`` refuse, and what they agree to."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.models import Consent

SERVER = "https://gpu.lab.invalid"


def test_agreeing_to_a_server_is_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    asked = ["propagate", str(tmp_path), "-o", str(out), "--server", SERVER, "--model", "m", "-q"]
    assert main(asked) == 2
    assert "--agree 'your name'" in capsys.readouterr().err
    assert not Consent().agreed("server", SERVER)
    # What is asked next is the run, which is not there.
    assert main([*asked, "--agree", "Ada"]) == 2
    assert "the folder of a finished run" in capsys.readouterr().err
    assert Consent().agreed("server", SERVER)
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["propagate"], "--model: expected a model or a server"),
        (["propagate", "--model", "m", "--agree", "Ada"], "--agree: expected a server"),
        (["propagate", "--model", "m", "--preview"], "Look at it with describe --preview."),
        (["propagate", "--model", "m", "--stride", "3f"], "--stride 3f: expected a length of time"),
        (["calibrate", "--server", SERVER, "--model", "m"], "--server: expected a model on this"),
        (["calibrate", "--model", "m", "--agree", "Ada"], "--agree: expected a model on this"),
        (["calibrate", "--model", "m", "--calibration", "c.json"], "Leave --calibration out"),
        (["calibrate", "--model", "m", "--least-confidence", "0.5"], "Leave --least-confidence"),
        (["calibrate", "--model", "m", "--max-tokens", "5"], "Leave --max-tokens out"),
        (["calibrate", "--model", "m", "--window", "9f"], "--window 9f: expected a length of time"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, *rest = words
    out = tmp_path / "out"
    assert main([command, str(tmp_path), "-o", str(out), "-q", *rest]) == 2
    told, err = capsys.readouterr()
    assert (told, said in err) == ("", True), err
    assert "Traceback" not in err
    assert not out.exists()
    assert not Consent().agreed("server", SERVER)
