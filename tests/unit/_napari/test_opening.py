from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.opening import (
    OpenRequest,
    about,
    look_at,
    paths_in,
    pictures_of,
    video_layers,
)
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

POSE = "nose_x,nose_y,tail_x,tail_y\n" + "1,2,3,4\n" * 6


def drained(parts: Generator[None, None, Any]) -> Any:
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value


def test_a_layer_and_a_rate_become_a_recording(tmp_path: Path) -> None:
    pose = tmp_path / "pose.csv"
    pose.write_text(POSE)
    pictures = np.zeros((6, 8, 10), np.uint8)
    recording = drained(OpenRequest(pictures, str(pose), fps="29.97", id="cage 1").open())
    assert recording.id == "cage 1"
    assert recording.n_frames == 6
    assert str(recording.timebase.rate) == "30000/1001"
    assert recording.pose is not None


def test_nothing_chosen_is_said() -> None:
    with pytest.raises(InputError, match=r"expected a video or a pose, found neither"):
        drained(OpenRequest().open())


def test_a_file_is_described_and_a_missing_one_named(tmp_path: Path) -> None:
    pose = tmp_path / "pose.csv"
    pose.write_text(POSE)
    report = drained(look_at(str(pose)))
    assert (report.kind, report.numbers["n_frames"]) == ("pose", 6)
    assert "nose, tail" in " ".join(report.sentences)
    missing = drained(look_at(str(tmp_path / "none.mp4")))
    assert missing.problems[0].what == f"{tmp_path / 'none.mp4'}: there is no such file."
    assert missing.problems[0].remedy == "Check the path."


def test_a_damaged_file_is_a_report_and_no_error(tmp_path: Path) -> None:
    video = tmp_path / "cut.mp4"
    video.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(200))
    report = drained(look_at(str(video)))
    assert report.problems
    assert report.problems[0].remedy


def test_several_paths_stand_in_one_field(tmp_path: Path) -> None:
    odd = tmp_path / "a; b.mp4"
    odd.write_bytes(b"x")
    assert paths_in("") is None
    assert paths_in(" a.mp4 ") == "a.mp4"
    assert paths_in("a.tif; b.tif") == ["a.tif", "b.tif"]
    # A file of that name is one file.
    assert paths_in(str(odd)) == str(odd)


def test_images_are_looked_at_as_a_video(tmp_path: Path) -> None:
    import tifffile

    for i in range(3):
        tifffile.imwrite(tmp_path / f"frame_{i}.tif", np.full((20, 30), i, np.uint8))
    for chosen in (
        str(tmp_path / "frame_*.tif"),
        str(tmp_path),
        [str(tmp_path / f"frame_{i}.tif") for i in range(3)],
    ):
        report = drained(look_at(chosen))
        assert report.kind == "video", report.lines()
        assert report.numbers["n_frames"] == 3
        assert "30 x 20" in " ".join(report.sentences)
        assert report.problems[0].remedy == 'Write it under "Frame rate".'
    report = drained(look_at(str(tmp_path / "none_*.tif")))
    assert report.kind == "unknown"
    assert report.problems


def test_about_says_what_is_open(make_recording: Callable[..., Recording]) -> None:
    text = about(make_recording(individuals=("a", "b")))
    assert text == "rec: 1000 frames, 33.3 s, 30 frames per second. Pose of a, b, 4 keypoints."
    assert "No pose: the outline" in about(make_recording(pose=False))
    uneven = Timebase(3, Timebase.constant(30, 2).rate, np.array([0, 1, 3]))
    assert "per second on average" in about(make_recording(clock=uneven))


def test_only_layers_that_can_be_a_video_are_offered(viewer: Any, recording: Recording) -> None:
    from napari_mousegpt._napari.show import show

    show(viewer, recording)
    viewer.add_image(np.zeros((5, 8, 8), np.uint8), name="grey")
    viewer.add_image(np.zeros((5, 8, 8, 3), np.uint8), rgb=True, name="colour")
    viewer.add_image(np.zeros((8, 8), np.uint8), name="picture")
    viewer.add_image(np.zeros((5, 8, 8)), name="measured")
    viewer.add_image(np.zeros((5, 2, 8, 8)), name="two planes")
    viewer.add_image(np.zeros((5, 8, 8, 3), np.uint8), rgb=False, name="channels last")
    viewer.add_image([np.zeros((5, 8, 8)), np.zeros((5, 4, 4))], name="pyramid")
    viewer.add_labels(np.zeros((5, 8, 8), int), name="labels")
    names = [layer.name for layer in video_layers(viewer)]
    assert names == ["grey", "colour", "measured", "channels last", "pyramid"]


def test_a_layer_is_read_as_it_is_shown(viewer: Any) -> None:
    dim = np.arange(5 * 4 * 6, dtype=np.uint16).reshape(5, 4, 6) * 10
    layer = viewer.add_image(dim, contrast_limits=(200, 1000), name="twelve bits")
    frames = pictures_of(layer)
    assert (frames.shape, frames.dtype) == ((5, 4, 6), np.uint8)
    wanted = np.clip((dim[2].astype(float) - 200) * 255 / 800, 0, 255)
    assert np.abs(frames[2] - wanted).max() <= 0.5
    colour = viewer.add_image(np.full((5, 4, 6, 4), 0.5, np.float32), rgb=True, name="alpha")
    assert pictures_of(colour).shape == (5, 4, 6, 3)
    assert set(np.unique(pictures_of(colour)[:2])) == {128}
    pyramid = viewer.add_image([np.zeros((5, 8, 8)), np.zeros((5, 4, 4))], name="pyramid")
    assert pictures_of(pyramid).shape == (5, 8, 8)
    timed = pictures_of(layer, "29.97").timebase
    assert timed is not None
    assert str(timed.rate) == "30000/1001"
    with pytest.raises(InputError):
        pictures_of(layer, "quick")


def test_a_layer_is_read_one_picture_at_a_time(viewer: Any) -> None:
    import dask.array as da

    read: list[int] = []

    def block(block_info: Any = None) -> np.ndarray:
        read.append(block_info[None]["chunk-location"][0])
        return np.zeros((1, 8, 8), np.uint8)

    lazy = da.map_blocks(block, chunks=((1,) * 500, (8,), (8,)), dtype=np.uint8)
    layer = viewer.add_image(lazy, name="lazy", contrast_limits=(0, 255), multiscale=False)
    read.clear()
    recording = drained(OpenRequest(pictures_of(layer, "25"), fps="25", id="lazy").open())
    assert recording.n_frames == 500
    assert read == []
    recording.video[123]
    assert read == [123]
