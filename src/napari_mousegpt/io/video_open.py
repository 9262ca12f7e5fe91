"""Opening a video file, with an error that helps when it is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.codec.hwaccel import HWAccel

from napari_mousegpt.errors import FormatError, InputError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

__all__ = ["hardware_failed", "open_video"]

_ATTACHED_PICTURE = 0x400  # cover art of a sound file


def open_video(path: str, hardware: str | None = None) -> tuple[InputContainer, VideoStream]:
    """Open a file and pick its video stream.

    Parameters
    ----------
    path : str
    hardware : str, optional
        FFmpeg's name of a device that decodes (``"cuda"``). Either it decodes every picture or
        reading fails: FFmpeg never changes over to software by itself.

    Raises
    ------
    InputError, FormatError
        When the path is no file, or the file no video, or the device does not decode it.
    """
    file = Path(path)
    if not file.exists():
        raise InputError(
            path, expected="a video file", found="nothing there", remedy="Check the path."
        )
    if file.is_dir():
        raise InputError(
            path, expected="a video file", found="a folder", remedy="Name the video inside it."
        )
    if file.stat().st_size == 0:
        raise FormatError(
            path,
            expected="a video file",
            found="an empty file (0 bytes)",
            remedy="Copy it again from where it was recorded.",
        )
    with file.open("rb") as opened:
        head = opened.read(4096)
    if _is_text(head):  # also play lists, which FFmpeg would follow to other files
        raise FormatError(
            path, expected="a video file", found="text", remedy="Choose the video file itself."
        )
    device = HWAccel(hardware, allow_software_fallback=False) if hardware else None
    try:
        container = av.open(
            path,
            options={"protocol_whitelist": "file"},
            hwaccel=device,
            metadata_errors="replace",  # titles and comments may be in any encoding
        )
    except MemoryError as error:
        raise _not_a_video(path, head, "a header that claims more memory than there is") from error
    except (av.FFmpegError, RuntimeError) as error:
        if hardware:
            raise hardware_failed(path, hardware, error) from error
        if not isinstance(error, av.FFmpegError):
            raise
        raise _not_a_video(path, head, str(error.strerror)) from error
    streams = [s for s in container.streams.video if not int(s.disposition) & _ATTACHED_PICTURE]
    kind = container.format.name
    if streams and not kind.endswith("_pipe") and streams[0].codec_context:
        return container, streams[0]
    container.close()
    if kind.endswith("_pipe"):
        raise FormatError(
            path,
            expected="a video",
            found=f"a single picture ({kind.removesuffix('_pipe')})",
            remedy="Open pictures and stacks as image layers.",
        )
    raise FormatError(
        path,
        expected="a video",
        found=f"a {kind} file without a video stream that can be read",
        remedy="Choose the video file itself.",
    )


def hardware_failed(path: str, hardware: str, error: Exception) -> InputError:
    """Return the error for a device that does not decode, or no longer does."""
    return InputError(
        path,
        expected=f"a device that decodes it ({hardware})",
        found=str(getattr(error, "strerror", None) or error),
        remedy="Open it without hardware decoding.",
    )


def packets_of(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield the packets of a stream.

    Raises
    ------
    av.FFmpegError
        When reading stops, also where damage makes a new stream begin in the middle of the file,
        which PyAV meets with an IndexError.
    """
    try:
        yield from container.demux(stream)
    except IndexError as error:
        code = av.error.tag_to_code(b"INDA")
        raise av.error.InvalidDataError(code, "a stream begins in the middle") from error


def _is_text(head: bytes) -> bool:
    return all(byte > 8 for byte in head) and not head.startswith(b"YUV4MPEG2")


def _not_a_video(path: str, head: bytes, reason: str) -> FormatError:
    if head[4:8] in (b"ftyp", b"mdat", b"wide", b"free"):
        return FormatError(
            path,
            expected="an MP4 file with its index (the moov box)",
            found="none that can be read: the recording was not closed, or its copy was cut short",
            remedy="Copy it again, or rebuild the index from a finished recording of the same "
            'camera with "untrunc good.mp4 broken.mp4" and remux the result with '
            '"ffmpeg -i fixed.mp4 -c copy clip.mp4".',
        )
    return FormatError(
        path,
        expected="a video file",
        found=f"data that no video format fits ({reason})",
        remedy="Copy it again, or try it in a player.",
    )
