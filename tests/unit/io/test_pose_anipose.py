"""Anipose tables: keypoints in the order of the file, frames by fnum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pose import load_pose, sniff_pose
from support.pose_files import anipose

POINTS = np.random.default_rng(0).normal(size=(5, 2, 3)) * 100
POINTS[2, 1] = np.nan


def test_points_in_three_dimensions(tmp_path: Path) -> None:
    path = anipose(tmp_path / "m.csv", POINTS, ["tail_base", "nose"])
    assert sniff_pose(path).format == "Anipose"
    pose = load_pose(path, 50)
    assert pose["keypoints"].values.tolist() == ["tail_base", "nose"]
    np.testing.assert_array_equal(pose["position"].values[..., 0].transpose(0, 2, 1), POINTS)
    assert pose["confidence"].values[0, :, 0].tolist() == [0.9, 0.8]
    assert pose["reprojection_error"].values[1, 1, 0] == 0.5
    assert pose["n_cameras"].values[1, 1, 0] == 3
    assert pose.attrs["position_unit"] == "unit of the calibration board"
    assert "does not state its unit" in pose.attrs["notes"]
    assert "turned" not in pose.attrs["notes"]


def test_frames_by_number(tmp_path: Path) -> None:
    path = anipose(tmp_path / "m.csv", POINTS, ["a", "b"], first=3)
    pose = load_pose(path, 50)
    assert pose.sizes["time"] == 8
    assert np.isnan(pose["position"].values[:3]).all()
    with pytest.raises(FormatError, match="expected frame numbers from 0, found 1"):
        load_pose(anipose(tmp_path / "n.csv", POINTS, ["a", "b"], first=1), 50)


def test_the_same_as_movement(tmp_path: Path) -> None:
    load_poses = pytest.importorskip("movement.io.load_poses", reason="the comparison needs it")
    path = anipose(tmp_path / "m.csv", POINTS, ["tail", "nose"])
    theirs, ours = load_poses.from_anipose_file(path, fps=50), load_pose(path, 50)
    assert theirs["keypoints"].values.tolist() == ["nose", "tail"]  # by the alphabet
    for name in ("position", "confidence"):
        np.testing.assert_allclose(
            ours[name].sel(keypoints=["nose", "tail"]).values, theirs[name].values, rtol=1e-12
        )


def test_points_that_were_turned(tmp_path: Path) -> None:
    path = anipose(tmp_path / "m.csv", POINTS, ["a", "b"])
    text = path.read_text().replace(",0.0,0.0,0.0,", ",12.0,0.0,0.0,")
    path.write_text(text)
    assert "turned and moved" in load_pose(path, 50).attrs["notes"]


def test_another_table(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("nose_x,nose_y,nose_z\n1,2,3\n")
    assert sniff_pose(path).format == "plain"
    with pytest.raises(FormatError, match=r"nose_error.*found nose_x, nose_y, nose_z"):
        load_pose(path, 50, format="Anipose")
