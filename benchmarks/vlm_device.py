"""What a device can do, and how much of it a vision-language model gets: a roofline.

The roofline is that of notes on the physical limits of one card: the arithmetic of reading a clip
at the measured rate of large matrix products, and the bytes of each further token at the measured
bandwidth. Attention counts with all its spans.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.models.engine import Failed, run_engine
from napari_mousegpt.models.memory import Memory, ModelShape, free_memory, measured_peak
from napari_mousegpt.models.vision_language import VisionLanguageModel
from video_speed import Figure

NEW_TOKENS, FRAMES = 40, 8


@dataclass(frozen=True)
class Shape:
    """A Qwen3-VL: what its released configuration says, as far as it is known.

    ``spans`` of the vision tower are whole picture groups of two frames.
    """

    name: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    inner: int
    vocabulary: int
    tied: bool
    vision_layers: int
    vision_width: int
    vision_inner: int
    taps: tuple[int, ...]
    head: int = 128
    side: int = 448
    batch: int = 64

    @property
    def block_weights(self) -> int:
        """Weights of all layers of the text model."""
        own = self.width * self.head
        one = 2 * own * self.heads + 2 * own * self.kv_heads + 3 * self.width * self.inner
        return self.layers * one

    def flops(self, patches: int, tokens: int) -> float:
        """Arithmetic of reading one clip, as additions and multiplications."""
        wide = self.vision_width
        linear = self.vision_layers * (4 * wide**2 + 2 * wide * self.vision_inner)
        group = patches / (FRAMES / 2)
        seeing = 2 * linear * patches + 4 * wide * self.vision_layers * patches * group
        reading = 2 * self.block_weights * tokens
        reading += 2 * self.layers * self.heads * self.head * tokens**2
        return seeing + reading + 2 * self.vocabulary * self.width

    def step_bytes(self, batch: int, tokens: int, number: int) -> float:
        """Bytes that one further token of a batch moves."""
        kept = self.layers * 2 * self.kv_heads * self.head * number
        weights = number * (self.block_weights + self.vocabulary * self.width)
        return weights + batch * kept * (tokens + NEW_TOKENS / 2)


SHAPES = (
    Shape("Qwen3-VL-8B", 36, 4096, 32, 8, 12288, 151936, False, 27, 1152, 4304, (8, 16, 24)),
    Shape("Qwen3-VL-2B", 28, 2048, 16, 8, 6144, 151936, True, 24, 1024, 4096, (5, 11, 17)),
)
#: Stands in on a CPU: shows that all of this runs, and what is left to gain there.
SMALL = Shape(
    "a small Qwen3-VL", 6, 256, 8, 4, 768, 2048, False, 4, 128, 512, (1,), 32, side=224, batch=8
)


def wait(device: str) -> None:
    """Let the device finish what it was given."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


