"""The panel "Project and cluster" with a video encoder: choosing, fetching, running, jumping."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt._napari import encoder_choice
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.project_cluster import ProjectCluster
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.models import Consent
from napari_mousegpt.models import hub as hub_room
from napari_mousegpt.models.encoders import VideoEncoder
from napari_mousegpt.vectors import find_encoder
from support.encoder_fixtures import one_thread, parade, taught
from support.tiny_encoders import MOTIONS

__all__ = ["one_thread", "taught"]


@pytest.fixture
def field(
    example_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Recording]:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(tmp_path / "cache"))
    opened = open_recording(example_data / "openfield.mp4", example_data / "openfield.csv")
    yield opened
    opened.video.close()  # type: ignore[union-attr]


@pytest.fixture
def panel(viewer: Any, qtbot: Any) -> ProjectCluster:
    found = ProjectCluster(viewer)
    qtbot.addWidget(found)
    return found


@pytest.fixture
def settled(qtbot: Any) -> Callable[[ProjectCluster], None]:
    def wait(panel: ProjectCluster) -> None:
        qtbot.waitUntil(
            lambda: panel.encoders.choice.job is None and not panel.estimating.busy, timeout=60_000
        )

    return wait


def choose(panel: ProjectCluster, encoder: str) -> None:
    box = panel.encoders.encoder
    box.setCurrentIndex(box.findData(encoder))


def take(panel: ProjectCluster, folder: Path) -> None:
    choose(panel, encoder_choice.FOLDER)
    panel.encoders.weights.path = str(folder)


def test_from_the_choice_to_windows_that_are_alike(
    panel: ProjectCluster, viewer: Any, field: Recording, taught: Path, settled: Any, qtbot: Any
) -> None:
    show(viewer, field)
    settled(panel)
    assert panel.form.shows("bin_s")
    assert "Kinematic rules" in panel.estimate.text()
    take(panel, taught)
    settled(panel)
    told = panel.encoders.text.text()
    assert told.startswith(f"{taught.name}: swin3d")
    assert "Licence: not stated" in told
    assert "It runs on " in told
    assert "Kinematic rules" not in panel.estimate.text()
    assert "a short probe" in panel.estimate.text()
    assert not panel.form.shows("bin_s")
    assert panel.closest.isHidden()
    panel.run()
    qtbot.waitUntil(lambda: panel.job.done, timeout=60_000)
    assert panel.job.state == "finished", panel.job.error
    assert panel.results.table.rowCount() > 1
    assert [layer.name for layer in viewer.layers][-1] == "clusters"
    assert not panel.closest.isHidden()
    actions, nearest = panel.closest.actions.table, panel.closest.nearest.table
    assert {actions.cell(row, 0) for row in range(actions.rowCount())} == set(MOTIONS)
    assert "No verdict" in panel.closest.caution.text()
    result = panel.job.result.result
    # A cluster, an action, or the moment on screen: each lists the windows like it.
    panel.results.table.selectRow(1)
    assert nearest.rowCount() == 8
    first = [nearest.cell(row, 2) for row in range(8)]
    actions.selectRow(0)
    example = state_of(viewer).frame(field.id)
    assert example in result.vectors.intervals.start
    assert [nearest.cell(row, 2) for row in range(8)] != first
    before = [nearest.cell(row, 2) for row in range(8)]
    nearest.selectRow(3)
    assert state_of(viewer).frame(field.id) != example
    assert [nearest.cell(row, 2) for row in range(8)] == before
    panel.closest.here_button.click()
    assert [nearest.cell(row, 2) for row in range(8)] != before
    # Back to kinematics: nothing of it stays.
    choose(panel, "kinematic")
    assert panel.form.shows("bin_s")
    settled(panel)
    panel.run()
    qtbot.waitUntil(lambda: panel.job.done, timeout=60_000)
    assert panel.closest.isHidden()


def test_a_selected_interval_of_a_film(
    panel: ProjectCluster, viewer: Any, taught: Path, settled: Any, qtbot: Any, tmp_path: Path
) -> None:
    film = open_recording(parade(tmp_path / "film.mp4", ["right"] * 3 + ["left"] * 3))
    try:
        show(viewer, film)
        scope = panel.scope
        scope.setCurrentIndex(scope.findData("interval"))
        state_of(viewer).desk(film.id).set_interval(72, 144)
        take(panel, taught)
        panel.encoders.step.setValue(0.1)
        panel._look()
        settled(panel)
        panel.run()
        qtbot.waitUntil(lambda: panel.job.done, timeout=60_000)
        assert panel.job.state == "finished", panel.job.error
        found = panel.job.result.result.projected
        assert found is not None
        starts = found.vectors.intervals.start
        assert (starts.min(), found.vectors.intervals.stop.max() <= 144) == (72, True)
        assert panel.closest.actions.table.cell(0, 0) == "left"
    finally:
        viewer.layers.clear()
        film.video.close()  # type: ignore[union-attr]


def test_a_download_is_agreed_to_in_the_panel(
    panel: ProjectCluster,
    viewer: Any,
    field: Recording,
    taught: Path,
    settled: Any,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()

    def fetched(name: str, params: Any, progress: Any = None, **_: Any) -> Any:
        progress(3 * 10**6, 9 * 10**6)
        go.wait(60)
        return find_encoder(str(taught), params)

    monkeypatch.setattr(hub_room, "cached_model", lambda *_: None)
    show(viewer, field)
    choose(panel, "videomae-b")
    assert not panel.run_button.isEnabled()
    settled(panel)
    assert "non-commercial use only" in panel.encoders.text.text()
    assert panel.encoders.fetch_button.text().startswith("Agree and get 0.")
    assert panel.encoders.fetch_button.text().endswith("from huggingface.co")
    assert not panel.run_button.isEnabled()
    panel.run()
    assert panel.job is None
    subject = panel.encoders.choice.found.subject  # type: ignore[union-attr]
    assert not Consent().agreed("download", subject)
    monkeypatch.setattr(encoder_choice, "find_encoder", fetched)
    panel.encoders.fetch_button.click()
    assert Consent().agreed("download", subject)
    qtbot.waitUntil(lambda: "3 of 9 MB" in panel.encoders.text.text(), timeout=30_000)
    assert panel.encoders.fetch_button.isHidden()
    assert not panel.encoders.bar.isHidden()
    go.set()
    qtbot.waitUntil(lambda: panel.encoders.choice.job is None, timeout=60_000)
    assert panel.encoders.bar.isHidden()
    assert "It runs on " in panel.encoders.text.text()
    assert panel.run_button.isEnabled()
    settled(panel)


def test_what_cannot_be_used_is_said(
    panel: ProjectCluster, viewer: Any, field: Recording, settled: Any, tmp_path: Path
) -> None:
    show(viewer, field)
    choose(panel, encoder_choice.FOLDER)
    assert "Name a folder" in panel.encoders.text.text()
    assert not panel.run_button.isEnabled()
    (tmp_path / "empty").mkdir()
    take(panel, tmp_path / "empty")
    settled(panel)
    assert "config.json" in panel.encoders.text.text()
    assert "Traceback" not in panel.encoders.text.text()
    assert not panel.run_button.isEnabled()
    choose(panel, "kinematic")
    assert panel.encoders.isHidden()
    assert panel.run_button.isEnabled()
    settled(panel)


def test_a_run_stops_between_two_batches(
    panel: ProjectCluster,
    viewer: Any,
    field: Recording,
    taught: Path,
    settled: Any,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    show(viewer, field)
    take(panel, taught)
    settled(panel)
    encode, seen, go = VideoEncoder.encode, [], threading.Event()

    def slow(self: VideoEncoder, clips: Any) -> Any:
        seen.append(len(clips))
        # What comes after the third may be as quick as it likes: the panel was asked by then.
        assert len(seen) <= 3 or go.wait(60)
        return encode(self, clips)

    monkeypatch.setattr(VideoEncoder, "encode", slow)
    panel.run()
    qtbot.waitUntil(lambda: len(seen) >= 3, timeout=60_000)
    panel.cancel()
    go.set()
    qtbot.waitUntil(lambda: panel.job.done, timeout=60_000)
    assert panel.job.state == "cancelled"
    # All windows are one part of 290; a batch holds four.
    assert sum(seen) < 150
    assert "What was finished is kept" in panel.status.text()
