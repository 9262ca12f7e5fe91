"""Searching beside the viewer: index, questions, filters, and going to a hit."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from napari_mousegpt._napari.going import Going
from napari_mousegpt._napari.searching import Searching, offered
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.clusters.search_filters import SearchFilters
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.errors import InputError
from support.later import Late, Later
from support.mapped import mapped_run, mapped_study

ALL = SearchFilters()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mapped_run(tmp_path_factory.mktemp("words") / "run")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mapped_study(tmp_path_factory.mktemp("words") / "study")


@pytest.fixture
def later() -> Later:
    return Later()


def opened(viewer: Any, later: Later, folder: Path) -> Searching:
    made = Searching(viewer, later)
    made.open(folder)
    later.run()
    assert made.error is None
    return made


def test_a_sentence_finds_where_it_was_said(viewer: Any, later: Later, run: Path) -> None:
    searching = opened(viewer, later, run)
    searching.ask("stands on its hind legs", ALL)
    later.run()
    said = read_parquet(run / "result" / "descriptions.parquet").set_index("start")
    rearing = said[said["label"] == "rearing"]
    first = searching.hits[: len(rearing)]
    assert sorted(hit.start for hit in first) == sorted(rearing.index)
    for hit in first:
        assert hit.stop == said.loc[hit.start, "stop"]
        assert "hind legs" in hit.cells[0]
        assert hit.time == f"0:{hit.start / 30:04.1f}"
    scores = [hit.score for hit in searching.hits]
    assert scores == sorted(scores, reverse=True)


def test_words_that_nobody_said_are_told(viewer: Any, later: Later, run: Path) -> None:
    searching = opened(viewer, later, run)
    searching.ask("runs", ALL)
    later.run()
    assert any("'runs'" in note and "walking" in note for note in searching.notes)
    assert searching.hits[0].label == "walking"
    searching.ask("zzqx", ALL)
    later.run()
    assert isinstance(searching.error, InputError)
    assert "rearing" in str(searching.error)
    assert searching.hits == []


def test_filters_and_examples(viewer: Any, later: Later, study: Path) -> None:
    searching = opened(viewer, later, study)
    assert searching.index is not None
    can = offered(searching.index)
    assert set(can.labels) == {"rearing", "walking", "grooming"}
    assert set(can.groups) == {"a", "b"}
    assert set(can.animals) == {"animal a1", "animal a2", "animal b1"}
    assert can.speed
    assert can.seconds
    limits = SearchFilters(
        label=("walking",),
        columns={"group": ("b",)},
        numbers={"body_speed": (0.5, math.inf)},
        seconds=(2.0, 12.0),
    )
    searching.ask("", limits)
    later.run()
    assert searching.hits
    assert {(hit.recording, hit.label) for hit in searching.hits} == {("b1", "walking")}
    assert all(hit.stop / 30 > 2 and hit.start / 30 < 12 for hit in searching.hits)
    one = searching.hits[0]
    searching.like((one.recording, one.start, one.stop), ALL)
    later.run()
    assert searching.hits[0].label == "walking"
    spans = {(hit.recording, hit.start) for hit in searching.hits}
    assert (one.recording, one.start) not in spans


def test_a_folder_without_words_is_refused(viewer: Any, later: Later, tmp_path: Path) -> None:
    searching = Searching(viewer, later)
    searching.open(tmp_path)
    later.run()
    assert "finished run or study" in str(searching.error)
    assert searching.index is None
    searching.ask("rears", ALL)
    assert later.waiting == []


def test_cancelling_builds_nothing(viewer: Any, later: Later, study: Path) -> None:
    searching = Searching(viewer, later)
    searching.open(study)
    searching.cancel()
    later.run()
    assert searching.index is None
    assert searching.job is not None
    assert searching.job.state == "cancelled"


def test_what_comes_too_late_is_not_shown(
    viewer: Any, run: Path, study: Path, tmp_path: Path
) -> None:
    late, told = Late(), []
    searching = Searching(viewer, late)
    searching.open(study)
    searching.open(run)
    late.run()
    assert searching.runs == {"rec": run}
    # Scoring begins while a question is answered: neither hits nor what is wrong is seen.
    for question in ("rears", "zzqx"):
        searching.open(run)
        late.run()
        searching.ask(question, ALL)
        state_of(viewer).blinded.emit()
        searching.answered.connect(lambda: told.append(searching.error))
        late.run()
        assert (searching.index, searching.hits, searching.error) == (None, [], None)
        assert told == []
        searching.answered.disconnect()
    # And while the index is built, or fails to be.
    for folder in (run, tmp_path):
        searching.open(folder)
        state_of(viewer).blinded.emit()
        late.run()
        assert (searching.index, searching.error) == (None, None)


def test_a_blind_study_is_not_searched(viewer: Any, later: Later, run: Path) -> None:
    state_of(viewer).blind = SimpleNamespace(locked=True)  # type: ignore[assignment]
    with pytest.raises(InputError, match="scored blind"):
        Searching(viewer, later).open(run)
    state_of(viewer).blind = None


def test_going_shows_the_frame(viewer: Any, later: Later, make_recording: Any) -> None:
    going, told = Going(viewer, later), []
    going.told.connect(told.append)
    show(viewer, make_recording(600))
    assert going.go("rec", 123, {})
    assert state_of(viewer).frame("rec") == 123
    assert not going.go("elsewhere", 5, {})
    assert "elsewhere" in str(told[-1])
    assert "Open recording" in str(told[-1])


def test_going_opens_a_recording_that_is_known(
    viewer: Any, later: Later, make_recording: Any, ethogram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import napari_mousegpt.runs as runs

    found = SimpleNamespace(recording=make_recording(1000), ethogram=ethogram)
    monkeypatch.setattr(runs, "load_run", lambda folder: found)
    going = Going(viewer, later)
    assert not going.go("rec", 250, {"rec": Path("somewhere")})
    assert "rec" not in state_of(viewer).open_recordings
    later.run()
    assert state_of(viewer).frame("rec") == 250
    # Once it is open it is shown at once.
    assert going.go("rec", 40, {"rec": Path("somewhere")})
    assert state_of(viewer).frame("rec") == 40


def test_who_goes_elsewhere_meanwhile_is_not_called_back(
    viewer: Any, make_recording: Any, ethogram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import napari_mousegpt.runs as runs

    def load(folder: Path) -> Any:
        if folder == Path("gone"):
            raise InputError(folder, expected="a video that is there", found="none")
        return SimpleNamespace(recording=make_recording(1000, id="other"), ethogram=ethogram)

    monkeypatch.setattr(runs, "load_run", load)
    show(viewer, make_recording(600))
    late = Late()
    going, told = Going(viewer, late), []
    going.told.connect(told.append)
    for folder in ("somewhere", "gone"):
        going.go("other", 250, {"other": Path(folder)})
        assert told.pop() == "Opening other ..."
        assert going.go("rec", 40, {})
        assert going.job is not None
        assert going.job.cancelling
        # What was told of the opening is over.
        assert told == [""]
        late.run()
        assert told == [""]
        assert list(state_of(viewer).open_recordings) == ["rec"]
        told.clear()
    # Nothing was being opened: whatever else is told stays.
    going.go("rec", 41, {})
    assert told == []
    # A recording that nobody knows does not leave the one before to be opened in vain.
    going.go("other", 250, {"other": Path("somewhere")})
    assert not going.go("nobody", 5, {})
    assert going.job is not None
    assert going.job.cancelling


def test_a_smaller_recording_is_seen_whole_and_not_covered(
    viewer: Any, later: Later, make_recording: Any, ethogram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import napari_mousegpt.runs as runs

    large = make_recording(600, id="large", video=False)
    large.pose["position"][:] *= 20
    show(viewer, large)
    skeleton = state_of(viewer).layers_of("large", "skeleton")[0]
    skeleton.visible = False
    viewer.reset_view()
    before = viewer.scene.camera.zoom
    found = SimpleNamespace(recording=make_recording(1000, video=False), ethogram=ethogram)
    monkeypatch.setattr(runs, "load_run", lambda folder: found)
    going = Going(viewer, later)
    going.go("rec", 250, {"rec": Path("somewhere")})
    later.run()
    # The view is that of the recording that was opened, and nothing lies in its place.
    assert viewer.scene.camera.zoom > 5 * before
    y, x = viewer.scene.camera.center[-2:]
    assert 0 < y < 48
    assert 0 < x < 64
    state = state_of(viewer)
    assert not any(layer.visible for layer in state.layers_of("large"))
    # A view that the user has chosen stays.
    viewer.scene.camera.zoom = 123.0
    going.go("rec", 300, {})
    assert viewer.scene.camera.zoom == 123.0
    # Back again, also from another panel: what the user had hidden stays hidden.
    Going(viewer, later).go("large", 10, {})
    assert viewer.scene.camera.zoom == pytest.approx(before, rel=0.3)
    assert {layer.name for layer in state.layers_of("large") if not layer.visible} == {
        skeleton.name
    }
    assert not any(layer.visible for layer in state.layers_of("rec"))


def test_what_keeps_a_recording_closed_is_told(
    viewer: Any, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    import napari_mousegpt.runs as runs

    def fail(folder: Path) -> Any:
        raise InputError(folder, expected="a video that is there", found="none")

    monkeypatch.setattr(runs, "load_run", fail)
    going, told = Going(viewer, later), []
    going.told.connect(told.append)
    going.go("rec", 250, {"rec": Path("gone")})
    later.run()
    assert "a video that is there" in str(told[-1])
