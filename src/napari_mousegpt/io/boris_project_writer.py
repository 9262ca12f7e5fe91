"""Writing a project that BORIS opens, with the videos and the events in it."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import text_cells
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.seconds import nearest_frames

__all__ = ["write_boris_project"]

_PLAYERS = [str(number) for number in range(1, 9)]


def write_boris_project(
    path: str | os.PathLike[str],
    ethogram: Ethogram,
    clocks: Mapping[str, Timebase],
    *,
    media: Mapping[str, str | os.PathLike[str]] | None = None,
    name: str = "",
    date: str | None = None,
) -> None:
    """Write an ethogram as a BORIS project, one observation for each recording.

    Parameters
    ----------
    path : path-like
        File to write, whole or not at all; usually ends in .boris.
    ethogram : Ethogram
        Rejected bouts are left out. A behaviour all of whose bouts have no length becomes a point
        event, the others state events. Columns ``modifiers`` and ``comment`` are kept; ids,
        confidence and source have no place in a project.
    clocks : mapping of recording id to Timebase
        Needed for every recording that occurs.
    media : mapping of recording id to path, optional
        Video of each recording; by default a file called as the recording, which BORIS will ask
        for.
    name : str
        Name of the project, by default that of the file.
    date : str, optional
        Date of project and observations (ISO 8601), by default now.

    Raises
    ------
    InputError
        When a clock is missing, a name holds the sign ``|``, bouts of one behaviour, individual
        and modifiers overlap, or the rate is so high that milliseconds do not tell frames apart.
    """
    path = Path(path)
    bouts = ethogram.bouts[ethogram.bouts.column("status") != "rejected"]
    for kind, words in (("behaviour", bouts.column("label")), ("individual", bouts.individual)):
        wrong = sorted({str(word) for word in words if "|" in str(word)})
        if wrong:
            raise InputError(
                f"{kind} {wrong[0]!r}",
                expected="a name without the sign |, which BORIS keeps for itself",
                remedy="Rename it.",
            )
    date = date or datetime.now().isoformat(timespec="seconds")
    observations = {}
    for recording in dict.fromkeys([*ethogram.observed.recording, *bouts.recording]):
        if recording not in clocks:
            raise InputError(
                f"BORIS project of {recording!r}",
                expected="the clock of this recording",
                found="none",
                remedy="Add it to clocks.",
            )
        video = str((media or {}).get(recording, recording))
        observations[recording] = _observation(
            bouts.select(recording=recording), clocks[recording], video, date
        )
    project = {
        "time_format": "hh:mm:ss",
        "project_date": date,
        "project_name": name or path.stem,
        "project_description": "",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(i): {"key": "", "name": who, "description": ""}
            for i, who in enumerate(sorted(set(bouts.individual) - {""}))
        },
        "behaviors_conf": _behaviours(bouts),
        "observations": observations,
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    with replacing(path) as part:
        part.write_text(json.dumps(project, ensure_ascii=False, indent=1), encoding="utf-8")


def _behaviours(bouts: Intervals) -> dict[str, dict[str, Any]]:
    labels = bouts.column("label")
    found = {}
    for i, label in enumerate(sorted(set(labels))):
        point = not bouts.length[labels == label].any()
        found[str(i)] = {
            "type": "Point event" if point else "State event",
            "key": string.ascii_lowercase[i] if i < len(string.ascii_lowercase) else "",
            "code": label,
            "description": "",
            "color": "",
            "category": "",
            "modifiers": {},
            "excluded": "",
            "coding map": "",
        }
    return found


def _observation(bouts: Intervals, clock: Timebase, video: str, date: str) -> dict[str, Any]:
    return {
        "file": {player: [video] if player == "1" else [] for player in _PLAYERS},
        "type": "MEDIA",
        "date": date,
        "description": "",
        "time offset": 0.0,
        "events": _events(bouts, clock),
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {video: round(clock.duration, 3)},
            "fps": {video: round(clock.fps, 3)},
            "hasVideo": {video: True},
            "hasAudio": {video: False},
            "offset": {"1": 0.0},
        },
    }


def _events(bouts: Intervals, clock: Timebase) -> list[list[Any]]:
    modifiers, comments = (
        text_cells(bouts.column(name)) if name in bouts.columns else np.full(len(bouts), "")
        for name in ("modifiers", "comment")
    )
    labels = bouts.column("label")
    begins, ends = (np.round(clock.time(frames), 3) for frames in (bouts.start, bouts.stop))
    for times, frames in ((begins, bouts.start), (ends, bouts.stop)):
        if len(times) and not np.array_equal(nearest_frames(clock, times, "times"), frames):
            raise InputError(
                f"BORIS project at {clock.fps:g} frames per second",
                expected="milliseconds to tell frames apart",
                remedy="Write bouts in frames instead: write_bouts.",
            )
    points = {label for label in set(labels) if not bouts.length[labels == label].any()}
    events: list[list[Any]] = []
    reach: dict[tuple[str, ...], int] = {}
    for i in np.lexsort((bouts.stop, bouts.start)):
        who, label = str(bouts.individual[i]), str(labels[i])
        entry = [who, label, str(modifiers[i])]
        events.append([float(begins[i]), *entry, str(comments[i])])
        if label in points:
            continue
        key = tuple(entry)
        if bouts.start[i] < reach.get(key, 0):
            raise InputError(
                f"bouts of {label!r}" + (f" of {who!r}" if who else ""),
                expected="no two at once, as BORIS writes only beginnings and ends",
                found=f"one from frame {bouts.start[i]}, before the last ended at {reach[key]}",
                remedy='Join them first: bouts.merge(by=("label",)).',
            )
        reach[key] = int(bouts.stop[i])
        events.append([float(ends[i]), *entry, ""])
    return sorted(events, key=lambda event: event[:3])
