"""The panels, as a user meets them."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QVBoxLayout, QWidget

import napari_mousegpt
from napari_mousegpt._napari import looks
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.arena import ArenaPanel
from napari_mousegpt._napari.widgets.describe import Describe
from napari_mousegpt._napari.widgets.form import ParamsForm
from napari_mousegpt._napari.widgets.open_recording import OpenRecording
from napari_mousegpt._napari.widgets.parts import Text, error_text
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt._napari.widgets.project_cluster import ProjectCluster
from napari_mousegpt.core.arena import Arena, Zone
from napari_mousegpt.core.pose_steps import Interpolate, Jump, Likelihood, Median, SavGol
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.arenas import save_arenas
from napari_mousegpt.io.file_report import FileReport
from napari_mousegpt.io.samples import SampleFiles
from napari_mousegpt.runs.params import RunParams


@pytest.fixture
def wait(qtbot: Any) -> Callable[[Any], None]:
    return lambda job: qtbot.waitUntil(lambda: job.done, timeout=60_000)


@pytest.fixture
def opening(viewer: Any, qtbot: Any) -> OpenRecording:
    panel = OpenRecording(viewer)
    qtbot.addWidget(panel)
    return panel


def test_panels_come_from_the_plugin_menu(window: Any) -> None:
    for name, kind in (
        ("Open recording", OpenRecording),
        ("Arena", ArenaPanel),
        ("Describe", Describe),
        ("Project and cluster", ProjectCluster),
    ):
        dock, panel = window.window.add_plugin_dock_widget("napari-mousegpt", name)
        assert isinstance(panel, kind)
        # The wrapper of the viewer that panels get would die before the viewer does.
        assert state_of(panel._viewer) is state_of(window)
        window.window.remove_dock_widget(dock)


class ShownWindows(QObject):
    """Notes what is shown as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.found.append(f"{type(watched).__name__} {watched.objectName()}")
        return False


def test_panels_open_no_window_while_they_are_built(viewer: Any, qapp: Any, qtbot: Any) -> None:
    # It would flash on the screen, and Qt would have to make it native and undo that again.
    manifest = Path(napari_mousegpt.__file__).with_name("napari.yaml")
    said = yaml.safe_load(manifest.read_text())["contributions"]
    makers = {command["id"]: command["python_name"] for command in said["commands"]}
    shown = ShownWindows()
    qapp.installEventFilter(shown)
    for widget in said["widgets"]:
        module, _, name = makers[widget["command"]].partition(":")
        panel = getattr(importlib.import_module(module), name)(viewer)
        qtbot.addWidget(panel)
        assert shown.found == [], widget["display_name"]
    qapp.removeEventFilter(shown)


def test_text_shows_itself_only_within_something(qapp: Any, qtbot: Any) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    said, silent, later = Text("seen"), Text(), Text()
    assert not said.isVisible()
    later.setText("said before it had a place")
    column = QVBoxLayout(box)
    for text in (said, silent, later):
        column.addWidget(text)
    box.show()
    assert [text.isVisible() for text in (said, silent, later)] == [True, False, True]
    silent.setText("now")
    later.setText("")
    assert [text.isVisible() for text in (said, silent, later)] == [True, True, False]


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


