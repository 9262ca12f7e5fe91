"""Text and colours on pictures, for movies."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

__all__ = ["Rgb", "fitting", "font", "ink_on", "rgb", "write"]

Rgb = tuple[int, int, int]

_DARK, _LIGHT = (16, 16, 18), (250, 250, 250)


@lru_cache(maxsize=16)
def font(size: int, bold: bool = False) -> FreeTypeFont:
    """Return a font that comes with matplotlib, ``size`` pixels high."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{name}", size)


@lru_cache(maxsize=256)
def fitting(text: str, width: float, size: int, bold: bool = False) -> str:
    """Return a text cut so that it fits a width in pixels, with an ellipsis where it was cut."""
    letters = font(size, bold)
    if letters.getlength(text) <= width:
        return text
    while text and letters.getlength(f"{text.rstrip()}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…" if text else ""


def rgb(colour: str) -> Rgb:
    """Return ``"#rrggbb"`` as red, green, blue."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def ink_on(ground: Rgb) -> Rgb:
    """Return black or white, whichever reads better on a colour."""
    red, green, blue = ground
    return _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else _LIGHT


def write(
    draw: ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    ink: Rgb,
    *,
    anchor: str = "lm",
    bold: bool = False,
) -> None:
    """Write a line of text; by default the place is the middle of its left edge."""
    draw.text(place, text, fill=ink, font=font(size, bold), anchor=anchor)
