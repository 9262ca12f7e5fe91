"""Read a map that somebody published: every file is checked before anything is believed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.map_edits import MapEdit
from napari_mousegpt.clusters.published_files import (
    BEHAVIOURS,
    CENTROIDS,
    FILES,
    KIND,
    MANIFEST,
    REFERENCE,
    USAGE,
    VERSION,
    file_sum,
)
from napari_mousegpt.clusters.reference import Reference
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import digest, software_versions
from napari_mousegpt.errors import FormatError, InputError, MismatchError

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.clusters.streams import VectorStream

__all__ = [
    "Inspection",
    "Published",
    "inspect_map",
    "is_published",
    "load_published",
    "parted",
    "parts_of",
    "published_edits",
]

_AGAIN = "Ask for a new copy of the folder; nothing of it was used."


@dataclass(frozen=True, eq=False)
class Published:
    """A published map.

    Parameters
    ----------
    map : ClusterMap
        The rule.
    manifest : dict
        What ``published.json`` says.
    behaviours : list of dict
        ``id``, ``name`` and more of each id of the rule. ``merged_into`` is the behaviour that it
        was made a part of, ``parts`` are the ids that a merged behaviour is made of.
    reference : Reference
        What the recordings of the publisher look like.
    usage : DataFrame
        How they use the map, a row for each.
    centroids : dict of str to ndarray
        See the README of the folder.
    """

    map: ClusterMap
    manifest: dict[str, Any]
    behaviours: list[dict[str, Any]]
    reference: Reference
    usage: pd.DataFrame
    centroids: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def names(self) -> dict[int, str]:
        """Name by id; a part of a merged behaviour has the name of the whole."""
        return {int(one["id"]): str(one["name"]) for one in self.behaviours}

    @property
    def goes(self) -> dict[int, int]:
        """Behaviour that each id of the rule belongs to: itself, or what it was merged into."""
        told = {int(one["id"]): int(one.get("merged_into", one["id"])) for one in self.behaviours}
        return {one: told.get(one, one) for one in self.map.clusters}

    @property
    def parts(self) -> dict[int, tuple[int, ...]]:
        """The ids of the rule that each behaviour is made of, rising."""
        return parts_of(self.goes)


@dataclass(frozen=True)
class Inspection:
    """What a folder is, and what of it cannot be used.

    Parameters
    ----------
    lines : list of str
        What it is, for people.
    facts : dict
        The same for programs.
    problems : list of str
        Why it is of no use, as sentences; empty when all is well.
    notes : list of str
        What to bear in mind.
    """

    lines: list[str]
    facts: dict[str, Any]
    problems: list[str]
    notes: list[str] = field(default_factory=list)


def is_published(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a published map."""
    return (Path(folder) / MANIFEST).is_file()


def load_published(folder: str | os.PathLike[str]) -> Published:
    """Read a published map.

    Raises
    ------
    InputError
        When there is none.
    FormatError
        When a file is missing, damaged or of a newer version.
    """
    place = Path(folder)
    manifest = _read_manifest(place)
    problems = _file_problems(place, manifest)
    if problems:
        raise FormatError(
            place, expected="a whole published map", found="; ".join(problems), remedy=_AGAIN
        )
    found = ClusterMap.load(place)
    if found.map_id != manifest["map_id"]:
        raise FormatError(
            place,
            expected=f"the map {manifest['map_id']}",
            found=f"the map {found.map_id}",
            remedy=_AGAIN,
        )
    return Published(
        found,
        manifest,
        json.loads((place / BEHAVIOURS).read_text(encoding="utf-8")),
        Reference.from_arrays(_arrays(place / REFERENCE)),
        read_parquet(place / USAGE),
        _arrays(place / CENTROIDS),
    )


