"""Cutting a turned square out of a picture, so that the animal is in its middle and looks up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import InputError

__all__ = ["BLANK", "CropParams", "Window", "crop"]

#: Grey of what lies outside the picture.
BLANK = 38

_FOLLOWS = ("animal", "start")
_LARGEST = 2048


@dataclass(frozen=True)
class CropParams:
    """How clips are cut out.

    Parameters
    ----------
    side : int
        Side of a clip in pixels.
    body_lengths : float
        How much of the place is seen: side of the clip in body lengths. Used with a pose that has
        a front and a rear, unless ``pixels`` is given.
    pixels : float
        Side of the clip in pixels of the video; 0 leaves it to ``body_lengths``.
    follow : {"animal", "start"}
        Go with the animal in every picture, so that it stays in the middle and looks up; or keep
        the window where it is as the bout begins, so that walking and turning show.
    turn : bool
        Turn the clip to the animal. Without it, up in the clip is up in the picture.
    smooth_s : float
        Standard deviation in seconds of the Gaussian that steadies centre and angle.
    min_confidence : float
        Keypoints below this confidence are bridged from the pictures before and after.
    """

    side: int = 128
    body_lengths: float = 3.0
    pixels: float = 0.0
    follow: Literal["animal", "start"] = "animal"
    turn: bool = True
    smooth_s: float = 0.08
    min_confidence: float = 0.6

    def __post_init__(self) -> None:
        if not 16 <= self.side <= _LARGEST:
            raise InputError(f"side={self.side}", expected=f"16 to {_LARGEST} pixels")
        if not self.body_lengths > 0:
            raise InputError(f"body_lengths={self.body_lengths}", expected="more than 0")
        if self.pixels < 0 or self.smooth_s < 0:
            raise InputError(
                "clip", expected="pixels and smooth_s of 0 or more",
                found=f"{self.pixels:g} and {self.smooth_s:g}",
            )  # fmt: skip
        if self.follow not in _FOLLOWS:
            raise InputError(f"follow={self.follow!r}", expected=f"one of {', '.join(_FOLLOWS)}")


class Window(NamedTuple):
    """Where a clip lies in one picture.

    Parameters
    ----------
    x, y : float
        Its middle, in pixels of the picture as poses count them: 0 is the middle of the first one.
    angle : float
        Way of the animal in the picture, in radians: 0 to the right, pi / 2 down. It is up in the
        clip.
    span : float
        Side in pixels of the picture.
    """

    x: float
    y: float
    angle: float
    span: float


def crop(picture: NDArray[Any], window: Window, side: int) -> NDArray[np.uint8]:
    """Cut a turned square out of a picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (Y, X) or (Y, X, 3)
        Grey or RGB.
    window : Window
        Where.
    side : int
        Side of the result in pixels.

    Returns
    -------
    ndarray of uint8, shape (side, side, 3)
        What lies outside the picture is grey (:data:`BLANK`).
    """
    from PIL import Image

    height, width = picture.shape[:2]
    # A turned square lies within this far of its middle; one pixel more for the interpolation.
    reach = window.span / np.sqrt(2) + 2
    left, right = _within(window.x - reach, width), _within(window.x + reach + 1, width)
    top, bottom = _within(window.y - reach, height), _within(window.y + reach + 1, height)
    if left >= right or top >= bottom:
        return np.full((side, side, 3), BLANK, dtype=np.uint8)
    image = Image.fromarray(np.ascontiguousarray(picture[top:bottom, left:right]))
    # Half a pixel: here 0 is the edge of the first pixel, in a pose its middle.
    x, y = window.x + 0.5 - left, window.y + 0.5 - top
    thinned = max(1, int(window.span / side))
    if thinned > 1:
        # Areas are averaged first, or a small clip of a large picture would glitter.
        image = image.reduce(thinned)
        x, y = x / thinned, y / thinned
    step = window.span / side / thinned
    # Right and down in the clip, as ways in the picture: the animal looks up.
    right_x, right_y = -np.sin(window.angle) * step, np.cos(window.angle) * step
    down_x, down_y = -np.cos(window.angle) * step, -np.sin(window.angle) * step
    half = side / 2
    coefficients = (
        right_x, down_x, x - half * (right_x + down_x),
        right_y, down_y, y - half * (right_y + down_y),
    )  # fmt: skip
    turned = image.convert("RGB").transform(
        (side, side),
        Image.Transform.AFFINE,
        [float(number) for number in coefficients],
        resample=Image.Resampling.BILINEAR,
        fillcolor=(BLANK, BLANK, BLANK),
    )
    return np.asarray(turned)


def _within(edge: float, size: int) -> int:
    return int(np.clip(np.floor(edge), 0, size))
