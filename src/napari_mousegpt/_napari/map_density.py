"""A map as a picture: points while they are few, their density where they are many.

Nothing here knows of Qt. A picture of a million points takes some hundredths of a second, so that
it can be made anew at every step of a pan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.map_view import MapView

__all__ = ["MOST_POINTS", "MapPicture", "draw_map", "faded"]

#: More points in view than this are drawn as density.
MOST_POINTS = 20_000
#: How much of the colour a pixel with a single point keeps.
_FAINT = 0.5

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class MapPicture:
    """A picture of a map.

    Parameters
    ----------
    pixels : ndarray of uint32, shape (height, width)
        ``0xffrrggbb``.
    in_view : int
        Points that are seen.
    density : bool
        Whether they are drawn as density.
    """

    pixels: NDArray[np.uint32]
    in_view: int
    density: bool


def draw_map(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    codes: NDArray[np.uint16],
    colours: Bytes,
    view: MapView,
    ground: tuple[int, int, int],
    rims: Bytes | None = None,
) -> MapPicture:
    """Draw points.

    Parameters
    ----------
    x, y : ndarray of float32, shape (n,)
        Where they are; later ones lie above.
    codes : ndarray of uint16, shape (n,)
        Row of each in ``colours``.
    colours : ndarray of uint8, shape (k, 3)
    view : MapView
        What is seen.
    ground : (int, int, int)
        Colour of the background.
    rims : ndarray of uint8, shape (k, 3), optional
        Colours of the rims of points; by default three quarters of the background.
    """
    px, py = view.pixels(x, y)
    inside = (px >= 0) & (px < view.width) & (py >= 0) & (py < view.height)
    count = int(np.count_nonzero(inside))
    if count > MOST_POINTS:
        at = py[inside].astype(np.int32)
        at *= view.width
        at += px[inside].astype(np.int32)
        return MapPicture(_density(at, codes[inside], colours, view, ground), count, True)
    # Points beyond the border still show a part.
    close = (px > -8) & (px < view.width + 8) & (py > -8) & (py < view.height + 8)
    if rims is None:
        rims = faded(colours, ground, 0.25)
    shades = np.stack([_packed(rims), _packed(colours)])
    picture = _points(px[close], py[close], codes[close], shades, view, ground)
    return MapPicture(picture, count, False)


def faded(colours: Bytes, into: tuple[int, int, int], share: float) -> Bytes:
    """Return colours of which a share is left, the rest being another colour."""
    other = np.asarray(into, dtype=np.float64)
    return np.rint(other + (colours.astype(np.float64) - other) * share).astype(np.uint8)


def _density(
    at: NDArray[np.int32],
    codes: NDArray[np.uint16],
    colours: Bytes,
    view: MapView,
    ground: tuple[int, int, int],
) -> NDArray[np.uint32]:
    size = view.width * view.height
    shape = (view.height, view.width)
    sums = [_softened(np.bincount(at, minlength=size).reshape(shape))]
    for channel in range(3):
        weight = colours[:, channel].astype(np.float64)[codes]
        sums.append(_softened(np.bincount(at, weight, minlength=size).reshape(shape)))
    number = sums[0]
    there = number > 0
    # Equal steps of brightness for equal factors of density.
    most = max(float(number.max()), 1.0)
    share = np.log1p(number) / np.log1p(most)
    cover = np.where(there, _FAINT + (1 - _FAINT) * share, 0.0)
    cover *= np.minimum(number * 2, 1.0)
    packed = np.full(shape, 0xFF, dtype=np.uint32)
    for channel in range(3):
        mean = sums[channel + 1] / np.maximum(number, 1e-9)
        mixed = ground[channel] + (mean - ground[channel]) * cover
        packed = (packed << np.uint32(8)) | np.rint(mixed).astype(np.uint32)
    return packed


def _softened(cells: NDArray[np.generic]) -> NDArray[np.float32]:
    """Let each pixel shine a little on its neighbours, so that single points are seen."""
    spread = cells.astype(np.float32)
    for axis in (0, 1):
        spread = np.moveaxis(spread, axis, 0)
        wide = spread.copy()
        wide[1:] += np.float32(0.5) * spread[:-1]
        wide[:-1] += np.float32(0.5) * spread[1:]
        spread = np.moveaxis(wide, 0, axis)
    return spread


def _points(
    px: NDArray[np.float32],
    py: NDArray[np.float32],
    codes: NDArray[np.uint16],
    shades: NDArray[np.uint32],
    view: MapView,
    ground: tuple[int, int, int],
) -> NDArray[np.uint32]:
    """Draw discs with a rim, each whole above those before it; shades has shape (2, k)."""
    # Radii that look round on a grid of pixels.
    radius = 4.2 if len(px) <= 500 else 3.2 if len(px) <= 4000 else 2.3
    reach = int(np.ceil(radius + 1))
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    far = np.hypot(down, across)
    used = far <= radius + 1
    down, across, far = down[used], across[used], far[used]
    edge = (far <= radius).astype(np.intp)
    # A margin takes what lies beyond the border.
    wide = view.width + 4 * reach + 16
    high = view.height + 4 * reach + 16
    margin = 2 * reach + 8
    left = np.floor(px).astype(np.int64) + margin
    top = np.floor(py).astype(np.int64) + margin
    at = (top * wide + left)[:, None] + (down * wide + across)[None, :]
    canvas = np.full(wide * high, _packed(np.asarray([ground]))[0], dtype=np.uint32)
    # Of several values for one pixel numpy keeps the last: the point that comes last.
    canvas[at.ravel()] = shades[edge[None, :], codes[:, None]].ravel()
    whole = canvas.reshape(high, wide)
    inner = whole[margin : margin + view.height, margin : margin + view.width]
    return np.ascontiguousarray(inner)


def _packed(colours: NDArray[np.generic]) -> NDArray[np.uint32]:
    red, green, blue = np.asarray(colours).astype(np.uint32).T
    packed: NDArray[np.uint32] = (
        np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    )
    return packed
