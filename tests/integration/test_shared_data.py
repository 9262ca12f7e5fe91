"""Every shared file opens, or says why not; the numbers stand in the data's own description.

First values were read from the files with other means (a text editor, h5py), not with this
package.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_mousegpt.io.inspect import inspect_file
from napari_mousegpt.io.pose import PlainLayout, load_pose
from napari_mousegpt.io.video import VideoReader

SUBTLE = "labelled_subtle3d"
SUBTLE_LAYOUT = PlainLayout(
    keypoints=(
        "nose", "neck", "tail_base", "chest", "right_hindpaw", "left_hindpaw", "right_forepaw",
        "left_forepaw", "tail_tip",
    ),
    coords=("x", "y", "z"),
    unit="cm",
)  # fmt: skip
DEEPOF = "pose_formats/deepof/testDLC"
OPENFIELD = "video_openfield_dlc/openfield_dlc_inference_example"

#: File, frames, rate, height, width of each video.
VIDEOS = [
    ("video_openfield_dlc/m3v1mp4.mp4", 2330, Fraction(1000000, 33333), 480, 640),
    ("video_bottomview_vame/cropped_video.mp4", 749, Fraction(25), 1070, 1064),
    ("video_mirror_lightningpose/test_vid.mp4", 994, Fraction(250), 406, 396),
]

#: File, frames, dimensions, keypoints, individuals, first keypoint, its first coordinates in the
#: first frame.
POSES = [
    (f"{OPENFIELD}.csv", 2330, 2, 4, 1, "snout", (76.67398834228516, 88.24728393554688)),
    (f"{OPENFIELD}_missingdata.csv", 2330, 2, 4, 1, "snout", (np.nan, np.nan)),
    (f"{OPENFIELD}_three.csv", 2330, 2, 4, 3, "snout", (76.67398834228516, 88.24728393554688)),
    ("video_openfield_dlc/sample_nwb_.nwb", 2330, 2, 4, 1, None, None),
    ("video_bottomview_vame/cropped_video.csv", 750, 2, 6, 1, "Nose", (379.31797504, 911.23495436)),
    ("video_bottomview_vame/cropped_video.nwb", 750, 2, 6, 1, None, None),
    (f"{DEEPOF}_csv_table.csv", 97, 2, 14, 1, "Nose", (280.4508361816406, 328.9118347167969)),
    (f"{DEEPOF}_csv_table_multi.csv", 98, 2, 28, 1, "B_Nose", (261.76998901, 215.63528442)),
    (f"{DEEPOF}_csv_table_madlc.csv", 97, 2, 14, 2, "Nose", (188.547, 379.996)),
    (f"{DEEPOF}_h5_table.h5", 100, 2, 14, 1, "Nose", (321.78640747, 279.99441528)),
    (f"{DEEPOF}_h5_table_multi.h5", 100, 2, 28, 1, "B_Nose", (261.76998901, 215.63528442)),
    (f"{DEEPOF}_h5_table_madlc.h5", 100, 2, 14, 2, "Nose", (188.547, 379.996)),
    (f"{DEEPOF}_sleap.slp", 101, 2, 14, 1, "Nose", (319.1416626, None)),
    (f"{DEEPOF}_sleap.analysis.h5", 101, 2, 14, 1, "Nose", (319.1416626, None)),
    # JABS stores y before x: 93, 125 and 86, 654 in the file.
    ("pose_formats/jabs/sample_pose_est_v2.h5", 1800, 2, 12, 1, "NOSE", (125, 93)),
    ("pose_formats/jabs/sample_pose_est_v3.h5", 1800, 2, 12, None, "NOSE", None),
    (
        "pose_formats/dlc3d/keypoints_3d_short.h5", 1000, 3, 30, 1, "mousecenter",
        (3.81444622, -12.03018488, 14.37656196),
    ),
    (
        "labelled_social_boris/e3v813a-20210610T122332-122642DLC_dlcrnetms5_el_filtered.csv",
        5700, 2, 7, 2, "nose", None,
    ),
    (
        "labelled_freezing_behaviordepot/demo2_tracking.csv", 3600, 2, 9, 1, "LED",
        (365.0898489, 101.8862832),
    ),
    (f"{SUBTLE}/coords/adult_6112.csv", 12010, 3, 9, 1, "nose", (7.6028, 6.3976, 1.1273)),
    (f"{SUBTLE}/coords/adult_6115.csv", 12010, 3, 9, 1, "nose", (7.8481, -1.7333, 0.46064)),
    (f"{SUBTLE}/coords/adult_6116.csv", 12011, 3, 9, 1, "nose", (-5.8818, -6.4999, 0.66248)),
    (f"{SUBTLE}/coords/young_8294.csv", 11997, 3, 9, 1, "nose", (-6.1123, -5.9212, 0.7377)),
    (f"{SUBTLE}/coords/young_8296.csv", 11997, 3, 9, 1, "nose", (-1.8209, -6.9585, -0.17569)),
    (f"{SUBTLE}/coords/young_8301.csv", 11986, 3, 9, 1, "nose", (-0.93752, -2.9536, -0.17296)),
    (
        f"{SUBTLE}/coords_unlabelled/adult_8294.csv", 11996, 3, 9, 1, "nose",
        (13.877, -2.8112, -0.30355),
    ),
    (
        f"{SUBTLE}/coords_unlabelled/adult_8296.csv", 11986, 3, 9, 1, "nose",
        (-2.4545, 7.1065, 5.7995),
    ),
    (
        f"{SUBTLE}/coords_unlabelled/adult_8301.csv", 11996, 3, 9, 1, "nose",
        (-3.7161, -2.2391, 1.7104),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "n_frames", "rate", "height", "width"), VIDEOS)
def test_videos(
    shared_data: Path, name: str, n_frames: int, rate: Fraction, height: int, width: int
) -> None:
    with VideoReader(shared_data / name) as video:
        assert video.shape == (n_frames, height, width, 3)
        assert video.timebase.rate == rate
        assert video[n_frames - 1].any()
        assert not video.damaged.any()


@pytest.mark.parametrize(
    ("name", "n_frames", "space", "n_keypoints", "n_individuals", "keypoint", "first"), POSES
)
def test_poses(
    shared_data: Path,
    name: str,
    n_frames: int,
    space: int,
    n_keypoints: int,
    n_individuals: int | None,
    keypoint: str | None,
    first: tuple[float | None, ...] | None,
) -> None:
    layout = SUBTLE_LAYOUT if SUBTLE in name else None
    pose = load_pose(shared_data / name, 30, layout=layout)
    assert pose.sizes["time"] == n_frames
    assert (pose.sizes["space"], pose.sizes["keypoints"]) == (space, n_keypoints)
    if n_individuals is not None:
        assert pose.sizes["individuals"] == n_individuals
    if keypoint is not None:
        assert str(pose["keypoints"].values[0]) == keypoint
    for found, expected in zip(pose["position"].values[0, :, 0, 0], first or (), strict=False):
        if expected is not None:
            np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_nwb_and_csv_hold_the_same_pose(shared_data: Path) -> None:
    folder = shared_data / "video_bottomview_vame"
    one, other = (load_pose(folder / f"cropped_video.{kind}", 25) for kind in ("nwb", "csv"))
    one = one.sel(keypoints=other["keypoints"].values)
    for variable in ("position", "confidence"):
        np.testing.assert_allclose(one[variable].values, other[variable].values, rtol=1e-6)


def test_nwb_of_another_tracking_of_the_same_video(shared_data: Path) -> None:
    """The example's NWB and csv are two runs of the tracker: 2 pixels apart as a rule."""
    path = shared_data / "video_openfield_dlc" / "sample_nwb_.nwb"
    pose = load_pose(path, 30)
    csv = load_pose(shared_data / f"{OPENFIELD}.csv", 30)
    with h5py.File(path) as file:
        tracks = file["processing/behavior/PoseEstimation"]
        for keypoint in csv["keypoints"].values:
            name = next(k for k in pose["keypoints"].values if str(k).endswith(str(keypoint)))
            found = pose["position"].sel(keypoints=name).values[:, :, 0]
            np.testing.assert_array_equal(found, tracks[f"ind1_{keypoint}/data"][:])
            apart = np.abs(found - csv["position"].sel(keypoints=keypoint).values[:, :, 0])
            assert np.nanmedian(apart) < 3


