"""Epochs of a recording from tables: an injection, a cue, a pulse on a wire.

An epoch is an interval with a label that says what was done, not what the animal did.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.seconds import nearest_frames
from napari_mousegpt.io.text_dialects import numbers
from napari_mousegpt.io.text_tables import read_cells

__all__ = ["epochs_around", "load_epochs"]

_POLICIES = ("error", "clip")
#: No recording has so many frames or seconds; beyond it whole numbers are no longer exact.
_FAR = 1e12
_LABEL = ("label", "epoch", "event", "name", "cue", "phase")
_START = ("start", "start_frame", "onset", "onset_frame", "frame")
_STOP = ("stop", "stop_frame", "end", "end_frame", "offset", "offset_frame")
_START_S = ("start_s", "onset_s", "time", "time_s", "seconds", "start (s)", "start_time")
_STOP_S = ("stop_s", "end_s", "offset_s", "stop (s)", "end_time", "stop_time")
_DURATION_S = ("duration", "duration_s", "length_s")
_RECORDING = ("recording", "recording_id")


def load_epochs(
    path: str | os.PathLike[str],
    clock: Timebase,
    *,
    recording: str = "",
    label: str = "epoch",
    duration_s: float | None = None,
    first_frame: int = 0,
    inclusive_stop: bool = False,
    beyond: str = "error",
) -> Intervals:
    """Read epochs from a table.

    Parameters
    ----------
    path : path-like
        csv, tsv or xlsx of one of these kinds: a header with a start (``start`` in frames,
        ``start_s`` in seconds, or another usual name), with a stop, a ``duration_s`` or neither,
        and perhaps a ``label`` and a ``recording``; one column of 0 and 1 with a value for each
        frame (a TTL line: each stretch of 1 is an epoch); or numbers without a header: pairs of
        start and stop in frames, or one column of onsets.
    clock : Timebase
        Clock of the video.
    recording : str
        Id of the recording. Rows of a table with a column ``recording`` that name another one
        are left out; without an id the name of the file is taken.
    label : str
        Label of rows without one.
    duration_s : float, optional
        Length of epochs of which only the onset is known; one frame if left out.
    first_frame : int
        Number that the table gives to the first picture: 1 for MATLAB.
    inclusive_stop : bool
        Whether a stop is the last frame of its epoch, not the frame after it (MATLAB again).
    beyond : {"error", "clip"}
        What to do with epochs that reach over an end of the video.

    Returns
    -------
    Intervals
        Half-open in frames, sorted, with a column ``label``. Epochs belong to no individual.

    Raises
    ------
    InputError
        When there is no such file or an option is unknown.
    FormatError
        When it is no such table; the line is named.
    MismatchError
        When an epoch reaches over the video and ``beyond="error"``, or a TTL line has another
        length than the video.
    """
    path = Path(path)
    if beyond not in _POLICIES:
        raise InputError(f"beyond={beyond!r}", expected=f"one of {', '.join(_POLICIES)}")
    if duration_s is not None and not duration_s > 0:
        raise InputError("duration_s", expected="more than 0 seconds", found=str(duration_s))
    if not path.is_file():
        raise InputError(
            path, expected="a table of epochs", found="no such file", remedy="Check the path."
        )
    rows = _rows(path)
    name = recording or path.stem
    if _is_bare(rows):
        table = _bare(path, rows, label, clock, first_frame)
    else:
        table = _named(path, rows, label, clock, first_frame, recording)
    if inclusive_stop:
        table.loc[table["stop"] != -1, "stop"] += 1
    table["stop"] = _stops(table, clock, duration_s)
    _check(path, table, clock, beyond)
    table[["start", "stop"]] = table[["start", "stop"]].clip(0, clock.n_frames)
    table = table[table["stop"] > table["start"]]
    return Intervals.build(
        name,
        table["start"].to_numpy(np.int64),
        table["stop"].to_numpy(np.int64),
        label=table["label"].to_numpy(object),
    ).sort()


def epochs_around(
    event: int,
    spans: Sequence[tuple[str, float, float]],
    clock: Timebase,
    *,
    recording: str = "",
    beyond: str = "error",
) -> Intervals:
    """Return epochs at stated times before and after an event, such as an injection.

    Parameters
    ----------
    event : int
        Frame of the event.
    spans : sequence of (label, from, to)
        Seconds after the event; negative ones lie before it.
    clock : Timebase
        Clock of the video.
    recording : str
        Id of the recording.
    beyond : {"error", "clip"}
        What to do with spans that reach over an end of the video.

    Returns
    -------
    Intervals
        Half-open in frames, in the order given, with a column ``label``. Spans that meet share no
        frame.

    Raises
    ------
    InputError
        When the event lies outside the video, a span ends before it begins, or an option is
        unknown.
    MismatchError
        When a span reaches over the video and ``beyond="error"``.

    Examples
    --------
    >>> clock = Timebase.constant(30, 9000)
    >>> around = epochs_around(3000, [("before", -60, 0), ("after", 0, 120)], clock)
    >>> around.start.tolist(), around.stop.tolist()
    ([1200, 3000], [3000, 6600])
    """
    if beyond not in _POLICIES:
        raise InputError(f"beyond={beyond!r}", expected=f"one of {', '.join(_POLICIES)}")
    if not 0 <= event < clock.n_frames:
        raise InputError(
            "event", expected=f"a frame from 0 to {clock.n_frames - 1}", found=str(event)
        )
    zero = clock.time(event)
    rows = []
    for name, begin, end in spans:
        if not end > begin:
            raise InputError(
                f"span {name!r}", expected="an end after its beginning", found=f"{begin} to {end} s"
            )
        outside = zero + begin < -1e-9 or zero + end > clock.duration + 1e-9
        if outside and beyond == "error":
            raise MismatchError(
                f"span {name!r}",
                expected=f"times inside the video, {-zero:.3f} to {clock.duration - zero:.3f} s "
                "from the event",
                found=f"{begin:g} to {end:g} s",
                remedy='Shorten it, or clip it with beyond="clip".',
            )
        bounds = np.clip([zero + begin, zero + end], 0.0, clock.duration)
        start, stop = nearest_frames(clock, bounds, f"span {name!r}").tolist()
        if stop > start:
            rows.append((name, start, stop))
    names, starts, stops = zip(*rows, strict=True) if rows else ((), (), ())
    return Intervals.build(recording, list(starts), list(stops), label=np.array(names, object))


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    if path.suffix.lower() == ".xlsx":
        from napari_mousegpt.io.study_sheets import read_sheet

        return read_sheet(path)
    return read_cells(path)


def _is_bare(rows: list[tuple[int, list[str]]]) -> bool:
    return bool(np.isfinite(numbers(rows[0][1])).all())


def _bare(
    path: Path,
    rows: list[tuple[int, list[str]]],
    label: str,
    clock: Timebase,
    first_frame: int,
) -> pd.DataFrame:
    width = len(rows[0][1])
    ragged = [line for line, cells in rows if len(cells) != width]
    if ragged or width > 2:
        raise FormatError(
            f"{path}, line {ragged[0] if ragged else rows[0][0]}",
            expected="one frame number in each line, or a start and a stop",
            found="lines of different length" if ragged else f"{width} numbers",
            remedy="Give the table a header with start and stop.",
        )
    values = numbers([cell for _, cells in rows for cell in cells])
    bad = np.flatnonzero(~(abs(values) < _FAR) | (values != np.round(values)))
    if bad.size:
        raise FormatError(
            f"{path}, line {rows[bad[0] // width][0]}",
            expected="whole frame numbers",
            found=rows[bad[0] // width][1][bad[0] % width] or "an empty cell",
        )
    if width == 1 and len(values) > 2 and np.isin(values, (0, 1)).all():
        return _pulses(path, values.astype(bool), label, clock)
    frames = values.astype(np.int64).reshape(-1, width) - first_frame
    return pd.DataFrame(
        {"label": label, "start": frames[:, 0], "stop": frames[:, 1] if width == 2 else -1}
    )


def _pulses(path: Path, high: NDArray[np.bool_], label: str, clock: Timebase) -> pd.DataFrame:
    if len(high) != clock.n_frames:
        raise MismatchError(
            path,
            expected=f"{clock.n_frames} values of the line, one for each picture",
            found=str(len(high)),
            remedy="Sample the line once for each picture, or give onsets in seconds.",
        )
    edges = np.diff(np.concatenate(([0], high.astype(np.int8), [0])))
    return pd.DataFrame(
        {"label": label, "start": np.flatnonzero(edges == 1), "stop": np.flatnonzero(edges == -1)}
    )


def _named(
    path: Path,
    rows: list[tuple[int, list[str]]],
    label: str,
    clock: Timebase,
    first_frame: int,
    recording: str,
) -> pd.DataFrame:
    header = [cell.lower() for cell in rows[0][1]]
    if len(header) == 1 and not {*header} & {*_START, *_START_S}:
        high = numbers([cells[0] for _, cells in rows[1:]])
        if len(high) and np.isin(high, (0, 1)).all():
            return _pulses(path, high.astype(bool), rows[0][1][0] or label, clock)
    ragged = [(line, cells) for line, cells in rows[1:] if len(cells) != len(header)]
    if ragged:
        raise FormatError(
            f"{path}, line {ragged[0][0]}",
            expected=f"{len(header)} cells as in the header",
            found=str(len(ragged[0][1])),
        )
    table = pd.DataFrame([cells for _, cells in rows[1:]], columns=header, dtype=object)
    lines = np.array([line for line, _ in rows[1:]])
    place = _column(header, _RECORDING)
    if place and recording:
        mine = (table[place] == recording).to_numpy()
        table, lines = table[mine].reset_index(drop=True), lines[mine]
    words = _column(header, _LABEL)
    labels = table[words].replace("", label) if words else label
    frames, seconds = _column(header, _START), _column(header, _START_S)
    if frames is None and seconds is None:
        raise FormatError(
            path,
            expected="a column start (frames) or start_s (seconds), or bare onset frames",
            found=", ".join(rows[0][1]),
            remedy="Rename the columns.",
        )
    found = pd.DataFrame({"label": labels, "start": 0, "stop": -1}, index=range(len(table)))
    for bound, in_frames, in_seconds in (
        ("start", frames, seconds),
        ("stop", _column(header, _STOP), _column(header, _STOP_S)),
    ):
        if in_frames:
            values = _numbers(path, table, in_frames, lines, whole=True)
            given = np.isfinite(values)
            found.loc[given, bound] = values[given].astype(np.int64) - first_frame
        elif in_seconds:
            values = _numbers(path, table, in_seconds, lines)
            given = np.isfinite(values)
            found.loc[given, bound] = _frames_of(values[given], clock)
        if bound == "start" and not given.all():
            raise FormatError(
                f"{path}, line {lines[~given][0]}", expected="a start", found="an empty cell"
            )
    length = _column(header, _DURATION_S)
    if length:
        values = _numbers(path, table, length, lines)
        given = np.isfinite(values) & (found["stop"] == -1).to_numpy()
        begin = found["start"].to_numpy()[given] / clock.fps
        if clock.is_constant:
            begin = clock.time(found["start"].to_numpy(np.int64)[given])
        found.loc[given, "stop"] = _frames_of(begin + values[given], clock)
    return found


def _frames_of(seconds: NDArray[np.float64], clock: Timebase) -> NDArray[np.int64]:
    """Return the nearest frames; times outside the video go on at its mean rate."""
    inside = (seconds >= 0) & (seconds <= clock.duration)
    frames = np.round(seconds * clock.fps).astype(np.int64)
    late = seconds > clock.duration
    frames[late] = clock.n_frames + np.ceil((seconds[late] - clock.duration) * clock.fps)
    frames[inside] = nearest_frames(clock, seconds[inside], "epochs")
    return frames


def _stops(table: pd.DataFrame, clock: Timebase, duration_s: float | None) -> NDArray[np.int64]:
    starts, stops = table["start"].to_numpy(np.int64), table["stop"].to_numpy(np.int64).copy()
    open_ = stops == -1
    if duration_s is None:
        stops[open_] = starts[open_] + 1
    else:
        begin = clock.time(np.clip(starts[open_], 0, clock.n_frames))
        stops[open_] = np.maximum(_frames_of(begin + duration_s, clock), starts[open_] + 1)
    return stops


def _check(path: Path, table: pd.DataFrame, clock: Timebase, beyond: str) -> None:
    starts, stops = table["start"].to_numpy(), table["stop"].to_numpy()
    backwards = np.flatnonzero(stops <= starts)
    if backwards.size:
        row = int(backwards[0])
        raise FormatError(
            path,
            expected="epochs that end after they begin",
            found=f"epoch {row + 1}: frames {starts[row]} to {stops[row]}",
        )
    outside = np.flatnonzero((starts < 0) | (stops > clock.n_frames))
    if outside.size and beyond == "error":
        row = int(outside[0])
        raise MismatchError(
            path,
            expected=f"epochs inside the {clock.n_frames} frames of the video",
            found=f"epoch {row + 1}: [{starts[row]}, {stops[row]}), {outside.size} outside in all",
            remedy='Check that the table belongs to this video; clip them with beyond="clip".',
        )


def _column(header: list[str], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in header), None)


def _numbers(
    path: Path, table: pd.DataFrame, column: str, lines: NDArray[np.int64], *, whole: bool = False
) -> NDArray[np.float64]:
    cells = table[column].astype(str).to_numpy(object)
    values = numbers(cells)
    bad = ~(abs(values) < _FAR) & (cells != "")
    if whole:
        bad |= np.isfinite(values) & (values != np.round(values))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise FormatError(
            f"{path}, line {lines[row]}, column {column}",
            expected="a whole frame number" if whole else "a number of seconds",
            found=repr(str(cells[row])[:40]),
        )
    return values
