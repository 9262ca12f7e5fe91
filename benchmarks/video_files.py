"""Files for the video benchmark that look and weigh like recordings of behaviour.

The clips of the accuracy table are painted ones, ``tests/support/video_kinds.py``. Here are those
that time is measured on: a textured arena with the noise of a camera, at the bit rate that such
cameras choose. PyAV writes everything; the ``ffmpeg`` program is not needed.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

RATE = 30
GROUP = 250


def arena_clip(path: Path, n_frames: int, *, height: int = 480, width: int = 640) -> Path:
    """Write a mouse-like blob walking over a textured floor, with camera noise.

    H.264, groups of 250 pictures, always three B-frames with a pyramid, at the quality x264 takes
    by itself (CRF 23): with this noise about 4 Mbit/s at 640 x 480. The noise is as coarse as the
    colour mosaic of a sensor leaves it. So a B-frame takes 0.6 of the bytes of a P-frame, as in
    real recordings of mice (0.5 to 0.6); white noise would make B-frames all but empty.

    Parameters
    ----------
    path : Path
    n_frames : int
        Encoded pictures; a whole number of groups can be repeated by :func:`repeat_clip`.
    height, width : int
        Pixels.
    """
    rng = np.random.default_rng(5)
    coarse = rng.normal(120, 22, (height // 8, width // 8))
    floor = np.kron(coarse, np.ones((8, 8))) + rng.normal(0, 9, (height, width))
    noise = gaussian_filter(rng.normal(0, 1, (9, height + 64, width + 64)), (0, 1, 1))
    noise *= 7.3 / noise.std()
    y, x = np.mgrid[:height, :width].astype(np.float32)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {
            "preset": "medium",
            "crf": "23",
            "x264-params": f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=3:b-adapt=0:"
            "b-pyramid=normal",
        }
        for number in range(n_frames):
            picture = floor + _camera_noise(noise, rng, height, width)
            angle = number / 40
            blob_y = height * (0.5 + 0.35 * np.sin(angle))
            blob_x = width * (0.5 + 0.35 * np.sin(0.7 * angle + 1))
            picture -= 90 * np.exp(
                -((y - blob_y) ** 2 + (x - blob_x) ** 2) / (2 * (height / 16) ** 2)
            )
            yuv = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
            yuv[:height] = np.clip(picture, 16, 235)
            frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _camera_noise(
    fields: NDArray[np.float64], rng: np.random.Generator, height: int, width: int
) -> NDArray[np.float64]:
    """Return one of the noise fields, shifted: as good as new for an encoder, and much cheaper."""
    which, down, right = rng.integers(0, (len(fields), 64, 64))
    return fields[which, down : down + height, right : right + width]


def repeat_clip(source: Path, target: Path, times: int) -> Path:
    """Lay a clip of closed groups end to end by copying its packets.

    Every repeat decodes to the same pictures, so that a long file costs no encoding.
    """
    with av.open(str(source)) as inp, av.open(str(target), "w") as out:
        stream = inp.streams.video[0]
        copy = out.add_stream_from_template(stream)
        packets = [packet for packet in inp.demux(stream) if packet.size]
        stamps = np.array([(packet.pts, packet.dts) for packet in packets], dtype=np.int64)
        tick = np.gcd.reduce(np.diff(np.sort(stamps[:, 0])))
        length = len(packets) * int(tick)
        for turn in range(times):
            shift = turn * length
            for packet, (pts, dts) in zip(packets, stamps.tolist(), strict=True):
                packet.pts, packet.dts = pts + shift, dts + shift
                packet.stream = copy
                out.mux(packet)
    return target


def long_clip(path: Path, hours: float) -> Path:
    """Write so many hours at 30 pictures a second, tiny ones: an index does not see their size."""
    piece = path.with_name(f"{path.stem}_piece{path.suffix}")
    arena_clip(piece, GROUP, height=48, width=64)
    repeat_clip(piece, path, round(hours * 3600 * RATE / GROUP))
    piece.unlink()
    return path
