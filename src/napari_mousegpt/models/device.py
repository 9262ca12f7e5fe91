"""Which device a model runs on, and whether torch and torchvision belong together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from napari_mousegpt.errors import InputError

__all__ = ["EXTRA", "Device", "choose_device", "devices", "torchvision_problem"]

#: What pip installs for models that see video.
EXTRA = '"napari-mousegpt[video]"'
_GB = 1e9


@dataclass(frozen=True)
class Device:
    """One device a model can run on.

    Parameters
    ----------
    name : str
        As torch writes it: ``"cpu"``, ``"cuda:0"``, ``"mps"``.
    kind : {"cpu", "cuda", "mps"}
    memory_bytes : int
        All of its memory; of a computer without a card, that of the computer.
    dtypes : tuple of str
        Number types it calculates in, the one to take by default first.
    label : str
        Its name for people.
    """

    name: str
    kind: Literal["cpu", "cuda", "mps"]
    memory_bytes: int
    dtypes: tuple[str, ...]
    label: str = ""

    @property
    def memory_gb(self) -> float:
        """GB (1e9 bytes) of all its memory."""
        return self.memory_bytes / _GB

    @property
    def free_bytes(self) -> int:
        """Bytes that no program holds now; 0 where that cannot be told."""
        if self.kind == "cuda":
            import torch

            return int(torch.cuda.mem_get_info(self.name)[0])
        import psutil

        return int(psutil.virtual_memory().available)

    def __str__(self) -> str:
        words = f"{self.name} ({self.label})" if self.label else self.name
        return f"{words}, {self.memory_gb:.0f} GB"


def devices() -> tuple[Device, ...]:
    """Return the devices of this machine, the quickest first; the last is always the processor."""
    return (*_cuda_cards(), *_mac_card(), _processor())


def choose_device(wanted: str = "auto", *, needs_card_gb: float = 0, why: str = "") -> Device:
    """Return the device to run on.

    The processor is taken for a model that needs a card only when ``"cpu"`` is asked for.

    Parameters
    ----------
    wanted : str
        ``"auto"`` (the quickest there is), ``"cpu"``, ``"mps"``, ``"cuda"`` or one card such as
        ``"cuda:1"``.
    needs_card_gb : float
        GB (1e9 bytes) of card memory that are needed; 0 when no card is.
    why : str
        What needs it, for the message: ``"qwen3-vl-8b"``.

    Raises
    ------
    InputError
        When there is no such device, or none with enough memory. The message names alternatives.
    """
    found = devices()
    if wanted == "cpu":
        return found[-1]
    cards = [device for device in found if device.kind != "cpu"]
    if wanted == "auto" and not needs_card_gb:
        return found[0]
    if wanted != "auto":
        cards = [device for device in cards if wanted in (device.kind, device.name)]
        if not cards:
            raise InputError(
                f"device {wanted!r}",
                expected="a device of this machine",
                found=", ".join(device.name for device in found),
                remedy=f"Choose one of them. {_why_no_card()}".rstrip(),
            )
    for card in cards:
        if card.memory_bytes >= needs_card_gb * _GB and (
            not needs_card_gb or card.free_bytes >= needs_card_gb * _GB
        ):
            return card
    raise _no_card(cards, needs_card_gb, why)


def torchvision_problem() -> str:
    """Return in one sentence why torchvision cannot be used, and the cure; empty if it can.

    Video processors need it, and it must come from the same build as torch.
    """
    if find_spec("torchvision") is None:
        index = _index()
        source = f" --extra-index-url {index}" if index else ""
        return (
            "torchvision is not installed, which video models need: install it with "
            f"pip install {EXTRA}{source}"
        )
    try:
        import torchvision.transforms.v2  # noqa: F401
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        ours, theirs = _build("torch"), _build("torchvision")
        first = str(error).strip().splitlines() or [type(error).__name__]
        return f"torch {ours} and torchvision {theirs} do not fit together ({first[0]}): {_cure()}"
    return ""


def _cure() -> str:
    """Return the command that installs a torchvision for the torch that is there."""
    build = _build("torch")
    number = re.match(r"2\.(\d+)", build)
    # torchvision 0.15 came with torch 2.0, and both have moved in step since.
    package = f'"torchvision=={f"0.{int(number[1]) + 15}.*"}"' if number else "torchvision"
    index = _index()
    source = f" --index-url {index}" if index else ""
    return (
        f"install the matching build with pip install --force-reinstall --no-deps {package}{source}"
    )


def _index() -> str:
    """Return where builds for this torch are, as it came from there; empty if from elsewhere."""
    found = re.search(r"\+(cpu|cu\d+|rocm[\d.]+|xpu)", _build("torch"))
    return f"https://download.pytorch.org/whl/{found[1]}" if found else ""


def _build(name: str) -> str:
    """Return version and build of a library without importing it, such as 0.28.0+cu130."""
    spec = find_spec(name)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "version.py"
        if path.is_file():
            told = re.search(r"__version__ *= *['\"]([^'\"]+)", path.read_text(encoding="utf-8"))
            if told:
                return told[1]
    try:
        return version(name)
    except PackageNotFoundError:
        return "of no known version"


def _cuda_cards() -> tuple[Device, ...]:
    import torch

    if not torch.cuda.is_available():
        return ()
    cards = []
    for index in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(index)
        # Older cards only imitate bfloat16, slowly.
        half = ("bfloat16", "float16") if facts.major >= 8 else ("float16",)
        dtypes = (*half, "float32")
        cards.append(Device(f"cuda:{index}", "cuda", facts.total_memory, dtypes, facts.name))
    return tuple(sorted(cards, key=lambda card: -card.memory_bytes))


def _mac_card() -> tuple[Device, ...]:
    import torch

    if not torch.backends.mps.is_available():
        return ()
    memory = int(torch.mps.recommended_max_memory())
    return (Device("mps", "mps", memory, ("float16", "bfloat16", "float32"), "Mac"),)


def _processor() -> Device:
    import psutil

    return Device("cpu", "cpu", int(psutil.virtual_memory().total), ("float32", "bfloat16"))


def _why_no_card() -> str:
    import torch

    if torch.version.cuda and not torch.cuda.is_available():
        return "torch was built for CUDA but sees no card: check the driver (nvidia-smi)."
    return ""


def _no_card(cards: list[Device], needs_gb: float, why: str) -> InputError:
    if not cards:
        found = "no card"
    else:
        found = "; ".join(f"{card}, {card.free_bytes / _GB:.1f} GB of them free" for card in cards)
    alternatives = (
        "Choose a smaller model (napari-mousegpt models lists them), name a server that runs it, "
        "or ask for device cpu, which is slow."
    )
    return InputError(
        why or "This model",
        expected=f"a card with {needs_gb:.1f} GB of free memory",
        found=found,
        remedy=f"{_why_no_card()} {alternatives}".strip(),
    )
