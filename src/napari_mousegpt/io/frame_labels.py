"""One label for each frame, as csv or parquet.

A file has exactly as many rows as the video has pictures, row ``i`` for picture ``i``. Frames that
nobody looked at have a word of their own, so that silence is not read as absence.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.text_tables import read_csv, write_csv

__all__ = ["UNOBSERVED", "read_frame_labels", "write_frame_labels"]

SCHEMA = "frame labels"
#: Word for frames that nobody looked at.
UNOBSERVED = "NA"
_FRAME = ("frame", "frames", "frame_idx", "frame_number", "frame_id", "index")
_TIME = ("time", "time_s", "times", "seconds", "time (s)", "timestamp")
_PICTURE = "label"


def write_frame_labels(
    path: str | os.PathLike[str],
    ethogram: Ethogram,
    recording: str,
    clock: Timebase,
    *,
    individuals: Sequence[str] | None = None,
    unlabelled: str = "",
    unobserved: str = UNOBSERVED,
) -> None:
    """Write one row for each frame, by the ending .csv, .tsv or .parquet.

    Columns are ``frame``, ``time_s`` and one for each individual, named as it is (``label`` for
    the whole picture).

    Parameters
    ----------
    path : path-like
        File to write, whole or not at all.
    ethogram : Ethogram
        Where its bouts overlap, the one that starts later is written; rejected ones are not.
    recording : str
        Whose frames.
    clock : Timebase
        Its clock: the file has ``clock.n_frames`` rows.
    individuals : sequence of str, optional
        Which, in this order; by default all that occur, observed or labelled.
    unlabelled, unobserved : str
        Words for frames without a label and for frames nobody looked at.

    Raises
    ------
    MismatchError
        When a bout ends behind the last frame.

    Warns
    -----
    UserWarning
        When bouts overlap, so that one label per frame cannot hold them all.
    """
    mine = ethogram.select(recording=recording)
    if individuals is None:
        found = (*mine.bouts.individual, *mine.observed.individual)
        individuals = sorted(set(found)) or [""]
    longest = int(mine.bouts.stop.max(initial=0))
    if longest > clock.n_frames:
        raise MismatchError(
            f"ethogram of {recording!r}",
            expected=f"bouts inside its {clock.n_frames} frames",
            found=f"one that ends at {longest}",
            remedy="Give the clock of this recording.",
        )
    frames = np.arange(clock.n_frames)
    columns: dict[str, NDArray[np.generic]] = {"frame": frames, "time_s": clock.time(frames)}
    crowded = 0
    for individual in individuals:
        seen = np.zeros(clock.n_frames, dtype=bool)
        for span in mine.observed.select(individual=individual):
            seen[span.start : span.stop] = True
        values = mine.to_frames(recording, clock.n_frames, individual, unlabelled=unlabelled)
        # What carries a label was looked at, whatever the spans say.
        values[~seen & (values == unlabelled)] = unobserved
        columns[individual or _PICTURE] = values
        bouts = mine.bouts.select(individual=individual)
        kept = bouts[bouts.column("status") != "rejected"]
        crowded += _overlapping(kept, clock.n_frames)
    if crowded:
        warnings.warn(
            f"{crowded} frames of {recording!r} are in several bouts; the one that starts later is "
            "written. Write bouts to keep them all.",
            stacklevel=2,
        )
    table = pd.DataFrame(columns)
    path = Path(path)
    if path.suffix.lower() in (".parquet", ".pq"):
        facts = {"recording": recording, "clock": clock.to_dict(), "unobserved": unobserved}
        write_parquet(table, path, schema=SCHEMA, **facts)
    else:
        write_csv(table, path)


def read_frame_labels(
    path: str | os.PathLike[str],
    *,
    recording: str = "",
    individual: str = "",
    column: str | None = None,
    clock: Timebase | None = None,
    start: int = 0,
    unlabelled: Sequence[str] = ("",),
    unobserved: Sequence[str] = (UNOBSERVED,),
    source: str = "import",
) -> Ethogram:
    """Read one label for each frame.

    Parameters
    ----------
    path : path-like
        csv, tsv or parquet with a header.
    recording : str
        Id of the recording; by default the name of the file.
    individual : str
        Whose labels, where the file has one column of them.
    column : str, optional
        Column with the labels, needed when there are several and the file is not ours.
    clock : Timebase, optional
        Clock of the video; the file must then have one row for each of its frames.
    start : int
        Frame of the first row, for files that begin later than the video.
    unlabelled, unobserved : sequence of str
        Words for frames without a label, and for frames nobody looked at.
    source : str
        Who made the labels.

    Raises
    ------
    FormatError
        When no label column can be told, or frame numbers do not count up by one.
    MismatchError
        When the number of rows, or the times, are not those of the video.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            path, expected="a file of labels", found="no such file", remedy="Check the path."
        )
    table = read_parquet(path) if path.suffix.lower() in (".parquet", ".pq") else read_csv(path)
    start = _check_rows(table, path, clock, start)
    chosen = _label_columns(table, path, column)
    recording = recording or path.stem
    bouts, observed = [], []
    ours = is_frame_table([str(name) for name in table.columns])
    for name in chosen:
        if ours and not (individual and len(chosen) == 1):
            who = "" if name == _PICTURE else name
        else:
            who = individual
        values = table[name].fillna("").astype(str).to_numpy(dtype=object)
        nothing = [*unlabelled, *unobserved]
        part = Ethogram.from_frames(
            values, recording, who, unlabelled=nothing, start=start, source=source
        )
        bouts.append(part.bouts)
        observed.append(_spans(~np.isin(values, list(unobserved)), recording, who, start))
    return Ethogram(Intervals.concat(bouts), Intervals.concat(observed), source=source)


