"""The panels, as a user meets them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.layers import Layer

from napari_mousegpt._napari.readers import read_pose
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets import run_analysis
from napari_mousegpt._napari.widgets.form import ParamsForm
from napari_mousegpt._napari.widgets.open_recording import OpenRecording
from napari_mousegpt._napari.widgets.parts import PathEdit, Text, error_text
from napari_mousegpt._napari.widgets.run_analysis import RunAnalysis
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.samples import SampleFiles
from napari_mousegpt.runs.chain import RunParams


@pytest.fixture
def wait(qtbot: Any) -> Callable[[Any], None]:
    return lambda job: qtbot.waitUntil(lambda: job.done, timeout=60_000)


@pytest.fixture
def opening(viewer: Any, qtbot: Any) -> OpenRecording:
    panel = OpenRecording(viewer)
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def running(viewer: Any, qtbot: Any) -> RunAnalysis:
    panel = RunAnalysis(viewer)
    qtbot.addWidget(panel)
    return panel


def test_panels_come_from_the_plugin_menu(window: Any) -> None:
    for name, kind in (("Open recording", OpenRecording), ("Describe and cluster", RunAnalysis)):
        dock, panel = window.window.add_plugin_dock_widget("napari-mousegpt", name)
        assert isinstance(panel, kind)
        assert panel._state is state_of(window)
        window.window.remove_dock_widget(dock)


def test_files_are_looked_at_and_opened(
    opening: OpenRecording, viewer: Any, sample_files: SampleFiles, wait: Any, qtbot: Any
) -> None:
    opening.video.path = str(sample_files.video)
    opening.pose.path = str(sample_files.pose)
    qtbot.waitUntil(lambda: "keypoints" in opening.report.text(), timeout=30_000)
    assert "600" in opening.report.text()
    opening.open()
    assert not opening.open_button.isEnabled()
    wait(opening.job)
    assert opening.open_button.isEnabled()
    assert opening.report.text().startswith("openfield_sample: 600 frames, 20.0 s, 30 frames per")
    assert [layer.name for layer in viewer.layers] == ["openfield_sample", "skeleton", "pose"]


def test_what_is_wrong_stands_in_the_panel(
    opening: OpenRecording, viewer: Any, sample_files: SampleFiles, wait: Any, tmp_path: Path
) -> None:
    opening.open()
    wait(opening.job)
    assert "expected a video or a pose, found neither" in opening.report.text()
    short = tmp_path / "short.csv"
    short.write_text("\n".join(sample_files.pose.read_text().splitlines()[:-7]) + "\n")
    opening.video.line.setText(str(sample_files.video))
    opening.pose.line.setText(str(short))
    opening.open()
    wait(opening.job)
    assert "expected 600 rows" in opening.report.text()
    assert "If lengths differ" in opening.report.text()
    assert len(viewer.layers) == 0
    opening.mismatch.setCurrentIndex(opening.mismatch.findData("pad"))
    opening.open()
    wait(opening.job)
    assert "Lengths differed: pad: 593 rows for 600 pictures" in opening.report.text()
    assert len(viewer.layers) == 3


def test_a_layer_of_another_plugin_is_offered_as_video(
    opening: OpenRecording, viewer: Any, wait: Any
) -> None:
    assert not opening._form.isRowVisible(opening.layer)
    viewer.add_image(np.zeros((40, 8, 8, 3), np.uint8), rgb=True, name="other reader")
    assert opening._form.isRowVisible(opening.layer)
    opening.layer.setCurrentIndex(opening.layer.findData("other reader"))
    opening.open()
    wait(opening.job)
    assert "Give fps=" in opening.report.text() or "frame rate" in opening.report.text()
    opening.fps.setText("25")
    opening.open()
    wait(opening.job)
    assert opening.report.text().startswith("other reader: 40 frames, 1.6 s, 25 frames per second")
    assert state_of(viewer).recording is not None


def test_the_whole_chain_from_the_panel(
    running: RunAnalysis, viewer: Any, recording: Recording, wait: Any, run_out: Path
) -> None:
    assert not running.run_button.isEnabled()
    assert "Open a recording first" in running.subject.text()
    show(viewer, recording)
    assert running.run_button.isEnabled()
    running.out.path = str(run_out)
    running.run()
    assert running.cancel_button.isEnabled()
    assert not running.run_button.isEnabled()
    wait(running.job)
    assert running.job.state == "finished", running.job.error
    assert "Words: " in running.status.text()
    assert str(run_out) in running.status.text()
    assert "labels" in viewer.layers
    assert running.run_button.isEnabled()


def test_a_click_on_a_cluster_shows_its_example(
    running: RunAnalysis, viewer: Any, recording: Recording, tmp_path: Path
) -> None:
    import pandas as pd

    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.intervals import Intervals

    class Groups:
        clusters = pd.DataFrame(
            {
                "name": ["slow turn", "quick walk"],
                "sentence": ["Turns.", "Walks."],
                "n_bouts": [1, 2],
                "seconds": [3.0, 9.0],
                "medoid_recording": [recording.id] * 2,
                "medoid_start": [120, 431],
            }
        )

    class Result:
        groups = Groups()
        ethogram = Ethogram(
            Intervals.build(recording.id, [0], [600], recording.individuals[0], label=["x"])
        )

        def summary(self) -> list[str]:
            return ["rec", "words: still 60%", "clusters: 2", f"results: {tmp_path}"]

    show(viewer, recording)
    running._show(Result(), recording)  # type: ignore[arg-type]
    assert running.table.item(0, 0).text() == "quick walk"
    assert running.table.item(0, 3).text() == "at 14.4 s"
    running.table.selectRow(0)
    assert state_of(viewer).frame(recording.id) == 431
    assert running.sentence.text() == "quick walk: Walks."
    layers = [layer.name for layer in viewer.layers]
    assert layers[-1] == "labels"
    running._show(Result(), recording)  # type: ignore[arg-type]
    # The layers of the run before are replaced.
    assert [layer.name for layer in viewer.layers] == layers
    running.table.selectRow(1)
    assert state_of(viewer).frame(recording.id) == 120


@pytest.fixture
def slow_run(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let the panel run parts that wait for each other, instead of the real chain."""
    go = threading.Event()

    def parts(*_: Any) -> Iterator[Any]:
        for done in range(1, 100):
            yield SimpleNamespace(done=done, total=100, step="words", resumed=False)
            go.wait(10)

    monkeypatch.setattr(run_analysis, "verb_parts", lambda verb: parts)
    return go


