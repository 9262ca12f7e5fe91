from __future__ import annotations

import builtins
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.runs import checkup
from napari_mousegpt.runs.checkup import Finding, doctor


def _by_topic() -> dict[str, Finding]:
    return {finding.topic: finding for finding in doctor()}


def test_everything_is_looked_at() -> None:
    found = _by_topic()
    wanted = {"python", "torch", "torch build", "device", "video", "Qt binding", "memory"}
    assert wanted <= set(found)
    assert "PyAV" in found["video"].text


def test_the_run_folder_is_the_one_that_will_be_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_RUNS", str(tmp_path / "not" / "made" / "yet"))
    assert str(tmp_path / "not" / "made" / "yet") in _by_topic()["run folder"].text
    assert not (tmp_path / "not").exists()


def test_no_qt_binding_is_a_problem_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "find_spec", lambda name: None)
    assert 'pip install "napari-mousegpt[gui]"' in _by_topic()["Qt binding"].problem


def test_a_missing_library_is_a_problem_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    real = checkup.version

    def without_hdbscan(name: str) -> str:
        if name == "hdbscan":
            raise PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(checkup, "version", without_hdbscan)
    assert "pip install hdbscan" in _by_topic()["hdbscan"].problem


def test_torchvision_of_another_torch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = builtins.__import__

    def broken(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("torchvision"):
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken)
    problem = _by_topic()["torchvision"].problem
    assert "do not fit together (operator torchvision::nms does not exist)" in problem
    assert "pip install --force-reinstall --no-deps" in problem
    assert "\n" not in problem


def test_libraries_of_video_models_are_no_problem_when_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkup, "find_spec", lambda name: None)
    found = _by_topic()
    for name, needed_by in (("torchvision", "video models"), ("num2words", "SmolVLM")):
        assert found[name].text.startswith("not installed")
        assert needed_by in found[name].text
        assert 'pip install "napari-mousegpt[video]"' in found[name].text
        assert not found[name].problem


def test_model_cache_and_offline_mode_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    found = _by_topic()
    assert str(tmp_path / "hub") in found["model cache"].text
    assert "agreed" in found["downloads"].text
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert _by_topic()["downloads"].text.startswith("off: HF_HUB_OFFLINE")


def test_a_cuda_build_without_a_card_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    found = _by_topic()
    assert found["device"].text == "cpu"
    assert "nvidia-smi" in found["device"].problem
