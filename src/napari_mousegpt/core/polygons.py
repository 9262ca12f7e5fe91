"""Polygons in a picture: which are usable, and which points they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.errors import InputError

__all__ = ["checked_polygon", "pixels_per_cm", "points_inside"]

Floats = NDArray[np.float64]


def points_inside(points: ArrayLike, polygon: ArrayLike) -> NDArray[np.bool_]:
    """Return which points lie inside a polygon.

    A point on an edge belongs to the area on its right and below it, so that zones that share an
    edge never both hold a point of it, and never both leave it out. (Even-odd rule: a ray to the
    left crosses the border an odd number of times.)

    Parameters
    ----------
    points : array_like of float, shape (..., 2)
        x, y; a point that was not seen (NaN) lies in nothing.
    polygon : array_like of float, shape (n_corners, 2)

    Returns
    -------
    ndarray of bool, shape (...)
    """
    xy = np.asarray(points, dtype=np.float64)
    x, y = xy[..., 0], xy[..., 1]
    corners = np.asarray(polygon, dtype=np.float64)
    inside = np.zeros(x.shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        # The same edge is walked both ways by its two neighbours: compute it one way only, and
        # without a division, so that half an edge agrees with the whole for points on whole pixels.
        (xa, ya), (xb, yb) = ((x0, y0), (x1, y1)) if y0 < y1 else ((x1, y1), (x0, y0))
        with np.errstate(invalid="ignore"):
            right = (x - xa) * (yb - ya) >= (xb - xa) * (y - ya)
            inside ^= (ya <= y) & (y < yb) & right
    return inside


def pixels_per_cm(first: Sequence[float], second: Sequence[float], cm: float) -> float:
    """Return the scale from two points whose distance is known.

    Parameters
    ----------
    first, second : (x, y)
        Pixels.
    cm : float
        Their true distance.

    Raises
    ------
    InputError
        When a length is not positive.

    Examples
    --------
    >>> pixels_per_cm((0, 0), (300, 400), 50)
    10.0
    """
    length = float(np.hypot(second[0] - first[0], second[1] - first[1]))
    if not (np.isfinite(length) and length > 0 and np.isfinite(cm) and cm > 0):
        raise InputError(
            "known length",
            expected="two different points and a length above 0 cm",
            found=f"{length:g} pixels are {cm:g} cm",
            remedy="Draw a line along something whose length you know.",
        )
    return length / cm


def checked_polygon(polygon: ArrayLike, called: str) -> Floats:
    """Return a polygon as an array that cannot be changed, or refuse it by name."""
    try:
        corners = np.array(polygon, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(called, expected="a list of x, y pairs", found=str(error)) from error
    if corners.ndim == 2 and len(corners) > 3 and np.array_equal(corners[0], corners[-1]):
        corners = corners[:-1]  # closed, as some programs write it
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise InputError(
            called,
            expected="three or more corners with x and y",
            found=f"shape {corners.shape}",
            remedy="Draw it again.",
        )
    if not np.isfinite(corners).all():
        raise InputError(called, expected="finite corners", found="NaN or infinite ones")
    flat = InputError(called, expected="an area", found="none: its corners lie on one line")
    if np.linalg.matrix_rank(corners - corners[0]) < 2:
        raise flat
    if crossing := _crossing(corners):
        raise InputError(
            called,
            expected="a border that does not cross itself",
            found=f"sides {crossing[0] + 1} and {crossing[1] + 1} that cross",
            remedy="Move the corners, or draw it again.",
        )
    x, y = corners.T
    area = 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
    if not np.isfinite(area) or abs(area) <= 1e-9 * max(1.0, float(np.ptp(corners))) ** 2:
        raise flat
    corners.setflags(write=False)
    return corners


def _crossing(corners: Floats) -> tuple[int, int] | None:
    """Return the first two sides that cross or meet away from their ends, None if none do."""
    starts, ends = corners, np.roll(corners, -1, axis=0)

    def turn(a: Floats, b: Floats, c: Floats) -> Floats:
        cross = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
            c[..., 0] - a[..., 0]
        )
        return np.asarray(np.sign(cross), dtype=np.float64)

    def within(a: Floats, b: Floats, c: Floats) -> NDArray[np.bool_]:
        ahead = ((c - a) * (b - a)).sum(axis=-1)
        return np.asarray((ahead > 0) & (ahead < ((b - a) ** 2).sum(axis=-1)))

    for one in range(len(corners)):
        a, b = starts[one], ends[one]
        others = np.arange(one + 1, len(corners))
        c, d = starts[others], ends[others]
        crosses = (turn(a, b, c) * turn(a, b, d) < 0) & (turn(c, d, a) * turn(c, d, b) < 0)
        # Or a corner of the one lies within the other.
        crosses |= (turn(a, b, c) == 0) & within(a, b, c) & ((c != b).any(axis=-1))
        crosses |= (turn(c, d, a) == 0) & within(c, d, a) & ((d != a).any(axis=-1))
        if crosses.any():
            return one, int(others[crosses.argmax()])
    return None
