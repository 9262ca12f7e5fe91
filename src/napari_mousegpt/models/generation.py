"""Answers in free text: the most probable token, again and again, for a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from napari_mousegpt.models.batches import Batch
from napari_mousegpt.models.prefixes import Prefix, log_probabilities, read_prefix

__all__ = ["Generated", "Written", "read_with_room", "write"]

# Asking a GPU whether all rows have ended makes it wait, so it is asked now and then.
_STEPS_BETWEEN_CHECKS = {"cpu": 1}
# Lengths that are whole blocks, so that a compiled step meets few different ones.
_BLOCK = 128


@dataclass(frozen=True)
class Generated:
    """One answer.

    Parameters
    ----------
    text : str
        Without the end and without white space around it.
    tokens : int
        Number of tokens that were made, the ending one included.
    mean_logprob : float
        Mean log-probability of these tokens, from the plain scores of the model.
    finished : bool
        False if the limit of tokens or a cancel cut the answer.
    """

    text: str
    tokens: int
    mean_logprob: float
    finished: bool


@dataclass(frozen=True)
class Written:
    """Token ids of one answer, the ending one last when it was reached."""

    ids: tuple[int, ...]
    logprob: float
    finished: bool


def write(
    model: Any,
    prefix: Prefix,
    *,
    room: int = 0,
    ends: Sequence[int],
    pad: int,
    max_tokens: int,
    step: Callable[..., Any] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Written]:
    """Write one answer for each row, taking the most probable token each time.

    Parameters
    ----------
    model : transformers model
    prefix : Prefix
        What was read; its cache goes on.
    room : int
        Tokens that the cache can hold, if its length is fixed; 0 for one that grows.
    ends : sequence of int
        Tokens that end an answer.
    pad : int
        Token that stands in rows that have ended.
    max_tokens : int
        Most tokens of one answer, at least 1.
    step : callable, optional
        Called in place of the model for each further token; a compiled form of it.
    cancelled : callable, optional
        Asked before every token; after True the answers are returned as they are.
    """
    import torch

    (rows, begun), device = prefix.mask.shape, prefix.mask.device
    # Nothing looks ahead, so what has not been written yet may count as written.
    ahead = prefix.mask.new_ones(rows, (room or begun + max_tokens) - begun)
    mask = torch.cat([prefix.mask, ahead], dim=-1)
    ending = torch.tensor(list(ends), device=device)
    every = _STEPS_BETWEEN_CHECKS.get(device.type, 8)
    ended = torch.zeros(rows, dtype=torch.bool, device=device)
    made, sums = [], torch.zeros(rows, device=device)
    counts = torch.zeros(rows, dtype=torch.long, device=device)
    # There at once: carrying a number to a GPU makes whoever sends it wait for all that runs there.
    steps = torch.arange(max_tokens, device=device)
    logits = prefix.logits
    for number in range(max_tokens):
        token = logits.argmax(-1)
        sums += log_probabilities(logits, token).masked_fill(ended, 0.0)
        counts += ~ended
        token = token.masked_fill(ended, pad)
        made.append(token)
        ended = ended | torch.isin(token, ending)
        last = number + 1 == max_tokens
        if last or (number % every == 0 and bool(ended.all())):
            break
        if cancelled is not None and cancelled():
            break
        seen = mask if room else mask[:, : begun + number + 1]
        logits = _next(step or model, prefix, token, seen, steps[number : number + 1])
    ids, totals = torch.stack(made, dim=1).tolist(), sums.tolist()
    return [
        Written(tuple(row[:count]), total, done)
        for row, count, total, done in zip(
            ids, counts.tolist(), totals, ended.tolist(), strict=True
        )
    ]


def read_with_room(
    model: Any, batch: Batch, max_tokens: int, *, blocks: bool = False
) -> tuple[Prefix, int]:
    """Read a batch into a cache that has room for the answers, where the model allows it.

    A growing cache is copied whole for every token.

    Parameters
    ----------
    model : transformers model
    batch : Batch
    max_tokens : int
    blocks : bool
        Make the room whole blocks, for a compiled step.

    Returns
    -------
    prefix : Prefix
    room : int
        Tokens that its cache can hold, or 0 if it grows.
    """
    from transformers.cache_utils import StaticCache, StaticLayer

    block = _BLOCK if blocks else 1
    room = -(-(batch.n_tokens + max_tokens) // block) * block
    cache = StaticCache(config=model.config.get_text_config(decoder=True), max_cache_len=room)
    if all(type(layer) is StaticLayer for layer in cache.layers):
        return read_prefix(model, batch, cache), room
    return read_prefix(model, batch), 0


def _next(step: Callable[..., Any], prefix: Prefix, token: Any, mask: Any, steps: Any) -> Any:
    out = step(
        input_ids=token[:, None],
        attention_mask=mask,
        position_ids=prefix.positions(steps),
        past_key_values=prefix.cache,
        use_cache=True,
        return_dict=True,
    )
    return out.logits[:, -1].float()
