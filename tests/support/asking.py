"""Asks about noise, and answers recomputed the long way, for tests of vision-language models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_mousegpt.models.asks import Ask, ClipFrames

OPTIONS = ("left", "right moves", "rears", "lies on its wall", "walk", "walk run", "groom")


def noise_clip(
    seed: int, frames: int = 4, height: int = 56, width: int = 56, *, grey: bool = False
) -> ClipFrames:
    """Return random pictures, one in seven of a source of 30 frames per second."""
    shape = (frames, height, width) if grey else (frames, height, width, 3)
    pictures = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return ClipFrames(pictures, np.arange(frames) * 7, 30.0, frames * 7, frames * 7 / 30)


def noise_asks(many: int = 3, *, system: str = "", frames: int = 4) -> list[Ask]:
    """Return asks with texts of different length."""
    return [
        Ask((noise_clip(number, frames),), "What does the mouse do? " * (number + 1), system)
        for number in range(many)
    ]


def recomputed(loaded: Any, asks: Sequence[Ask], options: Sequence[str]) -> np.ndarray:
    """Return log-likelihoods of options from one whole forward for each ask and option."""
    import torch

    scores = np.zeros((len(asks), len(options)))
    for row, ask in enumerate(asks):
        batch = loaded.prepare([ask])
        for column, answer in enumerate(loaded.wording.answers(options)):
            said = torch.tensor([[*answer, loaded.wording.frame.end]])
            inputs = dict(batch.inputs)
            inputs["input_ids"] = torch.cat([inputs["input_ids"], said], 1)
            inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
            if "mm_token_type_ids" in inputs:
                kinds = inputs["mm_token_type_ids"]
                inputs["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(said)], 1)
            with torch.inference_mode():
                told = loaded.model(**inputs).logits[0].log_softmax(-1)
            places = torch.arange(said.shape[1]) + batch.n_tokens - 1
            scores[row, column] = told[places, said[0]].sum().item()
    return scores
