"""Reading single images through Pillow, and the pages of TIFF files that tifffile has no codec for.

tifffile reads LZW, JPEG and some other compressions only beside the package imagecodecs; Pillow
brings libtiff, which knows them.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.picture_facts import UnreadableError, check_size

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["ImageHeader", "open_image", "pixels_of", "quiet_pillow", "read_header"]

#: Pillow's kinds of picture: how to convert (or not), and the stored values.
_MODES = {
    "1": (None, "bool", 1),
    "L": (None, "uint8", 1),
    "LA": ("L", "uint8", 1),
    "P": ("RGB", "uint8", 3),
    "PA": ("RGB", "uint8", 3),
    "RGB": (None, "uint8", 3),
    "RGBA": ("RGB", "uint8", 3),
    "RGBX": ("RGB", "uint8", 3),
    "YCbCr": ("RGB", "uint8", 3),
    "CMYK": ("RGB", "uint8", 3),
    "I;16": (None, "uint16", 1),
    "I;16B": (None, "uint16", 1),
    "I;16L": (None, "uint16", 1),
    "I": (None, "int32", 1),
    "F": (None, "float32", 1),
}
# Warnings are filtered for the whole process, so by one thread at a time.
_FILTERING = threading.RLock()


class ImageHeader(tuple[int, int, int, str]):
    """Height, width, channels (1 or 3) and kind of the stored values of one image."""

    __slots__ = ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of the stored values."""
        return np.dtype(self[3])

    def __str__(self) -> str:
        colours = "RGB" if self[2] == 3 else "grey"
        return f"{self[1]} x {self[0]} pixels, {colours} {self[3]}"


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep back Pillow's warnings: of large images, where our own limit tells, and of cut files."""
    with _FILTERING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_image(path: str) -> Image:
    """Open an image without decoding it.

    Raises
    ------
    UnreadableError
        When it is damaged or no image.
    FormatError
        When it is larger than is read.
    """
    import PIL.Image

    try:
        with quiet_pillow():
            return PIL.Image.open(path)
    except PIL.Image.DecompressionBombError as error:
        raise FormatError(path, expected="an image of usual size", found=str(error)) from error
    except Exception as error:  # its plugins raise whatever a damaged header leads to
        raise UnreadableError(str(error)) from error


def read_header(image: Image, name: str) -> ImageHeader:
    """Return what an opened image holds.

    Raises
    ------
    FormatError
        For a kind of image that is not read, or one that is too large.
    """
    if image.mode not in _MODES:
        raise FormatError(
            name,
            expected="a grey or colour image",
            found=f"one of mode {image.mode}",
            remedy="Save it as PNG or TIFF in grey or RGB.",
        )
    _, dtype, channels = _MODES[image.mode]
    check_size(name, image.height, image.width, channels * np.dtype(dtype).itemsize)
    return ImageHeader((image.height, image.width, channels, dtype))


def pixels_of(image: Image) -> NDArray[Any]:
    """Decode an opened image: (Y, X) or (Y, X, 3), stored values, alpha left out.

    Raises
    ------
    UnreadableError
        When its data are damaged or cut.
    """
    change, dtype, _ = _MODES[image.mode]
    try:
        if change == "RGB" and image.mode in ("P", "PA") and "transparency" in image.info:
            image = image.convert("RGBA")
        if change and image.mode in ("LA", "RGBA"):  # converting would not blend, but copy twice
            return np.asarray(image)[..., : 1 if change == "L" else 3].squeeze()
        return np.asarray(image.convert(change) if change else image).astype(dtype, copy=False)
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error, ...
        raise UnreadableError(str(error)) from error
