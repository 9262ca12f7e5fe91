"""Painted clips: videos whose pictures say which frame they are.

The frame number stands in the picture as twelve black or white blocks with an inverted copy under
them, so that it survives compression and a torn picture is noticed. Below lie a moving pattern and
four patches of known colour. No download and no ``ffmpeg`` program is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

BITS = 12
BLOCK = 16
WIDTH, HEIGHT = BITS * BLOCK, 128
COLOURS = ((200, 40, 40), (40, 180, 40), (40, 60, 200), (128, 128, 128))
_TEXTURE = np.random.default_rng(7).integers(60, 190, (16, 24), dtype=np.uint8)
_STEPS = np.random.default_rng(1).integers(20, 60, 400)


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
    """Return the frame number painted into a picture of any size, RGB or grey.

    Raises
    ------
    ValueError
        When the blocks and their inverted copy disagree: the picture is torn or empty.
    """
    grey = picture.mean(axis=-1) if picture.ndim == 3 else picture.astype(float)
    scale = grey.shape[0] / HEIGHT
    edges = np.linspace(0, grey.shape[1], BITS + 1)
    middles = [
        slice(int(0.7 * a + 0.3 * b), int(0.3 * a + 0.7 * b) + 1) for a, b in pairwise(edges)
    ]
    top = grey[int(6 * scale) : int(18 * scale)].mean(axis=0)
    low = grey[int(30 * scale) : int(42 * scale)].mean(axis=0)
    if any((top[m].mean() > 127) == (low[m].mean() > 127) for m in middles):
        raise ValueError("the blocks and their inverted copy disagree")
    return sum(1 << bit for bit, m in enumerate(middles) if top[m].mean() > 127)


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
    rotation: int = 0,
) -> Path:
    """Encode painted pictures; ``ticks`` in units of ``tick`` give a variable rate."""
    with av.open(str(path), "w", options=container_options or {}) as out:
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


def x264(keyint: int = 30, bframes: int = 3, extra: str = "") -> dict[str, str]:
    """Return options of the H.264 encoder: every group full length, B-frames always used."""
    params = f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes={bframes}:b-adapt=0{extra}"
    return {"preset": "veryfast", "x264-params": params}


def cut_by_copy(source: Path, target: Path, first: int) -> Path:
    """Drop the pictures before ``first`` without encoding: an edit list hides the rest."""
    unshifted = {"avoid_negative_ts": "disabled"}
    with av.open(str(source)) as inp, av.open(str(target), "w", options=unshifted) as out:
        stream = inp.streams.video[0]
        copy = out.add_stream_from_template(stream)
        packets = [packet for packet in inp.demux(stream) if packet.size]
        start = sorted(packet.pts for packet in packets)[first]
        for packet in packets:
            packet.pts -= start
            packet.dts -= start
            packet.stream = copy
            out.mux(packet)
    return target


def truncate(source: Path, target: Path, part: float) -> Path:
    """Keep the first part of a file's bytes, as a crash or a full disk does."""
    data = source.read_bytes()
    target.write_bytes(data[: int(part * len(data))])
    return target


def damage(source: Path, target: Path, packets: Sequence[int], how: str = "zeros") -> list[int]:
    """Overwrite packets, counted in file order; return the rows of their pictures.

    ``"zeros"`` wipes a packet as a bad disk sector does; ``"noise"`` randomises its second half.
    """
    with av.open(str(source)) as container:
        table = [
            (packet.pos, packet.size, packet.pts)
            for packet in container.demux(container.streams.video[0])
            if packet.size
        ]
    data = bytearray(source.read_bytes())
    for which in packets:
        position, size, _ = table[which]
        if how == "zeros":
            data[position : position + size] = bytes(size)
        else:
            half = size // 2
            noise = np.random.default_rng(which).integers(0, 256, size - half, dtype=np.uint8)
            data[position + half : position + size] = noise.tobytes()
    target.write_bytes(data)
    order = sorted(pts for _, _, pts in table)
    return sorted(order.index(table[which][2]) for which in packets)


