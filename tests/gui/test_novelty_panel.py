"""The panel "Novelty", as a user meets it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_mousegpt._napari.extras import extras_of
from napari_mousegpt._napari.novelty_show import CURVES
from napari_mousegpt._napari.novelty_source import AskPart
from napari_mousegpt._napari.outcome import ResultRow
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets import novelty_question
from napari_mousegpt._napari.widgets.novelty_answer import NoveltyAnswer
from napari_mousegpt._napari.widgets.novelty_panel import NoveltyPanel
from napari_mousegpt._napari.widgets.parts import is_alive
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.file_report import Problem
from support.novelty_study import N_FRAMES, make_study
from support.novelty_worlds import QUICK


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("novelty") / "study"
    make_study(folder)
    return folder


@pytest.fixture
def panel(
    viewer: Any, qtbot: Any, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> NoveltyPanel:
    monkeypatch.setattr("napari_mousegpt.store.folders.default_root", lambda: tmp_path)
    monkeypatch.setattr(novelty_question, "NoveltyParams", lambda: QUICK)
    panel = NoveltyPanel(viewer)
    qtbot.addWidget(panel)
    panel.show()
    panel.question.folder.path = str(study)
    return panel


def recording(name: str) -> Recording:
    clock = Timebase.constant(30, N_FRAMES)
    position = np.full((N_FRAMES, 2, 2, 1), 20.0)
    position[:, 0] += np.arange(N_FRAMES)[:, None, None] % 20
    pose = make_pose(position, np.ones((N_FRAMES, 2, 1)), ("nose", "tail_base"), ("m",), clock)
    return Recording(name, (View("main", clock, pose=pose),))


def choose_treated(panel: NoveltyPanel) -> None:
    groups = panel.roles.groups
    groups.setCurrentIndex(groups.findText("group: treated"))


def wait(panel: NoveltyPanel, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not panel.asking.busy, timeout=60_000)


def test_from_recordings_to_a_behaviour_with_an_id(
    panel: NoveltyPanel, viewer: Any, qtbot: Any
) -> None:
    assert not panel.run_button.isEnabled()
    assert "at least two new" in panel.report.text()
    choose_treated(panel)
    assert panel.run_button.isEnabled()
    show(viewer, recording("n0"))
    panel.run_button.click()
    assert panel.cancel_button.isEnabled()
    wait(panel, qtbot)
    answer = panel.answer
    assert answer.first.rowCount() == 1
    assert [answer.rates.cell(row, 0) for row in (0, 3)] == ["n0", "r0 (control)"]
    assert "in the control, where nothing is new" in panel.report.text()
    state = state_of(viewer)
    assert [curve.name for curve in extras_of(state, "n0").curves] == [CURVES["new"]]
    # A click leads to the frame; a recording that is not to be opened says so.
    name, frame = panel.asking.typical(0)
    if name != "n0":
        show(viewer, recording(name))
    answer.first.selectRow(0)
    assert state.frame(name) == frame
    assert not answer.accept.isEnabled()
    answer.name.setText("digging")
    answer.accept.click()
    wait(panel, qtbot)
    growing = panel.asking.growing()
    assert growing is not None
    cluster = growing.map.accepted[-1].cluster
    assert answer.first.cell(0, 0) == f"digging (id {cluster})"
    answer.undo.click()
    assert answer.first.cell(0, 0) == "candidate 0"
    assert not answer.undo.isEnabled()
    assert f"the id {cluster} rests" in panel.report.text()
    assert "digging" in answer.redo.toolTip()
    answer.redo.click()
    assert answer.first.cell(0, 0) == f"digging (id {cluster})"
    assert f"the id {cluster}" in panel.report.text()
    assert not answer.redo.isEnabled()
    answer.undo.click()


def endless(*_: Any, cancelled: Any) -> Iterator[AskPart]:
    while not cancelled():
        # Not faster than a window can show it.
        time.sleep(0.05)
        yield AskPart("reading vectors")


def test_a_closed_panel_asks_no_more(
    make_napari_viewer: Any, qtbot: Any, study: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("napari_mousegpt.store.folders.default_root", lambda: tmp_path)
    monkeypatch.setattr("napari_mousegpt._napari.novelty_show.new_parts", endless)
    viewer = make_napari_viewer(show=True)
    add = viewer.window.add_plugin_dock_widget
    dock, panel = add("napari-mousegpt", "Novelty")
    panel.question.folder.path = str(study)
    choose_treated(panel)
    qtbot.wait(50)
    panel.run_button.click()
    job = panel.asking.job
    # As the cross in its title bar does. Somebody still holds the panel, as Python may for long.
    dock.destroyOnClose()
    qtbot.waitUntil(lambda: job.state == "cancelled", timeout=60_000)
    assert not is_alive(panel)
    _, again = add("napari-mousegpt", "Novelty")
    again.question.folder.path = str(study)
    choose_treated(again)
    assert again.run_button.isEnabled()


def test_a_long_warning_is_shown_whole(panel: NoveltyPanel, qtbot: Any) -> None:
    panel.resize(300, 480)
    problem = "The reference is small: the threshold is rougher than it says. " * 8
    panel.report.show_parts([Said(("Flagged.",), (Problem(problem),))])
    qtbot.wait(50)
    # Only the panel scrolls: within it there is nothing more to scroll.
    report = panel.report
    assert report.height() >= report.document().size().height() > 200


def test_a_question_can_be_cancelled(
    panel: NoveltyPanel, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_treated(panel)
    monkeypatch.setattr("napari_mousegpt._napari.novelty_show.new_parts", endless)
    panel.run_button.click()
    assert not panel.run_button.isEnabled()
    panel.cancel_button.click()
    assert not panel.cancel_button.isEnabled()
    wait(panel, qtbot)
    assert panel.run_button.isEnabled()
    assert panel.answer.first.rowCount() == 0


def test_odd_is_another_question(panel: NoveltyPanel, viewer: Any, qtbot: Any) -> None:
    assert not panel.question.form.isRowVisible(panel.question.score)
    panel.question.question.setCurrentIndex(1)
    assert panel.question.form.isRowVisible(panel.question.score)
    assert panel.run_button.isEnabled()
    panel.run_button.click()
    wait(panel, qtbot)
    assert panel.answer.first.rowCount() == 30
    assert panel.answer.acts.isHidden()
    assert "Odd is not new" in panel.report.text()
    # The recording is not open, and its run knows no files: a sentence, no traceback.
    panel.answer.first.selectRow(0)
    qtbot.waitUntil(lambda: panel.going.job is not None and panel.going.job.done, timeout=60_000)
    assert panel.report.text().startswith("!")


def test_a_sorted_table_accepts_what_is_seen(qtbot: Any) -> None:
    answer = NoveltyAnswer()
    qtbot.addWidget(answer)
    rows = [
        ResultRow((f"candidate {number}", "9", "2", "3.0 x"), f"About {number}.", 0)
        for number in (4, 5, 8)
    ]
    answer.show_rows(rows, [], candidates=[4, 5, 8], done=[4])
    told: list[object] = []
    answer.chosen.connect(told.append)
    answer.clips_wanted.connect(told.append)
    answer.accepted.connect(lambda *what: told.append(what))
    answer.first.sortItems(0, Qt.SortOrder.DescendingOrder)
    assert answer.first.cell(0, 0) == "candidate 8"
    answer.first.setRowHidden(1, True)
    answer.first.selectRow(0)
    assert answer.sentence.text() == "candidate 8: About 8."
    answer.name.setText("digging")
    answer.clips.click()
    answer.accept.click()
    assert told == [8, 8, (8, "digging")]
    answer.first.selectRow(2)
    assert told[-1] == 4
    assert not answer.accept.isEnabled()  # it is accepted already


def test_recordings_that_cannot_take_part_are_named(panel: NoveltyPanel) -> None:
    assert panel.asking.source is not None
    panel.asking.source = replace(panel.asking.source, without_run=("p1", "p2"))
    panel.asking.changed.emit()
    assert "cannot take part: p1, p2." in panel.report.text()
    assert "at least two new" in panel.report.text()
    choose_treated(panel)
    assert "cannot take part: p1, p2." in panel.report.text()


def test_what_is_wrong_is_a_sentence(panel: NoveltyPanel, tmp_path: Path) -> None:
    panel.question.folder.path = str(tmp_path)
    assert "the folder of a finished run or study" in panel.report.text()
    assert panel.roles.list.count() == 9  # what was open stays
    panel.roles.choose("r0")
    panel.roles.buttons["left out"].click()
    assert panel.roles.list.item(3).text().startswith("left out:  r0")
    assert NoveltyParams().false_alarms == pytest.approx(0.05)
