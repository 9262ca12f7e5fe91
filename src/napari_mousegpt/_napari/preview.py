"""What stands in for a picture while the slider is moved by hand, and for how long.

A picture far from the last one has to be decoded from its key frame on, which takes longer than a
hand waits. So while the slider is held the viewer shows the nearest picture at hand, and the exact
one as soon as the hand rests. Whoever reads the pictures of a layer, or sets the frame from a
script, gets the exact picture at any time: only what napari draws may be a preview.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import FrameSource

__all__ = ["Playing", "PreviewFrames", "with_preview"]

#: Steps in a row that are taken for playing, the longest of them in frames, the slowest in seconds.
_STEPS, _STRIDE, _PAUSE = 3, 8, 1.0
#: Most pictures that are decoded at once to be drawn, which takes some seconds.
_MOST_FRAMES = 3000


def with_preview(video: FrameSource) -> Any:
    """Return pictures that can be previewed, or the same ones when their source cannot do that."""
    can = hasattr(video, "nearest") and not isinstance(video, PreviewFrames)
    return PreviewFrames(video) if can else video


class PreviewFrames:
    """The pictures of a video, of which one may be answered by a picture near it.

    Everything else is as with the video itself, also its other attributes.

    Parameters
    ----------
    video : FrameSource
        With ``nearest(frame)``, such as :class:`napari_mousegpt.io.video.VideoReader`.

    Attributes
    ----------
    may : callable
        Whether napari may draw a preview of a frame now.
    instead : int or None
        The frame that was drawn in its place; None when the exact picture was drawn.
    busy : bool
        Whether the video is being read in another thread: then the last preview is drawn again
        rather than waiting.
    """

    def __init__(self, video: FrameSource) -> None:
        self.video = video
        self.may: Callable[[int], bool] = _never
        self.instead: int | None = None
        self.busy = False
        self._last: tuple[int, NDArray[np.uint8]] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, Y, X) or (T, Y, X, 3)."""
        return self.video.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of the pixel values."""
        return self.video.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values in all pictures."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.video)

    def __repr__(self) -> str:
        return repr(self.video)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return iter(self.video)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.video[:], dtype=dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return PreviewFrames, (self.video,)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["video"], name)

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        if not _called_by_napari():
            return np.asarray(self.video[key])
        row = _row_of(key)
        if row is None:
            self._check_length(key)
        # Where napari reads in other threads, nobody waits for the exact picture.
        at_once = threading.current_thread() is threading.main_thread()
        if row is None or not at_once or not self.may(row):
            self.instead = None
            return np.asarray(self.video[key])
        if self._last is None or not self.busy:
            self._last = self.video.nearest(row)  # type: ignore[attr-defined]
        found, picture = self._last
        self.instead = None if found == row else found
        return picture[np.newaxis][(slice(None), *key[1:])]

    def _check_length(self, key: Any) -> None:
        """Refuse to decode a whole long video because the axes of the viewer were turned."""
        first = key[0] if isinstance(key, tuple) else key
        count = len(range(len(self))[first]) if isinstance(first, slice) else 1
        if count > _MOST_FRAMES:
            raise InputError(
                "video along its time axis",
                expected=f"at most {_MOST_FRAMES} frames, as each has to be decoded",
                found=str(count),
                remedy="Turn the axes back (the cube with an arrow below the layer list) until "
                "time is on the slider.",
            )


def _never(row: int) -> bool:
    return False


def _called_by_napari() -> bool:
    """Whether napari itself asks, in order to draw, and not a script or another plugin."""
    frame = inspect.currentframe()
    asker = frame and frame.f_back and frame.f_back.f_back
    name = asker.f_globals.get("__name__", "") if asker else ""
    return str(name).startswith("napari.")


def _row_of(key: Any) -> int | None:
    """Return the row of a key that asks for one picture the way napari does, else None."""
    if not isinstance(key, tuple) or not isinstance(key[0], slice):
        return None
    start, stop = key[0].start, key[0].stop
    if start is None or stop is None:
        return None
    return int(start) if stop == start + 1 and key[0].step in (None, 1) else None


class Playing:
    """Tells from the steps of the slider whether a video is played, or stepped through, forwards.

    napari has no public way to ask. The frames are a few apart, as playing leaves some out.
    """

    def __init__(self) -> None:
        self._frame, self._time, self._count = -1, float("-inf"), 0

    def step(self, frame: int, now: float) -> bool:
        """Take note of a step.

        Parameters
        ----------
        frame : int
            Frame on screen.
        now : float
            Seconds of any clock that goes forwards.

        Returns
        -------
        bool
            Whether this was at least the third of a row of short, quick steps forward.
        """
        if frame != self._frame:
            on = 0 < frame - self._frame <= _STRIDE and now - self._time <= _PAUSE
            self._count = self._count + 1 if on else 0
            self._frame, self._time = frame, now
        return self._count >= _STEPS
