"""Which plane of a TIFF file is which picture in time.

TIFF itself knows only pages. What they are over (time, depth, colours) stands in the descriptions
that OME, ImageJ, MicroManager, ScanImage, MetaMorph and tifffile write; tifffile reads them into
letters, one for each axis. Time is found by its letter and never guessed among named axes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.image_pages import ImageHeader
from napari_mousegpt.io.picture_facts import MOST_FRAMES
from napari_mousegpt.io.tiff_pages import needs_pillow, not_a_tiff, notes_on, page_header

__all__ = ["TiffLayout", "find_layout"]

#: Letters that tifffile gives to axes the file does not name.
_UNNAMED = "IQ"
#: Pages from which on a file is long: tifffile parses each page of an undescribed file.
_LONG = 1000
_NAMES = {"T": "time", "Z": "depth", "C": "channels", "S": "samples", "Q": "pages", "I": "pages"}


@dataclass(frozen=True)
class TiffLayout:
    """Where the pictures of a stack stand in its file.

    Parameters
    ----------
    n_frames : int
        Pictures over time that the file states.
    first, stride : int
        Picture ``i`` is plane ``first + i * stride``.
    header : ImageHeader
    keyframe : tifffile.TiffPage
        A page that stands for all.
    pages : sequence
        Pages in the order of planes; empty when the data lie in one block.
    planes_per_page : int
    block : (int, tuple of int, dtype), optional
        Offset of the block of data, shape of one plane as stored, kind of the values.
    n_planes : int
        Planes that the file can hold, by its size or by the pages found.
    pillow : bool
        Pages are read through Pillow.
    series : int
        Number of the series.
    notes : tuple of str
    """

    n_frames: int
    first: int
    stride: int
    header: ImageHeader
    keyframe: Any
    pages: Any
    planes_per_page: int
    block: tuple[int, tuple[int, ...], np.dtype[Any]] | None
    n_planes: int
    pillow: bool
    series: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """Axes and pages of one series, as the file states them."""

    axes: str
    shape: tuple[int, ...]
    pages: Any
    offset: int | None
    keyframe: Any
    notes: tuple[str, ...] = ()


def find_layout(
    tiff: tifffile.TiffFile,
    path: str,
    *,
    series: int | None = None,
    axes: str | None = None,
    planes: Mapping[str, int] | None = None,
) -> TiffLayout:
    """Find the pictures over time in a TIFF file.

    Parameters
    ----------
    tiff : tifffile.TiffFile
    path : str
        Its name in errors.
    series, axes, planes
        As :class:`napari_mousegpt.io.image_stack.ImageStack` takes them.

    Raises
    ------
    InputError
        For a series, axes or planes that the file does not have, and where they have to be given.
    FormatError
        When the file is damaged, or its pictures are of a kind that is not read.
    """
    try:
        number = 0
        notes: tuple[str, ...] = ()
        plain = _plain_chain(tiff) if not series else None
        if plain is not None:
            found = plain
        else:
            every = list(tiff.series)
            number, notes = _chosen_series(every, path, series)
            found = _found(tiff, every[number])
    except (InputError, FormatError):
        raise
    except Exception as error:  # tifffile raises whatever damaged metadata lead to
        raise not_a_tiff(path, error) from error
    page = found.keyframe
    header = page_header(page, path)
    lead, sizes, stored, picture = _split(found, path, axes)
    n_frames, first, stride = _time(lead, sizes, path, dict(planes or {}), picture)
    if n_frames > MOST_FRAMES:
        raise FormatError(
            path, expected=f"at most {MOST_FRAMES} pictures", found=f"{n_frames} of them"
        )
    block = None
    n_planes, per_page = 0, 1
    plane = math.prod(stored)
    if found.offset is not None and page.parent is tiff and header.dtype == page.dtype:
        dtype = np.dtype(page.dtype).newbyteorder(tiff.byteorder)
        block = found.offset, stored, dtype
        n_planes = max(0, tiff.filehandle.size - found.offset) // (plane * dtype.itemsize)
    else:
        per_page = max(1, math.prod(int(n) for n in page.shape) // plane)
        n_planes = len(found.pages) * per_page
    pillow = block is None and needs_pillow(page, path)
    said = [*notes, *found.notes, *_said(lead, sizes, planes or {}, axes), *notes_on(page)]
    if pillow:
        said.append(f"Compression {page.compression.name} is read through Pillow.")
    return TiffLayout(
        n_frames,
        first,
        stride,
        header,
        page,
        () if block else found.pages,
        per_page,
        block,
        n_planes,
        pillow,
        number,
        tuple(said),
    )


def _plain_chain(tiff: tifffile.TiffFile) -> _Found | None:
    """Return the pages of a long file that no program has described, without parsing them all.

    As in a short file, its pages are one series if they are alike; here some of them tell. Each is
    compared with the first when it is read.
    """
    page = tiff.pages.first
    n_pages = 0 if page.flags else len(tiff.pages)
    if n_pages < _LONG:
        return None
    for place in (1, n_pages // 2, n_pages - 1):
        if tiff.pages.get(place).hash != page.hash:
            return None
    return _Found(f"I{page.axes}", (n_pages, *page.shape), tiff.pages, None, page)


def _chosen_series(every: list[Any], path: str, wanted: int | None) -> tuple[int, tuple[str, ...]]:
    shown = "; ".join(
        f"{number}: {_axes_text(item.axes, item.shape)}" for number, item in enumerate(every[:8])
    )
    if not every:
        raise FormatError(path, expected="pictures", found="none")
    if wanted is not None:
        if not 0 <= wanted < len(every):
            raise InputError(
                f"series={wanted}", expected=f"0 to {len(every) - 1}", found=f"{path} has {shown}"
            )
        return wanted, (f"Of {len(every)} series, number {wanted} was chosen.",)
    counts = [_n_planes(item) for item in every]
    number = int(np.argmax(counts))
    # A page of the size of the others is no label or thumbnail: it may be a damaged one of them.
    sizes = [(item.keyframe.imagelength, item.keyframe.imagewidth) for item in every]
    if len(every) == 1 or (
        sorted(counts)[-2] == 1 < max(counts) and sizes.count(sizes[number]) == 1
    ):
        note = f"Besides the stack there are {len(every) - 1} single pictures, left out."
        return number, (note,) if len(every) > 1 else ()
    page_header(every[0].keyframe, path)  # a damaged first page is told as such
    raise InputError(
        path,
        expected="one series of pictures",
        found=f"{len(every)}: {shown}{'; ...' if len(every) > 8 else ''}",
        remedy="Choose one with series=0, series=1, ...",
    )


def _n_planes(series: Any) -> int:
    lead = series.axes.replace("Y", "").replace("X", "").replace("S", "")
    return math.prod(n for a, n in zip(series.axes, series.shape, strict=True) if a in lead)


def _found(tiff: tifffile.TiffFile, series: Any) -> _Found:
    """Return the axes of a series, also where the end of the file is missing."""
    # tifffile believes a description only if all its pages are there.
    page = series.keyframe
    n_found = _n_planes(series)
    if page is tiff.pages.first and page.is_imagej and series.kind != "imagej":
        stated = _stated_by_imagej(tiff.imagej_metadata or {})
        offsets = page.dataoffsets
        offset = offsets[0] if offsets and page.is_final else None
        if math.prod(stated.values()) > n_found:
            return _stated(tiff, page, stated, offset, "ImageJ's description")
    if page is tiff.pages.first and page.is_shaped and n_found < 2:
        described = dict((tiff.shaped_metadata or ({},))[0])
        shape = tuple(int(n) for n in described.get("shape", ()))
        extra = len(shape) - len(page.shape)
        if extra > 0 and shape[extra:] == page.shape and math.prod(shape[:extra]) > n_found:
            letters = str(described.get("axes", ""))[:extra]
            letters = letters if len(letters) == extra else "Q" * extra
            stated = dict(zip(letters, shape, strict=False))
            if len(stated) == extra:
                return _stated(tiff, page, stated, series.dataoffset, "the description")
    channels = _scanimage_channels(page)
    if channels > 1 and series.axes == f"I{page.axes}" and n_found % channels == 0:
        shape = (n_found // channels, channels, *page.shape)
        note = f"ScanImage saved {channels} channels by turns."
        return _Found(f"TC{page.axes}", shape, series, series.dataoffset, page, (note,))
    notes: tuple[str, ...] = ()
    if series.is_multifile:
        names = {Path(p.parent.filename).name for p in series if p is not None}
        notes = (f"Its pages lie in {len(names)} files.",)
    offset = None if series.is_multifile else series.dataoffset
    return _Found(series.axes, tuple(series.shape), series, offset, page, notes)


def _scanimage_channels(page: Any) -> int:
    """Return how many channels ScanImage says it saved; 1 if it says nothing."""
    match = page.is_scanimage and re.search(
        r"channels?Save\s*=\s*\[([0-9 ;,]*)\]", f"{page.software}\n{page.description}"
    )
    return max(1, len(re.findall("[0-9]+", match[1]))) if match else 1


def _stated(
    tiff: tifffile.TiffFile, page: Any, stated: dict[str, int], offset: int | None, where: str
) -> _Found:
    n = math.prod(stated.values())
    note = f"The end of the file is missing: {where} states {n} pages."
    axes = "".join(stated) + page.axes
    return _Found(axes, (*stated.values(), *page.shape), tiff.pages, offset, page, (note,))


def _stated_by_imagej(described: Mapping[str, Any]) -> dict[str, int]:
    images = int(described.get("images", 1))
    sizes = {"T": "frames", "Z": "slices", "C": "channels"}
    stated = {letter: int(described.get(name, 1)) for letter, name in sizes.items()}
    if math.prod(stated.values()) != images:
        return {"I": images}
    return {letter: n for letter, n in stated.items() if n > 1}


def _split(
    found: _Found, path: str, wanted: str | None
) -> tuple[str, tuple[int, ...], tuple[int, ...], str]:
    """Return the axes before a picture, their lengths; shape and axes of a picture as stored."""
    axes = found.axes
    if wanted is not None:
        if len(wanted) != len(axes) or not wanted.isalpha() or not wanted.isupper():
            raise InputError(
                f"axes={wanted!r}",
                expected=f"{len(axes)} capital letters for {_axes_text(axes, found.shape)}",
                found=path,
            )
        axes = wanted
    depth = next((len(end) for end in ("SYX", "YXS", "YX") if axes.endswith(end)), 0)
    if not depth or (set(axes[:-depth]) & set("YXS")):
        raise FormatError(
            path,
            expected="pictures in the last axes (YX, YXS or SYX)",
            found=_axes_text(axes, found.shape),
            remedy="Reorder the axes in ImageJ and save it anew.",
        )
    return axes[:-depth], found.shape[:-depth], found.shape[-depth:], axes[-depth:]


def _time(
    lead: str, sizes: tuple[int, ...], path: str, planes: dict[str, int], picture: str
) -> tuple[int, int, int]:
    """Return the number of pictures over time, the plane of the first, and the step."""
    strides = [math.prod(sizes[place + 1 :]) for place in range(len(sizes))]
    first = 0
    rest: list[tuple[str, int, int]] = []
    for letter, n, stride in zip(lead, sizes, strides, strict=True):
        if letter in planes:
            index = planes.pop(letter)
            if not 0 <= index < n:
                raise InputError(
                    f"planes={{{letter!r}: {index}}}", expected=f"0 to {n - 1}", found=path
                )
            first += index * stride
        elif n > 1 or letter == "T":
            rest.append((letter, n, stride))
    if planes:
        raise InputError(
            f"planes={planes!r}", expected=f"axes of {path}: {', '.join(lead) or 'none'}"
        )
    if not rest:
        return 1, first, 1
    named = [item for item in rest if item[0] == "T"]
    if len(rest) == 1 and (named or rest[0][0] in _UNNAMED):
        return rest[0][1], first, rest[0][2]
    raise InputError(
        path,
        expected="one axis besides the picture, which is time",
        found=_axes_text(lead, sizes),
        remedy=_remedy(lead, sizes, picture, timed=bool(named)),
    )


def _remedy(lead: str, sizes: tuple[int, ...], picture: str, *, timed: bool) -> str:
    others = [(a, n) for a, n in zip(lead, sizes, strict=True) if n > 1 and a != "T"]
    if timed:
        chosen = ", ".join(f'"{letter}": 0' for letter, _ in others)
        most = ", ".join(f"{letter} up to {n - 1}" for letter, n in others)
        return f"Choose one position on the other axes: planes={{{chosen}}} ({most})."
    again = lead.replace(others[0][0], "T") + picture
    if len(others) == 1:
        return f'If {others[0][0]} is really time, open it with open_pictures(..., axes="{again}").'
    other = others[-1][0]
    return (
        f'Say which of them is time, for example axes="{again}", and choose a position on the '
        f'others with planes={{"{other}": 0}}.'
    )


def _said(
    lead: str, sizes: tuple[int, ...], planes: Mapping[str, int], axes: str | None
) -> list[str]:
    notes = []
    if axes is not None:
        notes.append(f"Axes were given: {axes}.")
    elif any(letter in _UNNAMED and n > 1 for letter, n in zip(lead, sizes, strict=True)):
        notes.append("The file does not name its axes: its pages are taken as pictures over time.")
    for letter, index in planes.items():
        n = sizes[lead.index(letter)]
        notes.append(f"Of {n} positions on axis {letter}, number {index} was chosen.")
    return notes


def _axes_text(axes: str, shape: tuple[int, ...]) -> str:
    return ", ".join(
        f"{letter} ({_NAMES[letter]}) {n}" if letter in _NAMES else f"{letter} {n}"
        for letter, n in zip(axes, shape, strict=True)
    )
