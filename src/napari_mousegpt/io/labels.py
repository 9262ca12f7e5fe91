"""Labels in files: a table of bouts, or one label for each frame.

Frames are half-open in this package; files of other programs that count the last frame in are
converted here. A stretch nobody looked at is not a stretch without behaviour, so parquet files
carry the observed spans, and per-frame files have a word for frames that were not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.parquet import parquet_facts, read_parquet, write_parquet
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.bout_bounds import fit_bouts, look_of_bounds, with_stops
from napari_mousegpt.io.seconds import nearest_frames
from napari_mousegpt.io.text_dialects import numbers
from napari_mousegpt.io.text_tables import read_csv, write_csv

__all__ = ["bout_columns", "read_bouts", "write_bouts"]

SCHEMA = "ethogram"
#: Names of a stop column that say themselves that the last frame counts.
_LAST = ("last_frame",)
#: Column names of other programs, by ours. Names are compared in lower case.
_NAMES = {
    "label": ("label", "behavior", "behaviour", "behavior_label", "behaviour_label", "class"),
    "start": ("start", "start_frame", "first_frame", "onset_frame", "begin_frame", "frame_start"),
    "stop": ("stop", "stop_frame", "end", "end_frame", "last_frame", "offset_frame", "frame_stop"),
    "start_s": ("start_s", "start (s)", "start_time", "start_seconds", "onset", "onset_s"),
    "stop_s": ("stop_s", "stop (s)", "end_s", "end_time", "stop_time", "end_seconds", "offset_s"),
    "duration": ("duration", "duration_frames", "length", "n_frames", "length_frames"),
    "duration_s": ("duration_s", "duration (s)", "duration_seconds", "length_s", "length (s)"),
    "recording": ("recording", "recording_id"),
    "individual": ("individual", "animal", "subject"),
}


def write_bouts(
    path: str | os.PathLike[str],
    ethogram: Ethogram,
    *,
    clocks: Mapping[str, Timebase] | None = None,
    fingerprints: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write an ethogram as a table of bouts, by the ending .csv, .tsv or .parquet.

    Parameters
    ----------
    path : path-like
        File to write, whole or not at all.
    ethogram : Ethogram
        Bouts, with any further columns.
    clocks : mapping of recording id to Timebase, optional
        Adds ``start_s`` and ``stop_s``, and in parquet rate and length of each recording.
    fingerprints : mapping of recording id to mapping, optional
        Content hashes of the files of each recording, kept in parquet only.

    Notes
    -----
    A csv file cannot hold the observed spans; use parquet where they matter.
    """
    path = Path(path)
    table = ethogram.to_pandas(clocks)
    if _is_parquet(path):
        observed = ethogram.observed.to_pandas()[list(KEYS)]
        facts = {
            "recordings": {name: clock.to_dict() for name, clock in (clocks or {}).items()},
            "fingerprints": {name: dict(item) for name, item in (fingerprints or {}).items()},
            "observed": observed.to_numpy(dtype=object).tolist(),
        }
        write_parquet(table, path, schema=SCHEMA, **facts)
    else:
        write_csv(table, path)


