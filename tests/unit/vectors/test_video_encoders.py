"""Which video encoder makes vectors, and what a run card says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_mousegpt.models.trust import Speed, Trial, TrustCard, keep
from napari_mousegpt.vectors import VideoParams, find_encoder, licence_text
from support.encoder_fixtures import one_thread
from support.tiny_encoders import tiny_encoder

__all__ = ["one_thread"]


@pytest.fixture(autouse=True)
def _own_cards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_TRUST", str(tmp_path / "trust"))


def card(weights_hash: str) -> TrustCard:
    trial = Trial("frame order", "backwards", 16, 9, 0.8, 0.5, "9 of 16.", sees=True)
    return TrustCard(
        "m", "", weights_hash, "swin3d", "encoder", "cuda:0", "bfloat16",
        "2026-01-01T00:00:00+00:00", {"trials": 16}, (trial,), Speed(1.0),
    )  # fmt: skip


def test_the_run_card_has_the_trust_card_of_these_very_weights(tmp_path: Path) -> None:
    found = find_encoder(str(tiny_encoder("swin3d", tmp_path / "swin")))
    other = find_encoder(str(tiny_encoder("swin3d", tmp_path / "else" / "swin", seed=1)))
    keep(card(other.weights.files_hash))
    assert found.provenance()["encoder_trust"].startswith("never tried here")
    told = json.loads(other.provenance()["encoder_trust"])
    assert told["verdict"] == "fails"
    assert (told["device"], told["dtype"]) == ("cuda:0", "bfloat16")
    assert told["scores"] == {"frame order": "9/16 (not passed)"}


def test_a_batch_is_what_was_asked_for_or_what_suits_the_device() -> None:
    assert VideoParams().batch_on("cuda") > VideoParams().batch_on("cpu") > 1
    assert VideoParams(batch=7).batch_on("cuda") == 7


@pytest.mark.parametrize(
    ("licence", "commercial", "marked"),
    [
        ("CC-BY-NC-4.0", None, True),
        ("Creative Commons Non-Commercial", None, True),
        ("Apache-2.0", None, False),
        ("a licence of their own", False, True),
        ("CC-BY-NC-4.0", True, False),
    ],
)
def test_weights_that_nobody_may_sell_are_marked(
    licence: str, commercial: bool | None, marked: bool
) -> None:
    said = licence_text(licence, commercial)
    assert said.startswith(licence)
    assert said.endswith("(non-commercial use only)") is marked


def test_a_licence_that_nobody_states_is_no_permission() -> None:
    assert "ask its publisher" in licence_text("")
