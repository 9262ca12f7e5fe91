"""A blinded study in a viewer model; the jobs are done at once, without a thread."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari import blind_opening, blind_session
from napari_mousegpt._napari.blind_begin import begin, resume
from napari_mousegpt._napari.blind_session import BlindSession
from napari_mousegpt._napari.console import viewer_state
from napari_mousegpt._napari.jobs import Job
from napari_mousegpt._napari.layers import KEY
from napari_mousegpt._napari.scopes import scope_of
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.arena import Arena, Zone
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError, MismatchError, OutputExistsError, StorageError
from napari_mousegpt.io.arenas import save_arenas
from napari_mousegpt.io.labels import read_bouts
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.store import blinding
from napari_mousegpt.store.corrections import load_corrections

NAMES = ("ko_1", "wt_1", "wt_2")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    save_arenas(
        folder / "arena.json",
        [Arena("box", (Zone("left", np.array([[1.0, 1], [60, 1], [60, 90]])),))],
    )
    rows = ["recording,animal,group,video,arena"]
    for number, name in enumerate(NAMES):
        made = make_sample(folder / name, seconds=1, seed=number, size=(96, 128))
        made.video.rename(folder / f"{name}.mp4")
        rows.append(f"{name},a{number},{name[:2]},{name}.mp4,arena.json")
    path = folder / "study.csv"
    path.write_text("\n".join(rows))
    return path


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def start_job(
        viewer: Any, parts: Callable[[], Generator[Any, None, Any]], *, title: str,
        on_done: Callable[[Any], object], notify: bool,
    ) -> Job:  # fmt: skip
        assert not notify
        job, work = Job(title), parts()
        try:
            while True:
                next(work)
        except StopIteration as end:
            job._result, job.state = end.value, "finished"
            on_done(end.value)
        except InputError as error:
            job.error, job.state = error, "failed"
        return job

    monkeypatch.setattr(blind_session, "start_job", start_job)


@pytest.fixture
def session(viewer: Any, table: Path, tmp_path: Path) -> Iterator[BlindSession]:
    made = begin(viewer, table, tmp_path / "key", "Kim", seed=4)
    yield made
    made.put_away()


def test_items_are_gone_through_one_at_a_time(session: BlindSession, viewer: Any) -> None:
    state = state_of(viewer)
    assert state.blind is session
    assert session.step(-1) is not None  # the first one, as none is open
    assert session.code == "item 01"
    assert set(state.open_recordings) == {"item 01"}
    assert session.step(-1) is None
    session.step(1)
    session.step(1)
    assert session.code == "item 03"
    assert session.step(1) is None
    assert {layer.metadata[KEY]["id"] for layer in viewer.layers} == {"item 03"}
    assert {layer.metadata[KEY]["role"] for layer in viewer.layers} == {"video", "arena"}
    assert [item.state for item in session.items] == ["no bouts"] * 3
    assert [item.shown for item in session.items] == [False, False, True]
    viewer_state(viewer).mark("rearing", 3, 9)
    assert session.items[2].state == "1 bout"
    viewer_state(viewer).mark("rearing", 12, 15)
    assert session.items[2].state == "2 bouts"
    viewer_state(viewer).undo()
    viewer_state(viewer).undo()
    assert session.items[2].state == "no bouts"
    assert not session.items[2].scored
    session.put_away()
    assert not viewer.layers
    assert state.blind is None


def test_it_is_gone_on_with_elsewhere(session: BlindSession, viewer: Any, table: Path) -> None:
    from napari.components import ViewerModel

    session.open("item 02")
    viewer_state(viewer).mark("rearing", 3, 9)
    other = ViewerModel()
    again = resume(other, table, session.folder, "Lee")
    assert again.locked
    assert [item.state for item in again.items] == ["not opened", "no bouts", "not opened"]
    again.look()
    again.open("item 02")
    assert [bout.label for bout in viewer_state(other).desk.book.rows] == ["rearing"]
    # Each scorer stands beside their own.
    viewer_state(other).mark("grooming", 10, 12)
    [kept] = load_corrections()
    assert kept.recording in NAMES
    assert [edit.who for edit in kept.edits] == ["Kim", "Lee"]
    again.put_away()
    with pytest.raises(OutputExistsError):
        begin(other, table, session.folder, "Lee")
    assert state_of(other).blind is None


def test_another_study_is_not_gone_on_with(
    session: BlindSession, viewer: Any, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("recording,animal\nm1,a\n")
    with pytest.raises(InputError, match="recordings that were blinded"):
        resume(viewer, other, session.folder, "Kim")
    with pytest.raises(InputError, match="a study that was blinded here"):
        resume(viewer, other, tmp_path / "nothing", "Kim")
    assert state_of(viewer).blind is session


def test_what_is_shown_comes_along_when_it_is_unlocked(
    session: BlindSession, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.open("item 01")
    item = session.item
    assert item is not None
    bouts = Intervals.build("item 01", [2], [8], label="walking", confidence=0.7)
    show(viewer, item, Ethogram(bouts, source="model"))
    viewer_state(viewer).mark("rearing", 12, 20)
    viewer_state(viewer).go_to(5)
    with pytest.raises(InputError, match="a reason"):
        session.unlock("Kim", " ")

    def full(*_: object) -> None:
        raise StorageError("log", found="a full disk")

    with monkeypatch.context() as broken:
        broken.setattr(blinding, "add_entry", full)
        with pytest.raises(StorageError):
            session.unlock("Kim", "done")
    assert session.locked
    assert session.item is item
    session.unlock("Kim", "done")
    state = viewer_state(viewer)
    assert state.recording.id in NAMES
    assert {bout.label for bout in state.desk.book.rows} == {"walking", "rearing"}
    assert state.frame == 5
    facts = session.items[0].facts
    assert facts["recording"] == state.recording.id
    assert facts["group"] == state.recording.id[:2]
    assert "video" not in facts
    # Other items are opened under their names from now on.
    session.open("item 02")
    assert viewer_state(viewer).recording.id == session.items[1].facts["recording"]


def test_scores_are_written_by_code_then_by_name(
    session: BlindSession, viewer: Any, tmp_path: Path, table: Path
) -> None:
    path = tmp_path / "scores.csv"
    job = session.export(path)
    assert "Score an item first" in str(job.error)
    assert not path.exists()
    session.open("item 03")
    viewer_state(viewer).mark("rearing", 12, 20)
    result = session.export(path).result
    assert (result.path, result.bouts, result.left_out) == (path, 1, ())
    assert set(read_bouts(path).bouts.recording) == {"item 03"}
    assert "one that is there already" in str(session.export(path).error)
    session.unlock("Kim", "done")
    session.export(path, overwrite=True)
    assert set(read_bouts(path).bouts.recording) == {session.items[2].facts["recording"]}
    with pytest.raises(InputError, match="a file of the study"):
        session.export(table.with_name("ko_1.mp4"), overwrite=True)


def test_a_whole_study_is_not_worked_on_while_one_is_blinded(
    session: BlindSession, viewer: Any, table: Path
) -> None:
    scope = scope_of(state_of(viewer), "study", str(table))
    assert not scope.ready
    assert "scored blind" in scope.text
    session.unlock("Kim", "done")
    assert scope_of(state_of(viewer), "study", str(table)).ready


def test_warnings_speak_of_the_code(session: BlindSession, monkeypatch: pytest.MonkeyPatch) -> None:
    really = blind_opening.open_of_study

    def warns(study: Any, name: str) -> Any:
        warnings.warn(f"{name}.mp4 is odd", UserWarning, stacklevel=1)
        return really(study, name)

    monkeypatch.setattr(blind_opening, "open_of_study", warns)
    with pytest.warns(UserWarning, match="is odd") as said:
        session.open("item 02")
    assert [str(one.message) for one in said] == ["item 02: ... is odd"]


def test_a_pose_that_does_not_fit_is_a_matter_of_the_study_table(
    session: BlindSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misfit(study: Any, name: str) -> Any:
        remedy = 'If it is right, open it with mismatch="trim" (drop the 1 row(s) at the end).'
        raise MismatchError(f"{name}.csv", expected="30 rows", found="31 rows", remedy=remedy)

    monkeypatch.setattr(blind_opening, "open_of_study", misfit)
    job = session.open("item 02")
    assert job is not None
    # The panel has no such choice.
    assert 'write "trim" in the column "mismatch" of the study table (drop' in str(job.error)
    assert "mismatch=" not in str(job.error)


def test_it_is_not_begun_where_another_reader_has_opened_a_recording(
    viewer: Any, tmp_path: Path
) -> None:
    import tifffile

    tifffile.imwrite(tmp_path / "ko.tif", np.zeros((5, 32, 32), np.uint8), photometric="minisblack")
    table = tmp_path / "study.csv"
    table.write_text("recording,animal,video\nm1,a,ko.tif\n")
    viewer.open(tmp_path / "ko.tif", plugin="napari")
    with pytest.raises(InputError, match="Remove its layers first"):
        begin(viewer, table, tmp_path / "key", "Kim")
    assert not (tmp_path / "key").exists()
    viewer.layers.clear()
    begin(viewer, table, tmp_path / "key", "Kim").put_away()
    viewer.open(tmp_path / "ko.tif", plugin="napari")
    with pytest.raises(InputError, match="Remove its layers first"):
        resume(viewer, table, tmp_path / "key", "Kim")
