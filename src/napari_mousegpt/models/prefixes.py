"""A batch read once by the model: everything before the first token of an answer."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from napari_mousegpt.models.batches import Batch

__all__ = ["Prefix", "cut_back", "followed_by", "log_probabilities", "read_prefix"]


@dataclass(eq=False)
class Prefix:
    """What the model keeps of a batch.

    Parameters
    ----------
    cache : transformers cache
        Keys and values of all rows.
    mask : int64 tensor (B, N)
        1 for a token, 0 for padding.
    logits : float32 tensor (B, V)
        Scores of the first token of the answer.
    deltas : int64 tensor (B, 1) or None
        How far positions run behind the number of tokens; only families with positions in time,
        height and width have it.
    """

    cache: Any
    mask: Any
    logits: Any
    deltas: Any = None

    @property
    def plain(self) -> bool:
        """True if every layer keeps all keys and values of all tokens."""
        from transformers.cache_utils import DynamicLayer

        return all(type(layer) is DynamicLayer for layer in self.cache.layers)

    def positions(self, steps: Any) -> Any:
        """Return position ids of tokens that follow, ``steps`` (S,) counting from 0.

        Shape (B, S), or (3, B, S) for families with positions in time, height and width.
        """
        places = self.mask.sum(-1, keepdim=True) + steps[None]
        if self.deltas is None:
            return places
        return (places + self.deltas)[None].expand(3, -1, -1)


def read_prefix(model: Any, batch: Batch, cache: Any = None) -> Prefix:
    """Run the model over the prompts and frames of a batch.

    Parameters
    ----------
    model : transformers model
        In evaluation mode.
    batch : Batch
    cache : transformers cache, optional
        Filled and returned; a growing one is made without it.
    """
    inputs = {
        name: value.to(
            model.device,
            dtype=model.dtype if value.is_floating_point() else value.dtype,
            non_blocking=True,
        )
        for name, value in batch.inputs.items()
    }
    mask = inputs["attention_mask"].long()
    inputs |= {"use_cache": True, "return_dict": True}
    if cache is not None:
        inputs["past_key_values"] = cache
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        inputs["logits_to_keep"] = 1
    core = model.model if hasattr(model, "model") else model
    turning = hasattr(core, "rope_deltas")
    if turning:
        # Left by the batch before; it must not reach into this one.
        core.rope_deltas = None
    else:
        # Without them the padding on the left would count as text.
        inputs["position_ids"] = (mask.cumsum(-1) - 1).clamp_min(0)
    out = model(**inputs)
    deltas = None
    if turning:
        deltas, core.rope_deltas = core.rope_deltas, None
    return Prefix(out.past_key_values, mask, out.logits[:, -1].float(), deltas)


@contextmanager
def followed_by(model: Any, prefix: Prefix, tokens: Sequence[int]) -> Iterator[Prefix]:
    """Let the same tokens follow in every row; afterwards the prefix is as it was.

    Parameters
    ----------
    model : transformers model
    prefix : Prefix
        With a cache that grows.
    tokens : sequence of int
        At least one.
    """
    import torch

    rows = len(prefix.mask)
    ids = torch.tensor(list(tokens), device=prefix.mask.device)
    cuttable = prefix.plain
    cache = prefix.cache if cuttable else copy.deepcopy(prefix.cache)
    mask = torch.cat([prefix.mask, prefix.mask.new_ones(rows, len(ids))], dim=-1)
    with cut_back(prefix) if cuttable else nullcontext():
        out = model(
            input_ids=ids[None].expand(rows, -1),
            attention_mask=mask,
            position_ids=prefix.positions(torch.arange(len(ids), device=ids.device)),
            past_key_values=cache,
            use_cache=True,
            return_dict=True,
        )
        yield Prefix(cache, mask, out.logits[:, -1].float(), prefix.deltas)


@contextmanager
def cut_back(prefix: Prefix) -> Iterator[None]:
    """Let a plain cache grow; on leaving, with an error or without, it is as it was.

    Each layer is cut by itself: an error leaves some of them longer than others.
    """
    length = prefix.mask.shape[1]
    try:
        yield
    finally:
        for layer in prefix.cache.layers:
            layer.crop(min(0, length - layer.get_seq_length()))


def log_probabilities(logits: Any, tokens: Any) -> Any:
    """Return log p of chosen tokens, float32.

    Parameters
    ----------
    logits : tensor (..., V)
    tokens : int64 tensor (...)
    """
    logits = logits.float()
    return logits.gather(-1, tokens[..., None])[..., 0] - logits.logsumexp(-1)
