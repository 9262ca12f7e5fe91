"""Real files of every format: the right shapes, and the same pose in two formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, MismatchError
from napari_mousegpt.io.boris import read_boris, write_boris
from napari_mousegpt.io.frame_labels import read_frame_labels
from napari_mousegpt.io.inspect import inspect_file
from napari_mousegpt.io.labels import read_bouts, write_bouts
from napari_mousegpt.io.pose import PlainLayout, load_pose, sniff_pose
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.study import load_study

DEEPOF = "pose_formats/deepof"
OPENFIELD = "video_openfield_dlc"
#: Path, format, shape of the positions.
POSES = [
    (f"{OPENFIELD}/openfield_dlc_inference_example.csv", "DeepLabCut", (2330, 2, 4, 1)),
    (f"{OPENFIELD}/openfield_dlc_inference_example_missingdata.csv", "DeepLabCut", (2330, 2, 4, 1)),
    (f"{OPENFIELD}/openfield_dlc_inference_example_three.csv", "DeepLabCut", (2330, 2, 4, 3)),
    ("video_bottomview_vame/cropped_video.csv", "DeepLabCut", (750, 2, 6, 1)),
    ("labelled_freezing_behaviordepot/demo2_tracking.csv", "DeepLabCut", (3600, 2, 9, 1)),
    (f"{DEEPOF}/testDLC_csv_table.csv", "DeepLabCut", (97, 2, 14, 1)),
    (f"{DEEPOF}/testDLC_csv_table_multi.csv", "DeepLabCut", (98, 2, 28, 1)),
    (f"{DEEPOF}/testDLC_csv_table_madlc.csv", "DeepLabCut", (97, 2, 14, 2)),
    (f"{DEEPOF}/testDLC_h5_table.h5", "DeepLabCut", (100, 2, 14, 1)),
    (f"{DEEPOF}/testDLC_h5_table_multi.h5", "DeepLabCut", (100, 2, 28, 1)),
    (f"{DEEPOF}/testDLC_h5_table_madlc.h5", "DeepLabCut", (100, 2, 14, 2)),
    (f"{DEEPOF}/testDLC_sleap.slp", "SLEAP", (101, 2, 14, 1)),
    (f"{DEEPOF}/testDLC_sleap.analysis.h5", "SLEAP", (101, 2, 14, 1)),
    ("pose_formats/dlc3d/keypoints_3d_short.h5", "DeepLabCut", (1000, 3, 30, 1)),
    (f"{OPENFIELD}/sample_nwb_.nwb", "NWB", (2330, 2, 4, 1)),
    ("video_bottomview_vame/cropped_video.nwb", "NWB", (750, 2, 6, 1)),
    ("pose_formats/jabs/sample_pose_est_v2.h5", "JABS", (1800, 2, 12, 1)),
    ("pose_formats/jabs/sample_pose_est_v3.h5", "JABS", (1800, 2, 12, 5)),
]
LABELLED = [
    (f"{OPENFIELD}/CollectedData_Pranav.csv", 116, 4),
    (f"{OPENFIELD}/CollectedData_Pranav.h5", 116, 4),
    ("pose_formats/dlc_reaching/CollectedData_Mackenzie.csv", 55, 5),
    ("video_mirror_lightningpose/CollectedData.csv", 90, 17),
]
SUBTLE = PlainLayout(
    "nose neck anus chest right_hindpaw left_hindpaw right_forepaw left_forepaw tail_tip",
    "x y z",
    unit="cm",
)


@pytest.mark.parametrize(("name", "format_", "shape"), POSES)
def test_poses_load(shared_data: Path, name: str, format_: str, shape: tuple[int, ...]) -> None:
    path = shared_data / name
    assert sniff_pose(path).format == format_
    pose = load_pose(path, 30)
    assert pose["position"].shape == shape
    assert pose["confidence"].shape == (shape[0], *shape[2:])
    # Of the five places of the JABS file two are mostly empty.
    assert np.isfinite(pose["position"].values).mean() > (0.45 if shape[3] == 5 else 0.7)


@pytest.mark.parametrize(("name", "rows", "keypoints"), LABELLED)
def test_manual_labels_are_refused_unless_asked_for(
    shared_data: Path, name: str, rows: int, keypoints: int
) -> None:
    with pytest.raises(FormatError, match="manual labels of single pictures"):
        load_pose(shared_data / name, 30)
    pose = load_pose(shared_data / name, 30, manual_labels=True)
    assert (pose.sizes["time"], pose.sizes["keypoints"]) == (rows, keypoints)
    assert str(pose["image"].values[0]).endswith(".png")


@pytest.mark.parametrize("kind", ["multi", "madlc"])
def test_csv_and_h5_hold_the_same_pose(shared_data: Path, kind: str) -> None:
    text = load_pose(shared_data / DEEPOF / f"testDLC_csv_table_{kind}.csv", 30)
    binary = load_pose(shared_data / DEEPOF / f"testDLC_h5_table_{kind}.h5", 30)
    binary = binary.isel(time=slice(0, text.sizes["time"]))  # the csv copy is shorter
    # Older pandas read the last digit of a decimal inexactly.
    for name in ("position", "confidence"):
        np.testing.assert_allclose(text[name].values, binary[name].values, rtol=1e-14)
    for name in ("keypoints", "individuals"):
        assert list(text[name].values) == list(binary[name].values)


@pytest.mark.parametrize(
    "name", ["testDLC_h5_table.h5", "testDLC_h5_table_multi.h5", "testDLC_h5_table_madlc.h5"]
)
def test_h5_is_read_as_pandas_reads_it(shared_data: Path, name: str) -> None:
    pytest.importorskip("tables", reason="the comparison needs it")
    import pandas as pd

    from napari_mousegpt.io.pandas_h5 import read_pandas_h5

    theirs = pd.read_hdf(shared_data / DEEPOF / name)
    ours = read_pandas_h5(shared_data / DEEPOF / name)
    np.testing.assert_array_equal(ours.values, theirs.to_numpy())
    assert ours.columns == list(theirs.columns)


def test_manual_csv_and_h5_are_the_same(shared_data: Path) -> None:
    one, two = (
        load_pose(shared_data / OPENFIELD / f"CollectedData_Pranav.{end}", 30, manual_labels=True)
        for end in ("csv", "h5")
    )
    np.testing.assert_array_equal(one["position"].values, two["position"].values)
    assert list(one["image"].values) == list(two["image"].values)


def test_sleap_project_and_analysis_file_are_the_same(shared_data: Path) -> None:
    project = load_pose(shared_data / DEEPOF / "testDLC_sleap.slp", 30)
    analysis = load_pose(shared_data / DEEPOF / "testDLC_sleap.analysis.h5", 30)
    np.testing.assert_allclose(project["position"], analysis["position"], rtol=1e-6)
    np.testing.assert_allclose(project["confidence"], analysis["confidence"], rtol=1e-6)
    assert list(project["keypoints"].values) == list(analysis["keypoints"].values)


def test_nwb_and_csv_of_one_tracking_are_the_same(shared_data: Path) -> None:
    folder = shared_data / "video_bottomview_vame"
    nwb, text = (load_pose(folder / f"cropped_video.{end}", 25) for end in ("nwb", "csv"))
    order = [str(name) for name in text["keypoints"].values]
    for name in ("position", "confidence"):
        found = nwb[name].sel(keypoints=order).values
        np.testing.assert_allclose(found, text[name].values, rtol=1e-15, atol=0)


def test_nwb_of_another_tracking_of_the_same_video(shared_data: Path) -> None:
    """Two networks tracked this video: the poses lie near each other, frame by frame."""
    folder = shared_data / OPENFIELD
    nwb = load_pose(folder / "sample_nwb_.nwb", 30)
    text = load_pose(folder / "openfield_dlc_inference_example.csv", 30)
    assert nwb["keypoints"].values.tolist() == text["keypoints"].values.tolist()
    assert nwb["individuals"].values.tolist() == ["ind1"]
    one, other = nwb["position"].values, text["position"].values

    def apart(shift: int) -> float:
        return float(np.median(np.abs(one[5 + shift : 2300 + shift] - other[5:2300])))

    assert apart(0) < 2.3
    assert all(apart(0) < apart(shift) for shift in (-2, -1, 1, 2))
    # The file calls the lower left corner 0, 0, but its y runs downwards as the other's does.
    assert "bottom left" in nwb.attrs["notes"]
    recording = open_recording(folder / "m3v1mp4.mp4", folder / "sample_nwb_.nwb")
    assert recording.n_frames == 2330


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", [f"{OPENFIELD}/sample_nwb_.nwb", "video_bottomview_vame/cropped_video.nwb"]
)
def test_nwb_is_read_as_movement_reads_it(shared_data: Path, name: str) -> None:
    load_poses = pytest.importorskip("movement.io.load_poses", reason="the comparison needs it")
    theirs = load_poses.from_nwb_file(shared_data / name)
    ours = load_pose(shared_data / name, 30)
    for keypoint in theirs["keypoints"].values:
        here = str(keypoint).removeprefix("ind1_")
        for variable in ("position", "confidence"):
            np.testing.assert_array_equal(
                ours[variable].sel(keypoints=here).values,
                theirs[variable].sel(keypoints=keypoint).values,
            )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("version", [2, 3])
def test_jabs_is_read_as_sleap_io_reads_it(shared_data: Path, version: int) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="the comparison needs it")
    path = shared_data / "pose_formats" / "jabs" / f"sample_pose_est_v{version}.h5"
    labels = sleap_io.load_jabs(str(path))
    theirs = labels.numpy(return_confidence=True)
    ours = load_pose(path, 30)
    tracks = [track.name for track in labels.tracks]
    if version == 2:
        track = np.zeros((1800, 1))
    else:
        assert len(tracks) == 232
        assert ours.sizes["individuals"] == 5
        track = ours["track"].values
    sorted_ours = np.full_like(theirs, np.nan)
    for frame, person in np.argwhere(np.isfinite(track)):
        place = 0 if version == 2 else tracks.index(f"{track[frame, person]:.0f}")
        sorted_ours[frame, place, :, :2] = ours["position"].values[frame, :, :, person].T
        sorted_ours[frame, place, :, 2] = ours["confidence"].values[frame, :, person]
    np.testing.assert_array_equal(sorted_ours[..., :2], theirs[..., :2])
    there = np.isfinite(theirs[..., 0])
    np.testing.assert_array_equal(sorted_ours[there], theirs[there])


def test_missing_cells_are_where_they_were_taken_out(shared_data: Path) -> None:
    name = "openfield_dlc_inference_example"
    whole = load_pose(shared_data / OPENFIELD / f"{name}.csv", 30)["position"].values
    holes = load_pose(shared_data / OPENFIELD / f"{name}_missingdata.csv", 30)["position"].values
    lost = np.isnan(holes)
    assert 0 < lost.sum() < 100
    assert lost[0, :, 0, 0].all()
    np.testing.assert_array_equal(holes[~lost], whole[~lost])


@pytest.mark.slow
def test_subtle_coordinates_and_labels_have_one_length(shared_data: Path) -> None:
    for path in sorted((shared_data / "labelled_subtle3d" / "coords").glob("*.csv"))[:2]:
        recording = open_recording(pose=path, layout=SUBTLE, fps=20)
        assert recording.pose is not None
        assert recording.pose.sizes["space"] == 3
        labels = read_frame_labels(
            shared_data / "labelled_subtle3d" / "annots" / path.name,
            recording=recording.id,
            clock=recording.timebase,
            unlabelled=("na",),
        )
        assert labels.labels == ("grooming", "rearing", "standing", "walking")
        assert labels.observed.stop.tolist() == [recording.n_frames]


def test_video_and_pose_of_one_recording(shared_data: Path) -> None:
    folder = shared_data / OPENFIELD
    recording = open_recording(
        folder / "m3v1mp4.mp4", folder / "openfield_dlc_inference_example.csv"
    )
    assert (recording.id, recording.n_frames) == ("m3v1mp4", 2330)


def test_a_pose_one_row_too_long(shared_data: Path) -> None:
    folder = shared_data / "video_bottomview_vame"
    files = folder / "cropped_video.mp4", folder / "cropped_video.csv"
    with pytest.raises(MismatchError, match=r'expected 749 rows.*found 750 rows.*mismatch="trim"'):
        open_recording(*files)
    recording = open_recording(*files, mismatch="trim")
    assert recording.n_frames == 749


def test_the_pose_of_another_video(shared_data: Path) -> None:
    video = shared_data / OPENFIELD / "m3v1mp4.mp4"
    pose = shared_data / "video_bottomview_vame" / "cropped_video.csv"
    with pytest.raises(MismatchError, match=r"cropped_video\.csv: expected 2330 rows"):
        open_recording(video, pose)
    with pytest.raises(MismatchError, match="640 x 480 pixels, found 90% of the confident points"):
        open_recording(video, pose, mismatch="pad")


def test_boris_events_of_the_social_recording(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "labelled_social_boris"
    clock = Timebase.constant(30, 5700)
    found = read_boris(next(folder.glob("*_boris.csv")), clock, recordings="social")
    assert (len(found), found.labels, set(found.bouts.individual)) == (10, ("interact",), {"adult"})
    assert (found.bouts.start[0], found.bouts.stop[0]) == (896, 1042)
    write_boris(tmp_path / "b.csv", found, {"social": clock})
    back = read_boris(tmp_path / "b.csv", clock)
    assert back.bouts.start.tolist() == found.bouts.start.tolist()
    assert back.bouts.stop.tolist() == found.bouts.stop.tolist()
    two = read_boris(folder / "boris_simultaneous_events.csv", Timebase.constant(30, 10080))
    assert list(zip(two.bouts.start, two.bouts.stop, two.bouts.column("label"), strict=True)) == [
        (299, 338, "mm"),
        (798, 951, "mm"),
        (846, 919, "aa"),
    ]


def test_bouts_of_another_program(shared_data: Path, tmp_path: Path) -> None:
    path = sorted((shared_data / "group_formalin_lupe" / "bouts").glob("*.csv"))[0]
    clock = Timebase.constant(60, 112_499)
    found = read_bouts(path, clocks=clock)
    assert found.observed.stop.tolist() == [112_499]
    assert int(found.bouts.length.sum()) == 112_499
    write_bouts(tmp_path / "b.parquet", found, clocks={path.stem: clock})
    assert read_bouts(tmp_path / "b.parquet") == found


def test_study_tables_of_two_groups(shared_data: Path) -> None:
    csi = load_study(
        shared_data / "group_csi_openfield" / "Example_metadata.csv",
        columns={"recording": "ID", "animal": "Animal", "group": "Condition"},
    )
    assert len(csi) == 59
    formalin = load_study(
        shared_data / "group_formalin_lupe" / "metadata.csv", columns={"recording": "file"}
    )
    assert (len(formalin), len(formalin.animals)) == (30, 29)


def test_every_shared_file_can_be_inspected(shared_data: Path) -> None:
    kinds = {}
    for path in sorted(shared_data.glob("*/*")) + sorted(shared_data.glob("pose_formats/*/*")):
        report = inspect_file(path)
        assert report.lines(), path
        kinds[path.relative_to(shared_data).as_posix()] = report.kind
    assert kinds[f"{OPENFIELD}/m3v1mp4.mp4"] == "video"
    assert kinds["labelled_social_boris/boris_simultaneous_events.csv"] == "labels"
    assert all(kinds[name] == "pose" for name, *_ in POSES)
