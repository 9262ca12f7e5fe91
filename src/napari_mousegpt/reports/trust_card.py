"""A trust card for people: on the terminal and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from napari_mousegpt.models.trust import Trial, TrustCard
from napari_mousegpt.reports.markdown import cell, table

__all__ = ["card_lines", "card_markdown", "trial_line"]

_LIMITS = (
    "The clips are drawings of a mouse from above. Passing does not show that a model is right "
    "about your recordings; failing shows that it cannot be."
)
_WIDEST = 18


def trial_line(trial: Trial) -> str:
    """Return what came of a trial on one line, such as ``pass  frame order  15/16 ...``."""
    low, high = trial.interval
    mark = "pass" if trial.passed else "FAIL"
    return (
        f"{mark}  {trial.name:<{_WIDEST}} {f'{trial.successes}/{trial.n}':>6}  "
        f"{trial.score:4.0%} ({low:.0%} to {high:.0%}), passes from {_needed(trial)}"
    )


def card_lines(card: TrustCard) -> list[str]:
    """Return the card as lines for a terminal."""
    lines = [f"{card.model}: {card.verdict}. {card.reason}"]
    for trial in card.trials:
        lines += [f"  {trial_line(trial)}", f"        {trial.sentence}"]
    return [*lines, *(f"  {text}" for text in _speed(card)), f"  {_made(card)}", _LIMITS]


def card_markdown(card: TrustCard) -> str:
    """Return the card as a page of Markdown."""
    rows = []
    for trial in card.trials:
        low, high = trial.interval
        rows.append(
            (
                trial.name,
                "pass" if trial.passed else "fail",
                trial.sentence,
                f"{trial.successes}/{trial.n}",
                f"{low:.0%} to {high:.0%}",
                _needed(trial),
            )
        )
    header = ["trial", "", "what came of it", "score", "95 % interval", "passes from"]
    asked = [f"- {cell(trial.name)}: {cell(trial.asked)}." for trial in card.trials]
    return "\n".join(
        [
            f"# Trust card: {cell(card.model)}",
            "",
            f"**{card.verdict}.** {cell(card.reason)}",
            "",
            *table(header, rows, numbers=3),
            *(f"- {cell(text)}" for text in _speed(card)),
            f"- {cell(_made(card))}",
            f"- Weights {cell(card.weights_hash)}"
            + (f", revision {cell(card.revision)}." if card.revision else "."),
            "",
            "What was shown and asked:",
            "",
            *asked,
            "",
            _LIMITS,
            "",
        ]
    )


def _needed(trial: Trial) -> str:
    """Return the fewest successes that pass."""
    passing = (count for count in range(trial.n + 1) if replace(trial, successes=count).passed)
    fewest = next(passing, None)
    return f"{fewest}/{trial.n}" if fewest is not None else "more trials"


def _speed(card: TrustCard) -> Iterator[str]:
    speed = card.speed
    what = "labelled" if card.kind == "vlm" else "turned into vectors"
    text = f"Speed: {_number(speed.clips_per_s)} clips/s {what}"
    if speed.described_per_s:
        text += (
            f", {_number(speed.described_per_s)} clips/s described "
            f"({_number(speed.tokens_per_s)} tokens/s)"
        )
    yield f"{text}, {speed.batch} at once, on {card.device} ({card.dtype})."
    if speed.peak_bytes:
        whose = "of the card" if not card.device.startswith("cpu") else "of the whole program"
        yield f"Memory: {speed.peak_bytes / 1e9:.2f} GB {whose} at the most."


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _made(card: TrustCard) -> str:
    params = card.params
    frames = (
        "as many frames as it wants" if card.kind == "encoder" else f"{params['frames']} frames"
    )
    return (
        f"Made {card.created}: {params['trials']} clips a trial, {frames} of "
        f"{params['size']} pixels."
    )
