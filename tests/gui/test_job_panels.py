"""The panels "Describe" and "Project and cluster", as a user meets them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from napari.layers import Layer
from napari.utils.notifications import notification_manager

from napari_mousegpt._napari import panel_run, run_settings
from napari_mousegpt._napari.readers import read_pose
from napari_mousegpt._napari.run_settings import RunSettings
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.describe import Describe
from napari_mousegpt._napari.widgets.project_cluster import ProjectCluster
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import SampleFiles
from napari_mousegpt.words import describe_params
from support.held import held_after_first
from support.pace import slowness


@pytest.fixture
def wait(qtbot: Any) -> Callable[[Any], None]:
    return lambda job: qtbot.waitUntil(lambda: job.done, timeout=60_000)


@pytest.fixture
def settled(qtbot: Any) -> Callable[[Any], None]:
    """Return what waits until a panel knows how long a run will take."""
    return lambda panel: qtbot.waitUntil(lambda: not panel.estimating.busy, timeout=30_000)


@pytest.fixture
def describing(viewer: Any, qtbot: Any) -> Describe:
    panel = Describe(viewer)
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def clustering(viewer: Any, qtbot: Any) -> ProjectCluster:
    panel = ProjectCluster(viewer)
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let the panels run parts that wait for each other, instead of the real chain."""
    go = threading.Event()

    def parts(*_: Any) -> Iterator[Any]:
        for done in range(1, 100):
            yield SimpleNamespace(done=done, total=100, step="words", resumed=False)
            go.wait(60)

    monkeypatch.setattr(panel_run, "run_parts", parts)
    return go


def choose(panel: Any, scope: str) -> None:
    panel.scope.setCurrentIndex(panel.scope.findData(scope))


def labels_in(viewer: Any, name: str = "labels") -> Any:
    (ethogram,) = [
        found
        for layer, found in state_of(viewer).ethograms(state_of(viewer).recording.id).items()
        if layer == name
    ]
    return ethogram


def test_words_come_with_examples_to_jump_to(
    describing: Describe, viewer: Any, recording: Recording, wait: Any, settled: Any
) -> None:
    assert not describing.run_button.isEnabled()
    assert "Open a recording first" in describing.subject.text()
    assert describing.estimate.text() == ""
    show(viewer, recording)
    assert describing.run_button.isEnabled()
    settled(describing)
    said = describing.estimate.text()
    assert said.startswith("Kinematic rules, no model needed, on the CPU.\nAbout ")
    assert " of memory" in said
    describing.run()
    assert describing.cancel_button.isEnabled()
    assert not describing.run_button.isEnabled()
    wait(describing.job)
    assert describing.job.state == "finished", describing.job.error
    assert describing.run_button.isEnabled()
    assert not describing.cancel_button.isEnabled()
    assert "Results: " in describing.status.text()
    assert "Words: " not in describing.status.text()
    table = describing.results.table
    assert set(labels_in(viewer).labels) == {table.cell(row, 0) for row in range(table.rowCount())}
    assert table.cell(0, 3).startswith("at ")
    for row in range(table.rowCount()):
        table.selectRow(row)
        label = table.cell(row, 0)
        assert describing.results.sentence.text().startswith(f"{label}: ")
        frame = state_of(viewer).frame(recording.id)
        assert label in labels_in(viewer).bouts.at(frame).column("label")


def test_results_come_as_they_are_made(
    describing: Describe,
    viewer: Any,
    recording: Recording,
    wait: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Fifteen stretches in parts of four.
    monkeypatch.setitem(describe_params._PER_PART, True, 4)
    show(viewer, recording)
    describing.work.preview_every_s = 0.0
    describing.run()
    seen: list[int] = []
    describing.job.progressed.connect(
        lambda part: part.step == "words" and seen.append(len(labels_in(viewer)))
    )
    wait(describing.job)
    assert describing.job.state == "finished", describing.job.error
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1]


def test_clusters_come_with_typical_moments(
    clustering: ProjectCluster, viewer: Any, recording: Recording, wait: Any, settled: Any
) -> None:
    show(viewer, recording)
    settled(clustering)
    clustering.run()
    wait(clustering.job)
    assert clustering.job.state == "finished", clustering.job.error
    clusters = clustering.job.result.result.groups.clusters
    table = clustering.results.table
    assert table.rowCount() == len(clusters) > 1
    assert [layer.name for layer in viewer.layers][-1] == "clusters"
    assert "Clusters: " not in clustering.status.text()
    for row in range(table.rowCount()):
        table.selectRow(row)
        mine = clusters[clusters["name"] == table.cell(row, 0)]
        assert state_of(viewer).frame(recording.id) == mine["medoid_start"].iloc[0]
    # Once more: found finished, and the layer is replaced.
    layers = [layer.name for layer in viewer.layers]
    clustering.run()
    wait(clustering.job)
    assert [layer.name for layer in viewer.layers] == layers


