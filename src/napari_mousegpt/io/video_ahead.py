"""Reading ahead: while a video is played, a thread decodes the next pictures.

A reader has one decoder, and lends it to the thread while frames are asked for one after the other:
it stands at the right place, so that no picture is decoded twice and no group is read again. A
jump calls the decoder back. Two decoders would be simpler and could hold twice the memory of the
cache, since FFmpeg keeps the memory of pictures that were given back for the decoder it came from.
"""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from napari_mousegpt.io.video_decoder import StampsOutOfOrderError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from napari_mousegpt.io.video_decoder import Decoder
    from napari_mousegpt.io.video_index import VideoIndex

__all__ = ["Keeper", "ReadAhead"]

# Rows given to the decoder in one go.
_CHUNK = 16


class Keeper(Protocol):
    """What the thread reads for; all of it is called while the lock is held."""

    def absent(self, rows: range) -> list[int]:
        """Return the rows that are neither kept nor known to be missing."""

    def take(self, decoder: Decoder, row: int, frame: VideoFrame | None) -> bool:
        """Keep a picture; False if the pictures of this decoder are no longer wanted."""

    def distrust(self, index: VideoIndex) -> None:
        """Note that the stamps of an index are false."""


class ReadAhead:
    """One thread that decodes the rows after the one that is being shown.

    Every method but :meth:`close` is called with the lock held. The thread holds no strong
    reference to the keeper, and ends with it.

    Parameters
    ----------
    lock : threading.RLock
        Guards the keeper.
    keeper : Keeper
        Takes the pictures.

    Attributes
    ----------
    error : Exception or None
        What ended the thread. It is not raised from here: the reader meets it again when it
        decodes the row itself.
    """

    def __init__(self, lock: threading.RLock, keeper: Keeper) -> None:
        self.error: Exception | None = None
        self._changed = threading.Condition(lock)
        self._keeper = weakref.ref(keeper)
        self._thread: threading.Thread | None = None
        self._decoder: Decoder | None = None
        self._leaving = False
        self._row = self._end = self._n_rows = 0  # next row to bring, and where to stop
        weakref.finalize(keeper, self.close).atexit = False

    @property
    def n_decoded(self) -> int:
        """Pictures decoded by the decoder that is here."""
        return self._decoder.n_decoded if self._decoder else 0

    @property
    def active(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and not self._leaving

    def start(self, row: int, decoder: Decoder) -> None:
        """Start the thread at a row with a decoder, which it keeps until it is called back."""
        self._decoder = decoder
        self._row, self._end, self._leaving = row, row + 1, False
        self._thread = threading.Thread(
            target=self._work, args=(decoder,), name="video read-ahead", daemon=True
        )
        # Registered after the decoder's own, this runs before it when Python ends.
        atexit.register(self.close)
        self._thread.start()

    def follow(self, row: int, depth: int, n_rows: int) -> None:
        """Let the thread go on to ``depth`` rows (2 or more) behind the one that is asked for."""
        self._n_rows = n_rows
        if self._end - row <= depth // 2:  # in strides, not row by row
            self._end = min(n_rows, row + 1 + depth)
            self._changed.notify_all()

    def wait_for(self, row: int) -> None:
        """Wait until the thread has brought a row, if it is on its way to it."""
        while self.active and self._row <= row < self._end:
            self._changed.wait()

    def halt(self) -> None:
        """Tell the thread to end, without waiting for it."""
        if self._thread is not None and self._decoder is not None:
            self._leaving = self._decoder.interrupted = True
            self._changed.notify_all()

    def take_back(self) -> Decoder | None:
        """End the thread and return its decoder; None if there is none here.

        The lock is free while the thread ends.
        """
        while self._thread is not None:
            self.halt()
            self._changed.wait()
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            decoder.interrupted = False
        return decoder

    def close(self) -> None:
        """End the thread, wait until it is gone, and close its decoder; not with the lock held."""
        while True:
            with self._changed:
                self.halt()
                thread = self._thread
                if thread is None and self._decoder is not None:
                    self._decoder.close()
                    self._decoder = None
            if thread is None or thread is threading.current_thread():
                return  # a thread that dropped the last reference to its keeper closes by itself
            thread.join()

    def _work(self, decoder: Decoder) -> None:
        try:
            while rows := self._next_rows():
                self._bring(decoder, rows)
        except StampsOutOfOrderError:
            with self._changed:
                if (keeper := self._keeper()) is not None:
                    keeper.distrust(decoder.index)
                self._decoder = None
            decoder.close()
        except Exception as error:  # a thread has nobody to raise to: see ``error``
            self.error = error
        finally:
            atexit.unregister(self.close)
            with self._changed:
                self._thread = None
                if self._keeper() is None:
                    decoder.close()
                self._changed.notify_all()

    def _next_rows(self) -> list[int]:
        """Wait for room, and return the rows to decode next; none when the thread is to end."""
        with self._changed:
            while not self._leaving and (keeper := self._keeper()) is not None:
                rows = keeper.absent(range(self._row, self._end))[:_CHUNK]
                del keeper  # it may go away while the thread waits
                self._row = rows[0] if rows else max(self._row, self._end)
                self._changed.notify_all()
                if rows or self._row >= self._n_rows:
                    return rows
                self._changed.wait()
            return []

    def _bring(self, decoder: Decoder, rows: Sequence[int]) -> None:
        for row, frame in decoder.pictures(rows):
            with self._changed:
                keeper = self._keeper()
                if self._leaving or keeper is None or not keeper.take(decoder, row, frame):
                    self._leaving = True
                    return
                self._row = row + 1
                self._changed.notify_all()
