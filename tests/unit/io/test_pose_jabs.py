"""JABS: y before x, confidence 0 is missing, and animals keep their identity."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pose import load_pose, sniff_pose
from napari_mousegpt.io.pose_jabs import JABS_KEYPOINTS
from support.pose_files import N, jabs


@pytest.mark.parametrize("version", range(2, 9))
def test_every_version(tmp_path: Path, version: int) -> None:
    path, xy = jabs(tmp_path / f"m_pose_est_v{version}.h5", version)
    assert sniff_pose(path).format == "JABS"
    pose = load_pose(path, 30)
    assert pose["keypoints"].values.tolist() == list(JABS_KEYPOINTS)
    assert JABS_KEYPOINTS[0] == "NOSE"
    assert JABS_KEYPOINTS[9] == "BASE_TAIL"
    # The animals change places in the file at frame 5, and keep their names.
    np.testing.assert_array_equal(
        pose["position"].transpose(..., "space").values.transpose(0, 2, 1, 3), xy
    )
    assert pose.attrs["jabs_version"] == version
    assert pose.attrs.get("cm_per_pixel") == (None if version == 2 else 0.0625)
    if version >= 5:
        still = json.loads(pose.attrs["static_objects"])
        assert still["corners"][1] == [300, 20]
        assert still["lixit"] == [[62, 166]]  # stored as y, x
    assert ("Not read: outlines" in pose.attrs["notes"]) == (version >= 6)


def test_confidence_zero_is_missing(tmp_path: Path) -> None:
    score = np.full((N, 12), 0.9, dtype=np.float32)
    score[3, 4] = 0
    path, xy = jabs(tmp_path / "m.h5", 2, confidence=score)
    position = load_pose(path, 30)["position"].values
    assert np.isnan(position[3, :, 4, 0]).all()
    assert np.isnan(position).sum() == 2
    assert position[3, :, 5, 0].tolist() == xy[3, 0, 5].tolist()


def test_short_tracks_are_put_into_as_few_animals_as_there_are_at_once(tmp_path: Path) -> None:
    ids = np.array([[7, 9]] * 3 + [[9, 0]] * 3 + [[9, 11]] * 3 + [[12, 11]] * 3, dtype=np.uint32)
    counts = np.array([2] * 3 + [1] * 3 + [2] * 6, dtype=np.uint8)
    path, _ = jabs(tmp_path / "m.h5", 3, instance_track_id=ids, instance_count=counts)
    pose = load_pose(path, 30)
    assert pose["individuals"].values.tolist() == ["individual_0", "individual_1"]
    nan = np.nan
    expected = [[7, 9]] * 3 + [[nan, 9]] * 3 + [[11, 9]] * 3 + [[11, 12]] * 3
    np.testing.assert_array_equal(pose["track"].values, expected)
    assert np.isnan(pose["position"].values[3:6, :, :, 0]).all()
    assert "4 tracks are put into 2 individuals" in pose.attrs["notes"]


def test_detections_without_an_identity_are_left_out(tmp_path: Path) -> None:
    ids = np.array([[1, 2]] * N, dtype=np.uint32)
    ids[4] = [1, 3]  # an instance that no identity was given
    mask = np.zeros((N, 2), dtype=bool)
    mask[6, 0] = True
    path, _ = jabs(tmp_path / "m.h5", 4, instance_embed_id=ids, id_mask=mask)
    pose = load_pose(path, 30)
    lost = np.isnan(pose["position"].values[:, 0, 0])
    assert np.argwhere(lost).tolist() == [[4, 1], [6, 0]]
    assert "1 detections without an identity" in pose.attrs["notes"]


def test_names_given_outside_jabs(tmp_path: Path) -> None:
    path, _ = jabs(tmp_path / "m.h5", 4, external_identity_mapping=[b"cage7_a", b"cage7_b"])
    assert load_pose(path, 30)["individuals"].values.tolist() == ["cage7_a", "cage7_b"]
    path, _ = jabs(tmp_path / "n.h5", 4, external_identity_mapping=[1071, 1072])
    assert load_pose(path, 30)["individuals"].values.tolist() == ["1071", "1072"]


def test_an_animal_twice_in_a_frame(tmp_path: Path) -> None:
    ids = np.array([[1, 2]] * N, dtype=np.uint32)
    ids[4] = 2
    path, _ = jabs(tmp_path / "m.h5", 4, instance_embed_id=ids)
    with pytest.raises(FormatError, match="frame 4: expected each animal once, found identity_2"):
        load_pose(path, 30)


def test_confidences_above_one_are_told(tmp_path: Path) -> None:
    path, _ = jabs(tmp_path / "m.h5", 2, confidence=np.full((N, 12), 5.3, dtype=np.float32))
    assert "reach 5.3: they are heights" in load_pose(path, 30).attrs["notes"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": np.zeros((N, 11, 2), np.uint16)}, "points of 12 keypoints"),
        ({"confidence": np.zeros((3, 12), np.float32)}, r"\(3, 1, 12\) confidences"),
        ({"points": np.zeros((N, 2), np.uint16)}, "whole JABS file"),
    ],
)
def test_what_does_not_fit_together(tmp_path: Path, changes: dict, message: str) -> None:
    path, _ = jabs(tmp_path / "m.h5", 2, **changes)
    with pytest.raises(FormatError, match=message):
        load_pose(path, 30)


def test_versions_to_come_and_other_files(tmp_path: Path) -> None:
    path, _ = jabs(tmp_path / "m.h5", 4)
    with h5py.File(path, "r+") as file:
        file["poseest"].attrs["version"] = np.array([9, 0])
    with pytest.raises(FormatError, match=r"version 2 to 8, found version 9"):
        load_pose(path, 30)
    with h5py.File(path, "w") as file:
        file["x"] = 1
    with pytest.raises(FormatError, match="with the group poseest, found x"):
        load_pose(path, 30, format="JABS")
