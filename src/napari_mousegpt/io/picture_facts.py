"""Facts about pictures that are no video file, and what is believed of a header."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.pixel_scale import PixelScale

__all__ = [
    "MOST_BYTES",
    "MOST_FRAMES",
    "MOST_PIXELS",
    "PictureInfo",
    "UnreadableError",
    "check_size",
    "numbered",
]

#: The largest picture that is read; a header that claims more is not believed.
MOST_PIXELS = 1 << 26
MOST_BYTES = 1 << 29
#: The most pictures in one recording: ten hours at 500 frames per second.
MOST_FRAMES = 20_000_000

_SHOWN = 8


@dataclass(frozen=True)
class PictureInfo:
    """Facts about pictures that are no video file; the names are those of ``VideoInfo``.

    Parameters
    ----------
    container, codec, pix_fmt : str
        For example ``"TIFF"``, ``"ADOBE_DEFLATE"``, ``"gray uint16"``.
    width, height : int
    rotation : int
        Always 0: pictures are given as they are stored.
    decoder : str
        What read the pictures and how their values were scaled, for provenance.
    notes : tuple of str
        Sentences about what is unusual, was decided or is wrong.
    problems : tuple of str
        Those of the notes that say what is wrong or in doubt.
    scale : PixelScale, optional
        How values became uint8.
    """

    container: str
    codec: str
    pix_fmt: str
    width: int
    height: int
    rotation: int
    decoder: str
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    scale: PixelScale | None = None


class UnreadableError(Exception):
    """One picture cannot be read. It stays in this room: the frame is flagged, not renumbered."""


def check_size(name: object, height: int, width: int, itemsize: int) -> None:
    """Refuse a picture larger than the stated limits, before memory is taken for it.

    Parameters
    ----------
    name : object
        What to call it in the error.
    height, width : int
        Pixels.
    itemsize : int
        Bytes of one pixel.

    Raises
    ------
    FormatError
    """
    pixels = height * width
    if pixels < 1:
        raise FormatError(name, expected="a picture", found=f"{width} x {height} pixels")
    if pixels > MOST_PIXELS or pixels * itemsize > MOST_BYTES:
        raise FormatError(
            name,
            expected=f"pictures of at most {MOST_PIXELS >> 20} megapixels and "
            f"{MOST_BYTES >> 20} MiB",
            found=f"{width} x {height} pixels of {itemsize} bytes",
            remedy="If they are that large, crop or shrink them first; else the file is damaged.",
        )


def numbered(rows: Iterable[int]) -> str:
    """Return numbers for a sentence: runs as ranges, at most eight of them.

    Examples
    --------
    >>> numbered([3, 4, 5, 9])
    '3 to 5, 9'
    """
    runs: list[list[int]] = []
    for row in map(int, rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    shown = [str(a) if a == b else f"{a} to {b}" for a, b in runs[:_SHOWN]]
    return ", ".join([*shown, "..."] if len(runs) > _SHOWN else shown)
