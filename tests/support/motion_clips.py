"""Short rendered films of a blob that moves, rears or lies, in the light or in the dark.

Left is right played backwards, picture for picture, so no single frame tells them apart. The same
holds for the light: only the scene, not the figure, is brighter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PAIRS = (("left", "right"), ("rear", "lie"), ("bright", "dark"))
KINDS = ("left", "right", "rear", "lie", "bright", "dark", "still")


@dataclass(frozen=True)
class Film:
    """One scene; lengths are parts of the width of the picture.

    ``start`` and ``stop`` are where the middle of the figure begins and ends, ``half`` its half
    axes, ``light`` and ``shade`` the grey of the floor and of the figure.
    """

    start: tuple[float, float]
    stop: tuple[float, float]
    half: tuple[float, float]
    light: float
    shade: float
    seed: int

    def frames(self, times: Sequence[float], size: int = 56) -> NDArray[np.uint8]:
        """Return the pictures at ``times`` between 0 and 1, uint8 (T, size, size, 3)."""
        t = np.asarray(times, dtype=float)[:, None, None]
        grid = (np.arange(size) + 0.5) / size
        across = grid[None, None, :] - (self.start[0] + t * (self.stop[0] - self.start[0]))
        down = grid[None, :, None] - (self.start[1] + t * (self.stop[1] - self.start[1]))
        far = np.sqrt((across / self.half[0]) ** 2 + (down / self.half[1]) ** 2)
        inside = 1 / (1 + np.exp((far - 1) * 12))
        # Speckles of the floor, the same in all frames.
        rough = np.random.default_rng(self.seed).normal(0, 1, (1, 8, 8))
        floor = self.light + 6 * np.kron(rough, np.ones((1, size // 8 + 1, size // 8 + 1)))
        grey = floor[:, :size, :size] * (1 - inside) + self.shade * inside
        return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=-1)


def film(kind: str, seed: int) -> Film:
    """Return a scene of one kind; the same seed gives left as the reverse of right."""
    rng = np.random.default_rng([seed, 7])
    way, place = rng.uniform(0.3, 0.5), rng.uniform(0.2, 0.3)
    height, light, shade = rng.uniform(0.3, 0.7), rng.uniform(150, 200), rng.uniform(15, 60)
    long, short = rng.uniform(0.17, 0.22), rng.uniform(0.08, 0.11)
    begin, end = (place, height), (place + way, height)
    middle = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7))
    round_ = (0.13, 0.11)
    if kind == "left":
        return Film(end, begin, round_, light, shade, seed)
    if kind == "right":
        return Film(begin, end, round_, light, shade, seed)
    if kind in ("rear", "lie"):
        half = (short, long) if kind == "rear" else (long, short)
        return Film(middle, middle, half, light, shade, seed)
    if kind in ("bright", "dark"):
        light = rng.uniform(170, 230) if kind == "bright" else rng.uniform(50, 110)
        return Film(middle, middle, round_, light, shade / 3, seed)
    if kind == "still":
        return Film(middle, middle, round_, light, shade, seed)
    raise ValueError(kind)


def clip_times(n_frames: int) -> NDArray[np.float64]:
    """Return times of ``n_frames`` pictures spread over a film, its ends left out."""
    return (np.arange(n_frames) + 0.5) / n_frames


def write_movie(
    path: Path, kind: str, seed: int, *, seconds: float = 1.0, fps: int = 24, size: int = 112
) -> Path:
    """Write a film as mp4 (H.264) and return its path."""
    import av

    n_frames = round(seconds * fps)
    pictures = film(kind, seed).frames(np.arange(n_frames) / max(n_frames - 1, 1), size)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "18"})
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
