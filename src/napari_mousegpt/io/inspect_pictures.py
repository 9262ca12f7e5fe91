"""What a video, an image stack or a folder of images is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.io.file_report import FileReport, Problem

__all__ = ["VIDEO_SUFFIXES", "look_at_images", "look_at_video"]

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts", ".mts",
    ".m2ts", ".flv", ".h264", ".264", ".hevc", ".seq",
)  # fmt: skip


def look_at_video(path: Path) -> FileReport:
    """Describe a video file."""
    from napari_mousegpt.io.video import VideoReader

    with VideoReader(path) as video:
        return _report(path, "video", video, video.info.container, video.info.codec)


def look_at_images(path: Path) -> FileReport:
    """Describe a TIFF stack, or a folder or pattern of images."""
    from napari_mousegpt.io.pictures import open_pictures

    with open_pictures(path, need_rate=False) as pictures:
        report = _report(path, "images", pictures, pictures.info.container, pictures.info.codec)
    if pictures.timebase is not None:
        return report
    ask = Problem(
        "Nothing in these pictures states a frame rate.",
        "Give the rate of the camera when you open them (fps=..., --fps).",
    )
    return FileReport(
        path, report.kind, report.format, report.sentences, (*report.problems, ask), report.numbers
    )


def _report(path: Path, kind: str, source: Any, format_: str, codec: str) -> FileReport:
    damaged = int(np.count_nonzero(source.damaged))
    # Images tell what was decided (order, rate, scale) from what is wrong; videos note the latter.
    wrong = tuple(getattr(source.info, "problems", source.info.notes))
    problems = [Problem(note) for note in wrong]
    if damaged:
        problems.append(
            Problem(
                f"{damaged} frames are damaged.",
                "They keep their numbers; copy the file again if its source is whole.",
            )
        )
    numbers: dict[str, Any] = {
        "n_frames": len(source),
        "width": int(source.shape[2]),
        "height": int(source.shape[1]),
        "codec": codec,
        "damaged_frames": damaged,
    }
    clock = source.timebase
    if clock is not None:
        numbers |= {
            "fps": clock.fps,
            "rate": str(clock.rate),
            "constant_rate": clock.is_constant,
            "duration_s": clock.duration,
        }
    said = tuple(line for line in source.describe() if line not in wrong)
    return FileReport(path, kind, format_, said, tuple(problems), numbers)
