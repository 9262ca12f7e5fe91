"""Tiny checkpoints of five families of vision-language models, made on the spot.

Weights are random, the tokenizer knows every byte, and the chat templates are ours: they tell
nothing about what a released processor does with its own template.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from support.tiny_shapes import MAKERS
from support.torchvision_cure import cure_torchvision

#: Not among the five: its layers of linear attention keep states that cannot be cut back.
HYBRID = "qwen3_5"
FAMILIES = ("qwen2_5_vl", "qwen3_vl", "smolvlm", "internvl", "llava_onevision")

_WORDS = (
    "left right up down rear lie still move walk run groom sniff turn dig bright dark yes no not "
    "visible the mouse animal is moves rears lies on its wall nose head body limb paw torso tail "
    "pose speed high low body raised What does Which way Answer with one word Label Describe "
    "Measured this clip length one deg turned steady moving quickly hind paws stepping at rest "
    "Fore Trunk usual level means along axis turn rate behaviours to choose from"
)
_QWEN = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|vision_start|>", "<|vision_end|>"]
_SPECIAL = {
    "qwen2_5_vl": [*_QWEN, "<|image_pad|>", "<|video_pad|>"],
    "qwen3_vl": [*_QWEN, "<|image_pad|>", "<|video_pad|>"],
    "qwen3_5": [*_QWEN, "<|image_pad|>", "<|video_pad|>"],
    "smolvlm": [
        "<|im_start|>",
        "<end_of_utterance>",
        "<|endoftext|>",
        "<image>",
        "<video>",
        "<fake_token_around_image>",
        "<global-img>",
    ],
    "internvl": [*_QWEN[:3], "<img>", "</img>", "<IMG_CONTEXT>", "<video>"],
    "llava_onevision": [*_QWEN[:3], "<image>", "<video>"],
}
_VIDEO_MARK = {
    "qwen2_5_vl": "<|vision_start|><|video_pad|><|vision_end|>",
    "qwen3_vl": "<|video_pad|>",
    "qwen3_5": "<|video_pad|>",
    "smolvlm": "<video>",
    "internvl": "<video>",
    "llava_onevision": "<video>",
}
_END = dict.fromkeys(_SPECIAL, "<|im_end|>") | {"smolvlm": "<end_of_utterance>"}
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'video' %}VIDEO\n{% elif part['type'] == 'text' %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}END\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tiny_vlm(family: str, folder: Path, seed: int = 0, **shape: int) -> Path:
    """Write a tiny random checkpoint of one family into ``folder`` and return the folder.

    ``shape`` changes ``hidden`` (64), ``layers`` (2) and ``frame`` (56 pixels; 64 in qwen3_vl).
    """
    if not cure_torchvision():
        raise RuntimeError("the tests of video models need torchvision")
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tokenizer = _tokenizer(family)
        sizes = {"hidden": 64, "layers": 2, "frame": 56} | shape
        model, processor = MAKERS[family](tokenizer, sizes)
    end = tokenizer.convert_tokens_to_ids(_END[family])
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.do_sample = False
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def trained_vlm(folder: Path, task: str, seed: int = 0) -> Path:
    """Write a tiny model that was trained to tell films apart; tasks: ``training_films.TASKS``."""
    from support.training_films import train

    tiny_vlm("internvl", folder, seed)
    train(folder, task, seed)
    return folder


def text_only_model(folder: Path) -> Path:
    """Write the configuration of a language model without eyes."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def _tokenizer(family: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1100,
        special_tokens=_SPECIAL[family],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words = [*_WORDS.split(), *_prompt_words()]
    core.train_from_iterator([*words, *(f"a {word}" for word in words)] * 4, trainer)
    named = {}
    if family == "internvl":
        named = {
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        }
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=_END[family],
        pad_token="<|endoftext|>",
        extra_special_tokens=named,
        chat_template=_template(family),
    )


def _prompt_words() -> list[str]:
    """Return the words of the prompts of the package, so that they take few tokens."""
    folder = resources.files("napari_mousegpt.words") / "prompt_files"
    texts = [file.read_text(encoding="utf-8") for file in folder.iterdir()]
    return sorted({word for text in texts for word in re.findall("[A-Za-z]+", text)})


def _template(family: str) -> str:
    return _TEMPLATE.replace("VIDEO", _VIDEO_MARK[family]).replace("END", _END[family])
