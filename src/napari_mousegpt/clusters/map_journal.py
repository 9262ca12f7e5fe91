"""Edits of maps on disk: a file beside the map that is only ever added to.

The first line says what the file is, every further line is one edit as JSON::

    {"schema": "napari-mousegpt map edits", "version": 1}
    {"edit_id": "5f0c", "when": "2026-03-01T10:22:31.250+00:00", "who": "KM", "action": "name", ...}

An edit is on the disk before :meth:`MapJournal.add` returns. A program that is killed while it
writes leaves at most a piece of a last line, which readers set aside and say so. Every edit names
its map, so that a file outlives a refit in the same place: edits of the map before stay in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from napari_mousegpt.clusters.map_edits import MapEdit
from napari_mousegpt.core.files import make_folder
from napari_mousegpt.errors import FormatError, StorageError
from napari_mousegpt.store.appending import add_lines, only_writer

__all__ = ["EDITS_SUFFIX", "MapJournal", "journal_path"]

_SCHEMA = "napari-mousegpt map edits"
_VERSION = 1
#: How the name of the file ends, behind that of the folder of the map.
EDITS_SUFFIX = ".edits.jsonl"


def journal_path(map_folder: str | os.PathLike[str]) -> Path:
    """Return where the edits of a map are or will be.

    Of a map in a run folder (``RUN/result/map``) it is ``RUN/map.edits.jsonl``, which stays when
    the run is done again; else a file beside the folder of the map. A step of a map
    (``map.grown/001``) shares the file of that map: a name that is given to one holds for all.
    """
    folder = Path(map_folder).absolute()
    if folder.parent.suffix == ".grown" and folder.name.isdecimal():
        return folder.parent.with_suffix(EDITS_SUFFIX)
    place = folder.parent.parent if folder.parent.name == "result" else folder.parent
    return place / f"{folder.name}{EDITS_SUFFIX}"


class MapJournal:
    """The edits of maps in one place, shared by all programs that have it open.

    Nothing is made on disk before the first edit.

    Parameters
    ----------
    path : path-like, optional
        File, there already or not; without one edits are kept in memory only.
    came : sequence of MapEdit
        Edits that a map came with, before all others; they are not written.

    Raises
    ------
    FormatError
        When the file holds something else, or comes from a later version.
    StorageError
        When it cannot be read.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, came: Sequence[MapEdit] = ()
    ) -> None:
        self.path = None if path is None else Path(path)
        self._came = tuple(came)
        self._edits: tuple[MapEdit, ...] = ()
        self._notes: tuple[str, ...] = ()
        self._seen: tuple[int, int, int] | None = None
        self.refresh()

    @property
    def edits(self) -> tuple[MapEdit, ...]:
        """All edits, of all maps, in their order on disk."""
        return self._edits

    @property
    def notes(self) -> tuple[str, ...]:
        """What was set aside while reading, for people."""
        return self._notes

    def edits_of(self, map_id: str, clusters: Collection[int]) -> tuple[MapEdit, ...]:
        """Return what holds for a map: its own edits and those of its steps, as edits of this map.

        Edits of a behaviour that it does not have, since that was taken back, rest meanwhile.

        Parameters
        ----------
        map_id : str
            The map as it was fitted, or any of its steps.
        clusters : collection of int
            The ids that it has.
        """
        from napari_mousegpt.clusters.map_kin import kin_of

        kin, here = kin_of(self.path, map_id), set(clusters)
        known = (*self._came, *self._edits)
        mine = (e for e in known if e.map_id in kin and here.issuperset(e.clusters))
        return tuple(e if e.map_id == map_id else replace(e, map_id=map_id) for e in mine)

    def refresh(self) -> bool:
        """Read what another program wrote, and return whether there was anything.

        Raises
        ------
        StorageError, FormatError
            When the file cannot be read, or is something else.
        """
        if self.path is None:
            return False
        try:
            facts = self.path.stat()
            seen = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
            if seen == self._seen:
                return False
            data = self.path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError(
                self.path,
                expected="a file that can be read",
                found=error.strerror or str(error),
                remedy="Check that you may read it, and that its drive is there.",
            ) from error
        edits, notes, _ = _read(self.path, data)
        # What was known once and is missing now, in an older copy of the file, is not forgotten.
        known = {edit.edit_id for edit in edits}
        lost = tuple(edit for edit in self._edits if edit.edit_id not in known)
        self._edits, self._notes, self._seen = (*edits, *lost), notes, seen
        return True

    def add(self, make: Callable[[Sequence[MapEdit]], Sequence[MapEdit]]) -> tuple[MapEdit, ...]:
        """Write edits to the disk.

        Parameters
        ----------
        make : callable
            Takes all edits as they are, those of other programs among them, and returns the new
            ones, or raises; nothing is written then. They are written together, or none.

        Raises
        ------
        StorageError
            When the disk is full, the folder is read-only or the like; the file is as it was.
        LockedError
            When another program holds the file for longer than five seconds.
        """
        if self.path is None:
            new = tuple(make(self._edits))
            self._edits = (*self._edits, *new)
            return new
        make_folder(self.path.parent)
        with only_writer(self.path, doing="to write an edit of the map", undone="Nothing changed."):
            self.refresh()
            new = tuple(make(self._edits))
            if not new:
                return ()
            here = _read(self.path, self.path.read_bytes() if self.path.exists() else b"")
            known = {edit.edit_id for edit in here.edits}
            missing = [edit for edit in self._edits if edit.edit_id not in known]
            lines = [_line(edit.to_dict()) for edit in (*missing, *new)]
            add_lines(self.path, b"".join([*([] if here.has_head else [_HEAD]), *lines]))
            # Read back what stands there now, so that file and memory cannot part.
            self._seen = None
            self.refresh()
        return new


class _Content(NamedTuple):
    edits: tuple[MapEdit, ...]
    notes: tuple[str, ...]
    has_head: bool


def _line(values: dict[str, object]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode("ascii") + b"\n"


_HEAD = _line({"schema": _SCHEMA, "version": _VERSION})


def _read(path: Path, data: bytes) -> _Content:
    found: dict[str, MapEdit] = {}
    notes = []
    has_head = False
    lines = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        values = _parsed(line)
        if not has_head:
            # A program was stopped while it wrote the very first line.
            if values is not None or not _HEAD.startswith(line):
                _check_head(path, values)
                has_head = True
            continue
        try:
            if values is None:
                raise FormatError("an edit", expected="an object of JSON", found="something else")
            edit = MapEdit.from_dict(values)
        except FormatError as error:
            cut = number == len(lines)
            why = "it is cut off: a program was stopped while it wrote it" if cut else str(error)
            notes.append(
                f"{path.name}, line {number}: set aside, since {why.rstrip('.')}. "
                "This edit is lost, all others hold: make it again."
            )
            continue
        found.setdefault(edit.edit_id, edit)
    return _Content(tuple(found.values()), tuple(notes), has_head)


def _check_head(path: Path, head: dict[str, object] | None) -> None:
    if head is None or head.get("schema") != _SCHEMA:
        raise FormatError(
            path,
            expected="a file of edits of a map",
            found="something else",
            remedy="Move it elsewhere; it is left as it is.",
        )
    if head.get("version") != _VERSION:
        raise FormatError(
            path,
            expected=f"edits of version {_VERSION}",
            found=f"version {head.get('version')}",
            remedy="Update napari-mousegpt to read them.",
        )


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None
