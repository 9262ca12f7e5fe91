"""What results are called now: the names and merges of people, on tables that a run has written."""

from __future__ import annotations

import os
import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_mousegpt.clusters.cluster_map import NOISE
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.map_journal import journal_path
from napari_mousegpt.clusters.map_steps import steps_of
from napari_mousegpt.clusters.map_view import MapView
from napari_mousegpt.clusters.named_files import map_folder
from napari_mousegpt.clusters.names import Called, cluster_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NamesNow", "groups_now", "names_now"]


class NamesNow(NamedTuple):
    """What the clusters of record of a map are called, after all edits.

    Parameters
    ----------
    goes : dict of int to int
        Behaviour that each cluster of record belongs to.
    called : dict of int to Called
        What each behaviour is called.
    """

    goes: dict[int, int]
    called: dict[int, Called]

    def name_of(self, cluster: int) -> str:
        """Return what a cluster of record is called; empty for noise."""
        return "" if cluster == NOISE else self.called[self.goes[cluster]].name

    def clusters(self, assignments: pd.DataFrame) -> pd.DataFrame:
        """Return the behaviours that occur in labels of record, with times and medoids there."""
        goes = {NOISE: NOISE, **self.goes}
        merged = [goes[int(cluster)] for cluster in assignments["cluster"]]
        return cluster_table(assignments.assign(cluster=merged), self.called)


def names_now(folder: str | os.PathLike[str]) -> NamesNow | None:
    """Return what the clusters of a run or map are called now; None where nobody changed a name.

    Raises
    ------
    InputError, FormatError, StorageError
        When there is no map, or map or edits cannot be read.
    """
    place = map_folder(folder).absolute()
    journal = journal_path(place)
    if not journal.is_file():
        return None
    cards = [step / "map.json" for step in steps_of(place)]
    files = (journal, *cards, place.parent / "assignments.parquet")
    stamps = tuple(
        (facts.st_mtime_ns, facts.st_size) for file in files if file.is_file()
        for facts in [file.stat()]
    )  # fmt: skip
    return _read(place, stamps)


def groups_now(groups: Groups, folder: str | os.PathLike[str]) -> Groups:
    """Return the groups of a run with the names and merges of now.

    Labels of record stay: the column ``cluster`` of the assignments is as it was, ``name`` is that
    of the behaviour it belongs to now. The table of clusters has a row for each behaviour.

    Parameters
    ----------
    groups : Groups
        As they were written.
    folder : path-like
        Of the run, of one recording or of a study.
    """
    now = names_now(folder)
    if now is None:
        return groups
    rows = groups.assignments
    names = [now.name_of(int(cluster)) for cluster in rows["cluster"]]
    named = rows.assign(name=names).astype({"name": object})
    return Groups(groups.map, named, now.clusters(rows), groups.stability)


# Every recording of a study has the names of the study: they are gathered once.
@lru_cache(maxsize=4)
def _read(place: Path, stamps: tuple[tuple[int, int], ...]) -> NamesNow | None:
    """Read the names; ``stamps`` are those of the files, so that a change is read again."""
    known = MapView.open(place)
    for note in known.journal.notes:
        warnings.warn(note, UserWarning, stacklevel=2)
    if not known.history:
        return None
    goes = {member: one.cluster for one in known.names() for member in one.members}
    return NamesNow(goes, known.called())
