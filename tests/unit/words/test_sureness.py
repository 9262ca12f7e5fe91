from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from napari_mousegpt.features import FrameFeatures
from napari_mousegpt.words import KinematicDescriber, KinematicRules
from napari_mousegpt.words.sureness import halo_frames, labels_from, sureness

from .conftest import GROOMING, POSTURES, REARING, STANDING, WALKING

Animal = Callable[..., FrameFeatures]
FLAT = ("body_speed", "head_motion", "turn_rate", "elongation")


@pytest.mark.parametrize("posture", POSTURES)
def test_plain_postures_are_named(animal: Animal, posture: str) -> None:
    labels = KinematicDescriber().frame_labels(animal((POSTURES[posture], 200)))
    assert labels.dtype == object
    assert set(labels) == {posture}


@pytest.mark.parametrize(
    ("act", "label"),
    [
        (WALKING, "walking"),
        (STANDING, "still"),
        ({**STANDING, "head_motion": 0.7}, "moving in place"),
        ({**STANDING, "head_motion": 0.3, "turn_rate": -120.0}, "turning"),
        (GROOMING, "still"),
        (REARING, "moving in place"),
    ],
)
def test_without_heights_only_motion_is_named(
    animal: Animal, act: dict[str, float], label: str
) -> None:
    assert set(KinematicDescriber().frame_labels(animal((act, 100), keep=FLAT))) == {label}


def test_sureness_is_half_when_all_conditions_are_at_their_thresholds(animal: Animal) -> None:
    rules = KinematicRules()
    act = {"body_speed": rules.walk_body_speed_alone, "turn_rate": 1.0}
    found = animal(({**STANDING, **act}, 50), keep=("body_speed", "turn_rate"))
    behaviours, sure = sureness(found, rules)
    np.testing.assert_allclose(sure[behaviours.index("walking")], 0.5, atol=1e-5)
    twice = animal(({**STANDING, **act, "body_speed": 0.8}, 50), keep=("body_speed", "turn_rate"))
    more = sureness(twice, rules)[1][behaviours.index("walking")]
    np.testing.assert_allclose(more, 1 / (1 + np.exp(-1 / rules.softness)), atol=1e-5)


def test_a_change_of_behaviour_is_found_where_it_is(animal: Animal) -> None:
    labels = KinematicDescriber().frame_labels(animal((STANDING, 100), (REARING, 100)))
    assert set(labels[:88]) == {"standing"}
    assert set(labels[112:]) == {"rearing"}


def test_a_blink_is_no_bout(animal: Animal) -> None:
    rules = KinematicRules(smooth_s=0.0, min_bout_s=1.0)
    flicker = animal(
        (STANDING, 40), ({**STANDING, "head_motion": 3.0}, 4), (STANDING, 40), keep=FLAT
    )
    labels = KinematicDescriber(rules).frame_labels(flicker)
    assert "moving in place" not in set(labels)
    assert "moving in place" in set(
        KinematicDescriber(replace(rules, min_bout_s=0.0)).frame_labels(flicker)
    )


def test_a_short_bout_at_an_end_may_go_on_outside() -> None:
    sure = np.array([[0.9] * 3 + [0.1] * 20 + [0.9] * 3 + [0.1] * 20])
    rules = KinematicRules(min_bout_s=0.5)
    labels = labels_from(("walking",), sure.astype(np.float32), rules, 20.0)
    assert labels[:3].tolist() == [0, 0, 0]
    assert set(labels[3:]) == {-1}


def test_unseen_evidence_leaves_it_open(animal: Animal) -> None:
    found = animal((REARING, 200))
    values = found.values.copy()
    values[:, found.names.index("forepaw_height")] = np.nan
    partly = replace(found, values=values)
    behaviours, sure = sureness(partly, KinematicRules())
    row = behaviours.index("rearing")
    assert (sure[row] > 0.5).all()
    assert (sure[row] < sureness(found, KinematicRules())[1][row]).all()
    values = np.full_like(values, np.nan)
    unseen = replace(found, values=values)
    assert set(KinematicDescriber().frame_labels(unseen)) == {""}
    assert np.isnan(sureness(unseen, KinematicRules())[1]).all()


@pytest.mark.parametrize("posture", ["walking", "grooming"])
def test_shuffled_frames_lose_the_name_of_alternating_acts(animal: Animal, posture: str) -> None:
    acts = [(POSTURES[posture], 60), (STANDING, 60), (REARING, 60)] * 4
    found = animal(*acts)
    truth = np.repeat([posture, "standing", "rearing"] * 4, 60)
    describer = KinematicDescriber()
    order = np.random.default_rng(0).permutation(found.n_frames)
    shuffled = replace(found, values=found.values[order])
    right = np.mean(describer.frame_labels(found) == truth)
    assert right > 0.75
    assert np.mean(describer.frame_labels(shuffled) == truth) < 0.5


def test_long_recordings_are_labelled_in_pieces_without_a_seam(
    animal: Animal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    acts = [(list(POSTURES.values())[k], int(rng.integers(5, 90))) for k in rng.integers(0, 4, 60)]
    found = animal(*acts)
    describer = KinematicDescriber()
    whole = describer.frame_labels(found)
    assert len(set(whole)) >= 4
    for chunk in (50, 333, 1000):
        monkeypatch.setattr("napari_mousegpt.words.kinematic._CHUNK", chunk)
        np.testing.assert_array_equal(describer.frame_labels(found), whole)


def test_the_halo_covers_the_longest_context(animal: Animal) -> None:
    halo = halo_frames(animal((STANDING, 10)), KinematicRules())
    assert halo >= 20 * (2.0 + 0.25 + 0.3)
