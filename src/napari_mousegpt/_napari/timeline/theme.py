"""Colours of the timeline itself, taken from a napari theme."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Colour", "Theme", "hex_of", "mixed", "packed", "parsed"]

Colour = tuple[int, int, int]

#: Colours of curves by kind, on a dark and on a light ground.
_CURVES: dict[str, tuple[str, str]] = {
    "confidence": ("#6fb7ee", "#1766a6"),
    "novelty": ("#f0a63a", "#b0590a"),
    "kinematic": ("#58c7a0", "#0b7a58"),
}


@dataclass(frozen=True)
class Theme:
    """Colours that a napari theme gives, and those that follow from them.

    Parameters
    ----------
    background, foreground, text, highlight, current : tuple of int
        Red, green and blue, 0 to 255; the names are those of napari.
    """

    background: Colour = (35, 36, 43)
    foreground: Colour = (46, 51, 62)
    text: Colour = (240, 241, 242)
    highlight: Colour = (97, 105, 110)
    current: Colour = (69, 96, 196)

    @classmethod
    def of(cls, colours: Mapping[str, object]) -> Theme:
        """Return the theme of a mapping such as ``get_theme("dark").to_rgb_dict()``.

        Names that it lacks keep the colour of the dark theme.
        """
        names = ("background", "foreground", "text", "highlight", "current")
        return cls(**{name: parsed(str(colours[name])) for name in names if name in colours})

    @property
    def dark(self) -> bool:
        """Whether the text is lighter than the ground."""
        return sum(self.text) > sum(self.background)

    @cached_property
    def row(self) -> Colour:
        """Ground of a row."""
        return mixed(self.background, (0, 0, 0) if self.dark else (255, 255, 255), 0.28)

    @property
    def heading(self) -> Colour:
        """Ground of the heading of a group."""
        return self.foreground

    @cached_property
    def grid(self) -> Colour:
        """Thin lines at the marks of the ruler."""
        return mixed(self.row, self.text, 0.10)

    @cached_property
    def muted(self) -> Colour:
        """Text that stands back."""
        return mixed(self.background, self.text, 0.68)

    @cached_property
    def rim_pixel(self) -> int:
        """Rim of bars that hardly stand out from the ground."""
        return packed(mixed(self.row, self.text, 0.38))

    @property
    def cursor(self) -> Colour:
        """Line of the current frame."""
        return (255, 92, 92) if self.dark else (214, 32, 44)

    @property
    def mark(self) -> Colour:
        """The marked interval and what is being drawn."""
        return (120, 170, 255) if self.dark else (38, 98, 214)

    def curve(self, kind: str) -> Colour:
        """Return the colour of a kind of curve."""
        dark, light = _CURVES.get(kind, (hex_of(self.muted), hex_of(self.muted)))
        return parsed(dark if self.dark else light)


def parsed(colour: str) -> Colour:
    """Return ``"#rrggbb"`` or ``"rgb(r, g, b)"`` as numbers."""
    if colour.startswith("#"):
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return red, green, blue


def hex_of(colour: Colour) -> str:
    """Return numbers as ``"#rrggbb"``."""
    return "#" + "".join(f"{part:02x}" for part in colour)


def packed(colour: Colour) -> int:
    """Return a colour as a pixel of 32 bits."""
    return 0xFF000000 | colour[0] << 16 | colour[1] << 8 | colour[2]


def mixed(below: Colour, above: Colour, share: float) -> Colour:
    """Return a colour between two; a share of 1 is the one above."""
    red, green, blue = (round(b + (a - b) * share) for b, a in zip(below, above, strict=True))
    return red, green, blue
