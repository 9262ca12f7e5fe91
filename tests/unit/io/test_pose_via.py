"""VIA tracks: the centre of each box, at the frame of its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pose import load_pose, sniff_pose
from support.pose_files import via

BOXES = [(0, 2, (10, 20, 4, 6)), (0, 10, (50, 60, 2, 2)), (3, 2, (11.5, 21, 4, 6))]


def test_boxes_are_read_as_their_centres(tmp_path: Path) -> None:
    path = via(tmp_path / "m.csv", BOXES)
    assert sniff_pose(path).format == "VIA"
    pose = load_pose(path, 30)
    assert pose["individuals"].values.tolist() == ["id_2", "id_10"]
    assert pose["keypoints"].values.tolist() == ["centroid"]
    expected = np.full((4, 2, 1, 2), np.nan)
    expected[0, :, 0, 0], expected[0, :, 0, 1], expected[3, :, 0, 0] = (
        (12, 23),
        (51, 61),
        (13.5, 24),
    )
    np.testing.assert_array_equal(pose["position"].values, expected)
    assert pose["shape"].values[0].T.tolist() == [[4, 6], [2, 2]]
    assert "Boxes: their centre" in pose.attrs["notes"]
    kept = load_pose(path, 30, individuals=["id_10"])
    assert kept["shape"].values[0, :, 0].tolist() == [2, 2]


def test_frames_by_the_names_of_pictures_and_confidence(tmp_path: Path) -> None:
    boxes = [(f"cam2_{i:04d}.png", 1, (i, 0, 2, 2)) for i in (0, 1, 4)]
    pose = load_pose(via(tmp_path / "m.csv", boxes, confidence="0.75"), 30)
    assert pose["position"].values[[0, 1, 4], 0, 0, 0].tolist() == [1, 2, 5]
    assert np.isnan(pose["position"].values[2:4]).all()
    assert pose["confidence"].values[4, 0, 0] == 0.75


def test_the_same_as_movement(tmp_path: Path) -> None:
    load_bboxes = pytest.importorskip("movement.io.load_bboxes", reason="the comparison needs it")
    path = via(tmp_path / "m.csv", [(i, t, (i * 3, t, 4, 6 + i)) for i in range(5) for t in (1, 2)])
    theirs, ours = load_bboxes.from_via_tracks_file(path, fps=30), load_pose(path, 30)
    np.testing.assert_array_equal(ours["position"].values[:, :, 0], theirs["position"].values)
    np.testing.assert_array_equal(ours["shape"].values, theirs["shape"].values)
    assert ours["individuals"].values.tolist() == theirs["individuals"].values.tolist()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('""rect""', '""circle""', r"line 2: expected rectangles, found 'circle'"),
        ('""track"": 2', '""name"": 2', "line 2: expected a track for each box"),
        ('""width"": 4', '""width"": -4', "line 2: expected a box"),
        ('""x"": 10', '""x"": ""left""', "line 2: expected a box"),
        ('""frame"": ""0""', '""frame"": ""1.5""', "line 2: expected a frame number from 0"),
        ('""frame"": ""3""', '""frame"": ""900000000000""', "near the number of rows"),
        ('""frame"": ""3""', '""frame"": ""0""', r"line 4: .*found 'id_2' twice in frame 0"),
        ("{", "[" * 100_000 + "{", r"line 2|whole VIA"),
        (",1,0,", ",1,", "expected 7 cells"),
        ("region_attributes", "attributes", "no region_attributes"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = via(tmp_path / "m.csv", BOXES)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(FormatError, match=message):
        load_pose(path, 30, format="VIA")


def test_a_picture_without_a_box(tmp_path: Path) -> None:
    path = via(tmp_path / "m.csv", BOXES)
    path.write_text(path.read_text() + '00004.png,99,"{}",0,0,"{}","{}"\n\n')
    assert load_pose(path, 30).sizes["time"] == 4
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(FormatError, match="at least one box"):
        load_pose(path, 30)
