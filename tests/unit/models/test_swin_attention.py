"""The fused attention of Video Swin gives torchvision's numbers."""

from __future__ import annotations

import copy

import pytest
import torch

from napari_mousegpt.models.swin_attention import fuse_attention
from support.tiny_encoders import tiny_swin


@pytest.mark.parametrize("window", [[2, 3, 3], [4, 4, 4], [8, 7, 7], [2, 8, 3]])
def test_it_computes_what_torchvision_does(window: list[int]) -> None:
    model, _ = tiny_swin(seed=1, window_size=window)
    fused = copy.deepcopy(model)
    assert fuse_attention(fused) == 4
    assert list(fused.state_dict()) == list(model.state_dict())
    # Whole windows, padded ones, ones larger than the picture, and single ones.
    for shape in ((2, 3, 8, 32, 32), (1, 3, 5, 37, 50), (2, 3, 16, 40, 28), (1, 3, 2, 16, 16)):
        clips = torch.randn(shape)
        with torch.inference_mode():
            wanted = model(clips)
            torch.testing.assert_close(fused(clips), wanted, rtol=0, atol=1e-5)
        assert wanted.std() > 0.1


def test_it_can_be_trained() -> None:
    model, _ = tiny_swin(seed=1)
    fuse_attention(model)
    model(torch.randn(1, 3, 8, 32, 32)).sum().backward()
    tables = [p.grad for n, p in model.named_parameters() if n.endswith("bias_table")]
    assert len(tables) == 4
    assert all(grad is not None and grad.abs().max() > 0 for grad in tables)
