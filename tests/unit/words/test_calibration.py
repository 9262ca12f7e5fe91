from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from napari_mousegpt.clips import ClipParams, CropParams
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.words.calibration import Calibration, calibrate, vocabulary_hash
from napari_mousegpt.words.calibration_files import (
    calibration_file,
    load_calibration,
    save_calibration,
)
from napari_mousegpt.words.confidence_bins import calibration_error, reliability
from napari_mousegpt.words.scoring import LabelScores, ScoringParams, softmax
from napari_mousegpt.words.shares import animal_interval, clopper_pearson
from napari_mousegpt.words.vocabulary import Vocabulary

LABELS = ("walking", "rearing", "grooming", "still")
PLAIN = ScoringParams(prior_weight=0.0)
SEEN = ClipParams(frames=4, size=112, crop=CropParams())


def answers(n: int, sharpness: float, seed: int = 0) -> tuple[LabelScores, list[str]]:
    """Scores of a model that is ``sharpness`` times as sure as it should be, and the truth."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, len(LABELS))) * 1.5
    truth = [LABELS[rng.choice(len(LABELS), p=row)] for row in softmax(logits)]
    return LabelScores(LABELS, sharpness * logits - 20.0), truth


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    scores, truth = answers(900, 3.0)
    return calibrate(
        scores,
        truth,
        animals=[f"mouse {i % 6}" for i in range(900)],
        params=PLAIN,
        model="hub/model@abc",
        prompt_id="open-1-12345678",
        vocabulary=vocabulary_hash(LABELS),
        clips=SEEN,
        seconds=[1.0] * 880 + [0.2] * 20,
    )


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_true_temperature_is_found(sharpness: float) -> None:
    scores, truth = answers(3000, sharpness)
    found = calibrate(scores, truth, params=PLAIN)
    assert found.temperature == pytest.approx(sharpness, rel=0.1)
    assert found.nll_after <= found.nll_before + 1e-9


def test_it_is_the_best_temperature_there_is(fitted: Calibration) -> None:
    scores, truth = answers(900, 3.0)
    column = [LABELS.index(label) for label in truth]

    def loss(temperature: float) -> float:
        p = scores.posterior(replace(PLAIN, temperature=temperature)).probability
        return float(-np.log(p[np.arange(900), column]).mean())

    assert fitted.nll_after == pytest.approx(loss(fitted.temperature))
    # The targets are never quite certain, which moves the fit by far less than this.
    assert all(loss(fitted.temperature * f) > fitted.nll_after for f in (0.9, 1.1))


def test_errors_are_those_of_animals_that_were_left_out(fitted: Calibration) -> None:
    assert fitted.temperature_low < fitted.temperature < fitted.temperature_high
    assert fitted.n_animals == 6
    assert fitted.nll_held_out > fitted.nll_after
    assert fitted.nll_held_out < fitted.nll_before
    assert fitted.ece_after < 0.3 * fitted.ece_before
    assert sum(row.n for row in fitted.after) == fitted.n == 900


def test_the_interval_of_the_temperature_covers_the_truth() -> None:
    covered = 0
    for seed in range(30):
        scores, truth = answers(240, 3.0, seed)
        found = calibrate(scores, truth, animals=[str(i % 6) for i in range(240)], params=PLAIN)
        covered += found.temperature_low < 3.0 < found.temperature_high
    assert covered >= 26


def test_an_animal_that_differs_shows_in_the_held_out_error() -> None:
    alike, truth = answers(300, 1.0)
    wild, other = answers(300, 40.0, seed=1)
    scores = LabelScores(LABELS, np.concatenate([alike.loglik, wild.loglik]))
    animals = ["tame"] * 300 + ["wild"] * 300
    found = calibrate(scores, truth + other, animals=animals, params=PLAIN)
    mixed = calibrate(scores, truth + other, animals=["a", "b"] * 300, params=PLAIN)
    assert found.nll_held_out > mixed.nll_held_out + 0.2
    assert math.isnan(found.temperature_low)


def test_without_animals_its_error_is_not_known_and_it_says_so() -> None:
    scores, truth = answers(60, 2.0)
    found = calibrate(scores, truth, params=PLAIN)
    assert math.isnan(found.nll_held_out)
    assert found.n_animals == 0
    assert "No animals were named" in found.notes[0]
    one = calibrate(scores, truth, animals=["a"] * 60, params=PLAIN)
    assert "of one animal" in one.notes[0]


def test_too_few_labels_are_refused_by_name() -> None:
    scores, _ = answers(12, 1.0)
    with pytest.raises(InputError) as caught:
        calibrate(scores, ["walking"] * 9 + ["rearing"] * 3, params=PLAIN)
    text = str(caught.value)
    assert "12: walking 9, rearing 3, grooming 0, still 0" in text
    assert "first of all of: grooming (0), still (0), rearing (3)" in text
    scores, _ = answers(40, 1.0)
    with pytest.raises(InputError, match="two labels that have 5 or more"):
        calibrate(scores, ["walking"] * 36 + ["rearing"] * 4, params=PLAIN)


def test_labels_it_hardly_rests_on_are_named() -> None:
    scores, _ = answers(40, 1.0)
    found = calibrate(scores, ["walking"] * 20 + ["rearing"] * 19 + ["still"], params=PLAIN)
    assert any("grooming, still" in note for note in found.notes)
    assert found.counts == {"walking": 20, "rearing": 19, "grooming": 0, "still": 1}


def test_labels_of_another_vocabulary_are_refused() -> None:
    scores, truth = answers(40, 1.0)
    with pytest.raises(InputError, match=r"accepted label 'jump'.*one of the vocabulary"):
        calibrate(scores, [*truth[:-1], "jump"], params=PLAIN)
    with pytest.raises(MismatchError, match="expected 40, one for each clip, found 39"):
        calibrate(scores, truth[:-1], params=PLAIN)
    with pytest.raises(InputError, match="a name for each"):
        calibrate(scores, truth, animals=[""] * 40, params=PLAIN)


def test_a_model_that_was_always_right_is_not_made_certain() -> None:
    column = np.arange(40) % 4
    loglik = np.where(np.arange(4) == column[:, None], 0.0, -2.0)
    found = calibrate(LabelScores(LABELS, loglik), [LABELS[i] for i in column], params=PLAIN)
    confident = LabelScores(LABELS, loglik).posterior(
        ScoringParams(prior_weight=0.0, temperature=found.temperature)
    )
    assert 0.9 < confident.confidence.max() < 0.99
    assert any("right every time" in note for note in found.notes)


def test_a_model_that_knows_nothing_is_told_apart() -> None:
    rng = np.random.default_rng(3)
    truth = [LABELS[i % 4] for i in range(200)]
    found = calibrate(LabelScores(LABELS, rng.normal(size=(200, 4)) * 5), truth, params=PLAIN)
    assert max(row.high for row in found.after if row.n) <= 0.5
    assert found.temperature > 10


def test_bins_count_every_clip_once() -> None:
    rows = reliability([0.0, 0.05, 0.1, 0.55, 1.0, 1.0], [0, 1, 1, 0, 1, 0], 10)
    assert [row.n for row in rows] == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]
    assert rows[0].confidence == pytest.approx(0.025)
    assert rows[0].share == 0.5
    exact = binomtest(1, 2).proportion_ci(method="exact")
    assert (rows[0].share_low, rows[0].share_high) == pytest.approx((exact.low, exact.high))
    assert math.isnan(rows[2].share)
    assert calibration_error(rows) == pytest.approx((2 * 0.475 + 0.9 + 0.55 + 2 * 0.5) / 6)
    assert math.isnan(calibration_error(reliability([], [])))
    with pytest.raises(InputError, match="confidences from 0 to 1"):
        reliability([1.2], [1])


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_exact_interval_is_that_of_scipy(one: int, other: int) -> None:
    hits, count = min(one, other), max(one, other)
    low, high = clopper_pearson(hits, count)
    if not count:
        assert (float(low), float(high)) == (0.0, 1.0)
        return
    exact = binomtest(hits, count).proportion_ci(method="exact")
    assert (float(low), float(high)) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_the_exact_interval_covers() -> None:
    rng = np.random.default_rng(0)
    low, high = clopper_pearson(rng.binomial(12, 0.85, size=4000), np.full(4000, 12))
    assert ((low <= 0.85) & (high >= 0.85)).mean() >= 0.95
    with pytest.raises(InputError, match="at most as many as counted"):
        clopper_pearson(3, 2)
    with pytest.raises(InputError, match="level=1"):
        clopper_pearson(1, 2, level=1.0)


def test_animals_that_differ_make_a_wider_interval_than_animals_alike() -> None:
    low, high = animal_interval([40, 0, 40, 0], [40, 40, 40, 40])
    near, far = animal_interval([20, 21, 19, 20], [40, 40, 40, 40])
    assert high - low > 5 * (far - near)
    assert (low, high) == animal_interval([40, 0, 40, 0], [40, 40, 40, 40])
    exact = clopper_pearson(80, 160)
    assert high - low > float(exact[1] - exact[0])
    for hits, counts in (([4], [5]), ([5, 5], [5, 5]), ([0, 0], [5, 5]), ([5, 0], [6, 0])):
        assert all(math.isnan(edge) for edge in animal_interval(hits, counts))


def test_it_is_kept_and_read_back(tmp_path: Path, fitted: Calibration) -> None:
    path = calibration_file(
        tmp_path / "new", fitted.model, fitted.prompt_id, vocabulary_hash(LABELS)
    )
    assert path.name.startswith("model-abc-")
    assert save_calibration(fitted, path) == path
    assert load_calibration(path) == fitted
    others = {
        calibration_file(tmp_path, model, prompt, words).name
        for model in ("a/m", "b/m")
        for prompt in ("p", "q")
        for words in ("v", "w")
    }
    assert len(others) == 8
    scores, truth = answers(60, 1.0)
    unknown = calibrate(scores, truth, params=PLAIN)  # NaN has no place in JSON
    again = load_calibration(save_calibration(unknown, tmp_path / "other.json"))
    assert math.isnan(again.nll_held_out)
    assert "NaN" not in (tmp_path / "other.json").read_text()


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"schema": "calibration/2"}', '{"schema": "calibration/1", "n": 1}']
)
def test_files_that_are_no_calibration(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    with pytest.raises(InputError, match="no file"):
        load_calibration(path)
    path.write_text(text)
    with pytest.raises(FormatError, match="JSON of a calibration"):
        load_calibration(path)


def used_for(fitted: Calibration, **changes: Any) -> dict[str, Any]:
    mine = {
        "model": fitted.model,
        "prompt_id": fitted.prompt_id,
        "vocabulary": vocabulary_hash(LABELS[::-1]),
        "clips": SEEN,
        "seconds": [1.0, 1.04, 0.96],
    }
    return {**mine, **changes}


def test_a_temperature_serves_only_what_it_was_fitted_for(fitted: Calibration) -> None:
    applied = fitted.apply(replace(PLAIN, least_confidence=0.4), **used_for(fitted))
    assert applied == ScoringParams(0.0, 0.0, fitted.temperature, 0.4, 0.0)
    for name, told in (
        ("model", "model hub/model@abc, now another"),
        ("prompt_id", "prompt open-1-12345678, now another"),
        ("vocabulary", "labels and definitions .*, now another"),
        ("quantised", "quantised none, now another"),
    ):
        with pytest.raises(MismatchError, match=told):
            fitted.apply(PLAIN, **used_for(fitted, **{name: "another"}))
    with pytest.raises(MismatchError, match="prior_weight 0, now 1"):
        fitted.apply(ScoringParams(), **used_for(fitted))
    with pytest.raises(MismatchError, match=r"length_power 0, now 0\.5"):
        fitted.apply(ScoringParams(0.0, 0.5), **used_for(fitted))


@pytest.mark.parametrize(
    ("clips", "told"),
    [
        (replace(SEEN, frames=8), "frames 4, now 8)"),
        (replace(SEEN, size=224), "size 112, now 224)"),
        (replace(SEEN, stride_s=0.1), "stride_s 0, now 0.1)"),
        (replace(SEEN, cameras=("top", "side")), "cameras the first, now top/side)"),
        (replace(SEEN, crop=None), "crop animal, now none)"),
        (replace(SEEN, crop=CropParams(follow="start")), "crop animal, now start)"),
        (replace(SEEN, crop=CropParams(body_lengths=5)), "crop body_lengths 3, now 5)"),
        (replace(SEEN, still=True), "frames 4, now 1; still False, now True)"),
        (replace(SEEN, frames=8, size=56), "frames 4, now 8; size 112, now 56)"),
    ],
)
def test_other_pictures_are_refused_by_name(
    fitted: Calibration, clips: ClipParams, told: str, tmp_path: Path
) -> None:
    kept = load_calibration(save_calibration(fitted, tmp_path / "c.json"))
    for one in (fitted, kept):
        with pytest.raises(MismatchError) as caught:
            one.apply(PLAIN, **used_for(fitted, clips=clips))
        assert f"fitted with {told}. Take those" in str(caught.value)


def test_what_no_clip_shows_is_not_compared(fitted: Calibration) -> None:
    scores, truth = answers(40, 1.0)
    still = calibrate(
        scores, truth, params=PLAIN, clips=ClipParams(still=True, frames=3, stride_s=0.2),
        seconds=[1.0],
    )  # fmt: skip
    now = {"model": "", "prompt_id": "", "vocabulary": "", "seconds": [1.0]}
    assert still.apply(PLAIN, **now, clips=ClipParams(still=True)).temperature == still.temperature
    side = replace(SEEN, crop=CropParams(side=300))
    assert fitted.apply(PLAIN, **used_for(fitted, clips=side)).temperature == fitted.temperature


def test_clips_of_another_length_are_told(fitted: Calibration) -> None:
    # One clip in fifty was shorter: that does not make short clips usual.
    assert (fitted.seconds_low, fitted.seconds_high) == (1.0, 1.0)
    with pytest.raises(
        MismatchError, match=r"\(1 s\), found 2 of 3 of another length \(0\.5 to 2 s"
    ):
        fitted.apply(PLAIN, **used_for(fitted, seconds=[0.5, 1.0, 2.0]))
    with pytest.warns(UserWarning, match=r"of 1 s; 1 of 3 are 0\.5 s long"):
        applied = fitted.apply(PLAIN, **used_for(fitted, seconds=[0.5, 1.0, 1.0]))
    assert applied.temperature == fitted.temperature
    scores, truth = answers(40, 1.0)
    untold = calibrate(scores, truth, params=PLAIN)
    with pytest.raises(MismatchError, match="length"):
        untold.apply(PLAIN, model="", prompt_id="", vocabulary="", clips=ClipParams(), seconds=[1])


def test_the_hash_of_a_vocabulary_knows_its_definitions() -> None:
    plain = Vocabulary(LABELS)
    assert vocabulary_hash(plain) == vocabulary_hash(Vocabulary(LABELS[::-1]))
    assert vocabulary_hash(plain) == vocabulary_hash(LABELS)
    assert vocabulary_hash(Vocabulary(LABELS, {"still": "no step"})) != vocabulary_hash(plain)
    assert vocabulary_hash(LABELS[:3]) != vocabulary_hash(LABELS)
