"""The command ``models``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.main import main
from napari_mousegpt.cli.model_commands import add_model_options, report_models
from napari_mousegpt.errors import InputError
from napari_mousegpt.models import PRESETS, Consent
from napari_mousegpt.models import device as device_room
from napari_mousegpt.models.device import Device
from support.hub_server import Hub, serving
from support.tiny_models import tiny_vlm


def answer(*words: object) -> Answer:
    parser = argparse.ArgumentParser()
    add_model_options(parser)
    return report_models(parser.parse_args([str(word) for word in words]))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlm("internvl", tmp_path_factory.mktemp("made") / "tiny mouse")


@pytest.fixture
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device("cpu", "cpu", 16 * 10**9, ("float32",))
    monkeypatch.setattr(device_room, "devices", lambda: (device,))


@pytest.fixture
def hub(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants, hf_api

    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with serving(Hub({"lab/tiny": model})) as server:
        address = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address)
        monkeypatch.setattr(hf_api.api, "endpoint", server.url)
        yield server


@pytest.mark.usefixtures("laptop")
def test_models_are_listed_by_hardware_with_their_terms() -> None:
    found = answer()
    text = "\n".join(found.lines)
    assert found.lines[:2] == ["This machine: cpu, 16 GB.", "To begin with: smolvlm2-500m."]
    order = [text.index(words) for words in ("without a card", "8-12 GB", "24 GB", "80 GB and")]
    assert order == sorted(order)
    rows = {line.split()[0]: line for line in found.lines if line.startswith("  ")}
    assert set(PRESETS) <= set(rows)
    assert rows["smolvlm2-500m"].split()[1:] == [
        "Apache-2.0", "2.0", "GB", "1.0", "GB", "try", "first"
    ]  # fmt: skip
    assert "CC-BY-NC-4.0 !" in rows["videomae-b"]
    assert rows["vivit-b"].split()[1:4] == ["not", "found", "?"]
    assert rows["qwen3-vl-8b"].endswith("needs a card")
    assert rows["vjepa2-l"].endswith("fits")
    assert max(map(len, found.lines)) <= 100
    assert json.loads(json.dumps(found.facts))["first"] == "smolvlm2-500m"


def test_what_fits_follows_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Device("cuda:0", "cuda", 12 * 10**9, ("bfloat16",), "Test card")
    monkeypatch.setattr(device_room, "devices", lambda: (card,))
    found = answer("--kind", "vlm")
    rows = {line.split()[0]: line for line in found.lines if line.startswith("  ")}
    assert rows["qwen3-vl-2b"].endswith("try first")
    assert rows["qwen3-vl-8b"].endswith("too large")
    assert "vjepa2-l" not in rows
    fits = {entry["name"] for entry in found.facts["models"] if entry["fits"]}
    assert {"smolvlm2-500m", "qwen3-vl-2b"} <= fits
    assert "qwen3-vl-8b" not in fits


def test_a_model_that_can_be_used_says_how(model: Path) -> None:
    found = answer("check", model, "--device", "cpu")
    assert found.exit_code == 0
    assert found.lines[-1] == "It can be used."
    assert "internvl, gives words; licence not stated" in found.lines[0]
    assert found.facts["usable"]
    assert found.facts["hash"].startswith("blake2b-weights:")


def test_a_model_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}'
    )
    found = answer("check", tmp_path)
    assert found.exit_code == 2
    assert "LlamaForCausalLM (llama), which reads text only" in found.lines[-1]
    assert not found.facts["usable"]
    assert found.facts["problem"] in found.lines[-1]


@pytest.mark.usefixtures("laptop")
def test_a_model_that_needs_a_card_is_refused_without_one(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mousegpt.models import weights

    monkeypatch.setattr(weights, "LARGEST_WITHOUT_CARD_GB", 0)
    found = answer("check", model)
    assert found.exit_code == 2
    assert "tiny mouse: expected a card" in found.lines[-1]
    assert "ask for device cpu" in found.lines[-1]
    assert answer("check", model, "--device", "cpu").exit_code == 0


def test_a_model_of_the_hub_goes_from_check_to_agree_to_fetch(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    first = answer("check", "lab/tiny")
    assert first.exit_code == 2
    assert first.lines[-1].endswith("Next: napari-mousegpt models agree lab/tiny.")
    assert main(["models", "fetch", "lab/tiny"]) == 2
    assert "expected your agreement" in capsys.readouterr().err
    assert hub.asked == []
    agreed = answer("agree", "lab/tiny")
    assert agreed.facts["subject"] == "lab/tiny"
    assert "agreed to the download of lab/tiny" in agreed.lines[0]
    assert "not verified" in agreed.lines[1]
    assert Consent().agreed("download", "lab/tiny")
    assert answer("check", "lab/tiny").lines[-1].endswith("models fetch lab/tiny.")
    assert hub.asked == []
    fetched = answer("fetch", "lab/tiny")
    assert fetched.facts["revision"] == hub.commit("lab/tiny")
    assert "lab/tiny  0.00 of 0.00 GB" in capsys.readouterr().err
    assert answer("check", "lab/tiny", "--device", "cpu").exit_code == 0
    assert answer("fetch", "lab/tiny", "--again", "-q").facts == fetched.facts
    assert capsys.readouterr().err == ""


def test_agreeing_tells_the_terms(tmp_path: Path) -> None:
    said = answer("agree", "videomae-b").lines
    assert "CC-BY-NC-4.0" in said[1]
    assert Consent().agreed("download", PRESETS["videomae-b"].hub_id)
    assert "nothing to agree to" in answer("agree", tmp_path).lines[0]


@pytest.mark.usefixtures("laptop")
def test_what_will_not_run_here_is_told_before_it_is_fetched() -> None:
    for action in ("check", "agree"):
        told = "\n".join(answer(action, "qwen3-vl-8b").lines)
        assert "! It needs a card: 17.5 GB for its weights, and this machine has cpu, 16 GB" in told
        assert "ask a server" in told
        told = "\n".join(answer(action, "qwen3-vl-2b").lines)
        assert "--device cpu works, slowly" in told
        assert "It " not in "\n".join(answer(action, "smolvlm2-500m").lines)


def test_a_list_is_of_all() -> None:
    with pytest.raises(InputError, match=r"Write: models check smolvlm2-500m"):
        answer("list", "smolvlm2-500m")


@pytest.mark.parametrize("action", ["check", "agree", "fetch"])
def test_an_action_without_a_model_is_told(action: str) -> None:
    with pytest.raises(InputError, match=f"models {action}: expected a model, found none"):
        answer(action)
