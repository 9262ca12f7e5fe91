"""NWB: rows belong to pictures, containers are animals, nothing is resampled."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.pose import load_pose, sniff_pose
from support.pose_files import N, nwb

POINTS = np.arange(N * 2, dtype=float).reshape(N, 2) + 1


def one(path: Path, **nose: object) -> Path:
    return nwb(path / "m.nwb", {"PoseEstimation": {"nose": {"data": POINTS, **nose}}})


def test_several_animals_and_keypoints_in_the_order_of_the_nodes(tmp_path: Path) -> None:
    data = {a: {k: np.random.rand(N, 2) for k in ("nose", "ear", "tail")} for a in ("b", "a")}
    path = nwb(tmp_path / "m.nwb", data, nodes=["tail", "nose", "ear"], source_software="SLEAP")
    assert sniff_pose(path).format == "NWB"
    pose = load_pose(path, 30)
    assert pose["keypoints"].values.tolist() == ["tail", "nose", "ear"]
    assert sorted(pose["individuals"].values) == ["a", "b"]
    assert pose.attrs["source_software"] == "SLEAP"
    for animal, series in data.items():
        for keypoint, values in series.items():
            found = pose["position"].sel(individuals=animal, keypoints=keypoint).values
            np.testing.assert_array_equal(found, values)


def test_names_of_the_converter_of_deeplabcut(tmp_path: Path) -> None:
    said = "Keypoint left ear from individual m 1."
    series = {"m 1_left ear": {"data": POINTS, "description": said}}
    pose = load_pose(nwb(tmp_path / "m.nwb", {"PoseEstimation": series}, subject="M17"), 30)
    assert pose["keypoints"].values.tolist() == ["left ear"]
    assert pose["individuals"].values.tolist() == ["m 1"]
    assert pose.attrs["subject_id"] == "M17"


def test_the_stated_rate_is_compared_with_the_video(tmp_path: Path) -> None:
    path = one(tmp_path, rate=60, start=2.5)
    pose = load_pose(path, Timebase.constant(30, N))
    assert pose.attrs["stated_fps"] == pytest.approx(60)
    assert "states 60 rows per second and the video has 30" in pose.attrs["notes"]
    assert "2.5 s in the first row" in pose.attrs["notes"]
    np.testing.assert_array_equal(pose["position"].values[:, :, 0, 0], POINTS)
    with pytest.raises(MismatchError, match="states 60 rows per second"):
        load_pose(path, Timebase.constant(30, N // 2))


def test_uneven_time_stamps_are_told_and_rows_stay_rows(tmp_path: Path) -> None:
    frames = np.array([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 14])
    path = one(tmp_path, timestamps=frames / 30)
    pose = load_pose(path, Timebase.constant(30, N))
    np.testing.assert_array_equal(pose["position"].values[:, :, 0, 0], POINTS)
    assert "uneven in 2 place(s), first by 0.1 s after row 5" in pose.attrs["notes"]
    assert pose.attrs["stated_fps"] == pytest.approx(30)
    longer = Timebase.constant(30, 15)
    with pytest.raises(MismatchError, match="found 12 rows"):
        load_pose(path, longer)
    placed = load_pose(path, longer, mismatch="pad")
    np.testing.assert_array_equal(placed["position"].values[frames, :, 0, 0], POINTS)
    assert np.isnan(placed["position"].values[6:8]).all()
    assert placed.attrs["length_policy"] == "pad: 12 rows for 15 pictures, by their time stamps"
    with pytest.raises(MismatchError, match=r"not those of the video.*would shift them"):
        load_pose(path, Timebase.constant(25, 15), mismatch="pad")


def test_time_stamps_that_only_count_are_no_rate(tmp_path: Path) -> None:
    pose = load_pose(one(tmp_path, timestamps=np.arange(N)), 30)
    assert "they count rows" in pose.attrs["notes"]
    assert "stated_fps" not in pose.attrs


@pytest.mark.parametrize("bad", [[0, 1, 1], [0, 2, 1], [0, np.nan, 2]])
def test_time_stamps_that_do_not_rise(tmp_path: Path, bad: list[float]) -> None:
    path = nwb(tmp_path / "m.nwb", {"a": {"nose": {"data": POINTS[:3], "timestamps": bad}}})
    with pytest.raises(FormatError, match=r"row \d: expected time stamps that rise"):
        load_pose(path, 30)


def test_tracks_with_stamps_of_their_own(tmp_path: Path) -> None:
    stamps = np.arange(N) / 30
    series = {
        "a": {"nose": {"data": POINTS[:8], "timestamps": stamps[:8]}},
        "b": {"nose": {"data": POINTS[2:], "timestamps": stamps[2:] + 1e-5}},
    }
    pose = load_pose(nwb(tmp_path / "m.nwb", series), 30)
    assert pose.sizes["time"] == N
    for name, rows in (("a", slice(0, 8)), ("b", slice(2, N))):
        found = pose["position"].sel(individuals=name, keypoints="nose").values
        np.testing.assert_array_equal(found[rows], POINTS[rows])
        assert np.isnan(found).any(axis=1).sum() == N - len(POINTS[rows])
    assert "8 to 10 rows" in pose.attrs["notes"]


def test_two_cameras_are_not_two_animals(tmp_path: Path) -> None:
    stamps = np.arange(N) / 30
    series = {
        "LeftCamera": {"paw": {"data": POINTS, "timestamps": stamps}},
        "RightCamera": {"paw": {"data": POINTS, "timestamps": stamps + 0.016}},
    }
    with pytest.raises(FormatError, match=r"tracks on one clock.*several cameras"):
        load_pose(nwb(tmp_path / "m.nwb", series), 30)
    series["RightCamera"]["tail"] = series["RightCamera"]["paw"]
    path = nwb(tmp_path / "m.nwb", series)
    with pytest.raises(FormatError, match=r"LeftCamera \(1 keypoints\), RightCamera \(2"):
        load_pose(path, 30)
    pose = load_pose(path, 30, individuals=["RightCamera"])
    assert pose["keypoints"].values.tolist() == ["paw", "tail"]
    with pytest.raises(InputError, match="poses that differ"):
        load_pose(path, 30, individuals=["Top"])


def test_missing_points(tmp_path: Path) -> None:
    data, score = POINTS.copy(), np.ones(N)
    data[2], score[2], score[4] = 0, 0, 0
    series = {"a": {"nose": {"data": data, "confidence": score}}}
    lost = np.isnan(load_pose(nwb(tmp_path / "m.nwb", series), 30)["position"].values[:, 0, 0, 0])
    assert np.flatnonzero(lost).tolist() == [2]
    path = nwb(tmp_path / "j.nwb", series, source_software="JABS")
    lost = np.isnan(load_pose(path, 30)["position"].values[:, 0, 0, 0])
    assert np.flatnonzero(lost).tolist() == [2, 4]  # JABS: confidence 0 is a missing point


def test_units_conversion_and_reference_frame(tmp_path: Path) -> None:
    said = "(0,0) is the bottom left corner"
    path = one(tmp_path, unit="meters", conversion=0.001, offset=1.0, reference_frame=said)
    pose = load_pose(path, 30)
    np.testing.assert_allclose(pose["position"].values[:, :, 0, 0], POINTS * 0.001 + 1)
    assert pose.attrs["position_unit"] == "meters"
    assert pose.attrs["reference_frame"] == said
    assert "bottom left corner" in pose.attrs["notes"]
    assert "taken as they are" in pose.attrs["notes"]


def test_three_dimensions_and_things(tmp_path: Path) -> None:
    path = nwb(tmp_path / "m.nwb", {"a": {"nose": np.ones((N, 3))}})
    assert load_pose(path, 30).sizes["space"] == 3
    things = nwb(
        tmp_path / "t.nwb",
        {"corners": {"c": np.ones((2, 2))}},
        description="Static object: corners",
    )
    with pytest.raises(FormatError, match=r"expected poses .*found none"):
        load_pose(things, 30)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ({"a": {"nose": {"data": POINTS, "timestamps": [0, 1]}}}, "time stamps for 12 rows"),
        ({"a": {"nose": {"data": POINTS, "confidence": [1, 1]}}}, "confidences for 12 rows"),
        ({"a": {"nose": {"data": POINTS, "rate": -1}}}, "a rate of -1"),
        ({"a": {"nose": POINTS[:, :1]}}, "x y or x y z"),
        ({"a": {"n": POINTS, "t": {"data": POINTS, "unit": "mm"}}}, "expected one unit"),
    ],
)
def test_what_does_not_fit_together(tmp_path: Path, series: dict, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_pose(nwb(tmp_path / "m.nwb", series), 30)


@pytest.mark.filterwarnings("ignore")
def test_a_file_written_by_pynwb(tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb", reason="the comparison needs it")
    ndx_pose = pytest.importorskip("ndx_pose", reason="the comparison needs it")
    file = pynwb.NWBFile("s", "id", datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
    module = file.create_processing_module("behavior", "pose")
    skeleton = ndx_pose.Skeleton(name="subject", nodes=["tail", "nose"])
    module.add(ndx_pose.Skeletons(skeletons=[skeleton]))
    for name in ("m1", "m2"):
        series = [
            ndx_pose.PoseEstimationSeries(
                name=keypoint, description="d", data=POINTS + len(name + keypoint), unit="pixels",
                reference_frame="top left", confidence=np.full(N, 0.5), rate=30.0,
                starting_time=0.0,
            )
            for keypoint in ("nose", "tail")
        ]  # fmt: skip
        module.add(
            ndx_pose.PoseEstimation(
                name=name, pose_estimation_series=series, description="d",
                source_software="SLEAP", skeleton=skeleton,
            )
        )  # fmt: skip
    path = tmp_path / "m.nwb"
    with pynwb.NWBHDF5IO(path, "w") as stream:
        stream.write(file)
    pose = load_pose(path, Timebase.constant(30, N))
    assert pose["individuals"].values.tolist() == ["m1", "m2"]
    assert pose["keypoints"].values.tolist() == ["tail", "nose"]
    found = pose["position"].sel(individuals="m1", keypoints="tail").values
    np.testing.assert_array_equal(found, POINTS + 6)
    assert pose.attrs["notes"] == "100% of the points have a confidence below 0.6."
