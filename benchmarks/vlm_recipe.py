"""The shortest way that the documentation of transformers shows: clip by clip, nothing ahead.

This is what our engine is measured against. It gets the same model, the same pictures and the same
options of the processor, so that it writes the same tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def describe_clips(
    model: Any,
    processor: Any,
    clips: Sequence[np.ndarray],
    questions: Sequence[str],
    options: Sequence[Mapping[str, Any]],
    new_tokens: int,
) -> list[list[int]]:
    """Return the tokens that a model writes about each clip.

    Parameters
    ----------
    model, processor
        As ``AutoModelForImageTextToText`` and ``AutoProcessor`` load them.
    clips : sequence of uint8 arrays (T, H, W, 3)
    questions : sequence of str
    options : sequence of mapping
        What the processor has to know about each clip.
    new_tokens : int
        Most tokens of an answer.
    """
    answers = []
    for clip, question, known in zip(clips, questions, options, strict=True):
        conversation = [
            {
                "role": "user",
                "content": [{"type": "video", "video": clip}, {"type": "text", "text": question}],
            }
        ]
        inputs = processor.apply_chat_template(
            conversation,
            tokenize=True,
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs=dict(known),
        ).to(model.device, dtype=model.dtype)
        written = model.generate(**inputs, max_new_tokens=new_tokens, do_sample=False)
        answers.append(written[0, inputs["input_ids"].shape[1] :].tolist())
    return answers
