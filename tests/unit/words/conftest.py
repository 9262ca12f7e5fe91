from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.features import MEASURES, FrameFeatures

FPS = 20
#: A mouse that stands still on all fours: measures of every frame unless a test says otherwise.
STANDING = {
    "body_speed": 0.02,
    "forward_speed": 0.01,
    "head_speed": 0.05,
    "forepaw_speed": 0.02,
    "hindpaw_speed": 0.02,
    "head_motion": 0.05,
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
WALKING = {
    **STANDING,
    "body_speed": 1.0,
    "forward_speed": 1.0,
    "forepaw_speed": 1.0,
    "hindpaw_speed": 1.0,
}
REARING = {
    **STANDING,
    "elongation": 1.2,
    "neck_height": 0.9,
    "nose_height": 1.1,
    "chest_height": 0.5,
}
REARING |= {"forepaw_height": 0.5, "body_pitch": 50.0, "head_motion": 0.6}
GROOMING = {**STANDING, "elongation": 0.7, "hand_to_nose": 0.2, "hindpaw_to_nose": 0.35}
GROOMING |= {"forepaw_height": 0.16, "nose_height": 0.28, "forepaw_motion": 0.3, "body_pitch": 30.0}
POSTURES = {"standing": STANDING, "walking": WALKING, "rearing": REARING, "grooming": GROOMING}


@pytest.fixture
def animal() -> Callable[..., FrameFeatures]:
    """Features of an animal that does one thing after the other: ``(posture, frames)``."""

    def make(*acts: tuple[dict[str, float], int], keep: tuple[str, ...] = ()) -> FrameFeatures:
        names = keep or tuple(name for name in MEASURES if name in STANDING)
        rows = [[act[name] for name in names] for act, frames in acts for _ in range(frames)]
        values = np.asarray(rows, dtype=np.float32).reshape(len(rows), len(names))
        source = "pose 3-D" if "neck_height" in names else "pose 2-D"
        units = tuple(MEASURES[name].unit for name in names)
        return FrameFeatures(
            "m", names, units, values, 8.0, Timebase.constant(FPS, len(rows)), source
        )

    return make
