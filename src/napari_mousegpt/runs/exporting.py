"""The verbs ``export`` and ``load_ethogram``: bouts for other programs, and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, OutputExistsError
from napari_mousegpt.io.boris import write_boris
from napari_mousegpt.io.boris_binary import write_boris_binary
from napari_mousegpt.io.boris_project_writer import write_boris_project
from napari_mousegpt.io.frame_labels import write_frame_labels
from napari_mousegpt.io.labels import read_bouts, write_bouts
from napari_mousegpt.runs.cluster_bouts import (
    bouts_of_clusters,
    clock_in,
    clocks_of_sources,
    has_clusters,
)
from napari_mousegpt.runs.clustered import finished_runs
from napari_mousegpt.runs.named_results import groups_in_run, results_now

__all__ = ["FORMATS", "clocks_of_run", "export", "load_ethogram"]

#: What :func:`export` writes.
FORMATS = ("bouts", "frames", "boris", "boris-project", "boris-binary")
_ENDINGS = (".csv", ".tsv", ".parquet")
#: Formats that count in seconds, or have a row for each frame.
_TIMED = FORMATS[1:]


def export(
    ethogram: Ethogram,
    path: str | os.PathLike[str],
    clocks: Mapping[str, Timebase] | None = None,
    *,
    format: Literal["bouts", "frames", "boris", "boris-project", "boris-binary"] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an ethogram for another program.

    Parameters
    ----------
    ethogram : Ethogram
        What to write.
    path : path-like
        File; ``.csv``, ``.tsv`` or ``.parquet``, or ``.boris`` for a project of BORIS.
    clocks : mapping of recording id to Timebase, optional
        Needed for ``"frames"`` and BORIS; adds seconds to ``"bouts"``.
    format : {"bouts", "frames", "boris", "boris-project", "boris-binary"}, optional
        One row for each bout (the default), one row for each frame of the one recording there is,
        the aggregated events of BORIS, a project that BORIS opens (the default for ``.boris``), or
        its binary table: one row for each frame, 0 or 1 for each behaviour of one individual.
    overwrite : bool
        Replace a file that is there.

    Returns
    -------
    Path
        The file, complete.

    Raises
    ------
    OutputExistsError
        When the file is there and ``overwrite`` is off.
    InputError
        When a clock is missing, or frames of several recordings, or a binary table of several
        individuals, are asked for.
    """
    place = Path(path)
    if format not in (None, *FORMATS):
        raise InputError(f"format {format!r}", expected=f"one of {', '.join(FORMATS)}")
    format = format or ("boris-project" if place.suffix.lower() == ".boris" else None)
    endings = (".boris",) if format == "boris-project" else _ENDINGS
    if place.suffix.lower() not in endings:
        raise InputError(
            place,
            expected=f"a name ending in {', '.join(endings)}",
            found=place.suffix or "no ending",
            remedy="The ending says what kind of table is written.",
        )
    if place.exists() and not overwrite:
        raise OutputExistsError(
            place,
            expected="a new file",
            found="one that is there already",
            remedy="Choose another name, or replace it: --overwrite (overwrite=True).",
        )
    if format in _TIMED:
        _check_clocks(ethogram, clocks or {}, str(format))
    if format == "frames":
        recording, clock = _only_recording(ethogram, clocks)
        write_frame_labels(place, ethogram, recording, clock)
    elif format == "boris":
        write_boris(place, ethogram, clocks or {})
    elif format == "boris-project":
        write_boris_project(place, ethogram, clocks or {})
    elif format == "boris-binary":
        recording, clock = _only_recording(ethogram, clocks)
        who = _only_individual(ethogram)
        write_boris_binary(place, ethogram, recording, clock, individual=who)
    else:
        write_bouts(place, ethogram, clocks=clocks)
    return place


