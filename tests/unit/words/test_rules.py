from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.features import MEASURES
from napari_mousegpt.words import BEHAVIOURS, KinematicRules, conditions

FLAT = ("body_speed", "forward_speed", "head_speed", "head_motion", "turn_rate", "elongation")
PAWS = (
    *FLAT,
    "forepaw_speed",
    "hindpaw_speed",
    "hand_to_nose",
    "hindpaw_to_nose",
    "hindpaw_motion",
)


def test_heights_show_postures() -> None:
    found = conditions(KinematicRules(), MEASURES)
    assert tuple(found) == ("walking", "rearing", "grooming", "standing")
    assert all(line.measure in MEASURES for lines in found.values() for line in lines)


@pytest.mark.parametrize("measures", [FLAT, PAWS])
def test_without_heights_postures_are_not_named(measures: tuple[str, ...]) -> None:
    found = conditions(KinematicRules(), measures)
    assert tuple(found) == ("walking", "turning", "moving in place", "still")
    assert set(found) <= set(BEHAVIOURS)


def test_only_what_was_measured_is_asked() -> None:
    measures = {
        "body_speed",
        "head_motion",
        "elongation",
        "neck_height",
        "chest_height",
        "body_pitch",
    }
    found = conditions(KinematicRules(), measures)
    assert tuple(found) == ("walking", "rearing", "standing")
    assert {line.measure for lines in found.values() for line in lines} <= measures
    assert conditions(KinematicRules(), []) == {}
    assert tuple(conditions(KinematicRules(), ["body_speed", "area", "shape_change"])) == (
        "walking",
        "still",
    )


def test_the_id_follows_every_threshold() -> None:
    rules = KinematicRules()
    assert rules.id == KinematicRules().id
    ids = {replace(rules, **{name: value * 0.9}).id for name, value in asdict(rules).items()}
    assert len(ids | {rules.id}) == len(asdict(rules)) + 1


def test_every_threshold_is_used() -> None:
    rules = KinematicRules()
    read_elsewhere = {"softness", "smooth_s", "min_sureness", "min_bout_s"}
    sets = [
        MEASURES,
        FLAT,
        PAWS,
        ("body_speed", "shape_change"),
        ("body_speed", "head_motion", "neck_height"),
    ]
    for name, value in asdict(rules).items():
        if name not in read_elsewhere:
            changed = replace(rules, **{name: value * 0.9})
            assert any(conditions(changed, s) != conditions(rules, s) for s in sets), name


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"turn_rate": 0.0}, r"rule turn_rate=0.0: expected more than 0"),
        ({"smooth_s": -1.0}, r"rule smooth_s=-1.0: expected 0 or more"),
        ({"min_sureness": 1.5}, r"rule min_sureness=1.5: expected at most 1"),
        ({"softness": float("nan")}, r"rule softness=nan"),
    ],
)
def test_wrong_thresholds_are_named(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        KinematicRules(**wrong)
