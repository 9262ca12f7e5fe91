"""How the thresholds of the describer were chosen, and how much each of them matters.

Only the three tuning mice of ``labelled_subtle3d`` are read. By default each threshold is moved
down and up by a factor and the change of the macro-F1 is shown: a good set of rules hardly cares.
With ``--search`` a coarse search (one threshold after the other, by factors) runs on two of the
mice and is scored on the third, three times over; the result is printed, to be rounded by hand.

Use it with labelled mice of your own to fit the rules to another cage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from napari_mousegpt.features import FrameFeatures, kinematics
from napari_mousegpt.words import KinematicDescriber, KinematicRules, conditions
from subtle3d import TUNING_MICE, load
from words import Labels, f1_scores

FACTORS = (0.7, 0.85, 1.18, 1.4)
#: The smallest gain worth a change: less is noise.
GAIN = 0.002

Labelled = tuple[FrameFeatures, Labels]


def score(mice: Sequence[Labelled], rules: KinematicRules) -> float:
    """Return the mean over mice of the macro-F1."""
    describer = KinematicDescriber(rules)
    each = [
        np.mean(list(f1_scores(labels, describer.frame_labels(features)).values()))
        for features, labels in mice
    ]
    return float(np.mean(each))


def used(mice: Sequence[Labelled], rules: KinematicRules) -> list[str]:
    """Return the thresholds that the measures of these mice can feel."""
    names = mice[0][0].names
    general = ["softness", "smooth_s", "min_sureness", "min_bout_s"]
    return [
        name
        for name, value in asdict(rules).items()
        if name in general
        or conditions(replace(rules, **{name: value * 1.1}), names) != conditions(rules, names)
    ]


def search(mice: Sequence[Labelled], rules: KinematicRules, rounds: int = 2) -> KinematicRules:
    """Move one threshold after the other by factors, keeping what helps."""
    best = score(mice, rules)
    for _ in range(rounds):
        before = best
        for name in used(mice, rules):
            for factor in FACTORS:
                changed = min(
                    asdict(rules)[name] * factor, 1.0 if name == "min_sureness" else np.inf
                )
                tried = replace(rules, **{name: changed})
                reached = score(mice, tried)
                if reached > best + GAIN:
                    best, rules = reached, tried
        if best - before < GAIN:
            break
    return rules


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=None, help="folder of the shared data")
    parser.add_argument("--search", action="store_true", help="search, leaving one mouse out")
    arguments = parser.parse_args()
    mice = [
        (kinematics(mouse.pose, mouse.timebase)["mouse"], mouse.labels)
        for mouse in load(arguments.data, TUNING_MICE)
    ]
    rules = KinematicRules()
    base = score(mice, rules)
    print(f"macro-F1 with the rules as they are: {base:.3f}")
    if not arguments.search:
        for name in used(mice, rules):
            value = asdict(rules)[name]
            moved = [score(mice, replace(rules, **{name: value * f})) - base for f in (0.7, 1.4)]
            print(f"  {name:24s} {value:6g}   x0.7 {moved[0]:+.3f}   x1.4 {moved[1]:+.3f}")
        return 0
    for left_out in range(len(mice)):
        rest = [mouse for i, mouse in enumerate(mice) if i != left_out]
        found = search(rest, rules)
        changed = {k: round(v, 3) for k, v in asdict(found).items() if v != asdict(rules)[k]}
        print(
            f"without {TUNING_MICE[left_out]}: {score(rest, found):.3f} on the others, "
            f"{score([mice[left_out]], found):.3f} on it ({score([mice[left_out]], rules):.3f} "
            f"unchanged); {changed}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
