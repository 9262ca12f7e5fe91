"""Models that are known by a short name: what they are, under which licence, what they need.

No quality was measured: the choice by hardware follows licence and size only. What was not seen at
its source says so in the note.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from napari_mousegpt.errors import InputError

__all__ = ["PRESETS", "TIERS", "Preset", "preset_for", "presets"]

Kind = Literal["vlm", "encoder"]
Tier = Literal["cpu", "8GB", "24GB", "80GB"]

#: Hardware, smallest first, in words.
TIERS: dict[Tier, str] = {
    "cpu": "laptop without a card",
    "8GB": "card of 8-12 GB",
    "24GB": "card of 24 GB",
    "80GB": "card of 80 GB and more",
}

#: Part of a device's memory that weights may take; clips and working memory need the rest.
WEIGHTS_SHARE = 0.8
#: GB of weights in 16 bits of the largest vision-language model that runs without a card unasked.
LARGEST_WITHOUT_CARD_GB = 1.5
# What to try first, and the GB of memory from which on; only licences that allow any use.
_FIRST = (
    ("qwen3-vl-8b", 22.0),
    ("qwen3-vl-4b", 15.0),
    ("qwen3-vl-2b", 7.0),
    ("smolvlm2-500m", 3.0),
    ("smolvlm2-256m", 1.5),
)


@dataclass(frozen=True)
class Preset:
    """One model with a short name.

    Parameters
    ----------
    name : str
        Short name.
    hub_id : str
        Where its publisher keeps it: ``owner/name`` on the Hugging Face hub, or
        ``torchvision:MODEL/WEIGHTS``.
    family : str
        Model type as transformers names it.
    kind : {"vlm", "encoder"}
        A vision-language model gives words, a video encoder gives vectors.
    parameters_b : float
        Thousand million parameters.
    licence : str
        Of the weights; empty when it was not found.
    commercial : bool or None
        Whether the licence allows commercial use; None when it was not found.
    licence_seen : bool
        Whether the licence was seen at its publisher.
    download_gb : float
        Size of the files in GB (1e9 bytes).
    memory_gb : dict of str to float
        GB of memory for the weights by dtype, or what the publisher states for video.
    tier : {"cpu", "8GB", "24GB", "80GB"}
        The smallest hardware it suits.
    note : str
        Where the numbers come from, and what is unverified.
    """

    name: str
    hub_id: str
    family: str
    kind: Kind
    parameters_b: float
    licence: str
    download_gb: float
    memory_gb: dict[str, float] = field(hash=False)
    tier: Tier
    commercial: bool | None = None
    licence_seen: bool = True
    note: str = ""

    @property
    def least_gb(self) -> float:
        """GB of weights in 16 bits, the least that runs without a further library."""
        return self.memory_gb["bfloat16"]

    def fits(self, memory_gb: float, *, card: bool = True) -> bool:
        """Return whether it can run in this much memory.

        Parameters
        ----------
        memory_gb : float
            GB of the card, or of the computer where there is none.
        card : bool
            Whether that is a card. Without one, a vision-language model of a higher tier does not
            fit: it would take minutes for a clip.
        """
        if not card and self.kind == "vlm" and self.tier != "cpu":
            return False
        dtype = "bfloat16" if card else "float32"
        return self.memory_gb[dtype] <= memory_gb * WEIGHTS_SHARE


def _preset(entry: dict[str, Any]) -> Preset:
    """Return a preset of the table, with its memory by dtype."""
    half = entry.pop("bfloat16_gb", round(2 * entry["parameters_b"], 2))
    entry.setdefault("download_gb", half)
    memory = {"float32": 2 * half, "bfloat16": half, "float16": half, "int8": half / 2}
    return Preset(memory_gb={dtype: round(size, 2) for dtype, size in memory.items()}, **entry)


def _table() -> tuple[Preset, ...]:
    text = files("napari_mousegpt.models").joinpath("presets.toml").read_text(encoding="utf-8")
    return tuple(_preset(entry) for entry in tomllib.loads(text)["preset"])


#: Every preset by its name; within a tier the first is the one to try first.
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _table()}


def presets(kind: Kind | None = None) -> tuple[Preset, ...]:
    """Return the presets, smallest hardware first.

    Parameters
    ----------
    kind : {"vlm", "encoder"}, optional
        Only these.
    """
    order = list(TIERS)
    chosen = (preset for preset in PRESETS.values() if kind in (None, preset.kind))
    return tuple(sorted(chosen, key=lambda preset: order.index(preset.tier)))


def preset_for(memory_gb: float, device: str) -> Preset:
    """Return the vision-language model to try first on a machine.

    Only models whose licence is known to allow any use are proposed, the largest that fits; beyond
    24 GB more memory is better spent on larger batches than on a larger model.

    Parameters
    ----------
    memory_gb : float
        GB of the card, or of the computer where there is none.
    device : str
        ``"cpu"``, ``"mps"``, ``"cuda"`` or a card such as ``"cuda:1"``.

    Raises
    ------
    InputError
        When not even the smallest fits.

    Examples
    --------
    >>> preset_for(16, "cpu").name, preset_for(8, "cuda").name, preset_for(24, "cuda").name
    ('smolvlm2-500m', 'qwen3-vl-2b', 'qwen3-vl-8b')
    """
    for name, least_gb in _FIRST:
        if memory_gb >= least_gb and (device != "cpu" or PRESETS[name].tier == "cpu"):
            return PRESETS[name]
    smallest, least_gb = _FIRST[-1]
    raise InputError(
        f"{device} with {memory_gb:g} GB",
        expected=f"{least_gb:g} GB for {smallest}, the smallest",
        found=f"{memory_gb:g} GB",
        remedy="Describe from pose and kinematics, or name a server that runs a model.",
    )
