from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from napari.utils.notifications import notification_manager

from napari_mousegpt._napari.motion_layers import (
    show_heading,
    show_trail,
    toggle_heading,
    toggle_trail,
)
from napari_mousegpt._napari.show import show
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError

Make = Callable[..., Recording]


def test_they_are_made_once_then_shown_and_hidden(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    viewer.layers.selection.active = viewer.layers["pose"]
    for toggle, name in ((toggle_trail, "trail"), (toggle_heading, "heading")):
        toggle(viewer)
        assert viewer.layers[name].visible
        toggle(viewer)
        assert not viewer.layers[name].visible
        toggle(viewer)
        assert viewer.layers[name].visible
    assert [layer.name for layer in viewer.layers] == [
        "rec",
        "skeleton",
        "pose",
        "trail",
        "heading",
    ]
    assert viewer.layers.selection.active is viewer.layers["pose"]


def test_a_hidden_trail_is_never_filled(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    layer = show_trail(viewer)
    layer.visible = False
    before = layer.data
    viewer.dims.set_current_step(0, 900)
    assert layer.data is before
    layer.visible = True
    assert 900 in set(layer.data[:, 1])


def test_the_active_recording_is_meant_or_the_given_one(viewer: Any, make_recording: Make) -> None:
    first, second = make_recording(id="first"), make_recording(id="second")
    show(viewer, first)
    show(viewer, second)
    viewer.layers.selection.active = viewer.layers["first"]
    assert show_trail(viewer).metadata["napari_mousegpt"]["id"] == "first"
    assert show_heading(viewer, second).metadata["napari_mousegpt"]["id"] == "second"


def test_without_a_pose_a_sentence_says_what_to_do(viewer: Any, make_recording: Make) -> None:
    show(viewer, make_recording(pose=False))
    with pytest.raises(InputError, match="expected a recording with a pose in this viewer"):
        show_trail(viewer)
    toggle_heading(viewer)
    record = notification_manager.records[-1]
    assert "Open a pose file" in record.message
    assert [layer.name for layer in viewer.layers] == ["rec"]
