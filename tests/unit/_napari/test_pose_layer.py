from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from napari_mousegpt._napari.pose_layer import (
    BonesWindow,
    PointsWindow,
    PoseArrays,
    pose_layers,
)
from napari_mousegpt._napari.settings import DisplaySettings
from napari_mousegpt._napari.show import show
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError

Make = Callable[..., Recording]


def test_a_window_has_one_row_for_each_point(make_recording: Make) -> None:
    pose = PoseArrays(make_recording(50, individuals=("a", "b")).pose)
    rows = PointsWindow(pose).attributes(10, 20)
    assert rows["data"].shape == (10 * 4 * 2, 3)
    assert set(rows["data"][:, 0]) == set(range(10, 20))
    features = rows["features"]
    place = rows["data"][(features["keypoint"] == "neck") & (features["individual"] == "b")]
    assert place[3].tolist() == [13, 10 + 12 + 1, 10 + 13 + 3]
    assert len(rows["face_color"]) == len(rows["data"])
    assert len({tuple(c) for c in rows["face_color"]}) == 4


def test_missing_and_doubtful_points_are_not_drawn(recording: Recording) -> None:
    pose = PoseArrays(recording.pose.copy(deep=True))
    pose.xy[5, 0, 0] = np.nan
    pose.confidence[6, 0, 1] = 0.59
    pose.confidence[7, 0, 2] = np.nan
    rows = PointsWindow(pose).attributes(5, 8)
    keypoints, frames = rows["features"]["keypoint"], rows["data"][:, 0]
    by_frame = {f: set(keypoints[(frames == f) & rows["shown"]]) for f in (5, 6, 7)}
    assert np.isfinite(rows["data"]).all()
    assert by_frame[5] == {"neck", "tail_base", "tail_tip"}
    assert by_frame[6] == {"nose", "tail_base", "tail_tip"}
    assert by_frame[7] == {"nose", "neck", "tail_base", "tail_tip"}
    # A line needs both of its ends.
    bones = BonesWindow(pose).attributes(5, 8)
    full = len(BonesWindow(pose).pairs)
    drawn = bones["data"][:, 1].any(axis=1)
    counts = [int((drawn & (bones["data"][:, 0, 0] == f)).sum()) for f in (5, 6, 7)]
    assert counts[2] == full
    assert counts[0] < full
    assert np.isfinite(bones["data"]).all()


def test_lines_run_from_point_to_point(recording: Recording) -> None:
    pose = PoseArrays(recording.pose)
    bones = BonesWindow(pose)
    vectors = bones.attributes(4, 5)["data"]
    for (tail, head), (begin, way) in zip(bones.pairs, vectors, strict=True):
        assert begin.tolist() == [4, *pose.xy[4, 0, tail, ::-1]]
        assert (begin + way).tolist() == [4, *pose.xy[4, 0, head, ::-1]]


def test_boxes_hold_the_last_place_of_a_lost_animal(recording: Recording) -> None:
    pose = PoseArrays(recording.pose.copy(deep=True))
    pose.xy[3:6] = np.nan
    boxes = pose.boxes(0, 10, 0.6)
    assert boxes.shape == (10, 1, 2, 2)
    assert boxes[5].tolist() == boxes[2].tolist()
    assert boxes[4:8][0].tolist() == boxes[2].tolist()
    assert pose.boxes(4, 8, 0.6)[0].tolist() == pose.boxes(6, 7, 0.6)[0].tolist()
    assert np.isnan(pose.boxes(3, 6, 0.6)).all()


def test_layers_are_windows_and_the_skeleton_is_off(make_recording: Make) -> None:
    layers = pose_layers(make_recording(100_000))
    kinds = [(attributes["name"], kind) for _, attributes, kind in layers]
    assert kinds == [("skeleton", "vectors"), ("pose", "points")]
    assert len(layers[1][0]) == DisplaySettings().window_frames * 4
    assert layers[0][1]["visible"] is False
    assert layers[1][1]["scale"][0] == pytest.approx(1 / 30)


def test_a_stretch_without_any_point_is_no_trouble(viewer: Any, make_recording: Make) -> None:
    recording = make_recording(1000)
    lost = recording.pose.copy(deep=True)
    lost["position"][:400] = np.nan
    view = type(recording.primary)("main", recording.timebase, recording.video, lost)
    show(viewer, Recording("rec", (view,)))
    viewer.layers["skeleton"].visible = True
    for frame, rows in ((0, 0), (900, 400), (100, 0)):
        viewer.dims.set_current_step(0, frame)
        pose, skeleton = viewer.layers["pose"], viewer.layers["skeleton"]
        assert (len(pose.data), int(pose.shown.sum())) == (400, rows)
        assert (len(skeleton.data), int(skeleton.data[:, 1].any(axis=1).sum())) == (200, rows // 2)


def test_a_pose_without_known_parts_has_no_skeleton(make_recording: Make) -> None:
    recording = make_recording(5)
    renamed = recording.pose.assign_coords(keypoints=["a1", "b2", "c3", "d4"])
    view = type(recording.primary)("main", recording.timebase, pose=renamed)
    assert [kind for *_, kind in pose_layers(Recording("r", (view,)))] == ["points"]


def test_a_recording_without_pose_has_no_pose_layer(make_recording: Make) -> None:
    with pytest.raises(InputError, match=r"'rec': expected a pose, found none"):
        pose_layers(make_recording(5, pose=False))


@pytest.mark.parametrize("order", [("x", "y"), ("y", "x"), ("x", "z", "y"), ("x", "y", "z")])
def test_the_pose_is_never_copied(make_recording: Make, order: tuple[str, ...]) -> None:
    pose = make_recording(1000).pose
    if "z" in order:
        high = pose["position"].sel(space=["x"]).assign_coords(space=["z"])
        position = xr.concat([pose["position"], high], dim="space").sel(space=list(order))
        pose = xr.Dataset({"position": position, "confidence": pose["confidence"]})
    else:
        pose = pose.sel(space=list(order))
    arrays = PoseArrays(pose)
    assert np.shares_memory(arrays.xy, pose["position"].values)
    assert np.shares_memory(arrays.confidence, pose["confidence"].values)
    for place, name in enumerate("xy"):
        wanted = pose["position"].sel(space=name, individuals="m1", keypoints="neck").values
        assert np.array_equal(arrays.xy[:, 0, 1, place], wanted)


def test_lines_fade_with_the_confidence_of_their_weaker_end(recording: Recording) -> None:
    pose = PoseArrays(recording.pose.copy(deep=True))
    pose.confidence[:] = 1.0
    pose.confidence[5, 0, 1] = 0.6
    pose.confidence[6, 0, :] = np.nan
    rows = BonesWindow(pose).attributes(4, 7)
    frame, opacity = rows["data"][:, 0, 0], rows["edge_color"][:, 3]
    assert (opacity[frame == 4] == 1).all()
    assert (opacity[frame == 6] == 1).all()
    with_neck = (BonesWindow(pose).pairs == 1).any(axis=1)
    assert opacity[frame == 5][with_neck] == pytest.approx(0.25)
    assert opacity[frame == 5][~with_neck] == pytest.approx(1.0)
    assert rows["features"]["confidence"][frame == 5].min() == pytest.approx(0.6)
