"""Painted clips: videos whose pictures say which frame they are.

The frame number stands in the picture as twelve black or white blocks with an inverted copy under
them, so that it survives compression and a torn picture is noticed. Below lie a moving pattern and
four patches of known colour. No download and no ``ffmpeg`` program is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

BITS = 12
BLOCK = 16
WIDTH, HEIGHT = BITS * BLOCK, 128
COLOURS = ((200, 40, 40), (40, 180, 40), (40, 60, 200), (128, 128, 128))
_TEXTURE = np.random.default_rng(7).integers(60, 190, (16, 24), dtype=np.uint8)


def paint(number: int) -> NDArray[np.uint8]:
    """Return the picture of one frame number, uint8 (HEIGHT, WIDTH, 3) RGB."""
    bits = [(number >> bit) & 1 for bit in range(BITS)]
    row = np.repeat(np.where(bits, 235, 20).astype(np.uint8), BLOCK)
    grey = np.empty((HEIGHT, WIDTH), np.uint8)
    grey[:24] = row
    grey[24:48] = 255 - row
    moved = np.roll(_TEXTURE, (number // 3, number), axis=(0, 1))
    grey[48:96] = np.kron(moved, np.ones((3, 8), np.uint8))
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    for patch, colour in enumerate(COLOURS):
        picture[96:, patch * 48 : (patch + 1) * 48] = colour
    return picture


def read_number(picture: NDArray[np.uint8]) -> int:
    """Return the frame number painted into a picture.

    Raises
    ------
    ValueError
        When the blocks and their inverted copy disagree: the picture is torn or empty.
    """
    grey = picture.mean(axis=-1) if picture.ndim == 3 else picture.astype(float)
    scale = grey.shape[0] / HEIGHT
    edges = np.linspace(0, grey.shape[1], BITS + 1)
    middle = [slice(int(a + 0.3 * (b - a)), int(a + 0.7 * (b - a)) + 1) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    top = [grey[int(6 * scale) : int(18 * scale), s].mean() > 127 for s in middle]
    low = [grey[int(30 * scale) : int(42 * scale), s].mean() > 127 for s in middle]
    if any(a == b for a, b in zip(top, low, strict=True)):
        raise ValueError("the blocks and their inverted copy disagree")
    return sum(1 << bit for bit, on in enumerate(top) if on)


def write_clip(
    path: Path,
    numbers: Sequence[int],
    *,
    codec: str = "libx264",
    rate: Fraction = Fraction(30),
    ticks: Sequence[int] | None = None,
    tick: Fraction | None = None,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    container: str | None = None,
    rotation: int = 0,
) -> Path:
    """Encode painted pictures; ``ticks`` in units of ``tick`` give a variable rate."""
    with av.open(str(path), "w", format=container, options=container_options or {}) as out:
        stream = out.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        stream.codec_context.thread_count = 1
        unit = tick or 1 / rate
        stream.codec_context.time_base = unit
        if rotation:
            stream.set_display_rotation(rotation)
        for position, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(paint(number), format="rgb24")
            frame.pts = position if ticks is None else ticks[position]
            frame.time_base = unit
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
