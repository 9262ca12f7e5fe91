"""The panel "Ethogram", as a user meets it."""

from __future__ import annotations

import csv
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from napari.layers import Layer
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QComboBox, QInputDialog, QLineEdit

from napari_mousegpt._napari.bout_rows import COLUMNS
from napari_mousegpt._napari.extras import extras_of
from napari_mousegpt._napari.pose_layer import pose_layers
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets import audit_buttons
from napari_mousegpt._napari.widgets.ethogram import EthogramPanel
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.core.timebase import Timebase
from support.pace import Cost

LABEL, COMMENT = COLUMNS.index("label"), COLUMNS.index("comment")


def bouts_of(count: int, n_frames: int, recording: str, animals: int = 1) -> Ethogram:
    random = np.random.default_rng(0)
    start = np.linspace(0, n_frames - 60, count).astype(np.int64)
    return Ethogram(
        Intervals.build(
            recording,
            start,
            start + 30,
            np.array([f"mouse{i % animals}" for i in range(count)], dtype=object),
            label=np.array(["walking", "still", "rearing"], dtype=object)[np.arange(count) % 3],
            confidence=np.round(random.random(count), 3),
            bout_id=np.array([f"b{i:06d}" for i in range(count)], dtype=object),
        ),
        source="model",
    )


@pytest.fixture
def make_panel(viewer: Any, qtbot: Any) -> Callable[[], EthogramPanel]:
    def make() -> EthogramPanel:
        panel = EthogramPanel(viewer)
        qtbot.addWidget(panel)
        panel.resize(320, 700)
        panel.show()
        return panel

    return make


@pytest.fixture
def panel(viewer: Any, recording: Recording, make_panel: Any) -> Iterator[EthogramPanel]:
    """A panel with thirty bouts of one second."""
    show(viewer, recording, bouts_of(30, recording.n_frames, recording.id))
    yield make_panel()
    viewer.layers.clear()  # before the video is closed


def ids(panel: EthogramPanel) -> list[str]:
    return list(panel.table.rows.bout_ids(range(len(panel.table.rows))))


def cells(panel: EthogramPanel, row: int) -> dict[str, str]:
    model = panel.table.model()
    return {name: model.data(model.index(row, i)) for i, name in enumerate(COLUMNS)}


def click(
    qtbot: Any,
    panel: EthogramPanel,
    row: int,
    column: int = 2,
    held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    place = middle(panel, row, column)
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, held, place)


def double_click(qtbot: Any, panel: EthogramPanel, row: int, column: int) -> None:
    place = middle(panel, row, column)
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def middle(panel: EthogramPanel, row: int, column: int) -> QPoint:
    index = panel.table.model().index(row, column)
    panel.table.scrollTo(index)
    return panel.table.visualRect(index).center()


def test_it_says_how_to_begin(viewer: Any, make_panel: Any, recording: Recording) -> None:
    panel = make_panel()
    assert "No recording is open" in panel.hint.text()
    assert not panel.table.isVisible()
    assert not panel.verbs.isVisible()
    assert panel.recording.currentText() == "no recording"
    show(viewer, recording)
    assert "No bouts yet" in panel.hint.text()
    assert panel.recording.currentText() == recording.id
    assert panel.verbs.isVisible()
    show(viewer, recording, bouts_of(4, recording.n_frames, recording.id))
    assert not panel.hint.isVisible()
    assert len(ids(panel)) == 4
    viewer.layers.clear()
    assert "No recording is open" in panel.hint.text()
    assert panel.desk is None
    panel.do("accept")
    panel.do("next")


def test_cells_and_the_line_below(panel: EthogramPanel) -> None:
    assert cells(panel, 1) == {
        "label": "still", "individual": "mouse0", "start": "0:00.6", "stop": "0:01.6",
        "length": "1.00 s", "confidence": "0.27", "source": "model", "status": "proposed",
        "comment": "",
    }  # fmt: skip
    assert panel.table.isColumnHidden(COLUMNS.index("individual"))
    panel.frames.setChecked(True)
    assert cells(panel, 1)["start"] == "18"
    assert cells(panel, 1)["length"] == "30"
    assert panel.total.text() == "30 bouts · 30.0 s · 95 % of the time"
    model = panel.table.model()
    tip = model.data(model.index(1, 2), Qt.ItemDataRole.ToolTipRole)
    assert tip == "frames 18 to 47, 30 in all\n0.600 s to 1.600 s"


