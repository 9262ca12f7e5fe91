"""Rates of video encoders with random weights, as a part of what the device can do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.clips.reading import iter_clips
from napari_mousegpt.clips.sampling import ClipParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.models.engine import Failed, run_engine
from napari_mousegpt.models.memory import free_memory
from video_speed import Figure
from vlm_device import best_seconds, matrix_rate, seconds_of


def encoder_figures(device: str, folder: Path) -> list[Figure]:
    """Clips in a second of encoders with random weights, as a part of the matrix rate."""
    import torch

    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    rate = matrix_rate(device, dtype)
    movie = make_sample(folder / "movie", seconds=20 if device == "cuda" else 6).video
    figures = [Figure("matrix rate", rate / 1e12, "TFLOP/s", note=str(dtype))]
    for name, build, batch in _encoders(device):
        encoder = build(device, dtype)
        spec = encoder.spec
        shape = (batch, spec.frames, spec.short_side, spec.short_side, 3)
        clips = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        work = _counted(encoder, clips[:1]) * batch
        seconds = best_seconds(lambda e=encoder, c=clips: e.encode(c), device, 2)
        share = work / seconds / rate
        figures.append(
            Figure(
                f"encoder {name}: share of the matrix rate",
                100 * share,
                "%",
                at_least=50 if device == "cuda" else None,
                note=f"{batch / seconds:.3g} clips/s, {work / batch / 1e9:.4g} GFLOP a clip, "
                f"batch {batch}, uint8 in, vectors out",
            )
        )
        figures.append(_from_a_video(name, encoder, batch, movie))
        del encoder
        torch.compiler.reset()
        free_memory()
    return figures


def _from_a_video(name: str, encoder: Any, batch: int, movie: Path) -> Figure:
    """Clips in a second when they are read from a file meanwhile."""
    spec, recording = encoder.spec, open_recording(movie)
    span = spec.frames * spec.interval
    # Overlapping windows: pictures of the file are decoded once.
    many = batch * (6 if encoder.device.type == "cuda" else 2)
    starts = np.linspace(0, recording.n_frames - span, many).astype(np.int64)
    windows = Intervals.build(recording.id, starts, starts + span)

    def through() -> None:
        for _, result in run_engine(
            iter_clips(recording, windows, ClipParams(frames=spec.frames, size=spec.short_side)),
            key=lambda clip: clip.frames.shape,
            cost=lambda _: 1.0,
            prepare=lambda some: np.stack([clip.frames for clip in some]),
            compute=lambda frames, _: list(encoder.encode(frames).features),
            budget=batch,
        ):
            if isinstance(result, Failed):
                raise result.error

    seconds = seconds_of(through, encoder.device.type)
    recording.video.close()
    return Figure(
        f"encoder {name}: from an mp4", many / seconds, "clips/s", note="decoding beside it"
    )


def _encoders(device: str) -> list[tuple[str, Callable[[str, Any], Any], int]]:
    if device == "cuda":
        return [("ViT-L (V-JEPA 2)", _vit(24, 1024, 256), 32), ("Swin-B", _swin("b"), 32)]
    return [("small ViT (V-JEPA 2)", _vit(4, 256, 128), 2), ("Swin-T, 32 frames", _swin("t"), 1)]


def _vit(layers: int, width: int, side: int) -> Callable[[str, Any], Any]:
    def build(device: str, dtype: Any) -> Any:
        from transformers import VJEPA2Config, VJEPA2Model

        config = VJEPA2Config(
            crop_size=side, frames_per_clip=16, hidden_size=width, num_hidden_layers=layers,
            num_attention_heads=width // 64, mlp_ratio=4.0,
        )  # fmt: skip
        return _loaded(VJEPA2Model(config), "vjepa2", "BTCHW", 16, side, width, device, dtype)

    return build


def _swin(size: str) -> Callable[[str, Any], Any]:
    wide, depths, heads = {
        "b": (128, [2, 2, 18, 2], [4, 8, 16, 32]),
        "t": (96, [2, 2, 6, 2], [3, 6, 12, 24]),
    }[size]

    def build(device: str, dtype: Any) -> Any:
        from napari_mousegpt.models.swin import build_swin
        from napari_mousegpt.models.swin_attention import fuse_attention

        config = {
            "patch_size": [2, 4, 4], "embed_dim": wide, "depths": depths, "num_heads": heads,
            "window_size": [8, 7, 7], "mlp_ratio": 4.0, "num_labels": 0,
        }  # fmt: skip
        model = build_swin(config)
        fuse_attention(model)
        return _loaded(model, "swin3d", "BCTHW", 32, 224, 8 * wide, device, dtype)

    return build


def _loaded(
    model: Any, family: str, layout: Any, frames: int, side: int, dim: int, device: str, dtype: Any
) -> Any:
    import torch

    from napari_mousegpt.models.encoder_files import EncoderSpec
    from napari_mousegpt.models.encoders import VideoEncoder

    spec = EncoderSpec(
        family, type(model).__name__, frames, 2, side, side, False, (124.0, 116.0, 104.0),
        (58.0, 57.0, 57.0), "bilinear", layout, "pixel_values_videos", dim, (), True, 2,
    )  # fmt: skip
    weights: Any = None
    model = model.to(device=device, dtype=dtype).requires_grad_(False)
    encoder = VideoEncoder(model, spec, weights, torch.device(device), dtype)
    if device == "cuda":
        # As VideoEncoder.load(compile=True) does it.
        encoder._forward = torch.compile(encoder.model)
        encoder._fill = True
    return encoder


def _counted(encoder: Any, clips: np.ndarray) -> int:
    """Operations of one clip, counted by torch in the plain model."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

    # The kernel of the processor is the one attention that torch does not count by itself.
    attention = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu

    def counted(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
        return sdpa_flop_count(query, key, value)

    forward, encoder._forward = encoder._forward, encoder.model
    fill, encoder._fill = encoder._fill, False
    with FlopCounterMode(display=False, custom_mapping={attention: counted}) as counter:
        encoder.encode(clips)
    encoder._forward, encoder._fill = forward, fill
    return int(counter.get_total_flops())
