"""Projects of BORIS (.boris): ethogram, observations, media and events in one JSON file.

A state event is written at its beginning and again at its end; which of the two an entry is follows
from counting those of one subject, behaviour and modifiers. Times hold the time offset of the
observation. Layout of project format 7.0, https://www.boris.unito.it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pandas as pd

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.boris import NO_SUBJECT
from napari_mousegpt.io.boris_clocks import clock_from_facts
from napari_mousegpt.io.boris_pairs import pair_events
from napari_mousegpt.io.seconds import nearest_frames

__all__ = ["is_boris_project", "read_boris_project"]

_KEYS = ("behaviors_conf", "observations")


def is_boris_project(beginning: str) -> bool:
    """Whether a text begins as a project of BORIS does."""
    return beginning.lstrip().startswith("{") and (
        any(f'"{key}"' in beginning for key in (*_KEYS, "subjects_conf", "project_format_version"))
    )


def read_boris_project(
    path: str | os.PathLike[str],
    clocks: Timebase | Mapping[str, Timebase] | None = None,
    *,
    recordings: str | Mapping[str, str] | None = None,
    individuals: Mapping[str, str] | None = None,
    source: str = "human",
) -> Ethogram:
    """Read the events of a BORIS project.

    Parameters
    ----------
    path : path-like
        The .boris file.
    clocks : Timebase, mapping of recording id to Timebase, or None
        Clock of the video of each observation; without any, rate and length as the project states
        them, which is noted.
    recordings : str, or mapping of observation id to recording id, optional
        A mapping chooses the observations to read and names their recordings. One recording
        chooses the observation of that id, else the one of a video of that name, else the only
        one. By default all are read and recordings are called as the observations.
    individuals : mapping of str to str, optional
        Individual for a subject, where the names differ.
    source : str
        Who made the labels.

    Returns
    -------
    Ethogram
        Accepted bouts with columns ``modifiers`` and ``comment`` where there are any; point events
        have no length. Every subject that occurs counts as observed over the observation interval.

    Raises
    ------
    FormatError
        When it is no such project, a state event has no end, or an observation is of several
        videos in a row or of pictures; the observation is named.
    InputError
        When a recording or its clock is missing.
    MismatchError
        When times lie outside the video.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            path, expected="a BORIS project", found="no such file", remedy="Check the path."
        )
    project = _load(path)
    types = _behaviour_types(project, path)
    observations = _part(project, "observations", dict, str(path))
    bouts = [Intervals.build([], [], [], [], label=[])]
    observed = [Intervals.empty()]
    notes: list[str] = []
    for name, target in _chosen(observations, recordings, path).items():
        subject = f"{path}, observation {name!r}"
        found = _part(observations, name, dict, subject)
        videos = _videos(found, target, clocks, subject, notes)
        events = _events(found, types, subject)
        if events.empty:
            notes.append(f"Observation {name!r} has no events.")
            continue
        offset = _seconds(found.get("time offset", 0.0) or 0.0, subject)
        if offset:
            notes.append(f"{offset:g} s, the time offset of {name!r}, were taken from its times.")
        pairs = pair_events(events, subject)
        for video, part in _by_video(pairs, videos, offset, subject):
            mine = _bouts(part, video, offset, individuals or {})
            bouts.append(mine)
            begin, end = _interval(found, video, subject)
            for who in sorted(set(mine.individual)):
                observed.append(Intervals.build(video.recording, begin, end, who))
    kept = Intervals.concat(bouts).to_pandas()
    for column in ("modifiers", "comment"):
        if column in kept.columns and not (kept[column].fillna("") != "").any():
            kept = kept.drop(columns=column)
    table = Intervals(kept.assign(status="accepted"))
    points = int((table.length == 0).sum())
    if points:
        notes.append(f"{points} events have no length; they are kept at their frame.")
    return Ethogram(table, Intervals.concat(observed), source=source, notes=notes)


def _load(path: Path) -> dict[str, Any]:
    try:
        project = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FormatError(
            path,
            expected="a BORIS project (JSON)",
            found="too many levels" if isinstance(error, RecursionError) else str(error),
            remedy="Was the file cut off or edited? Save the project again in BORIS.",
        ) from error
    if not isinstance(project, dict) or not all(key in project for key in _KEYS):
        raise FormatError(
            path,
            expected=f"a BORIS project with {' and '.join(_KEYS)}",
            found="other JSON",
            remedy="Open it in a recent BORIS and save it again.",
        )
    return project


