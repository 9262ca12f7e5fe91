from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt._napari.scopes import SCOPES, Scope, scope_of
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording


@pytest.fixture
def state(viewer: Any, recording: Recording, ethogram: Ethogram) -> Any:
    show(viewer, recording, ethogram)
    return state_of(viewer)


def test_nothing_is_ready_before_a_recording_is_open(viewer: Any) -> None:
    for kind in ("recording", "interval", "visible"):
        found = scope_of(state_of(viewer), kind)
        assert not found.ready
        assert "Open a recording first" in found.text


def test_the_whole_recording(state: Any, recording: Recording) -> None:
    found = scope_of(state, "recording")
    assert found.ready
    assert found.recording.id == recording.id  # type: ignore[union-attr]
    assert found.within is None
    assert "1000 frames" in found.text


def test_the_marked_interval_is_for_every_animal(state: Any) -> None:
    assert "Nothing is selected in rec" in scope_of(state, "interval").text
    state.desk("rec").set_interval(30, 90)
    found = scope_of(state, "interval")
    assert found.ready
    assert [*found.within] == [("rec", "", 30, 90)]  # type: ignore[misc]
    assert found.text == "rec: frames 30 to 89, 2.0 s."


def test_chosen_bouts_are_joined_and_keep_their_animals(
    viewer: Any, make_recording: Callable[..., Recording]
) -> None:
    from napari_mousegpt.core.intervals import Intervals

    recording = make_recording(individuals=("m1", "m2"))
    bouts = Intervals.build("rec", [0, 60, 300], [90, 120, 330], ["m1", "m1", "m2"], label="x")
    show(viewer, recording, Ethogram(bouts, source="model"))
    state = state_of(viewer)
    ids = state.desk("rec").columns()["bout_id"]
    state.desk("rec").select(*ids)
    found = scope_of(state, "interval")
    # Overlapping bouts are worked on once.
    assert found.text == "rec: 2 stretches, 5.0 s in all, m1, m2."
    assert found.ready


def test_what_the_timeline_shows_is_cut_to_the_recording(state: Any) -> None:
    assert "timeline is not open" in scope_of(state, "visible").text
    state.set_visible("rec", -50, 2000)
    found = scope_of(state, "visible")
    assert [*found.within] == [("rec", "", 0, 1000)]  # type: ignore[misc]
    state.set_visible("rec", 1500, 2000)
    assert not scope_of(state, "visible").ready


def test_a_study_needs_its_table(state: Any, tmp_path: Path) -> None:
    assert "Choose a study table" in scope_of(state, "study").text
    table = tmp_path / "study.csv"
    assert not scope_of(state, "study", str(table)).ready
    table.write_text("recording,animal\n")
    found = scope_of(state, "study", str(table))
    assert (found.ready, found.study, found.recording) == (True, table, None)


def test_the_same_choice_is_equal_and_another_one_is_not(state: Any) -> None:
    desk = state.desk("rec")
    desk.set_interval(30, 90)
    one = scope_of(state, "interval")
    assert one == scope_of(state, "interval")
    desk.set_interval(30, 91)
    other = scope_of(state, "interval")
    assert one != other
    assert one != Scope("interval", one.text)
    assert len({one, scope_of(state, "recording")}) == 2
    assert set(SCOPES) == {"recording", "interval", "visible", "study"}
