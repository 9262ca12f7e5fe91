"""The panel "Map", as a user meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QScrollArea

from napari_mousegpt._napari.jobs import Job
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.map_panel import MapPanel
from napari_mousegpt._napari.widgets.parts import is_alive
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from support.mapped import mapped_run

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(viewer: Any, qtbot: Any, recording: Recording, tmp_path: Path) -> Iterator[MapPanel]:
    """A panel with a map of the recording that is open."""
    show(viewer, recording)
    run = mapped_run(tmp_path / "run", recording.id, recording.n_frames // 3)
    made = MapPanel(viewer)
    qtbot.addWidget(made)
    made.resize(420, 760)
    made.show()
    assert "Project and cluster" in made.report.text()
    assert not made.tools.isEnabled()
    made.folder.path = str(run)
    qtbot.waitUntil(lambda: made.model.named is not None, timeout=60_000)
    qtbot.waitUntil(lambda: made.canvas.picture is not None and not made.model.busy, timeout=60_000)
    yield made
    made.close()
    viewer.layers.clear()


def pixel(panel: MapPanel, row: int) -> QPoint:
    x, y = panel.canvas.scene.view.pixel(*panel.canvas.scene.place(row))
    return QPoint(round(x), round(y))


def lonely(panel: MapPanel) -> int:
    """Return the row of a point that has a pixel of its own."""
    places = panel.model.places.astype(float)
    far = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    np.fill_diagonal(far, np.inf)
    return int(far.min(axis=1).argmax())


def legend(panel: MapPanel) -> list[str]:
    items = panel.legend.list
    return [items.item(row).text() for row in range(items.count())]


def shown(panel: MapPanel) -> list[str]:
    return [text.rpartition("   ")[0] for text in legend(panel)]


def test_a_click_shows_the_frame(panel: MapPanel, viewer: Any, recording: Any, qtbot: Any) -> None:
    row = lonely(panel)
    qtbot.mouseClick(panel.canvas, LEFT, pos=pixel(panel, row))
    start, stop = panel.model.points.frames(row)  # type: ignore[union-attr]
    assert state_of(viewer).frame(recording.id) == start
    assert f"frames {start:,} to {stop - 1:,}" in panel.report.text()
    assert "Click to go there" in panel._tip(row)


def test_what_is_wrong_with_a_stopped_job_is_not_told(panel: MapPanel) -> None:
    job = Job("Read the map")
    job.error, job.state = InputError("recording 'n0'", expected="vectors", found="none"), "failed"
    panel.model.job = job
    panel.model.worked.emit()
    assert "n0" in panel.report.text()
    # Stopped before, as scoring blind has begun, for example.
    job.cancel()
    panel.model.worked.emit()
    assert "n0" not in panel.report.text()


def test_a_lasso_is_drawn_with_the_mouse(panel: MapPanel, viewer: Any, qtbot: Any) -> None:
    row, canvas = lonely(panel), panel.canvas
    panel.tools.buttons["Lasso"].click()
    middle = pixel(panel, row)
    corners = [QPoint(-9, -9), QPoint(9, -9), QPoint(9, 9), QPoint(-9, 9)]
    qtbot.mousePress(canvas, LEFT, pos=middle + corners[0])
    for corner in (*corners[1:], corners[0]):
        qtbot.mouseMove(canvas, pos=middle + corner)
    qtbot.mouseRelease(canvas, LEFT, pos=middle + corners[0])
    picked = panel.model.picked
    assert picked is not None
    assert picked[row]
    px, py = canvas.scene.view.pixels(*panel.model.places.T)
    inside = (np.abs(px - middle.x()) < 9.5) & (np.abs(py - middle.y()) < 9.5)
    assert not picked[~inside].any()
    assert panel.picked.text.text().startswith("Picked: ")
    assert panel.picked.buttons["clips"].isEnabled()
    panel.picked.show_on_timeline()
    assert "shown on the timeline" in panel.report.text()
    panel.picked.label("digging")
    desk = state_of(viewer).desk(state_of(viewer).recording.id)  # type: ignore[union-attr]
    start, _ = panel.model.points.frames(row)  # type: ignore[union-attr]
    assert {(r.start, r.label) for r in desk.book.rows} == {(start, "digging")}
    panel.picked.unpick()
    assert panel.model.picked is None
    assert not panel.picked.buttons["clips"].isEnabled()


def test_names_are_changed_in_their_window(panel: MapPanel, qtbot: Any) -> None:
    panel.tools.names_button.click()
    names = panel.windows.names
    assert names is not None
    first = names._rows[0]
    item = names.table.item(0, 0)
    assert item is not None
    before = item.text()
    item.setText("freezing")
    assert "freezing" in shown(panel)
    assert before not in shown(panel)
    names.rename(first, "")
    assert names.report.text().startswith("!")
    assert names.table.cell(0, 0) == "freezing"
    names.undo_button.click()
    assert before in shown(panel)
    # A merge: two names become one, and undo brings both back.
    count = len(legend(panel))
    clips: dict[str, str] = {}
    panel.model.colours_of = lambda names: ["#123456", "#654321"]
    for side in names.merges.sides:
        side.show_bouts = lambda _, name, colour: clips.update({name: colour})
    names.merges.table.selectRow(0)
    assert names.merges.chosen is not None
    # Clips have the colours that the map gives, which others of the recording may have pushed on.
    assert clips == dict(zip(names.merges.chosen.names, ("#123456", "#654321"), strict=True))
    assert "would" in names.merges.evidence.text()
    names.merges.merge()
    assert len(legend(panel)) == count - 1
    names.undo_button.click()
    assert len(legend(panel)) == count
    names.close()
    qtbot.wait(50)


def test_what_is_chosen_changes_the_picture(panel: MapPanel, qtbot: Any) -> None:
    first = panel.canvas.picture
    assert first is not None
    assert not first.density
    panel.choices.points.setCurrentIndex(1)
    qtbot.waitUntil(lambda: panel.canvas.picture is not first, timeout=60_000)
    assert panel.canvas.picture is not None
    assert panel.canvas.picture.in_view == len(panel.model.rows) < first.in_view
    panel.level.slider.setValue(2)
    qtbot.waitUntil(lambda: panel.model.level == 2, timeout=60_000)
    named = [text for text in legend(panel) if not text.startswith("in no behaviour")]
    assert len(named) == 2
    # One name of the legend is enough.
    panel.legend.list.item(0).setSelected(True)
    assert panel.canvas.scene._left_out
    colour = panel.choices.colour
    colour.setCurrentIndex(colour.findData("label"))
    assert legend(panel)[0].startswith("not labelled")


def test_a_folder_that_is_none_is_told(panel: MapPanel, qtbot: Any, tmp_path: Path) -> None:
    panel.folder.path = str(tmp_path)
    qtbot.waitUntil(lambda: "finished run or study" in panel.report.text(), timeout=60_000)
    # What was shown is still there.
    assert panel.model.points is not None
    assert not panel.bar.isVisible()


def test_clips_of_what_is_picked_play(panel: MapPanel, qtbot: Any) -> None:
    panel.model.pick(np.array([10, 40]))
    panel.picked.show_clips()
    window = panel.windows.clips
    assert window is not None
    qtbot.waitUntil(lambda: window.clips.player.ready, timeout=60_000)
    assert window.clips.view.picture is not None
    jumped: list[tuple[str, int]] = []
    window.clips.jumped.connect(lambda *where: jumped.append(where))
    page = window.clips.player.page
    assert page is not None
    top, left = page._corner(0)
    window.clips._on_click(left + 20, top + 20)
    assert jumped[0][1] == page.cells[0].start
    window.close()
    qtbot.wait(50)


def test_it_is_empty_when_scoring_blind_begins(panel: MapPanel, viewer: Any, qtbot: Any) -> None:
    panel.tools.names_button.click()
    assert panel.windows.names is not None
    assert shown(panel)
    state_of(viewer).blinded.emit()
    assert not legend(panel)
    assert len(panel.canvas.scene) == 0
    assert not panel.tools.isEnabled()
    assert "Project and cluster" in panel.report.text()
    qtbot.waitUntil(lambda: not is_alive(panel.windows.names), timeout=60_000)
    panel.canvas.grab()


def test_what_went_wrong_is_in_sight(panel: MapPanel, qtbot: Any, tmp_path: Path) -> None:
    panel.resize(420, 420)
    area = panel.findChild(QScrollArea)
    assert area is not None
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0, timeout=60_000)
    panel.folder.path = str(tmp_path)
    qtbot.waitUntil(lambda: "finished run or study" in panel.report.text(), timeout=60_000)

    def seen() -> bool:
        part = panel.report.visibleRegion().boundingRect()
        return part.height() >= panel.report.height() - 2

    qtbot.waitUntil(seen, timeout=60_000)
