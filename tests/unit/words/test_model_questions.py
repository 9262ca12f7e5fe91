"""What is asked about a clip, and the last look at it before it goes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import napari_mousegpt as mg
from napari_mousegpt.clips import Clip, ClipParams, iter_clips
from napari_mousegpt.errors import InputError
from napari_mousegpt.words import model_questions
from napari_mousegpt.words.examples import Example, clip_frames
from napari_mousegpt.words.leaks import Told
from napari_mousegpt.words.model_questions import Questions, common_text
from napari_mousegpt.words.prompts import load_prompt
from support.film_reel import write_reel


@pytest.fixture
def reel(tmp_path: Path) -> mg.Recording:
    return mg.open_recording(write_reel(tmp_path / "cage7.mp4", ["left", "right"]))


@pytest.fixture
def clips(reel: mg.Recording) -> list[Clip]:
    return list(iter_clips(reel, mg.windows(reel), ClipParams(frames=2, size=32), ahead=0))


def test_facts_that_tell_something_do_not_go_out(
    reel: mg.Recording, clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_questions, "features_of", lambda *_: None)
    monkeypatch.setattr(model_questions, "facts_text", lambda *_: "moves like gabapentin")
    told = (Told("gabapentin", "group"),)
    questions = Questions(reel, {}, load_prompt("mousegpt"), told=told)
    questions.check()
    with pytest.raises(InputError, match="gabapentin"):
        questions.asks(clips[0], "", ["head"])
    (ask,) = replace(questions, allow=("group",)).asks(clips[0], "", ["head"])
    assert "moves like gabapentin" in ask.text


def test_a_grey_clip_keeps_its_examples(reel: mg.Recording, clips: list[Clip]) -> None:
    example = Example(clip_frames(clips[1], reel.timebase), {"label": "right"})
    prompt = load_prompt("mousegpt-pictures")
    questions = Questions(reel, {}, prompt, examples=(example,))
    (seen,), (grey,) = (
        questions.asks(clips[0], "", ["label"]),
        questions.blank_asks(clips[0], ["label"]),
    )
    assert np.array_equal(grey.clips[0].frames, seen.clips[0].frames)
    assert (grey.clips[1].frames == 128).all()
    assert (grey.text, grey.captions) == (seen.text, seen.captions)


def test_the_words_of_examples_are_looked_at_too(reel: mg.Recording, clips: list[Clip]) -> None:
    example = Example(clip_frames(clips[1], reel.timebase), {"overall": "As vehicle mice do."})
    told = (Told("vehicle", "group"),)
    questions = Questions(
        reel, {}, load_prompt("mousegpt-pictures"), examples=(example,), told=told
    )
    with pytest.raises(InputError, match="the words of example 1"):
        questions.check()


def test_questions_of_which_one_begins_another(reel: mg.Recording, clips: list[Clip]) -> None:
    prompt = replace(
        load_prompt("mousegpt-pictures"),
        questions={"head": "Where does it look?", "limb": "Where does it look? And the paws?"},
    )
    asks = Questions(reel, {}, prompt).asks(clips[0], "", ["head", "limb"])
    shared, added = common_text(asks)
    assert added == ["\n\nWhere does it look?", "\n\nWhere does it look? And the paws?"]
    assert [shared.text + one for one in added] == [ask.text for ask in asks]
    assert shared.clips == asks[0].clips
