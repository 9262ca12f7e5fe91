from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_mousegpt.errors import DependencyError, FormatError, InputError
from napari_mousegpt.models import needs
from napari_mousegpt.models.model_folder import check_folder, licence_of, model_kind
from napari_mousegpt.models.needs import check_needs
from support.tiny_models import tiny_vlm


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlm("internvl", tmp_path_factory.mktemp("made") / "model")


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "model"))


def change(model: Path, name: str = "config.json", **entries: Any) -> None:
    content = json.loads((model / name).read_text()) | entries
    (model / name).write_text(json.dumps(content))


def split(model: Path) -> list[Path]:
    """Save the weights in two files with an index, as large models are."""
    tensors = load_file(model / "model.safetensors")
    (model / "model.safetensors").unlink()
    names = sorted(tensors)
    halves = {"model-00001-of-00002.safetensors": names[:9]}
    halves["model-00002-of-00002.safetensors"] = names[9:]
    for file, held in halves.items():
        save_file({name: tensors[name] for name in held}, model / file)
    listed = {name: file for file, held in halves.items() for name in held}
    index = {"metadata": {}, "weight_map": listed}
    (model / "model.safetensors.index.json").write_text(json.dumps(index))
    return [model / file for file in halves]


def test_a_whole_model_is_taken(model: Path) -> None:
    found = check_folder(model)
    assert (found.kind, found.family) == ("vlm", "internvl")
    assert [file.path.name for file in found.weights] == ["model.safetensors"]
    names = {path.name for path in found.files}
    assert {"config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"} <= names
    size = sum(tensor.numel() * 2 for tensor in load_file(model / "model.safetensors").values())
    assert found.half_gb == pytest.approx(size / 1e9)


def test_a_model_in_pieces_is_taken(model: Path) -> None:
    whole = check_folder(model)
    split(model)
    pieces = check_folder(model)
    assert len(pieces.weights) == 2
    assert pieces.half_gb == whole.half_gb


def test_a_missing_piece_is_told(model: Path) -> None:
    split(model)[1].unlink()
    with pytest.raises(
        InputError, match=r"found model-00002-of-00002.safetensors missing \(1 of 2"
    ):
        check_folder(model)


def test_pieces_of_different_versions_are_told(model: Path) -> None:
    first, _ = split(model)
    tensors = load_file(first)
    tensors["other"] = tensors.pop(min(tensors))
    save_file(tensors, first)
    with pytest.raises(FormatError, match=r"expected the tensor .* different versions"):
        check_folder(model)


@pytest.mark.parametrize("listed", [{}, {"a": "../../secret.safetensors"}, {"a": 3}, [1]])
def test_an_index_that_points_elsewhere_is_refused(model: Path, listed: Any) -> None:
    split(model)
    change(model, "model.safetensors.index.json", weight_map=listed)
    with pytest.raises(FormatError, match=r"index.json: expected"):
        check_folder(model)


def test_other_weights_than_those_looked_over_are_refused(model: Path) -> None:
    """transformers would read what this entry names, whatever else lies in the folder."""
    (model / "model.safetensors").rename(model / "other.safetensors")
    save_file({"a": torch.zeros(1)}, model / "model.safetensors")
    change(model, transformers_weights="other.safetensors")
    with pytest.raises(FormatError, match="found others that are to be taken"):
        check_folder(model)


def test_an_adapter_beside_a_model_is_refused(model: Path) -> None:
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "owner/base"}')
    with pytest.raises(InputError, match=r"found an adapter beside it.* Merge the adapter"):
        check_folder(model)


def test_a_cut_file_is_told(model: Path) -> None:
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FormatError, match=r"model.safetensors: expected .* the file is cut off"):
        check_folder(model)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["processor_config.json"], "no processor"),
        (["tokenizer.json"], "no tokenizer"),
        (["processor_config.json", "tokenizer.json"], "no processor and no tokenizer"),
        (["chat_template.jinja"], "no chat template"),
    ],
)
def test_a_model_without_its_processor_is_refused(
    model: Path, names: list[str], found: str
) -> None:
    for name in names:
        (model / name).unlink()
    with pytest.raises(InputError, match=f"found {found}. Copy these files"):
        check_folder(model)


def test_the_files_of_older_processors_are_enough(model: Path) -> None:
    (model / "processor_config.json").rename(model / "preprocessor_config.json")
    (model / "chat_template.jinja").rename(model / "chat_template.json")
    assert check_folder(model).kind == "vlm"
    (model / "chat_template.json").unlink()
    change(model, "tokenizer_config.json", chat_template="{{ messages }}")
    assert check_folder(model).kind == "vlm"


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
            r"LlamaForCausalLM \(llama\), which reads text only",
        ),
        (
            {"model_type": "bert", "architectures": ["BertModel"]},
            r"BertModel \(bert\), which",
        ),
        (
            {"model_type": "vit", "architectures": ["ViTForImageClassification"]},
            r"ViTForImageClassification \(vit\), which does not answer about video",
        ),
        (
            {
                "model_type": "mousevl",
                "architectures": ["MouseVL"],
                "transformers_version": "9.1",
            },
            r"MouseVL \(mousevl\), unknown to transformers 5.* \(saved by 9.1\). Is it newer",
        ),
        (
            {
                "model_type": "minicpmv",
                "architectures": ["MiniCPMV"],
                "auto_map": {"AutoModel": "modeling_minicpmv.MiniCPMV"},
            },
            r"MiniCPMV \(minicpmv\), which needs program code from its own folder.* -HF",
        ),
        ({"architectures": ["Anything"]}, "a config.json without model_type"),
        ({"model_type": ["llama"]}, "a config.json without model_type"),
    ],
)
def test_a_model_that_sees_no_video_is_refused_by_name(
    model: Path, config: dict[str, Any], found: str
) -> None:
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=found):
        check_folder(model)


