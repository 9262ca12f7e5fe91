"""Decoded pictures in memory, and their conversion to arrays."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["Converter", "FrameCache"]


class FrameCache:
    """The pictures used last, bounded by their bytes.

    Pictures stay as the codec made them (YUV takes half the bytes of RGB); the newest one is kept
    whatever its size.

    Parameters
    ----------
    limit : int
        Bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.n_bytes = 0
        self._frames: OrderedDict[int, VideoFrame] = OrderedDict()

    def __contains__(self, row: int) -> bool:
        return row in self._frames

    def __len__(self) -> int:
        return len(self._frames)

    def get(self, row: int) -> VideoFrame | None:
        """Return a picture and note its use; None if it is not here."""
        if row not in self._frames:
            return None
        self._frames.move_to_end(row)
        return self._frames[row]

    def nearest(self, row: int, reach: int) -> int | None:
        """Return the row nearest to a row, the earlier of two; None if all are farther off.

        Parameters
        ----------
        row : int
        reach : int
            Rows to look on either side, 0 or more.
        """
        if reach > len(self._frames):
            near = [other for other in self._frames if abs(other - row) <= reach]
            return min(near, key=lambda other: (abs(other - row), other), default=None)
        for distance in range(reach + 1):
            for other in (row - distance, row + distance):
                if other in self._frames:
                    return other
        return None

    def rows_that_fit(self) -> int:
        """Return how many pictures of the size of those held fit; 0 while there are none."""
        return self.limit * len(self._frames) // max(1, self.n_bytes)

    def put(self, row: int, frame: VideoFrame) -> None:
        """Keep a picture, and drop the ones unused for longest."""
        if row in self._frames:
            self.n_bytes -= frame_bytes(self._frames.pop(row))
        self._frames[row] = frame
        self.n_bytes += frame_bytes(frame)
        while self.n_bytes > self.limit and len(self._frames) > 1:
            self.n_bytes -= frame_bytes(self._frames.popitem(last=False)[1])

    def discard(self, row: int) -> None:
        """Drop a picture, if it is here."""
        if row in self._frames:
            self.n_bytes -= frame_bytes(self._frames.pop(row))

    def clear(self) -> None:
        """Drop all pictures."""
        self._frames.clear()
        self.n_bytes = 0


def frame_bytes(frame: VideoFrame) -> int:
    """Return the bytes a decoded picture holds."""
    return sum(plane.buffer_size for plane in frame.planes)


class Converter:
    """Turns decoded pictures of one video into arrays.

    Colours follow the matrix and range that the file states; where it states none, BT.601 and
    limited range, as FFmpeg does. Not thread-safe: PyAV writes into the source picture while it
    converts, so that even two converters must not work on one picture at once.

    Parameters
    ----------
    width, height : int
        Pixels of the arrays.
    grey : bool
        Arrays are the luminance plane, (height, width), instead of RGB, (height, width, 3).
    """

    def __init__(self, width: int, height: int, *, grey: bool) -> None:
        self.width, self.height = width, height
        self._format = "gray" if grey else "rgb24"
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Return a picture as a new uint8 array."""
        same_size = (frame.width, frame.height) == (self.width, self.height)
        made = frame
        if not (same_size and frame.format.name == self._format):
            shrinks = self.width < frame.width
            made = self._reformatter.reformat(
                frame,
                width=self.width,
                height=self.height,
                format=self._format,
                interpolation=Interpolation.AREA if shrinks else Interpolation.BILINEAR,
                threads=1,
            )
        array: Any = made.to_ndarray()  # uint8 in both formats
        # A converted picture is nobody else's: its memory is handed out as it is. Copying it took
        # four times as long as converting it. A kept picture is copied, and so are padded rows.
        return np.array(array) if made is frame else np.ascontiguousarray(array)
