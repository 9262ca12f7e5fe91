"""The panel "Arena", as a user meets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QWidget

from napari_mousegpt._napari.arena_layer import drawn_in
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.arena import ArenaPanel
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.arenas import load_arenas
from napari_mousegpt.io.labels import read_bouts

WEST = np.array([[0.0, 0], [0, 64], [96, 64], [96, 0]])
EAST = np.array([[0.0, 64], [0, 128], [96, 128], [96, 64]])
WALL = np.array([[5.0, 4], [5, 124]])
NAME, WHAT, ARENA, CM = range(4)


@pytest.fixture
def panel(viewer: Any, qtbot: Any) -> ArenaPanel:
    made = ArenaPanel(viewer)
    qtbot.addWidget(made)
    return made


def settle(qtbot: Any, panel: ArenaPanel, count: int) -> None:
    """Wait until the shapes that were drawn are in the table."""
    qtbot.waitUntil(lambda: panel.shapes.rowCount() == count, timeout=30_000)


def test_drawing_naming_measuring_and_keeping(
    panel: ArenaPanel, viewer: Any, recording: Recording, qtbot: Any, tmp_path: Path
) -> None:
    assert "Open a recording first" in panel.report.text()
    assert not panel.save_button.isEnabled()
    show(viewer, recording)
    assert "Draw the zones" in panel.report.text()
    panel.draw("add_rectangle")
    layer = panel.desk.layer
    assert layer is not None
    assert layer.mode == "add_rectangle"
    assert viewer.layers.selection.active is layer
    layer.add_rectangles([WEST, EAST])
    layer.add_lines(WALL)
    settle(qtbot, panel, 3)
    assert "Write it into its row" in panel.report.text()
    panel.shapes.item(2, CM).setText("20 cm")
    panel.shapes.item(0, NAME).setText("west")
    panel.shapes.item(1, NAME).setText("east")
    assert panel.report.text() == f"{recording.id}: 2 zones in 1 arena(s)."
    assert panel.owners.cell(0, 2) == "6 px/cm"
    assert list(layer.features["name"]) == ["west", "east", "length 1"]

    panel.visits.measure()
    qtbot.waitUntil(lambda: panel.visits.job is not None and panel.visits.job.done, timeout=30_000)
    assert panel.visits.job.state == "finished", panel.visits.job.error
    table = panel.visits.table
    assert [table.cell(row, 0) for row in range(2)] == ["west", "east"]
    shares = [float(table.cell(row, 2).split("(")[1].rstrip("%)")) for row in range(2)]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert "zones" in viewer.layers
    assert state_of(viewer).desk(recording.id).all_labels == set()
    table.selectRow(1)
    first = table.cell(1, 3)
    assert first == f"{state_of(viewer).frame(recording.id) / 30:.1f} s"  # type: ignore[operator]
    # Measured again, the layer of the time before is replaced.
    panel.visits.measure()
    qtbot.waitUntil(lambda: panel.visits.job.done, timeout=30_000)
    assert [layer.name for layer in viewer.layers].count("zones") == 1

    panel.visits.export(str(tmp_path / "visits.csv"))
    assert "visits_summary.csv" in panel.report.text()
    assert set(read_bouts(tmp_path / "visits.csv").labels) == {"west", "east"}
    panel.save(str(tmp_path / "arena.json"))
    (arena,) = load_arenas(tmp_path / "arena.json", picture_size=(128, 96))
    assert arena.pixels_per_cm == 6
    assert panel.report.text() == f"Saved {tmp_path / 'arena.json'}."
    opened = state_of(viewer).recording
    assert opened is not None
    assert opened.primary.arenas[0].to_dict() == arena.to_dict()


def test_a_folder_that_cannot_be_written_is_told(
    panel: ArenaPanel, viewer: Any, recording: Recording, tmp_path: Path
) -> None:
    show(viewer, recording)
    panel.new()
    panel.save(str(tmp_path / "arena.json"))
    assert "Draw a zone on the picture first." in panel.report.text()
    panel.desk.layer.add_rectangles(WEST)  # type: ignore[union-attr]
    (tmp_path / "file").write_text("")
    panel.save(str(tmp_path / "file" / "arena.json"))
    assert panel.report.text().startswith("! ")
    assert "choose another path" in panel.report.text()
    panel.visits.export(str(tmp_path / "visits.csv"))
    assert "Measure them first." in panel.report.text()
    panel.load(str(tmp_path / "file"))
    assert panel.report.text().startswith("! ")
    assert len(panel.desk.layer.data) == 1  # type: ignore[union-attr]


def test_a_border_that_crosses_itself_is_told_until_it_is_mended(
    panel: ArenaPanel, viewer: Any, recording: Recording, qtbot: Any
) -> None:
    show(viewer, recording)
    panel.new()
    layer: Any = panel.desk.layer
    layer.add_polygons(WEST[[0, 2, 1, 3]])
    settle(qtbot, panel, 1)
    assert "border that does not cross itself" in panel.report.text()
    panel.visits.measure()
    assert panel.visits.job is None
    assert "zone 'zone 1'" in panel.report.text()
    layer.data = [WEST]
    qtbot.waitUntil(lambda: "1 zones in 1 arena" in panel.report.text(), timeout=30_000)


def test_what_a_shape_is_can_be_chosen(
    panel: ArenaPanel, viewer: Any, recording: Recording, qtbot: Any
) -> None:
    show(viewer, recording)
    panel.new()
    layer: Any = panel.desk.layer
    layer.add_rectangles([WEST, EAST])
    settle(qtbot, panel, 2)
    for row, arena in enumerate("AB"):
        box = panel.shapes.cellWidget(row, WHAT)
        assert isinstance(box, QComboBox)
        box.setCurrentText("outline")
        panel.shapes.item(row, ARENA).setText(arena)
    assert [arena.name for arena in panel.desk.arenas()] == ["A", "B"]
    animal = panel.owners.cellWidget(1, 1)
    assert isinstance(animal, QComboBox)
    animal.setCurrentIndex(1)
    assert panel.desk.arenas()[1].individual == recording.individuals[0]
    assert panel.desk.arenas()[0].individual is None


def test_layers_come_go_and_are_renamed(
    panel: ArenaPanel, viewer: Any, recording: Recording, qtbot: Any
) -> None:
    show(viewer, recording)
    foreign = viewer.add_shapes([WEST], name="mine")
    # A layer of somebody else is left alone until it is chosen.
    assert panel.desk.layer is None
    assert "what" not in foreign.features
    panel.layer.setCurrentIndex(panel.layer.findData("mine"))
    assert panel.desk.layer is foreign
    assert panel.shapes.cell(0, NAME) == "zone 1"
    foreign.name = "cage"
    assert panel.layer.currentData() == "cage"
    assert panel.desk.layer is foreign
    viewer.layers.remove(foreign)
    assert panel.desk.layer is None
    assert panel.shapes.rowCount() == 0
    panel.save("/nowhere/arena.json")
    assert "Draw a zone on the picture first." in panel.report.text()
    panel.draw("add_ellipse")
    assert panel.desk.layer is not None
    viewer.layers.clear()
    assert panel.desk.layer is None
    panel.new()
    assert 'Open it under "Open recording"' in panel.report.text()


def test_an_arena_opened_with_the_recording_is_taken_up(
    panel: ArenaPanel, viewer: Any, recording: Recording, qtbot: Any, tmp_path: Path
) -> None:
    show(viewer, recording)
    panel.new()
    panel.desk.layer.add_rectangles(WEST)  # type: ignore[union-attr]
    panel.save(str(tmp_path / "a.json"))
    placed = state_of(viewer).recording
    viewer.layers.clear()
    show(viewer, placed)
    assert panel.desk.layer is viewer.layers[f"{recording.id} arena"]
    assert panel.shapes.cell(0, NAME) == "zone 1"
    panel.load(str(tmp_path / "a.json"))
    assert panel.report.text() == f"Loaded {tmp_path / 'a.json'}."


def test_drawing_with_the_mouse_in_a_window(
    make_napari_viewer: Any, recording: Recording, qtbot: Any
) -> None:
    window = make_napari_viewer(show=True)
    show(window, recording)
    dock, panel = window.window.add_plugin_dock_widget("napari-mousegpt", "Arena")
    panel.new()
    layer = panel.desk.layer
    layer.add_rectangles([WEST, EAST])
    layer.add_ellipses(WEST * 0.5)
    layer.add_lines(WALL)
    settle(qtbot, panel, 4)
    # Colours of shapes are those their names have as labels; names are drawn in every frame.
    assert len({tuple(colour) for colour in layer.edge_color}) == 4
    window.dims.set_current_step(0, 300)
    assert len(layer.text.values) == 4
    layer.selected_data = {0}
    layer.remove_selected()
    settle(qtbot, panel, 3)
    assert panel.shapes.cell(0, NAME) == "zone 2"
    window.theme = "light"
    window.window.remove_dock_widget(dock)


def test_a_polygon_is_looked_at_when_it_is_finished(
    make_napari_viewer: Any, recording: Recording, qtbot: Any
) -> None:
    window = make_napari_viewer(show=True)
    show(window, recording)
    dock, panel = window.window.add_plugin_dock_widget("napari-mousegpt", "Arena")
    canvas = next(
        widget
        for top in QApplication.topLevelWidgets()
        for widget in top.findChildren(QWidget)
        if "CanvasBackend" in type(widget).__name__
    )
    panel.draw("add_polygon")
    qtbot.wait(50)
    middle = canvas.rect().center()
    for dx, dy in ((-60, -40), (60, -40), (60, 40), (-60, 40)):
        spot = middle + QPoint(dx, dy)
        QTest.mouseMove(canvas, spot)
        qtbot.wait(20)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=spot)
        qtbot.wait(350)
        # While it is being drawn, napari has a line in its place.
        assert panel.shapes.rowCount() == 0
    # A click on a button finishes it.
    panel.visits.measure()
    assert [(d.name, d.what) for d in drawn_in(panel.desk.layer)] == [("zone 1", "zone")]
    assert len(panel.desk.arenas()[0].zones[0].polygon) == 4
    qtbot.waitUntil(lambda: panel.visits.job.done, timeout=30_000)
    assert panel.visits.job.state == "finished", panel.visits.job.error
    settle(qtbot, panel, 1)
    window.window.remove_dock_widget(dock)