def _part(values: Mapping[str, Any], key: str, kind: type, subject: str) -> Any:
    value = values.get(key)
    if not isinstance(value, kind):
        raise FormatError(
            subject, expected=f"{key!r} as BORIS writes it", found=f"{type(value).__name__}"
        )
    return value


def _behaviour_types(project: Mapping[str, Any], path: Path) -> dict[str, str]:
    """Return "STATE" or "POINT" for each behaviour of the ethogram."""
    types = {}
    for entry in _part(project, "behaviors_conf", dict, str(path)).values():
        if isinstance(entry, dict) and "code" in entry:
            point = str(entry.get("type", "")).lower().startswith("point")
            types[str(entry["code"])] = "POINT" if point else "STATE"
    return types


def _chosen(
    observations: Mapping[str, Any], recordings: str | Mapping[str, str] | None, path: Path
) -> dict[str, str]:
    """Return the recording of each observation to read."""
    if recordings is None:
        return {name: name for name in observations}
    if isinstance(recordings, str):
        by_video = [
            name for name, found in observations.items() if recordings in _video_names(found)
        ]
        for names in ([n for n in observations if n == recordings], by_video, list(observations)):
            if len(names) == 1:
                return {names[0]: recordings}
    elif set(recordings) <= set(observations):
        return dict(recordings)
    missing = (
        repr(recordings)
        if isinstance(recordings, str)
        else ", ".join(sorted(set(recordings) - set(observations)))
    )
    raise InputError(
        path,
        expected=f"one of the observations {', '.join(map(repr, observations)) or '(none)'}",
        found=missing,
        remedy="Say which observation is of which recording: recordings={observation: recording}.",
    )


def _media(observation: object) -> list[str]:
    """Return the files of the first player."""
    files = observation.get("file") if isinstance(observation, dict) else None
    first = files.get("1") if isinstance(files, dict) else None
    return [str(name) for name in first] if isinstance(first, list) else []


def _video_names(observation: object) -> set[str]:
    # Projects travel between systems: a path may be of either kind.
    return {_stem(name) for name in _media(observation)}


def _stem(file: str) -> str:
    return PureWindowsPath(PurePosixPath(file).name).stem


@dataclass(frozen=True)
class _Video:
    """One video of an observation: recording, clock, and the second at which it begins."""

    recording: str
    clock: Timebase
    begin: float = 0.0


def _videos(
    observation: Mapping[str, Any],
    target: str,
    clocks: Timebase | Mapping[str, Timebase] | None,
    subject: str,
    notes: list[str],
) -> list[_Video]:
    """Return the videos of an observation, which BORIS plays in a row."""
    files = _media(observation)
    if str(observation.get("type", "")).upper() == "IMAGES":
        raise FormatError(
            subject,
            expected="events of a video",
            found="of a folder of pictures",
            remedy="Choose the other observations with recordings={observation: recording}.",
        )
    if len(files) < 2:
        return [_Video(target, _clock(observation, files, target, clocks, subject, notes))]
    begin, videos = 0.0, []
    for file in files:
        name = _stem(file)
        clock = _clock(observation, [file], name, clocks, subject, notes)
        videos.append(_Video(name, clock, begin))
        begin += _fact(observation, "length", [file], subject)
    if not math.isfinite(begin) or isinstance(clocks, Timebase):
        raise FormatError(
            subject,
            expected="events of one video",
            found=f"of {len(files)} in a row",
            remedy="Choose the other observations with recordings={observation: recording}, or "
            "give the clock of each video.",
        )
    notes.append(
        f"{subject.rpartition(', ')[2]} is of {len(files)} videos in a row; each is a recording "
        "of the name of its file."
    )
    return videos


def _by_video(
    pairs: pd.DataFrame, videos: list[_Video], offset: float, subject: str
) -> Iterator[tuple[_Video, pd.DataFrame]]:
    """Part bouts by the video they begin in."""
    if len(videos) == 1:
        yield videos[0], pairs
        return
    begins = [video.begin + offset for video in videos]
    first, last = (
        np.searchsorted(begins, pairs[name].to_numpy(dtype=float), side="right") - 1
        for name in ("Start (s)", "Stop (s)")
    )
    if (first != last).any():
        row = pairs.iloc[int(np.argmax(first != last))]
        raise FormatError(
            subject,
            expected="bouts inside one video",
            found=f"{row['Behavior']!r} from {row['Start (s)']:g} to {row['Stop (s)']:g} s",
            remedy="End the event with the video in BORIS.",
        )
    for i, video in enumerate(videos):
        if (first == i).any():
            yield video, pairs[first == i]


