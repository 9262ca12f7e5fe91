"""Shares of missing and doubtful points, and x and y in the wrong order."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.pose import load_pose
from napari_mousegpt.io.pose_checks import explain_axes, rate_points


def test_a_point_that_is_missing_is_not_doubtful() -> None:
    position, score = np.ones((20, 2, 1, 1)), np.full((20, 1, 1), 0.9)
    position[:3, 1] = np.nan
    score[2:7] = 0.1
    shares, notes = rate_points(make_pose(position, score, ["n"], ["m"], Timebase.constant(30, 20)))
    assert shares == {"missing_share": 3 / 20, "doubtful_share": 4 / 17}
    assert notes == (
        "15% of the points are missing.",
        "24% of the points have a confidence below 0.6.",
    )
    good = make_pose(np.ones((9, 2, 1, 1)), None, ["n"], ["m"], Timebase.constant(30, 9))
    assert rate_points(good) == ({"missing_share": 0.0}, ())


def test_a_loaded_pose_says_so(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("nose_x,nose_y,nose_likelihood\n1,2,0.1\n3,4,0.9\n,,\n")
    pose = load_pose(path, 30)
    assert pose.attrs["missing_share"] == 1 / 3
    assert pose.attrs["doubtful_share"] == 0.5
    assert "33% of the points are missing. 50% of the points have" in pose.attrs["notes"]


def test_x_and_y_in_the_wrong_order() -> None:
    random = np.random.default_rng(0)
    xy = np.stack([random.uniform(0, 640, 300), random.uniform(0, 480, 300)], axis=1)

    def explain(points: np.ndarray, *size: int) -> str:
        clock = Timebase.constant(30, len(points))
        pose = make_pose(points[:, :, None, None], None, ["n"], ["m"], clock)
        return explain_axes(pose, *size)

    assert explain(xy, 640, 480) == ""
    assert "inside if x and y are exchanged" in explain(xy[:, ::-1], 640, 480)
    assert explain(xy * 2, 640, 480) == ""  # another video: exchanging does not help
    assert explain(xy[:, ::-1], 640, 640) == ""
    assert explain(np.full((3, 2), np.nan), 640, 480) == ""
