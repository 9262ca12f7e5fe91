from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.layers import TimeScale
from napari_mousegpt._napari.time_axis import current_frame, go_to_frame, time_axis
from napari_mousegpt.core.timebase import Timebase


def add_video(viewer: Any, clock: Timebase, **attributes: Any) -> Any:
    pictures = np.zeros((clock.n_frames, 4, 4), np.uint8)
    return viewer.add_image(pictures, **{**TimeScale.of(clock).attributes(), **attributes})


@pytest.mark.parametrize("rate", ["25", "30000/1001", "60000/1001", "120", "1000000/33333"])
def test_every_frame_is_found_again(viewer: Any, rate: str) -> None:
    clock = Timebase.constant(rate, 20_000)
    layer = add_video(viewer, clock)
    for frame in (0, 1, 2, 999, 7_777, 13_001, 19_998, 19_999):
        go_to_frame(viewer, layer, frame)
        assert viewer.dims.current_step[0] == frame
        assert current_frame(viewer, layer, clock.n_frames) == frame


def test_time_is_found_behind_another_axis(viewer: Any) -> None:
    clock = Timebase.constant(30, 100)
    layer = add_video(viewer, clock)
    viewer.add_image(
        np.zeros((5, 100, 4, 4), np.uint8),
        scale=(1, 1 / 30, 1, 1),
        units=("pixel", "second", "pixel", "pixel"),
    )
    assert time_axis(viewer, layer) == 1
    go_to_frame(viewer, layer, 42)
    assert current_frame(viewer, layer, 100) == 42


def test_a_layer_in_milliseconds_beside_ours(viewer: Any) -> None:
    clock = Timebase.constant(30, 100)
    layer = add_video(viewer, clock)
    viewer.add_image(
        np.zeros((3300, 4, 4), np.uint8),
        scale=(1.0, 1, 1),
        units=("millisecond", "pixel", "pixel"),
        axis_labels=("time", "y", "x"),
    )
    go_to_frame(viewer, layer, 60)
    assert viewer.dims.point[0] == pytest.approx(2000, abs=1)
    assert current_frame(viewer, layer, 100) == 60


def test_a_variable_rate_counts_frames() -> None:
    clock = Timebase(4, Timebase.constant(30, 4).rate, np.array([0, 1, 3, 4]))
    assert TimeScale.of(clock) == TimeScale("frame", 1.0, "pixel")
    assert TimeScale.of(Timebase.constant(30, 4), clocked=False).label == "frame"


def test_the_frame_stays_inside_the_recording(viewer: Any) -> None:
    layer = add_video(viewer, Timebase.constant(30, 100))
    viewer.add_image(
        np.zeros((300, 4, 4), np.uint8), scale=(1 / 30, 1, 1), units=("second", "pixel", "pixel")
    )
    go_to_frame(viewer, layer, 250)
    assert current_frame(viewer, layer, 100) == 99


def test_a_layer_without_time_has_no_frame(viewer: Any) -> None:
    layer = viewer.add_image(np.zeros((5, 4, 4)))
    assert time_axis(viewer, layer) is None
    assert current_frame(viewer, layer, 5) is None
    go_to_frame(viewer, layer, 3)
