"""Long recordings for the viewer benchmark: real pictures, made-up pose and labels."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.video import VideoReader
from video_files import repeat_clip

VIDEO = Path(__file__).parents[1] / "examples" / "data" / "openfield.mp4"
RATE, ANIMALS, KEYPOINTS = 30, ("m1", "m2"), 12
NAMES = (
    "nose", "left_ear", "right_ear", "neck", "left_shoulder", "right_shoulder", "center",
    "left_hindpaw", "right_hindpaw", "tail_base", "tail_mid", "tail_tip",
)  # fmt: skip
BEHAVIOURS = ("still", "walking", "rearing", "grooming")
GROUPS = ("walking, head up", "slow turn", "moving in place")


class Repeated:
    """A video, repeated until it has so many frames."""

    def __init__(self, video: VideoReader, n_frames: int) -> None:
        self._video = video
        self.shape = (n_frames, *video.shape[1:])
        self.dtype, self.ndim = video.dtype, video.ndim
        self.size = int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        first, *rest = key if isinstance(key, tuple) else (key,)
        index = np.arange(len(self))[first] % len(self._video)
        rows = self._video[index.tolist() if np.ndim(index) else int(index)]
        return rows[(slice(None), *rest)] if np.ndim(index) else rows[tuple(rest)]


@dataclass(frozen=True)
class Long:
    """A recording of two animals with twelve keypoints each, and its labels."""

    recording: Recording
    labels: Ethogram


def long_recording(frames: int, *, pose: bool = True) -> Long:
    """Return a recording of so many frames, with a decoder of its own."""
    clock = Timebase.constant(RATE, frames)
    view = View(
        "main",
        clock,
        video=Repeated(VideoReader(VIDEO), frames),
        pose=made_up_pose(clock) if pose else None,
    )
    return with_labels(Recording("long", (view,)))


def write_video(path: Path, hours: float) -> None:
    """Write a video of so many hours, the packets of the example repeated, and its index."""
    with VideoReader(VIDEO) as video:
        times = round(hours * 3600 * RATE / len(video))
    repeat_clip(VIDEO, path, times)
    VideoReader(path).close()


def from_file(path: Path) -> Long:
    """Return a recording of a video with a made-up pose."""
    alone = open_recording(path)
    view = View("main", alone.timebase, video=alone.video, pose=made_up_pose(alone.timebase))
    return with_labels(Recording("long", (view,)))


def made_up_pose(clock: Timebase) -> Any:
    """Return two animals that walk about, filled piece by piece to spare memory."""
    n, rng = clock.n_frames, np.random.default_rng(0)
    shape = rng.normal(0, 30, (2, KEYPOINTS))
    position = np.empty((n, 2, KEYPOINTS, len(ANIMALS)))
    for start in range(0, n, 10_000):
        frames = np.arange(start, min(start + 10_000, n))
        piece = position[frames[0] : frames[-1] + 1]
        for animal in range(len(ANIMALS)):
            phase = frames / 200 + 2 * animal
            middle = np.stack([320 + 180 * np.sin(phase), 240 + 120 * np.cos(phase / 2)], axis=1)
            noise = rng.normal(0, 1, (len(frames), 2, KEYPOINTS))
            piece[..., animal] = middle[:, :, None] + shape + noise
    return make_pose(position, np.full((n, KEYPOINTS, len(ANIMALS)), 0.9), NAMES, ANIMALS, clock)


def with_labels(recording: Recording) -> Long:
    """Return a recording with a bout every 1.5 s of each animal."""
    return Long(recording, _bouts(recording.n_frames, 45, BEHAVIOURS, "model"))


def clusters_of(recording: Recording) -> Ethogram:
    """Return a clustering with a bout every 2.3 s of each animal."""
    return _bouts(recording.n_frames, 70, GROUPS, "cluster")


def _bouts(n_frames: int, length: int, names: tuple[str, ...], source: str) -> Ethogram:
    start: NDArray[np.int64] = np.arange(0, n_frames, length)
    tables = [
        Intervals.build(
            "long",
            start,
            np.minimum(start + length, n_frames),
            animal,
            label=[names[(i + shift) % len(names)] for i in range(len(start))],
            confidence=np.full(len(start), 0.8),
        )
        for shift, animal in enumerate(ANIMALS)
    ]
    return Ethogram(Intervals.concat(tables), source=source)


if __name__ == "__main__":
    write_video(Path(sys.argv[1]), float(sys.argv[2]))
