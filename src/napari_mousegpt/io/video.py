"""Frame-exact reading of video files.

Frame ``i`` is the ``i``-th picture in presentation order, found by the time stamps of the packets
and the same on every visit. Pictures are ``(Y, X, 3)`` uint8 RGB, or ``(Y, X)`` for grey cameras,
as they are stored: a rotation tag is reported, not applied.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.frame_key import chosen_frames, frame_number, split_key
from napari_mousegpt.io.video_cache import Converter
from napari_mousegpt.io.video_frames import FrameStore
from napari_mousegpt.io.video_hardware import choose_hardware
from napari_mousegpt.io.video_index import VideoIndex, VideoInfo
from napari_mousegpt.io.video_index_cache import cached_index
from napari_mousegpt.io.video_text import describe_video

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from av.video.frame import VideoFrame

__all__ = ["VideoInfo", "VideoReader"]

# Rows probed at the end of a file that may have been cut.
_TAIL = 32
# Pictures decoded in one go while iterating.
_CHUNK = 4


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
        Decoding threads; 0 takes one, or up to four for pictures of a megapixel and more.
    hardware : str, optional
        ``"cuda"`` decodes on an NVIDIA card where there is one that can; else software decodes,
        and a note of :attr:`info` says so. Its pictures need not be those of software to the last
        bit: ``info.decoder`` names the one that made them.

    Raises
    ------
    InputError
        When there is no such file, or for a ``hardware`` that is not known.
    FormatError
        When it is no video, or one in which frames cannot be found; the message says how to
        remux it.

    Notes
    -----
    The frame list comes from the packets. A packet that gives no picture keeps its frame number,
    shows the picture before it and is flagged in :attr:`damaged`. The list of a long file is kept
    in the user's cache, see :mod:`napari_mousegpt.io.video_index_cache`.
    """

    dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        cache_bytes: int = 256 << 20,
        threads: int = 0,
        hardware: str | None = None,
    ) -> None:
        whole = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
        index, device = choose_hardware(cached_index(whole), hardware)
        missing = np.zeros(index.n_frames, dtype=bool)
        missing[list(index.cut_rows)] = True
        self._setup(FrameStore(index, missing, missing.copy(), cache_bytes, threads, device))
        self._asked_for = hardware
        if index.check_tail:
            with self._store.lock:
                tail = range(max(0, index.n_frames - _TAIL), index.n_frames)
                for _ in self._store.decode(tail):
                    pass

    def _setup(self, store: FrameStore) -> None:
        self._store = store
        info = store.index.info
        self._grey = info.pix_fmt.startswith("gray")
        self._convert = Converter(info.width, info.height, grey=self._grey)

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
        """Frames known so far to be missing or in doubt, bool (T,); a copy.

        In doubt are those that come after damage and before the next key frame: they may carry
        traces of it. The end of a file that may be cut is looked at when it is opened, everything
        else when it is read.
        """
        return self._store.damaged.copy()

    @property
    def n_decoded(self) -> int:
        """Pictures decoded so far, for measuring."""
        return self._store.n_decoded

    @property
    def cached_bytes(self) -> int:
        """Bytes of the decoded pictures that are kept."""
        return self._store.cache.n_bytes

    @property
    def read_ahead(self) -> bool:
        """Whether a thread fills the cache while reading goes forward frame by frame; settable.

        It stays within half of the cache, ends at a jump and when the reader is closed, and
        changes no picture. Off at first, also in a reader from :meth:`reopen`.
        """
        return self._store.reads_ahead

    @read_ahead.setter
    def read_ahead(self, on: bool) -> None:
        self._store.read_ahead(bool(on))

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
            frames = self._store.collected(chunk, lambda frame: frame)
            for row in chunk:
                with self._store.lock:
                    picture = self._convert(frames.pop(row))
                yield picture

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
        pictures = self._store.collected(sorted(set(rows)), convert)
        out = np.empty((len(rows), height, width, 3), dtype=np.uint8)
        for place, row in enumerate(rows):
            out[place] = pictures[row][..., None] if self._grey else pictures[row]
        return out

    def nearest(self, frame: int) -> tuple[int, NDArray[np.uint8]]:
        """Return a picture near a frame at once, for a slider that is being moved.

        It is the nearest picture at hand, where that is no farther off than the key frame at or
        before the frame; else the picture of that key frame, and no other picture is decoded.

        Parameters
        ----------
        frame : int
            Negative ones count from the end.

        Returns
        -------
        frame : int
            The frame that the picture is of. It is the one asked for only if the two are equal.
        picture : ndarray of uint8, shape (Y, X, 3) or (Y, X)

        Raises
        ------
        IndexError
            For a frame outside the video.
        """
        row = frame_number(int(frame), len(self))
        with self._store.lock:
            found, picture = self._store.nearest(row)
            return found, self._convert(picture)

    def reopen(self) -> VideoReader:
        """Return a reader of the same file with its own decoder and cache, for a job."""
        other = object.__new__(type(self))
        own = self._store
        # What one reader finds out about damage, the other knows.
        shared = own.index, own.missing, own.damaged
        other._setup(FrameStore(*shared, own.cache.limit, own.threads, own.hardware))
        other._asked_for = self._asked_for
        return other

    def describe(self) -> list[str]:
        """Return plain sentences about the file and what is wrong with it."""
        return describe_video(self._index, self.damaged)

    def close(self) -> None:
        """Close the file and drop the cache; reading afterwards is an error."""
        self._store.close()

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
        own = self._store
        options = own.cache.limit, own.threads, self._asked_for
        return _open_again, (type(self), self.path, *options)

    @property
    def _index(self) -> VideoIndex:
        return self._store.index

    def _frame(self, row: int) -> VideoFrame:
        """Return the decoded picture of a row, as the codec made it."""
        with self._store.lock:
            return self._store.asked(row)

    def _picture(self, row: int) -> NDArray[np.uint8]:
        with self._store.lock:
            return self._convert(self._store.asked(row))


def _open_again(
    kind: type[VideoReader], path: str, cache_bytes: int, threads: int, hardware: str | None
) -> VideoReader:
    return kind(path, cache_bytes=cache_bytes, threads=threads, hardware=hardware)
