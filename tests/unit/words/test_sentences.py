from __future__ import annotations

import math

import pytest

from napari_mousegpt.words import BEHAVIOURS, sentences

from .conftest import GROOMING, POSTURES, REARING, STANDING, WALKING

NAN = math.nan


@pytest.mark.parametrize("label", [*BEHAVIOURS, ""])
def test_every_label_has_a_sentence(label: str) -> None:
    text = sentences.overall(label, {label: 1.0} if label else {}, REARING, 1.0)
    assert text.endswith(".")
    assert text[0].isupper()
    assert "nan" not in text


@pytest.mark.parametrize("posture", POSTURES)
@pytest.mark.parametrize("label", BEHAVIOURS)
def test_a_missing_measure_never_shows_as_nan(posture: str, label: str) -> None:
    for lost in POSTURES[posture]:
        numbers = {**POSTURES[posture], lost: NAN}
        if label == "rearing" and lost == "neck_height":
            continue  # a rear is not named without it
        parts = [
            sentences.overall(label, {label: 1.0}, numbers, 2.0),
            sentences.head(numbers),
            sentences.limb(numbers),
            sentences.torso(numbers),
            *sentences.keywords(label, numbers, 2.0),
        ]
        assert not [part for part in parts if "nan" in part], lost


def test_sentences_follow_the_facts() -> None:
    walk = {"walking": 1.0}
    assert "slowly (0.30 BL/s)" in sentences.overall("walking", walk, {"body_speed": 0.3}, 1)
    assert "fast (2.00 BL/s)" in sentences.overall("walking", walk, {"body_speed": 2.0}, 1)
    back = {"body_speed": 1.0, "forward_speed": -0.15}
    assert "backwards" in sentences.overall("walking", walk, back, 1)
    far_back = {**back, "forward_speed": -0.9}
    assert "head and tail may be swapped" in sentences.overall("walking", walk, far_back, 1)
    assert "tail first" in sentences.keywords("walking", far_back, 1)
    rising = {**REARING, "nose_climb": 0.5}
    assert "rising" in sentences.overall("rearing", {"rearing": 1.0}, rising, 1)
    falling = {**REARING, "nose_climb": -0.5}
    assert "coming down" in sentences.overall("rearing", {"rearing": 1.0}, falling, 1)
    assert "fore paws 0.20 BL from the nose" in sentences.overall(
        "grooming", {"grooming": 1.0}, GROOMING, 1
    )
    right = {**STANDING, "turn_rate": -50.0}
    assert "turning right by 100 deg" in sentences.overall(
        "standing", {"standing": 1.0}, right, 2.0
    )
    assert sentences.overall("", {"walking": 0.4}, WALKING, 1).endswith("(walking 40%).")
    assert "to and fro" in sentences.overall("turning", {"turning": 1.0}, STANDING, 1)


def test_limbs_and_trunk() -> None:
    assert sentences.limb(GROOMING) == (
        "Fore paws lifted 0.16 BL, near the nose (0.20 BL), moving a little (0.30 BL/s); "
        "hind paws at rest."
    )
    assert sentences.limb(WALKING).endswith("hind paws stepping at 1.00 BL/s.")
    licking = {"hindpaw_speed": 0.0, "hindpaw_to_nose": 0.1}
    assert sentences.limb(licking) == "Hind paws at rest, one near the nose (0.10 BL)."
    assert sentences.torso(REARING) == "Trunk stretched (1.20 BL), raised by 50 deg."
    assert sentences.torso({**GROOMING, "back_bend": 60.0}) == (
        "Trunk drawn together (0.70 BL), raised by 30 deg, bent by 60 deg."
    )
    assert sentences.torso({"area": 0.8, "elongation": 1.0}) == (
        "Trunk of usual length (1.00 BL), silhouette 80% of its usual area."
    )


def test_keywords_are_words_for_search() -> None:
    assert sentences.keywords("grooming", GROOMING, 1.0) == [
        "grooming",
        "raised",
        "drawn together",
        "fore paws lifted",
        "paws near nose",
        "motionless",
    ]
    assert sentences.keywords("", {"body_speed": NAN}, 1.0) == ["not visible"]
    assert sentences.keywords("", {"body_speed": 0.3}, 1.0) == ["unclear"]
