"""What the folder of a model holds, and why it cannot be used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models.json_files import read_object
from napari_mousegpt.models.safetensors_files import TensorFile, read_header

__all__ = ["ModelFolder", "check_folder", "check_sees_video", "licence_of", "model_kind"]

_PICKLED = ("*.bin", "*.pth", "*.pt", "*.ckpt", "*.pkl", "*.msgpack", "*.h5")
_PROCESSORS = ("processor_config.json", "preprocessor_config.json")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json", "spiece.model")
_LIST = "napari-mousegpt models lists models that can be used."


@dataclass(frozen=True)
class ModelFolder:
    """A model folder that was looked over.

    Parameters
    ----------
    folder : Path
    config : dict
        Content of ``config.json``.
    family : str
        Its ``model_type``.
    kind : {"vlm", "encoder"}
    weights : tuple of TensorFile
        Files with tensors that are loaded.
    files : tuple of Path
        All files that decide about its answers, the weights among them.
    """

    folder: Path
    config: dict[str, Any]
    family: str
    kind: Literal["vlm", "encoder"]
    weights: tuple[TensorFile, ...]
    files: tuple[Path, ...]

    @property
    def half_gb(self) -> float:
        """GB (1e9 bytes) of its weights in 16 bits, or fewer where they are stored so."""
        return sum(file.half_bytes for file in self.weights) / 1e9


def check_folder(folder: Path) -> ModelFolder:
    """Look over a folder with a model; nothing in it is run, and no tensor is read.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    InputError
        When something is missing, or the model is none that sees video.
    FormatError
        When a file is damaged, or the weights are pickled.
    """
    if not folder.is_dir():
        raise InputError(
            folder,
            expected="a folder with a model",
            found="a file" if folder.exists() else "nothing there",
            remedy=f"Name the folder that holds config.json. {_LIST}",
        )
    if not (folder / "config.json").is_file():
        raise _without_config(folder)
    config = read_object(folder / "config.json")
    kind = model_kind(config, folder)
    if (folder / "adapter_config.json").is_file():
        raise InputError(
            folder,
            expected="a model by itself",
            found="an adapter beside it, which changes its answers where the library peft is",
            remedy="Merge the adapter into the model, or remove adapter_config.json.",
        )
    if kind == "vlm":
        _check_processor(folder, config)
    weights = tuple(read_header(path) for path in _weight_files(folder, config))
    _check_index(folder, weights)
    deciding = {
        path
        for pattern in ("*.json", "*.jinja", "*.txt", "*.model")
        for path in folder.glob(pattern)
        if path.is_file()
    }
    files = (*sorted(deciding), *(file.path for file in weights))
    return ModelFolder(folder, config, str(config["model_type"]), kind, weights, files)


def model_kind(config: dict[str, Any], subject: object) -> Literal["vlm", "encoder"]:
    """Return whether a configuration is that of a vision-language model or of a video encoder.

    Raises
    ------
    InputError
        When it is neither; the message says what it is.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    )

    from napari_mousegpt.models.encoder_files import encoder_family

    family = config.get("model_type")
    listed = config.get("architectures")
    names = ", ".join(map(str, listed)) if isinstance(listed, list) and listed else str(family)
    if not isinstance(family, str):
        raise _no_video_model(subject, "a config.json without model_type")
    if encoder_family(config):
        return "encoder"
    if family in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return "vlm"
    remedy = _LIST
    if config.get("auto_map") and family not in CONFIG_MAPPING_NAMES:
        found = f"{names} ({family}), which needs program code from its own folder"
        remedy = (
            "Such code is never run here: take a version for transformers (its name often ends in "
            "-HF), or name a server that runs the model."
        )
    elif family in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        found = f"{names} ({family}), which reads text only"
    elif family in CONFIG_MAPPING_NAMES:
        found = f"{names} ({family}), which does not answer about video"
    else:
        made = config.get("transformers_version")
        found = f"{names} ({family}), unknown to transformers {version('transformers')}" + (
            f" (saved by {made})" if made else ""
        )
        remedy = f"Is it newer? Then update transformers. {_LIST}"
    raise _no_video_model(subject, found, remedy)


def check_sees_video(model: ModelFolder) -> None:
    """Refuse a vision-language model that reads single pictures only. Needs torchvision.

    Raises
    ------
    InputError
    """
    from transformers.models.auto.video_processing_auto import VIDEO_PROCESSOR_MAPPING_NAMES

    if VIDEO_PROCESSOR_MAPPING_NAMES.get(model.family):
        return
    names = {path.name: path for path in model.files}
    if "video_preprocessor_config.json" in names or (
        _PROCESSORS[0] in names and "video_processor" in read_object(names[_PROCESSORS[0]])
    ):
        return
    raise _no_video_model(model.folder, f"{model.family}, which reads pictures but no video")