def test_code_in_a_folder_is_no_reason_to_refuse_a_known_family() -> None:
    config = {"model_type": "internvl", "auto_map": {"AutoModel": "evil.Model"}}
    assert model_kind(config, "model") == "vlm"


@pytest.mark.parametrize(
    "family", ["swin3d", "vjepa2", "videomae", "vivit", "timesformer", "videoprism_vision_model"]
)
def test_video_encoders_are_known(family: str) -> None:
    assert model_kind({"model_type": family}, "model") == "encoder"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00\x01", "{" * 5000, '"a"'])
def test_a_damaged_configuration_is_told(model: Path, text: str) -> None:
    (model / "config.json").write_text(text)
    with pytest.raises(FormatError, match=r"config.json: expected a JSON"):
        check_folder(model)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pth", "weights.ckpt"])
def test_pickled_weights_alone_are_refused_unread(model: Path, name: str) -> None:
    (model / "model.safetensors").unlink()
    torch.save({"a": torch.zeros(3)}, model / name)
    with pytest.raises(
        FormatError, match=rf"pickled weights only \({name}\). .* can run a program"
    ):
        check_folder(model)


def test_no_weights_are_told(model: Path) -> None:
    (model / "model.safetensors").unlink()
    with pytest.raises(FormatError, match=r"found no weights. Copy or download the whole model"):
        check_folder(model)


def test_folders_that_are_no_model_say_what_they_are(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found no config.json. Name a folder inside it: model"):
        check_folder(tmp_path)
    with pytest.raises(
        InputError, match=r"config.json: expected a folder with a model, found a file"
    ):
        check_folder(model / "config.json")
    with pytest.raises(InputError, match="found nothing there"):
        check_folder(tmp_path / "none")
    (model / "config.json").unlink()
    (model / "mouse.gguf").touch()
    with pytest.raises(InputError, match=r"found GGUF weights. .* Ollama"):
        check_folder(model)
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "owner/base"}')
    with pytest.raises(InputError, match="found an adapter for owner/base"):
        check_folder(model)


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: apache-2.0\ntags: []\n---\n# Model\n", "apache-2.0"),
        ("---\nlicense: other\nlicense_name: qwen-research\n---\n", "qwen-research"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\ntags: []\n---\nlicense: mit\n", ""),
        ("# Model\nlicense: mit\n", ""),
    ],
)
def test_the_licence_is_that_of_the_card(tmp_path: Path, card: str, licence: str) -> None:
    assert licence_of(tmp_path) == ""
    (tmp_path / "README.md").write_text(card)
    assert licence_of(tmp_path) == licence


@pytest.mark.parametrize(
    ("quantised", "told"),
    [
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "pip install bitsandbytes"),
        ({"load_in_8bit": True}, "pip install bitsandbytes"),
        ({"quant_method": "awq"}, "pip install gptqmodel"),
        ({"quant_method": "gptq"}, "gptqmodel and optimum, for weights quantised by gptq"),
        ({"quant_method": "quanto"}, "pip install optimum-quanto"),
    ],
)
def test_quantised_weights_need_their_library(
    quantised: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needs, "torchvision_problem", lambda: "")
    monkeypatch.setattr(needs, "_found", lambda module: module == "accelerate")
    config = {"model_type": "qwen3_vl", "quantization_config": quantised}
    with pytest.raises(DependencyError, match=told):
        check_needs(config, "vlm", "model")
    monkeypatch.setattr(needs, "_found", lambda module: True)
    check_needs(config, "vlm", "model")


def test_quantisation_that_is_not_known_is_refused() -> None:
    config = {"model_type": "qwen3_vl", "quantization_config": {"quant_method": "magic"}}
    with pytest.raises(InputError, match=r"found weights quantised by magic. Take the version"):
        check_needs(config, "vlm", "model")
    config = {"model_type": "qwen3_vl", "quantization_config": {"bits": 4}}
    with pytest.raises(InputError, match=r"a method that config.json does not name"):
        check_needs(config, "vlm", "model")


def test_every_known_quantisation_is_one_of_transformers() -> None:
    from transformers.quantizers.auto import AUTO_QUANTIZATION_CONFIG_MAPPING

    known = {name.removesuffix("_4bit").removesuffix("_8bit") for name in needs._QUANTISED}
    theirs = {name.split("_4bit")[0].split("_8bit")[0] for name in AUTO_QUANTIZATION_CONFIG_MAPPING}
    assert known <= theirs


def test_smolvlm_needs_num2words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "_found", lambda module: module != "num2words")
    with pytest.raises(
        DependencyError, match=r"num2words, which smolvlm needs.*\"napari-mousegpt\[video\]\""
    ):
        check_needs({"model_type": "smolvlm"}, "vlm", "model")


def test_a_torchvision_that_does_not_fit_is_told_for_what_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(needs, "torchvision_problem", lambda: "torch and torchvision: cure")
    for family, kind in (("internvl", "vlm"), ("swin3d", "encoder")):
        with pytest.raises(DependencyError, match="torch and torchvision: cure"):
            check_needs({"model_type": family}, kind, "model")
    check_needs({"model_type": "vivit"}, "encoder", "model")
