"""The command ``certify``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.models.trust import trust_card
from napari_mousegpt.models.weights import find_weights
from napari_mousegpt.runs import certify as certify_room
from support.model_fixtures import tiny_folders  # noqa: F401
from support.seeing import Seer

# ruff: noqa: F811 - fixtures are imported by name

QUICK = ["--trials", "2", "--size", "56", "--device", "cpu"]


def test_a_random_model_fails_with_its_card(
    tiny_folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, page = str(tiny_folders["internvl"]), tmp_path / "card.md"
    assert main(["certify", model, *QUICK, "-o", str(page)]) == 1
    out, err = capsys.readouterr()
    assert "internvl: fails. Nothing shows" in out
    assert err.count("\n") == 8
    assert err.splitlines()[0].startswith("FAIL  motion direction")
    assert page.read_text().startswith("# Trust card: internvl")
    # What was kept is shown again without trying anything.
    assert main(["certify", model, "--show", "--json"]) == 1
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert (facts["verdict"], err) == ("fails", "")
    card = trust_card(find_weights(model).files_hash)
    assert card is not None
    assert facts["weights_hash"] == card.weights_hash
    assert facts["trials"][0]["interval"] == list(card.trials[0].interval)


def test_a_model_that_passes_ends_well(
    tiny_folders: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Stand(Seer):
        def __init__(self, weights: object) -> None:
            self.weights = weights

    monkeypatch.setattr(certify_room, "_load", lambda weights, *_: Stand(weights))
    model = str(tiny_folders["internvl"])
    assert main(["certify", model, "-q", "--size", "96", "--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("internvl: passes.")
    assert err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--show"], "certify"),
        (["--trials", "3"], "even number"),
        (["--device", "cuda:9"], "device"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    tiny_folders: dict[str, Path],
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Another family, so that no card of it is there.
    assert main(["certify", str(tiny_folders["smolvlm"]), *words]) == 2
    out, err = capsys.readouterr()
    assert (out, said in err) == ("", True)
    assert "Traceback" not in err


def test_a_page_goes_nowhere_but_into_a_folder(
    tiny_folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # It is told before the model is tried, which takes minutes.
    monkeypatch.setattr(certify_room, "certify", None)
    model = str(tiny_folders["internvl"])
    for place, told in ((tmp_path / "no" / "card.md", "found no folder"), (tmp_path, "a folder")):
        assert main(["certify", model, *QUICK, "-q", "-o", str(place)]) == 1
        assert told in capsys.readouterr().err
