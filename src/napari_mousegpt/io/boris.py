"""Events tables of BORIS, in and out.

BORIS keeps times in seconds with three decimals; they are brought to the nearest frame, which is
exact up to 500 frames per second. Two tables are read: aggregated events (one row for each bout)
and tabular events (one row for each START, STOP or POINT). Columns are found by name, since
versions order them differently.

Layout of the aggregated table after BORIS 8 and 9, https://www.boris.unito.it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.boris_clocks import clock_from_facts
from napari_mousegpt.io.boris_pairs import modifier_columns, pair_events
from napari_mousegpt.io.seconds import nearest_frames
from napari_mousegpt.io.text_dialects import numbers
from napari_mousegpt.io.text_tables import open_cells, write_csv

__all__ = ["COLUMNS", "NO_SUBJECT", "is_boris_header", "read_boris", "write_boris"]

#: Columns of the aggregated table; one "Modifier #n" for each set stands before the type.
COLUMNS = (
    "Observation id",
    "Observation date",
    "Description",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Coding duration",
    "Media duration (s)",
    "FPS (frame/s)",
    "Subject",
    "Observation duration by subject by observation",
    "Behavior",
    "Behavioral category",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Media file name",
    "Image index start",
    "Image index stop",
    "Image file path start",
    "Image file path stop",
    "Comment start",
    "Comment stop",
)
#: What BORIS calls the whole picture.
NO_SUBJECT = "No focal subject"
_MEDIA = ("Media file name", "Media file path", "Media file")
#: Names that older versions gave to the columns.
_OLDER = {"Start": "Start (s)", "Stop": "Stop (s)", "Duration": "Duration (s)", "Time (s)": "Time"}
_RATES = ("FPS (frame/s)", "FPS")
_LENGTHS = ("Media duration (s)", "Total length")


def write_boris(
    path: str | os.PathLike[str],
    ethogram: Ethogram,
    clocks: Mapping[str, Timebase],
    *,
    media: Mapping[str, str] | None = None,
) -> None:
    """Write an ethogram as an aggregated events table (csv, or tsv by its ending).

    Parameters
    ----------
    path : path-like
        File to write, whole or not at all.
    ethogram : Ethogram
        Each recording becomes one observation. Rejected bouts are left out; bouts without length
        become POINT events.
    clocks : mapping of recording id to Timebase
        Needed for every recording that occurs.
    media : mapping of recording id to str, optional
        Name of the video of each recording.

    Raises
    ------
    InputError
        When the clock of a recording is missing.
    """
    kept = ethogram.bouts[ethogram.bouts.column("status") != "rejected"]
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(kept.recording):
        bouts = kept.select(recording=name)
        if name not in clocks:
            raise InputError(
                f"BORIS table of {name!r}",
                expected="the clock of this recording",
                found="none",
                remedy="Add it to clocks.",
            )
        rows.extend(_observation(name, bouts, ethogram, clocks[name], (media or {}).get(name, "")))
    write_csv(pd.DataFrame(rows, columns=list(COLUMNS)), Path(path))


def _observation(
    name: str, bouts: Intervals, ethogram: Ethogram, clock: Timebase, media: str
) -> list[dict[str, Any]]:
    starts, stops = clock.time(bouts.start), clock.time(bouts.stop)
    watched = {}
    for individual in set(bouts.individual):
        spans = ethogram.observed.select(recording=name, individual=individual)
        watched[individual] = float((clock.time(spans.stop) - clock.time(spans.start)).sum())
    shared = {
        "Observation id": name,
        "Observation type": "Media file(s)",
        "Source": f"player #1:{media}" if media else "",
        "Time offset (s)": "0.000",
        "Coding duration": f"{stops.max() - starts.min():.3f}",
        "Media duration (s)": f"{clock.duration:.3f}",
        "FPS (frame/s)": f"{clock.fps:.3f}",
        "Media file name": media,
    }
    rows = []
    for bout, start, stop in zip(bouts, starts, stops, strict=True):
        point = bout.start == bout.stop
        rows.append(
            {
                **shared,
                "Subject": bout.individual or NO_SUBJECT,
                "Observation duration by subject by observation": f"{watched[bout.individual]:.3f}",
                "Behavior": bout.label,
                "Behavior type": "POINT" if point else "STATE",
                "Start (s)": f"{start:.3f}",
                "Stop (s)": f"{stop:.3f}",
                "Duration (s)": "NA" if point else f"{stop - start:.3f}",
                "Image index start": bout.start,
                "Image index stop": bout.stop,
            }
        )
    return rows


def read_boris(
    path: str | os.PathLike[str],
    clocks: Timebase | Mapping[str, Timebase] | None,
    *,
    recordings: str | Mapping[str, str] | None = None,
    individuals: Mapping[str, str] | None = None,
    offset: float | None = None,
    source: str = "human",
) -> Ethogram:
    """Read an aggregated or tabular events table that BORIS exported as csv or tsv.

    Parameters
    ----------
    path : path-like
        The table.
    clocks : Timebase, mapping of recording id to Timebase, or None
        Clock of the video of each observation; without any, rate and length as the table states
        them, which is noted.
    recordings : str, or mapping of observation id to recording id, optional
        Recording of the only observation, or of each; the observation id by default.
    individuals : mapping of str to str, optional
        Individual for a subject, where the names differ; ``"No focal subject"`` is the whole
        picture.
    offset : float, optional
        Seconds to take from every time, for observations with a time offset.
    source : str
        Who made the labels.

    Returns
    -------
    Ethogram
        Accepted bouts of the given source, with columns ``modifiers`` and ``comment`` where the
        table has them. Every subject that occurs counts as observed over the whole video. Start
        and stop are the nearest frames; POINT events have no length. ``notes`` says what was
        guessed.

    Raises
    ------
    FormatError
        When it is no such table, or a START has no STOP; the line is named.
    InputError
        When the table states a time offset and ``offset`` is not given.
    MismatchError
        When times lie outside the video.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            path, expected="a BORIS table", found="no such file", remedy="Check the path."
        )
    events, notes = _read_events(path)
    _check_offset(events, offset, path)
    if "Start (s)" not in events.columns:
        events = pair_events(events, str(path))
    bouts, observed = [], []
    for observation, part in events.groupby("Observation id", sort=False):
        name = str(observation)
        if isinstance(recordings, str) and events["Observation id"].nunique() > 1:
            raise InputError(
                path,
                expected="a recording for each observation",
                found=f"observations {', '.join(sorted(set(events['Observation id'])))}",
                remedy="Give recordings={observation: recording, ...}.",
            )
        target = recordings if isinstance(recordings, str) else (recordings or {}).get(name, name)
        clock = clocks.get(target) if isinstance(clocks, Mapping) else clocks
        if clocks is None:
            clock, said = _stated_clock(part, target)
            notes.append(said)
        if clock is None:
            raise InputError(
                path,
                expected=f"the clock of recording {target!r}",
                found="none",
                remedy="Add it to clocks, or say which recording the observation "
                f"{name!r} is of: recordings=...",
            )
        _check_one_video(part, name, path)
        mine = _bouts(part, target, clock, individuals or {}, offset or 0.0, path)
        bouts.append(mine)
        for who in sorted(set(mine.individual)):
            observed.append(Intervals.build(target, 0, clock.n_frames, who))
    if not bouts:
        return Ethogram(Intervals.build([], [], [], [], label=[]), source=source)
    found = Intervals.concat(bouts).assign(status="accepted")
    points = int((found.length == 0).sum())
    if points:
        notes.append(f"{points} events have no length; they are kept at their frame.")
    return Ethogram(found, Intervals.concat(observed), source=source, notes=notes)