def test_a_click_selects_and_jumps(panel: EthogramPanel, qtbot: Any) -> None:
    desk = panel.desk
    click(qtbot, panel, 4)
    assert desk.selection == ("b000004",)
    assert desk.frame == desk.book.get("b000004").start == 74
    desk.go_to(300)
    click(qtbot, panel, 4)
    assert desk.frame == 74
    # Several are chosen without moving.
    click(qtbot, panel, 6, held=Qt.KeyboardModifier.ShiftModifier)
    assert desk.selection == ("b000004", "b000005", "b000006")
    assert desk.frame == 74
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    assert desk.selection == ("b000007",)
    assert desk.frame == desk.book.get("b000007").start


def test_it_follows_what_is_chosen_elsewhere(panel: EthogramPanel, qtbot: Any) -> None:
    desk, bar = panel.desk, panel.table.verticalScrollBar()
    panel.resize(320, 420)
    assert bar.maximum() > 5
    assert bar.value() == 0
    desk.select("b000002", "b000003")
    assert panel.table.chosen_ids() == ("b000002", "b000003")
    assert bar.value() == 0
    desk.select("b000029")
    assert panel.table.chosen_ids() == ("b000029",)
    place = bar.value()
    assert place > 0
    desk.select("b000028")
    assert bar.value() == place
    bar.setValue(8)
    desk.select("b000009")
    assert bar.value() == 8
    desk.select("b000028")
    # An edit elsewhere does not carry the table off.
    bar.setValue(0)
    desk.accept("b000028")
    assert bar.value() == 0
    assert panel.table.chosen_ids() == ("b000028",)
    desk.select()
    assert panel.table.chosen_ids() == ()


