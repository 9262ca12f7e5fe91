"""Asks turned into one batch of tensors, by the processor that came with the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.models.families import Family

__all__ = ["Batch", "make_batch", "without_end"]

_TEXT = ("input_ids", "attention_mask", "mm_token_type_ids", "token_type_ids")


@dataclass(frozen=True, eq=False)
class Batch:
    """Prepared asks, still in the main memory.

    Parameters
    ----------
    inputs : dict of str to torch.Tensor
        What the model takes; texts are padded on the left.
    n_asks : int
        Number of rows.
    n_frames : int
        Frames of every clip in it.
    n_tokens : int
        Length of the padded rows.
    is_open : bool
        Whether the prompts stop before the end of the question, so that questions can follow.
    """

    inputs: dict[str, Any]
    n_asks: int
    n_frames: int
    n_tokens: int
    is_open: bool = False


def make_batch(
    asks: Sequence[Ask], processor: Any, family: Family, clean: Callable[[str], str]
) -> Batch:
    """Turn asks into one batch.

    Raises
    ------
    InputError
        If there is no ask, if the clips differ in their number of frames, or if they have fewer
        frames than the model needs.
    """
    clips = [clip for ask in asks for clip in ask.clips]
    n_frames = _one_frame_count(clips, family)
    if len({len(ask.clips) for ask in asks}) > 1:
        raise InputError(
            "batch",
            expected="the same number of clips in every ask",
            found=", ".join(str(len(ask.clips)) for ask in asks[:8]),
            remedy="Put asks with different numbers of clips into different batches.",
        )
    made = processor.apply_chat_template(
        [_conversation(ask, clean) for ask in asks],
        tokenize=True,
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs={
            # The frames are chosen already. Without this some processors choose again.
            "do_sample_frames": False,
            # Without it a rate of 24 is assumed, without a word.
            "video_metadata": [_metadata(clip) for clip in clips],
            "padding": True,
            "padding_side": "left",
            # Otherwise it is guessed from the first clip and used for all.
            "input_data_format": "channels_last",
            **family.size_arguments([clip.frames.shape[:3] for clip in clips], _factor(processor)),
        },
    )
    inputs = {name: value for name, value in made.items() if hasattr(value, "shape")}
    return Batch(inputs, len(asks), n_frames, int(inputs["input_ids"].shape[1]))


def without_end(batch: Batch, end: Sequence[int]) -> Batch:
    """Return a batch whose prompts are left open: without the tokens that end a question.

    Raises
    ------
    InputError
        If the prompts do not end with these tokens.
    """
    ids = batch.inputs["input_ids"]
    if not end or ids[:, -len(end) :].tolist() != [list(end)] * batch.n_asks:
        raise InputError(
            "chat template",
            expected="the same end of every question",
            found="another one",
            remedy="Ask each question with a prompt of its own.",
        )
    inputs = {
        name: value[:, : -len(end)] if name in _TEXT else value
        for name, value in batch.inputs.items()
    }
    return replace(batch, inputs=inputs, n_tokens=batch.n_tokens - len(end), is_open=True)


def _one_frame_count(clips: Sequence[ClipFrames], family: Family) -> int:
    counts = sorted({clip.n_frames for clip in clips})
    if not counts:
        raise InputError("batch", expected="at least one ask", found="none")
    if counts[0] < family.least_frames:
        raise InputError(
            "clip",
            expected=f"at least {family.least_frames} frames for the models {family.name}",
            found=f"{counts[0]}",
            remedy="Choose more frames per clip, or a model that takes single frames.",
        )
    if len(counts) > 1:
        raise InputError(
            "batch",
            expected="clips of one frame count",
            found=", ".join(str(count) for count in counts),
            remedy="Some models pad the shorter clips and answer wrongly: make one batch for each.",
        )
    return counts[0]


def _conversation(ask: Ask, clean: Callable[[str], str]) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for number, clip in enumerate(ask.clips):
        content.append({"type": "video", "video": np.ascontiguousarray(clip.frames)})
        if ask.captions:
            content.append({"type": "text", "text": clean(ask.captions[number])})
    content.append({"type": "text", "text": clean(ask.text)})
    turns = [{"role": "user", "content": content}]
    if ask.system:
        told = [{"type": "text", "text": clean(ask.system)}]
        turns.insert(0, {"role": "system", "content": told})
    return turns


def _metadata(clip: ClipFrames) -> dict[str, Any]:
    height, width = clip.frames.shape[1:3]
    return {
        "total_num_frames": int(clip.source_frames),
        "fps": float(clip.source_fps),
        "duration": float(clip.seconds),
        "frames_indices": [int(index) for index in clip.indices],
        "height": height,
        "width": width,
        "video_backend": "array",
    }


def _factor(processor: Any) -> int:
    """Return the pixels of one visual token along a side, where patches are merged."""
    video = processor.video_processor
    patch, merge = getattr(video, "patch_size", None), getattr(video, "merge_size", None)
    return patch * merge if isinstance(patch, int) and isinstance(merge, int) else 28
