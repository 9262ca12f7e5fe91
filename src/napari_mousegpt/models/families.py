"""What differs between families of vision-language models, as far as it changes our calls.

Only facts about the processors of transformers stand here. A family that is not listed is treated
with care: two frames at least, every special token escaped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from napari_mousegpt.errors import InputError

__all__ = ["FAMILIES", "Family", "family_of"]


@dataclass(frozen=True)
class Family:
    """How one family of models wants to be called.

    Parameters
    ----------
    name : str
        ``model_type`` of its configuration.
    least_frames : int
        Fewest frames of a clip.
    placeholders : tuple of str
        Tokens that stand for pictures in its prompts.
    sizing : {"pixels", "fixed"}
        "pixels": frames keep their size, rounded to whole patches. "fixed": the processor makes
        every frame the same square.
    known : bool
        False for a family that was never tried here.
    """

    name: str
    least_frames: int = 1
    placeholders: tuple[str, ...] = ()
    sizing: Literal["pixels", "fixed"] = "fixed"
    known: bool = True

    def size_arguments(
        self, shapes: Sequence[tuple[int, int, int]], factor: int = 28
    ) -> dict[str, Any]:
        """Return the options that let the processor keep frames at the size they have.

        Parameters
        ----------
        shapes : sequence of (T, H, W)
            All clips of the batch.
        factor : int
            Pixels of one visual token along a side.

        Notes
        -----
        The bounds count pixels over all frames of a clip and are the same for the whole batch. They
        are so wide that no clip is changed because of another one.
        """
        if self.sizing == "fixed":
            return {}

        most = max(_most_pixels(shape, factor) for shape in shapes)
        # Its default is announced to change, and it changes the number of tokens.
        return {
            "size": {"shortest_edge": factor * factor, "longest_edge": most},
            "cap_pixels_per_frame": False,
        }


def _most_pixels(shape: tuple[int, int, int], factor: int) -> int:
    """Return at least as many pixels as the processor would make of a clip without bounds."""
    frames, height, width = shape
    # Pictures smaller than one token are first blown up to it.
    grown = max(1.0, factor / height, factor / width)
    tokens = math.ceil(height * grown / factor) * math.ceil(width * grown / factor)
    return (frames + frames % 2) * tokens * factor * factor


def _qwen(name: str, least_frames: int) -> Family:
    marks = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    return Family(name, least_frames=least_frames, placeholders=marks, sizing="pixels")


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        _qwen("qwen2_vl", 1),
        _qwen("qwen2_5_vl", 1),
        _qwen("qwen3_vl", 2),
        _qwen("qwen3_vl_moe", 2),
        _qwen("qwen3_5", 2),
        _qwen("qwen3_5_moe", 2),
        Family(
            "smolvlm",
            placeholders=("<image>", "<video>", "<fake_token_around_image>", "<global-img>"),
        ),
        Family(
            "internvl",
            placeholders=("<IMG_CONTEXT>", "<img>", "</img>", "<video>"),
        ),
        Family(
            "llava_onevision",
            placeholders=("<image>", "<video>"),
        ),
    )
}


def family_of(config: Any) -> Family:
    """Return the family of a configuration of transformers, or of the mapping in a config.json.

    Raises
    ------
    InputError
        If the configuration names no model type.
    """
    told = config if isinstance(config, Mapping) else config.to_dict()
    name = str(told.get("model_type") or "")
    if not name:
        raise InputError(
            "config.json",
            expected="an entry model_type",
            found="none",
            remedy="Give the folder that holds a model saved by transformers.",
        )
    return FAMILIES.get(name) or Family(name, least_frames=2, known=False)
