"""Pictures that are already an array: NumPy, dask, zarr, or a layer of another program."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.picture_facts import PictureInfo
from napari_mousegpt.io.picture_source import LazyPictures

__all__ = ["ArrayFrames"]


class ArrayFrames(LazyPictures):
    """A lazy array as a source of pictures: what is asked for, and only that, is computed.

    Parameters
    ----------
    data : array, shape (T, Y, X), (T, Y, X, 1), (T, Y, X, 3) or (T, Y, X, 4)
        Anything with a shape, a dtype and indexing by an integer. A fourth channel (alpha) is left
        out. Of a pyramid, the list of arrays of a multiscale layer, the first and largest is taken.
    rgb : bool, optional
        Whether the last axis is colour, as a layer knows; by default a last axis of 3 or 4 after
        three others is.
    timebase : Timebase, optional
        The clock; or else ``fps`` gives it.
    fps : float, str or Fraction, optional
        Frames per second.
    limits : (low, high), optional
        Values shown as 0 and 255, such as the contrast limits of a layer. By default uint8 is taken
        as it is, and other kinds by the percentiles that
        :class:`napari_mousegpt.io.pixel_scale.PixelScale` states.
    name : str, optional
        What to call the pictures in errors.
    cache_bytes : int
        Memory for pictures that were computed; those of a NumPy array are not kept.

    Raises
    ------
    InputError
        When it has another shape, or its values are no numbers.

    Examples
    --------
    >>> frames = ArrayFrames(np.linspace(0, 1, 24).reshape(2, 3, 4), fps=30, limits=(0, 1))
    >>> frames.shape, int(frames[1].max())
    ((2, 3, 4), 255)
    """

    def __init__(
        self,
        data: Any,
        *,
        rgb: bool | None = None,
        timebase: Timebase | None = None,
        fps: float | str | Fraction | None = None,
        limits: tuple[float, float] | None = None,
        name: str = "pictures",
        cache_bytes: int = 64 << 20,
    ) -> None:
        notes = []
        levels = _levels(data)
        if levels > 1:
            notes.append(f"It is a pyramid of {levels} levels: the first one is taken.")
        array = data[0] if levels else data
        shape = tuple(int(n) for n in getattr(array, "shape", ()))
        dtype = np.dtype(getattr(array, "dtype", object))
        channels = _channels(shape, rgb, type(array).__name__, name)
        if channels in (2, 4):
            notes.append("The last channel (alpha) is left out.")
        if timebase is None and fps is not None:
            timebase = Timebase.constant(fps, shape[0])
        if timebase is not None and timebase.n_frames != shape[0]:
            raise InputError(
                name,
                expected=f"{timebase.n_frames} pictures, as its clock has",
                found=f"{shape[0]}",
            )
        self._array = array
        self._channels = channels
        self._options: dict[str, Any] = {"limits": limits, "name": name, "cache_bytes": cache_bytes}
        module = type(array).__module__.partition(".")[0]
        facts = PictureInfo(
            container=f"array ({module})",
            codec="NONE",
            pix_fmt=f"{'rgb' if channels >= 3 else 'gray'} {dtype}",
            width=shape[2],
            height=shape[1],
            rotation=0,
            decoder=f"array ({module})",
            notes=tuple(notes),
        )
        super().__init__(
            name,
            (shape[0], shape[1], shape[2]),
            colour=channels >= 3,
            stored=dtype,
            facts=facts,
            timebase=timebase,
            limits=limits,
            cache_bytes=0 if isinstance(array, np.ndarray) else cache_bytes,
        )

    def reopen(self) -> ArrayFrames:
        """Return the same array with its own cache; the array itself is shared."""
        other = ArrayFrames(self._array, timebase=self._timebase, **self._rgb(), **self._options)
        other._scale = self._scale
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        options = {**self._rgb(), **self._options, "timebase": self._timebase}
        return _opened, (self._array, options, self._scale)

    def _rgb(self) -> dict[str, Any]:
        return {"rgb": self._channels > 0}

    def _stored(self, row: int) -> NDArray[Any]:
        picture = np.asarray(self._array[row])
        if self._channels in (3, 4):
            return picture[..., :3]
        return picture[..., 0] if self._channels else picture


def _opened(array: Any, options: dict[str, Any], scale: Any) -> ArrayFrames:
    frames = ArrayFrames(array, **options)
    frames._scale = scale
    return frames


def _levels(data: Any) -> int:
    """Return how many levels a pyramid has; 0 if it is one array."""
    # napari's own list of levels has a shape too, that of its first level.
    if not isinstance(data, Sequence) or not len(data):
        return 0
    many = all(hasattr(level, "shape") and len(level.shape) >= 3 for level in data)
    return len(data) if many else 0


def _channels(shape: tuple[int, ...], rgb: bool | None, kind: str, name: str) -> int:
    """Return the length of the axis of colours, 0 if there is none; refuse what is no video."""
    if rgb is None:
        rgb = len(shape) == 4 and shape[3] in (1, 3, 4)
    wanted = 4 if rgb else 3
    if len(shape) == wanted and (not rgb or shape[3] in (1, 2, 3, 4)):
        return shape[3] if rgb else 0
    if rgb and len(shape) == 3:
        remedy = "This is one picture: give the whole stack."
    elif len(shape) in (4, 5):
        remedy = "Choose one plane or channel first, for example array[:, 0]."
    else:
        remedy = "Give the whole stack of pictures."
    raise InputError(
        name,
        expected="a path, or an array of shape (time, y, x) or (time, y, x, 3)",
        found=f"shape {shape}" if shape else kind,
        remedy=remedy,
    )
