"""The describer without weights on real mice: people's labels, other cameras, no pose at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.features import kinematics, silhouette
from napari_mousegpt.io.pose import load_pose
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.words import KinematicDescriber

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def figures(shared_data: Path) -> Mapping[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import words

        found = words.figures(shared_data)
        assert words.misses(found) == []
        json.dumps(found)
    return found


def test_mice_that_no_threshold_was_chosen_on(figures: Mapping[str, Any]) -> None:
    other = figures["held_out"]
    assert other["macro_f1"] >= 0.68
    assert other["macro_f1"] > figures["controls"]["majority_macro_f1"] + 0.4
    assert set(other["mice"]).isdisjoint(figures["tuning"]["mice"])


def test_controls_collapse(figures: Mapping[str, Any]) -> None:
    controls = figures["controls"]
    assert controls["shuffled_pose_macro_f1"] < 0.2
    assert controls["shifted_labels_macro_f1"] < 0.3


def test_more_sureness_is_more_often_right(figures: Mapping[str, Any]) -> None:
    right = [band["right"] for band in figures["confidence"]]
    assert right == sorted(right)
    assert right[-1] > 0.9


def test_human_freezing_is_called_still(figures: Mapping[str, Any]) -> None:
    assert figures["freezing"]["f1"] > 0.8


def test_top_view_with_four_keypoints(shared_data: Path) -> None:
    pose = load_pose(
        shared_data / "video_openfield_dlc" / "openfield_dlc_inference_example.csv", 30
    )
    n = int(pose.sizes["time"])
    clock = VideoReader(shared_data / "video_openfield_dlc" / "m3v1mp4.mp4").timebase
    assert clock.n_frames == n
    features = kinematics(pose, clock)
    (name,) = features
    start = np.arange(0, n - 30, 30)
    table = KinematicDescriber().describe(
        features, Intervals.build("m3v1", start, start + 30, name)
    )
    assert set(table["label"]) <= {"walking", "turning", "moving in place", "still", ""}
    assert (table["label"] == "walking").mean() > 0.3
    assert (table["limb"] == "not visible").all()
    assert table["overall"].nunique() > 0.9 * len(table)
    assert not table["overall"].str.contains("Rears|Grooms|Stands").any()


def test_two_mice_are_described_apart(shared_data: Path) -> None:
    (path,) = (shared_data / "labelled_social_boris").glob("*DLC*.csv")
    pose = load_pose(path, 30)
    clock_frames = int(pose.sizes["time"])
    features = kinematics(pose, Timebase.constant(30, clock_frames))
    assert len(features) == 2
    lengths = [found.body_length for found in features.values()]
    assert all(length > 10 for length in lengths)
    labels = [KinematicDescriber().frame_labels(found) for found in features.values()]
    assert np.mean(labels[0] == labels[1]) < 0.95


def test_a_video_without_pose_agrees_with_its_pose(shared_data: Path) -> None:
    folder = shared_data / "video_openfield_dlc"
    reader = VideoReader(folder / "m3v1mp4.mp4")
    # Every fourth picture of a real video: enough to judge, and quick.
    frames = np.stack([picture[::2, ::2, 1] for picture in reader.iter_frames(step=4)])
    clock = Timebase.constant(reader.timebase.rate / 4, len(frames))
    shape = silhouette(frames, clock)
    pose = load_pose(folder / "openfield_dlc_inference_example.csv", reader.timebase)
    (body,) = kinematics(pose.isel(time=slice(None, None, 4)), clock).values()
    assert 2 * shape.body_length == pytest.approx(body.body_length, rel=0.1)
    assert np.isfinite(shape.column("body_speed")).mean() > 0.95
    assert correlation(shape.column("turn_rate"), body.column("turn_rate")) > 0.85
    assert correlation(shape.column("body_speed"), body.column("body_speed")) > 0.5


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    return float(np.corrcoef(a[both], b[both])[0, 1])
