from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.models import device as room
from napari_mousegpt.models.device import Device, choose_device, devices, torchvision_problem
from support.torchvision_cure import cure_torchvision

CPU = Device("cpu", "cpu", 32 * 10**9, ("float32", "bfloat16"))


class Card(Device):
    """A card whose free memory is known."""

    free = 0

    @property
    def free_bytes(self) -> int:
        return self.free


def card(name: str, gb: float, free_gb: float | None = None) -> Card:
    made = Card(name, "mps" if name == "mps" else "cuda", int(gb * 1e9), ("bfloat16",), "Test card")
    object.__setattr__(made, "free", int(1e9 * (gb if free_gb is None else free_gb)))
    return made


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def with_cards(*cards: Device) -> None:
        monkeypatch.setattr(room, "devices", lambda: (*cards, CPU))

    return with_cards


def test_this_machine_has_a_processor_with_memory() -> None:
    *_, last = devices()
    assert (last.name, last.kind) == ("cpu", "cpu")
    assert last.memory_gb > 0.5
    assert 0 < last.free_bytes <= last.memory_bytes
    assert str(last).startswith("cpu, ")


def test_a_model_that_needs_no_card_takes_the_quickest_there_is(
    machine: Callable[..., None],
) -> None:
    machine()
    assert choose_device() is CPU
    machine(card("cuda:0", 24))
    assert choose_device().name == "cuda:0"


def test_a_model_that_needs_a_card_never_falls_to_the_processor(
    machine: Callable[..., None],
) -> None:
    machine()
    with pytest.raises(InputError) as told:
        choose_device(needs_card_gb=21.9, why="qwen3-vl-8b")
    assert str(told.value) == (
        "qwen3-vl-8b: expected a card with 21.9 GB of free memory, found no card. Choose a smaller "
        "model (napari-mousegpt models lists them), name a server that runs it, or ask for device "
        "cpu, which is slow."
    )
    assert choose_device("cpu", needs_card_gb=21.9) is CPU


def test_a_card_that_is_too_small_or_taken_is_not_used(machine: Callable[..., None]) -> None:
    machine(card("cuda:0", 24, free_gb=3), card("cuda:1", 12))
    with pytest.raises(
        InputError, match=r"cuda:0 \(Test card\), 24 GB, 3.0 GB of them free; cuda:1"
    ):
        choose_device(needs_card_gb=17.5, why="qwen3-vl-8b")
    assert choose_device(needs_card_gb=9).name == "cuda:1"
    assert choose_device("cuda:1", needs_card_gb=9).name == "cuda:1"
    with pytest.raises(InputError, match=r"3.0 GB of them free"):
        choose_device("cuda:0", needs_card_gb=9)


@pytest.mark.parametrize("wanted", ["cuda", "cuda:1", "mps", "gpu", ""])
def test_a_device_that_is_not_there_is_refused(machine: Callable[..., None], wanted: str) -> None:
    machine(card("cuda:0", 8)) if wanted == "cuda:1" else machine()
    with pytest.raises(InputError, match=r"expected a device of this machine, found .*cpu"):
        choose_device(wanted)


def test_a_cuda_build_without_a_card_is_told(
    machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    machine()
    with pytest.raises(InputError, match="nvidia-smi"):
        choose_device("cuda")


def test_cards_are_read_from_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    class Facts:
        def __init__(self, major: int, total_memory: int) -> None:
            self.major, self.total_memory, self.name = major, total_memory, "Test card"

    facts = [Facts(7, 8 * 10**9), Facts(9, 80 * 10**9)]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: facts[index])
    first, second, _ = devices()
    assert (first.name, first.dtypes[0], second.dtypes[0]) == ("cuda:1", "bfloat16", "float16")


def test_torchvision_that_works_is_no_problem() -> None:
    assert cure_torchvision()
    assert torchvision_problem() == ""


@pytest.fixture
def broken_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = builtins.__import__

    def broken(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("torchvision"):
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken)


@pytest.mark.usefixtures("broken_torchvision")
def test_torchvision_of_another_build_is_told_in_one_sentence_with_its_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builds = {"torch": "2.13.0+cpu", "torchvision": "0.28.0+cu130"}
    monkeypatch.setattr(room, "_build", builds.__getitem__)
    assert torchvision_problem() == (
        "torch 2.13.0+cpu and torchvision 0.28.0+cu130 do not fit together (operator "
        "torchvision::nms does not exist): install the matching build with pip install "
        '--force-reinstall --no-deps "torchvision==0.28.*" '
        "--index-url https://download.pytorch.org/whl/cpu"
    )
    builds["torch"] = "2.4.1+cu124"
    assert '"torchvision==0.19.*" --index-url https://download.pytorch.org/whl/cu124' in (
        torchvision_problem()
    )
    builds["torch"] = "2.13.0"
    assert torchvision_problem().endswith('"torchvision==0.28.*"')


def test_builds_are_read_without_importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libfake").mkdir()
    (tmp_path / "libfake" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "libfake" / "version.py").write_text("__version__ = '1.2.3+cu999'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert room._build("libfake") == "1.2.3+cu999"
    assert room._build("no_such_library") == "of no known version"


def test_no_torchvision_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    real = room.find_spec
    monkeypatch.setattr(
        room, "find_spec", lambda name: None if name == "torchvision" else real(name)
    )
    builds = {"torch": "2.13.0+cpu"}
    monkeypatch.setattr(room, "_build", builds.__getitem__)
    told = (
        "torchvision is not installed, which video models need: install it with "
        'pip install "napari-mousegpt[video]"'
    )
    # Else pip would take a build for cards, which does not fit this torch.
    assert torchvision_problem() == (
        f"{told} --extra-index-url https://download.pytorch.org/whl/cpu"
    )
    builds["torch"] = "2.13.0"
    assert torchvision_problem() == told
