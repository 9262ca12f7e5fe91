"""A page of bands with one time axis: where things stand, in inches from the upper left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.reports.time_axis import time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DPI", "INK", "LEFT", "QUIET", "TOP", "WIDTH", "Page", "short"]

WIDTH, LEFT, TOP = 11.0, 1.15, 0.55
DPI = 200
INK, QUIET = "#1a1a1a", "#666666"
#: Where a pixel is longer than this many seconds, three of them make a column: calmer to read.
_LONG = 1.0


class Page:
    """A figure and the places on it.

    Parameters
    ----------
    height : float
        Height of the page.
    right : float
        Breadth of the margin on the right, where the legends stand.
    clock : Timebase
        Clock of the time axis.
    """

    def __init__(self, height: float, right: float, clock: Timebase) -> None:
        # Figure and canvas by themselves: pyplot keeps state for the whole process and may open a
        # window.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.height, self.clock, self.duration = height, clock, clock.duration
        self.figure = Figure(figsize=(WIDTH, height), facecolor="white")
        FigureCanvasAgg(self.figure)
        self.right = WIDTH - right
        width = self.right - LEFT
        self.n_columns = round(width * DPI)
        if self.duration / self.n_columns > _LONG:
            self.n_columns //= 3
        self.edges = np.linspace(0, self.duration, self.n_columns + 1)
        self.ticks = time_ticks(self.duration)

    def axes(self, top: float, height: float) -> Axes:
        """Return axes over the whole time, their upper edge ``top`` above the foot of the page."""
        axes = self.figure.add_axes(
            (
                LEFT / WIDTH,
                (top - height) / self.height,
                (self.right - LEFT) / WIDTH,
                height / self.height,
            )
        )
        axes.set_xlim(0, self.duration)
        axes.set_xticks(self.ticks, [""] * len(self.ticks))
        axes.tick_params(length=2, width=0.6, color=QUIET, labelsize=8, labelcolor=INK)
        for side in axes.spines.values():
            side.set_linewidth(0.6)
            side.set_color(QUIET)
        return axes

    def write(
        self, x: float, y: float, text: str, *, size: float = 8.0, colour: str = INK, **how: Any
    ) -> None:
        """Write at a place. Names are taken as they are: a dollar sign is no formula."""
        self.figure.text(
            x / WIDTH, y / self.height, text, fontsize=size, color=colour, parse_math=False, **how
        )

    def box(self, x: float, y: float, size: float, colour: str) -> None:
        """Draw a filled square, ``x`` and ``y`` at its lower left."""
        from matplotlib.patches import Rectangle

        self.figure.add_artist(
            Rectangle(
                (x / WIDTH, y / self.height),
                size / WIDTH,
                size / self.height,
                facecolor=colour,
                edgecolor=QUIET,
                linewidth=0.3,
            )
        )


def short(text: str, most: int) -> str:
    """Return a text of at most so many letters."""
    return text if len(text) <= most else text[: max(most - 1, 1)].rstrip() + "…"
