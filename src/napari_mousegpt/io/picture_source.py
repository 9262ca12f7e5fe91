"""What stacks, folders of images and arrays have in common as sources of pictures.

They answer as :class:`napari_mousegpt.io.video.VideoReader` does: an int gives one picture, a slice
or a list a stack of them; pictures are uint8, ``(Y, X)`` grey or ``(Y, X, 3)`` RGB.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.frame_key import chosen_frames, frame_number, split_key
from napari_mousegpt.io.picture_facts import PictureInfo, UnreadableError, numbered
from napari_mousegpt.io.pixel_scale import (
    SAMPLED_PICTURES,
    PixelScale,
    check_values,
    choose_scale,
)

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["LazyPictures"]


class LazyPictures(ABC):
    """Pictures that are read one by one when they are asked for.

    One lock guards reading, so any thread may read; a job takes its own source with
    :meth:`reopen`. A picture that cannot be read keeps its frame number, shows the readable one
    before it (or else after it) and is flagged in :attr:`damaged`.

    Parameters
    ----------
    name : str
        What to call the pictures in errors.
    size : (int, int, int)
        Number of pictures, height and width.
    colour : bool
        RGB or grey.
    stored : dtype
        Kind of the stored values.
    facts : PictureInfo
        Without the scaling, which is added when it is known.
    timebase : Timebase, optional
    limits, display : (float, float), optional
        See :func:`napari_mousegpt.io.pixel_scale.choose_scale`.
    cache_bytes : int
        Memory for pictures that were read; the newest is kept whatever its size, but none for 0.
    """

    dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __init__(
        self,
        name: str,
        size: tuple[int, int, int],
        *,
        colour: bool,
        stored: np.dtype[Any],
        facts: PictureInfo,
        timebase: Timebase | None,
        limits: tuple[float, float] | None = None,
        display: tuple[float, float] | None = None,
        cache_bytes: int = 256 << 20,
    ) -> None:
        self._name = name
        self.shape: tuple[int, ...] = (*size, 3) if colour else size
        self._stored_dtype = np.dtype(stored)
        check_values(self._stored_dtype, name)
        self._facts = facts
        self._timebase = timebase
        self._limits, self._display = limits, display
        self._cache_bytes = cache_bytes
        self._kept: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.RLock()
        self._closed = False
        self._scale: PixelScale | None = None
        self._missing = np.zeros(size[0], dtype=bool)
        if self._stored_dtype == np.uint8 or limits is not None:
            self._scale = self._chosen_scale()  # wrong limits are told at once

    @abstractmethod
    def _stored(self, row: int) -> NDArray[Any]:
        """Return a picture of the final shape with its stored values; UnreadableError if it can't.

        Called while the lock is held.
        """

    @abstractmethod
    def reopen(self) -> LazyPictures:
        """Return the same pictures with own files and cache, for a job."""

    @property
    def path(self) -> Any:
        """Absolute path, or the list of them; None for an array."""
        return None

    @property
    def timebase(self) -> Timebase | None:
        """The clock; None when nothing states a frame rate."""
        return self._timebase

    @property
    def scale(self) -> PixelScale:
        """How stored values become 0 to 255; measured when it is first needed."""
        with self._lock:
            if self._scale is None:
                self._scale = self._chosen_scale()
            return self._scale

    @property
    def info(self) -> PictureInfo:
        """Facts about the pictures."""
        said = self.scale.sentence()
        if not said:
            return replace(self._facts, scale=self.scale)
        how = f"{self.scale.dtype} {self.scale.low:g} to {self.scale.high:g} as 0 to 255"
        return replace(
            self._facts,
            decoder=f"{self._facts.decoder}; {how} ({self.scale.policy})",
            notes=(*self._facts.notes, said),
            scale=self.scale,
        )

    @property
    def ndim(self) -> int:
        """Number of axes, 3 or 4."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values in all pictures."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def damaged(self) -> NDArray[np.bool_]:
        """Frames known so far to be unreadable, bool (T,); a copy."""
        return self._missing.copy()

    @property
    def cached_bytes(self) -> int:
        """Bytes of the pictures that are kept."""
        with self._lock:
            return sum(picture.nbytes for picture in self._kept.values())

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r} {self.shape}>"

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        frames, rest = split_key(key, self.ndim)
        rows = chosen_frames(frames, len(self))
        if isinstance(rows, int):
            picture = self._picture(rows)
            return np.array(picture[rest] if rest else picture)
        empty = np.empty(self.shape[1:], dtype=np.uint8)
        out = np.empty((len(rows), *empty[rest].shape), dtype=np.uint8)
        for place, row in enumerate(rows):
            out[place] = self._picture(row)[rest]
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return self.iter_frames()

    def iter_frames(
        self, start: int = 0, stop: int | None = None, step: int = 1
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield the pictures of ``range(start, stop, step)`` in order, without filling the cache.

        Raises
        ------
        InputError
            When ``step`` is below 1.
        """
        if step < 1:
            raise InputError(f"step {step}", expected="1 or more", remedy="Reverse it afterwards.")
        for row in range(*slice(start, stop, step).indices(len(self))):
            yield np.array(self._picture(row, keep=False))

    def clip(self, frames: Iterable[int], size: int | None = None) -> NDArray[np.uint8]:
        """Return some pictures as one RGB array, shrunk by averaging over areas.

        Parameters
        ----------
        frames : iterable of int
            Frames in any order; repeats are allowed, negative ones count from the end.
        size : int, optional
            Pixels of the shorter side; the aspect is kept. The stored size if left out.

        Returns
        -------
        ndarray of uint8, shape (n, height, width, 3)
            Grey pictures have three equal channels.

        Raises
        ------
        IndexError
            For a frame outside the recording.
        InputError
            When ``size`` is below 1.
        """
        from av.video.frame import VideoFrame

        from napari_mousegpt.io.video_cache import Converter

        rows = [frame_number(int(frame), len(self)) for frame in frames]
        height, width = self.shape[1:3]
        if size is not None:
            if size < 1:
                raise InputError(f"clip size {size}", expected="1 pixel or more")
            short = min(height, width)
            height, width = (max(1, round(side * size / short)) for side in (height, width))
        grey = self.ndim == 3
        same = (height, width) == self.shape[1:3]
        convert = Converter(width, height, grey=grey)
        out = np.empty((len(rows), height, width, 3), dtype=np.uint8)
        for place, row in enumerate(rows):
            picture = np.ascontiguousarray(self._picture(row))
            if not same:
                picture = convert(
                    VideoFrame.from_ndarray(picture, format="gray" if grey else "rgb24")
                )
            out[place] = picture[..., None] if grey else picture
        return out

    def describe(self) -> list[str]:
        """Return plain sentences about the pictures and what is wrong with them."""
        info, clock = self.info, self.timebase
        lines = [f"{self._name}: {len(self)} pictures of {info.width} x {info.height} pixels."]
        if clock is None:
            lines.append("Nothing states the frame rate: it has to be given (fps).")
        else:
            steady = "Constant rate" if clock.is_constant else "Variable rate, on average"
            lines.append(
                f"{steady} {clock.fps:.6g} frames per second, {clock.duration:.3f} s in all."
            )
        lines.append(
            f"{info.container}, compression {info.codec}, pixels {info.pix_fmt}, "
            f"read by {info.decoder}."
        )
        lines.extend(info.notes)
        rows = np.flatnonzero(self._missing)
        if rows.size:
            lines.append(
                f"{rows.size} pictures cannot be read ({numbered(rows)}): each shows the one "
                "before it that can."
            )
        return lines

    def close(self) -> None:
        """Close the files and drop the cache; reading afterwards is an error."""
        with self._lock:
            self._closed = True
            self._kept.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _chosen_scale(self) -> PixelScale:
        return choose_scale(
            self._stored_dtype,
            self._sampled,
            limits=self._limits,
            display=self._display,
            name=self._name,
        )

    def _sampled(self) -> Iterator[NDArray[Any]]:
        """Yield some stored pictures, spread evenly; ones that cannot be read are left out."""
        readable = np.flatnonzero(~self._missing)
        if not readable.size:
            return
        places = np.linspace(0, readable.size - 1, min(readable.size, SAMPLED_PICTURES))
        for row in readable[np.unique(np.rint(places).astype(np.int64))]:
            try:
                picture = self._stored(int(row))
            except UnreadableError:
                self._missing[row] = True
            else:
                yield picture

    def _picture(self, row: int, *, keep: bool = True) -> NDArray[np.uint8]:
        """Return the picture that is shown for a row; not to be written to."""
        with self._lock:
            if self._closed:
                raise InputError(
                    self._name, expected="open pictures", found="closed ones", remedy="Reopen them."
                )
            scale = self.scale
            while True:
                shown = self._row_shown(row)
                if shown in self._kept:
                    self._kept.move_to_end(shown)
                    return self._kept[shown]
                try:
                    picture = scale(self._stored(shown))
                except UnreadableError:
                    self._missing[shown] = True
                    continue
                if keep and self._cache_bytes:
                    self._keep(shown, picture)
                return picture

    def _row_shown(self, row: int) -> int:
        """Return the nearest row before (or else after) that may be read, most often the row."""
        if not self._missing[row]:
            return row
        readable = np.flatnonzero(~self._missing)
        if not readable.size:
            raise FormatError(
                self._name,
                expected="pictures that can be read",
                found="none",
                remedy="Copy the files again from where they were recorded.",
            )
        place = int(np.searchsorted(readable, row)) - 1
        return int(readable[max(place, 0)])

    def _keep(self, row: int, picture: NDArray[np.uint8]) -> None:
        self._kept[row] = picture
        # All pictures have one size.
        while len(self._kept) > 1 and len(self._kept) * picture.nbytes > self._cache_bytes:
            self._kept.popitem(last=False)
