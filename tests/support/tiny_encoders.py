"""Video encoders of a few thousand weights, random or taught to tell two motions apart."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_mousegpt.models.swin import build_swin
from support.motion_clips import clip_times, film
from support.torchvision_cure import cure_torchvision

__all__ = [
    "CLASSES",
    "FAMILIES",
    "FRAMES",
    "MOTIONS",
    "SIDE",
    "SWIN",
    "as_video_swin",
    "tiny_encoder",
    "tiny_swin",
    "trained_encoder",
]

FAMILIES = ("swin3d", "vjepa2", "videomae", "vivit", "timesformer", "videoprism_vision_model")
CLASSES = ("arm wrestling", "digging", "tai chi")
#: What the taught one tells apart: kinds of films.
MOTIONS = ("left", "right")
SIDE, FRAMES = 32, 8
#: Shape of the tiny Video Swin; windows smaller than the picture, so that some are shifted.
SWIN: dict[str, Any] = {
    "model_type": "swin3d",
    "architectures": ["SwinTransformer3d"],
    "patch_size": [2, 4, 4],
    "embed_dim": 16,
    "depths": [2, 2],
    "num_heads": [2, 4],
    "window_size": [2, 3, 3],
    "mlp_ratio": 4.0,
    "num_labels": 3,
    "num_frames": FRAMES,
    "frame_interval": 2,
    "short_side": SIDE,
    "crop_size": SIDE,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
_LOOK = {
    "size": {"shortest_edge": SIDE},
    "crop_size": {"height": SIDE, "width": SIDE},
    "do_center_crop": True,
    "image_mean": [0.45, 0.5, 0.55],
    "image_std": [0.22, 0.23, 0.24],
    "rescale_factor": 1 / 255,
    "resample": 2,
}
_COMMON: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def tiny_swin(seed: int = 0, **changes: Any) -> tuple[torch.nn.Module, dict[str, Any]]:
    """A random Video Swin and its configuration; biases of positions are far from zero."""
    assert cure_torchvision()
    config = {**SWIN, **changes}
    torch.manual_seed(seed)
    model = build_swin(config).eval()
    for parameter in model.parameters():
        # The usual start is near zero, where a wrong order of tensors would not show.
        parameter.data = torch.randn_like(parameter) * 0.3 + (parameter.ndim == 1)
    return model, config


def as_video_swin(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The tensors of a torchvision model under the names of the Video-Swin and mmaction line."""
    state = {}
    for name, tensor in model.state_dict().items():
        found = re.fullmatch(r"features\.(\d+)\.(.*)", name)
        if found is None:
            theirs = f"backbone.{name}" if "head" not in name else f"cls_head.fc_cls.{name[5:]}"
        elif int(found[1]) % 2:
            theirs = f"backbone.layers.{int(found[1]) // 2}.downsample.{found[2]}"
        else:
            rest = found[2].replace("mlp.0.", "mlp.fc1.").replace("mlp.3.", "mlp.fc2.")
            theirs = f"backbone.layers.{int(found[1]) // 2}.blocks.{rest}"
        state[theirs] = tensor.clone()
    return state


def tiny_encoder(family: str, folder: Path, *, seed: int = 0, head: bool = True) -> Path:
    """Save a tiny random encoder of a family, as its publisher would."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    if family == "swin3d":
        return _save_swin(*tiny_swin(seed, num_labels=3 if head else 0), folder)
    model = _transformers_model(family, head)
    for parameter in model.parameters():
        parameter.data += torch.randn_like(parameter) * 0.05
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(_LOOK))
    return folder


def _save_swin(
    model: torch.nn.Module,
    config: dict[str, Any],
    folder: Path,
    names: tuple[str, ...] = CLASSES,
) -> Path:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    names = names[: config["num_labels"]]
    state = {k: v for k, v in model.state_dict().items() if "position_index" not in k}
    save_file(state, folder / "model.safetensors")
    config = {**config, "id2label": {str(i): name for i, name in enumerate(names)}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def _transformers_model(family: str, head: bool) -> Any:
    import transformers as tf

    labels = {
        "id2label": dict(enumerate(CLASSES)),
        "label2id": {c: i for i, c in enumerate(CLASSES)},
    }
    shape = {"image_size": SIDE, "num_frames": FRAMES, **_COMMON, **labels}
    if family == "vjepa2":
        config = tf.VJEPA2Config(
            crop_size=SIDE, frames_per_clip=FRAMES, patch_size=8, mlp_ratio=2.0,
            num_pooler_layers=1, pred_hidden_size=32, pred_num_attention_heads=2,
            pred_num_hidden_layers=1, pred_num_mask_tokens=1,
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, **labels,
        )  # fmt: skip
        return (tf.VJEPA2ForVideoClassification if head else tf.VJEPA2Model)(config)
    if family == "videomae":
        config = tf.VideoMAEConfig(patch_size=8, **shape)
        return (tf.VideoMAEForVideoClassification if head else tf.VideoMAEModel)(config)
    if family == "vivit":
        config = tf.VivitConfig(tubelet_size=[2, 8, 8], **shape)
        return (tf.VivitForVideoClassification if head else tf.VivitModel)(config)
    if family == "timesformer":
        config = tf.TimesformerConfig(patch_size=8, **shape)
        return (tf.TimesformerForVideoClassification if head else tf.TimesformerModel)(config)
    del shape["num_hidden_layers"]
    config = tf.VideoPrismVisionConfig(
        tubelet_size=[1, 8, 8], num_spatial_layers=1, num_temporal_layers=1, **shape
    )
    kind = tf.VideoPrismForVideoClassification if head else tf.VideoPrismVisionModel
    return kind(config)


def trained_encoder(folder: Path, *, seed: int = 0) -> Path:
    """Save a tiny Video Swin that was taught which way a figure goes: left or right.

    It takes 2 to 3 seconds of one processor.
    """
    config = {**SWIN, "num_labels": 2, "window_size": [4, 4, 4], "patch_size": [4, 4, 4]}
    assert cure_torchvision()
    torch.manual_seed(seed)
    model = build_swin(config).train()
    for module in model.modules():
        if hasattr(module, "p"):
            module.p = 0.0  # so few weights cannot spare any
    times = clip_times(FRAMES)
    films = [film(kind, number).frames(times, SIDE) for number in range(160) for kind in MOTIONS]
    scale = 255 * torch.tensor([config["image_mean"], config["image_std"]])
    pixels = (torch.from_numpy(np.stack(films)).float() - scale[0]) / scale[1]
    pixels = pixels.permute(0, 4, 1, 2, 3)
    names = torch.arange(len(pixels)) % 2
    steps = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.01)
    for _ in range(100):
        rows = torch.randperm(len(pixels))[:16]
        loss = torch.nn.functional.cross_entropy(model(pixels[rows]), names[rows])
        steps.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        steps.step()
    return _save_swin(model.eval(), config, folder, MOTIONS)
