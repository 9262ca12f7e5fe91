"""One open video file with one position, read by frame number.

Not thread-safe: whoever shares it holds a lock. Pictures are matched to rows by time stamp (in
count mode by counting from key frames), never by their place in the output.

What a decoder makes of pictures near a damaged packet depends on where it started, on its threads
and on what it skipped. So a stretch with damage is read again from its key frame by one thread
and without skipping, a picture that is broken or partly made up counts as missing, and a key frame
that does not decode is no place to start any more: a frame is the same picture on every visit.
"""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.frame import PictureType

from napari_mousegpt.io.video_index import VideoIndex, stamp_of
from napari_mousegpt.io.video_open import hardware_failed, open_video, packets_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["Decoder", "StampsOutOfOrderError"]

# A picture that has not come after so many later rows does not come: the longest reordering of
# H.264 and H.265 is 16 pictures.
_REORDER = 16
# A key frame so few rows ahead is reached sooner by reading on than by seeking.
_READ_ON = 8
# Decoding threads, and the pixels a picture must have for them: at 640 x 480 four threads save a
# fifth of the time and cost a third more work.
_THREADS = 4
_THREADED_PIXELS = 1_000_000


class StampsOutOfOrderError(Exception):
    """The pictures come in another order than their stamps: the index needs count mode."""


class _StartAgainError(Exception):
    """The run met damage: start again, with more care or from an earlier key frame."""


