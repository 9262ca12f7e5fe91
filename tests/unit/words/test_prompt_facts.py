from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import MEASURES, FrameFeatures
from napari_mousegpt.words import KinematicRules
from napari_mousegpt.words.facts import stretch_facts
from napari_mousegpt.words.prompt_facts import FACTS_FORM, FACTS_WORDS, facts_text, facts_texts

from .conftest import REARING, STANDING, WALKING

Animal = Callable[..., FrameFeatures]


def test_the_facts_of_a_known_clip(animal: Animal) -> None:
    """Raise FACTS_FORM when this text changes: it is part of the id of prompts."""
    act = {**WALKING, "turn_rate": 30.0, "head_angle": -33.0}
    found = animal((STANDING, 40), (act, 40), (REARING, 40))
    assert FACTS_FORM == "facts/1"
    assert facts_text(found, 40, 80) == (
        "Measured on this clip (2.00 s) from its pose; BL is one body length:\n"
        "- Head turned 33 deg to the right, nose 0.10 BL above the floor, at rest.\n"
        "- Fore paws on the floor, at rest; hind paws stepping at 1.00 BL/s.\n"
        "- Trunk of usual length (0.95 BL), level.\n"
        "- means: speed of the trunk over the ground 1.00 BL/s; speed of the trunk along the body "
        "axis, backwards negative 1.00 BL/s; turning of the body axis over the ground, left "
        "positive 30 deg/s"
    )


def test_a_change_within_the_clip_is_told(animal: Animal) -> None:
    text = facts_text(animal((STANDING, 30), (REARING, 30)), 0, 60)
    assert "height of the nose above the floor: early 0.10 BL, late 1.10 BL" in text
    assert "early" not in facts_text(animal((STANDING, 60)), 0, 60)


def test_the_numbers_are_those_of_the_kinematic_describer(animal: Animal) -> None:
    found = animal((STANDING, 33), (WALKING, 50), (REARING, 17))
    values = found.values.copy()
    values[::3, 0] = np.nan
    values[5:, 3] = np.nan
    holed = FrameFeatures(
        "m", found.names, found.units, values, found.body_length, found.timebase, found.source
    )
    facts = stretch_facts(holed, np.array([0, 20]), np.array([40, 90]), KinematicRules())
    for row, (start, stop) in enumerate(((0, 40), (20, 90))):
        text = facts_text(holed, start, stop, measures=found.names)
        for name in found.names:
            mean = facts.means[name][row]
            told = re.search(
                rf"{re.escape(MEASURES[name].meaning.removesuffix(' (3-D)'))} (-?[\d.]+)",
                text.split("- means: ")[1],
            )
            assert (told is None) == bool(np.isnan(mean)), name
            if told is not None:
                digits = 0 if MEASURES[name].unit.startswith("deg") else 2
                assert float(told.group(1)) == pytest.approx(round(mean, digits), abs=1e-9), name


def test_only_the_frames_of_the_clip_count(animal: Animal) -> None:
    quiet = animal((STANDING, 90))
    loud = animal((WALKING, 30), (STANDING, 30), (REARING, 30))
    assert facts_text(quiet, 30, 60) == facts_text(loud, 30, 60)
    assert facts_text(quiet, 30, 60) != facts_text(loud, 29, 60)


def test_the_verdict_of_the_rules_is_left_out(animal: Animal) -> None:
    text = facts_text(animal((WALKING, 60), (REARING, 60)), 0, 120).lower()
    for label in ("walk", "rear", "groom", "stand", "still"):
        assert label not in text


def test_what_was_not_seen_is_not_said(animal: Animal) -> None:
    found = animal((STANDING, 40), keep=("body_speed", "turn_rate"))
    assert "nose" not in facts_text(found, 0, 40)
    assert "paws" not in facts_text(found, 0, 40)
    blank = FrameFeatures(
        "m", found.names, found.units, found.values * np.nan, 8.0, found.timebase, found.source
    )
    assert "no part of the body was seen" in facts_text(blank, 0, 40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_facts_hold_known_words_and_numbers_only(data: st.DataObject) -> None:
    """Those are the words that a group or an animal may be called without giving an alarm."""
    names = tuple(MEASURES)
    number = st.floats(-200, 200, width=32) | st.floats(-2, 2, width=32) | st.just(float("nan"))
    rows = data.draw(st.lists(st.tuples(*[number] * len(names)), min_size=1, max_size=9))
    values = np.asarray(rows, dtype=np.float32)
    found = FrameFeatures(
        "zorblax",
        names,
        tuple(MEASURES[name].unit for name in names),
        values,
        8.0,
        Timebase.constant(20, len(values)),
        data.draw(st.sampled_from(["pose 3-D", "silhouette"])),
    )
    text = facts_text(found, 0, len(values), measures=names)
    words = set(re.findall(r"[a-z]+", text.lower()))
    assert words <= set(re.findall(r"[a-z]+", FACTS_WORDS.lower())) | {"s", "d", "first"}
    assert "nan" not in text
    # Distances and heights below zero, which only this test has, are left to the sentences.
    assert "-0.00" not in text.split("- means: ")[-1]


def test_many_intervals_at_once_and_wrong_ones(animal: Animal) -> None:
    found = {"m": animal((WALKING, 60)), "n": animal((REARING, 60))}
    rows = Intervals.build("r", [0, 10, 5], [20, 40, 5], ["m", "n", "m"])
    assert facts_texts(found, rows) == [
        facts_text(found["m"], 0, 20),
        facts_text(found["n"], 10, 40),
        facts_text(found["m"], 5, 6),
    ]
    with pytest.raises(InputError, match="individual 'x'"):
        facts_texts(found, Intervals.build("r", [0], [9], ["x"]))
    with pytest.raises(InputError, match="whole picture"):
        facts_texts(found, Intervals.build("r", [0], [9], [""]))
    with pytest.raises(InputError, match="0 to 60"):
        facts_text(found["m"], 50, 61)
    with pytest.raises(InputError, match="'speed'"):
        facts_text(found["m"], 0, 10, measures=["speed"])
