"""Trying models on drawn clips: who looks passes, who does not fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.asks import Ask
from napari_mousegpt.models.device import Device
from napari_mousegpt.models.encoders import Encoded, VideoEncoder
from napari_mousegpt.models.trust import Trial, TrustCard, trust_card
from napari_mousegpt.models.weights import find_weights
from napari_mousegpt.runs.certify import certify, try_model
from napari_mousegpt.runs.trials import TrialParams
from support import seeing
from support.encoder_fixtures import one_thread  # noqa: F401
from support.model_fixtures import (
    ModelFolders,
    made_once,
    shared_folder,
    tiny_folders,  # noqa: F401
    trained_folders,  # noqa: F401
)
from support.tiny_encoders import tiny_encoder
from support.training_mice import SIDE, mouse_encoder, teach_mice

# ruff: noqa: F811 - fixtures are imported by name

CPU = Device("cpu", "cpu", 8 * 10**9, ("float32",))
SEEING = {"motion direction", "frame order", "rear / lie", "still / move"}
SMALL = TrialParams(size=96)


def _passed(card: TrustCard) -> set[str]:
    return {trial.name for trial in card.trials if trial.passed}


def _trial(card: TrustCard, name: str) -> Trial:
    return next(trial for trial in card.trials if trial.name == name)


@pytest.fixture(scope="module")
def seer() -> TrustCard:
    seen: list[Trial] = []
    card = try_model(seeing.Seer(), CPU, SMALL, progress=seen.append)
    assert tuple(seen) == card.trials
    return card


def test_a_model_that_looks_passes_everything(seer: TrustCard) -> None:
    card = seer
    assert _passed(card) == {
        *SEEING, "pose text", "blank clip", "label order", "repeatability"
    }  # fmt: skip
    assert card.verdict == "passes"
    assert card.speed.clips_per_s > 0
    assert card.speed.tokens_per_s > card.speed.described_per_s > 0
    assert card.params["trials"] == 16


def test_a_model_that_reads_text_only_fails() -> None:
    card = try_model(seeing.TextOnly(), CPU, SMALL)
    assert card.verdict == "fails"
    assert "frames" in card.reason
    assert not _passed(card) & SEEING
    # The same answer to every clip is right for half of them, and never turns round.
    assert _trial(card, "motion direction").score == 0.5
    assert _trial(card, "frame order").successes == 0


def test_a_model_whose_answers_go_by_the_place_in_a_batch_fails() -> None:
    card = try_model(seeing.ByPlace(), CPU, SMALL)
    assert card.verdict == "fails"
    assert not _passed(card) & SEEING
    assert _trial(card, "motion direction").score == 0.5


def test_a_model_without_a_sense_of_time_fails_what_takes_time() -> None:
    card = try_model(seeing.OneFrame(), CPU, SMALL)
    assert _trial(card, "frame order").successes == 0
    assert "mind" in _trial(card, "frame order").sentence


def test_a_model_that_takes_the_first_label_is_found_out() -> None:
    card = try_model(seeing.FirstListed(), CPU, SMALL)
    assert _trial(card, "label order").successes == 0
    assert card.verdict == "fails"


def test_a_model_that_answers_otherwise_in_a_batch_fails_whatever_it_sees() -> None:
    card = try_model(seeing.Unsteady(), CPU, SMALL)
    assert _passed(card) >= SEEING
    assert _trial(card, "repeatability").successes == 0
    assert card.verdict == "fails"
    assert "repeatability" in card.reason


def test_a_model_that_is_sure_of_nothing_to_see_is_told_so() -> None:
    card = try_model(seeing.Sure(), CPU, SMALL)
    assert _trial(card, "blank clip").successes == 0
    assert card.verdict == "passes in part"
    assert card.reason == "Do not rely on it for: blank clip."


def test_what_a_model_would_say_anyway_is_taken_off() -> None:
    card = try_model(seeing.Biased(), CPU, TrialParams(trials=8, size=96))
    assert all(_trial(card, name).score == 1 for name in SEEING)


def test_wrong_facts_show_whether_the_text_wins_over_the_picture(seer: TrustCard) -> None:
    sentence = _trial(seer, "pose text").sentence
    assert "used: they moved the answer their way in 16 of 16" in sentence
    assert "16 with right facts, 16 without, 0 with wrong ones" in sentence
    assert "against the picture" in sentence


def test_a_random_tiny_model_fails_and_its_card_is_kept(tiny_folders: dict[str, Path]) -> None:
    folder = tiny_folders["internvl"]
    found = find_weights(str(folder)).files_hash
    assert trust_card(found) is None
    card = certify(str(folder), SMALL, device="cpu")
    assert card.verdict == "fails"
    assert not _passed(card) & SEEING
    assert "repeatability" in _passed(card)
    assert trust_card(found) == card


@pytest.mark.slow
def test_a_tiny_model_passes_what_it_was_taught(
    trained_folders: ModelFolders, tmp_path_factory: pytest.TempPathFactory
) -> None:
    begin = trained_folders("left/right")
    folder = made_once(shared_folder(tmp_path_factory) / "mice", lambda at: teach_mice(begin, at))
    card = certify(str(folder), TrialParams(size=SIDE), device="cpu")
    assert {
        "motion direction", "frame order", "blank clip", "label order", "repeatability"
    } <= _passed(card)  # fmt: skip
    assert "still / move" not in _passed(card)
    assert card.verdict == "passes in part"


def test_encoders_pass_what_their_vectors_hold() -> None:
    card = try_model(seeing.SeeingEncoder(), CPU, SMALL)
    assert card.verdict == "passes"
    assert {trial.name for trial in card.trials} == {*SEEING, "repeatability"} - {"rear / lie"}
    assert card.speed.tokens_per_s == 0
    blind = try_model(seeing.BlindEncoder(), CPU, SMALL)
    assert (blind.verdict, _passed(blind)) == ("fails", {"repeatability"})
    assert all(trial.successes == 0 for trial in blind.trials if trial.sees)
    sorting = try_model(seeing.OrderBlindEncoder(), CPU, SMALL)
    assert "frame order" not in _passed(sorting)


@pytest.mark.slow
def test_a_taught_encoder_passes_what_it_was_taught(tmp_path: Path) -> None:
    folder = mouse_encoder(tmp_path / "taught")
    card = certify(str(folder), TrialParams(size=32), device="cpu")
    assert {"motion direction", "frame order", "repeatability"} <= _passed(card)


def test_a_random_encoder_fails_and_one_that_sees_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_encoder("videomae", tmp_path / "m")
    card = certify(str(folder), TrialParams(size=32), device="cpu")
    assert _passed(card) == {"repeatability"}
    assert card.verdict == "fails"
    assert card.kind == "encoder"
    seer = seeing.SeeingEncoder()
    monkeypatch.setattr(VideoEncoder, "encode", lambda self, clips: seer.encode(clips))
    card = certify(str(folder), TrialParams(trials=8, size=96), device="cpu")
    assert card.verdict == "passes"
    # The newer card is the one of these weights.
    assert trust_card(find_weights(str(folder)).files_hash) == card


def test_the_speed_of_an_encoder_is_that_of_batches_that_fit() -> None:
    class Narrow(seeing.SeeingEncoder):
        def encode(self, clips: np.ndarray) -> Encoded:
            if len(clips) > 2:
                raise MemoryError
            return super().encode(clips)

    card = try_model(Narrow(), CPU, TrialParams(trials=4, size=96))
    assert card.speed.batch == 2


def test_an_encoder_that_changes_its_vectors_in_a_batch_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = VideoEncoder.encode

    def shifted(self: VideoEncoder, clips: np.ndarray) -> object:
        found = plain(self, clips)
        found.features[...] *= 1 + 0.01 * len(clips)
        return found

    monkeypatch.setattr(VideoEncoder, "encode", shifted)
    card = certify(str(tiny_encoder("videomae", tmp_path / "m")), SMALL, device="cpu")
    assert "repeatability" not in _passed(card)


def test_what_a_model_cannot_do_is_raised() -> None:
    class Refusing(seeing.Seer):
        def prepare(self, asks: Sequence[Ask]) -> list[Ask]:
            raise InputError("clip", expected="at least 8 frames", found="4")

    with pytest.raises(InputError, match="at least 8 frames"):
        try_model(Refusing(), CPU, SMALL)


@pytest.mark.parametrize(
    "wrong", [{"trials": 7}, {"trials": 0}, {"frames": 1}, {"size": 8}, {"batch": 1},
              {"new_tokens": 0}],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        TrialParams(**wrong)
