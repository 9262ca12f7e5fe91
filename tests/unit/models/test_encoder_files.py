"""What the files of an encoder say is read exactly, and nothing is guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models.encoder_files import ENCODERS, encoder_family, read_spec
from support.tiny_encoders import CLASSES, SWIN

VIDEOMAE = {
    "model_type": "videomae",
    "architectures": ["VideoMAEForVideoClassification"],
    "hidden_size": 768,
    "num_frames": 16,
    "image_size": 224,
    "tubelet_size": 2,
    "id2label": {"1": "digging", "0": "arm wrestling", "10": "tai chi"},
}
LOOK = {
    "size": {"shortest_edge": 224},
    "crop_size": {"height": 224, "width": 224},
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "rescale_factor": 1 / 255,
}


def written(
    folder: Path, config: Any, look: Any = LOOK, name: str = "preprocessor_config.json"
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    if look is not None:
        (folder / name).write_text(json.dumps(look))
    return folder


def test_statistics_are_in_units_of_bytes(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path, VIDEOMAE))
    assert spec.mean == pytest.approx((123.675, 116.28, 103.53))
    assert spec.std == pytest.approx((58.395, 57.12, 57.375))


def test_classes_are_in_the_order_of_the_outputs(tmp_path: Path) -> None:
    assert read_spec(written(tmp_path, VIDEOMAE)).classes == CLASSES
    bare = {**VIDEOMAE, "architectures": ["VideoMAEModel"]}
    assert read_spec(written(tmp_path, bare)).classes == ()


def test_names_of_actions_are_all_different(tmp_path: Path) -> None:
    config = {**VIDEOMAE, "id2label": {"0": "sit", "1": "run", "2": "sit"}}
    assert read_spec(written(tmp_path, config)).classes == ("sit (0)", "run", "sit (2)")


def test_a_swin_that_cannot_be_built_is_told(tmp_path: Path) -> None:
    config = {name: value for name, value in SWIN.items() if name != "num_heads"}
    with pytest.raises(FormatError, match="settings of a swin3d model, found KeyError 'num_heads'"):
        read_spec(written(tmp_path, config))


def test_two_unnamed_outputs_are_counted(tmp_path: Path) -> None:
    config = {k: v for k, v in VIDEOMAE.items() if k != "id2label"}
    assert read_spec(written(tmp_path, config)).classes == ("LABEL_0", "LABEL_1")


@pytest.mark.parametrize(
    ("look", "short_side", "size", "squash"),
    [
        (LOOK, 224, 224, False),
        ({**LOOK, "size": {"shortest_edge": 256}}, 256, 224, False),
        ({**LOOK, "size": 256, "crop_size": 224}, 256, 224, False),
        ({**LOOK, "size": {"height": 288, "width": 288}, "crop_size": None}, 288, 288, True),
        ({**LOOK, "size": {"shortest_edge": 256}, "do_center_crop": False}, 256, 256, False),
    ],
)
def test_sizes(tmp_path: Path, look: Any, short_side: int, size: int, squash: bool) -> None:
    spec = read_spec(written(tmp_path, VIDEOMAE, look))
    assert (spec.short_side, spec.size, spec.squash) == (short_side, size, squash)


def test_v_jepa_shrinks_as_its_processor_does(tmp_path: Path) -> None:
    config = {
        "model_type": "vjepa2", "hidden_size": 64, "frames_per_clip": 64, "tubelet_size": 2,
        "architectures": ["VJEPA2Model"],
    }  # fmt: skip
    look = {**LOOK, "size": {"shortest_edge": 999}, "crop_size": 256}
    nested = {"video_processor": look}
    spec = read_spec(written(tmp_path, config, nested, "processor_config.json"))
    assert (spec.short_side, spec.size, spec.frames) == (292, 256, 64)
    spec.check_frames(16)
    with pytest.raises(InputError, match="clips of 15 pictures: expected a multiple of 2"):
        spec.check_frames(15)


def test_the_offset_of_vivit_is_worked_in(tmp_path: Path) -> None:
    config = {**VIDEOMAE, "model_type": "vivit", "tubelet_size": [2, 16, 16]}
    look = {**LOOK, "rescale_factor": 1 / 127.5, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    spec = read_spec(written(tmp_path, config, look))
    assert (0 - spec.mean[0]) / spec.std[0] == pytest.approx((0 / 127.5 - 1 - 0.5) / 0.5)
    assert (255 - spec.mean[0]) / spec.std[0] == pytest.approx((255 / 127.5 - 1 - 0.5) / 0.5)
    straight = read_spec(written(tmp_path, config, {**look, "offset": False}))
    assert (0 - straight.mean[0]) / straight.std[0] == pytest.approx(-1)


def test_clips_of_another_length_are_refused_where_positions_are_fixed(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path, VIDEOMAE))
    spec.check_frames(16)
    with pytest.raises(InputError, match="clips of 32 pictures: expected 16, the length VideoMAE"):
        spec.check_frames(32)


def test_what_is_no_encoder_or_says_nothing_about_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found llama\. Choose a video encoder"):
        read_spec(written(tmp_path / "a", {"model_type": "llama"}))
    with pytest.raises(InputError, match="how pictures are prepared, found no such file"):
        read_spec(written(tmp_path / "b", VIDEOMAE, None))
    (tmp_path / "c").mkdir()
    with pytest.raises(InputError, match=r"config\.json beside the weights, found none"):
        read_spec(tmp_path / "c")
    assert encoder_family({"model_type": "llama"}) == ""
    assert all(encoder_family({"model_type": name}) == name for name in ENCODERS)


@pytest.mark.parametrize(
    ("config", "look"),
    [
        ({**VIDEOMAE, "hidden_size": None}, LOOK),
        ({**VIDEOMAE, "id2label": {"a": "b"}}, LOOK),
        (VIDEOMAE, {**LOOK, "image_std": [0.2, 0.2, 0]}),
        (VIDEOMAE, {**LOOK, "image_mean": [0.2, 0.2]}),
        (VIDEOMAE, {**LOOK, "rescale_factor": 0}),
        (VIDEOMAE, {**LOOK, "crop_size": {"height": 224, "width": 112}}),
        (VIDEOMAE, {**LOOK, "crop_size": 10**9}),
        (VIDEOMAE, {**LOOK, "size": {"shortest_edge": 200}}),
        (VIDEOMAE, {**LOOK, "resample": 77}),
        (VIDEOMAE, {k: v for k, v in LOOK.items() if k != "image_mean"}),
    ],
)
def test_values_that_make_no_sense_are_told(tmp_path: Path, config: Any, look: Any) -> None:
    with pytest.raises(FormatError, match="expected the settings of a videomae model"):
        read_spec(written(tmp_path, config, look))


def test_a_file_that_is_no_json_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(FormatError, match="a JSON file"):
        read_spec(tmp_path)
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(FormatError, match="a JSON object, found list"):
        read_spec(tmp_path)
