from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.features import (
    FeatureParams,
    LazyFeatures,
    check_ranges,
    features_from_table,
    features_to_table,
    measure_recording,
    tail_first_share,
)
from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.io.video import VideoReader
from support.walking_mouse import PARTS, walking_mouse


def _recording(seconds: float = 20, swap: bool = False) -> Recording:
    clock = Timebase.constant(30, round(seconds * 30))
    points = walking_mouse(seconds, 30)
    names = list(PARTS)
    if swap:
        order = [names.index(n) for n in ("tail_base", "neck", "chest", "nose")]
        points = points[:, :, order]
        names = ["nose", "neck", "chest", "tail_base"]
    pose = make_pose(points, None, names, ["m1"], clock)
    return Recording("rec", (View("main", clock, pose=pose),))


def test_a_pose_is_measured_and_needs_no_video() -> None:
    found = measure_recording(_recording())
    assert list(found) == ["m1"]
    assert found["m1"].source == "pose 3-D"


def test_neither_pose_nor_video_is_refused() -> None:
    empty = Recording("rec", (View("main", Timebase.constant(30, 10)),))
    with pytest.raises(InputError, match="a pose or a video"):
        measure_recording(empty)


def test_names_that_tell_nothing_are_given_by_hand() -> None:
    recording = _recording()
    assert recording.pose is not None
    nameless = recording.pose.assign_coords(keypoints=[f"p{i}" for i in range(9)])
    view = View("main", recording.timebase, pose=nameless)
    with pytest.raises(InputError, match="names of body parts"):
        measure_recording(Recording("rec", (view,)))
    body = {part: f"p{i}" for i, part in enumerate(PARTS)}
    found = measure_recording(Recording("rec", (view,)), FeatureParams(body=body))
    expected = measure_recording(recording)
    np.testing.assert_array_equal(found["m1"].values, expected["m1"].values)


def test_features_are_measured_once_and_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(recording: Recording, params: FeatureParams) -> dict[str, FrameFeatures]:
        calls.append(recording)
        return measure_recording(recording, params)

    monkeypatch.setattr("napari_mousegpt.features.of_recording.measure_recording", counted)
    lazy = LazyFeatures(_recording(), FeatureParams())
    assert not calls
    assert list(lazy) == ["m1"]
    assert len(lazy) == 1
    assert lazy["m1"].n_frames == 600
    assert len(calls) == 1


def test_features_come_back_from_their_table() -> None:
    recording = _recording()
    found = measure_recording(recording)
    back = features_from_table(features_to_table(found), recording.timebase)
    assert back["m1"].names == found["m1"].names
    assert back["m1"].units == found["m1"].units
    assert back["m1"].body_length == found["m1"].body_length
    np.testing.assert_array_equal(back["m1"].values, found["m1"].values)
    with pytest.raises(MismatchError):
        features_from_table(features_to_table(found), Timebase.constant(30, 10))
    with pytest.raises(MismatchError, match="name \\[unit\\]"):
        features_from_table(features_to_table(found).assign(other=1.0), recording.timebase)


def test_ranges_of_another_recording_or_outside_are_refused() -> None:
    recording = _recording()
    check_ranges(recording, Intervals.build("rec", [0], [600]))
    with pytest.raises(InputError, match="ranges of 'other'"):
        check_ranges(recording, Intervals.build("other", [0], [10]))
    with pytest.raises(InputError, match=r"range \[590, 601\).*ranges.clip"):
        check_ranges(recording, Intervals.build("rec", [590], [601]))


def test_head_and_tail_swapped_show_as_travelling_tail_first() -> None:
    right = tail_first_share(measure_recording(_recording())["m1"])
    swapped = tail_first_share(measure_recording(_recording(swap=True))["m1"])
    assert right < 0.05
    assert swapped > 0.9


def test_no_forward_speed_says_nothing_about_swaps() -> None:
    clock = Timebase.constant(30, 4)
    none = FrameFeatures("", ("area",), ("1",), np.ones((4, 1), np.float32), 1.0, clock)
    assert np.isnan(tail_first_share(none))


def test_a_silhouette_is_measured_through_a_reader_of_its_own(tmp_path: Path) -> None:
    files = make_sample(tmp_path, seconds=4)
    recording = open_recording(files.video)
    shown = recording.video
    assert isinstance(shown, VideoReader)
    with shown:
        before = shown.n_decoded
        found = measure_recording(recording)
        assert found[""].source == "silhouette"
        assert shown.n_decoded == before