@dataclass(frozen=True)
class Clip:
    """A painted file and the truth about it.

    ``numbers[i]`` is painted into frame ``i``, which begins ``times[i]`` seconds after frame 0.
    """

    path: Path
    numbers: tuple[int, ...]
    times: tuple[Fraction, ...]


N_FRAMES = 100
_VARIABLE = [int(step) for step in np.cumsum(_STEPS)][:N_FRAMES]
_FAST_MPEG4 = {"bf": "2", "g": "24", "b": "2000000"}
_RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "constant": ("mp4", {"options": x264(25, 0), "rate": Fraction(25)}),
    "b_frames": ("mp4", {"options": x264(extra=":b-pyramid=normal")}),
    "long_group": ("mp4", {"options": x264(250, extra=":b-pyramid=normal")}),
    "open_gop": ("mp4", {"options": x264(24, extra=":open-gop=1")}),
    "intra_refresh": ("mp4", {"options": x264(30, 0, ":intra-refresh=1")}),
    "variable_mp4": ("mp4", {"options": x264(), "ticks": _VARIABLE, "tick": Fraction(1, 1000)}),
    "variable_mkv": ("mkv", {"options": x264(), "ticks": _VARIABLE, "tick": Fraction(1, 1000)}),
    "mjpeg_avi": ("avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    "mpeg4_avi": ("avi", {"codec": "mpeg4", "options": _FAST_MPEG4}),
    "mpeg4_mp4": ("mp4", {"codec": "mpeg4", "options": _FAST_MPEG4}),
    "h264_avi": ("avi", {"options": x264(extra=":b-pyramid=normal")}),
    "transport": ("ts", {"options": x264()}),
    "fragmented": (
        "mp4",
        {"options": x264(), "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    ),
    "fast_start": ("mp4", {"options": x264(), "container_options": {"movflags": "faststart"}}),
    "hevc": (
        "mp4",
        {
            "codec": "libx265",
            "options": {"preset": "ultrafast", "x265-params": "keyint=24:log-level=none"},
        },
    ),
    "rotated": ("mp4", {"options": x264(), "rotation": 90}),
    "yuv444": ("mp4", {"options": x264(), "pix_fmt": "yuv444p"}),
    "grey": ("avi", {"codec": "ffv1", "pix_fmt": "gray"}),
    "raw": ("h264", {"options": x264()}),
}
_CUTS = {"edit_list": ("constant", 37), "edit_list_b": ("b_frames", 37)}
#: Kinds whose every frame can be told, for tests of frame-exactness.
EXACT = tuple(kind for kind in _RECIPES if kind != "raw") + tuple(_CUTS)


class ClipBox:
    """Painted clips made when first asked for, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Clip] = {}

    def __getitem__(self, kind: str) -> Clip:
        if kind not in self._made:
            self._made[kind] = self._cut(kind) if kind in _CUTS else self._make(kind)
        return self._made[kind]

    def _make(self, kind: str) -> Clip:
        suffix, recipe = _RECIPES[kind]
        path = self.folder / f"{kind}.{suffix}"
        write_clip(path, range(N_FRAMES), **recipe)
        ticks = recipe.get("ticks", range(N_FRAMES))
        tick = recipe.get("tick", 1 / recipe.get("rate", Fraction(30)))
        times = tuple((value - ticks[0]) * tick for value in ticks)
        return Clip(path, tuple(range(N_FRAMES)), times)

    def _cut(self, kind: str) -> Clip:
        source, first = _CUTS[kind]
        whole = self[source]
        path = cut_by_copy(whole.path, self.folder / f"{kind}.mp4", first)
        times = tuple(time - whole.times[first] for time in whole.times[first:])
        return Clip(path, whole.numbers[first:], times)