def _fact(observation: Mapping[str, Any], name: str, files: list[str], subject: str) -> float:
    """Return what BORIS noted about a video, NaN if nothing."""
    info = observation.get("media_info")
    facts = info.get(name) if isinstance(info, dict) else None
    if not files or not isinstance(facts, dict) or files[0] not in facts:
        return math.nan
    return _seconds(facts[files[0]], subject)


def _clock(
    observation: Mapping[str, Any],
    files: list[str],
    target: str,
    clocks: Timebase | Mapping[str, Timebase] | None,
    subject: str,
    notes: list[str],
) -> Timebase:
    clock = clocks.get(target) if isinstance(clocks, Mapping) else clocks
    if clocks is None:
        rate, length = (_fact(observation, name, files, subject) for name in ("fps", "length"))
        clock, said = clock_from_facts(rate, length, target)
        notes.append(said)
    if clock is None:
        raise InputError(
            subject,
            expected=f"the clock of recording {target!r}",
            found="none",
            remedy="Add it to clocks, or choose other observations with recordings=...",
        )
    return clock


def _seconds(value: object, subject: str) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise FormatError(subject, expected="a number of seconds", found=repr(value)[:60])
    return seconds


def _events(observation: Mapping[str, Any], types: Mapping[str, str], subject: str) -> pd.DataFrame:
    rows = list(_rows(_part(observation, "events", list, subject), types, subject))
    names = ["line", "Time", "Subject", "Behavior", "Modifiers", "Comment", "Status"]
    return pd.DataFrame(rows, columns=names).assign(**{"Observation id": ""})


def _rows(events: list[Any], types: Mapping[str, str], subject: str) -> Iterator[tuple[Any, ...]]:
    entries = []
    for number, event in enumerate(events):
        if not isinstance(event, list) or len(event) < 3:
            raise FormatError(
                f"{subject}, event {number}",
                expected="time, subject, behaviour",
                found=repr(event)[:60],
            )
        who, code, modifiers, comment = (
            "" if value is None else str(value) for value in [*event[1:5], "", ""][:4]
        )
        entries.append(
            (_seconds(event[0], f"{subject}, event {number}"), who, code, modifiers, comment)
        )
    open_: set[tuple[str, ...]] = set()
    # BORIS sorts by time, subject and behaviour.
    for number, entry in enumerate(sorted(entries, key=lambda entry: entry[:3])):
        if entry[2] not in types:
            raise FormatError(
                subject,
                expected="behaviours of its ethogram",
                found=repr(entry[2]),
                remedy="Add the behaviour to the ethogram in BORIS.",
            )
        status = types[entry[2]]
        if status == "STATE":
            key = entry[1:4]
            status = "STOP" if key in open_ else "START"
            open_ ^= {key}
        yield (number + 1, *entry, status)


def _bouts(
    events: pd.DataFrame, video: _Video, offset: float, individuals: Mapping[str, str]
) -> Intervals:
    start, stop = (
        nearest_frames(
            video.clock,
            events[name].to_numpy(dtype=float) - offset - video.begin,
            f"times of {video.recording}",
        )
        for name in ("Start (s)", "Stop (s)")
    )
    who = [individuals.get(s, "" if s == NO_SUBJECT else s) for s in events["Subject"]]
    return Intervals.build(
        video.recording,
        start,
        stop,
        who,
        label=events["Behavior"].to_numpy(dtype=object),
        modifiers=events["Modifiers"].to_numpy(dtype=object),
        comment=events["Comment"].to_numpy(dtype=object),
    )


def _interval(observation: Mapping[str, Any], video: _Video, subject: str) -> tuple[int, int]:
    """Return the frames that were to be coded: all, or those of the stated interval."""
    clock = video.clock
    stated = observation.get("observation time interval") or [0, 0]
    if not isinstance(stated, list) or len(stated) != 2:
        return 0, clock.n_frames
    begin, end = (_seconds(value or 0, subject) - video.begin for value in stated)
    if not begin < end or end <= 0 or begin >= clock.duration:
        return 0, clock.n_frames
    first, last = (clock.frame_at(value, side="nearest", clip=True) for value in (begin, end))
    return first, clock.n_frames if end >= clock.duration else last
