"""Panels take their places: the timeline below the picture, the others behind each other."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QTabBar

from napari_mousegpt._napari.widgets import docking

PLUGIN = "napari-mousegpt"
RIGHT, BELOW = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Where napari remembers that docks were."""
    known: dict[str, str] = {}
    monkeypatch.setattr(docking, "_places", lambda: known)
    return known


def opened(viewer: Any, name: str, qtbot: Any) -> tuple[QMainWindow, QDockWidget]:
    dock, _ = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    qtbot.wait(30)
    main = dock.parent()
    assert isinstance(main, QMainWindow)
    return main, dock


def test_panels_share_a_place_and_the_timeline_is_below(
    make_napari_viewer: Any, places: dict[str, str], qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    main, first = opened(viewer, "Open recording", qtbot)
    assert main.dockWidgetArea(first) == RIGHT
    assert not main.tabifiedDockWidgets(first)
    _, timeline = opened(viewer, "Timeline", qtbot)
    _, second = opened(viewer, "Keys", qtbot)
    _, third = opened(viewer, "Export", qtbot)
    assert main.dockWidgetArea(timeline) == BELOW
    assert not main.tabifiedDockWidgets(timeline)
    assert set(main.tabifiedDockWidgets(first)) == {second, third}
    # The one that was opened last is seen, under its own name.
    assert [dock.isVisible() for dock in (third, timeline)] == [True, True]
    assert not third.visibleRegion().isEmpty()
    assert first.visibleRegion().isEmpty()
    bars = [bar for bar in main.findChildren(QTabBar) if bar.count() == 3]
    assert [bars[0].tabText(i) for i in range(3)] == ["Open recording", "Keys", "Export"]
    # Their names are not cut: what has no room can be scrolled to.
    assert bars[0].elideMode() == Qt.TextElideMode.ElideNone
    # The window need not grow for them, and most of it is left to the picture.
    assert main.height() <= 810
    assert timeline.height() < 300
    for name in ("Arena", "Describe", "Project and cluster", "Ethogram", "Exemplars"):
        opened(viewer, name, qtbot)
    assert main.height() <= 810
    assert len(main.tabifiedDockWidgets(first)) == 7
    QApplication.processEvents()


def test_after_the_timeline_a_panel_leaves_the_picture_its_room(
    make_napari_viewer: Any, places: dict[str, str], qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    opened(viewer, "Timeline", qtbot)
    _, first = opened(viewer, "Open recording", qtbot)
    # Qt remembers how wide the timeline was before it went below.
    qtbot.waitUntil(lambda: 0 < first.width() < 500, timeout=30_000)
    assert first.width() < viewer.window.geometry()[2] / 2


def test_a_place_that_the_user_gave_is_kept(
    make_napari_viewer: Any, places: dict[str, str], qtbot: Any
) -> None:
    places[f"Timeline ({PLUGIN})"] = "right"
    viewer = make_napari_viewer(show=True)
    main, other = opened(viewer, "Keys", qtbot)
    area = main.dockWidgetArea(opened(viewer, "Timeline", qtbot)[1])
    # napari reads the place by itself; here it knows nothing of it, and has put it at the right.
    assert area != BELOW
    assert not main.tabifiedDockWidgets(other)
    # A panel that was taken out of the window is left alone.
    _, third = opened(viewer, "Export", qtbot)
    third.setFloating(True)
    _, fourth = opened(viewer, "Arena", qtbot)
    assert main.tabifiedDockWidgets(fourth) == [other]