def test_keys_of_the_table(panel: EthogramPanel, qtbot: Any) -> None:
    desk = panel.desk
    desk.select("b000000", "b000001")
    qtbot.keyClick(panel.table, Qt.Key.Key_A)
    assert [desk.book.get(b).status for b in ("b000000", "b000001")] == ["accepted"] * 2
    assert panel.verbs.buttons["undo"].toolTip().startswith("Undo: accept 2 bouts")
    qtbot.keyClick(panel.table, Qt.Key.Key_R)
    assert desk.book.get("b000001").status == "rejected"
    qtbot.keyClick(panel.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.book.get("b000001").status == "accepted"
    assert panel.verbs.buttons["redo"].toolTip().startswith("Redo: reject 2 bouts")
    desk.select("b000003")
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert desk.loop_span == (55, 85)
    desk.stop_loop()
    qtbot.keyClick(panel.table, Qt.Key.Key_Delete)
    assert desk.book.get("b000003").status == "rejected"
    desk.relabel("mine", "b000004")
    desk.select("b000004")
    qtbot.keyClick(panel.table, Qt.Key.Key_Delete)
    assert "b000004" not in desk.book
    assert len(ids(panel)) == 29


def test_the_key_of_a_label_relabels(panel: EthogramPanel, qtbot: Any) -> None:
    desk = panel.desk
    key = desk.labels["still"]
    assert key
    qtbot.keyClicks(panel.table, key)  # nothing is chosen
    assert not desk.book.edits
    desk.select("b000000", "b000003")
    qtbot.keyClicks(panel.table, key)
    assert [desk.book.get(f"b00000{i}").label for i in (0, 3)] == ["still"] * 2
    tip = panel.verbs.buttons["undo"].toolTip()
    assert tip.startswith('Undo: relabel 2 bouts to "still"')


def test_buttons_act_on_what_is_chosen_in_the_table(
    panel: EthogramPanel, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, buttons = panel.desk, panel.verbs.buttons
    assert not buttons["accept"].isEnabled()
    panel.do("accept")
    assert "Choose a bout" in panel.report.text()
    desk.select("b000000", "b000001", "b000003")
    # Bouts that the filter hides are not touched, though the desk has them.
    panel.filters.labels.item(2).setSelected(True)
    assert ids(panel)[:2] == ["b000000", "b000003"]
    assert panel.table.chosen_ids() == ("b000000", "b000003")
    buttons["accept"].click()
    statuses = [desk.book.get(f"b00000{i}").status for i in range(4)]
    assert statuses == ["accepted", "proposed", "proposed", "accepted"]
    panel.filters.clear()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("look again", True))
    desk.select("b000007")
    buttons["comment"].click()
    assert desk.book.get("b000007").comment == "look again"
    panel.do("relabel", "grooming")
    assert desk.book.get("b000007").label == "grooming"
    assert desk.book.get("b000007").source == "human"
    assert not buttons["merge"].isEnabled()
    desk.select("b000000", "b000003")
    buttons["merge"].click()
    assert desk.book.get("b000000").stop == 85
    assert "b000003" not in desk.book
    menu = panel.verbs.menu(panel)
    entries = {action.text().split("\t")[0]: action for action in menu.actions()}
    entries["Back to proposed"].trigger()
    assert desk.book.get("b000000").status == "proposed"
    desk.go_to(40)
    entries["Split at the current frame"].trigger()
    assert desk.book.get("b000000").stop == 40
    menu.deleteLater()


def test_previous_and_next_go_through_the_rows(panel: EthogramPanel) -> None:
    desk, buttons = panel.desk, panel.verbs.buttons
    panel.filters.choose_label("walking")
    desk.go_to(100)
    buttons["next"].click()
    assert desk.selection == ("b000006",)
    buttons["next"].click()
    assert desk.selection == ("b000009",)
    buttons["previous"].click()
    buttons["previous"].click()
    assert desk.selection == ("b000003",)
    assert desk.frame == desk.book.get("b000003").start
    desk.select("b000027")
    buttons["next"].click()
    assert "No bout after" in panel.report.text()


def test_writing_in_cells(panel: EthogramPanel, qtbot: Any) -> None:
    desk = panel.desk
    double_click(qtbot, panel, 2, LABEL)
    box = panel.table.viewport().findChild(QComboBox)
    assert box.currentText() == "rearing"
    assert {"walking", "still", "rearing"} <= {box.itemText(i) for i in range(box.count())}
    # Somebody else changes the order of the rows while we write.
    desk.relabel("zzz", "b000000")
    panel.table.sortByColumn(LABEL, Qt.SortOrder.DescendingOrder)
    box.lineEdit().setText("sniffing")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.book.get("b000002").label == "sniffing", timeout=30_000)
    assert [r.bout_id for r in desk.book.rows if r.label == "sniffing"] == ["b000002"]
    row = panel.table.rows.rows_of(["b000002"])[0]
    double_click(qtbot, panel, row, COMMENT)
    line = panel.table.viewport().findChild(QLineEdit, "")
    line.setText("nose in the corner")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: desk.book.get("b000002").comment == "nose in the corner", timeout=30_000
    )
    # Escape leaves things as they were, and so does writing the same.
    count = len(desk.book.edits)
    double_click(qtbot, panel, row, COMMENT)
    line = next(w for w in panel.table.viewport().findChildren(QLineEdit) if w.isVisible())
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not panel.table.viewport().findChildren(QLineEdit), timeout=30_000)
    assert len(desk.book.edits) == count
    # A label that is picked from the list is taken at once.
    double_click(qtbot, panel, row, LABEL)
    box = panel.table.viewport().findChild(QComboBox)
    box.setCurrentIndex(box.findText("still"))
    box.activated.emit(box.currentIndex())
    assert desk.book.get("b000002").label == "still"
    qtbot.waitUntil(lambda: not panel.table.viewport().findChildren(QComboBox), timeout=30_000)


def test_a_double_click_elsewhere_loops(panel: EthogramPanel, qtbot: Any) -> None:
    double_click(qtbot, panel, 3, 2)
    assert panel.desk.loop_span == (55, 85)
    panel.desk.stop_loop()


def test_filters(panel: EthogramPanel, qtbot: Any) -> None:
    filters = panel.filters
    filters.fold.setChecked(True)
    assert filters.labels.item(0).text() == "rearing   10"
    qtbot.mouseClick(
        filters.labels.viewport(),
        Qt.MouseButton.LeftButton,
        pos=filters.labels.visualItemRect(filters.labels.item(0)).center(),
    )
    assert {cells(panel, row)["label"] for row in range(10)} == {"rearing"}
    assert len(ids(panel)) == 10
    assert filters.fold.text() == "Filters (1)"
    filters.confidence.low.setText("0,5")
    assert len(ids(panel)) < 10
    assert all(float(cells(panel, row)["confidence"]) >= 0.5 for row in range(len(ids(panel))))
    filters.confidence.low.setText("x")
    assert len(ids(panel)) == 10
    filters.seconds.high.setText("0.9")
    assert panel.hint.text() == "No bout passes the filters."
    assert panel.table.isVisible()
    filters.clear_button.click()
    assert len(ids(panel)) == 30
    assert not panel.hint.isVisible()
    panel.desk.reject("b000001")
    status = filters.choices["status"]
    for action in status.menu().actions():
        if action.data() == "rejected":
            action.trigger()
    assert ids(panel) == ["b000001"]
    assert status.text() == "rejected"
    filters.clear()
    filters.search.setText("WALK")
    assert len(ids(panel)) == 10
    # A label of which the last bout has gone stays chosen.
    filters.clear()
    panel.desk.relabel("once", "b000005")
    filters.choose_label("once")
    panel.desk.relabel("walking", "b000005")
    assert ids(panel) == []
    assert [i.text() for i in filters.labels.selectedItems()] == ["once   0"]


