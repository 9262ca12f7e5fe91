"""Where the clips of a video encoder lie in an interval."""

from __future__ import annotations

from fractions import Fraction

from napari_mousegpt.clips.sampling import ClipParams, clip_rows
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

__all__ = ["clip_length", "clip_spans", "exact_seconds"]


def clip_spans(
    timebase: Timebase, start: int, stop: int, frames: int, stride_s: float, clips: int
) -> list[tuple[int, int]]:
    """Place clips in an interval.

    Parameters
    ----------
    timebase : Timebase
        Clock of the recording.
    start, stop : int
        The interval, half-open, in frames.
    frames : int
        Pictures of a clip.
    stride_s : float
        Seconds from one picture to the next.
    clips : int
        Clips at most.

    Returns
    -------
    list of (int, int)
        Half-open frames of each clip, in order of time, none twice. Neighbours overlap by half at
        most; an interval shorter than a clip is one.

    Raises
    ------
    InputError
        When the interval reaches beyond the video or has fewer pictures than a clip; when pictures
        would come twice at this stride.
    """
    length = clip_length(timebase, frames, stride_s)
    name = f"interval [{start}, {stop})"
    clip_rows(timebase, start, stop, ClipParams(frames), least=frames, name=name)
    begin, end = timebase.exact_time(start), timebase.exact_time(stop)
    free = end - begin - length
    if free < 1 / timebase.rate:
        return [(start, stop)]
    count = min(clips, max(1, int(2 * free / length)))
    spans = []
    for i in range(count):
        first = begin + free * (2 * i + 1) / (2 * count)
        a = timebase.frame_at(float(first), side="nearest", clip=True)
        b = a + round(length * timebase.rate)
        if not timebase.is_constant:
            b = timebase.frame_at(float(first + length), side="nearest", clip=True)
        # A variable rate may show few pictures just here.
        b = min(max(b, a + frames), stop)
        spans.append((min(a, b - frames), b))
    return spans


def clip_length(timebase: Timebase, frames: int, stride_s: float) -> Fraction:
    """Return the seconds of a clip.

    Parameters
    ----------
    timebase, frames, stride_s
        As for :func:`clip_spans`.

    Raises
    ------
    InputError
        When pictures would come twice at this stride.
    """
    length = exact_seconds(stride_s) * frames
    if length * timebase.rate < frames - Fraction(1, 2):
        raise InputError(
            f"stride_s={stride_s:.4g}",
            expected=f"at least one picture, {1 / timebase.fps:.4g} s in this video",
            remedy="Give a longer stride.",
        )
    return length


def exact_seconds(seconds: float) -> Fraction:
    """Return the simple fraction that a decimal stands for: 0.0667 s are two pictures of thirty."""
    return Fraction(seconds).limit_denominator(1_000_000)
