"""How probable each of several answers is, over a prompt that is read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.models.prefixes import Prefix, cut_back, log_probabilities

__all__ = ["score_answers"]

# Scores over the whole vocabulary that may be held at once.
_MOST_LOGITS = 2**28


def score_answers(
    model: Any, prefix: Prefix, answers: Sequence[Sequence[int]], end: int
) -> NDArray[np.float64]:
    """Return the summed log-probability of every answer and the token that ends it.

    Parameters
    ----------
    model : transformers model
    prefix : Prefix
        The batch, read once. It is the same afterwards.
    answers : sequence of token ids
        Each holds one token at least.
    end : int
        Token that ends an answer. With it "walk" does not win by being the start of "walk away".

    Returns
    -------
    float64 array (B, K)

    Notes
    -----
    Where every layer keeps all keys, the answers stand behind one another in one row, and a mask
    keeps each from seeing the others: the prompt is neither read again nor copied. Other caches
    (sliding windows, linear attention) are copied for each answer.
    """
    side_by_side = prefix.plain and model.config._attn_implementation in ("sdpa", "eager")
    scored = _in_one_row if side_by_side else _in_copies
    width = prefix.mask.shape[0] * prefix.logits.shape[1]
    parts = [scored(model, prefix, group, end) for group in _groups(answers, _MOST_LOGITS // width)]
    return np.concatenate(parts, axis=1)


def _groups(answers: Sequence[Sequence[int]], most: int) -> Iterator[list[Sequence[int]]]:
    group: list[Sequence[int]] = []
    for answer in answers:
        if group and sum(map(len, group)) + len(answer) > most:
            yield group
            group = []
        group.append(answer)
    if group:
        yield group


def _in_one_row(
    model: Any, prefix: Prefix, answers: Sequence[Sequence[int]], end: int
) -> NDArray[np.float64]:
    import torch

    device = prefix.mask.device
    rows = prefix.mask.shape[0]
    lengths = torch.tensor([len(answer) for answer in answers])
    owner = torch.repeat_interleave(torch.arange(len(answers)), lengths)
    steps = torch.cat([torch.arange(len(answer)) for answer in answers])
    tokens = torch.tensor([token for answer in answers for token in answer], device=device)
    following = torch.tensor(
        [token for answer in answers for token in (*answer[1:], end)], device=device
    )
    own = (owner[:, None] == owner[None]) & (steps[:, None] >= steps[None])
    seen = torch.cat(
        [
            prefix.mask.bool()[:, None].expand(-1, len(owner), -1),
            own.to(device)[None].expand(rows, -1, -1),
        ],
        dim=-1,
    )
    hidden = torch.zeros(seen.shape, dtype=model.dtype, device=device)
    hidden.masked_fill_(~seen, torch.finfo(model.dtype).min)
    with cut_back(prefix):
        out = model(
            input_ids=tokens[None].expand(rows, -1),
            attention_mask=hidden[:, None],
            position_ids=prefix.positions(steps.to(device)),
            past_key_values=prefix.cache,
            use_cache=True,
            return_dict=True,
        )
    gone_on = log_probabilities(out.logits, following[None].expand(rows, -1))
    return _numbers(_begun(prefix, answers).index_add(1, owner.to(device), gone_on))


def _in_copies(
    model: Any, prefix: Prefix, answers: Sequence[Sequence[int]], end: int
) -> NDArray[np.float64]:
    import copy

    import torch

    device = prefix.mask.device
    rows, many = prefix.mask.shape[0], len(answers)
    longest = max(map(len, answers))
    tokens = torch.full((many, longest), end, device=device)
    following = tokens.clone()
    held = torch.zeros((many, longest), dtype=torch.long, device=device)
    for number, answer in enumerate(answers):
        ids = torch.tensor(list(answer), device=device)
        tokens[number, : len(answer)] = ids
        following[number, : len(answer) - 1] = ids[1:]
        held[number, : len(answer)] = 1
    cache = copy.deepcopy(prefix.cache)
    # Not every kind of layer can repeat its rows, but all can pick them.
    cache.reorder_cache(torch.arange(rows, device=device).repeat_interleave(many))
    copies = Prefix(
        cache,
        prefix.mask.repeat_interleave(many, 0),
        prefix.logits,
        None if prefix.deltas is None else prefix.deltas.repeat_interleave(many, 0),
    )
    held = held.repeat(rows, 1)
    out = model(
        input_ids=tokens.repeat(rows, 1),
        attention_mask=torch.cat([copies.mask, held], dim=-1),
        position_ids=copies.positions(torch.arange(longest, device=device)),
        past_key_values=cache,
        use_cache=True,
        return_dict=True,
    )
    gone_on = log_probabilities(out.logits, following.repeat(rows, 1)) * held
    return _numbers(_begun(prefix, answers) + gone_on.sum(-1).view(rows, many))


def _begun(prefix: Prefix, answers: Sequence[Sequence[int]]) -> Any:
    """Log p of the first token of each answer, (B, K)."""
    import torch

    firsts = torch.tensor([answer[0] for answer in answers], device=prefix.logits.device)
    # Over the vocabulary once for each row, not once for each answer.
    return prefix.logits[:, firsts] - prefix.logits.logsumexp(-1, keepdim=True)


def _numbers(summed: Any) -> NDArray[np.float64]:
    values: NDArray[np.float64] = summed.double().cpu().numpy()
    return values