def test_a_run_can_be_cancelled_and_says_so(
    running: RunAnalysis,
    viewer: Any,
    recording: Recording,
    wait: Any,
    slow_run: threading.Event,
    qtbot: Any,
) -> None:
    show(viewer, recording)
    running.run()
    qtbot.waitUntil(lambda: running.status.text() == "Words: 1 of 100", timeout=10_000)
    assert (running.bar.value(), running.bar.maximum()) == (1, 100)
    running.cancel()
    assert "Stopping" in running.status.text()
    slow_run.set()
    wait(running.job)
    assert running.job.state == "cancelled"
    assert "What was finished is kept" in running.status.text()
    assert running.run_button.isEnabled()
    assert not running.cancel_button.isEnabled()


def test_a_wrong_folder_is_told_in_the_panel(
    running: RunAnalysis, viewer: Any, recording: Recording, wait: Any, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("not a run")
    show(viewer, recording)
    running.out.path = str(tmp_path)
    running.run()
    wait(running.job)
    assert "other files (notes.txt)" in running.status.text()


def test_a_pose_without_a_rate_is_not_analysed(
    running: RunAnalysis, viewer: Any, sample_files: SampleFiles
) -> None:
    for item in read_pose(str(sample_files.pose)):
        viewer.add_layer(Layer.create(*item))
    assert not running.run_button.isEnabled()
    assert "no frame rate" in running.subject.text()


def test_the_form_edits_only_its_fields(qtbot: Any) -> None:
    form = ParamsForm(RunParams(bin_s=0.3), {"window_s": "Window", "segments": "Describe"})
    qtbot.addWidget(form)
    assert form.value == RunParams(bin_s=0.3)
    changed: list[int] = []
    form.changed.connect(lambda: changed.append(1))
    form.set("window_s", 2.5)
    form.set("segments", "windows")
    assert form.value == RunParams(bin_s=0.3, window_s=2.5, segments="windows")
    assert len(changed) == 2
    form.set("window_s", 0.0)
    with pytest.raises(InputError, match="window_s"):
        _ = form.value


def test_a_bad_value_is_told_in_the_panel(
    running: RunAnalysis, viewer: Any, recording: Recording
) -> None:
    show(viewer, recording)
    running.form.set("bin_s", 0.0)
    running.run()
    assert "bin_s" in running.status.text()
    assert running.job is None


def test_only_fields_that_count_are_shown(running: RunAnalysis) -> None:
    assert running.form.shows("longest_s")
    assert not running.form.shows("window_s")
    running.form.set("segments", "windows")
    assert running.form.shows("window_s")
    assert not running.form.shows("longest_s")


def test_a_panel_closed_during_a_run_cancels_it(
    window: Any, recording: Recording, qtbot: Any, slow_run: threading.Event
) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    show(window, recording)
    dock, panel = window.window.add_plugin_dock_widget("napari-mousegpt", "Describe and cluster")
    panel.run()
    job = panel.job
    window.window.remove_dock_widget(dock)
    panel.deleteLater()
    del panel, dock
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    slow_run.set()
    qtbot.waitUntil(lambda: job.done, timeout=60_000)
    assert job.state == "cancelled"
    window.dims.set_current_step(0, 5)


def test_text_is_copied_as_it_is_and_fits_long_paths(qtbot: Any) -> None:
    path = "/a/" + "very_long_folder_name_without_any_blank/" * 6 + "result"
    text = Text(path)
    qtbot.addWidget(text)
    text.resize(200, 50)
    assert text.text() == path
    assert text.horizontalScrollBar().maximum() == 0


def test_a_path_is_told_once_and_without_quotes(qtbot: Any) -> None:
    edit = PathEdit("file", "All (*)")
    qtbot.addWidget(edit)
    told: list[str] = []
    edit.changed.connect(told.append)
    edit.path = ' "C:/videos/a b.mp4" '
    edit.line.editingFinished.emit()
    assert edit.path == "C:/videos/a b.mp4"
    assert told == ["C:/videos/a b.mp4"]


def test_unexpected_errors_are_said_to_be_so() -> None:
    assert "unexpected went wrong (KeyError: 'x')" in error_text(KeyError("x"))
    assert error_text(InputError("a", expected="b")) == "a: expected b"
