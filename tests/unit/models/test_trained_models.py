"""Tiny models that were trained to see: what they answer depends on the pictures of a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.models.vision_language import VisionLanguageModel
from napari_mousegpt.words.prompts import load_prompt, make_ask
from napari_mousegpt.words.vocabulary import Vocabulary
from support.model_fixtures import ModelFolders, trained_folders  # noqa: F401
from support.motion_clips import clip_times, write_movie
from support.training_films import POSE_TEXT, TASKS, film_ask

# ruff: noqa: F811 - fixtures are imported by name

#: Films that no training has drawn: those are below 2**31.
HELD_OUT = 2**31


@pytest.fixture(
    params=[
        *(pytest.param(task, marks=pytest.mark.slow) for task in ("left/right", "rear/lie")),
        "bright/dark",
    ]
)
def task(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read_clip(path: Path, n_frames: int = 8) -> ClipFrames:
    with VideoReader(path) as reader:
        rows = (clip_times(n_frames) * len(reader)).astype(np.int64)
        return ClipFrames(np.asarray(reader[rows]), rows, 24.0, len(reader), len(reader) / 24)


def clips_from_files(folder: Path, kinds: list[str]) -> list[ClipFrames]:
    return [
        read_clip(write_movie(folder / f"{number}.mp4", kind, HELD_OUT + number))
        for number, kind in enumerate(kinds)
    ]


def answers(loaded: VisionLanguageModel, clips: list[ClipFrames], labels: tuple[str, ...]) -> list:
    batch = loaded.prepare([Ask((clip,), "What does the mouse do?") for clip in clips])
    return [labels[best] for best in loaded.score(batch, labels).argmax(axis=1)]


def test_films_of_files_are_told_apart(
    trained_folders: ModelFolders, task: str, tmp_path: Path
) -> None:
    labels = TASKS[task]
    loaded = VisionLanguageModel.load(trained_folders(task))
    kinds = [*labels] * 8
    clips = clips_from_files(tmp_path, kinds)
    told = answers(loaded, clips, labels)
    assert sum(one == other for one, other in zip(told, kinds, strict=True)) >= 15
    # The words are those that were found most probable.
    batch = loaded.prepare([Ask((clip,), "What does the mouse do?") for clip in clips])
    written = loaded.generate(batch, max_tokens=4)
    assert [answer.text for answer in written] == told
    assert all(answer.finished and answer.tokens == 2 for answer in written)


def test_the_prompts_of_the_package_are_answered(
    trained_folders: ModelFolders, task: str, tmp_path: Path
) -> None:
    labels = TASKS[task]
    loaded = VisionLanguageModel.load(trained_folders(task))
    kinds = [*labels] * 8
    vocabulary = Vocabulary(
        labels, definitions={label: f"the mouse is {label}" for label in labels}
    )
    asks = [
        make_ask(load_prompt("label"), clip, "label", vocabulary=vocabulary)
        for clip in clips_from_files(tmp_path, kinds)
    ]
    best = loaded.score(loaded.prepare(asks), labels).argmax(axis=1)
    assert sum(labels[one] == kind for one, kind in zip(best, kinds, strict=True)) >= 15


@pytest.mark.slow
def test_played_backwards_left_is_right(trained_folders: ModelFolders, tmp_path: Path) -> None:
    loaded = VisionLanguageModel.load(trained_folders("left/right"))
    clips = clips_from_files(tmp_path, ["left", "right"] * 8)
    there = answers(loaded, clips, TASKS["left/right"])
    back = answers(loaded, [clip.reversed() for clip in clips], TASKS["left/right"])
    assert sum(one != other for one, other in zip(there, back, strict=True)) >= 15
    assert there.count("left") in (7, 8, 9)


@pytest.mark.slow
def test_a_blank_clip_leaves_the_model_undecided(trained_folders: ModelFolders) -> None:
    loaded = VisionLanguageModel.load(trained_folders("left/right"))
    seen = film_ask("left", HELD_OUT)
    scores = loaded.score(loaded.prepare([seen, loaded.blank(seen)]), TASKS["left/right"])
    margins = np.abs(scores[:, 0] - scores[:, 1])
    assert margins[0] > 2 * margins[1]


@pytest.mark.slow
def test_without_its_pose_text_another_answer_is_given(trained_folders: ModelFolders) -> None:
    loaded = VisionLanguageModel.load(trained_folders("pose"))
    labels = TASKS["pose"]
    kinds = ["walk", "still"] * 8
    asks = [
        [
            make_ask(
                load_prompt("label"),
                film_ask("still", HELD_OUT + number).clips[0],
                "label",
                facts_text=f"Measured on this clip:\n- {POSE_TEXT[kind]}" if posed else "",
                vocabulary=Vocabulary(labels),
            )
            for number, kind in enumerate(kinds)
        ]
        for posed in (True, False)
    ]
    with_pose, without = (
        loaded.score(loaded.prepare(some), labels).argmax(axis=1) for some in asks
    )
    right = [labels[best] == kind for best, kind in zip(with_pose, kinds, strict=True)]
    assert sum(right) >= 15
    assert (with_pose != without).sum() >= 15
