"""Exactly what a model is going to get: the same ask, with marks where its pictures stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.words.examples import Example
from napari_mousegpt.words.prompt_safety import text_doubts
from napari_mousegpt.words.prompts import Prompt
from napari_mousegpt.words.vocabulary import Vocabulary

__all__ = ["Preview", "ask_text", "prompt_doubts"]


@dataclass(frozen=True, eq=False)
class Preview:
    """One question as it is going to be asked.

    Parameters
    ----------
    ask : Ask
        What engine or server take; hand on this very object.
    part : str
        What it asks for.
    prompt_id : str
        What is kept with the answer.
    doubts : tuple of str
        Sentences about what a model may take for more than a text.
    """

    ask: Ask
    part: str
    prompt_id: str
    doubts: tuple[str, ...] = ()

    @property
    def frames(self) -> tuple[NDArray[np.uint8], ...]:
        """The pictures of each clip, (T, H, W, 3), in the order they are shown."""
        return tuple(clip.frames for clip in self.ask.clips)


def prompt_doubts(
    prompt: Prompt, vocabulary: Vocabulary | None = None, examples: Sequence[Example] = ()
) -> tuple[str, ...]:
    """Return sentences about control tokens and instructions hidden in what a lab wrote.

    Looked into are context, options, labels, definitions and the words of examples; system text,
    instruction and questions are instructions by nature, and are looked into for tokens only.
    """
    found: list[str] = []
    for what in ("system", "instruction", "contract"):
        found += _tokens_only(f"the {what}", getattr(prompt, what))
    for part, question in prompt.questions.items():
        found += _tokens_only(f"the question for {part}", question)
    found += text_doubts("the context", prompt.context)
    for part, options in prompt.options.items():
        for option in options:
            found += text_doubts(f"an option of {part}", option)
    if vocabulary is not None:
        found += vocabulary.doubts
    words = [example.words for example in examples] or [given.words for given in prompt.examples]
    for number, told in enumerate(words, start=1):
        for part, text in told.items():
            found += text_doubts(f"the {part} of example {number}", text)
    return tuple(dict.fromkeys(found))


def ask_text(ask: Ask) -> str:
    """Return the texts of an ask in the order a model meets them.

    Each clip is a mark with the number and size of its pictures and their times, in seconds from
    the beginning of the clip.
    """
    lines = [ask.system] if ask.system else []
    for number, clip in enumerate(ask.clips):
        lines.append(_mark(clip))
        if ask.captions and ask.captions[number]:
            lines.append(ask.captions[number])
    return "\n\n".join([*lines, ask.text])


def _mark(clip: ClipFrames) -> str:
    count, height, width = clip.frames.shape[:3]
    times = ", ".join(f"{index / clip.source_fps:.2f}" for index in clip.indices)
    pictures = "1 picture" if count == 1 else f"{count} pictures"
    return f"[{pictures} of {width} x {height}, at {times} s of {clip.seconds:.2f} s]"


def _tokens_only(what: str, text: str) -> list[str]:
    return [doubt for doubt in text_doubts(what, text) if "like an instruction" not in doubt]