def parts_of(goes: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    """Return the ids that each behaviour is made of, given where each id goes."""
    parts: dict[int, tuple[int, ...]] = {}
    for cluster, behaviour in sorted(goes.items()):
        parts[behaviour] = (*parts.get(behaviour, ()), cluster)
    return dict(sorted(parts.items()))


def published_edits(folder: str | os.PathLike[str]) -> tuple[MapEdit, ...]:
    """Return the merges and names that people gave a map before it was published, as edits of it.

    Empty when the folder holds no published map. Read a second time they are the same edits.

    Raises
    ------
    FormatError
        When a file is missing, damaged or of a newer version.
    """
    if not is_published(folder):
        return ()
    found = load_published(folder)
    map_id, when = str(found.manifest["map_id"]), str(found.manifest["published"])
    who = ", ".join(found.manifest["about"]["authors"])
    by_id = {int(one["id"]): one for one in found.behaviours}
    edits = []
    for cluster, parts in found.parts.items():
        row = by_id[cluster]
        if len(parts) > 1:
            # The first one gives its id.
            groups = tuple((part,) for part in sorted(parts, key=lambda part: part != cluster))
            edits.append(
                MapEdit(
                    digest(["merge", map_id, parts]),
                    *(when, who, "merge", map_id, groups),
                    keeps=cluster,
                )
            )
        if row.get("name_source") == "user":
            edits.append(
                MapEdit(
                    digest(["name", map_id, parts, row["name"]]),
                    *(when, who, "name", map_id, (parts,)),
                    name=str(row["name"]),
                )
            )
    return tuple(edits)


def inspect_map(folder: str | os.PathLike[str], stream: VectorStream | None = None) -> Inspection:
    """Say what a folder is, check it, and say whether vectors can be used with it.

    Parameters
    ----------
    folder : path-like
        A published map, or a map as ``ClusterMap.save`` writes it.
    stream : VectorStream, optional
        Vectors that are meant to be labelled.

    Raises
    ------
    InputError
        When there is no map at all.
    """
    place = Path(folder)
    if not is_published(place):
        return _inspect_plain(place, stream)
    try:
        manifest = _read_manifest(place)
    except FormatError as error:
        return Inspection([f"{place}: a published map"], {}, [str(error)])
    about, features = manifest["about"], manifest["features"]
    lines = [
        f"{about['title']}: published map {manifest['map_id']} of {', '.join(about['authors'])}",
        f"licence {about['licence']}"
        + (f"; cite: {about['citation']}" if about["citation"] else ""),
        f"for {features['model']} {features['revision']} vectors of {features['width']} numbers"
        + (f", {features['window_s']:g} s a window" if features["window_s"] else ""),
        f"made of {manifest['recordings']['count']} recordings, published {manifest['published']}",
    ]
    facts = {key: manifest[key] for key in ("map_id", "about", "features", "software", "published")}
    problems = _file_problems(place, manifest)
    if problems:
        return Inspection(lines, facts, [*problems, _AGAIN])
    try:
        found = load_published(place)
    except (FormatError, InputError) as error:
        return Inspection(lines, facts, [str(error)])
    lines += [f"{len(FILES) - 1} files whole, as their sha256 say"]
    rows = [one for one in found.behaviours if "merged_into" not in one]
    lines += _listed(found.parts, [str(one["name"]) for one in rows], [_words(one) for one in rows])
    own = found.reference.own_overall
    if len(own):
        lines.append(
            f"own recordings are {np.median(own):.3f} sd from each other, {own.max():.3f} at most"
        )
    facts["behaviours"] = found.behaviours
    notes = [*_changed_here(place, found), *_version_notes(manifest["software"]["fitted_with"])]
    if stream is not None:
        problems += _fits(found.map, stream)
    return Inspection(lines, facts, problems, notes)


def _inspect_plain(place: Path, stream: VectorStream | None) -> Inspection:
    """Say what a map is that was not published, as it holds now."""
    from napari_mousegpt.clusters.map_now import map_now

    try:
        now = map_now(place)
    except FormatError as error:
        return Inspection([f"{place}: a map"], {}, [str(error)])
    found, accepted = now.map, {one.cluster for one in now.map.accepted}
    lines = [
        f"{now.place}: map {found.map_id}, not published (map publish adds what others need)",
        f"for {found.model} {found.revision} vectors of {found.width} numbers",
        f"{len(now.parts)} behaviours",
    ]
    lines += _listed(
        now.parts,
        [now.names[one] for one in now.parts],
        ["accepted after the fit" if one in accepted else "" for one in now.parts],
    )
    if found.parent:
        lines.append(f"goes on from map {found.parent}")
    facts = {
        "map_id": found.map_id,
        "folder": str(now.place),
        "clusters": list(found.clusters),
        "parent": found.parent,
        "behaviours": [
            {"id": one, "name": now.names[one], "parts": list(parts)}
            for one, parts in now.parts.items()
        ],
    }
    problems = [] if stream is None else _fits(found, stream)
    return Inspection(lines, facts, problems, _version_notes(found.software))


def _listed(
    parts: Mapping[int, Iterable[int]], names: Iterable[str], more: Iterable[str]
) -> list[str]:
    """Return a line for each behaviour; ``more`` that only says the name again is left out."""
    ids = [parted(one, mine) for one, mine in parts.items()]
    width = max(map(len, ids), default=0)
    return [
        f"  {one:<{width}}  {name}" + (f"  ({words})" if words and words != name else "")
        for one, name, words in zip(ids, names, more, strict=True)
    ]


def parted(cluster: int, parts: Iterable[int]) -> str:
    """Return an id for a list, with the ids that are one with it: ``"  6 = 6+17"``."""
    ids = sorted(parts)
    return f"{cluster:>3}" + (f" = {'+'.join(map(str, ids))}" if len(ids) > 1 else "")


def _changed_here(place: Path, found: Published) -> list[str]:
    """Return what was done to a published map after it came here, as sentences."""
    from napari_mousegpt.clusters.map_now import map_now

    now = map_now(place)
    told = []
    if now.place != place:
        new = sorted(set(now.map.clusters) - set(found.map.clusters))
        ids = f", with {', '.join(map(str, new))} accepted" if new else ""
        told.append(
            f"Here {now.place} goes on from it{ids}: apply uses that. Others do not have it."
        )
    theirs = found.parts
    merged = [
        parted(one, parts).strip()
        for one, parts in now.parts.items()
        if len(parts) > 1 and theirs.get(one) != parts
    ]
    if merged:
        told.append(f"Merged here, not by its publisher: {'; '.join(merged)}.")
    apart = [
        parted(one, parts).strip()
        for one, parts in theirs.items()
        if not any(set(parts) <= set(mine) for mine in now.parts.values())
    ]
    if apart:
        told.append(f"Taken apart here, merged by its publisher: {'; '.join(apart)}.")
    called = [
        f"{one} {now.names[one]!r}"
        for one, parts in now.parts.items()
        if theirs.get(one) == parts and now.names[one] != found.names[one]
    ]
    if called:
        told.append(f"Called otherwise here: {', '.join(called)}.")
    return told


def _read_manifest(place: Path) -> dict[str, Any]:
    path = place / MANIFEST
    if not path.is_file():
        found = "an empty folder" if place.is_dir() and not any(place.iterdir()) else "none"
        raise InputError(
            place,
            expected=f"the folder of a published map ({MANIFEST})",
            found=found if place.is_dir() else "no such folder",
            remedy="Name the folder given to -o of 'map publish'.",
        )
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(path, expected="JSON", found="no JSON", remedy=_AGAIN) from error
    if not isinstance(body, dict) or body.get("kind") != KIND:
        raise FormatError(path, expected=f'"kind": "{KIND}"', found="another file", remedy=_AGAIN)
    if body.get("version") not in range(1, VERSION + 1):
        raise FormatError(
            path,
            expected=f"a published map of version 1 to {VERSION}",
            found=f"version {body.get('version')}",
            remedy="Update napari-mousegpt: this version cannot read it.",
        )
    if body.pop("checksum", "") != digest(body, 16):
        raise FormatError(
            path, expected="an undamaged file", found="another checksum", remedy=_AGAIN
        )
    return body


def _file_problems(place: Path, manifest: dict[str, Any]) -> list[str]:
    """Return which files are missing or not what they were."""
    problems = []
    for name in sorted(FILES - {MANIFEST}):
        path = place / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif file_sum(path) != manifest["files"].get(name):
            problems.append(f"{name} is damaged or was changed (its sha256 is another)")
    return problems


def _fits(found: ClusterMap, stream: VectorStream) -> list[str]:
    from napari_mousegpt.clusters.streams import load_recording
    from napari_mousegpt.core.vectors import Vectors

    intervals, _ = load_recording(stream, min(stream.recordings))
    nothing = np.empty((0, stream.width), dtype=np.float32)
    try:
        found.check(Vectors(intervals[:0], nothing, stream.names, stream.model, stream.revision))
    except MismatchError as error:
        return [f"These vectors cannot be used with it: {error}"]
    return []


def _version_notes(fitted: dict[str, str]) -> list[str]:
    """Return which engines differ from those here; the rule needs none of them but numpy."""
    here = software_versions()
    names = ("napari-mousegpt", "numpy", "scikit-learn", "hdbscan")
    other = [
        f"{name} {fitted[name]} (here {here.get(name, 'none')})"
        for name in names
        if name in fitted and fitted[name] != here.get(name)
    ]
    if not other:
        return []
    return [
        f"Fitted with {', '.join(other)}: labels come from the frozen rule and stay the same; a "
        "new fit may differ."
    ]


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        raise FormatError(path, expected="plain arrays", found=str(error), remedy=_AGAIN) from error


def _words(one: dict[str, Any]) -> str:
    return ", ".join(str(one.get("keywords", "")).split(";")[:4])