def load_ethogram(path: str | os.PathLike[str]) -> tuple[Ethogram, dict[str, Timebase]]:
    """Read the ethogram of a finished run, of a study, of clusters, or of a file.

    Parameters
    ----------
    path : path-like
        Folder of ``run`` (of a recording or a study), of ``cluster``, ``refit`` or ``apply``; or a
        table of bouts as csv or parquet.

    Returns
    -------
    ethogram : Ethogram
        Words and clusters of a run have the sources ``"model"`` and ``"cluster"``; clusters have
        the names and merges of now.
    clocks : dict of recording id to Timebase
        Empty for files, which do not hold them; of clusters those of the recordings whose vectors
        a ``run`` made.

    Raises
    ------
    InputError
        When there is no such run or file.
    """
    place = Path(path)
    if not place.is_dir():
        return read_bouts(place), {}
    result = place / "result"
    if (result / "study.parquet").is_file():
        return _of_study(place)
    if (result / "ethogram.parquet").is_file():
        _, found = results_now(place, groups_in_run(place))
        return found, clocks_of_run(place)
    if has_clusters(place):
        return bouts_of_clusters(place), clocks_of_sources(place)
    raise InputError(
        place,
        expected="the folder of a finished run, study or 'cluster'",
        found="no result/ethogram.parquet and no result/assignments.parquet",
        remedy="Name the folder given to -o; if the run was stopped, start it again to finish.",
    )


def clocks_of_run(place: Path) -> dict[str, Timebase]:
    """Return the clocks of the recordings of a run or study by their ids, as far as it has them."""
    if (place / "result" / "study.parquet").is_file():
        homes = finished_runs(place).folders.values()
        return {name: clock for home in homes for name, clock in clock_in(home).items()}
    return clock_in(place)


def _of_study(place: Path) -> tuple[Ethogram, dict[str, Timebase]]:
    homes = finished_runs(place).folders
    read = [load_ethogram(home) for home in homes.values()]
    found = Ethogram(
        Intervals.concat([one.bouts for one, _ in read]),
        Intervals.concat([one.observed for one, _ in read]),
        notes=[note for one, _ in read for note in one.notes],
    )
    return found, {name: clock for _, clocks in read for name, clock in clocks.items()}


def _check_clocks(ethogram: Ethogram, clocks: Mapping[str, Timebase], format: str) -> None:
    without = sorted({str(name) for name in ethogram.bouts.recording} - clocks.keys())
    if without:
        more = f" and {len(without) - 1} more" if len(without) > 1 else ""
        raise InputError(
            f"recording {without[0]!r}{more}",
            expected=f"its clock, as {format} needs its seconds and its number of frames",
            found="none, as no run of it was found",
            remedy="Give it: --clock FOLDER of its 'run' or study, "
            f"--clock {without[0]}=VIDEO, or --clock {without[0]}=RATE:FRAMES "
            "(in Python: clocks={recording.id: recording.timebase}).",
        )


def _only_recording(
    ethogram: Ethogram, clocks: Mapping[str, Timebase] | None
) -> tuple[str, Timebase]:
    recordings = sorted({*ethogram.bouts.recording, *ethogram.observed.recording})
    if len(recordings) != 1:
        raise InputError(
            "labels for each frame",
            expected="the ethogram of one recording",
            found=f"{len(recordings)} recordings",
            remedy="Choose one: --recording NAME, or --each for a file of each "
            "(in Python: ethogram.select(recording=...)).",
        )
    if not clocks or recordings[0] not in clocks:
        raise InputError(
            f"recording {recordings[0]!r}",
            expected="its clock, to know how many frames it has",
            remedy="Pass clocks={recording.id: recording.timebase}.",
        )
    return recordings[0], clocks[recordings[0]]


def _only_individual(ethogram: Ethogram) -> str:
    individuals = sorted(set(ethogram.bouts.individual))
    if len(individuals) > 1:
        raise InputError(
            "a binary table",
            expected="the ethogram of one individual",
            found=", ".join(repr(str(name)) for name in individuals),
            remedy="Choose one: --individual NAME (in Python: ethogram.select(individual=...)).",
        )
    return str(individuals[0]) if individuals else ""
