from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.opening import OpenRequest, about, look_at, video_layers
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


def test_files_are_described_and_missing_ones_named(tmp_path: Path) -> None:
    pose = tmp_path / "pose.csv"
    pose.write_text(POSE)
    text = drained(look_at([str(pose), str(tmp_path / "none.mp4")]))
    assert "6 frames" in text
    assert "nose, tail" in text
    assert f"! {tmp_path / 'none.mp4'}: there is no such file." in text


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
    assert [layer.name for layer in video_layers(viewer)] == ["grey", "colour"]
