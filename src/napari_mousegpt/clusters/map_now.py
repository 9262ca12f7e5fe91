"""A map as it holds now: its newest step, with the names and merges that people gave it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.cluster_map import NOISE, ClusterMap
from napari_mousegpt.clusters.map_edits import group_id
from napari_mousegpt.clusters.map_kin import newest_step
from napari_mousegpt.clusters.map_steps import base_of
from napari_mousegpt.clusters.map_view import MapView
from napari_mousegpt.clusters.named_files import map_folder
from napari_mousegpt.clusters.published import Published, is_published, load_published, parts_of

__all__ = ["MapNow", "map_now"]


@dataclass(frozen=True, eq=False)
class MapNow:
    """A map as it holds now.

    Parameters
    ----------
    place : Path
        Folder of the step that holds.
    map : ClusterMap
        Its frozen rule.
    view : MapView
        Names and merges that were given here.
    goes : dict of int to int
        Behaviour that each id of the rule belongs to: itself, or what it was merged into.
    names : dict of int to str
        What each behaviour is called.
    published : Published or None
        What its publisher says of it, where it was published, with what changed here since.
    """

    place: Path
    map: ClusterMap
    view: MapView
    goes: dict[int, int]
    names: dict[int, str]
    published: Published | None = None

    @property
    def parts(self) -> dict[int, tuple[int, ...]]:
        """The ids of the rule that each behaviour is made of, both rising."""
        return parts_of(self.goes)

    @property
    def table(self) -> pd.DataFrame:
        """One row for each behaviour: ``cluster``, ``group`` (``"3+5"``), ``name`` and more."""
        if self.published is None:
            return self.view.table()
        told = {int(one["id"]): one for one in self.published.behaviours}
        return pd.DataFrame(
            {**told[one], "cluster": one, "group": group_id(parts)}
            for one, parts in self.parts.items()
        )

    def merged(self, assignments: pd.DataFrame) -> pd.DataFrame:
        """Return labels by the rule as labels by behaviour.

        Parameters
        ----------
        assignments : DataFrame
            What the rule says.

        Returns
        -------
        DataFrame
            ``cluster`` (and ``nearest``, where it is there) is the behaviour, ``of_record`` the id
            of the rule, ``name`` what the behaviour is called; noise is -1 and empty.
        """
        goes = {NOISE: NOISE, **self.goes}
        told = assignments.assign(of_record=assignments["cluster"])
        for column in {"cluster", "nearest"} & set(told.columns):
            told[column] = told[column].map(goes).astype(np.int64)
        called = [self.names.get(cluster, "") for cluster in told["cluster"]]
        return told.assign(name=np.asarray(called, dtype=object))


def map_now(source: str | os.PathLike[str]) -> MapNow:
    """Open a map as it holds now.

    Parameters
    ----------
    source : path-like
        Run, study or published map, whose newest step it is; or a step itself.

    Raises
    ------
    InputError, FormatError
        When there is no map, or it is damaged.
    """
    # A published folder says itself which of its files is missing.
    place = Path(source) if is_published(source) else map_folder(source)
    base = base_of(place)
    published = load_published(base) if is_published(base) else None
    here = newest_step(place)
    view = MapView.open(here)
    found = view.map
    listed = {one.cluster: one for one in view.names()}
    goes = {part: one.cluster for one in listed.values() for part in one.members}
    names = {one.cluster: one.name for one in listed.values()}
    if published is None:
        return MapNow(here, found, view, goes, names)
    for one, mine in parts_of(goes).items():
        by_person = listed[one].source in ("user", "generated")
        if published.parts.get(one) == mine and not by_person:
            names[one] = published.names[one]
    return MapNow(here, found, view, goes, names, _changed(published, found, goes, names))


def _changed(
    published: Published, found: ClusterMap, goes: dict[int, int], names: dict[int, str]
) -> Published:
    """Return what is told of a published map with what was accepted, named and merged here."""
    told = {int(one["id"]): one for one in published.behaviours}
    parts, rows = parts_of(goes), []
    for cluster in found.clusters:
        old = told.get(cluster, {})
        row = {key: value for key, value in old.items() if key not in ("merged_into", "parts")}
        row |= {"id": cluster, "name": names[goes[cluster]]}
        if goes[cluster] != cluster:
            row["merged_into"] = goes[cluster]
        elif len(parts[cluster]) > 1:
            row["parts"] = list(parts[cluster])
        rows.append(row)
    return replace(published, map=found, behaviours=rows)
