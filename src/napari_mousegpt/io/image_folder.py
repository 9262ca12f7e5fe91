"""A sequence of image files as a recording: one file is one picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.image_names import TIFF_SUFFIXES, FoundImages, find_images
from napari_mousegpt.io.image_pages import ImageHeader, open_image, pixels_of, read_header
from napari_mousegpt.io.picture_facts import MOST_FRAMES, PictureInfo, UnreadableError
from napari_mousegpt.io.picture_source import LazyPictures

__all__ = ["ImageFolder"]

#: Files whose size and kind are looked at when a sequence is opened; of more, as many evenly
#: spread. Every file is checked again when it is read.
_LOOKED_AT = 5000


class ImageFolder(LazyPictures):
    """The images of a folder, a pattern or a list, in natural order.

    Parameters
    ----------
    given : folder, pattern or sequence of paths
        See :func:`napari_mousegpt.io.image_names.find_images`.
    fps : float, str or Fraction, optional
        Frames per second; without it the sequence has no clock.
    limits : (low, high), optional
        Values shown as 0 and 255, for images that are not uint8.
    cache_bytes : int
        Memory for pictures that were read.

    Raises
    ------
    InputError
        When there are no images, or they are not one sequence.
    FormatError
        When one differs from the others in size or kind (also later, when it is read), or none can
        be read.

    Notes
    -----
    Pixels are given as stored: the orientation tag of a photo is not applied. An alpha channel is
    left out, a palette becomes RGB.
    """

    def __init__(
        self,
        given: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        fps: float | str | Fraction | None = None,
        limits: tuple[float, float] | None = None,
        cache_bytes: int = 256 << 20,
    ) -> None:
        found = find_images(given)
        header, broken = _looked_at(found.paths)
        self._setup(given, found, header, fps, limits, cache_bytes)
        self._missing[broken] = True

    def _setup(
        self,
        given: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        found: FoundImages,
        header: ImageHeader,
        fps: float | str | Fraction | None,
        limits: tuple[float, float] | None,
        cache_bytes: int,
    ) -> None:
        import PIL

        self._given, self._found, self._header = given, found, header
        self._fps = fps
        height, width, channels, dtype = header
        tiff = Path(found.paths[0]).suffix.lower() in TIFF_SUFFIXES
        facts = PictureInfo(
            container="image sequence",
            codec=Path(found.paths[0]).suffix[1:].lower(),
            pix_fmt=f"{'rgb' if channels == 3 else 'gray'} {dtype}",
            width=width,
            height=height,
            rotation=0,
            decoder=_tifffile_version() if tiff else f"Pillow {PIL.__version__}",
            notes=found.notes,
            problems=found.problems,
        )
        super().__init__(
            _called(given),
            (len(found.paths), height, width),
            colour=channels == 3,
            stored=header.dtype,
            facts=facts,
            timebase=None if fps is None else Timebase.constant(fps, len(found.paths)),
            limits=limits,
            cache_bytes=cache_bytes,
        )

    @property
    def path(self) -> str | list[str]:
        """The folder or pattern (absolute), or the list of files in the order of the pictures."""
        if isinstance(self._given, str | os.PathLike):
            return os.path.abspath(self._given)  # noqa: PTH100 - resolve() would follow links
        return list(self._found.paths)

    @property
    def paths(self) -> tuple[str, ...]:
        """The file of each picture."""
        return self._found.paths

    @property
    def pattern(self) -> str | None:
        """A pattern that finds exactly these files; None for a list."""
        return self._found.pattern

    def reopen(self) -> ImageFolder:
        """Return the same sequence with its own cache; files are not looked for again."""
        other = object.__new__(type(self))
        options = self._given, self._found, self._header, self._fps
        other._setup(*options, self._limits, self._cache_bytes)
        other._scale = self._scale
        # What one finds out about damage, the other knows.
        other._missing = self._missing
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        options = self._found.paths, self._fps, self._limits, self._cache_bytes
        return _opened, (self._given, *options, self._scale)

    def _stored(self, row: int) -> NDArray[Any]:
        path = self._found.paths[row]
        header, picture = _read(path)
        if header != self._header:
            raise _another(path, self._found.paths[0], self._header, header)
        return picture


def _opened(
    given: Any, paths: tuple[str, ...], fps: Any, limits: Any, cache_bytes: int, scale: Any
) -> ImageFolder:
    folder = ImageFolder(given, fps=fps, limits=limits, cache_bytes=cache_bytes)
    if folder.paths != paths:
        raise FormatError(
            _called(given),
            expected=f"the {len(paths)} images it had before",
            found=f"{len(folder.paths)} images",
            remedy="Files were added or removed meanwhile: open the recording again.",
        )
    folder._scale = scale
    return folder


def _called(given: Any) -> str:
    if isinstance(given, str | os.PathLike):
        return os.fspath(given)
    return f"list of {len(given)} images"


def _looked_at(paths: Sequence[str]) -> tuple[ImageHeader, list[int]]:
    """Return what the images hold, and which cannot be opened."""
    if len(paths) > MOST_FRAMES:
        raise FormatError(
            "images", expected=f"at most {MOST_FRAMES} of them", found=str(len(paths))
        )
    first: tuple[str, ImageHeader] | None = None
    broken = []
    rows = np.unique(
        np.rint(np.linspace(0, len(paths) - 1, min(len(paths), _LOOKED_AT))).astype(np.int64)
    )
    for row in rows:
        path = paths[row]
        try:
            header = _header(path)
        except UnreadableError:
            broken.append(int(row))
            continue
        if first is None:
            first = path, header
        elif header != first[1]:
            raise _another(path, first[0], first[1], header)
    if first is None:
        raise FormatError(
            paths[0],
            expected="images that can be read",
            found=f"none among {len(rows)} files",
            remedy="Copy them again from where they were recorded.",
        )
    return first[1], broken


def _another(path: str, first: str, wanted: ImageHeader, found: ImageHeader) -> FormatError:
    return FormatError(
        path,
        expected=f"{wanted}, as {Path(first).name} has",
        found=str(found),
        remedy="A sequence holds pictures of one camera in one setting: move this file elsewhere, "
        "or give a pattern that leaves it out.",
    )


def _header(path: str) -> ImageHeader:
    if Path(path).suffix.lower() in TIFF_SUFFIXES:
        from napari_mousegpt.io.tiff_pages import single_header

        return single_header(path)
    with open_image(path) as image:
        return read_header(image, path)


def _read(path: str) -> tuple[ImageHeader, NDArray[Any]]:
    if Path(path).suffix.lower() in TIFF_SUFFIXES:
        from napari_mousegpt.io.tiff_pages import read_single

        return read_single(path)
    with open_image(path) as image:
        return read_header(image, path), pixels_of(image)


def _tifffile_version() -> str:
    from importlib.metadata import version

    return f"tifffile {version('tifffile')}"
