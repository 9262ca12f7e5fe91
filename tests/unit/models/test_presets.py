from __future__ import annotations

import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.presets import PRESETS, TIERS, preset_for, presets


def test_every_preset_tells_its_licence_or_that_it_is_not_known() -> None:
    for preset in PRESETS.values():
        assert preset.tier in TIERS
        assert preset.download_gb > 0, preset.name
        assert set(preset.memory_gb) == {"float32", "bfloat16", "float16", "int8"}
        if not preset.licence:
            assert preset.commercial is None, preset.name
            assert not preset.licence_seen, preset.name
        if not preset.licence_seen:
            assert any(word in preset.note for word in ("unverified", "copies", "copy")), preset


def test_non_commercial_weights_are_marked() -> None:
    marked = {preset.name for preset in PRESETS.values() if preset.commercial is False}
    assert marked == {"qwen2.5-vl-3b", "videomae-b", "timesformer-b"}


def test_sixteen_bits_take_two_bytes_a_parameter() -> None:
    for preset in PRESETS.values():
        expected = pytest.approx(2 * preset.parameters_b, rel=0.02, abs=0.01)
        assert preset.least_gb == expected, preset.name
        assert preset.memory_gb["float32"] == pytest.approx(2 * preset.least_gb, abs=0.02)


def test_the_families_of_the_issue_are_there_for_each_hardware() -> None:
    assert {preset.tier for preset in presets("vlm")} == set(TIERS)
    families = {preset.family for preset in presets("vlm")}
    assert {"smolvlm", "qwen3_vl", "internvl", "llava_onevision"} <= families
    order = [list(TIERS).index(preset.tier) for preset in presets()]
    assert order == sorted(order)
    assert {preset.kind for preset in presets("encoder")} == {"encoder"}


@pytest.mark.parametrize(
    ("memory_gb", "device", "name"),
    [
        (8, "cpu", "smolvlm2-500m"),
        (512, "cpu", "smolvlm2-500m"),
        (2, "cpu", "smolvlm2-256m"),
        (8, "cuda", "qwen3-vl-2b"),
        (12.9, "cuda:1", "qwen3-vl-2b"),
        (16, "mps", "qwen3-vl-4b"),
        (24, "cuda", "qwen3-vl-8b"),
        (141, "cuda", "qwen3-vl-8b"),
    ],
)
def test_the_one_to_try_first_fits(memory_gb: float, device: str, name: str) -> None:
    preset = preset_for(memory_gb, device)
    assert preset.name == name
    assert preset.commercial
    assert preset.fits(memory_gb, card=device != "cpu")


def test_too_little_memory_is_told() -> None:
    with pytest.raises(InputError, match=r"cuda with 1 GB: expected 1.5 GB .* server"):
        preset_for(1, "cuda")


def test_a_large_model_does_not_fit_a_computer_without_a_card() -> None:
    assert not PRESETS["qwen3-vl-2b"].fits(256, card=False)
    assert PRESETS["qwen3-vl-2b"].fits(8)
    assert not PRESETS["qwen3-vl-8b"].fits(16)
    assert PRESETS["swin3d-b"].fits(8, card=False)


def test_every_preset_is_of_a_family_that_is_known() -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    from napari_mousegpt.models.encoder_files import ENCODERS

    for preset in PRESETS.values():
        known = MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES if preset.kind == "vlm" else ENCODERS
        assert preset.family in known, preset.name
