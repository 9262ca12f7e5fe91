"""What is told of a describer before a run: here, not here, on a server; and what is refused."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt._napari.describer_choice import (
    SERVER,
    Looking,
    describer_details,
    describer_entries,
    describer_tips,
    fetch_parts,
    look_parts,
)
from napari_mousegpt._napari.found_describers import FoundDescriber, FoundServer, ServerToAgree
from napari_mousegpt._napari.model_choice import FOLDER, Absent
from napari_mousegpt.errors import InputError
from napari_mousegpt.models import PRESETS, Consent, ConsentError
from napari_mousegpt.models import device as device_room
from napari_mousegpt.models import hub as hub_room
from napari_mousegpt.models import weights as weights_room
from napari_mousegpt.models.trust import Speed, TrustCard, keep
from napari_mousegpt.words import server_client
from napari_mousegpt.words.describe_params import BY_RULES
from napari_mousegpt.words.servers import ServerError
from support.mock_server import mock_server
from support.model_fixtures import made_once, shared_folder
from support.tiny_models import text_only_model, tiny_vlm
from support.torchvision_cure import cure_torchvision


@pytest.fixture(scope="module", autouse=True)
def _torchvision() -> None:
    cure_torchvision()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(
        shared_folder(tmp_path_factory) / "internvl", lambda at: tiny_vlm("internvl", at)
    )


def looked(name: str, looking: Looking | None = None) -> Any:
    return ended(look_parts(name, looking or Looking()))


def ended(parts: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value


def test_every_preset_can_be_chosen_with_its_size_and_terms() -> None:
    entries, details = describer_entries(), describer_details()
    assert next(iter(entries)) == BY_RULES
    assert list(entries)[-2:] == [FOLDER, SERVER]
    models = {name for name, preset in PRESETS.items() if preset.kind == "vlm"}
    assert set(entries) == set(details) == set(describer_tips()) == {
        BY_RULES, FOLDER, SERVER, *models,
    }  # fmt: skip
    marked = {name for name, text in details.items() if "non-commercial" in text}
    assert marked == {name for name in models if PRESETS[name].commercial is False}
    assert marked
    assert details["qwen3-vl-8b"] == "qwen3-vl-8b: 17.5 GB, card of 24 GB, Apache-2.0"
    assert "17.5 GB of memory" in describer_tips()["qwen3-vl-8b"]


def test_what_is_here_is_told_with_licence_device_memory_and_trust(tiny: Path) -> None:
    found = looked(str(tiny))
    assert isinstance(found, FoundDescriber)
    lines = found.lines()
    assert lines[0] == f"{tiny.name} is on this machine; its family is internvl."
    assert lines[1] == "Licence: not stated, ask its publisher before you publish."
    assert lines[2].startswith("It runs on ")
    assert lines[2].endswith(" MB of that.")
    assert "never tried" in lines[3]
    assert found.model.weights is not None
    keep(
        TrustCard(
            model=tiny.name, revision="", weights_hash=found.model.weights.files_hash,
            family="internvl", kind="vlm", device="cpu", dtype="float32", created="2026-01-01",
            params={}, trials=(), speed=Speed(1.0),
        )
    )  # fmt: skip
    assert "it failed. Nothing shows that its answers depend on" in looked(str(tiny)).lines()[3]


def test_what_is_not_here_is_told_with_host_size_terms_and_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_room, "cached_model", lambda *_: None)
    found = looked("qwen2.5-vl-3b")
    assert isinstance(found, Absent)
    assert found.button == "Agree and get 7.5 GB from huggingface.co"
    about, licence, memory = found.lines()
    assert "Qwen/Qwen2.5-VL-3B-Instruct" in about
    assert "non-commercial use only" in licence
    assert memory.startswith("Memory: 7.5 GB for its weights in 16 bits")
    assert "card of 8-12 GB" in memory
    found.agree("Ada")
    assert looked("qwen2.5-vl-3b").button == "Download 7.5 GB from huggingface.co"
    assert looked("lab/unknown").lines()[1].startswith("Licence: not stated")


@pytest.mark.parametrize(
    ("memory_gb", "card_gb", "told"),
    [
        (64, 24, "Here it would run on cuda:0, 24 GB."),
        (64, 0, "no card and 64 GB of memory: it would run only on the processor, and slowly."),
        (16, 8, "cuda:0, 8 GB and 16 GB of memory: it would not run here."),
    ],
)
def test_whether_it_would_run_here_is_told_before_it_is_fetched(
    memory_gb: int, card_gb: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = device_room.Device("cuda:0", "cuda", card_gb * 10**9, ("bfloat16",))
    processor = device_room.Device("cpu", "cpu", memory_gb * 10**9, ("float32",))
    found = (card, processor) if card_gb else (processor,)
    monkeypatch.setattr(device_room, "devices", lambda: found)
    monkeypatch.setattr(hub_room, "cached_model", lambda *_: None)
    assert looked("qwen3-vl-8b").lines()[2].endswith(told)


def test_nothing_is_fetched_that_nobody_agreed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_room, "cached_model", lambda *_: None)
    monkeypatch.setattr(hub_room, "is_offline", lambda *_: False)
    with pytest.raises(ConsentError):
        ended(fetch_parts("smolvlm2-256m", Looking(), lambda: False))


def test_what_cannot_describe_is_refused(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_room, "cached_model", lambda *_: None)
    with pytest.raises(InputError, match="a video encoder, which gives vectors"):
        looked("videomae-b")
    with pytest.raises(InputError, match="nothing of that name"):
        looked("no such model")
    with pytest.raises(InputError, match="llama"):
        looked(str(text_only_model(tmp_path / "llama")))
    blind = tmp_path / "without-processor"
    blind.mkdir()
    for file in tiny.iterdir():
        if "processor" not in file.name:
            (blind / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match="processor"):
        looked(str(blind))


def test_a_large_model_takes_the_processor_only_when_asked(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_room, "card_needed_gb", lambda *_, **__: 4000.0)
    with pytest.raises(InputError, match="4000"):
        looked(str(tiny))
    assert looked(str(tiny), Looking(device="cpu")).model.device.name == "cpu"


def test_a_server_on_this_machine_lists_its_models() -> None:
    with mock_server() as server:
        found = looked(server.url, Looking(by_server=True))
        assert isinstance(found, FoundServer)
        assert found.lines() == [
            f"{server.url} is on this machine: no frame leaves it.",
            "Choose one of its models: tiny-vlm.",
        ]
        named = looked(server.url, Looking(by_server=True, server_model="tiny-vlm"))
        assert named.known
        assert named.lines() == found.lines()[:1]
        other = looked(server.url, Looking(by_server=True, server_model="gpt"))
        assert not other.known
        assert other.lines()[1] == "It has no model gpt, only tiny-vlm. Choose one of these."
        assert not server.requests


def test_nothing_is_asked_of_another_machine_before_a_person_agreed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def look_at(server: Any) -> Any:
        asked.append(server.url)
        return server_client.ServerFacts(server.url, server.model, ("m",))

    monkeypatch.setattr(server_client, "look_at", look_at)
    url, looking = "http://vision.lab:8000/v1", Looking(by_server=True, server_model="m")
    found = looked(url, looking)
    assert isinstance(found, ServerToAgree)
    assert found.button == "Agree to send frames to vision.lab"
    assert "the host vision.lab (http://vision.lab:8000, unencrypted)" in found.lines()[0]
    assert asked == []
    found.agree("Ada")
    assert Consent().agreed("server", "http://vision.lab:8000")
    agreed = looked(url, looking)
    assert agreed.lines()[0] == (
        "Frames and prompt go to the host vision.lab, as was agreed to, unencrypted."
    )
    assert asked == [url]
    elsewhere = looked("https://" + "a" * 40 + ".org/v1", looking)
    assert "unencrypted" not in elsewhere.lines()[0]
    assert len(elsewhere.button) < 60


def test_a_wrong_address_and_a_silent_server_are_told() -> None:
    with pytest.raises(InputError, match="server address"):
        looked("vision lab", Looking(by_server=True))
    with pytest.raises(InputError, match="without user, password"):
        looked("http://me:secret@vision.lab/v1", Looking(by_server=True))
    with pytest.raises(ServerError, match=r"127\.0\.0\.1"):
        looked("http://127.0.0.1:9/v1", Looking(by_server=True))