@pytest.mark.parametrize(
    ("pattern", "kind", "format_", "count"),
    [
        ("video_*/*.mp4", "video", "mov,mp4,m4a,3gp,3g2,mj2", 3),
        ("**/CollectedData*", "pose", "DeepLabCut", 4),
        ("pose_formats/deepof/*.h5", "pose", None, 4),
        ("labelled_subtle3d/coords*/*.csv", "pose", "plain", 9),
        ("labelled_subtle3d/annots/*.csv", "labels", "frames", 6),
        ("labelled_social_boris/*boris*.csv", "labels", "BORIS", 2),
        ("labelled_social_boris/*.boris", "labels", "BORIS project", 1),
        ("labelled_freezing_behaviordepot/*.mat", "labels", "MATLAB", 1),
        ("group_csi_openfield/streams/*.csv", "labels", "frames", 57),
        ("group_formalin_lupe/bouts/*.csv", "labels", "bouts", 30),
        ("group_c*/*.csv", "table", "csv", 5),
        ("group_formalin_lupe/metadata.csv", "table", "csv", 1),
        ("labelled_freezing_behaviordepot/demo2_cue_frames.csv", "table", "csv", 1),
        ("pose_formats/deepof/*.npy", "unknown", "", 1),
        ("video_openfield_dlc/config.yaml", "unknown", "", 1),
    ],
)
def test_what_each_file_is(
    shared_data: Path, pattern: str, kind: str, format_: str | None, count: int
) -> None:
    files = sorted(shared_data.glob(pattern))
    assert len(files) == count
    for file in files[:: max(1, count // 6)]:
        report = inspect_file(file)
        assert report.kind == kind, file.name
        assert format_ in (None, report.format), file.name
        # What cannot be used as it is says what to do.
        assert all(problem.remedy or kind == "video" for problem in report.problems), file.name
        if kind == "unknown":
            assert report.problems
