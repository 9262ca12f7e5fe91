"""Marking and correcting in a real window: keys, layers, the list of keys, two viewers."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QWindow
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.desk_book import corrections_file_path
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.key_sheet import KeySheet
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording

Key, Ctrl, Shift = (
    Qt.Key,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


class Keyboard:
    """A keyboard of the window that a panel is in."""

    def __init__(self, panel: QWidget) -> None:
        self.top = panel.window()

    def press(self, key: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.top, key, modifier)


@pytest.fixture
def sheet(window: Any, recording: Recording, ethogram: Ethogram) -> KeySheet:
    show(window, recording, ethogram)
    panel = KeySheet(window)
    window.window.add_dock_widget(panel, name="Keys")
    return panel


def said(window: Any) -> str:
    return str(window.canvas.overlays[OVERLAY].text)


def written(sheet: KeySheet) -> list[tuple[str, str]]:
    table = sheet.table
    return [
        (table.item(row, 0).text(), table.item(row, 1).text()) for row in range(table.rowCount())
    ]


def test_a_stretch_is_marked_labelled_and_taken_back_by_keys(
    window: Any, recording: Recording, sheet: KeySheet
) -> None:
    keyboard, desk = Keyboard(sheet), state_of(window).desk(recording.id)
    # The digits of napari change the mode of a layer; on ours they label.
    for name in (recording.id, "pose", "labels"):
        window.layers.selection.active = window.layers[name]
        mode = window.layers[name].mode
        desk.go_to(100)
        keyboard.press(Key.Key_BracketLeft)
        desk.go_to(130)
        keyboard.press(Key.Key_BracketRight)
        assert desk.interval == (100, 131)
        keyboard.press(getattr(Key, f"Key_{desk.labels['walking']}"))
        assert said(window) == "labels: still (80%)\nhuman: walking"
        assert window.layers[name].mode == mode
        human = window.layers["human"]
        assert set(human.features["label"][human.shown]) == {"walking"}
        keyboard.press(Key.Key_Z, Ctrl)
        assert said(window) == "labels: still (80%)"
        assert not human.shown.any()
        keyboard.press(Key.Key_Z, Ctrl | Shift)
        assert said(window) == "labels: still (80%)\nhuman: walking"
        keyboard.press(Key.Key_Q, Shift)
        assert len(desk.book) == 10
    assert [edit.action for edit in desk.book.edits][:4] == ["mark", "undo", "redo", "remove"]


def test_bouts_are_looked_through_by_keys(
    window: Any, recording: Recording, sheet: KeySheet
) -> None:
    keyboard, desk = Keyboard(sheet), state_of(window).desk(recording.id)
    desk.go_to(0)
    desk.select(desk.book.rows[0].bout_id)
    for frame in (60, 120):
        keyboard.press(Key.Key_N)
        assert desk.frame == frame
    keyboard.press(Key.Key_G)
    keyboard.press(Key.Key_N, Shift)
    keyboard.press(Key.Key_Q)
    assert [row.status for row in desk.book.rows[:3]] == ["proposed", "rejected", "accepted"]
    assert said(window) == "no label here"
    keyboard.press(Key.Key_N)
    keyboard.press(Key.Key_H)
    assert desk.loop_span == (120, 180)
    keyboard.press(Key.Key_Escape)
    assert desk.loop_span is None


def test_what_was_corrected_is_there_in_the_next_window(
    make_napari_viewer: Any, recording: Recording, ethogram: Ethogram, qtbot: Any
) -> None:
    first = make_napari_viewer()
    show(first, recording, ethogram)
    desk = state_of(first).desk(recording.id)
    desk.set_interval(10, 40)
    (bout,) = desk.mark("rearing")
    first.close()
    assert corrections_file_path(recording).exists()
    second = make_napari_viewer()
    # As a user opens a file: the plugin reads it, and the layers come by themselves.
    second.open(recording.primary.sources["video"], plugin="napari-mousegpt")
    name = second.layers[0].name
    qtbot.waitUntil(lambda: "human" in second.layers, timeout=30_000)
    assert state_of(second).desk(name).book.get(bout).label == "rearing"
    state_of(second).go_to(name, 20)
    assert said(second) == "human: rearing"


def test_two_windows_see_each_other_when_they_come_to_the_front(
    make_napari_viewer: Any, recording: Recording, ethogram: Ethogram, qapp: Any
) -> None:
    one, other = make_napari_viewer(), make_napari_viewer()
    for window in (one, other):
        show(window, recording, ethogram)
    here, there = (state_of(window).desk(recording.id) for window in (one, other))
    here.set_interval(10, 40)
    here.mark("rearing")
    assert len(there.book) == 10
    qapp.focusWindowChanged.emit(None)
    assert len(there.book) == 10
    # As Qt does when a window is clicked.
    qapp.focusWindowChanged.emit(front := QWindow())
    front.deleteLater()
    assert there.book.rows == here.book.rows
    state_of(other).go_to(recording.id, 20)
    assert "human: rearing" in said(other)


def test_a_loop_plays_at_the_rate_of_the_recording_until_the_slider_moves(
    window: Any, recording: Recording, ethogram: Ethogram, qtbot: Any
) -> None:
    show(window, recording, ethogram)
    desk = state_of(window).desk(recording.id)
    desk.set_interval(100, 106)
    seen: list[tuple[float, int]] = []
    window.dims.events.current_step.connect(
        lambda event: seen.append((time.perf_counter(), desk.frame))
    )

    def turns() -> int:
        return sum(later < earlier for (_, earlier), (_, later) in pairwise(seen))

    began = time.perf_counter()
    desk.loop()
    # A busy machine leaves pictures out, but not always the same ones.
    qtbot.waitUntil(lambda: turns() >= 3 and len({frame for _, frame in seen}) >= 4, timeout=60_000)
    assert {frame for _, frame in seen} <= set(range(100, 106))
    # Six frames last 0.2 s: it comes round five times a second, whatever it can draw.
    assert turns() <= (seen[-1][0] - began) / 0.2
    # A turn is missed only where no picture came for half of it.
    pauses = np.diff([when for when, _ in seen])
    long = pauses[pauses >= 0.1]
    assert turns() >= (pauses.sum() - long.sum()) / 0.2 - 1.5 * (1 + len(long))
    window.dims.set_current_step(0, 300)
    qtbot.wait(100)
    assert (desk.loop_span, desk.frame) == (None, 300)
    desk.loop()
    window.close()
    qtbot.wait(100)


def test_keys_of_labels_are_written_in_the_list(
    window: Any, recording: Recording, sheet: KeySheet
) -> None:
    desk, keys = state_of(window).desk(recording.id), state_of(window).label_keys
    assert written(sheet) == [("1", "still"), ("2", "walking")]
    sheet.table.item(0, 0).setText("r")
    assert written(sheet) == [("2", "walking"), ("R", "still")]
    assert keys.by_key["R"] == "still"
    desk.set_interval(10, 20)
    Keyboard(sheet).press(Key.Key_R)
    assert desk.book.get(desk.selection[0]).label == "still"
    # A key that does something else is refused in words, and all is as it was.
    sheet.table.item(0, 0).setText("N")
    assert 'one that does "Next bout"' in sheet.status.text()
    assert written(sheet) == [("2", "walking"), ("R", "still")]
    sheet.add()
    row = sheet.table.rowCount() - 1
    sheet.table.item(row, 0).setText("7")
    sheet.table.item(row, 1).setText("rearing")
    assert ("7", "rearing") in written(sheet)
    assert sheet.status.text() == ""
    assert desk.labels["rearing"] == "7"
    # Another name for the label of a key, and no key at all.
    sheet.table.item(0, 1).setText("running")
    assert keys.by_key["2"] == "running"
    row = written(sheet).index(("7", "rearing"))
    sheet.table.item(row, 0).setText("")
    assert keys.key_of("rearing") == ""


def test_a_list_of_keys_that_was_closed_leaves_nothing(
    window: Any, recording: Recording, sheet: KeySheet, qtbot: Any
) -> None:
    dock = sheet.parentWidget()
    window.window.remove_dock_widget(dock)
    dock.deleteLater()
    qtbot.wait(50)
    keys = state_of(window).label_keys
    keys.assign("5", "grooming")
    window.layers.clear()
    assert keys.key_of("grooming") == "5"
