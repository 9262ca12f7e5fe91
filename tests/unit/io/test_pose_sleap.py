"""SLEAP files: frames keep their numbers, animals keep their tracks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pose_sleap import read_sleap

sleap_io = pytest.importorskip("sleap_io")


def project(
    path: Path, frames: Sequence[int], tracks: int = 1, *, tracked: bool = True, videos: int = 1
) -> Path:
    """Write predictions where point k of animal t in frame f lies at (100 f + 10 t + k, f)."""
    skeleton = sleap_io.Skeleton(nodes=["nose", "tail"])
    names = [sleap_io.Track(f"mouse{t}") for t in range(tracks)]
    films = [sleap_io.Video(filename=f"v{i}.mp4", open_backend=False) for i in range(videos)]
    labelled = []
    for film in films:
        for f in frames:
            instances = [
                sleap_io.PredictedInstance.from_numpy(
                    np.array([[100.0 * f + 10 * t, f], [100.0 * f + 10 * t + 1, f]]),
                    skeleton=skeleton,
                    point_scores=np.array([0.9, 0.8]),
                    score=1.0,
                    track=names[t] if tracked else None,
                )
                for t in range(tracks)
            ]
            labelled.append(sleap_io.LabeledFrame(video=film, frame_idx=f, instances=instances))
    labels = sleap_io.Labels(
        labelled, videos=films, skeletons=[skeleton], tracks=names if tracked else []
    )
    sleap_io.save_slp(labels, str(path))
    return path


def test_tracks_of_two_animals(tmp_path: Path) -> None:
    tracks = read_sleap(project(tmp_path / "a.slp", [0, 1, 2], tracks=2))
    assert tracks.individuals == ("mouse0", "mouse1")
    assert tracks.keypoints == ("nose", "tail")
    assert tracks.position[2, :, 1, 1].tolist() == [211, 2]
    assert tracks.confidence is not None
    np.testing.assert_allclose(tracks.confidence[0, :, 0], [0.9, 0.8], rtol=1e-6)


@pytest.mark.parametrize("frames", [[3, 4, 6], [0, 4, 6]])
def test_a_frame_stays_where_it_is(tmp_path: Path, frames: list[int]) -> None:
    tracks = read_sleap(project(tmp_path / "a.slp", frames))
    assert len(tracks) == 7
    for frame in range(7):
        expected = [100.0 * frame, frame] if frame in frames else [np.nan, np.nan]
        np.testing.assert_array_equal(tracks.position[frame, :, 0, 0], expected)
    assert tracks.notes == ("4 of 7 frames have no labels; they are empty.",)


def test_one_animal_needs_no_track(tmp_path: Path) -> None:
    tracks = read_sleap(project(tmp_path / "a.slp", [0, 1], tracked=False))
    assert tracks.individuals == ("individual_0",)


def test_several_animals_without_tracks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"several animals without tracks.*Run tracking"):
        read_sleap(project(tmp_path / "a.slp", [0, 1], tracks=2, tracked=False))


def test_several_videos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="of 2 videos"):
        read_sleap(project(tmp_path / "a.slp", [0, 1], videos=2))


def analysis(path: Path, *, dims: bool) -> Path:
    position = np.arange(2 * 3 * 2 * 4, dtype=float).reshape(4, 2, 3, 2)  # frame track node xy
    scores = np.arange(4 * 2 * 3, dtype=float).reshape(4, 2, 3) / 24
    with h5py.File(path, "w") as file:
        file["node_names"] = [b"nose", b"neck", b"tail"]
        file["track_names"] = [b"a", b"b"]
        if dims:
            file["tracks"] = position
            file["tracks"].attrs["dims"] = json.dumps(["frame", "track", "node", "xy"])
            file["point_scores"] = scores
            file["point_scores"].attrs["dims"] = json.dumps(["frame", "track", "node"])
        else:
            file["tracks"] = position.transpose(1, 3, 2, 0)
            file["point_scores"] = scores.transpose(1, 2, 0)
    return path


@pytest.mark.parametrize("dims", [True, False])
def test_analysis_files_of_both_orders(tmp_path: Path, dims: bool) -> None:
    tracks = read_sleap(analysis(tmp_path / "a.h5", dims=dims))
    assert tracks.position.shape == (4, 2, 3, 2)
    # frame 1, animal b, tail: flat index ((1 * 2 + 1) * 3 + 2) * 2
    assert tracks.position[1, :, 2, 1].tolist() == [22, 23]
    assert tracks.confidence is not None
    assert tracks.confidence[1, 2, 1] == 11 / 24


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "a.slp"
    text.write_text("hello")
    with pytest.raises(FormatError, match="something else"):
        read_sleap(text)
    odd = tmp_path / "odd.h5"
    with h5py.File(odd, "w") as file:
        file["node_names"] = [b"nose"]
        file["tracks"] = np.zeros((2, 2))
    with pytest.raises(FormatError, match="whole SLEAP file"):
        read_sleap(odd)
