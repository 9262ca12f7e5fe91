"""An arrow that walks and turns: pictures, pose, and what can be read from a clip of it.

Red is the front of the arrow and green its rear; the blue of the background counts the pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase

__all__ = [
    "ArrowVideo",
    "arrow_pose",
    "arrow_recording",
    "read_arrow",
    "read_count",
    "walk",
    "write_arrow",
]

LENGTH = 16.0
PARTS = ("nose", "neck", "tail_base")


def walk(n_frames: int, size: tuple[int, int] = (96, 128)) -> NDArray[np.float64]:
    """Return x, y and way (radians, y down) of each frame, shape (n_frames, 3)."""
    t = np.arange(n_frames) / 30
    height, width = size
    x = width / 2 + 0.3 * width * np.cos(0.7 * t)
    y = height / 2 + 0.3 * height * np.sin(0.9 * t + 0.4)
    way = 1.1 * t + 0.8 * np.sin(1.7 * t)
    return np.stack([x, y, way], axis=1)


class ArrowVideo:
    """Paints each picture when it is asked for, and counts how often."""

    def __init__(
        self, n_frames: int, size: tuple[int, int] = (96, 128), *, counts: bool = True
    ) -> None:
        self.counts = counts
        self.shape = (n_frames, *size, 3)
        self.dtype, self.ndim = np.dtype(np.uint8), 4
        self.walk = walk(n_frames, size)
        self.reads = 0
        self._rows, self._columns = np.indices(size)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        if not isinstance(key, int | np.integer):
            return np.stack([self[int(i)] for i in np.arange(len(self))[key]])
        self.reads += 1
        picture = np.zeros(self.shape[1:], np.uint8)
        picture[..., 2] = 40 + 4 * (int(key) % 50) if self.counts else 40
        x, y, way = self.walk[key]
        right, down = self._columns - x, self._rows - y
        along, across = np.cos(way) * right + np.sin(way) * down, np.cos(way) * down
        body = (np.abs(along) < LENGTH / 2) & (np.abs(across - np.sin(way) * right) < 3)
        picture[body] = (100, 100, 0)
        for sign, channel in ((0.5, 0), (-0.5, 1)):
            far = np.hypot(
                self._columns - x - sign * LENGTH * np.cos(way),
                self._rows - y - sign * LENGTH * np.sin(way),
            )
            picture[far < 4] = (255, 0, 0) if channel == 0 else (0, 255, 0)
        return picture


def arrow_pose(clock: Timebase, size: tuple[int, int] = (96, 128), who: str = "m1") -> Any:
    """Return the true pose."""
    x, y, way = walk(clock.n_frames, size).T
    position = np.empty((clock.n_frames, 2, len(PARTS), 1))
    for k, along in enumerate((0.5, 0.3, -0.5)):
        position[:, 0, k, 0] = x + along * LENGTH * np.cos(way)
        position[:, 1, k, 0] = y + along * LENGTH * np.sin(way)
    return make_pose(position, None, PARTS, [who], clock)


def arrow_recording(
    n_frames: int = 300,
    *,
    size: tuple[int, int] = (96, 128),
    fps: float = 30,
    pose: bool = True,
    counts: bool = True,
    id: str = "arrow",
    clock: Timebase | None = None,
) -> Recording:
    """Return a recording whose pictures are painted on demand."""
    clock = clock or Timebase.constant(fps, n_frames)
    video = ArrowVideo(n_frames, size, counts=counts)
    tracks = arrow_pose(clock, size) if pose else None
    return Recording(id, (View("main", clock, video, tracks),))


def write_arrow(path: Path, n_frames: int, size: tuple[int, int] = (96, 128)) -> Path:
    """Write the pictures as a video of good quality."""
    import av

    video = ArrowVideo(n_frames, size)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "8", "preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv444p"
        stream.codec_context.thread_count = 1
        for frame in range(n_frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(video[frame], format="rgb24")))
        out.mux(stream.encode(None))
    return path


def read_arrow(clip: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Return middle (x, y, in pixels of the clip) and way of the arrow (degrees, up is 90)."""
    red, green, blue = (clip[..., c].astype(float) for c in range(3))
    front = np.argwhere((red > 140) & (green < 110) & (blue < 140)).mean(axis=0)
    rear = np.argwhere((green > 140) & (red < 110) & (blue < 140)).mean(axis=0)
    y, x = (front + rear) / 2
    return float(x), float(y), float(np.degrees(np.arctan2(rear[0] - front[0], front[1] - rear[1])))


def read_count(clip: NDArray[np.uint8]) -> float:
    """Return the number of the frame, of the last fifty, by the background."""
    background = (clip[..., 0] < 60) & (clip[..., 1] < 60) & (clip[..., 2] > 36)
    return (float(np.median(clip[..., 2][background])) - 40) / 4
