"""The timeline as a user meets it: seen, clicked, labelled, corrected, closed."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtWidgets import QApplication, QInputDialog

from napari_mousegpt._napari.extras import add_curve, add_epochs, extras_of
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.timeline import Timeline
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.store.corrections import CorrectionsFile


@pytest.fixture
def timeline(recording: Recording, viewer: Any, qtbot: Any) -> Iterator[Timeline]:
    """A timeline of its own, without the window of napari; the video outlives the viewer."""
    panel = Timeline(viewer)
    qtbot.addWidget(panel)
    panel.resize(1100, 320)
    panel.show()
    return panel


@pytest.fixture
def full(timeline: Timeline, viewer: Any, recording: Recording, ethogram: Ethogram) -> Timeline:
    show(viewer, recording, ethogram)
    settle()
    return timeline


def settle() -> None:
    for _ in range(3):
        QApplication.processEvents()


def at(panel: Timeline, key: str, frame: float) -> QPoint:
    """The pixel of a frame in the row of a track."""
    canvas = panel.canvas
    row = next(row for row in canvas.rows if row.track is not None and row.track.key == key)
    top = canvas.rows_area.top() - canvas.scroll + row.top + row.height // 2
    return QPoint(round(canvas.scale.left + frame / canvas.scale.step), top)


def track(panel: Timeline, key: str) -> Any:
    settle()
    return next(track for track in panel.model.tracks if track.key == key)


LEFT = Qt.MouseButton.LeftButton


def test_the_dock_in_a_window(
    recording: Recording, window: Any, ethogram: Ethogram, qtbot: Any
) -> None:
    panel = Timeline(window)
    dock = window.window.add_dock_widget(panel, name="Timeline", area="bottom")
    settle()
    assert panel.stack.currentWidget() is panel.hint
    assert "Open a recording" in panel.hint.text()
    assert not panel.bar.buttons["in"].isEnabled()
    show(window, recording, ethogram)
    settle()
    assert panel.stack.currentWidget() is panel.canvas
    state, who = state_of(window), recording.individuals[0]
    qtbot.mouseClick(panel.canvas, LEFT, pos=QPoint(
        round(panel.canvas.scale.left + 100 / panel.canvas.scale.step) + 1,
        panel.canvas.ruler_area.center().y(),
    ))  # fmt: skip
    settle()
    assert abs((state.frame(recording.id) or 0) - 100) <= panel.canvas.scale.step + 1
    # Only a look: whatever is painted, it is no single colour.
    picture = panel.canvas.grab().toImage()
    places = [(x, y) for x in range(0, picture.width(), 9) for y in range(0, picture.height(), 5)]
    assert len({picture.pixel(*place) for place in places}) > 8
    assert f"model/{who}" in {track.key for track in panel.model.tracks}
    window.theme = "light"
    settle()
    kept = weakref.ref(panel.wiring)
    window.window.remove_dock_widget(dock)
    del panel, dock
    for _ in range(4):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        gc.collect()
    assert kept() is None or kept().recording is None
    assert state.visible(recording.id) is None
    state.go_to(recording.id, 3)


def test_a_label_given_here_is_in_the_layer_and_in_the_file(
    full: Timeline, viewer: Any, recording: Recording, qtbot: Any
) -> None:
    who = recording.individuals[0]
    row = at(full, f"human/{who}", 30)
    qtbot.mousePress(full.canvas, LEFT, pos=row)
    for frame in (50, 70, 90):
        qtbot.mouseMove(full.canvas, at(full, f"human/{who}", frame))
    qtbot.mouseRelease(full.canvas, LEFT, pos=at(full, f"human/{who}", 90))
    desk = full.wiring.desk
    assert desk is not None
    assert desk.interval is not None
    start, stop = desk.interval
    assert (abs(start - 30) < 3, abs(stop - 90) < 3) == (True, True)
    full.bar.label_box.setEditText("rearing")
    qtbot.mouseClick(full.bar.buttons["label"], LEFT)
    (bout,) = track(full, f"human/{who}").bout_id
    assert full.model.selection == (bout,)
    shown = [layer for layer in state_of(viewer).layers_of(recording.id) if layer.name == "human"]
    assert "rearing" in set(shown[0].features["label"])
    edits = CorrectionsFile.of_recording(recording).edits
    assert [(edit.action, edit.changes[0].new.label) for edit in edits] == [("mark", "rearing")]
    assert full.bar.buttons["undo"].isEnabled()
    assert not full.bar.buttons["redo"].isEnabled()
    qtbot.mouseClick(full.bar.buttons["undo"], LEFT)
    assert len(track(full, f"human/{who}")) == 0
    qtbot.mouseClick(full.bar.buttons["redo"], LEFT)
    assert list(track(full, f"human/{who}").bout_id) == [bout]


def test_a_double_click_plays_a_bout_until_the_button_is_pressed(
    full: Timeline, viewer: Any, recording: Recording, qtbot: Any
) -> None:
    model = f"model/{recording.individuals[0]}"
    qtbot.mouseDClick(full.canvas, LEFT, pos=at(full, model, 90))
    desk = full.wiring.desk
    assert desk is not None
    assert desk.loop_span == (60, 120)
    assert full.bar.buttons["loop"].isChecked()
    state = state_of(viewer)
    qtbot.waitUntil(lambda: (state.frame(recording.id) or 0) > 62, timeout=30_000)
    qtbot.mouseClick(full.bar.buttons["loop"], LEFT)
    assert desk.loop_span is None
    assert not full.bar.buttons["loop"].isChecked()


def test_the_menu_of_a_bout(
    full: Timeline, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, who = full.wiring.desk, recording.individuals[0]
    assert desk is not None
    bout = str(track(full, f"model/{who}").bout_id[1])
    desk.select(bout)

    def entries() -> dict[str, Any]:
        menu = full.menu(bout, 80)
        assert menu is not None
        menu.deleteLater()
        return {entry.text(): entry for entry in menu.actions()}

    entries()["Accept"].trigger()
    assert desk.book.get(bout).status == "accepted"
    monkeypatch.setattr(QInputDialog, "getText", lambda *args, **kwargs: (" look here ", True))
    entries()["Comment ..."].trigger()
    assert desk.book.get(bout).comment == "look here"
    monkeypatch.setattr(QInputDialog, "getText", lambda *args, **kwargs: ("darting", True))
    again = entries()["Relabel"].menu()
    assert [entry.text() for entry in again.actions() if entry.text()] == [
        "still", "walking", "Another label ...",
    ]  # fmt: skip
    again.actions()[-1].trigger()
    assert desk.book.get(bout).label == "darting"
    entries()["Copy its id"].trigger()
    assert QApplication.clipboard().text() == bout
    entries()["Zoom to it"].trigger()
    assert full.model.view == (60 - 36, 120 + 36)
    entries()["Split before frame 80"].trigger()
    assert desk.book.get(bout).stop == 80
    assert not entries()["Split before frame 80"].isEnabled()
    assert full.menu("somebody", 80) is None


def test_tracks_come_and_go(full: Timeline, viewer: Any, recording: Recording, qtbot: Any) -> None:
    state, who = state_of(viewer), recording.individuals[0]
    add_curve(state, "novelty", np.linspace(0, 1, recording.n_frames))
    add_epochs(state, Intervals.build(recording.id, [10], [50], label=["cue"]))
    settle()

    def entries() -> dict[str, Any]:
        full._fill_tracks()
        return {entry.text(): entry for entry in full._tracks.actions()}

    entries()["model"].trigger()
    assert full.model.hidden == {f"model/{who}"}
    entries()["Show all"].trigger()
    assert full.model.hidden == frozenset()
    entries()["Low rows"].trigger()
    assert full.model.compact
    entries()["Remove curve novelty"].trigger()
    entries()["Remove epochs"].trigger()
    traces = entries()["Add trace"].menu().actions()
    next(entry for entry in traces if entry.text() == "body speed").trigger()
    key = f"trace/body_speed/{who}"
    qtbot.waitUntil(lambda: key in {track.key for track in full.model.tracks}, timeout=60_000)
    assert {"curve/novelty/", "epoch/"}.isdisjoint({track.key for track in full.model.tracks})


def test_epochs_come_from_a_table(
    full: Timeline, recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "epochs.csv"
    table.write_text("start,stop,label\n30,90,tone\n")
    full.load_epochs(str(table))
    assert list(track(full, "epoch/").label) == ["tone"]
    told: list[str] = []
    monkeypatch.setattr("napari.utils.notifications.show_error", told.append)
    table.write_text("start,stop,label\n30,9000,tone\n")
    full.load_epochs(str(table))
    assert len(told) == 1
    assert "epochs.csv" in told[0]
    assert len(track(full, "epoch/")) == 1


def test_the_bar_fits_whatever_its_width(
    full: Timeline, viewer: Any, make_second: Callable[[], Recording]
) -> None:
    show(viewer, make_second())
    settle()
    assert full.bar.recordings.count() == 2
    heights = []
    for width in (1900, 1200, 800, 420):
        full.resize(width, 400)
        settle()
        inside = full.bar.rect()
        for button in full.bar.buttons.values():
            corner = button.mapTo(full.bar, button.rect().bottomRight())
            assert inside.contains(corner), (width, button.property("action"))
        heights.append(full.bar.height())
    assert heights == sorted(heights)
    assert heights[0] < heights[-1]
    full.bar.recordings.setCurrentIndex(1)
    full.bar.recordings.activated.emit(1)
    settle()
    assert full.wiring.recording is not None
    assert full.wiring.recording.id == "second"


def test_whose_bouts_are_marked(full: Timeline, viewer: Any, recording: Recording) -> None:
    from dataclasses import replace

    import xarray as xr

    assert full.bar.individuals.isHidden()
    assert recording.pose is not None
    both = [recording.pose.assign_coords(individuals=[name]) for name in ("a", "b")]
    pose = xr.concat(both, dim="individuals").transpose(*recording.pose.dims)
    pose.attrs = recording.pose.attrs
    two = replace(recording, id="two", views=(replace(recording.primary, pose=pose),))
    show(viewer, two)
    full.wiring.choose("two")
    settle()
    box, desk = full.bar.individuals, full.wiring.desk
    assert desk is not None
    assert [box.itemText(i) for i in range(box.count())] == ["a", "b", "whole picture"]
    # Nobody has been chosen yet, and the box does not say so either.
    assert (desk.individual, box.currentText()) == ("", "whole picture")
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert desk.individual == "b"
    desk.set_interval(5, 9)
    full.bar.label_box.setEditText("rear")
    full.bar.label_box.lineEdit().returnPressed.emit()
    assert list(track(full, "human/b").label) == ["rear"]


@pytest.fixture
def make_second(recording: Recording) -> Callable[[], Recording]:
    from dataclasses import replace

    return lambda: replace(recording, id="second")


def test_what_is_wrong_with_a_measure_is_a_sentence(
    full: Timeline, viewer: Any, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("napari.utils.notifications.show_warning", told.append)
    full.wiring.jobs.failed.emit("No body length.")
    assert told == ["No body length."]
    assert extras_of(state_of(viewer), recording.id).traces == ()


def test_marks_are_drawn_over_bouts_while_the_button_is_down(full: Timeline) -> None:
    assert full.canvas.tool == "select"
    full.bar.buttons["draw"].click()
    assert full.canvas.tool == "interval"
    full.bar.buttons["draw"].click()
    assert full.canvas.tool == "select"
