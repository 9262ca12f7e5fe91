"""Frame-exact reading of video files.

Frame ``i`` is the ``i``-th picture in presentation order, found by the time stamps of the packets
and the same on every visit. Pictures are ``(Y, X, 3)`` uint8 RGB, or ``(Y, X)`` for grey cameras,
as they are stored: a rotation tag is reported, not applied.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.frame_key import chosen_frames, frame_number, split_key
from napari_mousegpt.io.video_cache import Converter, FrameCache
from napari_mousegpt.io.video_decoder import Decoder, StampsOutOfOrderError
from napari_mousegpt.io.video_index import VideoIndex, VideoInfo, read_index
from napari_mousegpt.io.video_text import describe_video

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from av.video.frame import VideoFrame

__all__ = ["VideoInfo", "VideoReader"]

# Rows decoded in full before a row that is asked for, so that the way back is in the cache.
_WINDOW = 32
# Rows probed at the end of a file that may have been cut.
_TAIL = 32
_CHUNK = 16


class VideoReader:
    """A video file as a lazy array of pictures.

    Index it like an array: ``reader[5]``, ``reader[10:20]``, ``reader[[3, 1]]``,
    ``reader[5:6, :, :]``. One lock guards one decoder, so any thread may read; a batch job takes
    its own reader with :meth:`reopen`. Pickling keeps the path and opens the file again.

    Parameters
    ----------
    path : str or Path
        A video file.
    cache_bytes : int
        Memory for decoded pictures, in bytes.
    threads : int
        Decoding threads; 0 takes up to four.

    Raises
    ------
    InputError
        When there is no such file.
    FormatError
        When it is no video, or one in which frames cannot be found; the message says how to
        remux it.

    Notes
    -----
    The frame list comes from the packets. A packet that gives no picture keeps its frame number,
    shows the picture before it and is flagged in :attr:`damaged`.
    """

    dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __init__(
        self, path: str | os.PathLike[str], *, cache_bytes: int = 256 << 20, threads: int = 0
    ) -> None:
        index = read_index(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
        missing = np.zeros(index.n_frames, dtype=bool)
        missing[list(index.cut_rows)] = True
        self._setup(index, (missing, missing.copy()), cache_bytes, threads)
        if index.check_tail:
            with self._lock:
                tail = range(max(0, index.n_frames - _TAIL), index.n_frames)
                for _ in self._decode(tail):
                    pass

    def _setup(
        self,
        index: VideoIndex,
        damage: tuple[NDArray[np.bool_], NDArray[np.bool_]],
        cache_bytes: int,
        threads: int,
    ) -> None:
        self._index = index
        self._missing, self._damaged = damage
        self._threads = threads
        self._grey = index.info.pix_fmt.startswith("gray")
        self._lock = threading.RLock()
        self._cache = FrameCache(cache_bytes)
        self._convert = Converter(index.info.width, index.info.height, grey=self._grey)
        self._decoder: Decoder | None = Decoder(index, threads)
        self._last_asked = -1

    @property
    def path(self) -> str:
        """Absolute path of the file."""
        return self._index.path

    @property
    def info(self) -> VideoInfo:
        """Facts about the file."""
        return self._index.info

    @property
    def timebase(self) -> Timebase:
        """The clock, from the time stamps of the pictures."""
        return self._index.timebase

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, Y, X, 3), or (T, Y, X) for a grey camera."""
        size = (len(self), self.info.height, self.info.width)
        return size if self._grey else (*size, 3)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values in all pictures."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def damaged(self) -> NDArray[np.bool_]:
        """Frames known so far to be missing or made up in part, bool (T,); a copy.

        The end of a file that may be cut is looked at when it is opened, everything else when it
        is read. In MPEG and H.26x files the pictures from there to the next key frame may carry
        traces.
        """
        return self._damaged.copy()

    @property
    def n_decoded(self) -> int:
        """Pictures decoded so far, for measuring."""
        return self._open_decoder().n_decoded

    @property
    def cached_bytes(self) -> int:
        """Bytes of the decoded pictures that are kept."""
        return self._cache.n_bytes

    def __len__(self) -> int:
        return self._index.n_frames

    def __repr__(self) -> str:
        return f"<VideoReader {Path(self.path).name!r} {self.shape}>"

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        frames, rest = split_key(key, self.ndim)
        rows = chosen_frames(frames, len(self))
        if isinstance(rows, int):
            picture = self._picture(rows)
            return picture[rest] if rest else picture
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

        Parameters
        ----------
        start, stop : int, optional
            Frames as in a slice; ``stop`` is left out.
        step : int
            1 or more.

        Raises
        ------
        InputError
            When ``step`` is below 1.
        """
        if step < 1:
            raise InputError(f"step {step}", expected="1 or more", remedy="Reverse it afterwards.")
        rows = range(*slice(start, stop, step).indices(len(self)))
        for first in range(0, len(rows), _CHUNK):
            chunk = rows[first : first + _CHUNK]
            pictures = self._converted(chunk, self._convert)
            yield from (pictures[row] for row in chunk)

    def clip(self, frames: Iterable[int], size: int | None = None) -> NDArray[np.uint8]:
        """Return some pictures as one RGB array, shrunk inside the decoder's own format.

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
            For a frame outside the video.
        InputError
            When ``size`` is below 1.
        """
        rows = [frame_number(int(frame), len(self)) for frame in frames]
        height, width = self.info.height, self.info.width
        if size is not None:
            if size < 1:
                raise InputError(f"clip size {size}", expected="1 pixel or more")
            short = min(height, width)
            height, width = (max(1, round(side * size / short)) for side in (height, width))
        convert = Converter(width, height, grey=self._grey)
        pictures = self._converted(sorted(set(rows)), convert)
        out = np.empty((len(rows), height, width, 3), dtype=np.uint8)
        for place, row in enumerate(rows):
            out[place] = pictures[row][..., None] if self._grey else pictures[row]
        return out

    def reopen(self) -> VideoReader:
        """Return a reader of the same file with its own decoder and cache, for a job."""
        other = object.__new__(type(self))
        damage = self._missing, self._damaged  # what one reader finds out, the other knows
        other._setup(self._index, damage, self._cache.limit, self._threads)
        return other

    def describe(self) -> list[str]:
        """Return plain sentences about the file and what is wrong with it."""
        return describe_video(self._index, self.damaged)

    def close(self) -> None:
        """Close the file and drop the cache; reading afterwards is an error."""
        with self._lock:
            if self._decoder is not None:
                self._decoder.close()
            self._decoder = None
            self._cache.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _open_again, (type(self), self.path, self._cache.limit, self._threads)

    def _open_decoder(self) -> Decoder:
        if self._decoder is None:
            raise InputError(
                self.path, expected="an open reader", found="a closed one", remedy="Open it again."
            )
        return self._decoder

    def _picture(self, row: int) -> NDArray[np.uint8]:
        with self._lock:
            self._open_decoder()
            return self._convert(self._frame(row))

    def _converted(
        self, rows: Sequence[int], convert: Callable[[VideoFrame], NDArray[np.uint8]]
    ) -> dict[int, NDArray[np.uint8]]:
        """Return rising rows as arrays, straight from the decoder."""
        with self._lock:
            self._open_decoder()
            out = {row: convert(frame) for row in rows if (frame := self._cache.get(row))}
            absent = [r for r in rows if r not in out and not self._missing[r]]
            for row, frame in self._decode(absent):
                if frame is not None:
                    out[row] = convert(frame)
            for row in rows:
                if row not in out:
                    out[row] = convert(self._frame(row))
            return out

    def _frame(self, row: int) -> VideoFrame:
        """Return the picture of a row; for a missing one the nearest before it, or else after."""
        for candidate in chain(range(row, -1, -1), range(row + 1, len(self))):
            if self._missing[candidate]:
                continue
            frame = self._cache.get(candidate)
            if frame is None:
                for other, decoded in self._decode(self._window(candidate)):
                    if decoded is not None:
                        self._cache.put(other, decoded)
                        frame = decoded if other == candidate else frame
            if frame is not None:
                self._last_asked = row
                return frame
        raise FormatError(self.path, expected="pictures", found="none that can be decoded")

    def _window(self, row: int) -> list[int]:
        """Return the rows to decode in full on the way to a row: those a step back will want."""
        depth = _WINDOW
        if 0 < self._last_asked - row <= _WINDOW:  # walking backwards
            depth = max(depth, self._rows_that_fit() // 2)
        before = range(max(self._open_decoder().first_on_the_way(row), row - depth), row)
        return [r for r in before if not self._missing[r] and r not in self._cache] + [row]

    def _rows_that_fit(self) -> int:
        return self._cache.limit * len(self._cache) // max(1, self._cache.n_bytes)

    def _decode(self, rows: Sequence[int]) -> Iterator[tuple[int, VideoFrame | None]]:
        """Yield decoded rows, and keep account of the damage met."""
        rest = list(rows)
        try:
            for row, frame in self._open_decoder().pictures(rows):
                if frame is None:
                    self._missing[row] = self._damaged[row] = True
                    if self._index.counted:  # which one of its group is missing stays unknown
                        self._damaged[self._index.group(row)] = True
                elif (frame.width, frame.height) != (self.info.width, self.info.height):
                    self._damaged[row] = True  # the size changes within the file
                rest.pop(0)
                yield row, frame
            return
        except StampsOutOfOrderError:
            self._open_decoder().close()
        self._index = self._index.in_count_mode()
        self._decoder = Decoder(self._index, self._threads)
        self._cache.clear()
        yield from self._decode(rest)


def _open_again(kind: type[VideoReader], path: str, cache_bytes: int, threads: int) -> VideoReader:
    return kind(path, cache_bytes=cache_bytes, threads=threads)
