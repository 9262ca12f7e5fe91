"""Time stamps of the rows of a pose file: what they say about its rate, and where they jump.

Rows belong to pictures and are never moved by their times unasked: a camera that lost pictures and
a tracker that left out pictures write the same stamps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError

__all__ = ["TimesSaid", "frames_of_times", "join_times", "what_times_say"]

#: Steps that differ from the usual one by more than this share are uneven.
_UNEVEN = 0.5
#: Stamps closer than this share of a step are one.
_SAME = 0.25

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TimesSaid:
    """What the times of the rows say.

    Parameters
    ----------
    rate : float or None
        Usual rows per second; None where the times only count the rows.
    times : ndarray of float64 or None
        The times, where they are uneven.
    notes : tuple of str
    """

    rate: float | None
    times: Floats | None
    notes: tuple[str, ...]


def what_times_say(seconds: Floats, subject: str) -> TimesSaid:
    """Return rate, uneven times and notes.

    Parameters
    ----------
    seconds : ndarray of float64, shape (n_rows,)
        Time of each row on the clock of the file.
    subject : str
        What to call the file in messages.

    Raises
    ------
    FormatError
        When they are not finite or do not rise.
    """
    steps = np.diff(seconds)
    if not np.isfinite(seconds).all() or (steps <= 0).any():
        row = int(np.flatnonzero(~np.isfinite(seconds) | np.r_[False, ~(steps > 0)])[0])
        raise FormatError(
            f"{subject}, row {row}",
            expected="time stamps that rise",
            found=f"{seconds[row]:g}" + (f" after {seconds[row - 1]:g}" if row else ""),
            remedy="Each row may be one picture; export the pose again.",
        )
    if len(seconds) < 2:
        return TimesSaid(None, None, ())
    if np.array_equal(seconds, np.arange(len(seconds))):
        return TimesSaid(None, None, ("Its time stamps are 0, 1, 2, ...: they count rows.",))
    usual = float(np.median(steps))
    notes = []
    if seconds[0] != 0:
        notes.append(
            f"Its clock stands at {seconds[0]:g} s in the first row, which is taken as picture 0."
        )
    jumps = np.flatnonzero(np.abs(steps - usual) > _UNEVEN * usual)
    if jumps.size:
        notes.append(
            f"Its time stamps are uneven in {jumps.size} place(s), first by {steps[jumps[0]]:.4g} s"
            f" after row {jumps[0]} ({usual:.4g} s is usual): each row is taken as one picture."
        )
    return TimesSaid(1 / usual, seconds if jumps.size else None, tuple(notes))


def join_times(clocks: Sequence[Floats], subject: str) -> tuple[Floats, list[NDArray[np.int64]]]:
    """Bring tracks with stamps of their own on one list of rows.

    Parameters
    ----------
    clocks : sequence of ndarray of float64
        Rising times of each track.
    subject : str
        What to call the file in messages.

    Returns
    -------
    seconds : ndarray of float64, shape (n_rows,)
        Every time that occurs, once.
    rows : list of ndarray of int64
        Row of each stamp of each track.

    Raises
    ------
    FormatError
        When the tracks do not tick together, as those of two cameras.
    """
    if all(clock is clocks[0] for clock in clocks):
        return clocks[0], [np.arange(len(clocks[0])) for _ in clocks]
    distinct = list({id(clock): clock for clock in clocks}.values())
    every = np.unique(np.concatenate(distinct))
    step = min((float(np.median(np.diff(c))) for c in distinct if len(c) > 1), default=0.0)
    begins = np.r_[True, np.diff(every) > _SAME * step]
    seconds = every[begins]
    if len(seconds) > 1 and (np.diff(seconds) < (1 - _SAME) * step).any():
        raise FormatError(
            subject,
            expected="tracks on one clock",
            found="time stamps of some between those of others",
            remedy="Are they of several cameras? Choose one with individuals=[...].",
        )
    return seconds, [
        np.searchsorted(seconds, clock + _SAME * step, side="right") - 1 for clock in clocks
    ]


def frames_of_times(seconds: Floats, clock: Timebase) -> NDArray[np.int64] | None:
    """Return the picture of each row by its time, None where they do not fit the video.

    Parameters
    ----------
    seconds : ndarray of float64, shape (n_rows,)
        Rising times after the first picture.
    clock : Timebase
        Clock of the video.
    """
    step = 1 / clock.fps
    if not clock.n_frames or seconds[0] < -_SAME * step:
        return None
    if seconds[-1] > clock.time(clock.n_frames - 1) + _SAME * step:
        return None
    frames = clock.frame_at(seconds, side="nearest", clip=True)
    off = np.abs(clock.time(frames) - seconds).max()
    return frames if off <= _SAME * step and (np.diff(frames) > 0).all() else None
