from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.clusters.edited import Edited
from napari_mousegpt.clusters.map_edits import MapEdit
from napari_mousegpt.clusters.map_journal import MapJournal, journal_path
from napari_mousegpt.errors import FormatError, InputError, StorageError


def named(cluster: int, name: str) -> MapEdit:
    return MapEdit.new("name", "m", "KM", groups=((cluster,),), name=name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "map.edits.jsonl"


def names(journal: MapJournal) -> list[str]:
    return [edit.name for edit in Edited.of(journal.edits, "m").names.values()]


def test_where_the_edits_of_a_map_lie(tmp_path: Path) -> None:
    run = tmp_path / "run" / "result" / "map"
    # Not in the result, which is removed when the run is done again.
    assert journal_path(run) == tmp_path / "run" / "map.edits.jsonl"
    assert journal_path(tmp_path / "atlas") == tmp_path / "atlas.edits.jsonl"
    # A step shares the file of the map that it goes on from.
    assert journal_path(tmp_path / "run" / "map.grown" / "012") == journal_path(run)
    assert journal_path(tmp_path / "my.atlas.grown" / "001") == journal_path(tmp_path / "my.atlas")


def test_edits_are_on_the_disk_at_once(path: Path) -> None:
    journal = MapJournal(path)
    assert not path.parent.exists()
    journal.add(lambda _: [named(3, "walking")])
    assert names(MapJournal(path)) == ["walking"]
    journal.add(lambda _: [named(4, "resting"), named(5, "rearing")])
    assert names(MapJournal(path)) == ["walking", "resting", "rearing"]
    assert journal.edits == MapJournal(path).edits


def test_programs_see_what_others_write(path: Path) -> None:
    one, other = MapJournal(path), MapJournal(path)
    one.add(lambda _: [named(3, "walking")])
    seen: list[int] = []
    other.add(lambda edits: seen.append(len(edits)) or [named(4, "resting")])  # type: ignore[func-returns-value]
    assert seen == [1]
    assert one.refresh()
    assert not one.refresh()
    assert names(one) == ["walking", "resting"]


def test_nothing_is_written_when_the_edit_is_refused(path: Path) -> None:
    def refuse(_: object) -> list[MapEdit]:
        raise InputError("no")

    journal = MapJournal(path)
    with pytest.raises(InputError):
        journal.add(refuse)
    assert not path.exists()
    assert journal.add(lambda _: []) == ()
    assert not path.exists()


def everything(folder: Path) -> dict[str, bytes]:
    """All files but the lock, which stays: others may hold it open."""
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.suffix != ".lock"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("step", ["open", "write", "a part", "fsync"])
@pytest.mark.parametrize("earlier", [False, True])
def test_a_disk_that_fails_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int, step: str, earlier: bool
) -> None:
    path.parent.mkdir()
    journal = MapJournal(path)
    if earlier:
        journal.add(lambda _: [named(3, "walking")])
    before, edits = everything(path.parent), journal.edits
    name = "write" if step == "a part" else step
    real: Callable[..., int] = getattr(os, name)

    def fails(what: object, *more: Any) -> int:
        if step == "open" and what != path:
            return real(what, *more)
        if step == "a part":
            real(what, bytes(more[0])[:9])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(f"napari_mousegpt.store.appending.os.{name}", fails)
    with pytest.raises(StorageError, match="Nothing changed"):
        journal.add(lambda _: [named(4, "resting")])
    monkeypatch.undo()
    assert everything(path.parent) == before
    assert journal.edits == edits
    journal.add(lambda _: [named(4, "resting")])
    assert names(MapJournal(path)) == [*(["walking"] if earlier else []), "resting"]


def test_a_program_that_is_killed_leaves_a_piece_of_a_line(path: Path) -> None:
    MapJournal(path).add(lambda _: [named(3, "walking")])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"edit_id": "00')
    journal = MapJournal(path)
    assert names(journal) == ["walking"]
    assert "cut off" in journal.notes[0]
    journal.add(lambda _: [named(4, "resting")])
    assert names(MapJournal(path)) == ["walking", "resting"]
    assert path.read_bytes().startswith(whole)


def test_a_program_that_is_killed_in_the_very_first_line(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"schema":"napari-mou')
    journal = MapJournal(path)
    journal.add(lambda _: [named(3, "walking")])
    assert names(MapJournal(path)) == ["walking"]


def test_lines_that_an_older_copy_lacks_are_written_again(path: Path) -> None:
    journal = MapJournal(path)
    journal.add(lambda _: [named(3, "walking")])
    older = path.read_bytes()
    journal.add(lambda _: [named(4, "resting")])
    path.write_bytes(older)
    journal.add(lambda _: [named(5, "rearing")])
    assert sorted(names(MapJournal(path))) == ["rearing", "resting", "walking"]


def test_damaged_lines_are_set_aside(path: Path) -> None:
    MapJournal(path).add(lambda _: [named(3, "walking")])
    with path.open("ab") as file:
        file.write(b'{"action": "explode"}\nno json\n')
    journal = MapJournal(path)
    assert names(journal) == ["walking"]
    assert len(journal.notes) == 2
    assert "line 3" in journal.notes[0]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b'{"schema": "something"}\n', "something else"),
        (b"a letter\n", "something else"),
        (b'{"schema": "napari-mousegpt map edits", "version": 9}\n', "version 9"),
    ],
)
def test_foreign_files_are_left_alone(path: Path, head: bytes, found: str) -> None:
    path.parent.mkdir()
    path.write_bytes(head)
    with pytest.raises(FormatError, match=found):
        MapJournal(path)
    assert path.read_bytes() == head


def test_in_memory_only() -> None:
    journal = MapJournal()
    journal.add(lambda _: [named(3, "walking")])
    assert names(journal) == ["walking"]
    assert not journal.refresh()
