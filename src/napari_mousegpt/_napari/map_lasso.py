"""Which points of a map lie inside a line that was drawn around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["points_within"]


def points_within(places: NDArray[np.float32], polygon: ArrayLike) -> NDArray[np.bool_]:
    """Return which points a polygon holds, exactly; see ``core.polygons.points_inside``.

    Points are sorted from below, so that each edge looks only at those beside it: a million points
    and a line of some hundred corners take a few tenths of a second.

    Parameters
    ----------
    places : ndarray of float, shape (n, 2)
        Points without a place (NaN) lie in nothing.
    polygon : array_like of float, shape (corners, 2)
        Closed by itself. With fewer than three corners it holds nothing.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    inside = np.zeros(len(places), dtype=bool)
    if len(corners) < 3:
        return inside
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero(((places >= low) & (places <= high)).all(axis=1))
    order = near[np.argsort(places[near, 1], kind="stable")]
    x, y = places[order].astype(np.float64).T
    odd = np.zeros(len(order), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        # Always from below to above: both neighbours of an edge then agree on its points.
        (xa, ya), (xb, yb) = ((x0, y0), (x1, y1)) if y0 < y1 else ((x1, y1), (x0, y0))
        first, last = np.searchsorted(y, (ya, yb))
        some = slice(int(first), int(last))
        odd[some] ^= (x[some] - xa) * (yb - ya) >= (xb - xa) * (y[some] - ya)
    inside[order] = odd
    return inside
