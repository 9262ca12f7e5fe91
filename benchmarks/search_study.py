"""A synthetic study with known behaviours, in words: the ground of the search benchmark.

Half of the windows are described by the product's own describer from drawn measures, the other half
by sentences such as a vision-language model writes. One window in six of the latter also mentions
another behaviour, and head, limb and torso say much the same everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.features import MEASURES, FrameFeatures
from napari_mousegpt.words.kinematic import KinematicDescriber

__all__ = ["BEHAVIOURS", "FPS", "study"]

FPS = 20
_ANIMALS = 12
_STANDING = {
    "body_speed": 0.03,
    "forward_speed": 0.01,
    "head_speed": 0.05,
    "forepaw_speed": 0.03,
    "hindpaw_speed": 0.03,
    "head_motion": 0.06,
    "forepaw_motion": 0.02,
    "hindpaw_motion": 0.02,
    "tail_motion": 0.02,
    "turn_rate": 0.0,
    "head_angle": 0.0,
    "back_bend": 10.0,
    "elongation": 0.95,
    "hand_to_nose": 0.4,
    "hindpaw_to_nose": 0.7,
    "body_pitch": 5.0,
    "head_pitch": 0.0,
    "nose_climb": 0.0,
    "nose_height": 0.1,
    "neck_height": 0.25,
    "chest_height": 0.22,
    "forepaw_height": 0.02,
    "hindpaw_height": 0.01,
}
_MEASURED: dict[str, dict[str, float]] = {
    "standing": {},
    "walking": {"body_speed": 1.2, "forward_speed": 1.2, "forepaw_speed": 1.2, "hindpaw_speed": 1},
    "rearing": {
        "elongation": 1.2,
        "neck_height": 0.9,
        "nose_height": 1.1,
        "chest_height": 0.5,
        "forepaw_height": 0.5,
        "body_pitch": 50.0,
        "head_motion": 0.5,
    },
    "grooming": {
        "elongation": 0.7,
        "hand_to_nose": 0.2,
        "hindpaw_to_nose": 0.35,
        "forepaw_height": 0.16,
        "nose_height": 0.28,
        "forepaw_motion": 0.3,
        "body_pitch": 30.0,
    },
}
#: Told without heights: only these measures are known.
_FLAT = ("body_speed", "forward_speed", "head_motion", "turn_rate", "head_angle", "elongation")
_MEASURED_FLAT: dict[str, dict[str, float]] = {
    "turning": {"body_speed": 0.15, "turn_rate": 110.0, "head_motion": 0.4},
    "still": {"body_speed": 0.02, "head_motion": 0.05},
}
_WRITTEN: dict[str, tuple[str, ...]] = {
    "rearing": (
        "The mouse rises onto its hind legs against the wall and looks up.",
        "The mouse rears in the middle of the arena with its fore paws in the air.",
        "It lifts its body off the floor and leans on the wall.",
    ),
    "walking": (
        "The mouse walks across the arena along the wall.",
        "The mouse moves forward over the floor at a steady pace.",
        "It walks from one corner to another.",
    ),
    "grooming": (
        "The mouse sits and grooms its face with both fore paws.",
        "The mouse licks the fur of its belly while sitting.",
        "It strokes its head with its fore paws again and again.",
    ),
    "digging": (
        "The mouse digs in the bedding with its fore paws.",
        "The mouse pushes bedding backwards with its paws.",
    ),
    "sniffing": (
        "The mouse sniffs the floor with its nose close to the ground.",
        "The mouse moves its whiskers over an object, nose close to the ground.",
    ),
    "eating": (
        "The mouse holds a pellet in its fore paws and eats.",
        "The mouse gnaws a piece of food in its paws.",
    ),
    "drinking": (
        "The mouse licks the spout of the bottle and drinks water.",
        "The mouse drinks at the bottle.",
    ),
    "sleeping": (
        "The mouse lies curled up in the corner with closed eyes.",
        "The mouse sleeps, its back rising with slow breathing.",
    ),
    "jumping": (
        "The mouse jumps, and all paws leave the ground.",
        "The mouse jumps at the wall of the arena.",
    ),
    "scratching": (
        "The mouse scratches its ear with a hind paw in rapid strokes.",
        "The mouse scratches the side of its neck with its hind paw.",
    ),
    "freezing": (
        "The mouse freezes, tense; nothing moves but its breathing.",
        "The mouse is tense and motionless, ears back.",
    ),
    "climbing": (
        "The mouse climbs on the bars of the lid.",
        "The mouse hangs from the lid by all paws.",
    ),
    "nest building": (
        "The mouse pulls paper into the nest.",
        "The mouse shapes the nest with its mouth and paws.",
    ),
    "following": (
        "The mouse follows the other mouse at a short distance.",
        "The mouse chases the other mouse and stays close behind it.",
    ),
    "fighting": (
        "The mouse attacks the other mouse and bites it.",
        "The two roll over the floor and bite each other.",
    ),
    "mounting": (
        "The mouse mounts the female from behind and thrusts.",
        "The mouse holds the flanks of the female and thrusts.",
    ),
    "social sniffing": (
        "The mouse sniffs the rear of the other mouse.",
        "The mouse makes nose to nose contact with the other mouse.",
    ),
    "stretched attend": (
        "The mouse stretches its body forward, low, hesitates, and retreats.",
        "The mouse stretches towards the open arm with its hind paws in one spot.",
    ),
    "turning": ("The mouse turns on the spot.", "The mouse turns around its hind paws."),
    "standing": ("The mouse stands on all fours.", "The mouse stands and looks around."),
}
_HEADS = ("Head in line with the body.", "The head points forward.", "not visible")
_LIMBS = ("All paws are on the floor.", "The fore paws are moving.", "not visible")
_TRUNKS = ("The trunk is level.", "The back is a little bent.", "not visible")
_LABELLED = 0.6
_ALSO = 1 / 6

BEHAVIOURS = tuple(dict.fromkeys([*_MEASURED, *_MEASURED_FLAT, *_WRITTEN]))


def study(n_windows: int = 6000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, dict[str, Any]]:
    """Return descriptions, the planted behaviour of each row, and the clock of each recording.

    Parameters
    ----------
    n_windows : int
        One-second windows in all, half of them described from measures.
    seed : int
        Another one draws another study.
    """
    rng = np.random.default_rng(seed)
    half = n_windows // 2 // _ANIMALS
    tables, truths, clocks = [], [], {}
    for animal in range(_ANIMALS):
        name = f"m{animal:02d}"
        clocks[name] = Timebase.constant(FPS, 2 * half * FPS)
        measured, truth = _measured(name, half, rng, flat=animal % 3 == 2)
        written, acts = _written(name, half, rng)
        tables += [measured, written]
        truths += [truth, acts]
    return pd.concat(tables, ignore_index=True), np.concatenate(truths), clocks


def _measured(
    name: str, n: int, rng: np.random.Generator, *, flat: bool
) -> tuple[pd.DataFrame, np.ndarray]:
    kinds = {**_MEASURED_FLAT, "walking": _MEASURED["walking"]} if flat else _MEASURED
    names = tuple(m for m in MEASURES if m in (_FLAT if flat else tuple(_STANDING)))
    # Bouts of some seconds, as the rules look at seconds around a frame.
    acts = rng.choice(list(kinds), -(-n // 6)).repeat(6)[:n]
    rows = np.array([[{**_STANDING, **kinds[act]}[m] for m in names] for act in acts])
    drawn = rows * rng.lognormal(0, 0.08, rows.shape)
    values = drawn.repeat(FPS, axis=0).astype(np.float32)
    clock = Timebase.constant(FPS, len(values))
    units = tuple(MEASURES[m].unit for m in names)
    source = "pose 2-D" if flat else "pose 3-D"
    features = {name: FrameFeatures(name, names, units, values, 8.0, clock, source)}
    start = np.arange(n) * FPS
    ranges = Intervals.build([name] * n, start, start + FPS, [name] * n)
    return KinematicDescriber().describe(features, ranges), acts


def _written(name: str, n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    acts = rng.choice(list(_WRITTEN), n)
    start = (n + np.arange(n)) * FPS
    ranges = Intervals.build([name] * n, start, start + FPS, [name] * n)
    rows = [_sentences(str(act), rng) for act in acts]
    table = ranges.to_pandas().assign(range_id=ranges.range_ids(), **pd.DataFrame(rows))
    told = {"evidence": "{}", "model": "a model", "prompt_id": "p", "confidence": np.nan}
    return DESCRIPTIONS.check(table.assign(**told)), acts


def _sentences(act: str, rng: np.random.Generator) -> dict[str, str]:
    text = str(rng.choice(_WRITTEN[act]))
    if rng.random() < _ALSO:
        other = str(rng.choice([name for name in _WRITTEN if name != act]))
        text += f" Before that: {str(rng.choice(_WRITTEN[other])).lower()}"
    label = act if rng.random() < _LABELLED else ""
    return {
        "label": label,
        "overall": text,
        "head": str(rng.choice(_HEADS)),
        "limb": str(rng.choice(_LIMBS)),
        "torso": str(rng.choice(_TRUNKS)),
        "keywords": label,
    }
