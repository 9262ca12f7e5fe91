"""Files, layers and the slider in a real viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy import API

from napari_mousegpt._napari import follow
from napari_mousegpt._napari import show as show_module
from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.settings import DisplaySettings
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.labels import read_bouts
from napari_mousegpt.io.samples import SampleFiles

PLUGIN = "napari-mousegpt"


def names(window: Any) -> list[str]:
    return [layer.name for layer in window.layers]


def test_files_opened_one_after_the_other_belong_together(
    window: Any, sample_files: SampleFiles, qtbot: Any
) -> None:
    window.open(sample_files.video, plugin=PLUGIN)
    assert window.dims.current_step[0] == 0
    window.open(sample_files.pose, plugin=PLUGIN)
    window.open(sample_files.bouts, plugin=PLUGIN)
    assert names(window) == ["openfield_sample", "skeleton", "pose", "human"]
    state_of(window).go_to("openfield_sample", 500)
    assert 500 in set(window.layers["pose"].data[:, 0])
    assert window.canvas.overlays[OVERLAY].text.startswith("human: ")


def test_the_sample_opens_from_the_menu(
    window: Any, sample_files: SampleFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mousegpt.io import samples

    monkeypatch.setattr(samples, "make_sample", lambda folder: sample_files)
    monkeypatch.setattr(SampleFiles, "inside", classmethod(lambda cls, folder: sample_files))
    window.open_sample(PLUGIN, "open_field")
    assert names(window) == ["openfield_sample", "skeleton", "pose", "human"]


def test_labels_are_drawn_in_their_colour_beside_the_animal(
    make_napari_viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    # A window that is not shown draws nothing.
    window = make_napari_viewer(show=True)
    show(window, recording, ethogram)
    colours = palette(ethogram.labels)
    wanted = {
        label: np.array([int(colours[label][i : i + 2], 16) for i in (1, 3, 5)])
        for label in ("still", "walking")
    }
    window.layers["labels"].opacity = 1.0
    for frame, label in ((30, "still"), (90, "walking")):
        state_of(window).go_to(recording.id, frame)
        picture = window.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
        close = np.abs(picture - wanted[label]).max(axis=-1) < 12
        other = np.abs(picture - wanted[{"still": "walking", "walking": "still"}[label]]).max(
            axis=-1
        )
        assert close.sum() > 100, label
        assert close.sum() > 5 * (other < 12).sum(), label


def test_all_bouts_of_a_layer_are_saved(
    window: Any, recording: Recording, ethogram: Ethogram, tmp_path: Path
) -> None:
    show(window, recording, ethogram)
    for name in ("m1.bouts.csv", "m1.parquet", "m1.boris.csv"):
        path = str(tmp_path / name)
        assert window.layers["labels"].save(path) == [path]
    assert len(read_bouts(tmp_path / "m1.parquet")) == len(ethogram)
    # Other points keep their own writer.
    window.add_points(np.zeros((2, 2)), name="mine").save(str(tmp_path / "mine.csv"))
    assert (tmp_path / "mine.csv").read_text().startswith("index,axis-0,axis-1")


def test_a_long_recording_costs_no_more_rows_than_a_short_one(window: Any, qtbot: Any) -> None:
    n_frames, keypoints = 100_000, [f"point{i}" for i in range(12)]
    clock = Timebase.constant(30, n_frames)
    position = np.random.default_rng(0).uniform(5, 90, (n_frames, 2, 12, 1))
    pose = make_pose(position, None, keypoints, ["m1"], clock)
    video = np.broadcast_to(np.uint8(128), (n_frames, 96, 128))
    long = Recording("long", (View("main", clock, video=video, pose=pose),))
    labels = np.array(["still", "walking"])[np.arange(n_frames) // 45 % 2]
    show(window, long, Ethogram.from_frames(labels, "long", "m1"))
    pose_layer, label_layer = window.layers["pose"], window.layers["human"]
    rows = 0
    for frame in (0, 299, 300, 50_000, 50_240, 50_290, 99_999, 2):
        state_of(window).go_to("long", frame)
        qtbot.wait(1)
        rows = max(rows, len(pose_layer.data), len(label_layer.data))
        assert (pose_layer.data[:, 0] == frame).sum() == 12
        assert (label_layer.data[:, 0] == frame).sum() == 1
    assert rows <= 300 * 12


def test_hidden_layers_lose_rows_without_trouble(
    window: Any, recording: Recording, ethogram: Ethogram, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(window, recording, ethogram)
    labels = window.layers["labels"]
    state_of(window).go_to(recording.id, 200)
    labels.visible = False
    monkeypatch.setattr(follow, "display_settings", lambda: DisplaySettings(window_frames=40))
    state_of(window).follower.refill()
    state_of(window).go_to(recording.id, 210)
    labels.visible = True
    assert len(labels.data) == 40
    assert 210 in set(labels.data[:, 0])


@pytest.mark.skipif(
    API == "pyside6",
    reason="with PySide6 6.11 napari's asynchronous slicing can lock up: superqt breaks a "
    "connection in the slicing thread, holding a lock of Qt while it waits for Python's, and the "
    "window holds Python's while it waits for Qt's; .ci/run tries this with PyQt6",
)
def test_asynchronous_slicing_is_no_trouble(
    window: Any, recording: Recording, ethogram: Ethogram, qtbot: Any
) -> None:
    from napari.settings import get_settings

    experimental = get_settings().experimental
    experimental.async_ = True
    try:
        sparse = Ethogram(ethogram.bouts[::2])
        lost = recording.pose.copy(deep=True)
        lost["confidence"][300:] = 0.0
        view = View("main", recording.timebase, video=recording.video, pose=lost)
        show(window, Recording(recording.id, (view,)), sparse)
        window.layers["skeleton"].visible = True
        for frame in (0, 599, 100, 400, 250):
            state_of(window).go_to(recording.id, frame)
            qtbot.wait(40)
        assert 250 in set(window.layers["pose"].data[:, 0])
    finally:
        experimental.async_ = False


def test_a_step_reads_one_picture(window: Any, recording: Recording, qtbot: Any) -> None:
    class Counting:
        def __init__(self, video: Any) -> None:
            self.video, self.reads = video, 0
            self.shape, self.dtype, self.ndim, self.size = (
                video.shape, video.dtype, video.ndim, video.size,
            )  # fmt: skip

        def __len__(self) -> int:
            return len(self.video)

        def __getitem__(self, key: Any) -> Any:
            self.reads += 1
            return self.video[key]

    counted = Counting(recording.video)
    view = View("main", recording.timebase, video=counted, pose=recording.pose)
    show(window, Recording("counted", (view,)))
    before = counted.reads
    for frame in range(1, 21):
        window.dims.set_current_step(0, frame)
    assert counted.reads - before == 20


def test_public_verbs_are_those_of_the_viewer() -> None:
    import napari_mousegpt as mg

    assert mg.show is show_module.show
    assert mg.start is show_module.start
