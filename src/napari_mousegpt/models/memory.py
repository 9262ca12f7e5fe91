"""How much memory a batch of clips takes: predicted from the shape of a model, and measured."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.errors import InputError

__all__ = ["Memory", "ModelShape", "Peak", "free_memory", "is_out_of_memory", "measured_peak"]

#: What libraries say when there is no memory, beside raising an error made for it.
_SIGNS = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "alloc_failed",
)
# Widths that are there at the same time within a layer. In the text model the gate, the other half
# and their product, and beside them the state as embedded, with the pictures put in and these by
# themselves, before the layer and after its norm; in a vision tower without a gate the wide state
# before and after its activation, and the patches as embedded, before the layer and after its norm.
_GATED, _PLAIN = 3, 2
_TEXT_STATES, _VISION_STATES = 5, 3
#: Logits come in the model's own numbers and are copied to four bytes.
_LOGIT_COPY = 4
#: Pictures reach the device as numbers of four bytes.
_PIXEL_BYTES = 4


@dataclass(frozen=True)
class ModelShape:
    """Widths of a vision-language model, as far as they decide about memory.

    Parameters
    ----------
    layers, width, inner, kv_width, vocabulary : int
        Of the text model: layers, width of its state, width within a layer, keys (or values) of
        one token in one layer (heads times their width), tokens it knows.
    vision_width, vision_inner : int
        Of the vision tower; 0 without one.
    vision_gated : bool
        Its layers have a gate, as those of text models have.
    patch_values : int
        Numbers in one patch of a picture (side x side x 3 x pictures).
    element_bytes : int
        Bytes of one number: 2 for bfloat16 and float16, 4 for float32.
    """

    layers: int
    width: int
    inner: int
    kv_width: int
    vocabulary: int
    vision_width: int = 0
    vision_inner: int = 0
    vision_gated: bool = False
    patch_values: int = 1
    element_bytes: int = 2

    @classmethod
    def of(cls, config: Any, element_bytes: int = 2) -> ModelShape:
        """Read the widths from a transformers configuration.

        Parameters
        ----------
        config : object
            With ``text_config`` and ``vision_config``, or of a text model itself.
        element_bytes : int

        Raises
        ------
        InputError
            When a width is not there.
        """
        text = getattr(config, "text_config", None) or config
        vision = getattr(config, "vision_config", None)
        heads = _read(text, "num_attention_heads")
        width = _read(text, "hidden_size")
        head = getattr(text, "head_dim", None) or width // heads
        kv_heads = getattr(text, "num_key_value_heads", None) or heads
        shape = cls(
            layers=_read(text, "num_hidden_layers"),
            width=width,
            inner=_read(text, "intermediate_size"),
            kv_width=kv_heads * head,
            vocabulary=_read(text, "vocab_size"),
            element_bytes=element_bytes,
        )
        if vision is None:
            return shape
        side = getattr(vision, "patch_size", 1)
        sides = side if isinstance(side, list | tuple) else (side, side)
        return replace(
            shape,
            vision_width=_read(vision, "hidden_size", "embed_dim"),
            vision_inner=_read(vision, "intermediate_size"),
            vision_gated=getattr(vision, "hidden_act", "") == "silu",
            patch_values=int(np.prod(sides)) * 3 * int(getattr(vision, "temporal_patch_size", 1)),
        )


@dataclass(frozen=True)
class Memory:
    """Prediction of the memory that a batch takes on a device.

    Parameters
    ----------
    weights_bytes : int
        The model itself.
    shape : ModelShape
    """

    weights_bytes: int
    shape: ModelShape

    def per_clip_bytes(self, tokens: int, new: int = 0, pixels: int = 0) -> int:
        """Return what one clip adds.

        Parameters
        ----------
        tokens : int
            Of the whole prompt, those of the pictures included.
        new : int
            Tokens that are generated.
        pixels : int
            Numbers of its pictures, as they reach the model.

        Notes
        -----
        Keys and values of all tokens and the pictures stay. On top of them comes the larger of
        what one layer of the vision tower and one layer of the text model work with.
        """
        one = self.shape
        kept = 2 * one.layers * one.kv_width * (tokens + new) * one.element_bytes
        kept += pixels * _PIXEL_BYTES
        patch = (_GATED if one.vision_gated else _PLAIN) * one.vision_inner
        patch += _VISION_STATES * one.vision_width
        token = _GATED * one.inner + _TEXT_STATES * one.width
        seeing = pixels / one.patch_values * patch * one.element_bytes
        reading = tokens * token * one.element_bytes
        reading += one.vocabulary * (one.element_bytes + _LOGIT_COPY)
        return int(kept + max(seeing, reading))

    def peak_bytes(self, clips: int, tokens: int, new: int = 0, pixels: int = 0) -> int:
        """Return the most that is used while a batch of equal clips is computed."""
        return self.weights_bytes + clips * self.per_clip_bytes(tokens, new, pixels)


@dataclass
class Peak:
    """What :func:`measured_peak` found.

    Parameters
    ----------
    used_bytes : int
        The most that was in use at once; 0 where it cannot be known.
    """

    used_bytes: int = 0


@contextmanager
def measured_peak(device: str = "cpu") -> Generator[Peak]:
    """Measure the most memory that is in use within a ``with`` block.

    Parameters
    ----------
    device : str
        ``"cpu"``, ``"mps"``, ``"cuda"`` or one card such as ``"cuda:1"``. On a card it is what
        torch has handed out, to the byte. On the processor it is the whole process, known on Linux
        only.

    Yields
    ------
    Peak
        Filled in at the end.
    """
    found = Peak()
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        try:
            yield found
        finally:
            torch.cuda.synchronize(device)
            found.used_bytes = int(torch.cuda.max_memory_allocated(device))
        return
    own = Path("/proc/self")
    known = device == "cpu" and (own / "clear_refs").exists()
    if known:
        (own / "clear_refs").write_text("5")  # forgets the peak so far
    try:
        yield found
    finally:
        if known:
            lines = (own / "status").read_text().splitlines()
            (peak,) = (line for line in lines if line.startswith("VmHWM:"))
            found.used_bytes = int(peak.split()[1]) << 10


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory is used up, on the device or beside it."""
    if isinstance(error, MemoryError):
        return True
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)


def free_memory() -> None:
    """Give back what nobody uses any more, also the memory that torch keeps for later."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _read(config: Any, *names: str) -> int:
    for name in names:
        value = getattr(config, name, None)
        if value is not None:
            return int(value)
    raise InputError(
        f"configuration {type(config).__name__}",
        expected=f"an entry {' or '.join(names)}",
        found="none",
        remedy="Measure its memory instead of predicting it.",
    )