class Decoder:
    """Pictures of one file by row.

    Parameters
    ----------
    index : VideoIndex
        Frame list of the file.
    threads : int
        Decoding threads; 0 takes one, or up to four for pictures of a megapixel and more.
    hardware : str, optional
        Device that decodes instead (``"cuda"``); it must be able to, see
        :func:`napari_mousegpt.io.video_hardware.choose_hardware`.

    Attributes
    ----------
    n_decoded : int
        Pictures decoded so far, for measuring.
    doubtful : set of int
        Rows that come after damage and before the next key frame: they may lean on what is lost.
    interrupted : bool
        Set by another thread, it ends :meth:`pictures` early.
    """

    def __init__(self, index: VideoIndex, threads: int = 0, hardware: str | None = None) -> None:
        self.index = index
        self.n_decoded = 0
        self.interrupted = False
        self.doubtful: set[int] = set()
        self._hardware = hardware
        large = index.info.width * index.info.height >= _THREADED_PIXELS
        self._threads = threads or (min(_THREADS, os.cpu_count() or 1) if large else 1)
        self._key_stamps = index.key_stamps  # shrink to the key frames that decode alone
        self._key_rows = index.key_rows
        self._bad: set[int] = set()  # stamps of key frames behind which damage was met
        self._read_on = 0 if len(index.key_rows) == index.n_frames else _READ_ON
        self._shared = bool(np.any(np.diff(index.stamps) == 0))
        self._open(careful=False)
        self._start(iter(()), 0, index.n_frames + 1)

    def _open(self, *, careful: bool) -> None:
        self._careful = careful
        self._container, self._stream = open_video(self.index.path, self._hardware)
        self._stream.thread_type = "AUTO"
        one = careful or self._hardware is not None
        self._stream.codec_context.thread_count = 1 if one else self._threads
        if self.index.strict:
            self._stream.codec_context.options = {"err_detect": "explode"}
        self._skipping = False
        # Some encoders say only in the first packet what later ones need: FFmpeg must know of an
        # old x264 to read its 4:4:4 pictures. So every decoder begins with that packet.
        packets = packets_of(self._container, self._stream)
        first = next(packets)
        with suppress(av.FFmpegError):  # damaged: the row is flagged when it is asked for
            self._stream.codec_context.decode(first)
        self._stream.codec_context.flush_buffers()
        self._top = chain([first], packets)
        self._shut = weakref.finalize(self, _shut, self._container, self._stream)

    def _start(self, packets: Iterator[Packet[VideoStream]], key_stamp: int, floor: int) -> None:
        self._packets = packets
        self._ready: deque[VideoFrame] = deque()
        self._run_key = key_stamp
        self._floor = self._count = floor  # first row of the run
        self._at = floor - 1  # last row that came out; n_frames: the next call has to seek
        self._began = self._ended = False
        self._lost, self._doubt = -1, 0  # damaged row, and key frames to pass until it is forgotten

    def close(self) -> None:
        """Close the file."""
        self._shut()

    def first_on_the_way(self, row: int) -> int:
        """Return the first row that is passed on the way to a row."""
        key = self._key(row)
        if key < 0:
            return row
        return self._at + 1 if self.stands_before(row) else int(self._key_rows[key])

    def key_row(self, row: int) -> int:
        """Return the row of the key frame that serves a row; -1 if there is none."""
        key = self._key(row)
        return -1 if key < 0 else int(self._key_rows[key])

    def stands_before(self, row: int) -> bool:
        """Return whether a row is reached by reading on, without a seek."""
        key = self._key(row)
        return key >= 0 and self._at < row and self._key_rows[key] <= self._at + 1 + self._read_on

    def key_picture(self, row: int) -> VideoFrame | None:
        """Return the picture of the key frame that serves a row, decoding no other.

        Returns
        -------
        VideoFrame or None
            None when one packet does not give it: then :meth:`pictures` has to find out why.
        """
        key = self._key(row)
        if key < 0 or int(self._key_stamps[key]) in self._bad:
            return None
        self._seek(row)
        context = self._stream.codec_context
        context.skip_frame, self._skipping = "DEFAULT", False
        try:
            packet = next(self._packets)
            # Telling the decoder that nothing follows makes it give the picture up at once.
            frames = [*context.decode(packet), *context.decode(None)]
        except (StopIteration, av.FFmpegError):
            frames = []
        finally:
            self._at = self.index.n_frames  # it has been told of an end: the next call seeks
        self.n_decoded += len(frames)
        if len(frames) != 1 or frames[0].is_corrupt:
            return None
        return frames[0] if self.index.counted or frames[0].pts == self._run_key else None

    def pictures(self, wanted: Sequence[int]) -> Iterator[tuple[int, VideoFrame | None]]:
        """Yield some rows, given rising, with their pictures; None where there is none.

        Pictures that nobody wants and no other picture needs are not decoded.

        Raises
        ------
        StampsOutOfOrderError
            When the file needs count mode.
        """
        waiting = deque(wanted)
        self._wanted, self._last = frozenset(waiting), waiting[-1] if waiting else -1
        held: dict[int, VideoFrame | None] = {}
        begin = self._at
        try:
            while waiting and not self.interrupted:
                row = waiting[0]
                if row in held or self._key(row) < 0:
                    waiting.popleft()
                    yield row, held.pop(row, None)
                    continue
                try:
                    if row <= begin or (row > self._at and not self.stands_before(row)):
                        held.clear()
                        self._seek(row)
                        begin = self._at
                    elif self._at >= row + _REORDER or (self._ended and not self._ready):
                        self._meet_damage(row)
                        held[row] = None
                    elif came := self._next():
                        held[came[0]] = came[1]
                except _StartAgainError:
                    begin = self.index.n_frames
        finally:
            if waiting or (self._ended and not self._ready):
                self._at = self.index.n_frames  # what lies ahead was skipped, or there is nothing

    def _key(self, row: int) -> int:
        """Return the position of the key frame that serves a row, -1 if there is none."""
        return int(np.searchsorted(self._key_stamps, self.index.stamps[row], side="right")) - 1

    def _seek(self, row: int) -> None:
        """Stand before the key frame that serves a row."""
        key = self._key(row)
        stamp, floor = int(self._key_stamps[key]), int(self._key_rows[key])
        careful = stamp in self._bad
        if careful != self._careful:
            self.close()
            self._open(careful=careful)
        # Of two pictures with one stamp a seek may find the second: aim before both.
        nearest = key if self._shared else key + 1
        for earlier in self._key_stamps[max(0, key - 2) : nearest][::-1]:
            try:
                self._container.seek(int(earlier), stream=self._stream)
                packets = self._from_key(packets_of(self._container, self._stream), stamp)
            except av.FFmpegError:
                continue  # cannot be reached like this; an earlier key frame or the top may serve
            if packets is not None:
                self._start(packets, stamp, floor)
                return
        self.close()
        self._open(careful=careful)
        self._start(self._from_key(self._top, stamp) or iter(()), stamp, floor)

    def _from_key(
        self, packets: Iterator[Packet[VideoStream]], stamp: int
    ) -> Iterator[Packet[VideoStream]] | None:
        """Return the packets from a key frame on; None when they begin behind it."""
        for packet in packets:
            found = stamp_of(packet, self.index.by_dts)
            if found == stamp:
                return chain([packet], packets)
            if packet.is_keyframe and found is not None and found > stamp:
                return None
        return None

    def _next(self) -> tuple[int, VideoFrame | None] | None:
        """Let one more picture come out, and return it if it is wanted."""
        while not self._ready and not self._ended:
            self._feed()
        if not self._ready:
            return None
        frame = self._ready.popleft()
        self.n_decoded += 1
        row = self._row(frame)
        if row < self._floor:
            return None  # a picture of an open group, which leans on the run before
        if row <= self._at and self.index.stamps_rise and not self.index.counted:
            raise StampsOutOfOrderError
        floor_stamp = self.index.stamps[self._floor]
        if not self._began and row > self._floor and floor_stamp == self._run_key:
            self._drop_key(self._run_key)  # the first picture is not the key frame's own
        self._began = True
        if frame.is_corrupt:
            self._meet_damage(row)
        if self._doubt and row > self._lost and row in self.index.key_rows:
            # Where no frame is intra alone, the whole picture is renewed from one key to the next.
            self._doubt = 0 if frame.pict_type == PictureType.I else self._doubt - 1
        if self._doubt:
            self.doubtful.add(row)
        self._at = max(self._at, row)
        return (row, None if frame.is_corrupt else frame) if row in self._wanted else None

    def _feed(self) -> None:
        """Give the decoder one packet, or tell it that there are no more."""
        index, context = self.index, self._stream.codec_context
        try:
            packet = next(self._packets, None)
        except av.FFmpegError:
            packet = None  # the container breaks off here, as the index notes
        row = index.n_frames - 1
        if packet is None:
            self._ended = True
        elif not packet.size:
            return  # it says "the same picture again", and would end the decoding
        elif (stamp := stamp_of(packet, index.by_dts)) is not None:
            first, stop = np.searchsorted(index.stamps, (stamp, stamp + 1)).tolist()
            row = min(first, row)
            skip = (
                not (self._careful or index.counted)
                and stop <= self._last
                and self._wanted.isdisjoint(range(first, stop))
            )
            if skip != self._skipping:
                context.skip_frame = "NONREF" if skip else "DEFAULT"
                self._skipping = skip
        try:
            self._ready.extend(context.decode(packet))
        except av.FFmpegError as error:
            if self._hardware and not isinstance(error, av.InvalidDataError):
                raise hardware_failed(index.path, self._hardware, error) from error
            if row >= self._floor:
                self._meet_damage(row)

    def _row(self, frame: VideoFrame) -> int:
        """Return the row of a picture that came out, -1 if it has none."""
        index = self.index
        if index.counted:
            self._count = self._row_of_key(frame, self._count)
            self._count += 1
            return self._count - 1
        row = index.n_frames if frame.pts is None else int(np.searchsorted(index.stamps, frame.pts))
        if row == index.n_frames or index.stamps[row] != frame.pts:
            return -1
        while row <= self._at and index.stamps[min(row + 1, index.n_frames - 1)] == frame.pts:
            row += 1  # pictures that share a stamp come in the order of their packets
        return row

    def _row_of_key(self, frame: VideoFrame, row: int) -> int:
        """Return the row of a key frame in count mode, and the counted row of other pictures."""
        index = self.index
        if index.by_dts or frame.pts is None:
            key = int(np.searchsorted(index.key_rows, row))
            found = frame.key_frame and key < len(index.key_rows)
        else:
            key = int(np.searchsorted(index.key_stamps, frame.pts))
            found = key < len(index.key_rows) and index.key_stamps[key] == frame.pts
        return int(index.key_rows[key]) if found else row

    def _meet_damage(self, row: int) -> None:
        """Note damage at a row, and start again where the result could depend on the way here."""
        key = self._key(row)
        if key >= 0:
            self._bad.add(int(self._key_stamps[key]))
        if not self._careful:
            self._bad.add(self._run_key)
            raise _StartAgainError
        if row > self._at:
            self._lost, self._doubt = row, 2
        else:  # noticed late, by the picture that never came
            self.doubtful.update(range(row, self.index.group(row).stop))
        if self._ended and not self._ready and not self._began:
            self._drop_key(self._run_key)
        elif key >= 0 and self._key_rows[key] == row:
            self._drop_key(int(self._key_stamps[key]))

    def _drop_key(self, stamp: int) -> None:
        """Never start at this key frame again."""
        keep = self._key_stamps != stamp
        self._key_stamps, self._key_rows = self._key_stamps[keep], self._key_rows[keep]
        before = self._key_stamps[self._key_stamps < stamp]
        if before.size:
            self._bad.add(int(before[-1]))
        if stamp == self._run_key:
            raise _StartAgainError


def _shut(container: InputContainer, stream: VideoStream) -> None:
    # Let the decoding threads come to rest while the interpreter lock is free: freed while they
    # run, they wait for that lock for ever if some package has turned PyAV's log on.
    stream.codec_context.flush_buffers()
    container.close()
