"""Trust cards for people."""

from __future__ import annotations

from dataclasses import replace

from napari_mousegpt.models.trust import Speed, Trial, TrustCard
from napari_mousegpt.reports.trust_card import card_lines, card_markdown, trial_line

ORDER = Trial("frame order", "clips backwards", 16, 12, 0.8, 0.5, "12 of 16 turned.", sees=True)
STEADY = Trial("repeatability", "twice", 16, 16, 1.0, 0.0, "All | the same.", required=True)
CARD = TrustCard(
    model="my_model", revision="abc", weights_hash="blake2b-weights:0a1b", family="internvl",
    kind="vlm", device="cpu, 8 GB", dtype="float32", created="2026-01-01T00:00:00+00:00",
    params={"trials": 16, "frames": 4, "size": 224}, trials=(ORDER, STEADY),
    speed=Speed(1.25, 0.5, 16.0, 2_500_000_000, 8),
)  # fmt: skip


def test_a_line_says_the_score_its_interval_and_what_would_pass() -> None:
    line = trial_line(ORDER)
    assert line.startswith("FAIL  frame order")
    assert "12/16   75% (48% to 93%), passes from 13/16" in line
    assert trial_line(replace(ORDER, successes=13)).startswith("pass")
    assert trial_line(replace(ORDER, n=4, successes=4)).endswith("more trials")


def test_the_card_begins_with_its_verdict_and_ends_with_its_limits() -> None:
    lines = card_lines(CARD)
    assert lines[0] == (
        "my_model: fails. Nothing shows that its answers depend on what happens in the frames."
    )
    text = "\n".join(lines)
    assert "12 of 16 turned." in text
    assert "1.25 clips/s labelled, 0.5 clips/s described (16 tokens/s), 8 at once" in text
    assert "2.50 GB of the whole program" in text
    assert "drawings" in lines[-1]


def test_an_encoder_describes_nothing() -> None:
    card = replace(
        CARD, kind="encoder", device="cuda:0 (Card)", speed=Speed(12.0, peak_bytes=10**9)
    )
    text = "\n".join(card_lines(card))
    assert "12 clips/s turned into vectors, 1 at once" in text
    assert "described" not in text
    assert "GB of the card" in text
    assert "as many frames as it wants" in text


def test_the_page_holds_every_trial_and_what_it_was_about() -> None:
    page = card_markdown(CARD)
    assert page.startswith("# Trust card: my_model\n")
    assert "| frame order | fail | 12 of 16 turned. | 12/16 | 48% to 93% | 13/16 |" in page
    assert "All \\| the same." in page  # a bar would end the cell
    assert "- repeatability: twice." in page
    assert "revision abc" in page
