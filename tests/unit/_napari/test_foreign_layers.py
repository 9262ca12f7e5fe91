"""Layers of others beside ours: other axes, units and scales, in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.motion_layers import show_heading, show_trail
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording

#: The others are slow, and differ less.
QUICK = ("milliseconds", "channels before time")

FOREIGN: dict[str, dict[str, Any]] = {
    "a plane": {"data": np.zeros((30, 40)), "scale": (2.0, 0.5)},
    "milliseconds": {
        "data": np.zeros((200, 8, 8)),
        "axis_labels": ("time", "y", "x"),
        "scale": (5.0, 1.0, 1.0),
        "units": ("millisecond", "pixel", "pixel"),
    },
    "channels before time": {
        "data": np.zeros((3, 100, 8, 8)),
        "axis_labels": ("channel", "time", "y", "x"),
        "scale": (1.0, 1 / 30, 1.0, 1.0),
        "units": ("pixel", "second", "pixel", "pixel"),
    },
    "time last": {
        "data": np.zeros((16, 16, 100)),
        "axis_labels": ("y", "x", "time"),
        "scale": (1.0, 1.0, 0.1),
        "units": ("pixel", "pixel", "second"),
    },
    "five axes without names": {"data": np.zeros((2, 3, 50, 8, 8))},
    "turned and moved": {
        "data": np.zeros((50, 8, 8)),
        "translate": (-3.0, 40.0, -20.0),
        "rotate": 30,
        "units": ("second", "pixel", "pixel"),
    },
}


@pytest.mark.filterwarnings("ignore:.*units.*")
@pytest.mark.parametrize("first", [True, False], ids=["theirs first", "ours first"])
@pytest.mark.parametrize(
    "what", [w if w in QUICK else pytest.param(w, marks=pytest.mark.slow) for w in FOREIGN]
)
def test_our_layers_stay_with_the_frame(
    viewer: Any, recording: Recording, ethogram: Ethogram, what: str, first: bool
) -> None:
    def theirs() -> None:
        viewer.add_image(**FOREIGN[what], name="theirs")

    if first:
        theirs()
    show(viewer, recording, ethogram)
    show_trail(viewer)
    show_heading(viewer)
    if not first:
        theirs()
    state = state_of(viewer)
    for frame in (0, 700, 999, 250):
        assert state.go_to("rec", frame)
        assert state.frame("rec") == frame
        for name, column in (("pose", 0), ("labels", 0), ("trail", 1)):
            assert frame in set(viewer.layers[name].data[:, column]), (name, frame)
        assert frame in set(viewer.layers["heading"].data[:, 0, 0])
    for place in range(viewer.dims.ndim):
        viewer.dims.set_current_step(place, 1)
    viewer.layers.remove(viewer.layers["theirs"])
    state.go_to("rec", 500)
    assert 500 in set(viewer.layers["pose"].data[:, 0])


@pytest.mark.filterwarnings("ignore:.*units.*")
@pytest.mark.parametrize("first", [True, False], ids=["theirs first", "ours first"])
@pytest.mark.parametrize("what", FOREIGN)
def test_the_frame_that_is_told_is_the_picture_that_napari_draws(
    viewer: Any, recording: Recording, what: str, first: bool
) -> None:
    def theirs() -> None:
        viewer.add_image(**FOREIGN[what], name="theirs")

    if first:
        theirs()
    show(viewer, recording)
    if not first:
        theirs()
    for frame in (0, 7, 60, 199):
        assert state_of(viewer).go_to("rec", frame)
        middle = [*viewer.dims.point[:-2], 20, 20]
        # Picture i is grey i; what napari draws is asked of napari.
        assert viewer.layers["rec"].get_value(middle, world=True)[0] == frame


@pytest.mark.filterwarnings("ignore:.*units.*")
@pytest.mark.parametrize("first", [True, False], ids=["theirs first", "ours first"])
def test_a_slider_in_milliseconds_shows_the_frame_of_that_time(
    viewer: Any, recording: Recording, first: bool
) -> None:
    if first:
        viewer.add_image(**FOREIGN["milliseconds"])
    show(viewer, recording)
    if not first:
        viewer.add_image(**FOREIGN["milliseconds"])
    viewer.dims.set_point(0, 20_000)
    assert state_of(viewer).frame("rec") == 600
    assert 600 in set(viewer.layers["pose"].data[:, 0])
    state_of(viewer).go_to("rec", 60)
    assert viewer.dims.point[0] == pytest.approx(2000, abs=17)


def test_a_renamed_axis_is_found_again_by_the_labels_of_the_layer(
    viewer: Any, recording: Recording
) -> None:
    show(viewer, recording)
    viewer.dims.axis_labels = ("t", "rows", "columns")
    state_of(viewer).go_to("rec", 640)
    assert 640 in set(viewer.layers["pose"].data[:, 0])


def test_a_layer_whose_axes_were_renamed_stands_still_without_trouble(
    viewer: Any, recording: Recording
) -> None:
    show(viewer, recording)
    pose = viewer.layers["pose"]
    pose.axis_labels = ("a", "b", "c")
    before = set(pose.data[:, 0])
    viewer.dims.set_current_step(0, 640)
    assert set(pose.data[:, 0]) == before
    viewer.dims.set_current_step(0, 10)
    assert set(pose.data[:, 0]) == before


def test_a_video_that_is_scaled_anew_keeps_its_pose_where_it_can(
    viewer: Any, recording: Recording
) -> None:
    show(viewer, recording)
    for layer in viewer.layers:
        layer.scale = (1.0, 2.0, 2.0)
    viewer.dims.set_current_step(0, 444)
    assert state_of(viewer).frame("rec") == 444
    assert 444 in set(viewer.layers["pose"].data[:, 0])