def test_only_what_is_selected_or_visible_is_described(
    describing: Describe, viewer: Any, recording: Recording, wait: Any, settled: Any
) -> None:
    show(viewer, recording)
    choose(describing, "interval")
    assert "Nothing is selected" in describing.subject.text()
    assert not describing.run_button.isEnabled()
    state = state_of(viewer)
    state.desk(recording.id).set_interval(150, 300)
    describing._tick()  # the panel is not on screen, so its clock does not look
    describing._look()
    assert describing.subject.text() == f"{recording.id}: frames 150 to 299, 5.0 s."
    settled(describing)
    describing.run()
    wait(describing.job)
    found = labels_in(viewer)
    assert (found.bouts.start.min(), found.bouts.stop.max()) == (150, 300)
    choose(describing, "visible")
    assert "The timeline is not open" in describing.subject.text()
    state.set_visible(recording.id, 300, 420)
    describing.run()
    wait(describing.job)
    # What was described before stays.
    found = labels_in(viewer)
    assert (found.bouts.start.min(), found.bouts.stop.max()) == (150, 420)
    describing.run()
    wait(describing.job)
    again = labels_in(viewer)
    assert [*again.bouts.start] == [*found.bouts.start]


def test_every_recording_of_a_study(
    clustering: ProjectCluster,
    viewer: Any,
    sample_files: SampleFiles,
    recording: Recording,
    wait: Any,
    settled: Any,
    tmp_path: Path,
) -> None:
    table = tmp_path / "study.csv"
    video, pose = sample_files.video, sample_files.pose
    table.write_text(
        "recording,animal,video,pose\n"
        f"{recording.id},m1,{video},{pose}\nlost,m2,{tmp_path / 'none.mp4'},\n"
    )
    show(viewer, recording)
    choose(clustering, "study")
    assert "Choose a study table" in clustering.subject.text()
    assert not clustering.run_button.isEnabled()
    clustering.study.path = str(tmp_path / "other.csv")
    assert "There is no file" in clustering.subject.text()
    clustering.study.path = str(table)
    settled(clustering)
    assert "1 of 2 recordings" in clustering.estimate.text()
    clustering.out.path = str(tmp_path / "out")
    clustering.run()
    wait(clustering.job)
    assert clustering.job.state == "finished", clustering.job.error
    assert "1 of 2 recordings done." in clustering.status.text()
    assert "! lost: video" in clustering.status.text()
    assert (tmp_path / "out" / "result" / "study.csv").exists()
    # The recording that is open shows its part.
    assert len(labels_in(viewer, "clusters"))
    clustering.results.table.selectRow(0)
    assert state_of(viewer).frame(recording.id) > 0


def test_a_run_can_be_cancelled_and_says_so(
    describing: Describe,
    viewer: Any,
    recording: Recording,
    wait: Any,
    slow: threading.Event,
    qtbot: Any,
) -> None:
    show(viewer, recording)
    describing.run()
    qtbot.waitUntil(
        lambda: describing.status.text().startswith("Describing, 1 of 100"), timeout=30_000
    )
    assert describing.bar.maximum() == 1000
    describing.cancel()
    assert "Stopping" in describing.status.text()
    describing._tick()
    assert "Stopping" in describing.status.text()
    slow.set()
    wait(describing.job)
    assert describing.job.state == "cancelled"
    assert "What was finished is kept" in describing.status.text()
    assert describing.run_button.isEnabled()
    assert not describing.cancel_button.isEnabled()


