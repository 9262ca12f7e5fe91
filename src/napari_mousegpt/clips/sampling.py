"""Which frames of an interval a model sees."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips.crops import CropParams
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

__all__ = ["ClipParams", "clip_rows"]

#: Sides of a clip in pixels, and pictures of one.
_SIDES = (16, 2048)
_MOST_FRAMES = 4096
#: Strides given as decimals are taken at the nearest simple fraction: 0.0667 s of 30 pictures a
#: second must stay two pictures over a whole clip.
_DENOMINATOR = 1_000_000
#: A picture that begins up to so many pictures behind the last one still counts as it.
_SLACK = Fraction(499, 1000)


@dataclass(frozen=True)
class ClipParams:
    """How an interval becomes the pictures that a model sees.

    Parameters
    ----------
    frames : int
        Pictures of a clip, at most: an interval that holds fewer gives all it has.
    stride_s : float
        Seconds from one picture to the next, around the middle of the interval; 0 spreads the
        pictures evenly over the whole interval.
    size : int
        Side of the clip in pixels.
    crop : CropParams, optional
        Follow the animal; its own ``side`` is not used, ``size`` is. Without it the whole picture
        is shown, with grey bars where it is not square.
    cameras : tuple of str
        Names of the views to show, side by side when there are several; the primary one if empty.
    still : bool
        One picture only: the middle one of the interval.
    """

    frames: int = 8
    stride_s: float = 0.0
    size: int = 224
    crop: CropParams | None = None
    cameras: tuple[str, ...] = ()
    still: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.frames <= _MOST_FRAMES:
            raise InputError(f"frames={self.frames}", expected=f"1 to {_MOST_FRAMES} pictures")
        if not 0 <= self.stride_s < float("inf"):
            raise InputError(f"stride_s={self.stride_s:g}", expected="0 or more seconds")
        if not _SIDES[0] <= self.size <= _SIDES[1]:
            raise InputError(f"size={self.size}", expected=f"{_SIDES[0]} to {_SIDES[1]} pixels")
        if len(set(self.cameras)) < len(self.cameras):
            raise InputError(
                "cameras", expected="each view once", found=", ".join(self.cameras)
            )  # fmt: skip

    @property
    def wanted(self) -> int:
        """Pictures of a clip of an interval that is long enough."""
        return 1 if self.still else self.frames


def clip_rows(
    timebase: Timebase,
    start: int,
    stop: int,
    params: ClipParams,
    *,
    least: int = 1,
    name: str = "",
) -> NDArray[np.int64]:
    """Return the frames of the clip of one interval.

    Parameters
    ----------
    timebase : Timebase
        Clock of the recording.
    start, stop : int
        The interval, half-open, in frames.
    params : ClipParams
    least : int
        Pictures that the model needs at least; no picture is ever repeated to make up for them.
    name : str
        What to call the interval in errors.

    Returns
    -------
    ndarray of int64, shape (T,)
        Rising frames within the interval, none twice; ``1 <= T <= params.frames``.

    Raises
    ------
    InputError
        When the interval has no length, reaches beyond the video, or gives too few pictures; when
        the stride is shorter than a picture.

    Notes
    -----
    Pictures that are spread over the interval are those on the screen in the middle of ``T`` equal
    parts of its time. Where a variable rate shows one picture at two of these moments, the nearest
    free pictures of the interval are taken.
    """
    name = name or f"interval [{start}, {stop})"
    _check(timebase, start, stop, name)
    if params.stride_s > 0 and not params.still:
        rows = _strided(timebase, start, stop, params)
    else:
        rows = _spread(timebase, start, stop, min(params.wanted, stop - start))
    if len(rows) < least:
        raise InputError(
            name,
            expected=f"at least {least} pictures, as the model needs",
            found=f"{len(rows)}",
            remedy="Show more than one, or choose a model that needs a single picture."
            if params.still
            else "Make it longer, or choose more pictures and a shorter stride.",
        )
    return _apart(rows, start, stop)


def _check(timebase: Timebase, start: int, stop: int, name: str) -> None:
    if stop <= start:
        raise InputError(
            name,
            expected="a length of one picture or more",
            found="none",
            remedy="Leave events without length out, or widen them.",
        )
    if start < 0 or stop > timebase.n_frames:
        raise InputError(
            name,
            expected=f"frames 0 to {timebase.n_frames}, which the video has",
            remedy="Cut it at the end of the video, or check that it belongs to this recording.",
        )


def _spread(clock: Timebase, start: int, stop: int, count: int) -> NDArray[np.int64]:
    """Pictures shown in the middle of equal parts of the interval's time."""
    parts = 2 * np.arange(count, dtype=np.int64) + 1
    if clock.is_constant:
        return start + parts * (stop - start) // (2 * count)
    first, end = clock.time(start), clock.time(stop)
    moments = first + parts * ((end - first) / (2 * count))
    return np.clip(clock.frame_at(moments, clip=True), start, stop - 1)


def _strided(clock: Timebase, start: int, stop: int, params: ClipParams) -> NDArray[np.int64]:
    """Pictures a stride apart, as many as fit and are wanted, around the middle."""
    stride = Fraction(params.stride_s).limit_denominator(_DENOMINATOR)
    if stride * clock.rate < 1:
        raise InputError(
            f"stride_s={params.stride_s:g}",
            expected=f"at least one picture, {1 / clock.fps:.4g} s in this video",
            remedy="Give a longer stride, or 0 to spread the pictures over the interval.",
        )
    n = stop - start
    if clock.is_constant:
        step = stride * clock.rate
        count = min(params.frames, (n - 1 + _SLACK) // step + 1)
        begin = start + max(0, int((n - 1 - (count - 1) * step) // 2))
        places = [round(place * step) for place in range(count)]
        return begin + np.array(places, dtype=np.int64)
    first, last, pace = clock.time(start), clock.time(stop - 1), float(stride)
    fits = (last - first + float(_SLACK / clock.rate)) / pace
    count = min(params.frames, n, int(fits) + 1)
    begin_s = first + max(0.0, (last - first - (count - 1) * pace) / 2)
    moments = np.minimum(begin_s + np.arange(count) * pace, last)
    return np.asarray(clock.frame_at(moments, side="nearest"), dtype=np.int64)


def _apart(rows: NDArray[np.int64], start: int, stop: int) -> NDArray[np.int64]:
    """Move rising rows as little as needed for none to come twice within the interval."""
    steps = np.arange(len(rows))
    pushed = np.maximum.accumulate(rows - steps) + steps
    return np.clip(pushed, start + steps, stop - len(rows) + steps)