def is_frame_table(names: Sequence[str]) -> bool:
    """Whether a table with these columns is one of one label per frame, as written here."""
    return list(names[:2]) == ["frame", "time_s"] and len(names) > 2


def _check_rows(table: pd.DataFrame, path: Path, clock: Timebase | None, start: int) -> int:
    """Return the frame of the first row, having compared rows, frame numbers and times."""
    names = {str(name).lower(): name for name in table.columns}
    frame = next((names[name] for name in _FRAME if name in names), None)
    if frame is not None and len(table):
        numbers = pd.to_numeric(table[frame], errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(numbers != numbers[0] + np.arange(len(numbers)))
        if wrong.size or not numbers[0].is_integer():
            row = int(wrong[0]) if wrong.size else 0
            raise FormatError(
                f"{path}, row {row + 1} below the header",
                expected="frame numbers that count up by one",
                found=str(table[frame].iloc[row]),
                remedy="One row for each frame is needed; read_bouts reads a table of bouts.",
            )
        start = int(numbers[0]) if start == 0 else start
    rows = len(table)
    if clock is None:
        return start
    if start + rows > clock.n_frames or (start == 0 and rows != clock.n_frames):
        raise MismatchError(
            path,
            expected=f"{clock.n_frames - start} rows, one for each frame of the video",
            found=f"{rows}",
            remedy="Check that the labels belong to this video; if they begin later, give start=.",
        )
    time = next((names[name] for name in _TIME if name in names), None)
    if time is None and "" in names:
        time = names[""]
    if time is not None and rows:
        _check_times(table[time], path, clock, start)
    return start


def _check_times(values: pd.Series, path: Path, clock: Timebase, start: int) -> None:
    seconds = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    frames = np.arange(start, start + len(seconds))
    if np.array_equal(seconds, np.arange(len(seconds))):
        return  # a nameless column that counts rows
    late = np.flatnonzero(np.abs(seconds - clock.time(frames)) > 0.5 / clock.fps + 1e-3)
    if late.size:
        row = int(late[0])
        raise MismatchError(
            f"{path}, row {row + 1} below the header",
            expected=f"{clock.time(int(frames[row])):.3f} s, the time of frame {frames[row]}",
            found=f"{values.iloc[row]}",
            remedy="The labels have another frame rate or another beginning than the video.",
        )


def _label_columns(table: pd.DataFrame, path: Path, column: str | None) -> list[str]:
    names = [str(name) for name in table.columns]
    if column is not None:
        if column not in names:
            raise InputError(
                f"column {column!r} of {path}",
                expected=f"one of {', '.join(names)}",
                remedy="Choose the column with the labels.",
            )
        return [column]
    if is_frame_table(names):
        return names[2:]
    rest = [name for name in names if name.lower() not in (*_FRAME, *_TIME, "")]
    if len(rest) != 1:
        raise FormatError(
            path,
            expected="one column of labels",
            found=", ".join(rest) or "none",
            remedy="Name the column with the labels: column=...",
        )
    return rest


def _spans(seen: NDArray[np.bool_], recording: str, individual: str, start: int) -> Intervals:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    return Intervals.build(recording, edges[::2] + start, edges[1::2] + start, individual)


def _overlapping(bouts: Intervals, n_frames: int) -> int:
    """Return how many frames lie in more than one bout."""
    depth = np.zeros(n_frames + 1, dtype=np.int64)
    np.add.at(depth, bouts.start, 1)
    np.add.at(depth, bouts.stop, -1)
    return int((np.cumsum(depth)[:n_frames] > 1).sum())
