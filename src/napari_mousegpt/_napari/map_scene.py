"""What a map shows: which points, in which colours, and which one is under the mouse. No window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.map_density import MapPicture, draw_map, faded
from napari_mousegpt._napari.map_view import MapView
from napari_mousegpt._napari.timeline.theme import Theme

__all__ = ["MapScene"]

#: How much of its colour a point keeps while others are picked.
_DIM = 0.22


class MapScene:
    """Points, colours and what is seen of them."""

    def __init__(self) -> None:
        self.view = MapView()
        self.theme = Theme()
        self._places = np.empty((0, 2), dtype=np.float32)
        self._codes = np.empty(0, dtype=np.uint16)
        self._colours = np.zeros((1, 3), dtype=np.uint8)
        self._left_out: frozenset[int] = frozenset()
        self._picked: NDArray[np.bool_] | None = None
        self._drawn: tuple[NDArray[np.intp] | None, NDArray[np.float32], NDArray[np.float32]]
        self._drawn = (None, self._places[:, 0], self._places[:, 1])

    def __len__(self) -> int:
        return len(self._places)

    def set_places(self, places: NDArray[np.float32]) -> None:
        """Show points, shape (n, 2), all of them in view; their colours come next."""
        self._places = places
        self._codes = np.zeros(len(places), dtype=np.uint16)
        self._picked = None
        self.view.set_bounds(places)
        self._choose()

    def set_colours(self, codes: NDArray[np.uint16], colours: NDArray[np.uint8]) -> None:
        """Colour the points: a code each, shape (n,), and the colours of codes, shape (k, 3)."""
        self._codes, self._colours = codes, colours
        self._choose()

    def leave_out(self, codes: frozenset[int]) -> None:
        """Hide the points of some codes."""
        if codes != self._left_out:
            self._left_out = codes
            self._choose()

    def set_picked(self, picked: NDArray[np.bool_] | None) -> None:
        """Let all points but the picked ones, shape (n,), stand back."""
        self._picked = picked

    def _choose(self) -> None:
        """Keep the points that are drawn, each axis by itself."""
        rows = None
        if self._left_out:
            rows = np.flatnonzero(~np.isin(self._codes, list(self._left_out)))
        x, y = (
            self._places[:, axis] if rows is None else self._places[rows, axis] for axis in (0, 1)
        )
        self._drawn = rows, np.ascontiguousarray(x), np.ascontiguousarray(y)

    def draw(self) -> MapPicture:
        """Return the picture of what is seen."""
        rows, x, y = self._drawn
        codes = self._codes if rows is None else self._codes[rows]
        colours, ground = self._colours, self.theme.row
        # Pale colours need a dark rim on a light ground.
        rims = faded(colours, *((ground, 0.25) if self.theme.dark else (self.theme.text, 0.6)))
        if self._picked is not None:
            picked = self._picked if rows is None else self._picked[rows]
            pale = faded(colours, ground, _DIM)
            colours, rims = np.concatenate([colours, pale]), np.concatenate([rims, pale])
            codes = np.where(picked, codes, codes + len(self._colours)).astype(np.uint16)
            few = int(np.count_nonzero(picked)) * 2 < len(picked)
            if few:
                # Picked points are not hidden below others.
                order = np.argsort(picked, kind="stable")
                x, y, codes = x[order], y[order], codes[order]
        return draw_map(x, y, codes, colours, self.view, ground, rims)

    def place(self, row: int) -> tuple[float, float]:
        """Return where a point lies."""
        return float(self._places[row, 0]), float(self._places[row, 1])

    def nearest(self, px: float, py: float, reach: float = 7.0) -> int | None:
        """Return the point nearest to a pixel, None when none is within reach."""
        rows, x, y = self._drawn
        at_x, at_y = self.view.place(px, py)
        wide = reach / self.view.scale
        close = np.flatnonzero(np.abs(x - np.float32(at_x)) <= wide)
        close = close[np.abs(y[close] - np.float32(at_y)) <= wide]
        if not len(close):
            return None
        far = np.hypot(x[close] - at_x, y[close] - at_y)
        best = int(far.argmin())
        if far[best] > wide:
            return None
        row = int(close[best])
        return row if rows is None else int(rows[row])