def test_words_are_searched_and_told(panel: EthogramPanel, recording: Recording) -> None:
    words = DESCRIPTIONS.empty()
    texts = {name: "" for name in DESCRIPTIONS.names if name not in words.select_dtypes("number")}
    rows = [
        {**texts, "recording": recording.id, "individual": "mouse0", "start": start,
         "stop": start + 30, "confidence": 1.0, "overall": f"The mouse {does} the wall."}
        for start, does in ((0, "rears at"), (30, "runs along"))
    ]  # fmt: skip
    extras_of(panel._state, recording.id).set_words(pd.DataFrame(rows))
    panel.filters.search.setText("along")
    assert ids(panel) == ["b000001", "b000002"]
    model = panel.table.model()
    tip = model.data(model.index(1, 0), Qt.ItemDataRole.ToolTipRole)
    assert tip == "rearing\nThe mouse runs along the wall."
    # They stay with their frames, not with the rows.
    panel.desk.trim("b000002", start=70, stop=140)
    assert ids(panel) == ["b000001"]
    extras_of(panel._state, recording.id).set_words(None)
    assert ids(panel) == []


def test_the_labels_tab_filters(panel: EthogramPanel, qtbot: Any) -> None:
    sums = panel.sums
    panel.tabs.setCurrentIndex(1)
    panel.desk.accept("b000002")
    panel.desk.reject("b000005")
    rows = [[sums.item(r, c).text() for c in range(6)] for r in range(sums.rowCount())]
    assert [row[0] for row in rows] == ["rearing", "still", "walking"]
    assert rows[0][1:4] == ["9", "9.00 s", "1.00 s"]
    assert rows[0][5] == "10%"
    place = sums.visualItemRect(sums.item(0, 0)).center()
    qtbot.mouseClick(sums.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert panel.filters.filter.label == {"rearing"}
    assert len(ids(panel)) == 10
    assert sums.rowCount() == 3
    qtbot.mouseClick(sums.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert len(ids(panel)) == 30


def test_several_recordings_and_animals(
    viewer: Any, panel: EthogramPanel, recording: Recording
) -> None:
    clock = Timebase.constant(25, 400)
    video = np.zeros((400, 8, 8), dtype=np.uint8)
    other = Recording("other", (View("main", clock, video=video),))
    show(viewer, other, bouts_of(6, 400, "other", animals=2))
    assert panel.desk.recording.id == "other"
    assert not panel.table.isColumnHidden(COLUMNS.index("individual"))
    assert [panel.recording.itemText(i) for i in range(3)] == [
        "Active: other", recording.id, "other",
    ]  # fmt: skip
    panel.recording.setCurrentIndex(1)
    assert panel.desk.recording.id == recording.id
    assert len(ids(panel)) == 30
    # What happens to a recording that is not shown is not heard.
    heard: list[int] = []
    panel.feed.changed.connect(lambda: heard.append(1))
    state_of(viewer).desk("other").accept("b000001")
    assert not heard
    viewer.layers.selection.active = state_of(viewer).layers_of("other")[0]
    assert panel.desk.recording.id == recording.id
    for layer in state_of(viewer).layers_of(recording.id):
        viewer.layers.remove(layer)
    assert panel.desk.recording.id == "other"
    assert panel.recording.currentText() == "other"
    assert len(ids(panel)) == 6


def test_a_panel_that_is_not_seen_waits(panel: EthogramPanel) -> None:
    panel.hide()
    panel.desk.relabel("late", "b000000")
    panel.desk.select("b000003")
    assert cells(panel, 0)["label"] == "walking"
    panel.show()
    assert cells(panel, 0)["label"] == "late"
    assert panel.table.chosen_ids() == ("b000003",)


def test_the_audit_trail_is_written(
    panel: EthogramPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.environ["NAPARI_MOUSEGPT_CORRECTIONS"]
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", str(tmp_path / "none"))
    panel.audit.export(str(tmp_path / "audit.csv"))
    assert "expected at least one correction" in panel.report.text()
    panel.audit.open_folder()
    assert "It is made with the first correction" in panel.report.text()
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", folder)
    panel.desk.relabel("late", "b000000")
    panel.audit.export(str(tmp_path / "audit.csv"))
    rows = list(csv.DictReader((tmp_path / "audit.csv").read_text().splitlines()))
    assert {"action": "relabel", "field": "label", "old": "walking", "new": "late"}.items() <= (
        next(row for row in rows if row["field"] == "label").items()
    )
    assert "Wrote 1 correction to" in panel.report.text()
    panel.audit.export(str(tmp_path / "none" / "audit.csv"))
    assert "Make the folder first" in panel.report.text()
    opened = []
    services: Any = SimpleNamespace(openUrl=lambda url: opened.append(url.toLocalFile()))
    monkeypatch.setattr(audit_buttons, "QDesktopServices", services)
    panel.audit.open_folder()
    assert list(Path(opened[0]).glob("*.jsonl"))


def test_a_refused_edit_leaves_the_table_as_it_was(
    panel: EthogramPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.desk.accept("b000000")
    panel.do("accept")
    before = [cells(panel, row) for row in range(30)]
    panel.desk.select("b000000")
    panel.do("accept")  # there is nothing to accept any more
    panel.desk.select("b000000", "b000001")
    panel.do("merge")  # of two labels
    assert [cells(panel, row) for row in range(30)] == before


def test_themes(viewer: Any, panel: EthogramPanel) -> None:
    panel.desk.reject("b000000")
    index = panel.table.model().index(0, 1)
    inks = set()
    for theme in ("light", "dark"):
        viewer.theme = theme
        inks.add(panel.table.model().data(index, Qt.ItemDataRole.ForegroundRole).name())
    assert len(inks) == 2


def test_a_hundred_thousand_bouts(viewer: Any, make_panel: Any, qtbot: Any) -> None:
    n_frames = 1_000_000
    clock = Timebase.constant(30, n_frames)
    video = np.broadcast_to(np.zeros(1, dtype=np.uint8), (n_frames, 8, 8))
    long = Recording("long", (View("main", clock, video=video),))
    show(viewer, long, bouts_of(100_000, n_frames, "long"))
    panel = make_panel()
    assert len(ids(panel)) == 100_000
    panel.filters.search.setText("wal")  # texts are looked at for the first time

    def spent(task: Callable[[], object]) -> float:
        with Cost() as cost:
            task()
            qtbot.wait(1)
        return 1000 * cost.seconds

    typing = min(spent(lambda t=t: panel.filters.search.setText(t)) for t in ("walk", "still", ""))
    panel.desk.select("b050000")
    desk = panel.desk
    columns = desk.columns()
    refill = min(
        spent(lambda: panel.table.show_columns(dict(columns), clock, panel.table.bouts.colours))
        for _ in range(3)
    )
    panel.table.selectAll()
    assert len(desk.selection) == 100_000
    assert len(panel.table.chosen_ids()) == 100_000
    # Bounds are generous: a number measured on a quiet machine stands in the documents.
    assert typing < 150
    assert refill < 300


def test_a_closed_panel_leaves_nothing(viewer: Any, recording: Recording, qtbot: Any) -> None:
    from weakref import ref

    show(viewer, recording, bouts_of(5, recording.n_frames, recording.id))
    panel = EthogramPanel(viewer)
    panel.show()
    desk = panel.desk
    gone = ref(panel)
    panel.close()
    panel.deleteLater()
    qtbot.wait(10)
    desk.accept("b000000")
    viewer.theme = "light"
    del panel
    gc.collect()
    assert gone() is None


def test_without_a_clock_there_are_frames_only(
    viewer: Any, recording: Recording, make_panel: Any
) -> None:
    for data in pose_layers(recording, clocked=False):
        viewer.add_layer(Layer.create(*data))
    panel = make_panel()
    panel.desk.set_interval(10, 40)
    panel.desk.mark("rearing")
    assert cells(panel, 0)["start"] == "10"
    assert cells(panel, 0)["length"] == "30"
    assert panel.total.text() == "1 bout · 30 frames"
    assert not panel.frames.isVisible()
    assert panel.sums.item(0, 2).text() == "30 frames"
    viewer.layers.clear()
