"""Behaviour binary tables of BORIS: a row for each step of time, 1 where a behaviour is on.

BORIS writes a row at the beginning of every step up to and with the end of the observation, so that
a table made at the frame rate has one row more than the video has frames.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, MismatchError
from napari_mousegpt.io.frame_dialects import FrameValues, ethogram_of_values
from napari_mousegpt.io.frame_rows import fit_rows, rows_of_table
from napari_mousegpt.io.frame_tables import FrameTable, open_frame_table
from napari_mousegpt.io.label_options import LabelOptions
from napari_mousegpt.io.text_dialects import numbers
from napari_mousegpt.io.text_tables import write_csv

__all__ = ["is_boris_binary", "read_boris_binary", "write_boris_binary"]


def is_boris_binary(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first lines of a table are those of a binary table."""
    if len(rows) < 3 or len(rows[0]) < 2 or rows[0][0] != "time":
        return False
    return all(
        len(row) == len(rows[0]) and all(cell.isascii() and cell.isdigit() for cell in row[1:])
        for row in rows[1:]
    )


def read_boris_binary(path: Path, options: LabelOptions) -> Ethogram:
    """Read a behaviour binary table (csv or tsv) of one subject.

    Parameters
    ----------
    path : Path
    options : LabelOptions
        The clock of the video is needed; ``individual`` names the subject, which BORIS writes
        into the name of the file only.

    Returns
    -------
    Ethogram
        A bout for each run of rows with a behaviour. Point events last one row.

    Raises
    ------
    FormatError
        When a cell is no count.
    MismatchError
        When the times do not fit the video.
    """
    recording = options.recording_of(path)
    clock = options.needed_clock(recording, path, "a binary table is in seconds")
    table = open_frame_table(path, clock)
    if len(table.names) < 2 or table.names[0] != "time":
        raise FormatError(
            path,
            expected="a binary table of BORIS: time and a column for each behaviour",
            found=", ".join(table.names[:6]),
        )
    notes = list(table.notes)
    moments = numbers(table.column("time")) - (options.offset or 0.0)
    if not np.isfinite(moments).all() or (np.diff(moments) <= 0).any():
        raise FormatError(f"{path}, column 'time'", expected="times that rise", found="others")
    if len(moments) and moments[-1] >= clock.duration - 0.25 / clock.fps:
        notes.append("The row at the end of the video, which no picture has, was left out.")
        table = replace(table, columns=tuple(cells[:-1] for cells in table.columns))
    table = replace(table, roles=("time", *("binary" for _ in table.names[1:])))
    values = [_values(table, name) for name in table.names[1:]]
    rows = fit_rows(rows_of_table(table, options, recording), clock, options.mismatch, path)
    return ethogram_of_values(values, rows, recording, options, notes)


def _values(table: FrameTable, name: str) -> FrameValues:
    counts = numbers(table.column(name))
    wrong = ~(np.isfinite(counts) & (counts >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise FormatError(
            f"{table.path}, column {name!r}, row {row + 1} below the header",
            expected="0, or how many events there are",
            found=repr(str(table.column(name)[row])),
        )
    return FrameValues(np.where(counts > 0, 0, -1).astype(np.int64), (name,))


def write_boris_binary(
    path: str | os.PathLike[str],
    ethogram: Ethogram,
    recording: str,
    clock: Timebase,
    *,
    individual: str = "",
) -> None:
    """Write a binary table with exactly one row for each frame (csv, or tsv by its ending).

    Parameters
    ----------
    path : path-like
        File to write, whole or not at all.
    ethogram : Ethogram
        Rejected bouts are left out. Bouts without length are 1 at their frame.
    recording, individual : str
        Whose bouts: BORIS writes one table for each subject.
    clock : Timebase
        The table has ``clock.n_frames`` rows.

    Raises
    ------
    MismatchError
        When a bout ends behind the last frame.
    """
    mine = ethogram.select(recording=recording, individual=individual).bouts
    mine = mine[mine.column("status") != "rejected"]
    if mine.stop.max(initial=0) > clock.n_frames:
        raise MismatchError(
            f"ethogram of {recording!r}",
            expected=f"bouts inside its {clock.n_frames} frames",
            found=f"one that ends at {mine.stop.max()}",
            remedy="Give the clock of this recording.",
        )
    columns = {"time": [f"{t:.6f}" for t in clock.time(np.arange(clock.n_frames))]}
    table = pd.DataFrame(columns)
    for label in sorted(set(mine.column("label"))):
        on = np.zeros(clock.n_frames, dtype=np.int64)
        for bout in mine.select(label=label):
            on[bout.start : max(bout.stop, bout.start + 1)] = 1
        table[label] = on
    write_csv(table, Path(path))
