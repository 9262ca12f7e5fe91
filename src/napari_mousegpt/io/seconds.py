"""Times that other programs rounded, back to frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import MismatchError

__all__ = ["nearest_frames"]


def nearest_frames(
    clock: Timebase, seconds: NDArray[np.float64], subject: str
) -> NDArray[np.int64]:
    """Return the frame whose beginning is nearest to each time.

    Parameters
    ----------
    clock : Timebase
        Clock of the video.
    seconds : ndarray of float64, shape (n,)
        Times after its first picture.
    subject : str
        What to call the times in messages.

    Returns
    -------
    ndarray of int64, shape (n,)
        0 to ``n_frames``; the last one is the end of the video, as in half-open intervals.

    Raises
    ------
    MismatchError
        When a time is missing or lies more than half a second outside the video, beyond what
        rounding and the length a container states can explain.
    """
    begins = clock.time(np.arange(clock.n_frames + 1))
    bad = np.flatnonzero(~((seconds >= -0.5) & (seconds <= clock.duration + 0.5)))
    if bad.size:
        raise MismatchError(
            subject,
            expected=f"times between 0 and {clock.duration:.3f} s, the length of the video",
            found=f"{seconds[bad[0]]:g} s, and {bad.size - 1} more outside",
            remedy="Check that the labels belong to this video and start at its first picture.",
        )
    after = np.clip(np.searchsorted(begins, seconds), 1, clock.n_frames)
    before = after - 1
    nearer = np.abs(seconds - begins[before]) <= np.abs(begins[after] - seconds)
    return np.where(nearer, before, after).astype(np.int64)
