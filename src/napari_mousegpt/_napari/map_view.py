"""Which part of a map is seen: from places to pixels and back. No window is needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MapView"]

Floats = NDArray[np.float32]

#: Pixels left free around all points.
_MARGIN = 14
#: How far one may zoom in, as a multiple of the scale at which all is seen.
_MOST = 20_000.0


class MapView:
    """A window on a plane; one unit is as long upwards as sideways.

    Parameters
    ----------
    width, height : int
        Pixels.
    """

    def __init__(self, width: int = 400, height: int = 300) -> None:
        self.width, self.height = width, height
        self.x, self.y, self.scale = 0.0, 0.0, 1.0
        self._bounds = (-1.0, -1.0, 1.0, 1.0)
        self._fitted = True

    def resize(self, width: int, height: int) -> None:
        """Take another size; the middle stays, and what was all seen is all seen still."""
        self.width, self.height = max(1, width), max(1, height)
        if self._fitted:
            self.fit()

    def set_bounds(self, places: Floats) -> None:
        """Learn where points are, shape (n, 2), and show them all."""
        self._bounds = (-1.0, -1.0, 1.0, 1.0)
        if len(places):
            low, high = places.min(axis=0), places.max(axis=0)
            self._bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        self.fit()

    def fit(self) -> None:
        """Show all points."""
        left, bottom, right, top = self._bounds
        self.x, self.y = (left + right) / 2, (bottom + top) / 2
        self.scale = self._whole
        self._fitted = True

    @property
    def _whole(self) -> float:
        left, bottom, right, top = self._bounds
        across = max(self.width - 2 * _MARGIN, 10) / max(right - left, 1e-9)
        up = max(self.height - 2 * _MARGIN, 10) / max(top - bottom, 1e-9)
        return min(across, up)

    def zoom(self, factor: float, x: float, y: float) -> None:
        """Zoom around a pixel, which stays where it is."""
        whole = self._whole
        scale = min(max(self.scale * factor, whole / 4), whole * _MOST)
        before = self.place(x, y)
        self.scale = scale
        after = self.place(x, y)
        self.x += before[0] - after[0]
        self.y += before[1] - after[1]
        self._fitted = False

    def pan(self, dx: float, dy: float) -> None:
        """Move what is seen by pixels to the right and down."""
        self.x -= dx / self.scale
        self.y += dy / self.scale
        self._fitted = False

    def show(self, x: float, y: float) -> None:
        """Bring a place into view; nothing moves where it is seen already."""
        px, py = self.pixel(x, y)
        if not (0 <= px < self.width and 0 <= py < self.height):
            self.x, self.y, self._fitted = x, y, False

    def place(self, px: float, py: float) -> tuple[float, float]:
        """Return the place of a pixel."""
        return (
            self.x + (px - self.width / 2) / self.scale,
            self.y - (py - self.height / 2) / self.scale,
        )

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a place."""
        return (
            (x - self.x) * self.scale + self.width / 2,
            (self.y - y) * self.scale + self.height / 2,
        )

    def pixels(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the pixels of places, shape (n,) each."""
        scale = np.float32(self.scale)
        px = (x - np.float32(self.x)) * scale + np.float32(self.width / 2)
        py = (np.float32(self.y) - y) * scale + np.float32(self.height / 2)
        return px, py
