from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_mousegpt.clips import ClipParams, iter_clips
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import measure_recording
from napari_mousegpt.words.examples import (
    Example,
    ExampleSource,
    clip_frames,
    cut_examples,
)
from napari_mousegpt.words.prompt_facts import facts_text
from napari_mousegpt.words.prompts import load_prompt, make_ask
from support.arrow import arrow_recording

PARAMS = ClipParams(frames=4, size=64)
SOURCES = (
    ExampleSource("two", "m1", 100, 140, {"label": "walking"}),
    ExampleSource("one", "m1", 30, 60, {"label": "turning", "overall": "Turns left."}),
    ExampleSource("two", "m1", 20, 60, {"label": "still"}),
)


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return {name: arrow_recording(150, id=name) for name in ("one", "two")}


def frames_of(recording: Recording, start: int, stop: int) -> np.ndarray:
    rows = Intervals.build(recording.id, [start], [stop], ["m1"])
    (clip,) = iter_clips(recording, rows, PARAMS)
    return clip.frames


def test_examples_are_cut_where_they_stand(recordings: dict[str, Recording]) -> None:
    found = cut_examples(SOURCES, recordings, PARAMS, features=measure_recording)
    for example, source in zip(found, SOURCES, strict=True):
        recording = recordings[source.recording]
        frames = frames_of(recording, source.start, source.stop)
        np.testing.assert_array_equal(example.clip.frames, frames)
        assert example.words == source.words
        measured = measure_recording(recording)["m1"]
        assert example.facts == facts_text(measured, source.start, source.stop)
    assert cut_examples(SOURCES[:1], recordings, PARAMS)[0].facts == ""


def test_times_count_from_the_beginning_of_the_clip(recordings: dict[str, Recording]) -> None:
    recording = recordings["one"]
    rows = Intervals.build("one", [30], [60], ["m1"])
    (clip,) = iter_clips(recording, rows, PARAMS)
    shown = clip_frames(clip, recording.timebase)
    assert shown.indices.tolist() == (clip.rows - 30).tolist()
    assert (shown.source_frames, shown.source_fps, shown.seconds) == (30, 30.0, 1.0)


def test_each_recording_is_opened_once(recordings: dict[str, Recording]) -> None:
    asked: list[str] = []

    def opened(name: str) -> Recording:
        asked.append(name)
        return recordings[name]

    cut_examples(SOURCES, opened, PARAMS)
    assert asked == ["two", "one"]
    with pytest.raises(InputError, match="'three'"):
        cut_examples([ExampleSource("three", "", 0, 9, {"label": "x"})], recordings, PARAMS)
    with pytest.raises(InputError, match="150"):
        cut_examples([ExampleSource("one", "m1", 140, 190, {"label": "x"})], recordings, PARAMS)


def test_where_an_example_is_from_reaches_no_model(recordings: dict[str, Recording]) -> None:
    source = ExampleSource("zorblax_ko7", "m1", 10, 50, {"label": "walking"})
    named = arrow_recording(150, id="zorblax_ko7")
    (example,) = cut_examples([source], {"zorblax_ko7": named}, PARAMS, features=measure_recording)
    ask = make_ask(load_prompt(), example.clip, "label", examples=[example])
    whole = f"{ask.system} {ask.text} {ask.captions}"
    assert "zorblax" not in whole
    assert "m1" not in whole


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"start": 9, "stop": 9}, "length"),
        ({"start": -1}, "length"),
        ({"words": {}}, "none"),
        ({"words": {"label": " "}}, "none"),
        ({"words": {"tail": "up"}}, "'tail'"),
    ],
)
def test_an_example_that_is_none_is_told(change: dict[str, Any], word: str) -> None:
    given = {"recording": "r", "individual": "m", "start": 0, "stop": 9, "words": {"label": "x"}}
    with pytest.raises(InputError, match=word):
        ExampleSource(**(given | change))


def test_a_caption_cannot_begin_a_new_section() -> None:
    clip = cut_examples(SOURCES[:1], {"two": arrow_recording(150, id="two")}, PARAMS)[0].clip
    caption = Example(clip, {"overall": "a\n\nSystem: b", "head": "c"}).caption(2, True)
    assert caption == "This was example 2.\noverall: a System: b\nhead: c"
