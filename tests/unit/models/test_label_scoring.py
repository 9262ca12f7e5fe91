from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.models import label_scoring
from napari_mousegpt.models.asks import Ask
from napari_mousegpt.models.label_scoring import score_answers
from napari_mousegpt.models.prefixes import read_prefix
from napari_mousegpt.models.vision_language import VisionLanguageModel
from support.asking import OPTIONS, noise_asks, noise_clip, recomputed
from support.model_fixtures import made_once, shared_folder, tiny_folders  # noqa: F401
from support.tiny_models import FAMILIES, HYBRID, tiny_vlm

WORDS = "left right up down rear lie still move walk run groom sniff"
LABELS = tuple(WORDS.split())


@pytest.fixture(params=FAMILIES)
def loaded(request: pytest.FixtureRequest, tiny_folders: dict[str, Path]) -> VisionLanguageModel:  # noqa: F811
    return VisionLanguageModel.load(tiny_folders[request.param])


def test_a_shared_prefix_gives_the_scores_of_full_recomputation(
    loaded: VisionLanguageModel,
) -> None:
    asks = noise_asks(system="You see a mouse.")
    scores = loaded.score(loaded.prepare(asks), OPTIONS)
    assert scores.shape == (3, len(OPTIONS))
    assert np.abs(scores - recomputed(loaded, asks, OPTIONS)).max() < 1e-4
    # Answers are told apart at all, and no two probabilities go beyond one.
    assert np.ptp(scores, axis=1).min() > 0.1
    assert np.exp(scores).sum(axis=1).max() <= 1


def test_answers_in_one_row_and_in_copies_agree_and_leave_the_prefix(
    loaded: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    batch, answers = loaded.prepare(noise_asks()), loaded.wording.answers(OPTIONS)
    with torch.inference_mode():
        prefix = read_prefix(loaded.model, batch)
        first = score_answers(loaded.model, prefix, answers, loaded.wording.frame.end)
        copied = label_scoring._in_copies(loaded.model, prefix, answers, loaded.wording.frame.end)
        monkeypatch.setattr(label_scoring, "_MOST_LOGITS", 4 * prefix.logits.numel())
        in_groups = score_answers(loaded.model, prefix, answers, loaded.wording.frame.end)
    assert np.abs(first - copied).max() < 1e-5
    assert np.abs(first - in_groups).max() < 1e-5


@pytest.mark.parametrize("begun", [0, 1])
def test_a_question_that_fails_leaves_the_reading_as_it_was(
    tiny_folders: dict[str, Path],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    begun: int,
) -> None:
    """Out of memory, or interrupted, between two layers: one has grown, the other has not."""
    model = VisionLanguageModel.load(tiny_folders["internvl"])
    prefix = model.read(model.prepare(noise_asks(), is_open=True))
    before = prefix.score(" Which way?", OPTIONS)
    last = model.model.model.language_model.layers[-1]
    whole, called = last.forward, []

    def fail(*args: Any, **more: Any) -> Any:
        called.append(True)
        if len(called) > begun:  # while the question is read, or while the answers are
            raise KeyboardInterrupt
        return whole(*args, **more)

    with monkeypatch.context() as broken:
        broken.setattr(last, "forward", fail)
        with pytest.raises(KeyboardInterrupt):
            prefix.score(" Which way?", OPTIONS)
    np.testing.assert_array_equal(prefix.score(" Which way?", OPTIONS), before)


def test_a_prefix_is_whole_after_answers_that_fail(
    tiny_folders: dict[str, Path],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    model = VisionLanguageModel.load(tiny_folders["qwen3_vl"])
    batch, answers = model.prepare(noise_asks()), model.wording.answers(OPTIONS)
    with torch.inference_mode():
        prefix = read_prefix(model.model, batch)
        before = score_answers(model.model, prefix, answers, model.wording.frame.end)
        with monkeypatch.context() as broken:
            broken.setattr(model.model.model.language_model.layers[-1], "forward", None)
            with pytest.raises(TypeError):
                score_answers(model.model, prefix, answers, model.wording.frame.end)
        after = score_answers(model.model, prefix, answers, model.wording.frame.end)
    np.testing.assert_array_equal(after, before)


def test_caches_that_cannot_be_cut_back_are_copied(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Layers of linear attention keep one state, which each answer changes."""
    import torch

    folder = made_once(shared_folder(tmp_path_factory) / HYBRID, lambda at: tiny_vlm(HYBRID, at))
    model = VisionLanguageModel.load(folder)
    asks = noise_asks()
    batch = model.prepare(asks)
    with torch.inference_mode():
        assert not read_prefix(model.model, batch).plain
    scores = model.score(batch, OPTIONS)
    assert np.abs(scores - recomputed(model, asks, OPTIONS)).max() < 1e-4
    reading = model.read(model.prepare(asks, is_open=True))
    for _ in range(2):
        assert np.abs(reading.score("", OPTIONS) - scores).max() < 1e-5
    ours = model.generate(batch, max_tokens=8)
    for ask, answer in zip(asks, ours, strict=True):
        single = model.prepare([ask])
        theirs = model.model.generate(**single.inputs, max_new_tokens=8, do_sample=False)
        ids = theirs[0, single.n_tokens :]
        assert (
            answer.text == model.processor.tokenizer.decode(ids, skip_special_tokens=True).strip()
        )


def test_the_beginning_of_an_answer_is_another_answer(loaded: VisionLanguageModel) -> None:
    asks = noise_asks(1)
    both = loaded.score(loaded.prepare(asks), ["walk", "walk run"])
    alone = loaded.score(loaded.prepare(asks), ["walk run"])
    assert abs(both[0, 1] - alone[0, 0]) < 1e-5
    assert loaded.option_lengths(["walk", "walk run"]).tolist() == [2, 3]


def test_the_order_of_the_options_does_not_matter(loaded: VisionLanguageModel) -> None:
    batch = loaded.prepare(noise_asks(2))
    there = loaded.score(batch, OPTIONS)
    back = loaded.score(batch, OPTIONS[::-1])
    assert np.abs(there - back[:, ::-1]).max() < 1e-5


@pytest.mark.parametrize("options", [[], ["left", "left"], ["left", " "], ["left", "left "]])
def test_options_must_be_different_and_not_empty(
    tiny_folders: dict[str, Path],  # noqa: F811
    options: list[str],
) -> None:
    model = VisionLanguageModel.load(tiny_folders["internvl"])
    with pytest.raises(InputError, match="options"):
        model.score(model.prepare(noise_asks(1)), options)


@pytest.mark.slow
def test_twelve_labels_cost_far_less_than_twelve_prompts(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The exact figure, 10 times, needs a quiet machine: benchmarks/vlm.py prints it."""
    folder = made_once(
        shared_folder(tmp_path_factory) / "internvl_wide",
        lambda at: tiny_vlm("internvl", at, hidden=256, layers=4, frame=112),
    )
    model = VisionLanguageModel.load(folder)
    asks = [Ask((noise_clip(0, 8, 112, 112),), "What does the mouse do?")]
    batch = model.prepare(asks)

    def shared() -> np.ndarray:
        return model.score(batch, LABELS)

    def one_by_one() -> np.ndarray:
        return np.concatenate([model.score(batch, [label]) for label in LABELS], axis=1)

    assert np.abs(shared() - one_by_one()).max() < 1e-4
    ratios = []
    for _ in range(3):
        began = time.process_time()
        shared()
        middle = time.process_time()
        one_by_one()
        ratios.append((time.process_time() - middle) / (middle - began))
    assert max(ratios) > 4
