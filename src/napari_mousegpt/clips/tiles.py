"""Several cameras in one square picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips.crops import BLANK

__all__ = ["tile", "tile_side"]


def tile_side(count: int, side: int) -> int:
    """Return the side in pixels that each of some pictures has in a square of ``side`` pixels."""
    return side // _columns(count)


def tile(pictures: Sequence[NDArray[np.uint8] | None], side: int) -> NDArray[np.uint8]:
    """Lay square pictures out in rows.

    Parameters
    ----------
    pictures : sequence of ndarray of uint8, shape (s, s, 3), or None
        ``s`` is :func:`tile_side`; None stays grey, where a camera shows nothing.
    side : int
        Side of the result in pixels.

    Returns
    -------
    ndarray of uint8, shape (side, side, 3)
        Read from left to right and from top to bottom; what is left over is grey
        (:data:`~napari_mousegpt.clips.crops.BLANK`), as much above as below.
    """
    count = len(pictures)
    columns, small = _columns(count), tile_side(count, side)
    out = np.full((side, side, 3), BLANK, dtype=np.uint8)
    top = (side - math.ceil(count / columns) * small) // 2
    left = (side - columns * small) // 2
    for number, picture in enumerate(pictures):
        if picture is not None:
            row, column = divmod(number, columns)
            y, x = top + row * small, left + column * small
            out[y : y + small, x : x + small] = picture
    return out


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(max(1, count)))
