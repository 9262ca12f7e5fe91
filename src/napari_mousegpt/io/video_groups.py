"""Whether the pictures of a file can be numbered by counting from its key frames."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import av

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.video_open import open_video, packets_of

if TYPE_CHECKING:
    from napari_mousegpt.io.video_index import VideoIndex

__all__ = ["in_count_mode"]

#: Rows up to which the second key frame is looked for: two minutes at 25 frames per second.
_FAR = 3000
#: No codec moves a picture by more.
_REORDER = 16


def in_count_mode(index: VideoIndex) -> VideoIndex:
    """Return an index whose rows are counted from key frames.

    Counting is right only where every picture between two key frames in the file is also shown
    between them (closed groups). In an open group some are shown before the key frame they follow,
    so that counting from there is off by as many. The second key frame tells: it has to come out
    of the decoder at the place where it lies in the file.

    Raises
    ------
    FormatError
        When the groups are open, with the command that mends the file.
    """
    if len(index.key_rows) > 1 and index.key_rows[1] <= _FAR:
        place = _second_key(index)
        if place is not None and place > index.key_rows[1]:
            target = Path(index.path).with_name(f"{Path(index.path).stem}_mended.mp4")
            raise FormatError(
                index.path,
                expected="true time stamps, or closed groups of pictures",
                found="stamps that do not follow the pictures and groups that are open, so that a "
                "frame cannot be found again",
                remedy="Encode it again, nearly without loss: "
                f'ffmpeg -i "{index.path}" -fps_mode passthrough -c:v libx264 -crf 16 "{target}"',
            )
    return index.in_count_mode()


def _second_key(index: VideoIndex) -> int | None:
    """Return how many pictures come out before the second key frame, None if it does not come."""
    container, stream = open_video(index.path)
    out = 0
    with container:
        packets = packets_of(container, stream)
        try:
            for packet in islice(packets, int(index.key_rows[1]) + 2 * _REORDER):
                for frame in stream.codec_context.decode(packet):
                    if frame.key_frame and out:
                        return out
                    out += 1
        except av.FFmpegError:
            return None  # damaged: its places say nothing
    return None
