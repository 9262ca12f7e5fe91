"""Video encoders: each row hangs on its clip alone, and pictures are prepared as they should be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from transformers import AutoModelForVideoClassification

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models.device import Device
from napari_mousegpt.models.encoders import VideoEncoder
from napari_mousegpt.models.swin import build_swin
from napari_mousegpt.models.weights import Weights
from support.tiny_encoders import CLASSES, FAMILIES, FRAMES, SIDE, tiny_encoder
from support.torchvision_cure import cure_torchvision

CPU = Device("cpu", "cpu", 8 << 30, ("float32", "bfloat16"))


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    cure_torchvision()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("encoders")
    return {family: tiny_encoder(family, root / family) for family in FAMILIES}


def weights(folder: Path) -> Weights:
    return Weights(folder.name, folder, "", "0" * 32, "", folder.name, "encoder")


def load(folder: Path, **options: Any) -> VideoEncoder:
    return VideoEncoder.load(weights(folder), CPU, **options)


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_is_its_clips_alone(family: str, folders: dict[str, Path]) -> None:
    encoder = load(folders[family])
    clips = noise(3, FRAMES, 40, 52, 3)
    together = encoder.encode(clips)
    assert together.features.shape == (3, encoder.spec.feature_dim)
    assert together.logits is not None
    assert together.logits.shape == (3, len(CLASSES))
    assert together.features.dtype == together.logits.dtype == np.float32
    for row in range(3):
        alone = encoder.encode(clips[row : row + 1])
        assert alone.logits is not None
        np.testing.assert_allclose(alone.features[0], together.features[row], rtol=0, atol=1e-5)
        np.testing.assert_allclose(alone.logits[0], together.logits[row], rtol=0, atol=1e-5)
    changed = clips.copy()
    changed[1] = noise(FRAMES, 40, 52, 3, seed=1)
    other = encoder.encode(changed)
    moved = np.abs(other.features - together.features).max(axis=1)
    assert moved[1] > 1e-2
    assert moved[[0, 2]].max() == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_it_computes_what_the_published_class_does(family: str, folders: dict[str, Path]) -> None:
    encoder = load(folders[family])
    clips = noise(2, FRAMES, 36, 44, 3)
    found = encoder.encode(clips)
    pixels = encoder.prepare(torch.from_numpy(clips))
    published: Any
    if family == "swin3d":
        published = build_swin(json.loads((folders[family] / "config.json").read_text())).eval()
        published.load_state_dict(load_file(folders[family] / "model.safetensors"), strict=False)
        layer = published.head
    else:
        published = AutoModelForVideoClassification.from_pretrained(folders[family]).eval()
        layer = published.classifier
    seen: list[torch.Tensor] = []
    layer.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        out = published(**{encoder.spec.input_key: pixels})
    wanted = (out if family == "swin3d" else out.logits).reshape(2, -1).numpy()
    np.testing.assert_allclose(found.logits, wanted, atol=1e-5)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.features, seen[0].reshape(2, -1).numpy(), atol=1e-5)
    assert encoder.n_parameters == sum(p.numel() for p in published.parameters())


@pytest.mark.parametrize("family", FAMILIES)
def test_without_a_head_there_are_features_only(family: str, tmp_path: Path) -> None:
    encoder = load(tiny_encoder(family, tmp_path, head=False))
    clips = noise(2, FRAMES, SIDE, SIDE, 3)
    found = encoder.encode(clips)
    assert found.logits is None
    assert found.features.shape == (2, encoder.spec.feature_dim)
    assert np.abs(found.features[0] - found.features[1]).max() > 1e-3
    alone = encoder.encode(clips[1:]).features[0]
    np.testing.assert_allclose(alone, found.features[1], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "processor", "options"),
    [
        ("videomae", "VideoMAEVideoProcessor", {}),
        ("timesformer", "TimesformerVideoProcessor", {}),
        ("vivit", "VivitVideoProcessor", {}),
        ("vjepa2", "VJEPA2VideoProcessor", {"crop_size": SIDE}),
        ("videoprism_vision_model", "LlavaOnevisionVideoProcessor", {}),
    ],
)
@pytest.mark.parametrize("shape", [(SIDE, SIDE), (45, 70), (71, 48)])
def test_pictures_are_prepared_as_by_the_published_processor(
    family: str,
    processor: str,
    options: dict[str, Any],
    shape: tuple[int, int],
    folders: dict[str, Path],
) -> None:
    import transformers

    encoder = load(folders[family])
    look = json.loads((folders[family] / "preprocessor_config.json").read_text())
    published = getattr(transformers, processor)(**{**look, **options})
    # Smooth pictures: the published ones round to whole bytes after shrinking.
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    clip = np.stack(
        [(128 + 80 * np.sin(xx / 9 + t) * np.cos(yy / 11)) for t in range(FRAMES)]
    ).astype(np.uint8)
    clip = np.stack([clip, clip // 2, 255 - clip], axis=-1)
    wanted = published(
        [torch.from_numpy(clip).permute(0, 3, 1, 2)], return_tensors="pt", do_sample_frames=False
    )[encoder.spec.input_key]
    mine = encoder.prepare(torch.from_numpy(clip)[None])
    assert mine.shape == wanted.shape
    shrunk = min(shape) != encoder.spec.short_side
    one_level = 1.01 / min(encoder.spec.std)
    assert (mine - wanted).abs().max() <= (one_level if shrunk else 1e-5)


def test_swin_gets_colours_before_time(folders: dict[str, Path]) -> None:
    encoder = load(folders["swin3d"])
    clip = noise(1, FRAMES, SIDE, SIDE, 3)
    mean, std = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    wanted = ((clip - mean) / std).transpose(0, 4, 1, 2, 3)
    np.testing.assert_allclose(encoder.prepare(torch.from_numpy(clip)), wanted, atol=1e-5)


def test_grey_clips_are_as_grey_ones_in_colour(folders: dict[str, Path]) -> None:
    for family in ("swin3d", "videomae"):
        encoder = load(folders[family])
        grey = noise(2, FRAMES, 36, 36, 1)
        one, three = encoder.encode(grey), encoder.encode(np.repeat(grey, 3, axis=-1))
        np.testing.assert_allclose(one.features, three.features, atol=1e-6)


def test_swin_takes_clips_of_any_length(folders: dict[str, Path]) -> None:
    encoder = load(folders["swin3d"])
    lengths = [encoder.encode(noise(1, frames, SIDE, SIDE, 3)).features for frames in (4, 8, 11)]
    assert all(np.isfinite(found).all() for found in lengths)


def test_bfloat16_is_near(folders: dict[str, Path]) -> None:
    clips = noise(2, FRAMES, SIDE, SIDE, 3)
    exact = load(folders["videomae"]).encode(clips).features
    short = load(folders["videomae"], dtype="bfloat16")
    assert short.dtype == torch.bfloat16
    found = short.encode(clips).features
    assert found.dtype == np.float32
    assert 0 < np.abs(found - exact).max() < 0.1
    with pytest.raises(InputError, match="dtype 'float16': expected auto, or one that cpu"):
        load(folders["videomae"], dtype="float16")


def test_a_compiled_model_sees_one_size_of_batch(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def compiled(model: Any) -> Any:
        def forward(**inputs: Any) -> Any:
            seen.append(len(next(iter(inputs.values()))))
            return model(**inputs)

        return forward

    with monkeypatch.context() as patch:
        patch.setattr(torch, "compile", compiled)
        encoder = load(folders["videomae"], compile=True)
    clips = noise(7, FRAMES, SIDE, SIDE, 3)
    parts = [encoder.encode(clips[first : first + 3]).features for first in (0, 3, 6)]
    assert seen == [3, 3, 3]
    plain = load(folders["videomae"]).encode(clips).features
    np.testing.assert_allclose(np.concatenate(parts), plain, atol=1e-5)


def test_no_clips_give_no_rows(folders: dict[str, Path]) -> None:
    found = load(folders["videomae"]).encode(noise(0, FRAMES, SIDE, SIDE, 3))
    assert found.features.shape == (0, 32)
    assert found.logits is not None
    assert found.logits.shape == (0, 3)


def test_clips_that_do_not_fit_are_refused(folders: dict[str, Path]) -> None:
    encoder = load(folders["videomae"])
    with pytest.raises(InputError, match=r"clips: expected uint8 of shape .* found float64"):
        encoder.encode(np.zeros((1, FRAMES, SIDE, SIDE, 3)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"found uint8 of \(8, 32, 32, 3\)"):
        encoder.encode(noise(FRAMES, SIDE, SIDE, 3))
    with pytest.raises(InputError, match="clips of 6 pictures: expected 8"):
        encoder.encode(noise(1, 6, SIDE, SIDE, 3))


def test_a_headless_checkpoint_gets_no_made_up_head(tmp_path: Path) -> None:
    folder = tiny_encoder("videomae", tmp_path, head=False)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "architectures": ["VideoMAEForVideoClassification"]}))
    with pytest.raises(FormatError, match=r"absent or of another shape.*made up at random"):
        load(folder)


@pytest.mark.parametrize("family", ["swin3d", "videomae"])
def test_damaged_weights_are_told(family: str, tmp_path: Path) -> None:
    folder = tiny_encoder(family, tmp_path)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(FormatError, match="expected whole weights in safetensors"):
        load(folder)


def test_a_swin_of_another_shape_is_told(tmp_path: Path) -> None:
    folder = tiny_encoder("swin3d", tmp_path)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "depths": [2, 3]}))
    with pytest.raises(FormatError, match="absent or of another shape"):
        load(folder)
