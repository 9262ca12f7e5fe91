"""The pictures of another camera, by the frames of the recording: cameras locked in time."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import FrameSource, Recording

__all__ = ["ViewFrames", "no_picture"]

#: Grey of the ground and of the cross that stand for a picture this camera has not taken.
_GROUND, _CROSS = 30, 110


class ViewFrames:
    """A lazy stack as long as the recording: row ``i`` is what a camera shows with frame ``i``.

    Any two clocks go together, of constant or variable rate, as each row is looked up by its time.
    Where the camera has no picture a cross on grey is shown, see :func:`no_picture`.

    Parameters
    ----------
    recording : Recording
        Its primary view counts the rows.
    name : str
        View with pictures.

    Raises
    ------
    InputError
        When the view has no pictures.
    """

    def __init__(self, recording: Recording, name: str) -> None:
        self.recording = recording
        self.name = name
        if recording.view(name).video is None:
            raise InputError(
                f"view {name!r} of recording {recording.id!r}", expected="pictures", found="none"
            )
        self.shape = (recording.n_frames, *self.source.shape[1:])
        self.dtype = np.dtype(self.source.dtype)
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape, dtype=np.int64))
        if hasattr(self.source, "nearest"):
            # Only then can a preview be shown.
            self.nearest = self._nearest

    @property
    def source(self) -> FrameSource:
        """The pictures in their own order."""
        return self.recording.view(self.name).video  # type: ignore[return-value]

    @property
    def read_ahead(self) -> bool:
        """Whether the pictures are read ahead; AttributeError where their source cannot."""
        return bool(self.source.read_ahead)  # type: ignore[attr-defined]

    @read_ahead.setter
    def read_ahead(self, on: bool) -> None:
        self.source.read_ahead = on  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<view {self.name!r} of {self.recording!r}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            first, rest = slice(None), [Ellipsis, *rest]
        frames = np.arange(len(self))[first]
        if np.ndim(frames) == 0:
            return np.asarray(self._picture(int(frames))[tuple(rest)])
        pictures = np.empty((len(frames), *self.shape[1:]), self.dtype)
        for place, frame in enumerate(frames):
            pictures[place] = self._picture(int(frame))
        return pictures[(slice(None), *rest)]

    def _picture(self, frame: int) -> NDArray[Any]:
        row = self.recording.frame_in(self.name, frame)
        if row is None:
            return no_picture(self.shape[1:], self.dtype)
        return np.asarray(self.source[row])

    def _nearest(self, frame: int) -> tuple[int, NDArray[Any]]:
        """Return a picture at hand near that of a frame, and the frame it belongs to."""
        row = self.recording.frame_in(self.name, frame)
        if row is None:
            return frame, no_picture(self.shape[1:], self.dtype)
        found, picture = self.source.nearest(row)  # type: ignore[attr-defined]
        if found == row:
            return frame, picture
        view = self.recording.view(self.name)
        begins = view.timebase.exact_time(int(found)) + view.offset + Fraction(1, 2_000_000)
        other = self.recording.timebase.frame_at(float(begins), clip=True)
        # The frame itself would say that this is its own picture.
        return other if other != frame else frame + (1 if found > row else -1), picture


def no_picture(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return what is shown where a camera has no picture: a cross on grey, never plain black.

    Parameters
    ----------
    shape : tuple of int
        (Y, X) or (Y, X, 3).
    dtype : dtype
        Kind of the pixel values.
    """
    height, width = shape[:2]
    picture = np.full(shape, _GROUND, dtype)
    steps = np.arange(max(height, width) * 2)
    y = steps * (height - 1) // max(1, len(steps) - 1)
    x = steps * (width - 1) // max(1, len(steps) - 1)
    for thick in range(max(1, min(height, width) // 120)):
        across = np.minimum(x + thick, width - 1)
        picture[y, across] = _CROSS
        picture[y, width - 1 - across] = _CROSS
    return picture
