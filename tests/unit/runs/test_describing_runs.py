"""Several recordings described by one describer: loaded once, and told in a run card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import napari_mousegpt as mg
from napari_mousegpt.clips import ClipParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.models.vision_language import VisionLanguageModel
from napari_mousegpt.runs.clustered import FinishedRuns
from napari_mousegpt.runs.describing_runs import described_card, iter_described, model_of
from napari_mousegpt.runs.describing_some import DescribeSomeParams
from napari_mousegpt.store import run_folder
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.examples import ExampleSource
from napari_mousegpt.words.prompts import Prompt, load_prompt
from support.model_fixtures import tiny_folders  # noqa: F401
from support.torchvision_cure import cure_torchvision

# ruff: noqa: F811 - fixtures are imported by name


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> FinishedRuns:
    """Two recordings that are open; no run of them is needed to describe them."""
    opened = {}
    for number, name in enumerate("ab"):
        made = make_sample(tmp_path_factory.mktemp(name), seconds=4, size=(96, 128), seed=number)
        opened[name] = replace(mg.open_recording(made.video, made.pose), id=name)
    folders = dict.fromkeys(opened, tmp_path_factory.mktemp("runs"))
    return FinishedRuns(tmp_path_factory.mktemp("study"), folders, opened=opened)


@pytest.fixture
def describing(tiny_folders: dict[str, Path]) -> DescribeParams:
    cure_torchvision()
    return DescribeParams(
        model=str(tiny_folders["smolvlm"]),
        prompt="label",
        vocabulary=("walk", "still"),
        clips=ClipParams(frames=2, size=56),
        device="cpu",
    )


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that were loaded."""
    real, names = VisionLanguageModel.load, list[str]()

    def load(weights: Any, *args: Any, **more: Any) -> VisionLanguageModel:
        names.append(weights.name)
        return real(weights, *args, **more)

    monkeypatch.setattr(VisionLanguageModel, "load", load)
    return names


@pytest.fixture
def described(runs: FinishedRuns, tmp_path: Path) -> Callable[..., list[str]]:
    """Return what describes windows of both recordings, and says whose each was."""

    def describe(describing: DescribeParams, out: str = "out") -> list[str]:
        chosen = Intervals.concat([mg.windows(each, "2s") for each in runs.opened.values()])
        model = model_of(describing, len(chosen))
        card = described_card("describe_some", DescribeSomeParams(), {}, runs, describing, model)
        with run_folder(card, tmp_path / out) as folder:
            parts = iter_described(runs, chosen, describing, folder, model=model)
            return [str(name) for part in parts for name in part.table["recording"]]

    return describe


def test_a_model_is_loaded_once_for_all_recordings(
    described: Callable[..., list[str]], describing: DescribeParams, loads: list[str]
) -> None:
    assert described(describing) == ["a", "a", "b", "b"]
    assert len(loads) == 1


def test_examples_of_a_prompt_are_cut_from_any_recording_of_the_runs(
    described: Callable[..., list[str]], describing: DescribeParams
) -> None:
    prompt = load_prompt("label")
    assert isinstance(prompt, Prompt)

    def shown(name: str) -> DescribeParams:
        example = ExampleSource(name, "", 0, 30, words={"label": "walk"})
        return replace(describing, prompt=replace(prompt, examples=(example,)))

    # Also where the recording that is described is another one.
    assert described(shown("b")) == ["a", "a", "b", "b"]
    with pytest.raises(InputError, match="expected the recording 'c', found a run of a, b"):
        described(shown("c"), "other")


def test_the_card_tells_whether_the_model_was_ever_tried(
    runs: FinishedRuns, describing: DescribeParams, tmp_path: Path
) -> None:
    def card(asking: DescribeParams) -> mg.RunCard:
        model = model_of(asking, 4)
        return described_card("describe_some", DescribeSomeParams(), {}, runs, asking, model)

    told = card(describing).models
    assert told["trust"].startswith("not tried on this machine")
    assert {"describer", "licence", "prompt", "vocabulary"} <= set(told)
    # Where its weights lie makes no other run; what it is asked does.
    moved = tmp_path / Path(describing.model).name
    moved.symlink_to(describing.model)
    asked = replace(describing, vocabulary=("walk", "rear"))
    ids = [card(each).run_id for each in (describing, replace(describing, model=str(moved)), asked)]
    assert ids[0] == ids[1] != ids[2]
    rules = card(DescribeParams())
    assert dict(rules.models) == {"describer": "kinematic"}
