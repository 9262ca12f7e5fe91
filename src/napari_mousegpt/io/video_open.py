"""Opening a video file, with an error that helps when it is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import av

from napari_mousegpt.errors import FormatError, InputError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["open_video"]

_ATTACHED_PICTURE = 0x400  # cover art of a sound file


def open_video(path: str) -> tuple[InputContainer, VideoStream]:
    """Open a file and pick its video stream.

    Raises
    ------
    InputError, FormatError
        When the path is no file, or the file no video.
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
    try:
        # Play lists may name addresses elsewhere; only this file is wanted.
        container = av.open(path, options={"protocol_whitelist": "file"})
    except av.FFmpegError as error:
        raise _not_a_video(path, str(error.strerror)) from error
    streams = [s for s in container.streams.video if not int(s.disposition) & _ATTACHED_PICTURE]
    kind = container.format.name
    if streams and not (kind == "tty" or kind.endswith("_pipe")) and streams[0].codec_context:
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
        found="text" if kind == "tty" else f"a {kind} file without a video stream that can be read",
        remedy="Choose the video file itself.",
    )


def _not_a_video(path: str, reason: str) -> FormatError:
    with Path(path).open("rb") as file:
        head = file.read(4096)
    if head[4:8] in (b"ftyp", b"mdat", b"wide", b"free"):
        return FormatError(
            path,
            expected="an MP4 file with its index (the moov box)",
            found="none that can be read: the recording was not closed, or its copy was cut short",
            remedy="Copy it again, or rebuild the index from a finished recording of the same "
            'camera with "untrunc good.mp4 broken.mp4" and remux the result with '
            '"ffmpeg -i fixed.mp4 -c copy clip.mp4".',
        )
    text = b"\0" not in head and all(byte > 8 for byte in head)
    return FormatError(
        path,
        expected="a video file",
        found="text" if text else f"data that no video format fits ({reason})",
        remedy="Choose the video file itself." if text else "Copy it again, or try it in a player.",
    )
