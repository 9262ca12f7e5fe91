"""Clocks from what BORIS noted about a video: its rate and its length."""

from __future__ import annotations

import numpy as np

from napari_mousegpt.core.timebase import Timebase, as_rate

__all__ = ["clock_from_facts"]

#: Rates and lengths beyond these are no facts about a video.
_FASTEST, _LONGEST = 100_000.0, 3.2e7


def clock_from_facts(rate: float, length: float, recording: str) -> tuple[Timebase | None, str]:
    """Return the clock of a video of which only rate and length are known.

    Parameters
    ----------
    rate : float
        Frames per second.
    length : float
        Seconds.
    recording : str
        Whose clock, for the note.

    Returns
    -------
    Timebase or None
        None where rate or length are no sensible numbers.
    str
        Sentence for the notes: containers state rounded lengths, so the true number of frames may
        be another.
    """
    if not (np.isfinite(rate) and 0 < rate <= _FASTEST):
        return None, f"No rate of {recording!r} is stated."
    if not (np.isfinite(length) and 0 < length <= _LONGEST):
        return None, f"No length of {recording!r} is stated."
    exact = as_rate(round(rate, 3))
    clock = Timebase.constant(exact, max(1, round(length * exact)))
    return clock, (
        f"The clock of {recording!r} is what BORIS noted: {float(exact):g} frames per second, "
        f"{clock.n_frames} frames. Give clocks= to use that of the video."
    )
