"""Where bouts begin and end: durations, inclusive stops, events without length, ends of videos."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import MISMATCH_POLICIES
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.io.text_dialects import numbers

__all__ = ["fit_bouts", "look_of_bounds", "with_stops"]


def with_stops(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Return a table of bouts with decimal commas understood and stops from durations.

    Parameters
    ----------
    table : DataFrame
        With columns named as here; ``stop`` or ``stop_s`` may be missing beside a duration.
    notes : list of str
        Gains a sentence when stops come from durations.
    """
    for unit in ("", "_s"):
        start, stop, duration = f"start{unit}", f"stop{unit}", f"duration{unit}"
        if start not in table.columns or stop in table.columns:
            continue
        # A table in frames may have its "duration" in either unit; seconds have no frames.
        length = duration if duration in table.columns else ""
        if unit and not length and "duration" in table.columns:
            length = "duration"
        if length:
            table[stop] = numbers(table[start]) + numbers(table[length])
            notes.append(f"Stops are start plus {length}.")
    for name in ("start", "stop"):
        if name in table.columns and table[name].dtype == object:
            # What is no number is left for the message that names the row.
            found = numbers(table[name])
            table[name] = pd.Series(found, dtype=object).where(np.isfinite(found), table[name])
    return table


def look_of_bounds(bouts: Intervals, *, inclusive: bool) -> list[str]:
    """Say what the stops look like, and how many bouts have no length.

    Parameters
    ----------
    bouts : Intervals
        As they were read.
    inclusive : bool
        Whether one was added to each stop.
    """
    notes = []
    points = int((bouts.length == 0).sum())
    if points:
        notes.append(f"{points} events have no length; they are kept at their frame.")
    ordered = bouts.sort()
    same = (ordered.recording[1:] == ordered.recording[:-1]) & (
        ordered.individual[1:] == ordered.individual[:-1]
    )
    gap = (ordered.start[1:] - ordered.stop[:-1])[same]
    touching, off = int((gap == 0).sum()), int((gap == (-1 if inclusive else 1)).sum())
    over = int((gap == -1).sum())
    if inclusive and off > touching:
        notes.append(
            f"{off} of {gap.size} bouts now end one frame behind the start of the next: the stops "
            "may not be inclusive."
        )
    elif not inclusive and off > touching and off >= max(2, gap.size // 2):
        notes.append(
            f"{off} of {gap.size} bouts end one frame before the next begins: the stops may be "
            "inclusive. They were read as half-open; inclusive_stop=True adds one."
        )
    elif not inclusive and over > touching and over >= 2:
        notes.append(f"{over} of {gap.size} bouts overlap the next by one frame; left as they are.")
    return notes


def fit_bouts(
    bouts: Intervals,
    clocks: Mapping[str, Timebase] | Timebase | None,
    path: Path,
    policy: str = "error",
) -> tuple[Intervals, list[str]]:
    """Check that bouts lie inside their videos, or cut them there.

    Parameters
    ----------
    policy : {"error", "trim", "pad"}
        As for poses; ``"pad"`` does for bouts what ``"trim"`` does.

    Returns
    -------
    Intervals, list of str
        The bouts and what was done to them.

    Raises
    ------
    MismatchError
        When a bout lies outside and the policy is ``"error"``, or begins before the video.
    """
    if policy not in MISMATCH_POLICIES:
        raise InputError(f"mismatch={policy!r}", expected=f"one of {', '.join(MISMATCH_POLICIES)}")
    notes = []
    for recording in dict.fromkeys(bouts.recording):
        clock = clocks.get(recording) if isinstance(clocks, Mapping) else clocks
        if clock is None:
            continue
        mine = bouts.recording == recording
        late = np.flatnonzero(mine & (bouts.stop > clock.n_frames))
        early = np.flatnonzero(mine & (bouts.start < 0))
        if early.size or (late.size and policy == "error"):
            row = int((*late, *early)[0])
            raise MismatchError(
                f"{path}, recording {recording!r}",
                expected=f"bouts inside its {clock.n_frames} frames",
                found=f"[{bouts.start[row]}, {bouts.stop[row]}) and "
                f"{late.size + early.size - 1} more",
                remedy="Check that the labels belong to this video, and whether its frame numbers "
                "are those of another rate.",
            )
        if late.size:
            gone = mine & (bouts.start >= clock.n_frames)
            notes.append(
                f"{policy}: {late.size} bouts of {recording!r} reach behind its {clock.n_frames} "
                f"frames; {int(gone.sum())} were left out, the others cut."
            )
            stop = np.where(mine, np.minimum(bouts.stop, clock.n_frames), bouts.stop)
            bouts = bouts.assign(stop=np.maximum(stop, bouts.start))[~gone]
    return bouts, notes
