"""SLEAP's csv: frames keep their numbers, animals keep their tracks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pose import load_pose, sniff_pose
from support.pose_files import sleap_table

ROWS = [
    ("a", 0, (1, 2, 0.9, 3, 4, 0.8)),
    ("b", 0, (5, 6, 0.7, 7, 8, 0.6)),
    ("b", 3, (9, 10, 0.5, np.nan, np.nan, np.nan)),
]


def test_rows_are_sorted_by_frame_and_track(tmp_path: Path) -> None:
    path = sleap_table(tmp_path / "m.csv", ROWS[::-1])
    assert sniff_pose(path).format == "SLEAP"
    pose = load_pose(path, 30)
    assert pose["individuals"].values.tolist() == ["b", "a"]
    assert pose["keypoints"].values.tolist() == ["nose", "tail"]
    point = pose["position"].sel(individuals="b", keypoints="nose").values
    np.testing.assert_array_equal(point, [[5, 6], [np.nan] * 2, [np.nan] * 2, [9, 10]])
    assert pose["confidence"].sel(individuals="a").values[0].tolist() == [0.9, 0.8]
    assert "2 of 4 frames have no labels" in pose.attrs["notes"]


def test_the_same_as_sleap_io(tmp_path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io")
    path = sleap_table(tmp_path / "m.csv", ROWS)
    theirs = sleap_io.load_csv(str(path))
    ours = load_pose(path, 30)["position"].values
    names = [track.name for track in theirs.tracks]
    for frame in theirs:
        for instance in frame.instances:
            np.testing.assert_array_equal(
                ours[frame.frame_idx, :, :, names.index(instance.track.name)].T, instance.numpy()
            )


def test_animals_without_tracks(tmp_path: Path) -> None:
    one = sleap_table(tmp_path / "m.csv", [("", f, (1, 2, 1, 3, 4, 1)) for f in (0, 1)])
    assert load_pose(one, 30)["individuals"].values.tolist() == ["individual_0"]
    two = sleap_table(tmp_path / "n.csv", [("", 0, (1, 2, 1, 3, 4, 1))] * 2)
    with pytest.raises(FormatError, match=r"2 rows without one.*Run tracking"):
        load_pose(two, 30)


def test_damage_is_named(tmp_path: Path) -> None:
    twice = sleap_table(tmp_path / "m.csv", [ROWS[0], ROWS[0]])
    with pytest.raises(FormatError, match=r"line 3: .*found 'a' twice in frame 0"):
        load_pose(twice, 30)
    path = sleap_table(tmp_path / "n.csv", ROWS)
    path.write_text(path.read_text().replace("9.0,10.0", "9.0,ten"))
    with pytest.raises(FormatError, match="line 4: expected numbers, found 'ten'"):
        load_pose(path, 30)
    path.write_text("track,frame_idx\na,0\n")
    with pytest.raises(FormatError, match=r"\.x \.y of each node"):
        load_pose(path, 30, format="SLEAP")


def test_pieces_of_tracks_do_not_fill_the_memory(tmp_path: Path) -> None:
    rows = [(f"t{i}", 5 * i, (1, 2, 1, 3, 4, 1)) for i in range(6000)]
    with pytest.raises(FormatError, match=r"expected a few individuals, found 6000 in 29996"):
        load_pose(sleap_table(tmp_path / "m.csv", rows), 30)
