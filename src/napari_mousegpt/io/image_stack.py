"""A TIFF stack as a recording, read page by page."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.image_pages import open_image
from napari_mousegpt.io.picture_facts import PictureInfo, UnreadableError, numbered
from napari_mousegpt.io.picture_source import LazyPictures
from napari_mousegpt.io.tiff_clock import stated_clock
from napari_mousegpt.io.tiff_layout import TiffLayout, find_layout
from napari_mousegpt.io.tiff_pages import (
    heard,
    open_tiff,
    opened,
    page_header,
    page_planes,
    picture_from,
    through_pillow,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    from napari_mousegpt.io.pixel_scale import PixelScale

__all__ = ["ImageStack"]


class ImageStack(LazyPictures):
    """The pictures over time of a TIFF file: plain, BigTIFF, OME, ImageJ, MicroManager and others.

    Opening reads the chain of page offsets, not the pages. Data in one uncompressed block are read
    at their place in it, so that nothing is parsed at all; they are read, not mapped into memory,
    because a mapped file that shrinks on a network disk ends the whole program.

    Parameters
    ----------
    path : str or Path
        A TIFF file; of an OME set of several files, any of them.
    fps : float, str or Fraction, optional
        Frames per second; replaces what the file states. Where neither does, there is no clock.
    series : int, optional
        Which series, for files with several.
    axes : str, optional
        Letters for the axes of the file, to name them otherwise: ``"TYX"`` for a time series that
        was saved as ``ZYX``.
    planes : mapping of str to int, optional
        One position on each axis other than time: ``{"Z": 3, "C": 0}``.
    limits : (low, high), optional
        Values shown as 0 and 255; else uint8 is taken as it is, other kinds by the display range
        of ImageJ or by percentiles, see :class:`napari_mousegpt.io.pixel_scale.PixelScale`.
    cache_bytes : int
        Memory for decoded pictures; those of an uncompressed block are not kept.

    Raises
    ------
    InputError
        When there is no such file, or when it is not clear which axis is time: the message names
        the axes and what to give.
    FormatError
        When it is no TIFF file, or holds pictures that are not read.

    Notes
    -----
    Frame ``i`` is the ``i``-th picture that the file states. Of a file that was cut, pictures
    beyond its end are flagged in :attr:`damaged`; a file that does not state how many it holds has
    as many as are found, and a note says that its list of pages breaks off.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | str | Fraction | None = None,
        series: int | None = None,
        axes: str | None = None,
        planes: Mapping[str, int] | None = None,
        limits: tuple[float, float] | None = None,
        cache_bytes: int = 256 << 20,
    ) -> None:
        self._path = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
        self._options: dict[str, Any] = {
            "fps": fps,
            "series": series,
            "axes": axes,
            "planes": dict(planes) if planes else None,
            "limits": limits,
            "cache_bytes": cache_bytes,
        }
        with heard() as said:
            self._tiff = open_tiff(self._path)
            try:
                self._layout = find_layout(
                    self._tiff, self._path, series=series, axes=axes, planes=planes
                )
                clock, about = self._clock(fps)
            except BaseException:
                self._tiff.close()
                raise
        weakref.finalize(self, self._tiff.close)
        self._image: Image | None = None
        layout = self._layout
        height, width, channels, dtype = layout.header
        page = layout.keyframe
        # The first of the sentences on the clock says where it is from, the others what was wrong.
        problems = (*about[0 if clock is None else 1 :], *_broken_off(said, layout))
        notes = [*layout.notes, *about[: 0 if clock is None else 1], *problems]
        super().__init__(
            self._path,
            (layout.n_frames, height, width),
            colour=channels == 3,
            stored=np.dtype(dtype),
            facts=PictureInfo(
                container="BigTIFF" if self._tiff.is_bigtiff else "TIFF",
                codec=getattr(page.compression, "name", str(page.compression)),
                pix_fmt=f"{'rgb' if channels == 3 else 'gray'} {dtype}",
                width=width,
                height=height,
                rotation=0,
                decoder=_decoder(pillow=layout.pillow),
                notes=tuple(notes),
                problems=problems,
            ),
            timebase=clock,
            limits=limits,
            display=_display_range(self._tiff),
            cache_bytes=0 if layout.block else cache_bytes,
        )
        there = np.arange(layout.n_frames) * layout.stride + layout.first < layout.n_planes
        self._missing |= ~there

    @property
    def path(self) -> str:
        """Absolute path of the file."""
        return self._path

    @property
    def timebase(self) -> Timebase | None:
        """The clock, from ``fps`` or what the file states; None when neither gives one."""
        return self._timebase

    def reopen(self) -> ImageStack:
        """Return the same stack with its own file and cache, for a job."""
        other = ImageStack(self._path, **self._options)
        other._scale = self._scale
        # What one finds out about damage, the other knows.
        other._missing = self._missing
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self._path, self._options, self._scale)

    def close(self) -> None:
        """Close the file and drop the cache; reading afterwards is an error."""
        with self._lock:
            super().close()
            self._tiff.close()
            if self._image is not None:
                self._image.close()

    def _clock(self, fps: float | str | Fraction | None) -> tuple[Timebase | None, tuple[str, ...]]:
        n_frames, number = self._layout.n_frames, self._layout.series
        if fps is not None:
            return Timebase.constant(fps, n_frames), ()
        return stated_clock(self._tiff, n_frames, number, self._page)

    def _page(self, row: int) -> tifffile.TiffPage | None:
        """Return the page a picture is on, with its own tags."""
        layout = self._layout
        place = (layout.first + row * layout.stride) // layout.planes_per_page
        pages = self._tiff.pages if layout.block else layout.pages
        if place >= len(pages):
            return None
        page = pages[place]
        if isinstance(page, tifffile.TiffFrame) and not page.is_virtual:
            with opened(page):
                return page.aspage()
        return page

    def _stored(self, row: int) -> NDArray[Any]:
        layout = self._layout
        if layout.block is not None:
            return self._from_block(row, layout.block)
        with heard():
            try:
                page = self._page(row)
            except Exception as error:  # tifffile raises whatever a damaged page leads to
                raise UnreadableError(str(error)) from error
            if page is None:
                raise UnreadableError("no page")
            header = page_header(page.keyframe, f"{self._path}, picture {row}")
            if header != layout.header:
                raise FormatError(
                    f"{self._path}, picture {row}",
                    expected=f"{layout.header}, as the first one has",
                    found=str(header),
                    remedy="Save the pictures of one camera in one setting as a stack of their "
                    "own.",
                )
            if layout.pillow:
                if self._image is None:
                    self._image = open_image(self._path)
                    weakref.finalize(self, self._image.close)
                return through_pillow(self._image, page.index, header)
            planes = page_planes(page)
        inside = (layout.first + row * layout.stride) % layout.planes_per_page
        if inside >= len(planes):
            raise UnreadableError(f"{len(planes)} planes")
        return picture_from(planes[inside], page)

    def _from_block(
        self, row: int, block: tuple[int, tuple[int, ...], np.dtype[Any]]
    ) -> NDArray[Any]:
        offset, shape, dtype = block
        layout = self._layout
        n_bytes = int(np.prod(shape)) * dtype.itemsize
        handle = self._tiff.filehandle
        try:
            handle.seek(offset + (layout.first + row * layout.stride) * n_bytes)
            data = handle.read(n_bytes)
        except OSError as error:
            raise UnreadableError(str(error)) from error
        if len(data) < n_bytes:
            raise UnreadableError(f"{len(data)} bytes for a picture of {n_bytes}")
        plane = np.frombuffer(data, dtype).reshape(shape)
        if len(shape) == 3 and layout.keyframe.axes.endswith("SYX"):
            plane = np.moveaxis(plane, 0, -1)
        return picture_from(plane.astype(dtype.newbyteorder("="), copy=False), layout.keyframe)


