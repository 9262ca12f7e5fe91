"""Which frames the rows of a table stand for: counted, numbered, timed, thinned out or late."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.pose import MISMATCH_POLICIES
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.frame_tables import FrameTable
from napari_mousegpt.io.label_options import LabelOptions
from napari_mousegpt.io.text_dialects import numbers

__all__ = ["Rows", "fit_rows", "rows_of_table"]

#: How many frames a row may claim to hold at most; beyond it the rest of the gap is unscored.
_FAR = 2**53


@dataclass(frozen=True, eq=False)
class Rows:
    """Frames of the rows of a table.

    Parameters
    ----------
    row : ndarray of int64, shape (n,)
        Rows of the table, in order.
    start, stop : ndarray of int64, shape (n,)
        The half-open frames each of them holds; rising, without overlap.
    own : bool
        Whether the table or the caller said where rows belong, so that it need not cover the
        whole video.
    notes : tuple of str
    """

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    own: bool
    notes: tuple[str, ...] = ()


def rows_of_table(table: FrameTable, options: LabelOptions, recording: str) -> Rows:
    """Find out which frames each row holds.

    A stated ``start`` or ``step`` wins over frame numbers in the table, those over times, those
    over plain counting.

    Raises
    ------
    FormatError
        When frame numbers are not whole or do not rise.
    MismatchError
        When times do not fit the clock.
    """
    clock = options.clock_of(recording)
    start = options.first_row(recording, table.path)
    if options.step is not None and options.step < 1:
        raise InputError(f"step={options.step}", expected="at least 1 frame from row to row")
    frames, times = table.of_role("frame"), table.of_role("time")
    if options.step is not None:
        return _counted(len(table), start or 0, options.step, own=True)
    if frames:
        found = _numbered(numbers(table.column(frames[0])), start, options)
        if times and clock is not None and start is None and options.first is None:
            _check_times(table, times[0], found, clock, options)
        return found
    if times and clock is not None:
        seconds = numbers(table.column(times[0])) - (options.offset or 0.0)
        if start is not None and len(seconds):
            seconds += float(clock.time(start)) - seconds[0]
        return _timed(seconds, clock, table.path, times[0])
    counted = _counted(len(table), start or 0, 1, own=start is not None)
    if times:
        note = f"Column {times[0]!r} was not compared with a clock, as none was given."
        return Rows(counted.row, counted.start, counted.stop, counted.own, (note,))
    return counted


def fit_rows(rows: Rows, clock: Timebase, policy: str, path: Path) -> Rows:
    """Bring rows to the length of the video by a named policy, as for poses.

    ``"error"`` refuses other lengths, ``"trim"`` drops what lies behind the last picture, and
    ``"pad"`` does so too and leaves missing frames unscored.

    Raises
    ------
    MismatchError
        When the lengths differ and the policy does not allow it.
    """
    if policy not in MISMATCH_POLICIES:
        raise InputError(f"mismatch={policy!r}", expected=f"one of {', '.join(MISMATCH_POLICIES)}")
    end, n = int(rows.stop.max(initial=0)), clock.n_frames
    early = int(rows.start.min(initial=0))
    if early < 0:
        raise MismatchError(
            path, expected="frames from 0 on", found=str(early), remedy="Check start= and offset=."
        )
    if end > n:
        if policy == "error":
            raise MismatchError(
                path,
                expected=f"labels for {n} frames, as the video has",
                found=f"labels up to frame {end}",
                remedy=f"Check that the labels belong to this video. If {end - n} frame(s) at the "
                'end are too many, read them with mismatch="trim"; if they begin later, give '
                "start=; if the file counts from 1, first=1.",
            )
        keep = rows.start < n
        note = f"{policy}: {end - n} frame(s) behind the {n} of the video were left out."
        return Rows(
            rows.row[keep],
            rows.start[keep],
            np.minimum(rows.stop[keep], n),
            rows.own,
            (*rows.notes, note),
        )
    if end == n:
        return rows
    if not rows.own and policy != "pad":
        raise MismatchError(
            path,
            expected=f"{n} rows, one for each frame of the video",
            found=f"{end}",
            remedy="Check that the labels belong to this video. If they begin later, give start=; "
            f'if {n - end} frame(s) at the end were not labelled, read them with mismatch="pad".',
        )
    note = f"Frames {end} to {n} have no row: not scored."
    return Rows(rows.row, rows.start, rows.stop, rows.own, (*rows.notes, note))


def _counted(count: int, start: int, step: int, *, own: bool) -> Rows:
    begin = start + step * np.arange(count, dtype=np.int64)
    notes = []
    if own:
        notes.append(
            f"Row 0 is frame {start}, as stated"
            + (f"; each row holds {step} frames." if step > 1 else ".")
        )
    return Rows(np.arange(count), begin, begin + step, own, tuple(notes))


def _numbered(found: NDArray[np.float64], start: int | None, options: LabelOptions) -> Rows:
    """Rows with frame numbers, which are whole and rise (columns that do not are no numbers)."""
    if len(found) and (abs(found) > _FAR).any():
        raise FormatError("frame numbers", expected="numbers of frames", found=f"{found.max():g}")
    frames = found.astype(np.int64)
    notes = []
    if start is not None and len(frames):
        notes.append(f"Frame numbers were moved so that row 0 is frame {start}, as stated.")
        frames = frames - frames[0] + start
    elif options.first:
        notes.append(f"The file counts frames from {options.first}; {options.first} is taken off.")
        frames = frames - options.first
    elif len(frames) and frames[0] != 0:
        notes.append(f"The first row is frame {frames[0]}.")
    gaps = np.diff(frames)
    step = int(np.bincount(np.minimum(gaps, 10_000)).argmax()) if gaps.size else 1
    if step > 1:
        notes.append(f"The table has a row every {step} frames; each row holds {step} frames.")
    stop = frames + step
    stop[:-1] = np.minimum(stop[:-1], frames[1:])
    missing = int((frames[1:] - stop[:-1]).sum()) if len(frames) else 0
    if missing:
        notes.append(f"{missing} frames within the table have no row: not scored.")
    return Rows(np.arange(len(frames)), frames, stop, True, tuple(notes))


def _timed(seconds: NDArray[np.float64], clock: Timebase, path: Path, name: str) -> Rows:
    """Rows with times: one for each picture, or each picture takes the row of its time."""
    if len(seconds) < 2:
        return _counted(len(seconds), 0, 1, own=False)
    step = float(np.median(np.diff(seconds)))
    first = int(np.argmin(np.abs(clock.time(np.arange(clock.n_frames)) - seconds[0])))
    last = min(first + len(seconds), clock.n_frames)
    expected = clock.time(np.arange(first, last))
    near = np.abs(expected - seconds[: last - first]) <= 0.5 / clock.fps + 1e-3
    if near.all() and step * clock.fps > 0.5:
        frames = first + np.arange(len(seconds), dtype=np.int64)
        notes = () if first == 0 else (f"The first row, {seconds[0]:g} s, is frame {first}.",)
        return Rows(np.arange(len(seconds)), frames, frames + 1, first > 0, notes)
    if len(seconds) == clock.n_frames:
        row = int(np.argmin(near))
        raise MismatchError(
            f"{path}, column {name!r}, row {row + 1} below the header",
            expected=f"{expected[row]:.3f} s, the time of frame {first + row}",
            found=f"{seconds[row]:g}",
            remedy="The labels have another frame rate or another beginning than the video.",
        )
    if seconds[-1] > clock.duration + max(0.5, 1.5 * step) or seconds[0] < -0.5:
        raise MismatchError(
            f"{path}, column {name!r}",
            expected=f"times between 0 and {clock.duration:.3f} s, the length of the video",
            found=f"{seconds[0]:g} to {seconds[-1]:g} s",
            remedy="Check that the labels belong to this video; seconds to take off: offset=...",
        )
    return _sampled(seconds, clock, step)


def _sampled(seconds: NDArray[np.float64], clock: Timebase, step: float) -> Rows:
    times = clock.time(np.arange(clock.n_frames))
    # Times are rounded: a row may seem to begin a little after the picture it was made from.
    row = np.searchsorted(seconds, times + min(step, 1 / clock.fps) / 4, side="right") - 1
    held = (row >= 0) & (times - seconds[np.maximum(row, 0)] < 1.5 * step)
    frames = np.flatnonzero(held)
    note = (
        f"The table has a row every {step:g} s, the video a picture every {1 / clock.fps:.4g} s: "
        "each picture takes the row that holds at its time."
    )
    return Rows(row[held].astype(np.int64), frames, frames + 1, True, (note,))


def _check_times(
    table: FrameTable, name: str, rows: Rows, clock: Timebase, options: LabelOptions
) -> None:
    inside = (rows.start >= 0) & (rows.start <= clock.n_frames)
    seconds = numbers(table.column(name))[inside] - (options.offset or 0.0)
    wrong = np.abs(seconds - clock.time(rows.start[inside])) > 0.5 / clock.fps + 1e-3
    if wrong.any():
        row = int(np.argmax(wrong))
        frame = int(rows.start[inside][row])
        raise MismatchError(
            f"{table.path}, column {name!r}, row {row + 1} below the header",
            expected=f"{float(clock.time(frame)):.3f} s, the time of frame {frame}",
            found=f"{seconds[row]:g}",
            remedy="The labels have another frame rate or another beginning than the video.",
        )
