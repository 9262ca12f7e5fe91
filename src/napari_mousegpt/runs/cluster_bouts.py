"""Bouts and clocks of what ``cluster``, ``refit`` or ``apply`` left behind, by the names of now."""

from __future__ import annotations

import json
from pathlib import Path

from napari_mousegpt.clusters import ethogram
from napari_mousegpt.clusters.applied_map import map_applied
from napari_mousegpt.clusters.clustering_sources import source_files
from napari_mousegpt.clusters.map_view import MapView
from napari_mousegpt.clusters.names_now import groups_now
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.runs.named_results import groups_in_run

__all__ = ["bouts_of_clusters", "clock_in", "clocks_of_sources", "has_clusters"]

_ASSIGNMENTS = "assignments.parquet"


def has_clusters(place: Path) -> bool:
    """Whether a folder holds labels of windows, as ``cluster``, ``refit`` and ``apply`` do."""
    return (place / "result" / _ASSIGNMENTS).is_file()


def bouts_of_clusters(place: Path) -> Ethogram:
    """Return the bouts of all recordings that were clustered, or labelled by a map.

    A bout is made as in a run: each frame takes the behaviour that the windows over it support
    most. Behaviours that are merged are one, called what they are called now.

    Parameters
    ----------
    place : Path
        Folder of ``cluster``, ``refit`` or ``apply``.

    Returns
    -------
    Ethogram
        Source ``"cluster"``; the confidence is the mean strength, the status ``"proposed"``.

    Raises
    ------
    InputError, FormatError
        When the map is not there, or cannot be read.
    MismatchError
        When another map stands where the one of the labels was.
    """
    groups = groups_in_run(place)
    if groups is not None:
        return ethogram(groups_now(groups, place))
    # By a map of others, which is called what it is called where it lies.
    return ethogram(
        MapView.open(map_applied(place), assignments=place / "result" / _ASSIGNMENTS).groups()
    )


def clocks_of_sources(place: Path) -> dict[str, Timebase]:
    """Return the clocks of the recordings that vectors came from, as far as their runs are there.

    Parameters
    ----------
    place : Path
        As for :func:`bouts_of_clusters`.
    """
    homes = dict.fromkeys(path.parent.parent for path in source_files(place).values())
    return {name: clock for home in homes for name, clock in clock_in(home).items()}


def clock_in(place: Path) -> dict[str, Timebase]:
    """Return the clock of the recording of a run by its id; none for a run over several.

    Raises
    ------
    FormatError
        When it cannot be read.
    """
    file = place / "result" / "recording.json"
    if not file.is_file():
        return {}
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {str(kept["id"]): Timebase.from_dict(kept["clock"])}
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(
            file,
            expected="id and clock of a recording",
            found=str(error),
            remedy="Make the run again.",
        ) from error
