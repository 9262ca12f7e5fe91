"""A movie of several rendered films, one after the other, each a second long."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from support.motion_clips import film

FPS = 24
#: Films that no training has drawn: those are below 2**31.
HELD_OUT = 2**31


def write_reel(
    path: Path,
    kinds: Sequence[str],
    *,
    seed: int = HELD_OUT,
    backwards: bool = False,
    fps: int = FPS,
    size: int = 112,
) -> Path:
    """Write one film of each kind as mp4 (H.264), each ``fps`` frames, and return the path.

    ``backwards`` plays each film, not the whole reel, from its end to its beginning.
    """
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "18"})
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for number, kind in enumerate(kinds):
            pictures = film(kind, seed + number).frames(np.arange(fps) / (fps - 1), size)
            for picture in pictures[::-1] if backwards else pictures:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                for packet in stream.encode(frame):
                    container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
