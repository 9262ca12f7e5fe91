"""Plain sentences about a video file, for the terminal and the panels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.io.video_index import VideoIndex

__all__ = ["describe_video"]

_SHOWN = 8


def describe_video(index: VideoIndex, damaged: NDArray[np.bool_]) -> list[str]:
    """Return sentences about a file: what it is, its clock, and what is wrong with it.

    Parameters
    ----------
    index : VideoIndex
    damaged : ndarray of bool, shape (n_frames,)
        Frames known to be missing or in doubt.
    """
    info, clock = index.info, index.timebase
    lines = [
        f"{Path(index.path).name}: {clock.n_frames} frames of {info.width} x {info.height} pixels, "
        f"{clock.duration:.3f} s.",
        _rate(index),
        f"Container {info.container}, codec {info.codec}, pixels {info.pix_fmt}, "
        f"decoder {info.decoder}.",
        _keys(index),
    ]
    if info.rotation:
        lines.append(
            f"A tag asks players to turn the picture by {info.rotation} degrees. It is not "
            "applied: pictures are given as they are stored, and pose coordinates are of the "
            "stored picture."
        )
    lines.extend(info.notes)
    rows = np.flatnonzero(damaged)
    if rows.size:
        some = ", ".join(str(row) for row in rows[:_SHOWN])
        some += ", ..." if rows.size > _SHOWN else ""
        lines.append(
            f"{rows.size} of the frames read so far are damaged ({some}): a missing one shows the "
            "picture before it, the others come after it and may carry traces of the damage."
        )
    return lines


def _rate(index: VideoIndex) -> str:
    clock = index.timebase
    if clock.is_constant or clock.ticks is None:
        exact = f" ({clock.rate})" if clock.rate.denominator != 1 else ""
        return f"Constant rate, {clock.fps:.6g} frames per second{exact}."
    steps = np.diff(clock.ticks) * float(clock.tick) * 1000
    return (
        f"Variable rate, {clock.fps:.6g} frames per second on average, "
        f"{steps.min():.3g} to {steps.max():.3g} ms from picture to picture."
    )


def _keys(index: VideoIndex) -> str:
    rows = index.key_rows
    if len(rows) == index.n_frames:
        return "Every frame is a key frame."
    longest = int(np.diff([0, *rows.tolist(), index.n_frames]).max())
    return f"{len(rows)} key frames, at most {longest} frames apart."
