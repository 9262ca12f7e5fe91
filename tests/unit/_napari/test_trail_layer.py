from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.motion_layers import show_trail
from napari_mousegpt._napari.pose_layer import PoseArrays, individual_colours
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.trail_layer import TrailWindow, trail_layer
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.errors import InputError

Make = Callable[..., Recording]


def test_a_window_holds_its_frames_and_the_past_of_its_first(make_recording: Make) -> None:
    pose = PoseArrays(make_recording(1000, individuals=("a", "b")).pose)
    rows = TrailWindow(pose, 60).attributes(300, 400)
    data = rows["data"]
    assert sorted(set(data[:, 1])) == list(range(240, 400))
    assert len(data) == 2 * 160
    # The neck stands for the animal, as no middle is tracked.
    place = data[(data[:, 1] == 350) & (rows["features"]["individual"] == "b")][0]
    assert place[2:].tolist() == pose.xy[350, 1, 1, ::-1].tolist()
    assert TrailWindow(pose, 60).attributes(0, 10)["data"][:, 1].min() == 0
    colours = {tuple(c) for c in rows["colours"]}
    assert colours == {tuple(c) for c in individual_colours(2)}


def test_a_trail_is_broken_where_the_animal_was_not_seen(recording: Recording) -> None:
    pose = PoseArrays(recording.pose.copy(deep=True))
    pose.xy[20:25, 0, 1] = np.nan
    pose.confidence[30, 0, 1] = 0.1
    data = TrailWindow(pose, 0).attributes(10, 40)["data"]
    ids = [set(data[(data[:, 1] >= a) & (data[:, 1] < b), 0]) for a, b in
           ((10, 20), (25, 30), (31, 40))]  # fmt: skip
    assert [len(one) for one in ids] == [1, 1, 1]
    assert len(set.union(*ids)) == 3
    assert not {20, 24, 30} & set(data[:, 1])


def test_unknown_keypoints_are_followed_by_their_middle(recording: Recording) -> None:
    renamed = PoseArrays(recording.pose.assign_coords(keypoints=["a1", "b2", "c3", "d4"]))
    place = TrailWindow(renamed, 0).attributes(7, 8)["data"][0, 2:]
    assert place == pytest.approx(renamed.xy[7, 0].mean(axis=0)[::-1])


def test_the_trail_follows_the_slider_with_few_rows(viewer: Any, make_recording: Make) -> None:
    recording = make_recording(50_000, individuals=("a", "b"))
    lost = recording.pose.copy(deep=True)
    lost["position"][10_000:12_000] = np.nan
    recording = Recording(
        "rec", (View("main", recording.timebase, video=recording.video, pose=lost),)
    )
    show(viewer, recording)
    layer = show_trail(viewer, seconds=3)
    assert layer.tail_length == 90
    for frame in (0, 40_000, 40_100, 11_000, 49_999, 5):
        viewer.dims.set_current_step(0, frame)
        assert len(layer.data) <= 2 * 390
        held = set(layer.data[:, 1])
        if frame == 11_000:
            assert len(layer.data) == 1  # nothing is drawn
        else:
            assert set(range(max(0, frame - 90), frame + 1)) <= held
        assert layer.track_colors.shape == (len(layer.data), 4)


def test_the_length_is_that_of_the_layer_from_then_on(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    layer = show_trail(viewer)
    assert layer.tail_length == 60
    layer.tail_length = 200
    viewer.dims.set_current_step(0, 900)
    assert set(range(700, 901)) <= set(layer.data[:, 1])


def test_without_a_clock_the_trail_counts_frames(make_recording: Make) -> None:
    _, attributes, kind = trail_layer(make_recording(500, fps=1), clocked=False)
    assert (attributes["tail_length"], attributes["axis_labels"][0]) == (60, "frame")
    assert kind == "tracks"


def test_a_recording_without_pose_has_no_trail(make_recording: Make) -> None:
    with pytest.raises(InputError, match=r"'rec': expected a pose, found none"):
        trail_layer(make_recording(5, pose=False))