def test_a_newer_choice_supersedes_an_older_look(
    opening: OpenRecording,
    sample_files: SampleFiles,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    go, looked = threading.Event(), []

    def slow(chosen: str) -> Iterator[None]:
        looked.append(chosen)
        yield
        if chosen.endswith("huge.mp4"):
            go.wait(60)
        return FileReport(Path(chosen), "video", "", (f"it is {Path(chosen).name}",))

    monkeypatch.setattr(looks, "look_at", slow)
    opening.video.path = str(tmp_path / "huge.mp4")
    # The window stays usable, and says what it does.
    assert "Looking at" in opening.report.text()
    opening.video.path = str(sample_files.video)
    qtbot.waitUntil(lambda: "it is " in opening.report.text(), timeout=60_000)
    go.set()
    qtbot.wait(200)
    assert opening.report.text() == f"it is {sample_files.video.name}"
    # What is known is not looked at again.
    opening.pose.path = str(sample_files.pose)
    qtbot.waitUntil(lambda: "openfield_sample.csv" in opening.report.text(), timeout=60_000)
    assert looked.count(str(sample_files.video)) == 1


def test_a_look_that_ends_late_does_not_hide_what_came_of_opening(
    opening: OpenRecording,
    sample_files: SampleFiles,
    wait: Any,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()

    def slow(chosen: str) -> Iterator[None]:
        yield
        go.wait(60)
        return FileReport(Path(chosen), "video", "", ("late",))

    monkeypatch.setattr(looks, "look_at", slow)
    opening.video.path = str(sample_files.video)
    opening.open()
    wait(opening.job)
    told = opening.report.text()
    assert told.startswith("openfield_sample: 600 frames")
    go.set()
    qtbot.waitUntil(lambda: not opening.looks.busy, timeout=60_000)
    assert opening.report.text() == told
    opening.video.path = ""
    opening.video.path = str(sample_files.video)
    assert opening.report.text() == "late"


def test_problems_have_their_own_colour_and_can_be_copied(
    opening: OpenRecording, sample_files: SampleFiles, tmp_path: Path, qtbot: Any
) -> None:
    short = tmp_path / "short.csv"
    short.write_text("\n".join(sample_files.pose.read_text().splitlines()[:-7]) + "\n")
    opening.video.path = str(sample_files.video)
    opening.pose.path = str(short)
    qtbot.waitUntil(lambda: "7 shorter" in opening.report.text(), timeout=30_000)
    assert "! The pose has 593 rows for 600 pictures" in opening.report.text()
    html = opening.report.toHtml()
    assert "#f0b429" in html
    opening.report.selectAll()
    assert "593 rows" in opening.report.textCursor().selectedText()
    opening._viewer.theme = "light"
    assert "#9a3b00" in opening.report.toHtml()


def test_damaged_and_missing_files_are_told(
    opening: OpenRecording, wait: Any, tmp_path: Path, qtbot: Any
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(bytes(5000))
    opening.video.path = str(bad)
    qtbot.waitUntil(lambda: "!" in opening.report.text(), timeout=30_000)
    opening.open()
    wait(opening.job)
    assert opening.report.text().startswith("! ")
    opening.video.path = str(tmp_path / "none.mp4")
    qtbot.waitUntil(lambda: "there is no such file" in opening.report.text(), timeout=30_000)


def test_only_rows_that_count_are_shown_and_a_pose_is_cleaned(
    opening: OpenRecording, viewer: Any, sample_files: SampleFiles, wait: Any
) -> None:
    rows = (opening.pose_format, opening.mismatch, opening.cleaning)
    assert not any(opening._form.isRowVisible(row) for row in rows)
    opening.cleaning.likelihood.setChecked(True)
    assert opening.request().steps == ()
    opening.video.path = str(sample_files.video)
    opening.pose.path = str(sample_files.pose)
    assert all(opening._form.isRowVisible(row) for row in rows)
    assert opening.cleaning.threshold.isEnabled()
    assert not opening.cleaning.gap.isEnabled()
    opening.cleaning.interpolate.setChecked(True)
    opening.cleaning.smooth.setChecked(True)
    assert opening.request().steps == (Likelihood(0.6), Interpolate(0.25), Median(0.1))
    opening.cleaning.smoother.setCurrentIndex(opening.cleaning.smoother.findData("savgol"))
    opening.cleaning.jump.setChecked(True)
    assert opening.request().steps == (
        Likelihood(0.6), Jump(2000.0), Interpolate(0.25), SavGol(0.1),
    )  # fmt: skip
    opening.open()
    wait(opening.job)
    assert opening.job.state == "finished", opening.job.error
    assert "Cleaned by likelihood" in opening.report.text()
    recording = state_of(viewer).recording
    assert recording is not None
    assert [step["name"] for step in recording.pose.attrs["steps"]] == [  # type: ignore[union-attr]
        "likelihood", "jump", "interpolate", "savgol",
    ]  # fmt: skip


def test_individuals_can_be_left_out(
    opening: OpenRecording, viewer: Any, tmp_path: Path, wait: Any, qtbot: Any
) -> None:
    table = tmp_path / "two.csv"
    columns = [f"{who}_{part}_{axis}" for who in "ab" for part in ("nose", "tail") for axis in "xy"]
    head = [
        "scorer," + ",".join(["net"] * 8),
        "individuals," + ",".join(c[0] for c in columns),
        "bodyparts," + ",".join(c[2:6] for c in columns),
        "coords," + ",".join(c[-1] for c in columns),
    ]
    rows = [f"{i}," + ",".join(str(i + k) for k in range(8)) for i in range(20)]
    table.write_text("\n".join([*head, *rows]) + "\n")
    assert not opening._form.isRowVisible(opening.individuals)
    opening.pose.path = str(table)
    qtbot.waitUntil(lambda: len(opening.individuals) == 2, timeout=30_000)
    assert opening._form.isRowVisible(opening.individuals)
    assert opening.request().individuals is None
    opening.individuals.check("a", False)
    assert opening.request().individuals == ("b",)
    opening.fps.setText("25")
    opening.open()
    wait(opening.job)
    assert opening.job.state == "finished", opening.job.error
    assert state_of(viewer).recording.individuals == ("b",)  # type: ignore[union-attr]


def test_a_folder_of_images_opens_as_a_video(
    opening: OpenRecording, viewer: Any, tmp_path: Path, wait: Any, qtbot: Any
) -> None:
    import tifffile

    folder = tmp_path / "cage 3"
    folder.mkdir()
    for i in range(12):
        tifffile.imwrite(folder / f"img{i}.tif", np.full((20, 30), 10 * i, np.uint8))
    opening.video.path = str(folder)
    qtbot.waitUntil(lambda: "12 pictures" in opening.report.text(), timeout=30_000)
    assert 'Write it under "Frame rate".' in opening.report.text()
    opening.open()
    wait(opening.job)
    assert "expected their frame rate" in opening.report.text()
    assert 'Write the rate of the camera under "Frame rate".' in opening.report.text()
    opening.fps.setText("10")
    opening.open()
    wait(opening.job)
    assert opening.report.text().startswith("cage 3: 12 frames, 1.2 s, 10 frames per second")
    viewer.dims.set_current_step(0, 11)
    assert viewer.layers["cage 3"].get_value((viewer.dims.point[0], 3, 3), world=True) == 110
    opening.video.path = "; ".join(str(folder / f"img{i}.tif") for i in (4, 5))
    qtbot.waitUntil(lambda: "2 pictures" in opening.report.text(), timeout=30_000)


def test_an_arena_file_is_told_about_and_opened(
    opening: OpenRecording,
    viewer: Any,
    sample_files: SampleFiles,
    tmp_path: Path,
    wait: Any,
    qtbot: Any,
) -> None:
    west = Zone("west", [[0, 0], [64, 0], [64, 96], [0, 96]])
    save_arenas(tmp_path / "arena.json", [Arena("box", (west,), pixels_per_cm=4)], (128, 96))
    opening.video.path = str(sample_files.video)
    opening.pose.path = str(sample_files.pose)
    opening.arena.path = str(tmp_path / "arena.json")
    qtbot.waitUntil(lambda: not opening.looks.busy, timeout=30_000)
    assert "arena.json" in opening.report.text()
    assert "!" not in opening.report.text()
    assert opening._form.isRowVisible(opening.split)
    opening.split.setChecked(True)
    assert opening.request().split_arenas
    opening.split.setChecked(False)
    opening.open()
    wait(opening.job)
    assert opening.job.state == "finished", opening.job.error
    assert viewer.layers[-1].name == "openfield_sample arena"
    assert state_of(viewer).recording.primary.arenas[0].zone("west")  # type: ignore[union-attr]


def test_a_layer_that_was_removed_is_told(opening: OpenRecording, viewer: Any) -> None:
    layer = viewer.add_image(np.zeros((40, 8, 8), np.uint8), name="gone soon")
    opening.layer.setCurrentIndex(opening.layer.findData("gone soon"))
    # Another layer may come and go without changing the choice.
    viewer.layers.remove(viewer.add_image(np.zeros((4, 8, 8), np.uint8), name="other"))
    assert opening.layer.currentData() == "gone soon"
    layer.name = "renamed"
    opening.open()
    assert "layer 'gone soon': expected a layer of this viewer" in opening.report.text()
    assert "Choose the video again." in opening.report.text()
    assert opening.open_button.isEnabled()


def test_a_layer_of_another_plugin_is_offered_as_video(
    opening: OpenRecording, viewer: Any, wait: Any
) -> None:
    assert not opening._form.isRowVisible(opening.layer)
    viewer.add_image(np.zeros((40, 8, 8, 3), np.uint8), rgb=True, name="other reader")
    assert opening._form.isRowVisible(opening.layer)
    opening.layer.setCurrentIndex(opening.layer.findData("other reader"))
    opening.open()
    wait(opening.job)
    assert 'Write the rate of the camera under "Frame rate".' in opening.report.text()
    opening.fps.setText("25")
    opening.open()
    wait(opening.job)
    assert opening.report.text().startswith("other reader: 40 frames, 1.6 s, 25 frames per second")
    assert state_of(viewer).recording is not None


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


def test_text_is_copied_as_it_is_and_fits_long_paths(qtbot: Any) -> None:
    path = "/a/" + "very_long_folder_name_without_any_blank/" * 6 + "result"
    text = Text(path)
    qtbot.addWidget(text)
    text.show()
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
