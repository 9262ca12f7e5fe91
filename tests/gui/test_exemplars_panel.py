"""The panel "Exemplars", as a user meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.exemplars import ExemplarsPanel
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import StorageError
from support.threads import Threads


@pytest.fixture
def panel(
    viewer: Any, qtbot: Any, recording: Recording, ethogram: Ethogram
) -> Iterator[ExemplarsPanel]:
    """A panel beside a recording whose bouts are two seconds of standing or walking."""
    show(viewer, recording, ethogram)
    made = ExemplarsPanel(viewer)
    qtbot.addWidget(made)
    made.choice.count.setValue(3)
    made.choice.side.setCurrentIndex(0)
    made.resize(340, 700)
    made.show()
    yield made
    made.close()
    viewer.layers.clear()  # before the video is closed


def choose(panel: ExemplarsPanel, label: str, qtbot: Any) -> None:
    panel.choice.label.setCurrentIndex(panel.choice.label.findData(label))
    qtbot.waitUntil(lambda: panel.player.ready and shown_label(panel) == label, timeout=30_000)


def shown_label(panel: ExemplarsPanel) -> str:
    page = panel.player.page
    return "" if page is None else page.cells[0].label


@pytest.fixture
def threads() -> Callable[[], int]:
    """Return what counts the threads that have come to paint, whatever older ones do."""
    seen = Threads()
    return lambda: len(seen.new("exemplars"))


def test_a_label_is_played_and_hiding_stops_it(
    threads: Callable[[], int], panel: ExemplarsPanel, qtbot: Any
) -> None:
    texts = [panel.choice.label.itemText(i) for i in range(panel.choice.label.count())]
    assert texts == ["still  (5)", "walking  (5)"]
    assert not panel.saver.mp4_button.isEnabled()
    choose(panel, "walking", qtbot)
    first = panel.view.picture
    assert first is not None
    qtbot.waitUntil(lambda: not np.array_equal(panel.view.picture, first), timeout=30_000)
    assert threads() == 1
    assert panel.saver.mp4_button.isEnabled()
    panel.hide()
    assert threads() == 0
    panel.show()
    assert threads() == 1
    panel.close()
    assert threads() == 0


def test_a_picture_that_cannot_be_painted_is_told(
    threads: Callable[[], int], panel: ExemplarsPanel, qtbot: Any
) -> None:
    choose(panel, "walking", qtbot)

    def fail(number: int) -> Any:
        raise StorageError("clips", expected="those that were read", found="a full disk")

    panel.player.loop._paint = fail  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: "a full disk" in panel.report.text(), timeout=30_000)
    assert panel.view.picture is None
    assert not panel.player.ready
    assert threads() == 0
    assert not panel._tick.isActive()
    assert not panel.saver.mp4_button.isEnabled()


def test_a_click_shows_the_bout_in_the_viewer(
    panel: ExemplarsPanel, viewer: Any, recording: Recording, qtbot: Any
) -> None:
    choose(panel, "walking", qtbot)
    page = panel.player.page
    assert page is not None
    cell = page.cells[1]
    top, left = page._corner(1)
    box, factor = panel.view._box()
    place = QPoint(int(box.left() + (left + 20) * factor), int((top + 20) * factor))
    assert panel._tip(left + 20, top + 20).endswith("click to go there")
    qtbot.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=place)
    state = state_of(viewer)
    assert state.frame(recording.id) == cell.start
    assert state.desk(recording.id).selection == (cell.bout_id,)


def test_corrections_change_what_is_shown(
    panel: ExemplarsPanel, viewer: Any, recording: Recording, qtbot: Any
) -> None:
    choose(panel, "walking", qtbot)
    page, desk = panel.player.page, state_of(viewer).desk(recording.id)
    assert page is not None
    still = desk.ethogram.bouts.select(label="still").column("bout_id")[0]
    desk.reject(still)
    qtbot.wait(600)
    assert panel.player.page is page  # nothing else is read for another label
    gone = page.cells[0].bout_id
    desk.reject(gone)
    qtbot.waitUntil(lambda: panel.player.page is not page and panel.player.ready, timeout=30_000)
    assert panel.player.page is not None
    assert gone not in {cell.bout_id for cell in panel.player.page.cells}
    assert panel.choice.label.currentText() == "walking  (4)"


def test_a_movie_is_saved_and_stopping_leaves_nothing(
    panel: ExemplarsPanel, qtbot: Any, tmp_path: Path
) -> None:
    choose(panel, "still", qtbot)
    for name in ("a.mp4", "a.gif"):
        panel.saver.save(tmp_path / name)
        assert panel.saver.cancel_button.isVisibleTo(panel)
        qtbot.waitUntil(lambda: not panel.saver.busy, timeout=30_000)
        assert panel.report.text() == f"The movie lies in {tmp_path / name}."
        with av.open(str(tmp_path / name)) as file:
            # Half a second, two seconds, half a second.
            assert sum(1 for _ in file.decode(video=0)) == 90
    panel.saver.save(tmp_path / "a.mp4")
    assert "one that is there already" in panel.report.text()
    panel.saver.save(tmp_path / "b.mp4")
    panel.saver.cancel()
    qtbot.waitUntil(lambda: not panel.saver.busy, timeout=30_000)
    assert panel.report.text() == "Cancelled: nothing was written."
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.gif", "a.mp4"]


def test_without_a_recording_or_labels_it_says_what_to_do(viewer: Any, qtbot: Any) -> None:
    panel = ExemplarsPanel(viewer)
    qtbot.addWidget(panel)
    panel.show()
    panel.refresh()
    assert panel.report.text() == "Open a recording first."
    assert not panel.saver.mp4_button.isEnabled()


def test_a_recording_that_is_closed_takes_its_clips_away(
    threads: Callable[[], int], panel: ExemplarsPanel, viewer: Any, qtbot: Any
) -> None:
    choose(panel, "walking", qtbot)
    viewer.layers.clear()
    qtbot.waitUntil(lambda: panel.player.page is None, timeout=30_000)
    assert panel.view.picture is None
    assert threads() == 0


def test_all_open_recordings_give_their_share(
    panel: ExemplarsPanel, viewer: Any, recording: Recording, ethogram: Ethogram, qtbot: Any
) -> None:
    assert not panel.choice.everywhere.isVisibleTo(panel)
    other = replace(recording, id="other")
    show(viewer, other, Ethogram(ethogram.bouts.assign(recording="other", bout_id="")))
    assert panel.choice.everywhere.isVisibleTo(panel)
    panel.choice.everywhere.setChecked(True)
    assert panel.choice.label.itemText(1) == "walking  (10)"
    choose(panel, "walking", qtbot)
    qtbot.waitUntil(
        lambda: panel.player.ready and len(shown_recordings(panel)) == 2, timeout=30_000
    )


def shown_recordings(panel: ExemplarsPanel) -> set[str]:
    page = panel.player.page
    return set() if page is None else {cell.recording for cell in page.cells}


def test_a_recording_without_a_video_says_what_to_do(
    viewer: Any, qtbot: Any, recording: Recording, ethogram: Ethogram
) -> None:
    blind = replace(recording, views=(replace(recording.primary, video=None),))
    show(viewer, blind, ethogram)
    panel = ExemplarsPanel(viewer)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: "a video, to cut clips out of" in panel.report.text(), timeout=30_000)
    assert panel.view.picture is None
    assert not panel.saver.mp4_button.isEnabled()
