from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.errors import InputError, StorageError
from napari_mousegpt.io.sample_drawing import Scene
from napari_mousegpt.io.sample_motion import BEHAVIOURS, KEYPOINTS, Motion, move
from napari_mousegpt.io.samples import CACHE_VARIABLE, SampleFiles, make_sample, sample

SMALL = {"seconds": 9.0, "fps": 20.0, "size": (120, 160)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SampleFiles:
    return make_sample(tmp_path_factory.mktemp("sample"), seed=4, **SMALL)


def decoded(path: Path) -> tuple[np.ndarray, Fraction]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return np.stack(frames), stream.average_rate


def read_pose(path: Path) -> np.ndarray:
    """Places and likelihoods, shape (n, keypoints, 3)."""
    table = pd.read_csv(path, header=[0, 1, 2], index_col=0)
    return table.to_numpy().reshape(len(table), len(KEYPOINTS), 3)


def truth(path: Path, n_frames: int) -> np.ndarray:
    labels = np.full(n_frames, "", dtype=object)
    for bout in pd.read_csv(path).itertuples():
        labels[bout.start : bout.stop] = bout.label
    return labels


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    floor = Scene(480, 640).floor
    return [move(1200, 30.0, floor, np.random.default_rng(seed)) for seed in range(6)]


def test_pose_is_in_the_layout_of_deeplabcut(files: SampleFiles) -> None:
    lines = files.pose.read_text(encoding="utf-8").splitlines()
    heads = [line.split(",")[0] for line in lines[:4]]
    assert heads == ["scorer", "bodyparts", "coords", "0"]
    assert lines[1].split(",")[1::3] == list(KEYPOINTS)
    assert lines[2].split(",")[1:4] == ["x", "y", "likelihood"]
    assert len(lines) == 3 + 180


def test_video_has_every_frame_at_its_rate(files: SampleFiles) -> None:
    frames, rate = decoded(files.video)
    assert frames.shape == (180, 120, 160, 3)
    assert rate == 20
    assert frames.std() > 10


def test_rate_of_a_real_camera(tmp_path: Path) -> None:
    made = make_sample(tmp_path, seconds=1.0, fps=29.97, size=(96, 96))
    frames, rate = decoded(made.video)
    assert rate == Fraction(30000, 1001)
    assert len(frames) == len(read_pose(made.pose)) == 30


def test_bouts_cover_every_frame_once(files: SampleFiles) -> None:
    bouts = pd.read_csv(files.bouts)
    assert list(bouts) == ["recording", "individual", "start", "stop", "label", "source"]
    assert bouts["start"].tolist() == [0, *bouts["stop"].tolist()[:-1]]
    assert bouts["stop"].iloc[-1] == 180
    assert set(bouts["label"]) <= set(BEHAVIOURS)
    assert set(bouts["recording"]) == {files.video.stem}
    assert set(bouts["individual"]) == {"individual_0"}
    assert set(bouts["source"]) == {"import"}


def test_same_seed_same_bytes(files: SampleFiles, tmp_path: Path) -> None:
    again = make_sample(tmp_path / "again", seed=4, **SMALL)
    for name in ("video", "pose", "bouts"):
        assert getattr(again, name).read_bytes() == getattr(files, name).read_bytes(), name
    other = make_sample(tmp_path / "other", seed=5, **SMALL)
    assert other.pose.read_bytes() != files.pose.read_bytes()
    assert other.bouts.read_bytes() != files.bouts.read_bytes()


def test_pose_lies_on_the_mouse(files: SampleFiles) -> None:
    frames, _ = decoded(files.video)
    pose = read_pose(files.pose)
    centre = pose[:, KEYPOINTS.index("center"), :2].astype(int)
    on_mouse = frames[np.arange(len(frames)), centre[:, 1], centre[:, 0]].mean(axis=1)
    assert on_mouse.max() < 130  # dark fur; the floor is near 190
    assert np.median(frames.mean(axis=-1)) > 140


def test_left_is_left_of_the_nose(files: SampleFiles) -> None:
    pose = read_pose(files.pose)[:, :, :2]
    at = {name: pose[:, i] for i, name in enumerate(KEYPOINTS)}
    axis = at["neck"] - at["tail_base"]
    across = at["left_hip"] - at["right_hip"]
    # y runs downwards, so that left is a negative turn.
    assert np.all(axis[:, 0] * across[:, 1] - axis[:, 1] * across[:, 0] < 0)


def test_tracker_loses_points_and_says_so(tmp_path: Path) -> None:
    clean = move(900, 30.0, Scene(96, 96).floor, np.random.default_rng(0).spawn(3)[0])
    made = make_sample(tmp_path, seconds=30.0, fps=30.0, size=(96, 96))
    pose, labels = read_pose(made.pose), truth(made.bouts, 900)
    right = Scene(96, 96).pixels(np.stack([clean.points[name] for name in KEYPOINTS], axis=1))
    off = np.linalg.norm(pose[:, :, :2] - right, axis=-1)
    sure = pose[:, :, 2] > 0.6
    assert off[sure].max() < 4
    assert np.median(off[~sure]) > 3
    lost = {name: float((~sure[:, i]).mean()) for i, name in enumerate(KEYPOINTS)}
    assert 0.02 < lost["tail_tip"] < 0.4
    assert max(share for name, share in lost.items() if name not in ("nose", "tail_tip")) == 0
    blind = ~sure[:, KEYPOINTS.index("nose")]
    near = np.convolve(labels == "grooming", np.ones(9), "same") > 0
    assert not np.any(blind & ~near)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_behaviour_comes_back(motions: list[Motion], behaviour: str) -> None:
    for motion in motions:
        here = motion.label == behaviour
        assert np.count_nonzero(np.diff(here.astype(int)) == 1) >= 2


def test_behaviours_are_what_they_are_called(motions: list[Motion]) -> None:
    for motion in motions:
        trunk = motion.spine[:, 1:].mean(axis=1)
        speed = np.linalg.norm(np.gradient(trunk, 1 / 30, axis=0), axis=1)
        head = motion.spine[:, 0] - trunk
        sweep = np.linalg.norm(np.gradient(head, 1 / 30, axis=0), axis=1)
        length = np.linalg.norm(motion.spine[:, 0] - motion.spine[:, 4], axis=1)
        axis = motion.spine[:, 1] - motion.spine[:, 4]
        turn = np.abs(np.gradient(np.unwrap(np.arctan2(axis[:, 1], axis[:, 0])), 1 / 30))

        def middle(values: np.ndarray, name: str, label: np.ndarray = motion.label) -> float:
            return float(np.median(values[label == name]))

        walking = motion.label == "walking"
        assert np.mean(speed[walking] > 1) > 0.85
        assert middle(speed, "still") < 0.05
        assert middle(speed, "grooming") < 0.1
        assert middle(sweep, "grooming") > 0.5 > middle(sweep, "still")
        assert middle(length, "rearing") < 0.6 < middle(length, "grooming") < 0.9
        assert middle(turn, "turning") > 1.2 > middle(turn, "walking")
        assert middle(speed, "turning") < 0.8


def test_mouse_stays_in_the_arena_and_rears_at_its_walls(motions: list[Motion]) -> None:
    width, height = Scene(480, 640).floor
    for motion in motions:
        assert motion.spine.min() > -0.2
        assert motion.spine[..., 0].max() < width + 0.2
        assert motion.spine[..., 1].max() < height + 0.2
        nose = motion.spine[motion.label == "rearing", 0]
        wall = np.minimum(nose, [width, height] - nose).min(axis=1)
        assert np.median(wall) < 0.3


def test_mouse_does_not_jump(motions: list[Motion]) -> None:
    for motion in motions:
        steps = np.linalg.norm(np.diff(motion.spine, axis=0), axis=-1)
        assert steps.max() * 30 < 8  # body lengths per second, of any part


def test_rate_changes_sampling_not_behaviour() -> None:
    floor = Scene(480, 640).floor
    slow = move(600, 15.0, floor, np.random.default_rng(3))
    fast = move(4800, 120.0, floor, np.random.default_rng(3))
    agree = slow.label == fast.label[::8]
    assert agree.mean() > 0.95


def test_encoder_of_a_build_without_h264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx264"})
    made = make_sample(tmp_path, seconds=1.0, size=(96, 128))
    with av.open(str(made.video)) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"
    assert len(decoded(made.video)[0]) == 30


@pytest.mark.parametrize("size", [(95, 96), (120, 161), (20, 20)])
def test_size_that_cannot_be_encoded(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="expected even height and width of at least 96"):
        make_sample(tmp_path, size=size)
    assert not list(tmp_path.iterdir())


def test_no_length(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sample of 0\.0 s: expected at least one frame"):
        make_sample(tmp_path, seconds=0.0)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="expected a folder that can be made"):
        make_sample(tmp_path / "file", seconds=1.0)


def test_full_disk(small_disk: Path) -> None:
    with pytest.raises(StorageError, match=r"mp4: .*The disk is full"):
        make_sample(small_disk, seconds=10.0, size=(480, 640))
    left = {path.name for path in small_disk.iterdir()}
    assert "openfield_sample.mp4" not in left
    assert not any(name.endswith(".part") for name in left)


def test_nothing_half_written_is_left(files: SampleFiles) -> None:
    assert sorted(path.name for path in files.video.parent.iterdir()) == sorted(
        path.name for path in (files.video, files.pose, files.bouts)
    )


def test_sample_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    # The true size takes seconds to draw; where it is kept is what is tested here.
    made = make_sample(tmp_path / "sample-v1", seconds=2.0, size=(96, 96))
    before = made.video.stat().st_mtime_ns
    recording = sample()
    assert recording.id == made.video.stem
    assert recording.n_frames == 60
    assert recording.individuals == ("individual_0",)
    assert made.video.stat().st_mtime_ns == before


def test_sample_is_made_again_when_a_file_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    made = make_sample(tmp_path / "sample-v1", seconds=2.0, size=(96, 96))
    made.bouts.unlink()
    monkeypatch.setattr(
        "napari_mousegpt.io.samples.make_sample",
        lambda folder: make_sample(folder, seconds=3.0, size=(96, 96)),
    )
    assert sample().n_frames == 90
    assert made.bouts.exists()
