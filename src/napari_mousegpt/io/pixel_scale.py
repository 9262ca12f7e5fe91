"""Bringing pixel values of any kind to the 0 to 255 that every picture of this program has.

One scaling serves a whole recording, and it has a name. Scaling each picture by its own darkest and
brightest pixel would make a still mouse flicker and hide a light that is switched on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import InputError

__all__ = ["SAMPLED_PICTURES", "PixelScale", "check_values", "choose_scale"]

#: Pictures, evenly spread, that a scaling is measured on where nothing states it.
SAMPLED_PICTURES = 32
_PERCENTILES = (0.1, 99.9)
# Values taken of each of these pictures; more do not move a percentile that matters.
_VALUES = 1 << 16


@dataclass(frozen=True)
class PixelScale:
    """A fixed scaling of pixel values: ``low`` and below become 0, ``high`` and above 255.

    Parameters
    ----------
    dtype : str
        Kind of the stored values, such as ``"uint16"``.
    policy : {"stored", "mask", "limits", "display", "sampled"}
        Where low and high come from: the values are 0 to 255 already; they are false and true; the
        caller gave them; the file states a display range; they are the 0.1 and 99.9 percentiles of
        up to 32 pictures spread evenly over the recording.
    low, high : float
    """

    dtype: str
    policy: str
    low: float
    high: float

    def __call__(self, picture: NDArray[Any]) -> NDArray[np.uint8]:
        """Return a picture as uint8; values that are no numbers become 0."""
        if self.policy == "stored":
            return np.asarray(picture, dtype=np.uint8)
        if picture.dtype == np.uint16:
            return np.asarray(_table(self.low, self.high)[picture], dtype=np.uint8)
        return _scaled(picture, self.low, self.high)

    def sentence(self) -> str:
        """Return what is done to the values, for people; empty when nothing is."""
        if self.policy == "stored":
            return ""
        if self.policy == "mask":
            return "Pixels are true or false: shown as 255 and 0."
        where = {
            "limits": "the limits that were given",
            "display": "the display range that the file states",
            "sampled": f"the {_PERCENTILES[0]} and {_PERCENTILES[1]} percentiles of up to "
            f"{SAMPLED_PICTURES} pictures spread over the recording",
        }[self.policy]
        return (
            f"Pixels are {self.dtype} and shown as 0 to 255: {self.low:g} and below are 0, "
            f"{self.high:g} and above 255, the same for every picture ({where})."
        )


def choose_scale(
    dtype: np.dtype[Any],
    sample: Callable[[], Iterable[NDArray[Any]]],
    *,
    limits: tuple[float, float] | None = None,
    display: tuple[float, float] | None = None,
    name: object = "pictures",
) -> PixelScale:
    """Choose the scaling of a recording.

    Parameters
    ----------
    dtype : dtype
        Kind of the stored values.
    sample : callable
        Returns some pictures of the recording; called only where nothing else decides.
    limits : (low, high), optional
        What the caller wants to be black and white.
    display : (low, high), optional
        Display range that the file states; ignored unless it rises, and for uint8.
    name : object
        What to call the pictures in an error.

    Raises
    ------
    InputError
        For limits that do not rise, and for values that are no real numbers.
    """
    dtype = np.dtype(dtype)
    check_values(dtype, name)
    if limits is not None:
        low, high = (float(value) for value in limits)
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise InputError(
                f"limits {limits!r}", expected="two numbers, the second larger than the first"
            )
        same = dtype == np.uint8 and (low, high) == (0, 255)
        return PixelScale(str(dtype), "stored" if same else "limits", low, high)
    if dtype == np.uint8:
        return PixelScale("uint8", "stored", 0, 255)
    if dtype.kind == "b":
        return PixelScale("bool", "mask", 0, 1)
    if display is not None and np.all(np.isfinite(display)) and display[0] < display[1]:
        return PixelScale(str(dtype), "display", float(display[0]), float(display[1]))
    low, high = _percentiles(sample())
    if dtype.kind != "f":
        low, high = float(np.floor(low)), float(np.ceil(high))
    return PixelScale(str(dtype), "sampled", low, high if high > low else low + 1)


def check_values(dtype: np.dtype[Any], name: object) -> None:
    """Refuse pixel values that are no real numbers.

    Raises
    ------
    InputError
    """
    if dtype.kind not in "buif":
        raise InputError(
            name,
            expected="pixel values that are numbers",
            found=str(dtype),
            remedy="Give their absolute value, or one channel of them.",
        )


def _percentiles(pictures: Iterable[NDArray[Any]]) -> tuple[float, float]:
    parts = []
    for picture in pictures:
        values = np.asarray(picture).reshape(-1)
        values = values[:: -(-values.size // _VALUES) or 1].astype(np.float64)
        parts.append(values[np.isfinite(values)])
    values = np.concatenate(parts) if parts else np.zeros(0)
    if not values.size:
        return 0.0, 1.0
    low, high = np.percentile(values, _PERCENTILES)
    return float(low), float(high)


def _scaled(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    # Clipped before anything is subtracted: no overflow, and infinities have a place.
    kind = np.float32 if values.dtype.itemsize <= 2 or values.dtype == np.float32 else np.float64
    inside = np.clip(
        np.nan_to_num(values.astype(kind), nan=low, posinf=high, neginf=low), low, high
    )
    return np.asarray(np.rint((inside - low) * (255 / (high - low))), dtype=np.uint8)


@functools.lru_cache(maxsize=8)
def _table(low: float, high: float) -> NDArray[np.uint8]:
    """Return the result for every uint16: looking up is four times as fast as reckoning."""
    table = _scaled(np.arange(1 << 16, dtype=np.float64), low, high)
    table.setflags(write=False)
    return table