def read_bouts(
    path: str | os.PathLike[str],
    *,
    recording: str = "",
    individual: str = "",
    clocks: Mapping[str, Timebase] | Timebase | None = None,
    observed: Intervals | None = None,
    inclusive_stop: bool | None = False,
    first: int = 0,
    mismatch: str = "error",
    source: str = "import",
) -> Ethogram:
    """Read a table of bouts.

    Parameters
    ----------
    path : path-like
        csv, tsv or parquet. Needed are a label and the bounds of each bout: start and stop, or
        start and duration, in frames or else in seconds. Usual names of other programs are
        understood (``start_frame``, ``Behavior``, ...); further columns are kept.
    recording, individual : str
        Ids for tables that name none; the recording defaults to the name of the file.
    clocks : Timebase, or mapping of recording id to Timebase, optional
        Needed for tables in seconds; otherwise they check that no bout ends behind its video.
    observed : Intervals, optional
        Spans that were looked at. A parquet file of ours knows them; for other files the default
        is the span from the first to the last bout.
    inclusive_stop : bool or None
        Whether the stop column holds the last frame of a bout instead of the frame after it. None
        takes the word of a column named ``last_frame``, reads others as half-open, and notes when
        the bouts look otherwise.
    first : int
        Number that the file gives to the first picture.
    mismatch : {"error", "trim", "pad"}
        What to do with bouts that end behind the video: refuse, or cut them there.
    source : str
        Who made the labels, where the table does not say; see
        :data:`napari_mousegpt.core.ethogram.SOURCES`.

    Returns
    -------
    Ethogram
        ``notes`` says what was guessed and converted. Bouts of no length are kept as events.

    Raises
    ------
    FormatError
        When a column is missing or a line damaged.
    MismatchError
        When a bout ends behind its video.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            path, expected="a table of bouts", found="no such file", remedy="Check the path."
        )
    ours = False
    if _is_parquet(path):
        facts = parquet_facts(path)
        table = read_parquet(path)
        ours = facts.get("schema") == SCHEMA
        if ours and observed is None:
            observed = _observed(facts.get("observed"), path)
    else:
        table = _empty_as_missing(read_csv(path))
    notes = list(table.attrs.pop("notes", []))
    table = _our_names(table, path)
    for name, value in (("recording", recording or path.stem), ("individual", individual)):
        if name not in table.columns:
            table[name] = value
    table = _frames_from_seconds(with_stops(table, notes), clocks, path)
    if first:
        for name in ("start", "stop"):
            table[name] = numbers(table[name]) - first
        notes.append(f"The file counts frames from {first}; {first} is taken off.")
    by_name = inclusive_stop is None and not ours and _names_last_frame(table)
    if inclusive_stop or by_name:
        table["stop"] = numbers(table["stop"]) + 1
        notes.append("The stop column holds the last frame of each bout; one is added.")
    # Seconds are derived from frames; keeping a copy would let the two drift apart.
    table = table.drop(columns=[name for name in ("start_s", "stop_s") if name in table.columns])
    table.attrs = {}
    try:
        bouts = Intervals(table)
    except InputError as error:
        raise FormatError(
            path,
            expected=f"{error.subject}: {error.expected}",
            found=error.found,
            remedy=error.remedy,
        ) from error
    bouts, cut = fit_bouts(bouts, clocks, path, mismatch)
    if not ours:
        notes += look_of_bounds(bouts, inclusive=bool(inclusive_stop or by_name))
    return Ethogram(bouts, observed, source=source, notes=[*notes, *cut])


def bout_columns(names: Sequence[str]) -> dict[str, str]:
    """Return the column of a foreign table for each of our names that it has."""
    lower = {str(name).strip().lower(): str(name) for name in reversed(list(names))}
    return {
        ours: lower[theirs]
        for ours, known in _NAMES.items()
        for theirs in reversed(known)
        if theirs in lower
    }


def is_bout_table(names: Sequence[str]) -> bool:
    """Whether a table with these columns holds labelled bouts."""
    found = bout_columns(names)
    bounds = (
        {"start", "stop"}, {"start_s", "stop_s"}, {"start", "duration"},
        {"start_s", "duration_s"}, {"start_s", "duration"},
    )  # fmt: skip
    return "label" in found and any(pair <= found.keys() for pair in bounds)


def _our_names(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    names = [str(name) for name in table.columns]
    if not is_bout_table(names):
        raise FormatError(
            path,
            expected="columns label, start and stop (frames), or label, start_s and stop_s",
            found=", ".join(names),
            remedy="Rename the columns, or read a file of one label per frame with read_frames and "
            "a BORIS table with read_boris.",
        )
    found = bout_columns(names)
    renamed = table.rename(columns={theirs: ours for ours, theirs in found.items()})
    renamed.attrs["stop_was"] = found.get("stop", "")
    return renamed


def _observed(rows: Any, path: Path) -> Intervals:
    """Return the observed spans that a file of ours keeps."""
    try:
        return Intervals(pd.DataFrame(rows, columns=list(KEYS)))
    except (ValueError, TypeError, InputError) as error:
        raise FormatError(
            path,
            expected="the observed spans, as written here",
            found=str(error),
            remedy="Was the file edited? Write it again.",
        ) from error


def _names_last_frame(table: pd.DataFrame) -> bool:
    return str(table.attrs.get("stop_was", "")).lower() in _LAST


def _frames_from_seconds(
    table: pd.DataFrame, clocks: Mapping[str, Timebase] | Timebase | None, path: Path
) -> pd.DataFrame:
    if {"start", "stop"} <= set(table.columns):
        return table
    table = table.assign(start=0, stop=0)
    for recording in dict.fromkeys(table["recording"]):
        clock = clocks.get(recording) if isinstance(clocks, Mapping) else clocks
        if clock is None:
            raise InputError(
                path,
                expected=f"the clock of recording {recording!r}, since bouts are in seconds",
                found="none",
                remedy="Give clocks=recording.timebase.",
            )
        rows = (table["recording"] == recording).to_numpy()
        for name in ("start", "stop"):
            seconds = numbers(table.loc[rows, f"{name}_s"])
            table.loc[rows, name] = nearest_frames(clock, seconds, f"{path}, column {name}_s")
    return table


def _empty_as_missing(table: pd.DataFrame) -> pd.DataFrame:
    if "confidence" in table.columns:
        table["confidence"] = pd.to_numeric(table["confidence"], errors="coerce")
    return table


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")
