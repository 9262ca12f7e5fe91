"""Memory: predicted from the shape of a model, and measured."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.models.memory import (
    Memory,
    ModelShape,
    free_memory,
    is_out_of_memory,
    measured_peak,
)
from napari_mousegpt.models.vision_language import VisionLanguageModel

# Qwen3-VL-8B as its configuration is remembered: 8 frames of 448 pixels are 844 tokens.
LARGE = ModelShape(36, 4096, 12288, 1024, 151_936, 1152, 4304, patch_values=1536)
GB = 1 << 30


@given(st.integers(1, 5000), st.integers(0, 500), st.integers(0, 10**7))
def test_more_of_anything_takes_more(tokens: int, new: int, pixels: int) -> None:
    memory = Memory(16 * GB, LARGE)
    one = memory.per_clip_bytes(tokens, new, pixels)
    assert memory.per_clip_bytes(tokens + 1, new, pixels) > one
    assert memory.per_clip_bytes(tokens, new + 1, pixels) > one
    assert memory.per_clip_bytes(tokens, new, pixels + 1000) > one
    # Keys and values alone, and not a hundred times more.
    kept = 2 * 36 * 1024 * 2 * (tokens + new)
    assert kept < one


def test_a_large_model_on_a_card() -> None:
    memory = Memory(17 * GB, LARGE)
    own = memory.per_clip_bytes(844, 40, 8 * 3 * 448 * 448)
    assert 0.15 * GB < own < 0.35 * GB
    assert memory.peak_bytes(4, 844, 40) == 17 * GB + 4 * memory.per_clip_bytes(844, 40)


def test_a_shape_is_read_from_a_configuration() -> None:
    text = SimpleNamespace(
        num_hidden_layers=2, hidden_size=64, intermediate_size=128, num_attention_heads=4,
        num_key_value_heads=2, head_dim=None, vocab_size=700,
    )  # fmt: skip
    vision = SimpleNamespace(hidden_size=32, intermediate_size=48, patch_size=[14, 14])
    shape = ModelShape.of(SimpleNamespace(text_config=text, vision_config=vision), 4)
    assert shape == ModelShape(2, 64, 128, 32, 700, 32, 48, False, 588, 4)
    assert ModelShape.of(text) == ModelShape(2, 64, 128, 32, 700)
    with pytest.raises(InputError, match="hidden_size"):
        ModelShape.of(SimpleNamespace(num_attention_heads=3))


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """Tiny tensors are slower on several threads, and much slower on busy processors."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def allocated_at_once(work: Any) -> int:
    """Most bytes that tensors made by some work take at once."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    sizes = [
        event.nbytes()
        for event in seen.profiler.kineto_results.events()
        if event.name() == "[memory]"
    ]
    return int(np.cumsum(sizes).max())


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.parametrize("tower", [32, 256])
@pytest.mark.parametrize(
    "family", ["qwen2_5_vl", "qwen3_vl", "smolvlm", "internvl", "llava_onevision"]
)
def test_the_prediction_is_within_a_fifth_of_what_is_measured(
    family: str, tower: int, tmp_path: Path
) -> None:
    """With a narrow tower reading the prompt takes most, with a wide one looking at pictures."""
    from support.tiny_models import tiny_vlm

    tiny_vlm(family, tmp_path, hidden=256, layers=4, frame=224)
    from transformers import AutoConfig, AutoModelForImageTextToText

    config: Any = AutoConfig.from_pretrained(tmp_path)
    if tower == 256:
        config.vision_config.hidden_size, config.vision_config.intermediate_size = 256, 1024
        heads = "num_heads" if hasattr(config.vision_config, "num_heads") else "num_attention_heads"
        setattr(config.vision_config, heads, 8)
        AutoModelForImageTextToText.from_config(config).save_pretrained(tmp_path)
    model = VisionLanguageModel.load(tmp_path)
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (2, 8, 224, 224, 3), dtype=np.uint8)
    clips = [ClipFrames(frames, np.arange(8), 30.0, 8, 8 / 30) for frames in pictures]
    batch = model.prepare([Ask((clip,), "What does the mouse do?") for clip in clips])
    model.generate(model.prepare([Ask((clips[0],), "")]), max_tokens=2)
    pixels = sum(x.numel() for name, x in batch.inputs.items() if "pixel" in name)
    measured = allocated_at_once(lambda: model.generate(batch, max_tokens=4, stop=()))
    memory = Memory(0, ModelShape.of(config, 4))
    # The pictures lie in the main memory already, which here is that of the device.
    predicted = memory.peak_bytes(2, batch.n_tokens, 4, pixels // 2) - 4 * pixels
    assert 0.8 < predicted / measured < 1.2


def test_the_peak_of_a_block_is_seen() -> None:
    with measured_peak() as idle:
        pass
    # Not from numpy, which may be given memory that the process had freed and still holds.
    with measured_peak() as busy, mmap.mmap(-1, 64 << 20) as held:
        np.frombuffer(held, dtype=np.uint8)[:] = 1
    with measured_peak() as after:
        pass
    if not idle.used_bytes:
        pytest.skip("the peak of a process is known on Linux only")
    assert 60 << 20 < busy.used_bytes - idle.used_bytes < 72 << 20
    assert after.used_bytes < busy.used_bytes - (56 << 20)


def test_what_cannot_be_measured_is_zero() -> None:
    with measured_peak("mps") as found:
        pass
    assert found.used_bytes == 0


def test_the_peak_is_that_of_the_card_that_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    asked = []
    for name, found in (
        ("synchronize", None), ("reset_peak_memory_stats", None), ("max_memory_allocated", 7),
    ):  # fmt: skip
        monkeypatch.setattr(
            torch.cuda,
            name,
            lambda card, found=found: asked.append(card) or found,  # type: ignore[func-returns-value]
        )
    with measured_peak("cuda:1") as peak:
        pass
    assert peak.used_bytes == 7
    assert set(asked) == {"cuda:1"}


class CardError(RuntimeError):
    pass


class OutOfMemoryError(CardError):
    """Named as torch names its own."""


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (OutOfMemoryError("20 GiB"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("the label says out of memory"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_lack_of_memory_is_told_from_other_errors(error: BaseException, short: bool) -> None:
    assert is_out_of_memory(error) is short


def test_memory_is_given_back_without_a_card() -> None:
    import weakref

    class Ring:
        def __init__(self) -> None:
            self.own = self

    gone = weakref.ref(Ring())
    free_memory()
    assert gone() is None
