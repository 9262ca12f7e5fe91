"""The way of the window: in the middle, one way round, over gaps, without a pose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_mousegpt.clips import CropParams, CropPaths, crop
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from support.arrow import LENGTH, arrow_recording, read_arrow

CALM = CropParams(side=96, smooth_s=0.05)


def clips(recording: Recording, frames: range, params: CropParams, **more: Any) -> np.ndarray:
    rows = np.asarray(frames)
    windows = CropPaths(recording, params).windows("m1" if recording.pose else "", rows, **more)
    return np.stack(
        [
            crop(recording.video[int(row)], window, params.side)  # type: ignore[index]
            for row, window in zip(rows, windows, strict=True)
        ]
    )


def with_pose(recording: Recording, pose: Any) -> Recording:
    return replace(recording, views=(replace(recording.primary, pose=pose),))


def test_the_arrow_stays_in_the_middle_and_looks_up() -> None:
    for clip in clips(arrow_recording(), range(0, 300, 7), CALM):
        x, y, way = read_arrow(clip)
        assert (x, y) == pytest.approx((47.5, 47.5 - 2 * 0.1 * LENGTH), abs=2.5)
        assert way == pytest.approx(90, abs=4)


def test_the_side_is_counted_in_body_lengths() -> None:
    recording = arrow_recording()
    (window,) = CropPaths(recording, CropParams(body_lengths=4)).windows("m1", np.array([9]))
    assert window.span == pytest.approx(4 * LENGTH)
    (window,) = CropPaths(recording, CropParams(pixels=33)).windows("m1", np.array([9]))
    assert window.span == 33


def test_missing_points_are_bridged() -> None:
    recording = arrow_recording()
    pose = recording.pose.copy(deep=True)  # type: ignore[union-attr]
    pose["position"].values[100:106] = np.nan
    pose["confidence"].values[200:206] = 0.1
    pose["position"].values[200:206] += 40
    gaps = with_pose(recording, pose)
    for frames in (range(98, 108), range(103, 112), range(198, 208)):
        for clip in clips(gaps, frames, CALM):
            x, y, way = read_arrow(clip)
            assert (x, y) == pytest.approx((47.5, 44.3), abs=3)
            assert way == pytest.approx(90, abs=6)


def test_a_window_that_stays_shows_the_turn() -> None:
    recording = arrow_recording()
    stay = replace(CALM, follow="start")
    ways = [read_arrow(clip)[2] for clip in clips(recording, range(50, 80), stay, start=60)]
    assert ways[10] == pytest.approx(90, abs=4)
    turned = np.degrees(recording.video.walk[79, 2] - recording.video.walk[60, 2])  # type: ignore[union-attr]
    # To the right in a picture whose y goes down is clockwise: less than up.
    assert ways[-1] == pytest.approx(90 - turned, abs=5)


def test_without_turning_up_stays_up() -> None:
    recording = arrow_recording()
    frames = range(0, 60, 10)
    for frame, clip in zip(
        frames, clips(recording, frames, replace(CALM, turn=False)), strict=True
    ):
        true = -np.degrees(recording.video.walk[frame, 2])  # type: ignore[union-attr]
        assert np.cos(np.radians(read_arrow(clip)[2] - true)) > 0.99


def test_without_a_pose_the_shape_is_followed() -> None:
    recording = arrow_recording(pose=False, counts=False)
    still = replace(CALM, pixels=48, side=96, smooth_s=0.0)
    for clip in clips(recording, range(10, 70, 9), still):
        x, y, _ = read_arrow(clip)
        assert (x, y) == pytest.approx((47.5, 47.5), abs=4)


def test_nothing_to_follow_shows_the_whole_picture() -> None:
    recording = arrow_recording()
    (window,) = CropPaths(recording, CALM).windows("someone else", np.array([9]))
    assert window == (63.5, 47.5, -np.pi / 2, 128.0)
    unseen = recording.pose.copy(deep=True)  # type: ignore[union-attr]
    unseen["position"].values[:] = np.nan
    (window,) = CropPaths(with_pose(recording, unseen), CALM).windows("m1", np.array([9]))
    assert window.span == 128.0


def test_an_unnamed_animal_is_the_only_one() -> None:
    paths = CropPaths(arrow_recording(), CALM)
    assert paths.windows("", np.array([9])) == paths.windows("m1", np.array([9]))
    assert paths.windows("m1", np.array([], dtype=int)) == []


def test_a_recording_without_a_video_is_refused() -> None:
    blind = arrow_recording()
    blind = replace(blind, views=(replace(blind.primary, video=None),))
    with pytest.raises(InputError, match="a video, to cut clips out of"):
        CropPaths(blind, CALM)
