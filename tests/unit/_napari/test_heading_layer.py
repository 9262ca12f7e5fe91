from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.heading_layer import HeadingWindow, heading_layer
from napari_mousegpt._napari.motion_layers import show_heading
from napari_mousegpt._napari.pose_layer import PoseArrays
from napari_mousegpt._napari.show import show
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError

Make = Callable[..., Recording]


def test_an_arrow_points_from_rear_to_nose(make_recording: Make) -> None:
    pose = PoseArrays(make_recording(50, individuals=("a", "b")).pose)
    rows = HeadingWindow(pose).attributes(10, 20)
    assert rows["data"].shape == (20, 2, 3)
    begin, way = rows["data"][3]  # frame 11 of b
    nose, rear = pose.xy[11, 1, 0, ::-1], pose.xy[11, 1, 2, ::-1]
    assert begin.tolist() == [11, *(nose + rear) / 2]
    assert way.tolist() == [0, *(nose - rear)]
    assert list(rows["features"]["individual"][:4]) == ["a", "b", "a", "b"]


def test_an_end_that_is_not_drawn_leaves_no_arrow(recording: Recording) -> None:
    pose = PoseArrays(recording.pose.copy(deep=True))
    pose.xy[5, 0, 0] = np.nan
    pose.confidence[6, 0, 2] = 0.2
    ways = HeadingWindow(pose).attributes(4, 8)["data"][:, 1]
    assert ways.any(axis=1).tolist() == [True, False, False, True]
    assert np.isfinite(ways).all()


def test_the_next_best_parts_are_taken(recording: Recording) -> None:
    renamed = recording.pose.assign_coords(keypoints=["tailtip", "head", "spine", "centre"])
    window = HeadingWindow(PoseArrays(renamed))
    pose = PoseArrays(renamed)
    way = window.attributes(0, 1)["data"][0, 1]
    assert way[1:].tolist() == (pose.xy[0, 0, 1] - pose.xy[0, 0, 2])[::-1].tolist()


def test_a_pose_without_a_front_is_told(recording: Recording) -> None:
    renamed = PoseArrays(recording.pose.assign_coords(keypoints=["a", "b", "c", "tail_tip"]))
    with pytest.raises(InputError, match=r"heading: expected a keypoint of the front \(nose"):
        HeadingWindow(renamed)


def test_arrows_follow_the_slider(viewer: Any, make_recording: Make) -> None:
    show(viewer, make_recording(20_000, individuals=("a", "b")))
    layer = show_heading(viewer)
    for frame in (0, 15_000, 19_999, 300):
        viewer.dims.set_current_step(0, frame)
        assert len(layer.data) <= 600
        assert (layer.data[:, 0, 0] == frame).sum() == 2


def test_the_layer_is_in_the_time_of_the_recording(recording: Recording) -> None:
    _, attributes, kind = heading_layer(recording)
    assert (kind, attributes["vector_style"]) == ("vectors", "arrow")
    assert attributes["scale"][0] == pytest.approx(1 / 30)
