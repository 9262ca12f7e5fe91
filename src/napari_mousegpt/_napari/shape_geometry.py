"""From drawn shapes to polygons in pixels of the video. Arrays only; no viewer.

napari writes points as (row, column), so (y, x), in units of the layer; arenas are in (x, y),
pixels of the video, as poses are.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["CLOSED", "Placed", "line_length", "polygon_of", "to_pixels"]

#: Kinds of shapes that enclose something.
CLOSED = ("rectangle", "ellipse", "polygon")
#: Corners of the polygon that stands for an ellipse: its area is 0.2 % short.
_CORNERS = 64

Points = NDArray[np.float64]


class Placed(Protocol):
    """A layer, as far as its place in the world goes."""

    ndim: int

    def data_to_world(self, position: Any) -> Any:
        """Return the place in the world of a place in the layer."""

    def world_to_data(self, position: Any) -> Any:
        """Return the place in the layer of a place in the world."""


def polygon_of(kind: str, vertices: ArrayLike) -> Points:
    """Return the corners of a shape as a polygon, shape (n, 2) as y, x.

    Parameters
    ----------
    kind : str
        ``"rectangle"``, ``"ellipse"`` (of which napari gives the corners of the box around it, also
        of a turned one) or ``"polygon"``; others stay as they are.
    vertices : array_like, shape (n, 2) or more columns
        The last two columns are y, x.
    """
    corners = np.asarray(vertices, dtype=np.float64)[:, -2:]
    if kind != "ellipse":
        # A polygon that is finished by a click elsewhere has its last corner twice.
        same = (corners == np.roll(corners, 1, axis=0)).all(axis=1)
        return corners[~same] if kind == "polygon" and not same.all() else corners
    middle = corners.mean(axis=0)
    one, other = (corners[1] - corners[0]) / 2, (corners[2] - corners[1]) / 2
    angle = 2 * np.pi * np.arange(_CORNERS) / _CORNERS
    return np.asarray(middle + np.outer(np.cos(angle), one) + np.outer(np.sin(angle), other))


def to_pixels(shapes: Placed, video: Placed, points: Points) -> Points:
    """Return points (y, x) of a shapes layer as (x, y) in pixels of a video layer.

    Scale, shift and rotation of both layers are counted in.
    """
    return np.array([_across(shapes, video, point)[::-1] for point in points]).reshape(-1, 2)


def line_length(points: ArrayLike) -> float:
    """Return the length of a line through points, in their units."""
    steps = np.diff(np.asarray(points, dtype=np.float64), axis=0)
    return float(np.sqrt((steps**2).sum(axis=1)).sum())


def _across(source: Placed, target: Placed, yx: Points) -> Points:
    """Carry one point (y, x) from a layer into another, by their places in the world."""
    world = np.asarray(source.data_to_world([0.0] * (source.ndim - 2) + [*yx]), dtype=np.float64)
    there = [0.0] * (target.ndim - 2) + [*world[-2:]]
    return np.asarray(target.world_to_data(there), dtype=np.float64)[-2:]
