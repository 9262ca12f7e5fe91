"""Everything that is refused before a model is loaded or a frame is read."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import napari_mousegpt as mg
from napari_mousegpt.clips import ClipParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models import device, weights
from napari_mousegpt.models.consent import ConsentError
from napari_mousegpt.models.vision_language import VisionLanguageModel
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.examples import ExampleSource
from napari_mousegpt.words.prompts import load_prompt
from support.arrow import arrow_recording
from support.film_reel import write_reel
from support.model_fixtures import tiny_folders  # noqa: F401
from support.tiny_models import text_only_model

# ruff: noqa: F811 - fixtures are imported by name

SMALL = ClipParams(frames=4, size=64)


@pytest.fixture(autouse=True)
def _nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VisionLanguageModel, "load", lambda *_, **__: pytest.fail("was loaded"))


@pytest.fixture
def reel(tmp_path: Path) -> mg.Recording:
    return mg.open_recording(write_reel(tmp_path / "cage7.mp4", ["left"]))


def refused(recording: mg.Recording, model: Path | str, ranges: Any = None, **more: Any) -> str:
    params = DescribeParams(model=str(model), **{"clips": SMALL, "device": "cpu", **more})
    with pytest.raises(InputError) as found:
        mg.describe(recording, ranges, params)
    return str(found.value)


def test_a_model_that_needs_a_card_is_refused_with_alternatives(
    tiny_folders: dict[str, Path], reel: mg.Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "LARGEST_WITHOUT_CARD_GB", 0.0)
    monkeypatch.setattr(device, "_cuda_cards", lambda: ())
    monkeypatch.setattr(device, "_mac_card", lambda: ())
    told = refused(reel, tiny_folders["internvl"], device="auto")
    assert "a card with" in told
    for alternative in ("smaller model", "server", "device cpu"):
        assert alternative in told
    # The processor is taken when it is asked for: then the model is loaded.
    with pytest.raises(pytest.fail.Exception, match="was loaded"):
        mg.describe(
            reel, None, DescribeParams(str(tiny_folders["internvl"]), clips=SMALL, device="cpu")
        )


def test_a_folder_without_its_processor_is_refused(
    tiny_folders: dict[str, Path], reel: mg.Recording, tmp_path: Path
) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(tiny_folders["internvl"], folder)
    for file in folder.glob("*processor*"):
        file.unlink()
    assert "processor" in refused(reel, folder)


def test_a_model_without_eyes_is_refused(reel: mg.Recording, tmp_path: Path) -> None:
    assert "llama" in refused(reel, text_only_model(tmp_path / "text"))


def test_cut_weights_are_refused(
    tiny_folders: dict[str, Path], reel: mg.Recording, tmp_path: Path
) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(tiny_folders["internvl"], folder)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(FormatError, match=r"model.safetensors"):
        mg.describe(reel, None, DescribeParams(str(folder), clips=SMALL, device="cpu"))


def test_a_model_of_the_hub_is_asked_for_first(
    reel: mg.Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = DescribeParams("owner/gated-model", clips=SMALL, device="cpu")
    with pytest.raises(ConsentError, match="owner/gated-model"):
        mg.describe(reel, None, params)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "offline" in refused(reel, "owner/gated-model")


def test_intervals_of_which_no_clip_can_be_cut(
    tiny_folders: dict[str, Path], reel: mg.Recording
) -> None:
    model = tiny_folders["qwen3_vl"]
    empty = Intervals.build(reel.id, [0, 9], [24, 9], ["", ""])
    assert "a length of one picture or more" in refused(reel, model, empty)
    beyond = Intervals.build(reel.id, [0], [25], [""])
    assert "frames 0 to 24" in refused(reel, model, beyond)
    single = Intervals.build(reel.id, [5], [6], [""])
    told = refused(reel, model, single)
    assert "at least 2 pictures, as the model needs" in told
    still = ClipParams(still=True, size=64)
    assert "a model that needs a single picture" in refused(reel, model, None, clips=still)


def test_a_pose_alone_has_nothing_to_show(tiny_folders: dict[str, Path]) -> None:
    seen = arrow_recording(90)
    blind = replace(seen, views=(replace(seen.primary, video=None),))
    assert "video" in refused(blind, tiny_folders["internvl"], mg.windows(blind)[:1])


def test_a_prompt_that_tells_the_file_is_refused(
    tiny_folders: dict[str, Path], reel: mg.Recording
) -> None:
    telling = replace(load_prompt("label"), context="All these were filmed in cage7.")
    assert "'cage7'" in refused(reel, tiny_folders["internvl"], prompt=telling)


def test_an_encoder_writes_no_words(reel: mg.Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    found = weights.Weights("swin", Path(), "", "h", "", "swin3d", "encoder")
    monkeypatch.setattr(weights, "find_weights", lambda *_, **__: found)
    assert "project" in refused(reel, "swin")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vocabulary": ("a", "b")}, "a vocabulary"),
        ({"prompt": "label"}, "a prompt"),
        ({"model": ""}, "no name"),
        ({"model": "m", "prompt": "nowhere.toml"}, "prompt 'nowhere.toml'"),
        ({"model": "m", "vocabulary": "nowhere.csv"}, "nowhere.csv"),
        ({"model": "m", "dtype": "float8"}, "dtype='float8'"),
        ({"model": "m", "max_tokens": -1}, "max_tokens=-1"),
        ({"model": "m", "calibration": "nowhere.json"}, "nowhere.json"),
        ({"ranges_per_part": -1}, "ranges_per_part"),
        ({"server": "http://127.0.0.1:1"}, "the name of a model"),
    ],
)
def test_settings_that_make_no_sense(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as found:
        DescribeParams(**given)
    assert said in str(found.value)


def test_a_card_of_rules_does_not_change_with_settings_of_models() -> None:
    plain = DescribeParams()
    assert plain.planned() == DescribeParams(clips=SMALL, device="cuda", compile=True).planned()
    assert plain.planned()["ranges_per_part"] == 2000
    assert DescribeParams("m", device="cuda").planned() != DescribeParams("m").planned()
    served = DescribeParams("m", server="http://127.0.0.1:1")
    assert served.planned()["server"]["url"] == "http://127.0.0.1:1"
    assert "device" not in served.planned()


def test_words_of_an_examples_recording_are_looked_for_too(
    tiny_folders: dict[str, Path], reel: mg.Recording, tmp_path: Path
) -> None:
    other = mg.open_recording(write_reel(tmp_path / "cage8.mp4", ["left"]))
    other = replace(other, metadata={"group": "zqdrug"})
    example = ExampleSource(other.id, "", 0, 20, {"overall": "the zqdrug mouse walks"})
    prompt = replace(load_prompt("mousegpt"), examples=(example,))
    params = DescribeParams(str(tiny_folders["internvl"]), clips=SMALL, prompt=prompt, device="cpu")
    with pytest.raises(InputError, match="zqdrug"):
        mg.describe(reel, None, params, recordings={reel.id: reel, other.id: other})
