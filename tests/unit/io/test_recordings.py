"""Opening a recording: video and pose on one clock, or a refusal that says why."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import dask.array as da
import numpy as np
import pytest
import tifffile

from napari_mousegpt.core.pose import make_pose, pose_fingerprint
from napari_mousegpt.core.pose_steps import Likelihood, Median
from napari_mousegpt.core.recording import FrameSource
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.array_frames import ArrayFrames
from napari_mousegpt.io.pose import load_pose
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.store.inputs import recording_decoders, recording_inputs

N = 12


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "mouse 1.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(30000, 1001))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for value in range(N):
            picture = np.full((48, 64, 3), value * 10, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def pose_file(
    path: Path, rows: int = N, x: float = 30, y: float = 20, likelihood: float = 0.9
) -> Path:
    body = "".join(f"{i},{x},{y},{likelihood},{x},{y},{likelihood}\n" for i in range(rows))
    path.write_text(
        "scorer,S,S,S,S,S,S\nindividuals,a,a,a,b,b,b\nbodyparts,n,n,n,n,n,n\n"
        "coords,x,y,likelihood,x,y,likelihood\n" + body
    )
    return path


def test_video_and_pose_share_a_clock(tmp_path: Path, video: Path) -> None:
    pose = pose_file(tmp_path / "p.csv")
    recording = open_recording(video, pose)
    assert recording.id == "mouse 1"
    assert recording.timebase == Timebase.constant("30000/1001", N)
    assert recording.individuals == ("a", "b")
    assert recording.pose is not None
    assert recording.pose["time"].values[1] == recording.timebase.time(1)
    assert sorted(recording.fingerprints) == ["main/pose", "main/video"]
    assert recording.primary.sources["video"] == video.as_posix()
    assert isinstance(recording.video, FrameSource)


def test_a_video_alone_and_a_pose_alone(tmp_path: Path, video: Path) -> None:
    alone = open_recording(video, id="r7")
    assert (alone.id, alone.n_frames, alone.pose) == ("r7", N, None)
    pose = pose_file(tmp_path / "m2DLC_resnet50_xyz.csv")
    with pytest.raises(InputError, match=r"m2DLC.*no video to take it from.*fps="):
        open_recording(None, pose)
    recording = open_recording(None, pose, fps="29.97")
    assert recording.id == "m2"
    assert recording.video is None
    assert recording.timebase.rate == Fraction(30000, 1001)


def test_nothing_and_nonsense(tmp_path: Path, video: Path) -> None:
    with pytest.raises(InputError, match="a video or a pose"):
        open_recording()
    with pytest.raises(InputError, match="mismatch='cut'"):
        open_recording(video, mismatch="cut")
    with pytest.raises(InputError, match=r"no\.mp4"):
        open_recording(tmp_path / "no.mp4")
    text = tmp_path / "text.mp4"
    text.write_text("hello")
    with pytest.raises(FormatError, match=r"text\.mp4"):
        open_recording(text)


@pytest.mark.parametrize(("rows", "way"), [(N - 1, "pad"), (N + 1, "trim")])
def test_a_pose_of_other_length_is_refused_by_name(
    tmp_path: Path, video: Path, rows: int, way: str
) -> None:
    pose = pose_file(tmp_path / "other.csv", rows)
    with pytest.raises(
        MismatchError, match=rf"other\.csv: expected {N} rows.*found {rows} rows"
    ) as e:
        open_recording(video, pose)
    assert f'mismatch="{way}"' in str(e.value)
    recording = open_recording(video, pose, mismatch=way)
    assert recording.n_frames == N
    assert recording.pose is not None
    assert recording.pose.attrs["length_policy"] == f"{way}: {rows} rows for {N} pictures"


def test_a_pose_outside_the_picture_is_of_another_video(tmp_path: Path, video: Path) -> None:
    pose = pose_file(tmp_path / "other.csv", x=500)
    with pytest.raises(MismatchError, match="64 x 48 pixels, found 100% of the confident") as e:
        open_recording(video, pose)
    assert "x = 500" in str(e.value)
    assert "another video" in str(e.value)
    unsure = pose_file(tmp_path / "unsure.csv", x=500, likelihood=0.1)
    assert open_recording(video, unsure).n_frames == N


def test_a_pose_with_y_before_x_is_told(video: Path) -> None:
    random = np.random.default_rng(0)
    for least, wide in ((0, 64), (49, 64)):  # some points outside the picture, then all
        xy = np.stack([random.uniform(0, 48, N), random.uniform(least, wide, N)], axis=1)
        pose = make_pose(
            xy[:, :, None, None], None, ["nose"], ["m"], Timebase.constant("30000/1001", N)
        )
        if least:
            with pytest.raises(MismatchError, match="does the file hold y before x"):
                open_recording(video, pose)
            continue
        opened = open_recording(video, pose).pose
        assert opened is not None
        assert "does the file hold y before x" in opened.attrs["notes"]
        assert "notes" not in pose.attrs  # what was given stays as it was


def test_a_fifth_of_the_points_may_lie_outside(tmp_path: Path, video: Path) -> None:
    path = pose_file(tmp_path / "p.csv")
    lines = path.read_text().splitlines()
    outside = lines[4].replace("30", "-5")
    path.write_text(
        "\n".join([*lines[:4], *(outside.replace("0,", f"{i},", 1) for i in (0, 1)), *lines[6:]])
    )
    assert open_recording(video, path).n_frames == N


def test_arrays_are_taken_as_they_are() -> None:
    lazy = da.zeros((60, 20, 30, 3), dtype=np.uint8, chunks=(1, 20, 30, 3))
    recording = open_recording(lazy, fps=25, id="x")
    assert recording.n_frames == 60
    assert isinstance(recording.video, FrameSource)
    assert isinstance(recording.video[3], np.ndarray)
    assert recording.video[[1, 5]].shape == (2, 20, 30, 3)
    assert recording.video.ndim == 4
    with pytest.raises(InputError, match=r"frame rate.*fps="):
        open_recording(lazy, id="x")
    with pytest.raises(InputError, match=r"an id.*id="):
        open_recording(lazy, fps=25)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 5), np.uint8), r"found shape \(4, 5\)"),
        (np.zeros((4, 5, 6, 7), np.uint8), r"found shape \(4, 5, 6, 7\)"),
        (object(), "found object"),
    ],
)
def test_other_arrays_are_refused(array: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ArrayFrames(array)


def test_a_dataset_as_pose(tmp_path: Path, video: Path) -> None:
    pose = load_pose(pose_file(tmp_path / "p.csv"), 30)
    turned = pose.transpose("individuals", "time", "keypoints", "space")
    recording = open_recording(video, turned, individuals={"b": "B"})
    assert recording.individuals == ("B",)
    assert recording.pose is not None
    assert recording.pose["position"].dims == ("time", "space", "keypoints", "individuals")
    assert open_recording(pose=pose, id="y").timebase.rate == 30
    with pytest.raises(InputError, match="some of a, b"):
        open_recording(video, pose, individuals=["c"])


def test_the_rate_of_a_video_can_be_corrected(video: Path) -> None:
    assert open_recording(video, fps=60).timebase == Timebase.constant(60, N)


def test_several_views(tmp_path: Path, video: Path) -> None:
    side = np.zeros((10, 20, 30), np.uint8)
    pose = pose_file(tmp_path / "p.csv")
    recording = open_recording(
        {"top": video, "side": side}, {"top": pose}, fps=30, offset={"side": "0.1"}, id="r"
    )
    assert [view.name for view in recording.views] == ["top", "side"]
    assert recording.view("side").offset == Fraction(1, 10)
    assert recording.frame_in("side", 3) == 0
    assert recording.frame_in("side", 2) is None
    with pytest.raises(InputError, match="one for each view: top, side"):
        open_recording({"top": video, "side": side}, pose, fps=30, id="r")
    with pytest.raises(InputError, match=r"'back'.*one of top, side"):
        open_recording({"top": video, "side": side}, fps=30, id="r", offset={"back": 1})
    with pytest.raises(InputError, match="one for each view"):
        open_recording({"top": video, "side": side}, fps=30, id="r", offset=1)


def test_what_was_opened_can_be_opened_again(tmp_path: Path, video: Path) -> None:
    pose = pose_file(tmp_path / "p.csv", N + 1)
    first = open_recording(video, pose, individuals={"b": "B"}, mismatch="trim", id="r")
    opening = json.loads(json.dumps(first.metadata["opening"]))
    again = open_recording(**opening)
    assert again.id == "r"
    assert again.pose is not None
    assert again.pose.equals(first.pose)
    assert again.fingerprints == first.fingerprints


def test_a_layout_can_be_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("1,2,3\n4,5,6\n")
    first = open_recording(
        pose=path, fps=20, layout={"keypoints": ["n"], "coords": ["x", "y", "z"]}
    )
    again = open_recording(**json.loads(json.dumps(first.metadata["opening"])))
    assert again.pose is not None
    assert again.pose.equals(first.pose)
    assert open_recording(np.zeros((2, 5, 5), np.uint8), fps=1, id="x").metadata == {}


def test_a_refused_pose_closes_the_video(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mousegpt.io.video import VideoReader

    closed = []
    monkeypatch.setattr(VideoReader, "close", lambda self: closed.append(self.path))
    with pytest.raises(MismatchError):
        open_recording(video, pose_file(tmp_path / "p.csv", 3))
    assert closed == [str(video)]


def doubtful_pose(path: Path) -> Path:
    """A nose that walks 1 px a frame, with a wild and doubtful point at frame 5."""
    rows = "".join(
        f"{i},{50 if i == 5 else 10 + i},20,{0.1 if i == 5 else 0.9}\n" for i in range(N)
    )
    path.write_text("scorer,S,S,S\nbodyparts,n,n,n\ncoords,x,y,likelihood\n" + rows)
    return path


def test_the_pose_is_cleaned_in_the_order_given(tmp_path: Path, video: Path) -> None:
    pose = doubtful_pose(tmp_path / "p.csv")
    raw = open_recording(video, pose).pose
    assert raw is not None
    assert "steps" not in raw.attrs  # nothing is done unasked
    recording = open_recording(
        video, pose, steps=["likelihood:0.6", {"name": "interpolate", "params": {"max_gap_s": 1}}]
    )
    assert recording.pose is not None
    np.testing.assert_allclose(
        recording.pose["position"].values[:, 0, 0, 0], 10 + np.arange(N), atol=1e-9
    )
    done = recording.pose.attrs["steps"]
    assert [(step["name"], step["removed"], step["filled"]) for step in done] == [
        ("likelihood", 1, 0),
        ("interpolate", 0, 1),
    ]


def test_cleaning_is_part_of_what_is_opened_again(tmp_path: Path, video: Path) -> None:
    pose = doubtful_pose(tmp_path / "p.csv")
    first = open_recording(video, pose, steps=[Likelihood(0.6), Median(0.2)])
    opening = dict(first.metadata["opening"])
    json.dumps(opening)
    again = open_recording(opening.pop("video"), opening.pop("pose"), **opening)
    assert first.pose is not None
    assert again.pose is not None
    assert pose_fingerprint(again.pose) == pose_fingerprint(first.pose)
    # The answer of a run on the raw pose must not be taken for this one.
    raw = open_recording(video, pose)
    assert recording_inputs(first)["main/pose"] != recording_inputs(raw)["main/pose"]
    assert "median" in recording_decoders(first)["main/pose_steps"]
    assert "main/pose_steps" not in recording_decoders(raw)


def test_an_unknown_step_names_the_known_ones(tmp_path: Path, video: Path) -> None:
    with pytest.raises(InputError, match=r"blur.*likelihood"):
        open_recording(video, doubtful_pose(tmp_path / "p.csv"), steps=["blur:3"])


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """A folder of twelve pictures, the number of each in its pixels."""
    folder = tmp_path / "mouse frames"
    folder.mkdir()
    for number in range(1, N + 1):  # frame2 comes before frame10
        picture = np.full((48, 64), number * 10, np.uint8)
        tifffile.imwrite(folder / f"frame{number}.tif", picture)
    return folder


@pytest.mark.parametrize("kind", ["folder", "pattern", "list", "stack"])
def test_images_are_a_recording_as_a_video_is(tmp_path: Path, frames: Path, kind: str) -> None:
    stack = tmp_path / "mouse frames.tif"
    pictures = np.stack([np.full((48, 64), n * 10, np.uint8) for n in range(1, N + 1)])
    tifffile.imwrite(stack, pictures, photometric="minisblack")
    given = {
        "folder": frames,
        "pattern": str(frames / "*.tif"),
        "list": sorted(frames.iterdir()),
        "stack": stack,
    }[kind]
    pose = pose_file(tmp_path / "p.csv")
    recording = open_recording(given, pose, fps=25)
    assert recording.id == "mouse frames"
    assert recording.timebase == Timebase.constant(25, N)
    assert recording.video is not None
    assert [int(recording.video[i].max()) for i in range(N)] == [10 * n for n in range(1, N + 1)]
    opening = dict(recording.metadata["opening"])
    json.dumps(opening)
    again = open_recording(opening.pop("video"), opening.pop("pose"), **opening)
    assert recording_inputs(again) == recording_inputs(recording)
    assert recording.fingerprints["main/video"].startswith("blake2b-")
    with pytest.raises(InputError, match=r"frame rate.*fps="):
        open_recording(given)


def test_another_picture_in_the_folder_is_noticed(frames: Path) -> None:
    before = open_recording(frames, fps=25).fingerprints["main/video"]
    tifffile.imwrite(frames / "frame7.tif", np.full((48, 64), 3, np.uint8))
    assert open_recording(frames, fps=25).fingerprints["main/video"] != before
    (frames / "frame12.tif").unlink()
    assert open_recording(frames, fps=25).n_frames == N - 1
