"""What people do to a viewer that a plugin has to bear: no traceback, and nothing stops working."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from npe2 import DynamicPlugin

from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.motion_layers import show_heading, show_trail
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import SampleFiles
from support.slider_mouse import Mouse

PLUGIN = "napari-mousegpt"


@pytest.fixture(autouse=True)
def _nothing_is_complained_of() -> Iterator[None]:
    """Fail on an error or a warning that the user would see, unless the test takes it away."""
    notification_manager.records.clear()
    yield
    told = [f"{one.severity}: {one.message}" for one in notification_manager.records]
    assert not told, told


@pytest.fixture
def example(example_data: Path) -> Iterator[Recording]:
    """Return the example, whose key pictures are far apart, with its pose."""
    opened = open_recording(example_data / "openfield.mp4", example_data / "openfield.csv")
    yield opened
    opened.video.close()  # type: ignore[union-attr]


def test_two_viewers_of_one_recording_do_not_mix(
    make_napari_viewer: Any, recording: Recording, ethogram: Ethogram, qtbot: Any
) -> None:
    first, second = make_napari_viewer(), make_napari_viewer()
    for window in (first, second):
        show(window, recording, ethogram)
        show_trail(window)
    state_of(first).go_to(recording.id, 500)
    state_of(second).go_to(recording.id, 40)
    qtbot.wait(20)
    assert (state_of(first).frame(recording.id), state_of(second).frame(recording.id)) == (500, 40)
    assert 500 in set(first.layers["pose"].data[:, 0])
    assert 500 not in set(second.layers["pose"].data[:, 0])
    first.layers.clear()
    first.close()
    state_of(second).go_to(recording.id, 520)
    qtbot.wait(20)
    for name, column in (("pose", 0), ("labels", 0), ("trail", 1)):
        assert 520 in set(second.layers[name].data[:, column]), name


def test_a_video_that_is_removed_while_the_slider_is_held(
    window: Any, example: Recording, qtbot: Any
) -> None:
    show(window, example)
    qtbot.wait(20)
    mouse = Mouse(window)
    mouse.press()
    mouse.drag(1430)
    assert OVERLAY in window.canvas.overlays
    # The hand rests: the exact picture is on its way in a thread.
    qtbot.wait(130)
    window.layers.remove(window.layers[example.id])
    assert OVERLAY not in window.canvas.overlays
    mouse = Mouse(window)
    mouse.drag(300)
    mouse.release()
    qtbot.wait(300)
    assert window.dims.current_step[0] == 300
    assert 300 in set(window.layers["pose"].data[:, 0])
    # It can be shown again.
    show(window, example)
    assert example.id not in window.layers, "what the user has removed stays away"


def test_every_layer_is_removed_while_the_slider_is_held(
    window: Any, example: Recording, qtbot: Any
) -> None:
    show(window, example)
    show_heading(window)
    qtbot.wait(20)
    mouse = Mouse(window)
    mouse.press()
    mouse.drag(900)
    window.layers.clear()
    qtbot.wait(300)
    assert state_of(window).recordings == {}
    show(window, example)
    state_of(window).go_to(example.id, 77)
    assert 77 in set(window.layers["pose"].data[:, 0])


def test_axes_may_be_turned_and_shown_in_depth(
    window: Any, recording: Recording, ethogram: Ethogram, qtbot: Any
) -> None:
    show(window, recording, ethogram)
    show_trail(window)
    show_heading(window)
    window.layers["skeleton"].visible = True
    for order in ((1, 2, 0), (2, 0, 1), (0, 2, 1)):
        window.dims.order = order
        window.dims.set_current_step(order[0], 20)
        qtbot.wait(10)
    window.dims.order = (0, 1, 2)
    window.dims.ndisplay = 3
    window.dims.set_current_step(0, 300)
    qtbot.wait(10)
    window.dims.ndisplay = 2
    state_of(window).go_to(recording.id, 450)
    assert state_of(window).frame(recording.id) == 450
    assert 450 in set(window.layers["pose"].data[:, 0])


def test_a_pose_without_video_is_scrubbed(window: Any, example: Recording, qtbot: Any) -> None:
    tracks = Recording("tracks", (View("main", example.timebase, pose=example.pose),))
    show(window, tracks)
    qtbot.wait(20)
    mouse = Mouse(window)
    mouse.press()
    for frame in (2000, 5, 1200):
        mouse.drag(frame)
        assert frame in set(window.layers["pose"].data[:, 0])
    mouse.release()


@pytest.fixture
def rival(tmp_path: Path) -> Iterator[DynamicPlugin]:
    """Another plugin that claims our files, and reads everything as the same grey picture."""
    with DynamicPlugin("rival-reader") as plugin:

        @plugin.contribute.reader(filename_patterns=["*.mp4", "*.csv"])
        def get_reader(path: str) -> Any:
            return lambda path: [(np.zeros((4, 4)), {"name": "rival"}, "image")]

        yield plugin


def test_a_file_that_two_plugins_claim_is_ours_when_we_are_chosen(
    window: Any, sample_files: SampleFiles, rival: DynamicPlugin, tmp_path: Path
) -> None:
    window.open(sample_files.video, plugin=PLUGIN)
    assert [layer.name for layer in window.layers] == ["openfield_sample"]
    window.open(sample_files.video, plugin="rival-reader")
    assert window.layers[-1].name == "rival"
    window.open(sample_files.pose, plugin=PLUGIN)
    state_of(window).go_to("openfield_sample", 300)
    assert 300 in set(window.layers["pose"].data[:, 0])


def test_a_table_that_is_not_ours_is_left_to_the_others(
    window: Any, rival: DynamicPlugin, tmp_path: Path
) -> None:
    path = tmp_path / "budget.csv"
    path.write_text("year,euro\n2024,3\n2025,4\n")
    window.open(path, plugin="rival-reader")
    assert [layer.name for layer in window.layers] == ["rival"]
    with pytest.raises(ValueError, match="napari-mousegpt"):
        window.open(path, plugin=PLUGIN)
