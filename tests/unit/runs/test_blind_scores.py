from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.io.study import load_study
from napari_mousegpt.runs.blind_scores import BlindScores, iter_scores, scores_of, told_of
from napari_mousegpt.store.blinding import BlindStudy
from napari_mousegpt.store.corrections import CorrectionsFile


def drained(work: Generator[Any, None, BlindScores]) -> tuple[list[Any], BlindScores]:
    parts = []
    while True:
        try:
            parts.append(next(work))
        except StopIteration as end:
            return parts, end.value


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of three recordings whose content differs."""
    folder = tmp_path_factory.mktemp("study")
    rows = ["recording,animal,group,label,video"]
    for number, name in enumerate(("ko_1", "wt_1", "wt_2")):
        made = make_sample(folder / name, seconds=1, seed=number, size=(96, 128))
        made.video.rename(folder / f"{name}.mp4")
        rows.append(f"{name},a{number},{name[:2]},blue,{name}.mp4")
    (folder / "study.csv").write_text("\n".join(rows))
    return folder


def score(folder: Path, name: str, who: str = "Kim") -> None:
    """Mark a bout, accept one of a model, reject and comment others, take one back."""
    recording = open_recording(folder / f"{name}.mp4")
    recording.video.close()  # type: ignore[union-attr]
    base = Intervals.build(
        name, [0, 3, 6], [3, 6, 9], label="walk", bout_id=["b1", "b2", "b3"], confidence=0.5
    )
    book = BoutBook(name, recording.n_frames, Ethogram(base, source="model"), who=who)
    file = CorrectionsFile.of_recording(recording)
    for plan in (
        lambda: book.plan_mark("", 20, 25, "rear"),
        lambda: book.plan_status(["b1"], "accepted"),
        lambda: book.plan_status(["b2"], "rejected"),
        lambda: book.plan_comment("b3", "odd"),
        lambda: book.plan_mark("", 26, 28, "rear"),
        lambda: book.plan_undo(),
    ):
        edit = plan()
        book.apply(edit)
        file.append(edit)


def test_scores_are_what_people_marked_or_accepted(videos: Path, tmp_path: Path) -> None:
    study = load_study(videos / "study.csv")
    blinded = BlindStudy.start(tmp_path / "key", study, "Kim", seed=1)
    score(videos, "wt_1", who="Lee")
    parts, found = drained(iter_scores(blinded, study))
    assert [part.code for part in parts] == list(blinded.codes)
    assert [(part.done, part.total) for part in parts] == [(1, 3), (2, 3), (3, 3)]
    code = next(part.code for part in parts if part.scores)
    table = found.ethogram.to_pandas()
    assert set(table["recording"]) == {code}
    assert sorted(zip(table["label"], table["start"], table["source"], strict=True)) == [
        ("rear", 20, "human"), ("walk", 0, "model"),
    ]  # fmt: skip
    assert set(table["scored_by"]) == {"Lee"}
    assert found.clocks[code].n_frames == 30
    assert {"group", "item", "animal"}.isdisjoint(table.columns)
    # Looking is no opening.
    assert [entry.what for entry in blinded.log] == ["blinded"]
    blinded.unlock("Kim", "done")
    _, found = drained(iter_scores(blinded, study))
    table = found.ethogram.to_pandas()
    assert set(table["recording"]) == {"wt_1"}
    assert set(table["item"]) == {code}
    assert set(table["group"]) == {"wt"}
    # A column of the study that bouts have too keeps both meanings.
    assert set(table["study_label"]) == {"blue"}
    assert set(table["label"]) == {"rear", "walk"}
    assert "video" not in table.columns
    assert list(found.clocks) == ["wt_1"]


def test_an_item_that_cannot_be_read_is_left_out_and_told(videos: Path, tmp_path: Path) -> None:
    study = load_study(videos / "study.csv")
    blinded = BlindStudy.start(tmp_path / "key", study, "Kim", seed=1)
    score(videos, "ko_1")
    gone = (videos / "wt_2.mp4").rename(videos / "away.mp4")
    try:
        parts, found = drained(iter_scores(blinded, study, clocks=False))
    finally:
        gone.rename(videos / "wt_2.mp4")
    [problem] = found.left_out
    assert problem.startswith("item 0")
    assert "a video file" in problem
    assert not any(word in problem for word in ("wt_2", str(videos), "mp4"))
    assert sum(bool(part.problem) for part in parts) == 1
    assert len(found.ethogram) == 2
    assert found.clocks == {}


def test_what_two_people_did_at_once_is_scored_as_it_is_shown() -> None:
    """An edit that is taken back leaves what somebody else did to the bout in the meantime."""
    base = Ethogram(Intervals.build("m", [0], [3], label="walk", bout_id=["b1"]), source="model")
    one, two = (BoutBook("m", 10, base, who=who) for who in ("Kim", "Lee"))
    first = one.plan_status(["b1"], "accepted")
    for book in (one, two):
        book.apply(first)
    back, new = one.plan_undo(), two.plan_relabel(["b1"], "run")
    for book in (one, two):
        book.apply(new)
        book.apply(back)
    [row] = one.rows
    assert [(score.bout, score.who) for score in scores_of(one.edits)] == [(row, "Lee")]
    # Who takes an edit back has scored nothing.
    marked = BoutBook("m", 10, who="Kim")
    for plan in (
        lambda: marked.plan_mark("", 1, 2, "rear"),
        lambda: marked.plan_relabel(marked.rows[0].bout_id, "rest", who="Lee"),
        lambda: marked.plan_undo(who="Max"),
    ):
        marked.apply(plan())
    assert [(score.bout.label, score.who) for score in scores_of(marked.edits)] == [("rear", "Kim")]
    assert scores_of(()) == ()


def test_nothing_scored_yet(videos: Path, tmp_path: Path) -> None:
    study = load_study(videos / "study.csv")
    blinded = BlindStudy.start(tmp_path / "key", study, "Kim")
    _, found = drained(iter_scores(blinded, study))
    assert len(found.ethogram) == 0
    assert found.left_out == ()
    assert scores_of(()) == ()


def test_words_that_would_tell(videos: Path) -> None:
    words = told_of(load_study(videos / "study.csv"), "ko_1")
    assert {"ko_1", "ko_1.mp4", str(videos / "ko_1.mp4"), str(videos)} <= set(words)
    assert not {"", ".", "/"} & set(words)
