"""Opening TIFF files and reading single pages of them, with errors that say what is wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.image_pages import (
    ImageHeader,
    open_image,
    pixels_of,
    quiet_pillow,
    read_header,
)
from napari_mousegpt.io.picture_facts import UnreadableError, check_size

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "heard",
    "needs_pillow",
    "not_a_tiff",
    "notes_on",
    "open_tiff",
    "opened",
    "page_header",
    "page_planes",
    "picture_from",
    "read_single",
    "single_header",
    "through_pillow",
]

# No compression shrinks a picture by more; a header that says so is not believed.
_MOST_SHRUNK = 10_000
#: From this size on the offsets that ScanImage writes into classic TIFF are wrong.
_WRAPS = 1 << 31
_MINISWHITE, _PALETTE = 0, 3
#: Compressions that Pillow's libtiff reads where tifffile needs imagecodecs.
_OF_PILLOW = {2, 3, 4, 5, 6, 7, 32773, 34925, 50000}


class _Listener(logging.Handler):
    """Collects what tifffile says in one thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and len(self.said) < 100:
            self.said.append(record.getMessage())


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect the warnings of tifffile instead of printing them."""
    logger, listener = logging.getLogger("tifffile"), _Listener()
    logger.addHandler(listener)
    try:
        yield listener.said
    finally:
        logger.removeHandler(listener)


def open_tiff(path: str) -> tifffile.TiffFile:
    """Open a TIFF file.

    Raises
    ------
    InputError
        When there is no such file.
    FormatError
        When it is empty or no TIFF file.
    """
    file = Path(path)
    if not file.is_file():
        found = "a folder" if file.is_dir() else "nothing there"
        raise InputError(path, expected="a TIFF file", found=found, remedy="Check the path.")
    if file.stat().st_size == 0:
        raise FormatError(
            path,
            expected="a TIFF file",
            found="an empty file (0 bytes)",
            remedy="Copy it again from where it was recorded.",
        )
    tiff = None
    try:
        # tifffile would reckon where the pages of ScanImage are, and miss the last one.
        tiff = tifffile.TiffFile(path, is_scanimage=False)
        if tiff.pages.first.is_scanimage:
            if tiff.is_bigtiff or tiff.filehandle.size < _WRAPS:
                tiff.is_scanimage = True
            else:
                tiff.close()
                tiff = tifffile.TiffFile(path)
        return tiff
    except Exception as error:  # tifffile raises whatever a damaged header leads to
        if tiff is not None:
            tiff.close()
        if isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
            raise InputError(path, expected="a readable file", found=reason) from error
        raise not_a_tiff(path, error) from error


def not_a_tiff(path: str, error: Exception) -> FormatError:
    """Return the error for a file that tifffile cannot make sense of."""
    return FormatError(
        path,
        expected="a TIFF file",
        found=f"data that cannot be read as one ({str(error)[:200] or type(error).__name__})",
        remedy="Copy it again from where it was recorded, or open it in ImageJ and save it anew.",
    )


@contextmanager
def opened(page: tifffile.TiffPage | tifffile.TiffFrame) -> Iterator[None]:
    """Open the file of a page for a while, if it is another file of a set and not open."""
    handle = page.parent.filehandle
    if not handle.closed:
        yield
        return
    handle.open()
    try:
        yield
    finally:
        handle.close()


def page_header(page: tifffile.TiffPage, name: str) -> ImageHeader:
    """Return what the pictures of a page hold.

    Raises
    ------
    FormatError
        For pictures that are too large, of too many channels, or that the file cannot hold.
    """
    samples = page.shape[page.axes.index("S")] if "S" in page.axes else 1
    if page.dtype is None or samples > 4 or "Y" not in page.axes or "X" not in page.axes:
        raise FormatError(
            name,
            expected="grey or colour pictures",
            found=f"{samples} channels of {page.dtype} in axes {page.axes}",
            remedy="Save the channel that is wanted as a stack of its own.",
        )
    height, width = page.imagelength, page.imagewidth
    check_size(name, height, width, samples * page.dtype.itemsize)
    # All planes of a page are decoded in one go.
    planes = int(np.prod([int(n) for n in page.shape], dtype=object)) // (height * width * samples)
    check_size(name, height * max(planes, 1), width, samples * page.dtype.itemsize)
    size = page.parent.filehandle.size
    if page.compression != 1 and page.nbytes > _MOST_SHRUNK * size:
        raise FormatError(
            name,
            expected=f"pictures at most {_MOST_SHRUNK} times as large as their file",
            found=f"{page.nbytes} bytes from a file of {size}",
            remedy="The file is damaged: copy it again.",
        )
    coloured = page.photometric == _PALETTE and samples == 1 and _colours(page) is not None
    channels = 3 if samples >= 3 or coloured else 1
    dtype = "uint8" if coloured else str(page.dtype)
    return ImageHeader((height, width, channels, dtype))


def needs_pillow(page: tifffile.TiffPage, name: str) -> bool:
    """Return whether tifffile lacks the codec of a page and Pillow has it.

    Raises
    ------
    FormatError
        When neither has it.
    """
    try:
        tifffile.TIFF.DECOMPRESSORS[page.compression]
        tifffile.TIFF.UNPREDICTORS[page.predictor]
    except KeyError as error:
        plain = page.axes in ("YX", "YXS") and page.compression in _OF_PILLOW
        if plain and (page.dtype in (np.uint8, np.bool_) or page.axes == "YX"):
            return True
        raise FormatError(
            name,
            expected="a compression that can be read here",
            found=getattr(page.compression, "name", str(page.compression)),
            remedy='Install the codecs with "pip install imagecodecs", or save the stack without '
            "compression or with zlib.",
        ) from error
    return False


def page_planes(page: tifffile.TiffPage) -> NDArray[Any]:
    """Decode a page: (planes, Y, X) or (planes, Y, X, S), stored values.

    Raises
    ------
    UnreadableError
        When its data are damaged, cut or not there.
    """
    try:
        with opened(page):
            _check_segments(page)
            values: NDArray[Any] = page.asarray(maxworkers=1)
    except Exception as error:  # codecs raise zlib.error, ValueError, struct.error, ...
        raise UnreadableError(str(error)) from error
    if values.shape != page.shape:
        raise UnreadableError(f"{values.shape} instead of {page.shape}")
    if "S" in page.axes:
        values = np.moveaxis(values, page.axes.index("S"), -1)
        return values.reshape(-1, *values.shape[-3:])
    return values.reshape(-1, *values.shape[-2:])


def _check_segments(page: tifffile.TiffPage) -> None:
    """Refuse a page whose data lie outside the file: tifffile would fill in zeros."""
    offsets, counts = page.dataoffsets, page.databytecounts
    size = page.parent.filehandle.size
    if not offsets or len(offsets) != len(counts):
        raise UnreadableError("no data")
    if page.compression == 1 and page.bitspersample % 8 == 0 and sum(counts) < page.nbytes:
        raise UnreadableError(f"{sum(counts)} bytes for a picture of {page.nbytes}")
    for offset, count in zip(offsets, counts, strict=True):
        if count < 1 or offset < 1 or offset + count > size:
            raise UnreadableError("data outside the file")


def picture_from(plane: NDArray[Any], page: tifffile.TiffPage) -> NDArray[Any]:
    """Return one plane as (Y, X) or (Y, X, 3): alpha left out, a palette as its colours."""
    if page.photometric == _PALETTE and plane.ndim == 2:
        colours = _colours(page)
        if colours is not None:
            return np.asarray(colours[np.minimum(plane, len(colours) - 1)])
        return plane
    if plane.ndim == 3:
        return plane[..., :3] if plane.shape[-1] >= 3 else plane[..., 0]
    return plane


def _colours(page: tifffile.TiffPage) -> NDArray[np.uint8] | None:
    """Return the palette, uint8 (n, 3); None if there is none, or it holds shades of grey."""
    table = page.colormap
    if table is None or table.ndim != 2 or table.shape[0] != 3 or not table.shape[1]:
        return None
    # 16-bit by the standard; some writers give 0 to 255.
    small = table if table.max() <= 255 else table >> 8
    colours = np.ascontiguousarray(small.T.astype(np.uint8))
    return None if np.array_equal(colours, _greys(len(colours))) else colours


def _greys(n: int) -> NDArray[np.uint8]:
    return np.repeat((np.arange(n) % 256).astype(np.uint8)[:, None], 3, axis=1)


def notes_on(page: tifffile.TiffPage) -> list[str]:
    """Return sentences on how the pixels of a page are taken."""
    notes = []
    if page.photometric == _MINISWHITE:
        notes.append("The file says that 0 is white: values are given as stored, not inverted.")
    if page.photometric == _PALETTE and _colours(page) is not None:
        notes.append("Pixels are given as the colours of their palette.")
    if "S" in page.axes and page.shape[page.axes.index("S")] in (2, 4):
        notes.append("The last channel (alpha) is left out.")
    return notes


def through_pillow(image: Image, index: int, header: ImageHeader) -> NDArray[Any]:
    """Read a page through Pillow: (Y, X) or (Y, X, 3).

    Parameters
    ----------
    image : Image
        The opened file; it knows the pages it has come by, so keep it open.
    index : int
        Number of the page in the file.
    header : ImageHeader

    Raises
    ------
    UnreadableError
        When it cannot.
    """
    with quiet_pillow():
        try:
            image.seek(index)
        except Exception as error:  # also of damaged directories on the way
            raise UnreadableError(str(error)) from error
        found = read_header(image, "page")
        if found[:3] != header[:3]:
            raise UnreadableError(str(found))
        return pixels_of(image)


def single_header(path: str) -> ImageHeader:
    """Return what a TIFF file of one picture holds.

    Raises
    ------
    UnreadableError
        When it is damaged.
    FormatError
        When it holds several pictures, or one that cannot be read here.
    """
    with _single(path) as page:
        return page_header(page, path)


def read_single(path: str) -> tuple[ImageHeader, NDArray[Any]]:
    """Read a TIFF file of one picture; raises as :func:`single_header`."""
    with _single(path) as page:
        header = page_header(page, path)
        if needs_pillow(page, path):
            with open_image(path) as image:
                return header, through_pillow(image, 0, header)
        planes = page_planes(page)
        if len(planes) != 1:
            raise FormatError(path, expected="one picture", found=f"{len(planes)} planes")
        return header, picture_from(planes[0], page)


@contextmanager
def _single(path: str) -> Iterator[tifffile.TiffPage]:
    with heard():
        try:
            tiff = open_tiff(path)
        except FormatError as error:
            raise UnreadableError(str(error)) from error
        with tiff:
            if len(tiff.pages) > 1:
                raise FormatError(
                    path,
                    expected="one picture in each file of a sequence",
                    found=f"a stack of {len(tiff.pages)} pages",
                    remedy="Open the stack by itself.",
                )
            yield tiff.pages.first