def _opened(path: str, options: dict[str, Any], scale: PixelScale | None) -> ImageStack:
    stack = ImageStack(path, **options)
    stack._scale = scale
    return stack


def _broken_off(said: list[str], layout: TiffLayout) -> list[str]:
    """Return sentences for what tifffile found wrong."""
    notes = []
    stated = layout.first + (layout.n_frames - 1) * layout.stride + 1
    if layout.n_planes < stated:
        rows = range(-(-(layout.n_planes - layout.first) // layout.stride), layout.n_frames)
        notes.append(f"The file is cut: pictures {numbered(rows)} are not in it.")
    elif any("invalid page offset" in text for text in said):
        notes.append(
            f"The list of pages breaks off after {layout.n_frames}: the file may be cut, and "
            "nothing in it says how many pictures there were."
        )
    other = [text for text in said if "invalid page offset" not in text]
    if other:
        notes.append(f"tifffile says: {other[0][:200]}")
    return notes


def _display_range(tiff: tifffile.TiffFile) -> tuple[float, float] | None:
    """Return the display range that ImageJ wrote."""
    described = tiff.imagej_metadata or {}
    try:
        return float(described["min"]), float(described["max"])
    except (KeyError, TypeError, ValueError):
        return None


def _decoder(*, pillow: bool) -> str:
    if not pillow:
        return f"tifffile {tifffile.__version__}"
    import PIL

    return f"Pillow {PIL.__version__}, pages found by tifffile {tifffile.__version__}"
