"""Tags: text on a coloured plate beside an animal, as arithmetic on numbers.

A tag has to be read on any ground, bright arena or dark wall, so it brings its own. napari's only
plate is the horizontal bar among the symbols of a Points layer, three times as long as it is high;
text is broken into lines to fill it. Plate and text are measured in pixels of the picture and grow
with the zoom together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tag", "beside", "em", "font_points", "smooth", "wrapped"]

#: Height of the font as a share of the height of the picture.
_EM_SHARE = 1 / 36
#: Mean width of a letter, height of a line and room around the text, in font heights.
_LETTER, _LINE, _PADDING = 0.64, 1.3, 0.8
#: Length to height of the bar symbol.
_RATIO = 3.0
_MOST_LINES = 4
#: Letters of the longest text; the rest of a name stands in the features.
_MOST_LETTERS = 48
#: A plate may be so much longer where phrases then keep together.
_WORTH = 1.2
#: Room between animal and tag, and between tags, in font heights.
_GAP, _BETWEEN = 1.6, 0.3
#: Height of a tag of two lines with room around it, in font heights.
_TWO_LINES = 3.4


@dataclass(frozen=True)
class Tag:
    """A text broken into lines, and the length of the plate behind it in font heights."""

    text: str
    length: float

    @property
    def height(self) -> float:
        """Height of the plate in font heights."""
        return self.length / _RATIO


def wrapped(text: str) -> Tag:
    """Break a text into the lines that need the smallest plate.

    Parameters
    ----------
    text : str
        Label; broken only at blanks, and cut when it is very long.
    """
    if len(text) > _MOST_LETTERS:
        text = text[: _MOST_LETTERS - 3].rstrip(" ,") + "..."
    best = _smallest(text.split() or [""])
    # A name of several phrases reads better when each keeps together.
    phrases = _smallest(text.split(", "), ", ")
    return phrases if phrases.length <= best.length * _WORTH else best


def _smallest(words: list[str], joint: str = " ") -> Tag:
    """Return the smallest tag of these words, which are never broken."""
    tags = []
    for count in range(1, min(_MOST_LINES, len(words)) + 1):
        lines = _in_lines(words, count, joint)
        wide = max(len(line) for line in lines) * _LETTER + _PADDING
        high = len(lines) * _LINE + _PADDING / 2
        tags.append(Tag("\n".join(lines), max(wide, high * _RATIO)))
    return min(tags, key=lambda tag: tag.length)


def _in_lines(words: list[str], count: int, joint: str) -> list[str]:
    """Spread words over at most ``count`` lines so that the longest is as short as it gets."""
    width = max(max(len(word) for word in words), -(-len(joint.join(words)) // count))
    while True:
        lines = [words[0]]
        for word in words[1:]:
            longer = f"{lines[-1]}{joint}{word}"
            if len(longer) <= width:
                lines[-1] = longer
            else:
                lines[-1] += joint.rstrip()
                lines.append(word)
        if len(lines) <= count:
            return lines
        width += 1


def font_points(height: int) -> float:
    """Return the size of the font in points at one picture pixel per screen pixel.

    napari turns points into pixels twice, when it draws the letters and when it scales them, each
    time by 96 / 72 (measured on napari 0.9.2).
    """
    return em(height) * (72 / 96) ** 2


def em(height: int) -> float:
    """Return the height of the font in pixels of the picture."""
    return max(6.0, height * _EM_SHARE)


def smooth(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return the mean over ``reach`` frames either side, shape (n, ...); the ends are repeated."""
    if len(values) < 2 or reach < 1:
        return values
    padded = np.concatenate(
        [np.repeat(values[:1], reach, axis=0), values, np.repeat(values[-1:], reach, axis=0)]
    )
    sums = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0)
    width = 2 * reach + 1
    return np.asarray((sums[width:] - sums[:-width]) / width)


def beside(
    boxes: NDArray[np.float64],
    on_right: NDArray[np.bool_],
    lengths: NDArray[np.float64],
    slot: int,
    size: tuple[int, int],
) -> NDArray[np.float64]:
    """Return the middle of each tag, beside the animal and inside the picture.

    Parameters
    ----------
    boxes : ndarray, shape (n, 2, 2)
        Low and high corner (y, x) of the animal.
    on_right : ndarray of bool, shape (n,)
        Whether the tag stands to the right of the animal.
    lengths : ndarray, shape (n,)
        Length of each plate in pixels.
    slot : int
        0 stands above the middle of the animal, 1 below it, and so on outwards.
    size : tuple of int
        Height and width of the picture.

    Returns
    -------
    ndarray, shape (n, 2)
        y, x.
    """
    unit = em(size[0])
    heights = lengths / _RATIO
    half = lengths / 2
    gap = _GAP * unit + half
    x = np.where(on_right, boxes[:, 1, 1] + gap, boxes[:, 0, 1] - gap)
    sign = -1 if slot % 2 == 0 else 1
    step = heights + _BETWEEN * unit
    # Kept off the edges, so that the tags above and below the middle stay apart there too.
    room = min(_TWO_LINES * unit, size[0] / 2)
    middle = np.clip(boxes.mean(axis=1)[:, 0], room, size[0] - room)
    y = middle + sign * step * (0.5 + slot // 2)
    y = np.clip(y, heights / 2, np.maximum(heights / 2, size[0] - heights / 2))
    x = np.clip(x, half, np.maximum(half, size[1] - half))
    return np.column_stack([y, x])
