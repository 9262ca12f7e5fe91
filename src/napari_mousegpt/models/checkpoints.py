"""A vision-language model and its processor, read from a folder without ever guessing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_mousegpt.errors import DependencyError, FormatError, InputError
from napari_mousegpt.models.families import Family, family_of
from napari_mousegpt.models.json_files import read_object

if TYPE_CHECKING:
    import torch

__all__ = [
    "DTypeName",
    "Quantised",
    "check_quantising",
    "load_checkpoint",
    "load_processor",
    "no_progress_bars",
    "torch_dtype",
]

DTypeName = Literal["auto", "float32", "bfloat16", "float16"]
Quantised = Literal["", "int8", "int4"]


def load_processor(folder: Path) -> tuple[Any, Family]:
    """Return the processor of a folder and the family of its model.

    Raises
    ------
    FormatError
        If the folder has no readable config.json.
    InputError
        If the model has no eyes, or there is no processor that takes videos.
    """
    from transformers import AutoProcessor
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as WITH_EYES,
    )

    family = family_of(read_object(folder / "config.json"))
    if family.name not in WITH_EYES:
        raise InputError(
            folder,
            expected="a model that takes pictures and text",
            found=f"a model of type {family.name}",
            remedy="Choose a vision-language model, for instance one of the presets.",
        )
    remedy = "Copy the whole folder of the model, with its processor and tokenizer."
    try:
        # Unless told not to, transformers asks on the terminal whether to run code of the folder.
        processor = AutoProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError) as error:
        raise InputError(
            folder, expected="a processor", found=str(error).splitlines()[0], remedy=remedy
        ) from error
    if getattr(processor, "video_processor", None) is None:
        raise InputError(
            folder, expected="a processor of videos", found=type(processor).__name__, remedy=remedy
        )
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    return processor, family


def load_checkpoint(
    folder: Path, device: torch.device, dtype: torch.dtype, attention: str, quantised: Quantised
) -> Any:
    """Return the model of a folder on its device, in evaluation mode.

    Raises
    ------
    FormatError
        If the weights are damaged, or lack tensors of the model: these would be made up at random.
    DependencyError
        If small integers are asked for and bitsandbytes is absent.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForImageTextToText

    options: dict[str, Any] = {"dtype": dtype, "attn_implementation": attention}
    if quantised:
        options |= {"quantization_config": _small_integers(quantised), "device_map": device}
    try:
        with no_progress_bars():
            model, report = AutoModelForImageTextToText.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
                **options,
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise FormatError(
            folder,
            expected="whole weights in safetensors",
            found=str(error).splitlines()[0],
            remedy="Copy or download the model again.",
        ) from error
    absent = sorted(report["missing_keys"]) + sorted(map(str, report["mismatched_keys"]))
    if absent:
        raise FormatError(
            folder,
            expected="all tensors of the model",
            found=f"{len(absent)} absent or of another shape, such as {absent[0]}",
            remedy="These would be made up at random. Copy or download the model again.",
        )
    if not quantised:
        model = model.to(device)
    return model.eval().requires_grad_(False)


def torch_dtype(wanted: DTypeName, device: torch.device) -> torch.dtype:
    """Return the number format: on a GPU bfloat16 where it has it, on a CPU float32."""
    import torch

    if wanted == "auto":
        if device.type == "cuda":
            # Older cards only imitate bfloat16, slowly.
            newer = torch.cuda.get_device_capability(device)[0] >= 8
            return torch.bfloat16 if newer else torch.float16
        return torch.float16 if device.type == "mps" else torch.float32
    if wanted not in ("float32", "bfloat16", "float16"):
        raise InputError("dtype", expected="auto, float32, bfloat16 or float16", found=repr(wanted))
    chosen: torch.dtype = getattr(torch, wanted)
    return chosen


def check_quantising(quantised: Quantised) -> None:
    """Refuse, before anything is written or read, to pack weights without the library for it.

    Raises
    ------
    DependencyError
        If bitsandbytes is absent.
    """
    from importlib.util import find_spec

    if quantised and find_spec("bitsandbytes") is None:
        raise DependencyError(
            f"weights as {quantised}",
            expected="the library bitsandbytes",
            found="none",
            remedy="Install it with `pip install bitsandbytes`, or leave the weights as they are.",
        )


def _small_integers(quantised: Quantised) -> Any:
    if quantised not in ("int8", "int4"):
        raise InputError("quantised", expected="int8, int4 or nothing", found=repr(quantised))
    check_quantising(quantised)
    import torch
    from transformers import BitsAndBytesConfig

    if quantised == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Keep the bars of transformers off the terminal: the job has its own."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
