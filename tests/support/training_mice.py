"""Teach tiny models which way drawn mice travel."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.runs.trial_clips import draw_clip, empty_clip
from napari_mousegpt.runs.trials import QUESTIONS
from support.training_films import filler

#: Side of the pictures it was taught with: more is not seen by a model so small.
SIDE = 56
_STEPS, _BATCH, _POOL = 110, 16, 160
_ENCODER_STEPS = 110


def teach_mice(begin: Path, folder: Path) -> Path:
    """Write a copy of the model ``begin`` that tells which way drawn mice travel.

    It is taught with clips that are played backwards as well, and with empty ones, where it has to
    stay undecided. It takes about ten seconds of one processor.
    """
    import torch

    from napari_mousegpt.models.vision_language import VisionLanguageModel

    shutil.copytree(begin, folder)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            loaded = VisionLanguageModel.load(folder)
            _fit(loaded)
        loaded.model.eval().save_pretrained(folder)
    finally:
        torch.set_num_threads(threads)
    return folder


def _fit(loaded: Any) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    model = loaded.model.requires_grad_(True).train()
    labels = QUESTIONS["direction"].labels
    first = [ids[0] for (ids,) in (loaded.wording.answers([label]) for label in labels)]
    rng = np.random.default_rng(3)
    pool = [_clip(labels[i % 2], 500_000 + i) for i in range(_POOL)]
    empty = [_empty(kind, 500_000 + i) for i in range(8) for kind in ("arena", "even")]
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=_STEPS, pct_start=0.2)
    for _ in range(_STEPS):
        asks, shares = [], []
        for number in rng.integers(0, _POOL, _BATCH):
            clip, way = pool[number], number % 2
            if rng.random() < 0.5:
                clip, way = clip.reversed(), 1 - way
            share = [float(way == 0), float(way == 1)]
            if rng.random() < 0.2:
                clip, share = empty[rng.integers(len(empty))], [0.5, 0.5]
            asks.append(_ask(rng, clip))
            shares.append(share)
        batch = loaded.prepare(asks)
        logits = model(**batch.inputs, logits_to_keep=1).logits[:, -1]
        wanted = torch.zeros_like(logits)
        wanted[:, first] = torch.tensor(shares)
        loss = cross_entropy(logits, wanted)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        rate.step()


def _ask(rng: np.random.Generator, clip: ClipFrames) -> Ask:
    if rng.random() < 0.5:
        return QUESTIONS["direction"].ask(clip, turned=bool(rng.random() < 0.5))
    return Ask((clip,), filler(rng, int(rng.integers(1, 40))))


def _clip(action: str, seed: int) -> ClipFrames:
    return draw_clip(action, seed, n_frames=4, size=SIDE)


def _empty(kind: str, seed: int) -> ClipFrames:
    return empty_clip(kind, seed, n_frames=4, size=SIDE)


def mouse_encoder(folder: Path) -> Path:
    """Write a tiny Video Swin that was taught which way drawn mice travel, nose first or last.

    It takes three seconds of one processor.
    """
    import torch

    from napari_mousegpt.models.swin import build_swin
    from support.tiny_encoders import FRAMES, SWIN, _save_swin

    config = {**SWIN, "num_labels": 2, "window_size": [4, 4, 4], "patch_size": [4, 4, 4]}
    torch.manual_seed(0)
    model = build_swin(config).train()
    for module in model.modules():
        if hasattr(module, "p"):
            module.p = 0.0  # so few weights cannot spare any
    side = config["crop_size"]
    films = np.stack(
        [draw_clip(("left", "right")[i % 2], 700_000 + i, n_frames=FRAMES, size=side).frames
         for i in range(200)]
    )  # fmt: skip
    scale = 255 * torch.tensor([config["image_mean"], config["image_std"]])
    pixels = ((torch.from_numpy(films).float() - scale[0]) / scale[1]).permute(0, 4, 1, 2, 3)
    pixels = torch.cat([pixels, pixels.flip(2)])
    names = torch.cat([torch.arange(200) % 2, 1 - torch.arange(200) % 2])
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.01)
    for _ in range(_ENCODER_STEPS):
        rows = torch.randperm(len(pixels))[:16]
        loss = torch.nn.functional.cross_entropy(model(pixels[rows]), names[rows])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return _save_swin(model.eval(), config, folder, ("left", "right"))