def test_measuring_pictures_stops_within_a_piece_and_goes_on(
    describing: Describe,
    viewer: Any,
    sample_files: SampleFiles,
    wait: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()
    monkeypatch.setattr(panel_run, "run_parts", held_after_first(panel_run.run_parts, go))
    recording = open_recording(sample_files.video)
    try:
        show(viewer, recording)
        describing.run()
        took: list[float] = []
        done: list[int] = []

        def on_part(part: Any) -> None:
            took.append(time.monotonic())
            done.append(part.done)
            if part.done == 1:
                describing.cancel()
                go.set()

        describing.job.progressed.connect(on_part)
        wait(describing.job)
        stopped = time.monotonic() - took[0]
        assert describing.job.state == "cancelled"
        assert len(done) <= 2 < describing.job.progress[1]
        # Not the rest of the recording: one piece, and what the window needs.
        assert stopped / slowness(time.perf_counter) < 10
        describing.run()
        resumed: list[bool] = []
        describing.job.progressed.connect(
            lambda part: part.step == "features" and resumed.append(part.resumed)
        )
        wait(describing.job)
        assert describing.job.state == "finished", describing.job.error
        assert resumed[: len(done)] == [True] * len(done)
        assert not all(resumed)
        # Labels stand beside the silhouette.
        assert len(labels_in(viewer))
    finally:
        viewer.layers.clear()
        recording.video.close()  # type: ignore[union-attr]


def test_removing_the_recording_during_a_run(
    describing: Describe,
    viewer: Any,
    recording: Recording,
    wait: Any,
    settled: Any,
    tmp_path: Path,
) -> None:
    show(viewer, recording)
    settled(describing)
    before = len(notification_manager.records)
    describing.out.path = str(tmp_path / "out")
    describing.run()
    viewer.layers.clear()
    wait(describing.job)
    assert describing.job.state == "finished", describing.job.error
    assert "is not open any more" in describing.status.text()
    assert str(tmp_path / "out") in describing.status.text()
    assert not len(viewer.layers)
    assert len(notification_manager.records) == before
    describing.results.table.selectRow(0)
    assert "is not open any more" in describing.results.sentence.text()
    show(viewer, recording)
    describing.run()
    wait(describing.job)
    assert len(labels_in(viewer))


def test_removing_the_video_layer_alone_leaves_the_results(
    describing: Describe, viewer: Any, recording: Recording, wait: Any
) -> None:
    show(viewer, recording)
    describing.run()
    viewer.layers.remove(viewer.layers[recording.id])
    wait(describing.job)
    assert describing.job.state == "finished", describing.job.error
    assert recording.id not in viewer.layers
    assert len(labels_in(viewer))


def test_closing_the_window_during_a_run_leaves_it_resumable(
    make_napari_viewer: Any,
    recording: Recording,
    qtbot: Any,
    settled: Any,
    tmp_path: Path,
) -> None:
    viewer = make_napari_viewer()
    panel = Describe(viewer)
    viewer.window.add_dock_widget(panel, name="Describe")
    show(viewer, recording)
    settled(panel)
    before = len(notification_manager.records)
    panel.out.path = str(tmp_path / "out")
    panel.run()
    job = panel.job
    seen: list[str] = []
    job.ended.connect(lambda job: seen.append(job.state))
    viewer.close()
    qtbot.waitUntil(lambda: job.done, timeout=60_000)
    assert seen == ["cancelled"]
    assert len(notification_manager.records) == before
    del panel
    import napari_mousegpt as mg
    from napari_mousegpt.runs import RunParams

    # Nobody holds the folder, and it is gone on with.
    mg.run(recording, tmp_path / "out", RunParams(make="words"))


def test_a_panel_closed_during_a_run_cancels_it(
    window: Any, recording: Recording, qtbot: Any, slow: threading.Event, settled: Any
) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    show(window, recording)
    panel = Describe(window)
    dock = window.window.add_dock_widget(panel, name="Describe")
    settled(panel)
    panel.run()
    job = panel.job
    window.window.remove_dock_widget(dock)
    panel.deleteLater()
    del panel, dock
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    slow.set()
    qtbot.waitUntil(lambda: job.done, timeout=60_000)
    assert job.state == "cancelled"
    window.dims.set_current_step(0, 5)


def test_a_wrong_folder_is_told_in_the_panel(
    describing: Describe, viewer: Any, recording: Recording, wait: Any, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("not a run")
    show(viewer, recording)
    describing.out.path = str(tmp_path)
    describing.run()
    wait(describing.job)
    assert "other files (notes.txt)" in describing.status.text()


def test_settings_choose_the_folder_and_limit_the_memory(
    describing: Describe,
    viewer: Any,
    recording: Recording,
    wait: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    show(viewer, recording)
    limit = SimpleNamespace(folder=str(tmp_path / "runs"), memory_gb=0.05)
    monkeypatch.setattr(run_settings, "run_section", lambda: limit)
    assert run_settings.run_settings() == RunSettings(str(tmp_path / "runs"), 0.05)
    describing.run()
    assert describing.job is None
    assert "memory: expected at most 0.05 GB" in describing.status.text()
    limit.memory_gb = 4.0
    describing.run()
    wait(describing.job)
    (made,) = (tmp_path / "runs").iterdir()
    assert str(made) in describing.status.text()


def test_a_pose_without_a_rate_is_not_analysed(
    describing: Describe, viewer: Any, sample_files: SampleFiles
) -> None:
    for item in read_pose(str(sample_files.pose)):
        viewer.add_layer(Layer.create(*item))
    assert not describing.run_button.isEnabled()
    assert "no frame rate" in describing.subject.text()


def test_a_bad_value_is_told_in_the_panel(
    clustering: ProjectCluster, viewer: Any, recording: Recording
) -> None:
    show(viewer, recording)
    clustering.form.set("bin_s", 0.0)
    clustering.run()
    assert "bin_s" in clustering.status.text()
    assert clustering.job is None


def test_only_fields_that_count_are_shown(describing: Describe) -> None:
    assert describing.form.shows("longest_s")
    assert not describing.form.shows("window_s")
    describing.form.set("segments", "windows")
    assert describing.form.shows("window_s")
    assert not describing.form.shows("longest_s")
