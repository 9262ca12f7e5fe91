"""Clips of real recordings: one pass over the file, in little memory, the same for any thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_mousegpt as mg
from napari_mousegpt.clips import Clip, ClipParams, CropParams, iter_clips
from napari_mousegpt.core.intervals import Intervals, windows
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io import video_sampler
from napari_mousegpt.io.video_frames import FrameStore
from napari_mousegpt.models.engine import run_engine
from napari_mousegpt.models.memory import measured_peak
from support.threads import Threads


@pytest.fixture(scope="module")
def openfield(example_data: Path) -> Recording:
    return mg.open_recording(example_data / "openfield.mp4", pose=example_data / "openfield.csv")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counts: list[int] = []

    class Watched(FrameStore):
        def close(self) -> None:
            counts.append(self.n_decoded)
            super().close()

    monkeypatch.setattr(video_sampler, "FrameStore", Watched)
    return counts


@pytest.mark.slow
def test_windows_of_a_whole_video_are_one_pass_in_little_memory(
    openfield: Recording, decoded: list[int]
) -> None:
    ranges = windows(openfield, "1s", "0.1s")
    with measured_peak() as settled:
        list(iter_clips(openfield, ranges[:20], threads=1))
    decoded.clear()
    with measured_peak() as peak:
        n_bytes = sum(clip.frames.nbytes for clip in iter_clips(openfield, ranges, threads=1))
    assert n_bytes > 800 << 20
    assert sum(decoded) <= openfield.n_frames
    if settled.used_bytes:
        assert peak.used_bytes - settled.used_bytes < 96 << 20


def test_the_mouse_is_in_the_clip_that_follows_it(openfield: Recording) -> None:
    ranges = windows(openfield, "1s", "4s")
    params = ClipParams(size=128, crop=CropParams(turn=False))
    followed = list(iter_clips(openfield, ranges, params))
    assert len(followed) == len(ranges)
    # A dark mouse on a light floor: the middle is darker than the picture around it.
    middle = np.array([clip.frames[:, 48:80, 48:80].mean() for clip in followed])
    around = np.array([clip.frames.mean() for clip in followed])
    assert (middle < around - 10).mean() > 0.9


@pytest.mark.parametrize("crop", [None, CropParams()])
def test_any_number_of_threads_gives_the_same(
    openfield: Recording, crop: CropParams | None
) -> None:
    ranges = windows(openfield, "2s", "5s")[:6]
    one, many = (
        list(iter_clips(openfield, ranges, ClipParams(size=96, crop=crop), **how))
        for how in ({"threads": 1, "ahead": 0}, {"threads": 3, "ahead": 3})
    )
    for left, right in zip(one, many, strict=True):
        assert np.array_equal(left.frames, right.frames)
        assert left.rows.tolist() == right.rows.tolist()


def brightness(clips: list[Clip], cancelled: Callable[[], bool]) -> list[float]:
    return [float(clip.frames.mean()) for clip in clips]


def test_the_engine_takes_clips_as_they_are_read(openfield: Recording) -> None:
    ranges = Intervals.build(
        openfield.id, [0, 3, 40, 41, 200, 210, 900], [60, 6, 100, 44, 260, 270, 902]
    )
    threads = Threads()
    how: dict[str, Any] = {"key": lambda clip: len(clip.rows), "cost": lambda clip: clip.rows.size,
                           "prepare": list, "compute": brightness, "budget": 16}  # fmt: skip
    found = list(run_engine(iter_clips(openfield, ranges), **how))
    lengths = [8, 3, 8, 3, 8, 8, 2]
    assert [(clip.row, len(clip.rows)) for clip, _ in found] == list(enumerate(lengths))
    alone = [float(clip.frames.mean()) for clip in iter_clips(openfield, ranges, ahead=0)]
    assert [result for _, result in found] == alone
    # Stopped early, both threads end.
    running = run_engine(iter_clips(openfield, windows(openfield)), **how)
    next(running)
    assert threads.new()
    running.close()  # type: ignore[attr-defined]
    assert not threads.new()


def test_a_real_video_of_a_grey_camera(shared_data: Path) -> None:
    path = next((shared_data / "video_bottomview_vame").glob("*.mp4"))
    recording = mg.open_recording(path)
    ranges = Intervals.build(recording.id, [0, 30, 60], [60, 90, 120])
    found = list(iter_clips(recording, ranges, ClipParams(crop=CropParams())))
    assert [clip.frames.shape for clip in found] == [(8, 224, 224, 3)] * 3
    assert not any(clip.damaged for clip in found)
