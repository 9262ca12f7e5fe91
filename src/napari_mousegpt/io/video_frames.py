"""The pictures of one video behind one lock: a decoder, a cache, and what is known to be damaged.

Rows are frames. Everything here may be called from any thread; converted pictures are made while
the lock is held, since PyAV writes into a picture while it converts it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.video_ahead import ReadAhead
from napari_mousegpt.io.video_cache import FrameCache
from napari_mousegpt.io.video_decoder import Decoder, StampsOutOfOrderError
from napari_mousegpt.io.video_groups import in_count_mode
from napari_mousegpt.io.video_index import VideoIndex

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["FrameStore"]

# Rows decoded in full before a row that is asked for, so that the way back is in the cache.
_WINDOW = 32
# Rows asked for one after the other that count as playing, and rows to be ahead of it at most.
_PLAYING = 3
_MOST_AHEAD = 64
# Rows kept behind whoever plays on.
_KEPT_BEHIND = 64

_Made = TypeVar("_Made")


class FrameStore:
    """Pictures of one file by row.

    Parameters
    ----------
    index : VideoIndex
    missing, damaged : ndarray of bool, shape (n_frames,)
        What is known about the rows; both are written to, and readers of one file share them.
    cache_bytes : int
        Memory for decoded pictures, in bytes.
    threads : int
        Decoding threads, as for :class:`~napari_mousegpt.io.video_decoder.Decoder`.
    hardware : str or None
        Device that decodes.

    Attributes
    ----------
    lock : threading.RLock
        Held while a picture of the store is converted.
    reads_ahead : bool
        Whether a thread fills the cache while rows are asked for one after the other.
    """

    def __init__(
        self,
        index: VideoIndex,
        missing: NDArray[np.bool_],
        damaged: NDArray[np.bool_],
        cache_bytes: int,
        threads: int,
        hardware: str | None,
    ) -> None:
        self.index = index
        self.missing, self.damaged = missing, damaged
        self.cache = FrameCache(cache_bytes)
        self.threads, self.hardware = threads, hardware
        self.lock = threading.RLock()
        self.reads_ahead = False
        self.ahead = ReadAhead(self.lock, self)
        self._closed = False
        self._decoder: Decoder | None = Decoder(index, threads, hardware)
        self._last_asked = -1
        self._in_a_row = 0

    @property
    def n_decoded(self) -> int:
        """Pictures decoded so far."""
        self.refuse_if_closed()
        own = self._decoder.n_decoded if self._decoder else 0
        return own + self.ahead.n_decoded

    def read_ahead(self, on: bool) -> None:
        """Let a thread fill the cache while rows are asked for one after the other, or not."""
        with self.lock:
            self.refuse_if_closed()
            self.reads_ahead, self.ahead.error = on, None
            if not on:
                self._own()  # calls it back from the thread

    def close(self) -> None:
        """Close the file, end the thread and drop the cache."""
        with self.lock:
            self._closed = True
        self.ahead.close()
        with self.lock:
            if self._decoder is not None:
                self._decoder.close()
            self._decoder = None
            self.cache.clear()

    def asked(self, row: int) -> VideoFrame:
        """Return the picture of a row for somebody who looks at it, and read on if he plays.

        The caller holds the lock until it has converted the picture.
        """
        self.refuse_if_closed()
        if self.reads_ahead:
            self._play(row)
        return self.shown(row)[1]

    def shown(self, row: int) -> tuple[int, VideoFrame]:
        """Return the picture of a row; for a missing one the nearest before it, or else after.

        Returns
        -------
        int
            Row that the picture is of.
        VideoFrame
        """
        for candidate in chain(range(row, -1, -1), range(row + 1, self.index.n_frames)):
            if self.missing[candidate]:
                continue
            frame = self.cache.get(candidate)
            if frame is None:
                self.ahead.wait_for(candidate)
                frame = self.cache.get(candidate)
            if frame is None and not self.missing[candidate]:
                for other, decoded in self.decode(self._window(candidate)):
                    if decoded is not None:
                        self.cache.put(other, decoded)
                        frame = decoded if other == candidate else frame
            if frame is not None:
                if row == self._last_asked + 1:
                    # Memory used for the first time costs more than the decoding of a picture:
                    # whoever plays on gets that of the pictures well behind him.
                    self.cache.discard(row - _KEPT_BEHIND)
                self._last_asked = row
                return candidate, frame
        raise FormatError(self.index.path, expected="pictures", found="none that can be decoded")

    def nearest(self, row: int) -> tuple[int, VideoFrame]:
        """Return the nearest kept picture, or that of the key frame at or before a row.

        The caller holds the lock until it has converted the picture.
        """
        decoder = self._own()
        self._stop_playing()
        key = decoder.key_row(row)
        if key < 0:
            return self.shown(row)
        kept = self.cache.nearest(row, row - key)
        if kept is not None and (frame := self.cache.get(kept)) is not None:
            return kept, frame
        frame = None if self.missing[key] else decoder.key_picture(row)
        if frame is None:
            return self.shown(key)
        self._note(decoder, key, frame)
        self.cache.put(key, frame)
        return key, frame

    def collected(
        self, rows: Sequence[int], make: Callable[[VideoFrame], _Made]
    ) -> dict[int, _Made]:
        """Return what is made of rising rows, straight from the decoder."""
        with self.lock:
            self.refuse_if_closed()
            out = {row: make(frame) for row in rows if (frame := self.cache.get(row))}
            absent = [r for r in rows if r not in out and not self.missing[r]]
            for row, frame in self.decode(absent):
                if frame is not None:
                    out[row] = make(frame)
            for row in rows:
                if row not in out:
                    out[row] = make(self.shown(row)[1])
            return out

    def decode(self, rows: Sequence[int]) -> Iterator[tuple[int, VideoFrame | None]]:
        """Yield decoded rows, and keep account of the damage met."""
        rest = list(rows)
        if not rest:
            return
        try:
            decoder = self._own()
            for row, frame in decoder.pictures(rows):
                self._note(decoder, row, frame)
                rest.pop(0)
                yield row, frame
            return
        except StampsOutOfOrderError:
            self.distrust(self.index)
        yield from self.decode(rest)

    def refuse_if_closed(self) -> None:
        """Raise an InputError when the store is closed."""
        if self._closed:
            raise InputError(
                self.index.path,
                expected="an open reader",
                found="a closed one",
                remedy="Open it again.",
            )

    def absent(self, rows: range) -> list[int]:
        """Return the rows that are neither kept nor known to be missing."""
        return [row for row in rows if row not in self.cache and not self.missing[row]]

    def take(self, decoder: Decoder, row: int, frame: VideoFrame | None) -> bool:
        """Keep a picture that was read ahead; False if it is not wanted any more."""
        if decoder.index is not self.index or self._closed:
            return False
        self._note(decoder, row, frame)
        if frame is not None:
            self.cache.put(row, frame)
        return True

    def distrust(self, index: VideoIndex) -> None:
        """Number pictures by counting from now on, since the stamps of an index are false."""
        if index is not self.index:
            return
        if self._decoder is not None:
            self._decoder.close()
        self._decoder = None
        self.index = in_count_mode(index)
        self.cache.clear()
        self.ahead.halt()

    def _own(self) -> Decoder:
        self.refuse_if_closed()
        if self._decoder is None:
            self._in_a_row = 0
            lent = self.ahead.take_back()
            self.refuse_if_closed()  # the lock was free meanwhile
            self._decoder = self._decoder or lent
        if self._decoder is None:
            self._decoder = Decoder(self.index, self.threads, self.hardware)
        return self._decoder

    def _play(self, row: int) -> None:
        """Let the thread go on, or start it, while rows are asked for one after the other."""
        step = row - self._last_asked
        if step not in (0, 1):
            self._stop_playing()
            return
        self._in_a_row += step
        depth = min(_MOST_AHEAD, self.cache.rows_that_fit() // 2)
        if self._in_a_row < _PLAYING or depth < 2 or self.ahead.error is not None:
            return
        n_rows = self.index.n_frames
        if not self.ahead.active and self.absent(range(row, min(n_rows, row + 1 + depth))):
            decoder = self._own()
            if self.reads_ahead:  # nobody changed his mind while it was waited for
                self._decoder = None
                self.ahead.start(row, decoder)
        if self.ahead.active:
            self.ahead.follow(row, depth, n_rows)

    def _stop_playing(self) -> None:
        self._in_a_row = 0
        self.ahead.halt()

    def _window(self, row: int) -> list[int]:
        """Return the rows to decode in full on the way to a row: those a step back will want."""
        depth = _WINDOW
        if 0 < self._last_asked - row <= _WINDOW:  # walking backwards
            depth = max(depth, self.cache.rows_that_fit() // 2)
        before = range(max(self._own().first_on_the_way(row), row - depth), row)
        return [*self.absent(before), row]

    def _note(self, decoder: Decoder, row: int, frame: VideoFrame | None) -> None:
        info = self.index.info
        if frame is None:
            self.missing[row] = self.damaged[row] = True
            if self.index.counted:  # which one of its group is missing stays unknown
                self.damaged[self.index.group(row)] = True
        elif row in decoder.doubtful or (frame.width, frame.height) != (info.width, info.height):
            self.damaged[row] = True  # it leans on lost ones, or the size changes within the file
