"""One camera of a recording, read in step with the primary one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips.crops import BLANK, CropParams, Window, crop
from napari_mousegpt.clips.paths import CropPaths
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.video_sampler import Sampled, sample

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Camera"]

# Clips that overlap see an animal in the same place but for rounding. Windows on this grid, of a
# thousandth of a pixel and a millionth of a radian, are equal, and the picture is cut out once.
_PIXEL, _RADIAN = 1024.0, 1e6


class Camera:
    """Cuts the pictures of one view.

    Parameters
    ----------
    recording : Recording
    name : str
        Which view.
    crop : CropParams or None
        Follow the animal; None shows the whole picture.
    side : int
        Side in pixels of the pictures it gives.

    Raises
    ------
    InputError
        When there is no such view, or it has no video.
    """

    def __init__(self, recording: Recording, name: str, crop: CropParams | None, side: int) -> None:
        view = recording.view(name)
        if view.video is None:
            raise InputError(
                f"view {name!r} of recording {recording.id!r}",
                expected="a video, to cut clips out of",
                found="only a pose" if view.pose is not None else "no pictures",
                remedy="Open it with its video, or choose another camera.",
            )
        self._recording, self._name, self._side = recording, name, side
        self._video = view.video
        height, width = self._video.shape[1:3]
        scale = side / max(height, width)
        self._whole = max(1, round(height * scale)), max(1, round(width * scale))
        self._paths: CropPaths | None = None
        if crop is not None:
            alone = Recording(recording.id, (replace(view, offset=Fraction(0)),))
            self._paths = CropPaths(alone, crop)

    def windows(self, individual: str, rows: NDArray[np.int64], start: int) -> list[Window | None]:
        """Return where the clip lies in each of some frames; None for the whole picture.

        Parameters
        ----------
        individual : str
            Whose.
        rows : ndarray of int64, shape (T,)
            Rising frames of the recording.
        start : int
            Frame of the recording in which the interval begins.
        """
        if self._paths is None:
            return [None] * len(rows)
        own = [self._own(row) for row in rows.tolist()]
        seen = np.array([row for row in own if row is not None], dtype=np.int64)
        found = iter(self._paths.windows(individual, seen, self._own(start)))
        return [None if row is None else _on_grid(next(found)) for row in own]

    @contextmanager
    def reading(
        self, rows: Sequence[int], threads: int
    ) -> Generator[Callable[[int], Sampled | None]]:
        """Read rising frames of the recording; what is given finds the picture of each, in order.

        Parameters
        ----------
        rows : sequence of int
            Rising frames of the recording.
        threads : int
            Threads that decode, see :func:`napari_mousegpt.io.video_sampler.sample`.

        Yields
        ------
        callable
            From a frame of the recording to what the camera shows then; None where it shows
            nothing.
        """
        own = {row: self._own(row) for row in rows}
        size = self._whole if self._paths is None else None
        wanted = [row for row in own.values() if row is not None]
        pictures = sample(self._video, wanted, size, threads=threads)
        last: list[Sampled] = []

        def find(row: int) -> Sampled | None:
            mine = own[row]
            if mine is None:
                return None
            while not last or last[0].row != mine:
                last[:] = [next(pictures)]
            return last[0]

        try:
            yield find
        finally:
            if isinstance(pictures, Generator):
                pictures.close()

    def cut(self, found: Sampled, window: Window | None) -> NDArray[np.uint8]:
        """Return the square of a picture, uint8 (side, side, 3)."""
        if window is not None:
            return crop(found.picture, window, self._side)
        height, width = self._whole
        if height == width == self._side:
            return found.picture
        out = np.full((self._side, self._side, 3), BLANK, dtype=np.uint8)
        top, left = (self._side - height) // 2, (self._side - width) // 2
        out[top : top + height, left : left + width] = found.picture
        return out

    def _own(self, row: int) -> int | None:
        """Frame of this camera that belongs to one of the recording."""
        if self._name == self._recording.primary.name:
            return row
        return self._recording.frame_in(self._name, row)


def _on_grid(window: Window) -> Window:
    turn = float(np.remainder(window.angle + np.pi, 2 * np.pi) - np.pi)
    return Window(
        round(window.x * _PIXEL) / _PIXEL,
        round(window.y * _PIXEL) / _PIXEL,
        round(turn * _RADIAN) / _RADIAN,
        window.span,
    )