def seconds_of(job: Callable[[], object], device: str) -> float:
    """Time of a job: of the processor where there is no card, for others use it as well."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    wait(device)
    begin = clock()
    job()
    wait(device)
    return clock() - begin


def best_seconds(job: Callable[[], object], device: str, turns: int = 5) -> float:
    """Shortest time of a job, after one run to warm up."""
    return min([seconds_of(job, device) for _ in range(turns + 1)][1:])


def matrix_rate(device: str, dtype: Any) -> float:
    """Operations in a second of large products of matrices."""
    import torch

    side = 8192 if device == "cuda" else 1024
    one, other = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    many = 10
    seconds = best_seconds(lambda: [one @ other for _ in range(many)], device)
    return many * 2 * side**3 / seconds


def bandwidth(device: str) -> float:
    """Bytes in a second that are read: what a token of a large model waits for."""
    import torch

    count = 2**30 if device == "cuda" else 2**26
    numbers = torch.ones(count, device=device, dtype=torch.float32)
    many = 5
    seconds = best_seconds(lambda: [numbers.sum() for _ in range(many)], device)
    return many * 4 * count / seconds


def roofline_figures(device: str, folder: Path) -> list[Figure]:
    """Whole clips in a second through the engine, against what the device could do."""
    import torch

    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    rate, bytes_s = matrix_rate(device, dtype), bandwidth(device)
    figures = [
        Figure("matrix rate", rate / 1e12, "TFLOP/s", note=str(dtype)),
        Figure("bandwidth", bytes_s / 1e9, "GB/s", note="reading"),
    ]
    for shape in SHAPES if device == "cuda" else (SMALL,):
        figures += _roofline(shape, device, dtype, rate, bytes_s, folder)
        # What was compiled holds on to its model.
        torch.compiler.reset()
        free_memory()
    return figures


def _roofline(
    shape: Shape, device: str, dtype: Any, rate: float, bytes_s: float, folder: Path
) -> list[Figure]:
    model, card = _model(shape, device, dtype, folder), device == "cuda"
    some = _asks(shape, shape.batch * (3 if card else 2))
    batch = model.prepare(some[: shape.batch])
    number = dtype.itemsize
    grid = batch.inputs["video_grid_thw"]
    patches = int(grid[0].prod())
    tokens = int(batch.inputs["attention_mask"].sum(-1).float().mean())
    reading = shape.flops(patches, tokens) / rate
    writing = NEW_TOKENS * shape.step_bytes(shape.batch, tokens, number) / bytes_s / shape.batch
    model.generate(batch, max_tokens=NEW_TOKENS)  # warm
    weights = sum(p.numel() * p.element_size() for p in model.model.parameters())
    memory = Memory(weights, ModelShape.of(model.model.config, number))
    pixels = batch.inputs["pixel_values_videos"].numel() // shape.batch
    predicted = memory.peak_bytes(shape.batch, batch.n_tokens, NEW_TOKENS, pixels)
    used = _peak(device, lambda: model.generate(batch, max_tokens=NEW_TOKENS))
    if not card:
        # There the weights and the pictures lie in the main memory already.
        used += weights + 4 * pixels * shape.batch
    written: list[int] = []
    seconds = seconds_of(lambda: written.extend(_through(model, some, shape.batch)), device)
    rates, limit = len(some) / seconds, 1 / (reading + writing)
    if written != [NEW_TOKENS] * len(some):
        raise RuntimeError(f"{shape.name}: some answers ended before {NEW_TOKENS} tokens")
    return [
        Figure(
            f"{shape.name}: share of the roofline",
            100 * rates / limit,
            "%",
            at_least=45 if card else None,
            note=f"{rates:.3g} of {limit:.3g} clips/s; {patches} patches, {tokens} tokens, "
            f"{NEW_TOKENS} new, {shape.side} px, batch {shape.batch}; reading takes "
            f"{reading / (reading + writing):.0%}",
        ),
        Figure(
            f"{shape.name}: idle",
            100 * _idle(lambda: _through(model, some, shape.batch)) if card else None,
            "%",
            at_most=10,
            note="" if card else "only a card can be watched",
        ),
        Figure(
            f"{shape.name}: peak memory / prediction",
            used / predicted,
            at_least=0.8,
            at_most=1.2,
            note=f"{used / 1e9:.3g} and {predicted / 1e9:.3g} GB, "
            f"{weights / 1e9:.3g} of them weights",
        ),
    ]


def _model(shape: Shape, device: str, dtype: Any, folder: Path) -> VisionLanguageModel:
    """A model of a released shape with random weights, and the processor of a tiny one."""
    import torch
    from transformers import AutoConfig, Qwen3VLConfig, Qwen3VLForConditionalGeneration

    from napari_mousegpt.models.checkpoints import load_processor
    from support.tiny_models import tiny_vlm

    place = folder / "roofline"
    if not place.is_dir():
        tiny_vlm("qwen3_vl", place)
    processor, family = load_processor(place)
    known = AutoConfig.from_pretrained(place)
    text, vision = known.text_config, known.vision_config
    third = shape.head // 2 // 3
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": shape.vocabulary, "hidden_size": shape.width,
            "intermediate_size": shape.inner, "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads,
            "head_dim": shape.head, "max_position_embeddings": 32768,
            "tie_word_embeddings": shape.tied, "pad_token_id": text.pad_token_id,
            "eos_token_id": text.eos_token_id, "bos_token_id": None,
            "rope_parameters": {
                "rope_type": "default", "rope_theta": 5e6, "mrope_interleaved": True,
                "mrope_section": [shape.head // 2 - 2 * third, third, third],
            },
        },
        vision_config={
            "depth": shape.vision_layers, "hidden_size": shape.vision_width,
            "intermediate_size": shape.vision_inner, "num_heads": _vision_heads(shape),
            "patch_size": vision.patch_size, "out_hidden_size": shape.width,
            "num_position_embeddings": 2304, "deepstack_visual_indexes": list(shape.taps),
        },
        tie_word_embeddings=shape.tied,
        **{name: getattr(known, name) for name in (
            "image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")},
    )  # fmt: skip
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = Qwen3VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(usual)
    model.set_attn_implementation("sdpa")
    model.generation_config.eos_token_id = text.eos_token_id
    model.generation_config.pad_token_id = text.pad_token_id
    model.eval().requires_grad_(False)
    weights: Any = None
    loaded = VisionLanguageModel(model, processor, family, weights, compile=device == "cuda")
    # No end is ever the most probable token, so that every answer has the same length.
    model.lm_head.weight[loaded.wording.ends(())] = 0
    return loaded


def _vision_heads(shape: Shape) -> int:
    """Heads of the vision tower: 16 in the released ones."""
    return 16 if shape.vision_width % 16 == 0 and shape.vision_width >= 1024 else 4


def _asks(shape: Shape, many: int) -> list[Ask]:
    rng = np.random.default_rng(0)
    asks = []
    for _ in range(many):
        frames = rng.integers(0, 256, (FRAMES, shape.side, shape.side, 3), dtype=np.uint8)
        clip = ClipFrames(frames, np.arange(FRAMES) * 4, 30.0, 4 * FRAMES, 4 * FRAMES / 30)
        asks.append(Ask((clip,), "Describe what the mouse does, with head, limbs and torso."))
    return asks


def _through(model: VisionLanguageModel, some: list[Ask], batch: int) -> list[int]:
    counts = []
    for _, result in run_engine(
        some,
        key=lambda ask: ask.clips[0].n_frames,
        cost=lambda _: 1.0,
        prepare=model.prepare,
        compute=lambda ready, _: model.generate(ready, max_tokens=NEW_TOKENS),
        budget=batch,
    ):
        if isinstance(result, Failed):
            raise result.error
        counts.append(result.tokens)
    return counts


def _peak(device: str, job: Callable[[], object]) -> int:
    """Most bytes that torch holds at once; on a processor those that the job takes by itself."""
    if device == "cuda":
        with measured_peak(device) as peak:
            job()
        return peak.used_bytes
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        job()
    events = seen.profiler.kineto_results.events()
    sizes = [event.nbytes() for event in events if event.name() == "[memory]"]
    return int(np.cumsum(sizes).max())


def _idle(job: Callable[[], object]) -> float:
    """Part of the time, from the first to the last work of a card, in which it had none."""
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        job()
        wait("cuda")
    spans = np.array(
        sorted(
            (event.time_range.start, event.time_range.end)
            for event in seen.events()
            if event.device_type == DeviceType.CUDA and not event.is_user_annotation
        )
    )
    # What is busy in two streams at once counts once.
    reached = np.maximum.accumulate(spans[:, 1])
    gaps = np.maximum(spans[1:, 0] - reached[:-1], 0).sum()
    return float(gaps / (reached[-1] - spans[0, 0]))
