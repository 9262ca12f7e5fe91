"""Words held against the kinematics of the same frames: the text says still, the mouse moves.

Each claim of :mod:`napari_mousegpt.words.claims` has measures that must agree with it. A measure
that is on the wrong side by a stated factor makes a contradiction of one half; further off it
nears 1. The worst claim decides. A label is never changed by this: it is a second opinion that a
model cannot talk itself out of, and no more than that: a good score says that no measure
disagrees, not that the words are right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures, RunningSums
from napari_mousegpt.words.claim_measures import Check, Meaning, meanings
from napari_mousegpt.words.claims import Claim, claims_in
from napari_mousegpt.words.individuals import features_of
from napari_mousegpt.words.rules import KinematicRules

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ContradictionParams", "check_words"]

#: Parts of a description that are read, and what they speak of.
_FIELDS = {
    "label": "whole",
    "overall": "whole",
    "head": "head",
    "limb": "other",
    "torso": "whole",
    "keywords": "whole",
}
#: A measure speaks when it was seen in this share of the stretch.
_LEAST_SEEN = 0.25
#: Claims that cannot both hold all the time: a text that makes both tells a course of events.
_RESTING = {"still", "standing", "all fours"}
_MOVING = {"moving", "walking", "running", "backwards", "turning", "rearing"}
_SIDES = {"turning left", "turning right"}
_SMALLEST = 1e-3


@dataclass(frozen=True)
class ContradictionParams:
    """How words are held against measures.

    Parameters
    ----------
    rules : KinematicRules
        Thresholds of the kinematic describer: what each word means in body lengths.
    slack : float
        A speed must be beyond its threshold by this factor, on the wrong side, to be a
        contradiction of one half; a height by the square root of it, the length of the body by
        the root of that.
    least : float
        From this contradiction on the words tell what speaks against them.
    """

    rules: KinematicRules = field(default_factory=KinematicRules)
    slack: float = 2.0
    least: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.slack < math.inf:
            raise InputError(f"slack={self.slack}", expected="1 or more")
        if not 0 < self.least <= 1:
            raise InputError(f"least={self.least}", expected="more than 0, at most 1")


def check_words(
    descriptions: pd.DataFrame,
    features: Mapping[str, FrameFeatures],
    params: ContradictionParams | None = None,
) -> pd.DataFrame:
    """Hold descriptions of one recording against its measures.

    Parameters
    ----------
    descriptions : DataFrame
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`.
    features : mapping of str to FrameFeatures
        By individual; a row of the whole picture takes the only one.
    params : ContradictionParams, optional
        Thresholds and slack.

    Returns
    -------
    DataFrame
        The same rows and columns, with ``contradiction`` (0 to 1, NaN where no claim could be
        checked) and ``contradiction_words``: the claims that a measure speaks against, the measure
        and its value, the worst first; else those that agree; else that nothing was checked.

    Raises
    ------
    InputError
        When rows are of several recordings, of an unknown individual, or outside the recording.
    """
    how = params or ContradictionParams()
    table = DESCRIPTIONS.check(descriptions)
    if table["recording"].nunique() > 1:
        raise InputError(
            "descriptions to check",
            expected="rows of one recording",
            found=f"{table['recording'].nunique()}",
            remedy="Check each recording with its own measures.",
        )
    means = meanings(how.rules, how.slack)
    sums: dict[tuple[int, str, bool], RunningSums] = {}
    scores, words = [], []
    for row in table.to_dict("records"):
        measured = features_of(features, str(row["individual"]))
        start, stop = int(row["start"]), max(int(row["stop"]), int(row["start"]) + 1)
        if not 0 <= start < stop <= measured.n_frames:
            raise InputError(
                f"interval [{start}, {stop})",
                expected=f"frames 0 to {measured.n_frames}",
                remedy="Clip the intervals to the recording first.",
            )
        stretch = _Stretch(measured, start, stop, sums)
        score, text = _judge(row, stretch, means, how.least)
        scores.append(score)
        words.append(text)
    return table.assign(
        contradiction=np.array(scores, dtype=np.float64),
        contradiction_words=np.array(words, dtype=object),
    )


class _Stretch:
    """Measures of one stretch of frames."""

    def __init__(
        self,
        features: FrameFeatures,
        start: int,
        stop: int,
        sums: dict[tuple[int, str, bool], RunningSums],
    ) -> None:
        self.features, self.start, self.stop, self.sums = features, start, stop, sums
        clock = features.timebase
        self.seconds = float(clock.time(stop)) - float(clock.time(start))

    def has(self, measure: str) -> bool:
        """Whether a measure is there; none is always there."""
        return not measure or measure in self.features

    def value(self, check: Check, over_s: float) -> float:
        """The measure where it agrees best, over ``over_s`` inside the stretch; NaN if unseen."""
        if check.measure not in self.features:
            return math.nan
        key = (id(self.features), check.measure, check.signed)
        if key not in self.sums:
            column = self.features.column(check.measure)
            self.sums[key] = RunningSums(column if check.signed else np.abs(column))
        sums, whole = self.sums[key], (np.array([self.start]), np.array([self.stop]))
        if sums.seen(*whole)[0] < _LEAST_SEEN:
            return math.nan
        length = self.stop - self.start
        frames = min(self.features.timebase.frames(over_s), length) if over_s else length
        first = np.arange(self.start, self.stop - frames + 1)
        found = sums.mean(first, first + frames, _LEAST_SEEN)
        found = found[np.isfinite(found)]
        if not found.size:
            return math.nan
        best = float(found.max() if check.above else found.min())
        seconds = self.seconds * frames / length
        return best * seconds if check.times_s else best


def _judge(
    row: Mapping[Any, Any], stretch: _Stretch, means: Mapping[str, Meaning], least: float
) -> tuple[float, str]:
    """Return the contradiction of one description and what speaks for or against it."""
    claims = list(_claims(row))
    kinds = {claim.kind for claim in claims if not claim.denied}
    course = (bool(kinds & _RESTING) and bool(kinds & _MOVING)) or kinds >= _SIDES
    found: list[tuple[float, str, int]] = []
    for claim in claims:
        against, measure = _against(claim, stretch, means[claim.kind], course)
        if not math.isnan(against):
            said = f'"{claim.said}"' + (" denied" if claim.denied else "")
            found.append((against, f"{said}: {measure}", claim.choice))
    if not found:
        return math.nan, "not checked: no claim that a measure can speak to"
    # Of alternatives the one that agrees best counts.
    for choice in {number for _, _, number in found if number}:
        mine = [entry for entry in found if entry[2] == choice]
        found = [entry for entry in found if entry[2] != choice] + [min(mine)]
    found.sort(key=lambda entry: -entry[0])
    worst = found[0][0]
    if worst >= least:
        return worst, "; ".join(f"against {text}" for score, text, _ in found if score >= least)
    return worst, "; ".join(f"agrees {text}" for _, text, _ in found)


def _claims(row: Mapping[Any, Any]) -> Iterator[Claim]:
    seen = set()
    for number, (name, subject) in enumerate(_FIELDS.items()):
        for claim in claims_in(str(row[name] or ""), subject):
            if (claim.kind, claim.denied) not in seen:
                seen.add((claim.kind, claim.denied))
                yield claim._replace(choice=claim.choice and 100 * number + claim.choice)


def _against(claim: Claim, stretch: _Stretch, meaning: Meaning, course: bool) -> tuple[float, str]:
    """How far the measures deny a claim, 0 to 1, and the measure that decides; NaN for none."""
    if (claim.denied and not meaning.deniable) or not stretch.has(meaning.needs):
        return math.nan, ""
    found: list[tuple[float, str]] = []
    for check in meaning.checks:
        over = check.over_s
        if claim.denied:
            over = 0.0  # that something did not happen is meant of the whole stretch
        elif course and not over:
            over = 0.5
        value = stretch.value(check, over)
        if not math.isnan(value):
            found.append(
                (
                    _denies(value, check, claim.denied),
                    _told(value, check, claim.denied, stretch.features),
                )
            )
    if not found:
        return math.nan, ""
    every = meaning.any_of is claim.denied
    return max(found) if every else min(found)


def _denies(value: float, check: Check, denied: bool) -> float:
    """1 where the measure is far on the wrong side, one half at the limit."""
    limit = check.limit(denied)
    if check.signed:
        off = (limit - value) / check.fade
    else:
        off = math.log2(limit / max(value, _SMALLEST)) / check.fade
    off = off if check.above is not denied else -off
    return 1.0 / (1.0 + math.exp(-min(max(off, -60.0), 60.0)))


def _told(value: float, check: Check, denied: bool, features: FrameFeatures) -> str:
    if check.times_s:
        return f"turned {abs(value):.0f} deg to the {'left' if value > 0 else 'right'}"
    unit = features.units[features.names.index(check.measure)]
    word = "at least" if check.above is not denied else "at most"
    digits = 0 if unit.startswith("deg") else 2
    shown = f"{check.measure} {value:.{digits}f} {unit}"
    return f"{shown} ({word} {check.limit(denied):.{digits}f} fits)"
