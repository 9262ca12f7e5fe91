"""Pictures of a clip as servers take them: JPEGs, a list of JPEGs, or a video, all in memory."""

from __future__ import annotations

import base64
import io
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import DependencyError

if TYPE_CHECKING:
    from napari_mousegpt.models.asks import ClipFrames

__all__ = ["clip_seconds", "frames_url", "image_urls", "jpegs", "mp4_bytes", "mp4_url", "resized"]

#: Times in an mp4 are counted in this part of a second.
_TICK = Fraction(1, 90_000)
_H264 = {"preset": "veryfast", "crf": "18"}


def clip_seconds(clip: ClipFrames) -> NDArray[np.float64]:
    """Return when each picture stands, in seconds from the start of the clip, shape (T,)."""
    return np.asarray(clip.indices, dtype=np.float64) / clip.source_fps


def resized(frames: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return pictures (T, H, W, 3), longest side at most ``size`` pixels; 0 changes none."""
    height, width = frames.shape[1:3]
    if not size or max(height, width) <= size:
        return frames
    from PIL import Image

    scale = size / max(height, width)
    smaller = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.stack(
        [
            np.asarray(Image.fromarray(frame).resize(smaller, Image.Resampling.BOX))
            for frame in frames
        ]
    )


def jpegs(frames: NDArray[np.uint8], quality: int) -> list[bytes]:
    """Return pictures (T, H, W, 3) as JPEG files with 4:2:0 colour."""
    from PIL import Image

    files = []
    for frame in frames:
        file = io.BytesIO()
        picture = Image.fromarray(np.ascontiguousarray(frame))
        picture.save(file, "JPEG", quality=quality, subsampling="4:2:0")
        files.append(file.getvalue())
    return files


def image_urls(files: list[bytes]) -> list[str]:
    """Return JPEG files as data URLs, one for each."""
    return [f"data:image/jpeg;base64,{_base64(file)}" for file in files]


def frames_url(files: list[bytes]) -> str:
    """Return JPEG files as one data URL of a video made of frames."""
    return f"data:video/jpeg;base64,{','.join(map(_base64, files))}"


def mp4_url(file: bytes) -> str:
    """Return an mp4 file as a data URL."""
    return f"data:video/mp4;base64,{_base64(file)}"


def mp4_bytes(frames: NDArray[np.uint8], seconds: NDArray[np.float64]) -> bytes:
    """Return an mp4 file (H.264, 4:2:0) of pictures (T, H, W, 3) at rising times in seconds, (T,).

    Odd sides get their last row or column twice, so that nothing is cut away.

    Raises
    ------
    DependencyError
        When this PyAV has no encoder for H.264.
    """
    import av
    from av.video.frame import VideoFrame

    if "libx264" not in av.codecs_available:
        raise DependencyError(
            "mp4 for a server",
            expected="an encoder for H.264 in PyAV",
            found="none",
            remedy="Install the wheels of PyAV (pip install av), or choose the form 'images'.",
        )
    odd = [(0, 0), *((0, size % 2) for size in frames.shape[1:3]), (0, 0)]
    even = np.pad(frames, odd, mode="edge")
    span = float(seconds[-1] - seconds[0])
    mean_rate = (len(frames) - 1) / span if span > 0 else 1.0
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        rate = Fraction(mean_rate).limit_denominator(1001) or Fraction(1, 1001)
        stream = out.add_stream("libx264", rate=rate, options=_H264)
        stream.height, stream.width = even.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _TICK
        before = -1
        for picture, second in zip(even, seconds - seconds[0], strict=True):
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            # Two pictures at one time would be refused: the later one waits for the next tick.
            before = frame.pts = max(round(float(second) / _TICK), before + 1)
            frame.time_base = _TICK
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def _base64(file: bytes) -> str:
    return base64.b64encode(file).decode("ascii")
