from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from npe2 import PluginManifest

import napari_mousegpt
from napari_mousegpt._napari import settings
from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of, was_adopted
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase

MANIFEST = Path(napari_mousegpt.__file__).parent / "napari.yaml"
REAL_SECTION = settings.settings_section
Make = Callable[..., Recording]


def test_a_viewer_has_one_state_and_it_goes_with_the_viewer() -> None:
    one, other = ViewerModel(), ViewerModel()
    assert state_of(one) is state_of(one)
    assert state_of(one) is not state_of(other)
    gone = weakref.ref(state_of(one))
    del one
    gc.collect()
    assert gone() is None
    assert state_of(other).recordings == {}


def test_a_proxy_of_a_viewer_has_the_state_of_the_viewer(viewer: Any) -> None:
    from napari.utils import _proxies  # what napari hands to panels

    assert state_of(_proxies.PublicOnlyProxy(viewer)) is state_of(viewer)


def test_what_is_open_is_read_from_the_layers(
    viewer: Any, make_recording: Make, ethogram: Ethogram
) -> None:
    state = state_of(viewer)
    assert state.recording is None
    first, second = make_recording(), make_recording(id="second")
    show(viewer, first, ethogram)
    show(viewer, second)
    assert list(state.recordings) == ["rec", "second"]
    assert state.recording is second
    viewer.layers.selection.active = viewer.layers["labels"]
    assert state.recording is first
    assert list(state.ethograms("rec")) == ["human", "labels"]
    for layer in state.layers_of("rec"):
        viewer.layers.remove(layer)
    assert list(state.recordings) == ["second"]


def test_layers_that_are_there_already_are_adopted(recording: Recording) -> None:
    from napari.layers import Layer

    from napari_mousegpt._napari.layers import layer_tag
    from napari_mousegpt._napari.pose_layer import pose_layers

    viewer = ViewerModel()
    layer = viewer.add_layer(Layer.create(*pose_layers(recording)[-1]))
    assert not was_adopted(layer_tag(layer.metadata))
    assert state_of(viewer).follower.layers == [layer]
    assert was_adopted(layer_tag(layer.metadata))


def test_jumping_shows_the_frame_and_tells_where_it_is(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    state = state_of(viewer)
    assert state.go_to("rec", 700)
    assert state.frame("rec") == 700
    assert viewer.dims.current_step[0] == 700
    assert not state.go_to("elsewhere", 1)
    assert state.frame("elsewhere") is None


def test_a_recording_begins_at_its_first_frame(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    assert viewer.dims.current_step[0] == 0
    # The first picture and the middle one, as napari asks when a layer is added, and the first.
    assert recording.video.reads <= 4


def test_opening_more_does_not_move_the_slider(viewer: Any, make_recording: Make) -> None:
    show(viewer, make_recording())
    viewer.dims.set_current_step(0, 500)
    show(viewer, make_recording(id="second"))
    assert viewer.dims.current_step[0] == 500


def test_rows_follow_the_slider(viewer: Any, make_recording: Make, ethogram: Ethogram) -> None:
    show(viewer, make_recording(100_000), ethogram)
    pose, labels = viewer.layers["pose"], viewer.layers["human"]
    for frame in (0, 50_000, 99_999, 350):
        state_of(viewer).go_to("rec", frame)
        assert len(pose.data) == 100 * 4
        assert frame in set(pose.data[:, 0])
        assert len(labels.data) <= 100
    assert 350 in set(labels.data[:, 0])
    assert set(labels.features.columns) == {"label", "confidence", "individual", "source"}


def test_a_setting_takes_effect_at_once(
    viewer: Any,
    recording: Recording,
    ethogram: Ethogram,
    plugin_settings: None,
    npe2pm: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    npe2pm.register(PluginManifest.from_file(MANIFEST))
    monkeypatch.setattr(settings, "settings_section", REAL_SECTION)
    section = REAL_SECTION()
    assert section is not None
    before = section.model_dump()
    show(viewer, recording, ethogram)
    pose = viewer.layers["pose"]
    try:
        assert pose.shown.sum() == 400
        section.min_confidence = 0.95
        assert pose.shown.sum() == 0
        section.min_confidence = 0.6
        section.window_frames = 300
        assert len(pose.data) == 1200
        assert OVERLAY in viewer.canvas.overlays
        section.corner_text = False
        assert OVERLAY not in viewer.canvas.overlays
    finally:
        section.update(before)  # napari keeps the section for the tests that follow


def test_the_corner_text_comes_and_goes_with_the_labels(
    viewer: Any, recording: Recording, ethogram: Ethogram, clusters: Ethogram
) -> None:
    overlays = viewer.canvas.overlays
    show(viewer, recording)
    assert OVERLAY not in overlays
    show(viewer, recording, ethogram, clusters)
    assert overlays[OVERLAY].text == "labels: walking (90%)\nclusters: slow turn"
    state_of(viewer).go_to("rec", 600)
    assert overlays[OVERLAY].text == "human: still (50%)\nclusters: quick walk"
    viewer.layers["labels"].visible = False
    viewer.layers["human"].visible = False
    assert overlays[OVERLAY].text == "clusters: quick walk"
    viewer.layers.remove("clusters")
    assert overlays[OVERLAY].text == ""
    viewer.layers.remove("labels")
    viewer.layers.remove("human")
    assert OVERLAY not in overlays


def test_seconds_stand_in_the_corner_where_the_slider_counts_frames(
    viewer: Any, make_recording: Make, ethogram: Ethogram
) -> None:
    ticks = np.cumsum(np.r_[0, np.full(999, 30)]) + np.arange(1000) % 2
    clock = Timebase(1000, Timebase.constant(30, 2).rate, ticks, 1 / Timebase.constant(900, 2).rate)
    show(viewer, make_recording(clock=clock), ethogram)
    assert viewer.dims.axis_labels[0] == "frame"
    state_of(viewer).go_to("rec", 90)
    assert viewer.canvas.overlays[OVERLAY].text.startswith("3.00 s\n")


def test_changes_are_told(viewer: Any, recording: Recording) -> None:
    told: list[int] = []
    state = state_of(viewer)
    state.changed.connect(lambda: told.append(1))
    show(viewer, recording)
    assert told
    count = len(told)
    viewer.layers.remove("pose")
    assert len(told) > count


def test_other_layers_are_left_alone(viewer: Any, recording: Recording) -> None:
    state = state_of(viewer)
    points = viewer.add_points(np.zeros((3, 2)))
    show(viewer, recording)
    state.go_to("rec", 600)
    assert len(points.data) == 3
    assert points.editable
    viewer.layers.remove(points)
    assert list(state.recordings) == ["rec"]
