"""Released Video-Swin checkpoints become safe folders, whole or not at all."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from napari_mousegpt.errors import DependencyError, FormatError, InputError
from napari_mousegpt.models import pickled_weights
from napari_mousegpt.models.swin import (
    build_swin,
    convert_checkpoint,
    convert_state,
    swin_config,
)
from support.tiny_encoders import SWIN, as_video_swin, tiny_swin
from support.torchvision_cure import cure_torchvision

cure_torchvision()


@pytest.fixture(scope="module")
def swin() -> tuple[torch.nn.Module, dict[str, Any]]:
    return tiny_swin(seed=3)


def saved(path: Path, state: dict[str, Any], **more: Any) -> Path:
    torch.save({"state_dict": state, **more}, path)
    return path


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


def test_a_released_checkpoint_computes_what_it_did(
    swin: tuple[torch.nn.Module, dict[str, Any]], tmp_path: Path
) -> None:
    model, _ = swin
    meta = {"CLASSES": ("rear", "groom", "sniff"), "epoch": 30, "mmcv_version": "1.3.1"}
    path = saved(tmp_path / "uas.pth", as_video_swin(model), meta=meta, optimizer={"lr": 1e-3})
    folder = convert_checkpoint(path, tmp_path / "out")
    config = json.loads((folder / "config.json").read_text())
    shape = ("patch_size", "embed_dim", "depths", "num_heads", "window_size", "mlp_ratio")
    assert {name: config[name] for name in shape} == {name: SWIN[name] for name in shape}
    assert config["id2label"] == {"0": "rear", "1": "groom", "2": "sniff"}
    assert (config["num_frames"], config["frame_interval"], config["crop_size"]) == (32, 2, 224)
    state = load_file(folder / "model.safetensors")
    kept = {name for name in model.state_dict() if not name.endswith("relative_position_index")}
    assert set(state) == kept
    again = build_swin(config).eval()
    again.load_state_dict(state, strict=False)
    clip = torch.randn(2, 3, 8, 48, 40)
    with torch.inference_mode():
        torch.testing.assert_close(again(clip), model(clip), rtol=0, atol=0)


def test_every_tensor_has_a_place_or_is_named(
    swin: tuple[torch.nn.Module, dict[str, Any]], tmp_path: Path
) -> None:
    state = as_video_swin(swin[0])
    _, left_over = convert_state(state)
    assert left_over == []
    adapter = "backbone.layers.0.blocks.1.attn.qkv.lora_A"
    mixed = {**state, adapter: torch.zeros(1), "mlm_head.bias": torch.zeros(1)}
    _, left_over = convert_state(mixed)
    assert left_over == [adapter, "mlm_head.bias"]
    path = saved(tmp_path / "lora.pth", mixed)
    with pytest.raises(InputError, match=r"found 2 others: .*lora_A, mlm_head\.bias"):
        convert_checkpoint(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_prefixes_and_settings_of_training_do_no_harm(
    swin: tuple[torch.nn.Module, dict[str, Any]],
) -> None:
    state = as_video_swin(swin[0])
    parallel = {f"module.{name}": tensor for name, tensor in state.items()}
    parallel["module.data_preprocessor.mean"] = torch.zeros(3)
    found, left_over = convert_state(parallel)
    assert left_over == []
    assert found.keys() == convert_state(state)[0].keys()


def test_torchvisions_own_layout_is_read_too(
    swin: tuple[torch.nn.Module, dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "tv.pth"
    torch.save(swin[0].state_dict(), path)
    folder = convert_checkpoint(path, tmp_path / "out")
    config = json.loads((folder / "config.json").read_text())
    assert config["id2label"]["2"] == "action 2"
    assert config["names_from"] == "numbers"


@pytest.mark.parametrize(("classes", "numbers"), [(12, 12_300), (7, 7_175), (103, 105_575)])
def test_heads_have_the_published_sizes(classes: int, numbers: int) -> None:
    with torch.device("meta"):
        model = build_swin({**SWIN_B, "num_labels": classes})
    assert sum(p.numel() for p in model.head.parameters()) == numbers


SWIN_B = {
    "patch_size": [2, 4, 4], "embed_dim": 128, "depths": [2, 2, 18, 2],
    "num_heads": [4, 8, 16, 32], "window_size": [8, 7, 7], "mlp_ratio": 4.0,
}  # fmt: skip


def test_the_shape_of_swin_b_is_read_from_its_tensors() -> None:
    with torch.device("meta"):
        model = build_swin({**SWIN_B, "num_labels": 400})
    state, left_over = convert_state(as_video_swin(model))
    assert left_over == []
    config = swin_config(state)
    assert {name: config[name] for name in SWIN_B} == SWIN_B
    assert config["num_labels"] == 400
    assert sum(p.numel() for p in model.parameters()) == 88_048_984  # as torchvision states it


def test_kinetics_names_come_with_400_outputs(tmp_path: Path) -> None:
    model, _ = tiny_swin(num_labels=400)
    folder = convert_checkpoint(saved(tmp_path / "k400.pth", as_video_swin(model)))
    config = json.loads((folder / "config.json").read_text())
    assert config["names_from"] == "Kinetics-400, by count"
    assert config["id2label"]["0"] == "abseiling"


def test_a_backbone_alone_has_no_actions(tmp_path: Path) -> None:
    model, _ = tiny_swin(num_labels=0)
    folder = convert_checkpoint(saved(tmp_path / "b.pth", as_video_swin(model)), tmp_path / "out")
    assert json.loads((folder / "config.json").read_text())["id2label"] == {}


def test_it_is_converted_once(
    swin: tuple[torch.nn.Module, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = saved(tmp_path / "uas.pth", as_video_swin(swin[0]))
    folder = convert_checkpoint(path)
    with monkeypatch.context() as patch:
        patch.setattr("napari_mousegpt.models.swin.read_state", None)
        assert convert_checkpoint(path) == folder
    changed = {**as_video_swin(swin[0]), "cls_head.fc_cls.bias": torch.ones(3)}
    assert convert_checkpoint(saved(path, changed)) != folder


@pytest.mark.parametrize("lost", ["config.json", "model.safetensors"])
def test_a_conversion_that_was_lost_or_damaged_is_made_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lost: str
) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(tmp_path / "cache"))
    model, _ = tiny_swin()
    path = saved(tmp_path / "uas.pth", as_video_swin(model))
    folder = convert_checkpoint(path)
    whole = (folder / lost).read_bytes()
    (folder / lost).unlink()
    assert (convert_checkpoint(path) / lost).read_bytes() == whole
    (folder / "config.json").write_text("{")
    assert json.loads((convert_checkpoint(path) / "config.json").read_text())["embed_dim"]


def test_a_checkpoint_that_would_run_code_is_refused(
    swin: tuple[torch.nn.Module, dict[str, Any]], tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    path = saved(tmp_path / "trap.pth", as_video_swin(swin[0]), meta={"note": Trap(mark)})
    with pytest.raises(FormatError, match=r"found a call of .*system\. It is not read"):
        convert_checkpoint(path, tmp_path / "out")
    (tmp_path / "old.pth").write_bytes(pickle.dumps({"state_dict": Trap(mark)}, protocol=4))
    with pytest.raises(FormatError, match="tensors and plain values only"):
        convert_checkpoint(tmp_path / "old.pth", tmp_path / "out")
    assert not mark.exists()


@pytest.mark.parametrize("old", [False, True])
def test_single_numbers_of_numpy_are_no_code(
    swin: tuple[torch.nn.Module, dict[str, Any]], tmp_path: Path, old: bool
) -> None:
    meta = {"hook_msgs": {"best_score": np.float64(0.87), "epoch": np.int64(3)}}
    path = saved(tmp_path / "a.pth", as_video_swin(swin[0]), meta=meta)
    if old:  # as numpy 1 named the place
        with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / "b.pth", "w") as after:
            for name in before.namelist():
                after.writestr(name, before.read(name).replace(b"numpy._core", b"numpy.core"))
        path = tmp_path / "b.pth"
    assert (convert_checkpoint(path, tmp_path / "out") / "config.json").is_file()


def test_damaged_and_foreign_files_are_told(
    swin: tuple[torch.nn.Module, dict[str, Any]], tmp_path: Path
) -> None:
    state = as_video_swin(swin[0])
    whole = saved(tmp_path / "a.pth", state)
    cut = tmp_path / "cut.pth"
    cut.write_bytes(whole.read_bytes()[:20_000])
    with pytest.raises(FormatError, match=r"whole checkpoint of torch.*cut off"):
        convert_checkpoint(cut, tmp_path / "out")
    (tmp_path / "page.pth").write_text("<html>not found</html>")
    with pytest.raises(FormatError, match="Is it a checkpoint of torch"):
        convert_checkpoint(tmp_path / "page.pth", tmp_path / "out")
    with pytest.raises(InputError, match="a checkpoint that can be read, found No such file"):
        convert_checkpoint(tmp_path / "none.pth", tmp_path / "out")
    with pytest.raises(InputError, match=r"tensors of a Video Swin, found none named patch_embed"):
        convert_checkpoint(
            saved(tmp_path / "c.pth", {"head.weight": torch.zeros(2, 2)}), tmp_path / "out"
        )
    del state["backbone.layers.1.blocks.0.mlp.fc2.bias"]
    with pytest.raises(InputError, match=r"1 missing or of another shape: features\.2\.0\.mlp\.3"):
        convert_checkpoint(saved(tmp_path / "d.pth", state), tmp_path / "out")
    torch.save({"epoch": 3, "head.weight": torch.zeros(1)}, tmp_path / "e.pth")
    with pytest.raises(FormatError, match="'epoch', which is none"):
        convert_checkpoint(tmp_path / "e.pth", tmp_path / "out")


def test_names_must_be_as_many_as_outputs(
    swin: tuple[torch.nn.Module, dict[str, Any]], tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.pth", as_video_swin(swin[0]))
    with pytest.raises(InputError, match=r"names of the actions of a\.pth: expected 3.* found 2"):
        convert_checkpoint(path, tmp_path / "out", classes=("a", "b"))


def test_old_torch_reads_no_pickles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    with pytest.raises(DependencyError, match=r"torch 2\.6 or newer.*found 2\.5\.1"):
        pickled_weights.read_state(tmp_path / "a.pth")
