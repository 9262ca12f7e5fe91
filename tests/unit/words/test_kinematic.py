from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from napari_mousegpt.core.intervals import Intervals, range_ids
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures
from napari_mousegpt.words import KinematicDescriber, KinematicRules
from napari_mousegpt.words.facts import stretch_facts

from .conftest import GROOMING, POSTURES, REARING, STANDING, WALKING

Animal = Callable[..., FrameFeatures]


def ranges(*spans: tuple[int, int], individual: str = "m") -> Intervals:
    return Intervals.build("r", [a for a, _ in spans], [b for _, b in spans], individual)


def test_a_table_of_descriptions(animal: Animal) -> None:
    found = {"m": animal((WALKING, 200), (REARING, 200))}
    windows = ranges((320, 380), (20, 80))
    table = KinematicDescriber().describe(found, windows)
    assert list(table.columns) == list(DESCRIPTIONS.needed)
    assert table["label"].tolist() == ["rearing", "walking"]
    assert table["start"].tolist() == [320, 20]
    assert table["range_id"].tolist() == list(range_ids(["r"] * 2, ["m"] * 2, [320, 20], [380, 80]))
    assert table["prompt_id"].unique().tolist() == [KinematicRules().id]
    assert table["model"].unique().tolist() == ["kinematic/1"]
    assert table["confidence"].between(0.55, 1.0).all()
    again = KinematicDescriber().describe(found, windows)
    assert table.equals(again)


def test_numbers_in_the_sentence_are_the_measured_ones(animal: Animal) -> None:
    act = {**WALKING, "body_speed": 0.73, "turn_rate": 15.0, "head_angle": -33.0}
    row = KinematicDescriber().describe({"m": animal((act, 200))}, ranges((50, 100))).iloc[0]
    evidence = json.loads(row["evidence"])
    assert evidence["body_speed [BL/s]"] == pytest.approx(0.73)
    assert evidence["seconds"] == 2.5
    assert evidence["seen"] == 1.0
    assert evidence["share"] == {"walking": 1.0}
    assert evidence["sureness"]["walking"] == pytest.approx(row["confidence"], abs=1e-3)
    assert row["overall"] == "Walks at a steady pace (0.73 BL/s), turning left by 38 deg."
    assert "turned 33 deg to the right" in row["head"]
    assert row["keywords"].split(";")[0] == "walking"
    assert "turning left" in row["keywords"].split(";")


def test_what_is_not_tracked_is_not_visible(animal: Animal) -> None:
    keep = ("body_speed", "turn_rate", "elongation")
    row = (
        KinematicDescriber()
        .describe({"m": animal((STANDING, 80), keep=keep)}, ranges((0, 80)))
        .iloc[0]
    )
    assert row["limb"] == "not visible"
    assert row["head"] == "not visible"
    assert row["torso"] == "Trunk of usual length (0.95 BL)."
    assert row["label"] == "still"


def test_an_unseen_stretch_says_so(animal: Animal) -> None:
    found = animal((WALKING, 400))
    values = found.values.copy()
    values[100:300] = np.nan
    row = (
        KinematicDescriber()
        .describe({"m": replace(found, values=values)}, ranges((180, 220)))
        .iloc[0]
    )
    for field in ("overall", "head", "limb", "torso", "keywords"):
        assert row[field] == "not visible", field
    assert (row["label"], row["confidence"]) == ("", 0.0)
    assert json.loads(row["evidence"])["seen"] == 0.0


def test_a_short_body_from_above_is_not_called_a_rear(animal: Animal) -> None:
    keep = ("body_speed", "head_motion", "turn_rate", "elongation")
    act = {**STANDING, "elongation": 0.6}
    row = (
        KinematicDescriber().describe({"m": animal((act, 80), keep=keep)}, ranges((0, 80))).iloc[0]
    )
    assert "raised or drawn together, which one this view does not show" in row["torso"]
    assert "foreshortened" in row["keywords"]
    assert "rear" not in row["label"]


def test_two_behaviours_in_one_stretch(animal: Animal) -> None:
    found = {"m": animal((WALKING, 200), (GROOMING, 200))}
    table = KinematicDescriber().describe(found, ranges((150, 260)))
    assert "% of the time; also" in table["overall"][0]
    shares = json.loads(table["evidence"][0])["share"]
    assert sum(shares.values()) <= 1.0 + 1e-6
    assert table["label"][0] == max(shares, key=lambda name: shares[name])


def test_rows_agree_with_frame_labels(animal: Animal) -> None:
    rng = np.random.default_rng(2)
    acts = [(list(POSTURES.values())[k], int(rng.integers(20, 90))) for k in rng.integers(0, 4, 30)]
    found = animal(*acts)
    labels = KinematicDescriber().frame_labels(found)
    start = rng.integers(0, found.n_frames - 40, 50)
    facts = stretch_facts(found, start, start + 40, KinematicRules())
    for i, first in enumerate(start):
        for k, behaviour in enumerate(facts.behaviours):
            assert facts.shares[i, k] == pytest.approx(
                np.mean(labels[first : first + 40] == behaviour)
            )


def test_far_apart_stretches_do_not_need_the_whole_recording(
    animal: Animal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    acts = [(list(POSTURES.values())[k], int(rng.integers(20, 90))) for k in rng.integers(0, 4, 40)]
    found = {"m": animal(*acts)}
    start = np.sort(rng.integers(0, found["m"].n_frames - 40, 40))[::-1]
    windows = Intervals.build("r", start, start + 40, "m")
    whole = KinematicDescriber().describe(found, windows)
    monkeypatch.setattr("napari_mousegpt.words.facts._BLOCK", 100)
    assert KinematicDescriber().describe(found, windows).equals(whole)


def test_events_and_the_whole_picture(animal: Animal) -> None:
    found = {"m": animal((WALKING, 100))}
    table = KinematicDescriber().describe(found, ranges((50, 50), individual=""))
    assert table["individual"].tolist() == [""]
    assert table["label"].tolist() == ["walking"]
    assert table["stop"].tolist() == [50]
    assert len(KinematicDescriber().describe(found, Intervals.empty())) == 0


def test_messages_say_what_to_do(animal: Animal) -> None:
    found = {"a": animal((WALKING, 100)), "b": animal((WALKING, 100))}
    describer = KinematicDescriber()
    with pytest.raises(InputError, match=r"range of the whole picture: expected one of 'a', 'b'"):
        describer.describe(found, ranges((0, 10), individual=""))
    with pytest.raises(InputError, match=r"individual 'c'.*assign\(individual=...\)"):
        describer.describe(found, ranges((0, 10), individual="c"))
    with pytest.raises(InputError, match=r"interval \[90, 101\): expected frames 0 to 100"):
        describer.describe(found, ranges((90, 101), individual="a"))
