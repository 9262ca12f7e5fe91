"""What pictures a video file holds, found by demultiplexing alone.

Row ``i`` of the index is frame ``i``, the ``i``-th picture in presentation order. The list comes
from the packets, never from the header's frame count, rate or duration. Nothing is renumbered to
repair a file: a packet that will not decode keeps its row.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.video_groups import in_count_mode
from napari_mousegpt.io.video_open import open_video, packets_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["VideoIndex", "VideoInfo", "read_index", "stamp_of"]

# Pictures decoded at open: a few to learn about them, more where time stamps could be false.
_FIRST_PICTURES = 8
_TRUST_PICTURES = 40
_MOST_PACKETS = 1000
_LIBAVCODEC = "libavcodec " + ".".join(str(p) for p in av.library_versions["libavcodec"])


@dataclass(frozen=True)
class VideoInfo:
    """Facts about a video file.

    Parameters
    ----------
    container, codec, pix_fmt : str
        FFmpeg's names, for example ``"mov,mp4,m4a,3gp,3g2,mj2"``, ``"h264"``, ``"yuv420p"``.
    width, height : int
        Pixels of the stored picture.
    rotation : int
        Degrees counter-clockwise that a player would turn the picture; stored, never applied, so
        that pose coordinates keep matching.
    decoder : str
        What turns packets into pictures, for provenance.
    notes : tuple of str
        Sentences about what is unusual or wrong in the file.
    """

    container: str
    codec: str
    pix_fmt: str
    width: int
    height: int
    rotation: int
    decoder: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """The frame list of one video file.

    Parameters
    ----------
    path : str
        Absolute path.
    info : VideoInfo
    timebase : Timebase
    stamps : ndarray of int64, shape (n_frames,)
        Time stamp of the packet of each row, rising.
    key_stamps, key_rows : ndarray of int64, shape (n_keys,)
        Packets that decode alone, and the first row each of them serves.
    cut_rows : tuple of int
        Rows whose packet the container gives only in part.
    check_tail : bool
        The header disagrees with the packets, so that the end may be missing.
    stamps_rise : bool
        Packets lie in the file in the order of their stamps; if the pictures come in another
        order, the stamps are false.
    by_dts : bool
        Stamps are decoding stamps, since presentation stamps are missing.
    counted : bool
        Count mode: stamps say nothing about presentation order, so pictures are numbered by
        counting from each key frame. Right for closed groups of pictures only.
    strict : bool
        A packet that breaks the rules of its codec counts as damaged. Not so for a camera whose
        packets do as a rule.
    """

    path: str
    info: VideoInfo
    timebase: Timebase
    stamps: NDArray[np.int64]
    key_stamps: NDArray[np.int64]
    key_rows: NDArray[np.int64]
    cut_rows: tuple[int, ...]
    check_tail: bool
    stamps_rise: bool
    by_dts: bool
    counted: bool
    strict: bool

    @property
    def n_frames(self) -> int:
        """Number of rows."""
        return len(self.stamps)

    def group(self, row: int) -> slice:
        """Return the rows from the key frame before a row to the next key frame."""
        key = int(np.searchsorted(self.key_rows, row, side="right"))
        edges = [0, *self.key_rows.tolist(), self.n_frames]
        return slice(edges[key], edges[key + 1])

    def in_count_mode(self) -> VideoIndex:
        """Return the same rows, numbered by counting."""
        note = "Its time stamps do not follow the pictures: frames are counted from key frames."
        info = replace(self.info, notes=(*self.info.notes, note))
        return replace(self, counted=True, info=info)


def stamp_of(packet: Packet[VideoStream], by_dts: bool) -> int | None:
    """Return the time stamp that identifies a packet."""
    return packet.dts if by_dts else packet.pts


def read_index(path: str) -> VideoIndex:
    """Read the frame list of a video file without decoding it.

    Only the first pictures are decoded: one to learn its properties, more where the stamps could
    lie. AVI files with B-frames are the known case: stamps rise in decoding order there.

    Raises
    ------
    InputError, FormatError
        When the file is no video, or has no time stamps to find a frame by.
    """
    container, stream = open_video(path)
    with container:
        table, notes = _packet_table(container, stream)
        context = stream.codec_context
        codec, kind = context.name, container.format.name
        decoder = f"{context.codec.name} ({_LIBAVCODEC}, PyAV {av.__version__}, software)"
        intra_only = context.codec.intra_only
        announced = stream.frames
        tick = _exact(stream.time_base) or Fraction(1)
        rate = _exact(stream.average_rate) or _exact(stream.guessed_rate)
    by_dts = any(pts is None for pts, *_ in table)
    column = 1 if by_dts else 0
    if all(row[3] for row in table):
        raise FormatError(path, expected="pictures", found="none", remedy="Record it again.")
    if any(row[column] is None for row in table):
        raise FormatError(
            path,
            expected="a container with time stamps (mp4, mkv, avi)",
            found="pictures without any, so that a frame cannot be found again",
            remedy="Remux it without loss, with the camera's rate in place of 30: "
            + _remux(path, "-r 30 "),
        )
    stamp = np.array([row[column] for row in table], dtype=np.int64)
    is_key, hidden, cut = np.array([row[2:] for row in table], dtype=bool).T
    is_key[0] |= not is_key.any()
    if np.any(np.diff(stamp[is_key]) < 0):
        raise FormatError(
            path,
            expected="time stamps that go forward",
            found="a jump back, as when two recordings are joined",
            remedy=f"Remux it without loss: {_remux(path)}",
        )
    keys = np.unique(stamp[is_key])
    stamps_rise = bool(np.all(np.diff(stamp) > 0)) and not intra_only
    order = np.argsort(stamp[~hidden], kind="stable")
    stamps = stamp[~hidden][order]
    if announced not in (0, len(table)):
        notes.append(
            f"The header announces {announced} pictures, the file holds {len(stamps)}: "
            "the latter counts."
        )
    if hidden.any():
        notes.append(f"An edit list hides {hidden.sum()} pictures: they have no frame number.")
    if len(np.unique(stamps)) < len(stamps):
        notes.append("Some pictures share a time stamp: they are spread within one tick.")
    first, rises, strict = _first_pictures(path, codec, stamps_rise)
    if first.interlaced_frame:
        notes.append("The pictures are interlaced: both fields are shown together.")
    if not strict:
        notes.append("Its packets break the rules of their codec: damage is noticed less surely.")
    index = VideoIndex(
        path=path,
        info=VideoInfo(
            container=kind,
            codec=codec,
            pix_fmt=first.format.name,
            width=first.width,
            height=first.height,
            rotation=first.rotation,
            decoder=decoder,
            notes=tuple(notes),
        ),
        timebase=_timebase(stamps, tick, rate),
        stamps=stamps,
        key_stamps=keys,
        key_rows=np.searchsorted(stamps, keys).astype(np.int64),
        cut_rows=tuple(np.flatnonzero(cut[~hidden][order]).tolist()),
        check_tail=announced != len(table) or bool(cut.any()),
        stamps_rise=stamps_rise,
        by_dts=by_dts,
        counted=False,
        strict=strict,
    )
    return index if rises and not by_dts else in_count_mode(index)


_Row = tuple[int | None, int | None, bool, bool, bool]


def _packet_table(container: InputContainer, stream: VideoStream) -> tuple[list[_Row], list[str]]:
    """Return (pts, dts, key, hidden, cut) of each packet, and what is wrong with the file."""
    table: list[_Row] = []
    try:
        for packet in packets_of(container, stream):
            if packet.size:
                table.append(
                    (
                        packet.pts,
                        packet.dts,
                        packet.is_keyframe,
                        packet.is_discard,
                        packet.is_corrupt,
                    )
                )
    except av.FFmpegError as error:
        return table, [f"Reading stops after packet {len(table)}: {error.strerror}."]
    return table, []


def _first_pictures(path: str, codec: str, stamps_rise: bool) -> tuple[VideoFrame, bool, bool]:
    """Decode the start of a file.

    Returns
    -------
    first : VideoFrame
    rises : bool
        Whether the stamps of the pictures rise.
    strict : bool
        Whether most packets keep the rules of their codec.
    """
    count = _TRUST_PICTURES if stamps_rise else _FIRST_PICTURES
    for strict in (True, False):
        container, stream = open_video(path)
        stream.codec_context.thread_count = 1
        if strict:
            stream.codec_context.options = {"err_detect": "explode"}
        frames: list[VideoFrame] = []
        errors = 0
        with container, suppress(av.FFmpegError):  # where reading stops is noted by the table
            for packet in islice(packets_of(container, stream), _MOST_PACKETS):
                try:
                    frames.extend(packet.decode())
                except av.FFmpegError:
                    errors += 1  # the reader flags the row when it comes to it
                if len(frames) >= count:
                    break
        if frames and (errors <= len(frames) or not strict):
            pts = [frame.pts for frame in frames]
            rises = None not in pts and all(np.diff(np.array(pts, dtype=np.int64)) > 0)
            return frames[0], rises or not stamps_rise, strict
    raise FormatError(
        path,
        expected="pictures",
        found=f"{codec} packets, none of which can be decoded",
        remedy="Try the file in a player, and convert it there if it plays.",
    )


def _exact(ratio: Fraction | None) -> Fraction | None:
    # PyAV 19 gives a class of its own, and 0/1 for what is unknown.
    return Fraction(ratio.numerator, ratio.denominator) if ratio else None


def _timebase(stamps: NDArray[np.int64], tick: Fraction, rate: Fraction | None) -> Timebase:
    place = np.arange(len(stamps)) - np.searchsorted(stamps, stamps)
    if place.any():
        # Pictures closer than a tick (1 ms in Matroska) share a stamp: spread them within it.
        finer = int(place.max()) + 1
        stamps, tick = stamps * finer + place, tick / finer
    return Timebase.from_pts(stamps, tick, rate=rate)


def _remux(path: str, rate: str = "") -> str:
    target = Path(path).with_name(f"{Path(path).stem}_remuxed.mp4")
    # The stamps made up for B-frames begin before 0: an edit list would hide the first pictures.
    whole = "-use_editlist 0 " if rate else ""
    return f'ffmpeg -fflags +genpts {rate}-i "{path}" -c copy {whole}"{target}"'
