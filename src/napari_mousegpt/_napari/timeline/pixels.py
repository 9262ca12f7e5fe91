"""Rows of the timeline as pixels, made column by column with numpy. No Qt is needed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.layers import ink_on
from napari_mousegpt._napari.timeline.detail import (
    column_frames,
    curve_columns,
    lane_columns,
    point_columns,
    runs,
)
from napari_mousegpt._napari.timeline.lanes import Lane
from napari_mousegpt._napari.timeline.theme import Colour, Theme, hex_of, packed, parsed
from napari_mousegpt._napari.timeline.tracks import SHADES, BoutTrack, CurveTrack

__all__ = ["Caption", "bout_pixels", "curve_pixels"]

#: Opacity of a proposed bout of confidence 0, of a rejected one, and of the hatching on it.
_FAINT, _REJECTED, _HATCH = 0.5, 0.16, 0.55
#: Shades of the rim of a curve.
_STEPS = 32


@dataclass(frozen=True)
class Caption:
    """A label to write into a bout; pixels of the device."""

    left: int
    right: int
    top: int
    bottom: int
    text: str
    ink: str


def bout_pixels(
    band: NDArray[np.uint32],
    track: BoutTrack,
    view: tuple[float, float],
    colour: Callable[[str], str],
    theme: Theme,
    *,
    ratio: float = 1.0,
    captioned: bool = True,
) -> list[Caption]:
    """Paint the bouts of a track.

    Parameters
    ----------
    band : ndarray of uint32, shape (height, width)
        Pixels of the bars; changed in place.
    track : BoutTrack
        The bouts.
    view : tuple of float
        Stretch in view, in frames.
    colour : callable
        Gives the colour of a label.
    theme : Theme
        For the ground.
    ratio : float
        Device pixels per pixel of the screen.
    captioned : bool
        Whether labels are asked for.

    Returns
    -------
    list of Caption
        Labels that may have room, places relative to the band.
    """
    height, width = band.shape
    fills, hatches = _tables(tuple(map(colour, track.names)), theme)
    captions: list[Caption] = []
    for number, lane in enumerate(track.lanes):
        shown = lane_columns(lane, *view, width)
        there = shown >= 0
        if not there.any():
            continue
        row, of = lane.row[shown], lane.of[shown]
        look = track.look[row]
        fill, hatch = fills[look], hatches[look]
        pale = _pale(fill, theme)
        begin, end = runs(shown)
        # A line between bouts that touch, where they are wide enough for it.
        touching = begin[(begin > 0) & (end - begin >= round(3 * ratio))]
        touching = touching[there[touching - 1]]
        fill[touching] = hatch[touching] = packed(theme.row)
        pale[touching] = False
        hatched = fill != hatch
        for share in range(number + 1, len(track.lanes) + 1):
            here = there & (of == share)
            if not here.any():
                continue
            top, bottom = (round(height * place / share) for place in (number, number + 1))
            bottom -= int(share > 1 and bottom < height)
            part = band[top:bottom]
            np.copyto(part, fill, where=here)
            if len(part) > 6:
                # What hardly stands out from the ground gets a rim.
                part[:1, here & pale] = part[-1:, here & pale] = theme.rim_pixel
            if (here & hatched).any():
                np.copyto(part, hatch, where=_stripes(*part.shape, ratio) & (here & hatched))
        if captioned:
            wide = end - begin >= round(22 * ratio)
            captions += _captions(track, lane, number, shown, fill, height, begin[wide], end[wide])
    _points(band, track, view, fills, theme, ratio)
    return captions


def _captions(
    track: BoutTrack,
    lane: Lane,
    number: int,
    shown: NDArray[np.int64],
    fill: NDArray[np.uint32],
    height: int,
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
) -> list[Caption]:
    """Return the labels of runs of columns that are wide enough."""
    found = []
    for left, right in zip(begin.tolist(), end.tolist(), strict=True):
        share = int(lane.of[shown[left]])
        top, bottom = (round(height * place / share) for place in (number, number + 1))
        text = str(track.label[lane.row[shown[left]]])
        found.append(Caption(left, right, top, bottom, text, _ink(int(fill[(left + right) // 2]))))
    return found


@lru_cache(maxsize=256)
def _tables(colours: tuple[str, ...], theme: Theme) -> tuple[NDArray[np.uint32], ...]:
    """Return the pixel of each colour at each shade, for the fill and for the hatching."""
    full = np.array([parsed(colour) for colour in colours], dtype=np.float32)
    ground = np.array(theme.row, dtype=np.float32)
    share = np.append(np.linspace(_FAINT, 1, SHADES), (_REJECTED, _HATCH)).astype(np.float32)
    mixes = ground + (full.reshape(-1, 1, 3) - ground) * share[:, None]
    pixels = _pixels(mixes.reshape(-1, 3)).reshape(len(full), SHADES + 2)
    fills = pixels[:, : SHADES + 1]
    hatches = fills.copy()
    hatches[:, SHADES] = pixels[:, SHADES + 1]
    return fills.ravel(), hatches.ravel()


def _pixels(rgb: NDArray[np.floating]) -> NDArray[np.uint32]:
    parts = np.rint(rgb).astype(np.uint32)
    return np.uint32(0xFF000000) | parts[:, 0] << 16 | parts[:, 1] << 8 | parts[:, 2]


def _pale(inks: NDArray[np.uint32], theme: Theme) -> NDArray[np.bool_]:
    """Tell which colours are about as bright as the ground."""
    bright = (inks >> 16 & 255) * 3 + (inks >> 8 & 255) * 6 + (inks & 255)
    red, green, blue = theme.row
    here = 3 * red + 6 * green + blue
    return np.asarray((bright > max(here - 330, 0)) & (bright < here + 330))


@lru_cache(maxsize=16)
def _stripes(height: int, width: int, ratio: float) -> NDArray[np.bool_]:
    period = max(round(6 * ratio), 4)
    place = np.add.outer(np.arange(height), np.arange(width)) % period
    return np.asarray(place < max(round(1.5 * ratio), 1))


def _points(
    band: NDArray[np.uint32],
    track: BoutTrack,
    view: tuple[float, float],
    fills: NDArray[np.uint32],
    theme: Theme,
    ratio: float,
) -> None:
    """Draw point events as ticks with a foot and a head, so that they are no short bouts."""
    if not len(track.points):
        return
    width = band.shape[1]
    columns, places = point_columns(track.start[track.points], *column_frames(*view, width))
    inks = fills[track.look[track.points[places]]]
    pale = _pale(inks, theme)
    beside = np.where(pale, np.uint32(packed(theme.muted)), np.uint32(packed(theme.row)))
    for offset in range(-1, round(2 * ratio) + 1):
        x = columns + offset
        inside = (x >= 0) & (x < width)
        edge = offset < 0 or offset >= round(2 * ratio)
        head = max(round(3 * ratio), 2)
        if edge:
            band[:head, x[inside]] = inks[inside]
            band[-head:, x[inside]] = inks[inside]
            band[head:-head, x[inside]] = beside[inside]
        else:
            band[:, x[inside]] = inks[inside]


@lru_cache(maxsize=4096)
def _ink_of(coarse: int) -> str:
    rgb = tuple((coarse >> shift & 0x1F) << 3 | 4 for shift in (10, 5, 0))
    return ink_on(hex_of((rgb[0], rgb[1], rgb[2])))


def _ink(pixel: int) -> str:
    return _ink_of((pixel >> 19 & 0x1F) << 10 | (pixel >> 11 & 0x1F) << 5 | pixel >> 3 & 0x1F)


def curve_pixels(
    band: NDArray[np.uint32],
    track: CurveTrack,
    view: tuple[float, float],
    theme: Theme,
    *,
    ratio: float = 1.0,
) -> None:
    """Paint a curve: a smooth line, as high in each column as its values are apart.

    Parameters
    ----------
    band : ndarray of uint32, shape (height, width)
        Pixels of the row; changed in place.
    track : CurveTrack
        The curve.
    view : tuple of float
        Stretch in view, in frames.
    theme : Theme
        For the colours.
    ratio : float
        Device pixels per pixel of the screen.
    """
    height, width = band.shape
    low, high = curve_columns(track.values, track.pyramid, *view, width)
    least, most = track.limits
    room = height - 2 * ratio
    # Pixels from the top; a line of 1.3 pixels covers part of those at its rim. Where there is no
    # value the line runs far below.
    half, below = np.float32(0.65 * ratio), np.float32(1e6)
    top, bottom = (
        np.where(np.isnan(low), below, ratio + (most - value) / (most - least) * room)
        for value in (high, low)
    )
    y = np.arange(height, dtype=np.float32)[:, None]
    cover = np.minimum(y + 1, (bottom + half).astype(np.float32))
    cover -= np.maximum(y, (top - half).astype(np.float32))
    cover *= _STEPS - 1
    index = np.clip(cover, 0, _STEPS - 1, out=cover).astype(np.uint8)
    index[y >= top] += np.uint8(_STEPS)
    drawn = _curve_table(theme.curve(track.kind), theme)[index]
    np.copyto(band, drawn, where=index > 0)


@lru_cache(maxsize=16)
def _curve_table(ink: Colour, theme: Theme) -> NDArray[np.uint32]:
    """Return the pixels of a line by how much it covers, on the ground and on the area below it."""
    line = np.array(ink, dtype=np.float32)
    grounds = np.array([theme.row, theme.row], dtype=np.float32)
    grounds[1] += (line - grounds[1]) * 0.16
    shares = np.linspace(0, 1, _STEPS, dtype=np.float32)[:, None]
    return np.concatenate([_pixels(ground + (line - ground) * shares) for ground in grounds])