def licence_of(folder: Path) -> str:
    """Return the licence that the model card in a folder states; empty if none does."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    head = card.read_text(encoding="utf-8", errors="replace")[:20_000]
    front = re.match(r"---\s*\n(.*?)\n---", head, re.DOTALL)
    if not front:
        return ""
    lines = re.findall(r"^(license\w*): *[\"']?([^\"'\n]+)", front[1], re.MULTILINE)
    told = {str(key): str(value).strip() for key, value in lines}
    stated = told.get("license", "")
    return told.get("license_name", stated) if stated in ("", "other") else stated


def _no_video_model(subject: object, found: str, remedy: str = _LIST) -> InputError:
    expected = "a vision-language model or a video encoder"
    return InputError(subject, expected=expected, found=found, remedy=remedy)


def _without_config(folder: Path) -> InputError:
    found, remedy = "no config.json", "Name the folder that holds config.json."
    if (folder / "adapter_config.json").is_file():
        base = (
            read_object(folder / "adapter_config.json").get("base_model_name_or_path")
            or "its model"
        )
        found = f"an adapter for {base}, no model of its own"
        remedy = "Merge it into that model and name the merged folder."
    elif any(folder.glob("*.gguf")):
        found = "GGUF weights"
        remedy = "Run them with llama.cpp or Ollama and name that server."
    else:
        inner = sorted(path.parent.name for path in folder.glob("*/config.json"))
        if inner:
            remedy = f"Name a folder inside it: {', '.join(inner[:4])}."
    return InputError(folder, expected="the folder of a model", found=found, remedy=remedy)


def _check_processor(folder: Path, config: dict[str, Any]) -> None:
    missing = [
        what
        for what, names in (("a processor", _PROCESSORS), ("a tokenizer", _TOKENIZERS))
        if not any((folder / name).is_file() for name in names)
    ]
    if not missing and not _has_template(folder, config):
        missing = ["a chat template"]
    if missing:
        raise InputError(
            folder,
            expected=f"a model with its processor ({_PROCESSORS[0]}, {_TOKENIZERS[0]}, "
            "chat_template.jinja)",
            found=f"no {' and no '.join(word.split(' ', 1)[1] for word in missing)}",
            remedy="Copy these files from the model that it was trained from.",
        )


def _has_template(folder: Path, config: dict[str, Any]) -> bool:
    if config.get("model_type") == "smolvlm":
        return True  # its processor brings one
    if any((folder / name).is_file() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    return any(
        (folder / name).is_file() and bool(read_object(folder / name).get("chat_template"))
        for name in (*_PROCESSORS, "tokenizer_config.json")
    )


def _weight_files(folder: Path, config: dict[str, Any]) -> list[Path]:
    """Return the files that transformers would load, in its order of preference."""
    if config.get("transformers_weights"):
        raise FormatError(
            folder / "config.json",
            expected="weights as model.safetensors",
            found=f"others that are to be taken: {config['transformers_weights']!r}",
            remedy="Take the entry transformers_weights out, and rename the file it tells of.",
        )
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    if (folder / "model.safetensors.index.json").is_file():
        names = sorted(set(_index(folder).values()))
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise InputError(
                folder,
                expected=f"{len(names)} files with weights",
                found=f"{', '.join(missing[:3])} missing ({len(missing)} of {len(names)})",
                remedy="Copy or download the model again; what is there is kept.",
            )
        return [folder / name for name in names]
    pickled = sorted(path.name for pattern in _PICKLED for path in folder.glob(pattern))
    raise FormatError(
        folder,
        expected="weights as model.safetensors",
        found=f"pickled weights only ({', '.join(pickled[:3])})" if pickled else "no weights",
        remedy="Pickled files can run a program when they are read, so they are not: take a "
        "revision of the model with safetensors, or convert it where you trust it."
        if pickled
        else "Copy or download the whole model.",
    )


def _index(folder: Path) -> dict[str, str]:
    path = folder / "model.safetensors.index.json"
    listed = read_object(path).get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise FormatError(path, expected="the list of all tensors", found="none")
    for name in listed.values():
        if not isinstance(name, str) or Path(name).name != name:
            raise FormatError(path, expected="names of files beside it", found=repr(name))
    return listed


def _check_index(folder: Path, weights: tuple[TensorFile, ...]) -> None:
    if len(weights) == 1 and weights[0].path.name == "model.safetensors":
        return
    held = {file.path.name: file.spans for file in weights}
    for tensor, name in _index(folder).items():
        if tensor not in held[name]:
            raise FormatError(
                folder / name,
                expected=f"the tensor {tensor!r}, which the index puts there",
                found="none of that name",
                remedy="Its files are of different versions: download the model again.",
            )
