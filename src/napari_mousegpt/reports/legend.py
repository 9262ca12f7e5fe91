"""The legend beside the bands of one source: label, colour and part of the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.reports.bands import count_events, time_shares
from napari_mousegpt.reports.page import QUIET, Page, short

__all__ = ["Block", "draw_legend"]

_ROW, _SWATCH, _TEXT = 0.165, 0.12, 0.29
#: Breadth of a letter and of a column of numbers.
_LETTER, _NUMBER = 0.057, 0.58
_MOST_LABELS, _MOST_NUMBERS, _MOST_WIDTH = 24, 4, 3.6


@dataclass(frozen=True, eq=False)
class Block:
    """The bands of one source.

    Parameters
    ----------
    title : str
        Who says so.
    bands : tuple of (str, Ethogram)
        Each individual and what it did.
    labels : tuple of str
        Behaviours of all bands, those with most time first.
    clock : Timebase
        Clock of the recording.
    """

    title: str
    bands: tuple[tuple[str, Ethogram], ...]
    labels: tuple[str, ...]
    clock: Timebase

    @property
    def rows(self) -> int:
        """Lines of the legend."""
        return min(len(self.labels), _MOST_LABELS + 1) + (2 if len(self.numbers) > 1 else 1)

    @property
    def legend_height(self) -> float:
        """Height the legend needs."""
        return self.rows * _ROW

    @property
    def legend_width(self) -> float:
        """Breadth the legend needs, margins included."""
        longest = max((len(label) for label in self.labels), default=0) * _LETTER
        return min(_MOST_WIDTH, _TEXT + longest + _NUMBER * len(self.numbers) + 0.15)

    @cached_property
    def numbers(self) -> dict[str, dict[str, str]]:
        """Text beside each label for each individual; of a crowd only the mean."""
        shares = {name: time_shares(ethogram, self.clock) for name, ethogram in self.bands}
        events = {name: count_events(ethogram) for name, ethogram in self.bands}
        if len(shares) > _MOST_NUMBERS:
            mean = {
                label: float(np.mean([mine.get(label, 0.0) for mine in shares.values()]))
                for label in self.labels
            }
            shares, events = {"mean": mean}, {"mean": {}}
        return {
            name: {
                label: _share_text(mine.get(label), events[name].get(label, 0))
                for label in self.labels
            }
            for name, mine in shares.items()
        }


def draw_legend(page: Page, block: Block, top: float, colours: Mapping[str, str]) -> None:
    """List the labels with their part of the time, one column for each individual."""
    left, y = page.right, top - 0.15
    numbers = block.numbers
    width = block.legend_width
    right = [left + width - 0.15 - _NUMBER * i for i in reversed(range(len(numbers)))]
    letters = int((width - 0.15 - _TEXT - _NUMBER * len(numbers)) / _LETTER + 1e-6)
    if len(numbers) > 1 or "mean" in numbers:
        for x, name in zip(right, numbers, strict=True):
            page.write(x, y, short(name, 9), size=7, colour=QUIET, ha="right")
        y -= _ROW
    for label in block.labels[:_MOST_LABELS]:
        page.box(left + _SWATCH, y - 0.005, 0.11, colours[label])
        page.write(left + _TEXT, y, short(label, letters), size=7.5)
        for x, texts in zip(right, numbers.values(), strict=True):
            page.write(x, y, texts[label], size=7.5, ha="right")
        y -= _ROW
    rest = len(block.labels) - _MOST_LABELS
    if rest > 0 or not block.labels:
        text = f"and {rest} more, see the tables" if rest > 0 else "no bouts"
        page.write(left + _TEXT, y, text, size=7.5, colour=QUIET)


def _share_text(share: float | None, events: int) -> str:
    if events and not share:
        return f"{events}x"
    if share is None:
        return "-"
    return f"{share:.1%}" if share >= 0.001 else "<0.1%"