def is_boris_header(cells: Sequence[str]) -> bool:
    """Whether these column names are those of one of the two tables."""
    names = {_OLDER.get(cell, cell) for cell in cells}
    return "Behavior" in names and (
        {"Start (s)", "Stop (s)"} <= names
        or ("Time" in names and bool(names & {"Status", "Behavior type"}))
    )


def _read_events(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the events with the numbers of their lines, and what was guessed about the text."""
    cells_of = open_cells(path)
    rows = cells_of.rows
    at = next((i for i, (_, cells) in enumerate(rows) if is_boris_header(cells)), None)
    if at is None:
        raise FormatError(
            path,
            expected="an aggregated or tabular events table of BORIS",
            found=", ".join(rows[0][1][:5] if rows else []) or "something else",
            remedy="Export it in BORIS with Observations > Export events or Export aggregated "
            "events, as csv or tsv.",
        )
    header = [_OLDER.get(cell, cell) for cell in rows[at][1]]
    while header and not header[-1]:
        header = header[:-1]
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise FormatError(
            f"{path}, line {rows[at][0]}",
            expected="column names that differ",
            found=f"{doubled[0]!r} twice",
            remedy="Rename one of the two, for example an independent variable.",
        )
    body = []
    for number, cells in rows[at + 1 :]:
        if len(cells) < len(header):
            raise FormatError(
                f"{path}, line {number}",
                expected=f"{len(header)} cells as in the header",
                found=f"{len(cells)}",
                remedy="Was the file cut off? Export it again.",
            )
        body.append([number, *cells[: len(header)]])
    events = pd.DataFrame(body, columns=["line", *header])
    above = {cells[0]: cells[1] for _, cells in rows[:at] if len(cells) > 1}
    for name in ("Observation id", "Time offset (s)"):
        if name not in events.columns:
            events[name] = above.get(name, path.stem if name == "Observation id" else "0")
    return events, list(cells_of.notes)


def _stated_clock(events: pd.DataFrame, recording: str) -> tuple[Timebase | None, str]:
    """Return the clock that the table itself states for one observation."""
    facts = []
    for names in (_RATES, _LENGTHS):
        name = next((name for name in names if name in events.columns), None)
        facts.append(events[name].iloc[0] if name else "")
    rate, length = numbers(facts)
    return clock_from_facts(float(rate), float(length), recording)


def _check_offset(events: pd.DataFrame, offset: float | None, path: Path) -> None:
    stated = np.nan_to_num(numbers(events["Time offset (s)"]))
    if offset is None and (stated != 0).any():
        raise InputError(
            path,
            expected="times that count from the first picture",
            found=f"a time offset of {stated[stated != 0][0]:g} s",
            remedy="Say how many seconds to take from the times: offset=..., 0 for none.",
        )


def _check_one_video(events: pd.DataFrame, observation: str, path: Path) -> None:
    for column in (name for name in _MEDIA if name in events.columns):
        files = sorted(set(events[column]) - {""})
        if len(files) > 1:
            raise FormatError(
                f"{path}, observation {observation!r}",
                expected="events of one video",
                found=f"of {len(files)}: {', '.join(files[:3])}",
                remedy="Times of several videos in a row cannot be told apart; export one "
                "observation for each video.",
            )


def _bouts(
    events: pd.DataFrame,
    recording: str,
    clock: Timebase,
    individuals: Mapping[str, str],
    offset: float,
    path: Path,
) -> Intervals:
    begins, ends = (numbers(events[name]) - offset for name in ("Start (s)", "Stop (s)"))
    # Some versions leave the stop of a POINT empty.
    ends = np.where(np.isnan(ends), begins, ends)
    starts = nearest_frames(clock, begins, f"{path}, column Start (s)")
    stops = nearest_frames(clock, ends, f"{path}, column Stop (s)")
    subjects = events["Subject"] if "Subject" in events.columns else [""] * len(events)
    who = [individuals.get(s, "" if s == NO_SUBJECT else s) for s in subjects]
    extra: dict[str, Any] = {}
    modifiers = modifier_columns(events)
    if modifiers:
        joined = ["|".join(filter(None, row)) for row in events[modifiers].to_numpy(dtype=object)]
        if any(joined):
            extra["modifiers"] = joined
    comment = next((c for c in ("Comment start", "Comment") if c in events.columns), None)
    if comment and (events[comment] != "").any():
        extra["comment"] = events[comment].to_numpy(dtype=object)
    return Intervals.build(
        recording,
        starts,
        stops,
        who,
        label=events["Behavior"].to_numpy(dtype=object),
        **extra,
    )
