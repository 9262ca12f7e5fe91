"""Trust cards: what they conclude, and how they are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.models.trust import (
    TRUST_VARIABLE,
    Speed,
    Trial,
    TrustCard,
    keep,
    trust_card,
    trust_folder,
)

SEES = Trial("order", "asked", 16, 14, 0.8, 0.5, "14 of 16.", sees=True)
STEADY = Trial("steady", "asked", 16, 16, 1.0, 0.0, "All.", required=True)
EXTRA = Trial("extra", "asked", 16, 16, 0.8, 0.0, "All.")


def card(*trials: Trial, **changes: object) -> TrustCard:
    made = TrustCard(
        model="tiny", revision="", weights_hash="blake2b-weights:0a1b", family="internvl",
        kind="vlm", device="cpu, 8 GB", dtype="float32", created="2026-01-01T00:00:00+00:00",
        params={"trials": 16, "frames": 4, "size": 224}, trials=trials or (SEES, STEADY, EXTRA),
        speed=Speed(1.0, 0.5, 4.0, 10**9, 8),
    )  # fmt: skip
    return replace(made, **changes)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_clopper_and_pearson(counts: tuple[int, int]) -> None:
    good, n = counts
    trial = replace(SEES, n=n, successes=good)
    known = binomtest(good, n).proportion_ci(0.95, method="exact")
    assert trial.interval == pytest.approx((known.low, known.high), abs=1e-9)


@pytest.mark.parametrize(("good", "passed"), [(12, False), (13, True), (16, True), (8, False)])
def test_a_trial_must_be_told_from_chance(good: int, passed: bool) -> None:
    assert replace(SEES, successes=good).passed is passed
    # Few tries prove nothing, however well they went.
    assert not replace(SEES, n=4, successes=4).passed


def test_the_verdict_follows_from_the_trials() -> None:
    blind, shaky = replace(SEES, successes=8), replace(STEADY, successes=15)
    weak = replace(EXTRA, successes=3)
    assert card().verdict == "passes"
    assert card(SEES, STEADY, weak).verdict == "passes in part"
    assert "extra" in card(SEES, STEADY, weak).reason
    assert card(blind, STEADY, EXTRA).verdict == "fails"
    assert "frames" in card(blind, STEADY, EXTRA).reason
    assert card(SEES, shaky, EXTRA).verdict == "fails"
    assert "steady" in card(SEES, shaky, EXTRA).reason


def test_a_card_comes_back_by_the_hash_of_the_weights() -> None:
    kept = card()
    path = keep(kept)
    assert path.parent == trust_folder()
    assert ":" not in path.name  # no name for a file on every system
    assert trust_card(kept.weights_hash) == kept
    assert trust_card("blake2b-weights:ffff") is None
    keep(replace(kept, dtype="bfloat16"))
    again = trust_card(kept.weights_hash)
    assert again is not None
    assert again.dtype == "bfloat16"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 9, "trials": []}', "\x00"]
)
def test_a_damaged_card_is_named(text: str) -> None:
    path = keep(card())
    path.write_text(text)
    with pytest.raises(FormatError, match="certify again"):
        trust_card(card().weights_hash)


def test_impossible_counts_are_damage() -> None:
    path = keep(card())
    path.write_text(path.read_text().replace('"successes": 14', '"successes": 17'))
    with pytest.raises(FormatError, match="impossible"):
        trust_card(card().weights_hash)


def test_the_folder_is_the_users_unless_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(TRUST_VARIABLE, str(tmp_path / "mine"))
    assert keep(card()).parent == tmp_path / "mine"
    monkeypatch.delenv(TRUST_VARIABLE)
    assert trust_folder().name == "trust"
    assert "napari-mousegpt" in str(trust_folder())


def test_a_run_card_gets_the_scores() -> None:
    told = card(SEES, replace(STEADY, successes=15)).summary()
    assert told["verdict"] == "fails"
    assert told["scores"] == {"order": "14/16", "steady": "15/16 (not passed)"}
