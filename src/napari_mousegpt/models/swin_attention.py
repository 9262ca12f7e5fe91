"""Attention within windows of a Video Swin by one fused kernel, with the same numbers out.

torchvision writes each matrix of attention to memory; on a card most of the time goes there. The
fused kernels of torch take the bias of positions and the mask of shifted windows as one matrix.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Only functions import this module, since it needs torch at once.
__all__ = ["WindowAttention", "fuse_attention"]

# As torchvision and Video-Swin write "not at all".
_APART = -100.0


def fuse_attention(model: nn.Module) -> int:
    """Replace the attention of each block of torchvision's Video Swin, in place.

    Parameters
    ----------
    model : SwinTransformer3d
        Its weights are taken over, not copied; names of tensors stay.

    Returns
    -------
    int
        Blocks that were changed.
    """
    blocks = [module for module in model.modules() if hasattr(module, "relative_position_index")]
    holders: list[Any] = [
        module for module in model.modules() if getattr(module, "attn", None) in blocks
    ]
    for holder in holders:
        holder.attn = WindowAttention(holder.attn)
    return len(holders)


class WindowAttention(nn.Module):
    """Attention within windows of (time, height, width), with biases by relative position.

    Parameters
    ----------
    original : ShiftedWindowAttention3d
        The module of torchvision whose weights are used.
    """

    def __init__(self, original: Any) -> None:
        super().__init__()
        self.window_size: list[int] = list(original.window_size)
        self.shift_size: list[int] = list(original.shift_size)
        self.num_heads: int = original.num_heads
        self.qkv = original.qkv
        self.proj = original.proj
        self.relative_position_bias_table = original.relative_position_bias_table
        self.register_buffer("relative_position_index", original.relative_position_index)

    def forward(self, x: Tensor) -> Tensor:
        """Return what attention adds, shape (B, T, H, W, C) as ``x``."""
        batch, *size, width = x.shape
        # A window is never larger than the picture, and such a one is not shifted.
        window = [min(side, most) for side, most in zip(self.window_size, size, strict=True)]
        shift = [
            0 if whole <= most else step
            for whole, most, step in zip(size, self.window_size, self.shift_size, strict=True)
        ]
        lacking = [-side % step for side, step in zip(size, window, strict=True)]
        x = functional.pad(x, (0, 0, 0, lacking[2], 0, lacking[1], 0, lacking[0]))
        grid = [
            (side + more) // step for side, more, step in zip(size, lacking, window, strict=True)
        ]
        if any(shift):
            x = x.roll([-step for step in shift], dims=(1, 2, 3))
        tokens = window[0] * window[1] * window[2]
        windows = grid[0] * grid[1] * grid[2]
        parts = self.qkv(_in_windows(x, grid, window)).view(
            batch, windows, tokens, 3, self.num_heads, width // self.num_heads
        )
        q, k, v = parts.permute(3, 0, 1, 4, 2, 5)  # each (B, windows, heads, tokens, width)
        bias = self._bias(tokens)
        # The kernels take four axes. Masks differ between windows, biases between heads only: so
        # shifted windows stand with the heads, others with the clips, and nothing is repeated.
        merged = (0, 1)
        if any(shift):
            merged = (1, 2)
            regions = _regions(grid, window, shift, x.device)
            apart = regions[:, None, None, :] != regions[:, None, :, None]
            bias = (bias + apart * bias.new_tensor(_APART)).flatten(0, 1)[None]
        q, k, v = (part.flatten(*merged) for part in (q, k, v))
        out = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        out = out.reshape(batch, windows, self.num_heads, tokens, -1).transpose(2, 3)
        out = self.proj(out.reshape(batch, windows, tokens, width))
        out = _from_windows(out, grid, window)
        if any(shift):
            out = out.roll(shift, dims=(1, 2, 3))
        return out[:, : size[0], : size[1], : size[2]]

    def _bias(self, tokens: int) -> Tensor:
        """What positions add to the logits of attention, shape (1, heads, tokens, tokens)."""
        index: Any = self.relative_position_index
        # The first rows of the index, as published, though they belong to the full window.
        rows: Tensor = self.relative_position_bias_table[index[:tokens, :tokens].flatten()]
        return rows.view(tokens, tokens, -1).permute(2, 0, 1)[None]


def _in_windows(x: Tensor, grid: list[int], window: list[int]) -> Tensor:
    """(B, T, H, W, C) -> (B, windows, tokens, C)."""
    batch, width = x.shape[0], x.shape[-1]
    x = x.reshape(batch, grid[0], window[0], grid[1], window[1], grid[2], window[2], width)
    return x.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(
        batch, grid[0] * grid[1] * grid[2], window[0] * window[1] * window[2], width
    )


def _from_windows(x: Tensor, grid: list[int], window: list[int]) -> Tensor:
    """(B, windows, tokens, C) -> (B, T, H, W, C)."""
    batch, width = x.shape[0], x.shape[-1]
    x = x.view(batch, *grid, *window, width).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return x.reshape(batch, *(n * side for n, side in zip(grid, window, strict=True)), width)


def _regions(grid: list[int], window: list[int], shift: list[int], device: torch.device) -> Tensor:
    """Number the parts of a shifted picture that did not lie side by side; (windows, tokens)."""
    import torch

    sides = [n * side for n, side in zip(grid, window, strict=True)]
    regions = torch.zeros(1, *sides, 1, dtype=torch.int32, device=device)
    parts = [
        (slice(0, -side), slice(-side, -step), slice(-step, None)) if step else (slice(None),)
        for side, step in zip(window, shift, strict=True)
    ]
    for number, (deep, high, wide) in enumerate(product(*parts)):
        regions[:, deep, high, wide] = number
    return _in_windows(regions, grid, window)[0, :, :, 0]
