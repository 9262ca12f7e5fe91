"""The verb ``annotate_video``: the video itself, with labels, skeletons and a timeline."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.video_sampler import sample
from napari_mousegpt.reports.frame_painter import AnnotateParams, FramePainter
from napari_mousegpt.reports.movies import MovieClock, MoviePart, check_target, movie_writer

__all__ = ["AnnotateParams", "annotate_video", "iter_annotate_video"]

Picture = NDArray[np.uint8]

#: Rows that are asked for at once, so that a list of a million never stands in memory.
_ROWS = 2048


def annotate_video(
    recording: Recording,
    ethogram: Ethogram,
    path: str | os.PathLike[str],
    params: AnnotateParams | None = None,
    *,
    colours: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a video on which its labels are drawn.

    It has the pictures of the video at their times, also where the frame rate varies; sound is left
    out. Picture ``i`` is frame ``params.start + i``.

    Parameters
    ----------
    recording : Recording
        With a video.
    ethogram : Ethogram
        Its bouts; rejected ones and those of other recordings are left out.
    path : path-like
        Video to write, ``.mp4``.
    params : AnnotateParams, optional
        What is drawn, and on which part.
    colours : mapping of str to str, optional
        ``"#rrggbb"`` of each label; those of all labels of the ethogram by default.
    overwrite : bool
        Replace a video that is there.

    Returns
    -------
    Path
        The video, complete.

    Raises
    ------
    InputError
        When there is no video, or no frame between start and stop.
    OutputExistsError
        When the video is there, and ``overwrite`` is off.
    StorageError
        When it cannot be written; what was there before is as it was.
    """
    parts = iter_annotate_video(
        recording, ethogram, path, params, colours=colours, overwrite=overwrite
    )
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def iter_annotate_video(
    recording: Recording,
    ethogram: Ethogram,
    path: str | os.PathLike[str],
    params: AnnotateParams | None = None,
    *,
    colours: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Generator[MoviePart, None, Path]:
    """Do what :func:`annotate_video` does, picture by picture.

    The video is there whole or not at all: closing the generator leaves ``path`` as it was.

    Yields
    ------
    MoviePart
        After each picture.
    """
    settings = params or AnnotateParams()
    target = check_target(path, overwrite=overwrite, endings=(".mp4",), recordings=[recording])
    start, stop = _range(recording, settings)
    mine = ethogram.select(recording=recording.id)
    shades = dict(colours or palette(mine.labels))
    painter = FramePainter(recording, mine, settings, (start, stop), shades)
    clock = recording.timebase
    stamps = None if clock.ticks is None else clock.ticks[start:stop]
    begun = time.monotonic()
    with movie_writer(target, MovieClock(clock.rate, stamps, clock.tick)) as add:
        for frame, picture in _pictures(recording, start, stop, painter.size):
            add(painter.paint(frame, picture))
            now = time.monotonic()
            yield MoviePart("write", frame - start + 1, stop - start, now - begun)
            begun = now
    return target


def _range(recording: Recording, params: AnnotateParams) -> tuple[int, int]:
    if recording.video is None:
        raise InputError(
            f"recording {recording.id!r}",
            expected="a video to draw on",
            found="only a pose",
            remedy="Open it with its video.",
        )
    start, stop = params.start, params.stop or recording.n_frames
    if not 0 <= start < stop <= recording.n_frames:
        raise InputError(
            "part of the video",
            expected=f"frames within 0 to {recording.n_frames}",
            found=f"[{start}, {stop})",
        )
    return start, stop


def _pictures(
    recording: Recording, start: int, stop: int, size: tuple[int, int]
) -> Iterator[tuple[int, Picture]]:
    video = recording.video
    assert video is not None  # looked at before
    for first in range(start, stop, _ROWS):
        for found in sample(video, range(first, min(first + _ROWS, stop)), size):
            yield found.row, found.picture
