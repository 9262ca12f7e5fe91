"""Time on the timeline: the marks of its ruler, and moments and lengths as text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.reports.time_axis import time_ticks

__all__ = ["Tick", "clock", "moment", "ruler_ticks", "ruler_unit", "span_text"]


@dataclass(frozen=True)
class Tick:
    """A mark of the ruler: where, in frames, and what to write; empty for a small one."""

    frame: float
    text: str


def ruler_ticks(
    start: float, stop: float, n_frames: int, timebase: Timebase | None, most: int
) -> list[Tick]:
    """Return the marks of a time ruler.

    Parameters
    ----------
    start, stop : float
        Stretch in view, in frames.
    n_frames : int
        Length of the recording.
    timebase : Timebase or None
        Its clock; without one the ruler counts frames, as it does where seconds are too coarse.
    most : int
        Most marks with a text.
    """
    most = max(most, 2)
    if timebase is None or not n_frames or ruler_unit(start, stop, timebase, most) == "frames":
        return _frame_ticks(start, stop, most)
    begin, end = (float(timebase.time(min(math.floor(f), n_frames))) for f in (start, stop))
    steps = time_ticks(end - begin, most)
    if len(steps) < 2:
        return _frame_ticks(start, stop, most)
    step = Fraction(steps[1]).limit_denominator(100)
    parts = 5 if step in (Fraction(1, 10), Fraction(1, 2), 1, 5, 10) else 4
    parts = {Fraction(15): 3, Fraction(30): 3, Fraction(43200): 4, Fraction(3600): 4}.get(
        step, parts
    )
    small = step / parts
    number = np.arange(math.floor(begin / small), math.ceil(end / small) + 1)
    seconds = number * small.numerator / small.denominator
    inside = (seconds >= begin - 1e-9) & (seconds < timebase.duration)
    long = timebase.duration >= 3600
    number, seconds = number[inside], seconds[inside]
    return [
        Tick(place, "" if i % parts else clock(second, long, step < 1))
        for i, second, place in zip(
            *(number.tolist(), seconds.tolist(), _places(timebase, seconds).tolist()), strict=True
        )
    ]


def _places(timebase: Timebase, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where moments lie, in frames: between the beginnings of two pictures."""
    if timebase.is_constant:
        return seconds * timebase.fps
    frame = timebase.frame_at(np.maximum(seconds, 0), clip=True)
    begin, end = timebase.time(frame), timebase.time(frame + 1)
    return frame + np.clip((seconds - begin) / (end - begin), 0, 1)


def _frame_ticks(start: float, stop: float, most: int) -> list[Tick]:
    wanted = max((stop - start) / most, 1)
    ten = 10 ** math.floor(math.log10(wanted))
    step = next(ten * k for k in (1, 2, 5, 10) if ten * k >= wanted)
    small = max(step // 5 if step % 5 == 0 else step // 2, 1)
    first = math.ceil(start / small)
    return [
        Tick(float(i * small), "" if (i * small) % step else f"{i * small:,}")
        for i in range(first, math.ceil(stop / small))
    ]


def ruler_unit(start: float, stop: float, timebase: Timebase | None, most: int) -> str:
    """Return what the numbers of :func:`ruler_ticks` are."""
    if timebase is None or (stop - start) / timebase.fps < 0.1 * max(most, 2):
        return "frames"
    return "h:min:s" if timebase.duration >= 3600 else "min:s"


def clock(seconds: float, hours: bool, tenths: bool = False) -> str:
    """Return a moment as ``h:mm:ss`` or ``m:ss``, with tenths of a second if asked for.

    Examples
    --------
    >>> clock(75.0, False), clock(3675.0, True), clock(75.25, False, True)
    ('1:15', '1:01:15', '1:15.2')
    """
    whole, part = divmod(round(seconds * 10) if tenths else 10 * round(seconds), 10)
    minutes, second = divmod(whole, 60)
    text = f"{minutes // 60}:{minutes % 60:02d}" if hours else f"{minutes}"
    return f"{text}:{second:02d}" + (f".{part}" if tenths else "")


def span_text(start: int, stop: int, timebase: Timebase | None) -> str:
    """Return from when to when a bout lasts and how long, for people.

    Examples
    --------
    >>> span_text(30, 75, Timebase.constant(30, 100))
    '0:01.00 to 0:02.50 (1.5 s, 45 frames from 30 on)'
    """
    if timebase is None:
        return f"frame {start}" if stop <= start else f"{stop - start} frames from {start} on"
    last = timebase.n_frames
    begin, end = (timebase.time(min(max(frame, 0), last)) for frame in (start, stop))
    if stop <= start:
        return f"{moment(begin)} (frame {start})"
    length = f"{end - begin:.3g} s, {stop - start} frames from {start} on"
    return f"{moment(begin)} to {moment(end)} ({length})"


def moment(seconds: float) -> str:
    """Return a moment with hundredths of a second, with hours when there are some.

    Examples
    --------
    >>> moment(75.304), moment(3675.304)
    ('1:15.30', '1:01:15.30')
    """
    hundredths = round(seconds * 100)
    whole, part = divmod(hundredths, 100)
    return f"{clock(whole, whole >= 3600)}.{part:02d}"
