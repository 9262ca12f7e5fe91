"""Where a map, its labels of record and the words about them lie."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from napari_mousegpt.clusters.map_steps import base_of
from napari_mousegpt.clusters.names import Called
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.errors import InputError

__all__ = ["NAMING_WORDS", "find_assignments", "find_words", "map_folder", "names_of_record"]

#: The words that clusters were named by, in the result folder.
NAMING_WORDS = "naming_words.parquet"
_CARD = "map.json"
_ASSIGNMENTS, _WORDS = "assignments.parquet", "descriptions.parquet"
_CLUSTERS, _PUBLISHED, _BEHAVIOURS = "clusters.parquet", "published.json", "behaviours.json"


def map_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the folder of the map: the one that is named, or that of a run or study.

    A recording of a study has a copy of its map; names and merges are kept with that of the study.

    Raises
    ------
    InputError
        When there is no map.
    """
    place = Path(folder)
    for path in (
        place,
        place / "map",
        place / "result" / "map",
        place / "clusters" / "result" / "map",
    ):
        if (path / _CARD).is_file():
            return _of_study(path)
    empty = place.is_dir() and not any(place.iterdir())
    raise InputError(
        place,
        expected="a run with clusters, or the folder of a cluster map",
        found="an empty folder" if empty else "no map" if place.is_dir() else "no such folder",
        remedy="Name the folder given to -o of 'cluster', 'run', 'refit' or 'map publish'.",
    )


def find_assignments(
    place: Path, given: str | os.PathLike[str] | None = None
) -> pd.DataFrame | None:
    """Return the labels of record beside a map, or those that are named; None where none are.

    Raises
    ------
    InputError
        When those that are named are not there.
    """
    if given is not None:
        return _tables([given], _ASSIGNMENTS, "assignments")
    beside = base_of(place).parent / _ASSIGNMENTS
    return read_parquet(beside) if beside.is_file() else None


def find_words(
    place: Path, given: Sequence[str | os.PathLike[str]] | None = None
) -> pd.DataFrame | None:
    """Return the words that are named, or those of the run or study of a map; None without any.

    Raises
    ------
    InputError
        When those that are named are not there.
    """
    if given:
        return _tables(given, _WORDS, "descriptions")
    place = base_of(place)
    for beside in (place.parent / NAMING_WORDS, place.parent / _WORDS):
        if beside.is_file():
            return read_parquet(beside)
    if place.parent.name != "result":
        return None
    # The map of a study lies beside the runs of its recordings.
    study = place.parent.parent.parent
    found = sorted(study.glob(f"recordings/*/result/{_WORDS}"))
    return pd.concat(map(read_parquet, found), ignore_index=True) if found else None


def names_of_record(place: Path) -> dict[int, Called]:
    """Return what a map was delivered with: by who published it, or by its run; empty for none."""
    place = base_of(place)
    if (place / _PUBLISHED).is_file():
        told = json.loads((place / _BEHAVIOURS).read_text(encoding="utf-8"))
        rows = [{**one, "cluster": one["id"]} for one in told if "merged_into" not in one]
    elif (place.parent / _CLUSTERS).is_file():
        rows = read_parquet(place.parent / _CLUSTERS).to_dict("records")
    else:
        return {}
    return {
        int(row["cluster"]): Called(
            str(row["name"]),
            str(row.get("sentence", "")),
            str(row.get("keywords", "")),
            float(row.get("coverage", 0.0)),
            str(row.get("name_source", "words")),
        )
        for row in rows
    }


def _of_study(place: Path) -> Path:
    """Return the map of the study that a map is a copy of, else the map itself."""
    if place.parent.name != "result" or place.parent.parent.parent.name != "recordings":
        return place
    whole = place.parent.parent.parent.parent / "clusters" / "result" / place.name
    return whole if (whole / _CARD).is_file() and _map_id(whole) == _map_id(place) else place


def _map_id(place: Path) -> str | None:
    try:
        card = json.loads((place / _CARD).read_text(encoding="utf-8"))
    except ValueError:
        return None  # whoever loads it says that it is damaged
    return str(card["map_id"]) if isinstance(card, dict) and "map_id" in card else None


def _tables(paths: Sequence[str | os.PathLike[str]], name: str, what: str) -> pd.DataFrame:
    pieces = []
    for path in map(Path, paths):
        if path.is_file():
            pieces.append(read_parquet(path))
        elif (path / "result" / name).is_file():
            pieces.append(read_parquet(path / "result" / name))
        else:
            parts = sorted(path.glob("*.parquet")) if path.is_dir() else []
            if not parts:
                raise InputError(
                    path,
                    expected=f"{what}: a run folder, a parquet file, or a folder of such files",
                    found="none there",
                )
            pieces += map(read_parquet, parts)
    return pd.concat(pieces, ignore_index=True)
