from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.edits import Edit
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import (
    FormatError,
    InputError,
    LockedError,
    MismatchError,
    StorageError,
)
from napari_mousegpt.store import appending
from napari_mousegpt.store.corrections import CorrectionsFile, load_corrections
from support.pace import Cost

FRAMES = 100


def edits(count: int, recording: str = "m1", who: str = "KM") -> list[Edit]:
    book = BoutBook(recording, FRAMES, who=who)
    return [book.plan_mark("a", i, i + 3, f"label {i} ä") for i in range(count)]


def opened(path: Path) -> CorrectionsFile:
    return CorrectionsFile(path, "m1", FRAMES, {"top/video": "blake2b-64k:0123"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "m1.corrections.jsonl"


def recording(name: str = "m1", n_frames: int = FRAMES, **fingerprints: str) -> Recording:
    return Recording(
        name, (View("top", Timebase.constant(25, n_frames), fingerprints=fingerprints),)
    )


# --- writing and reading ------------------------------------------------------------------------


def test_nothing_is_made_before_the_first_edit(path: Path) -> None:
    file = opened(path)
    assert file.edits == ()
    assert file.notes == ()
    assert file.refresh() == ()
    assert not path.parent.exists()


def test_what_is_appended_is_read_back(path: Path) -> None:
    made = edits(4)
    file = opened(path)
    assert file.append(made[0]) == ()
    assert CorrectionsFile(path).edits == (made[0],)
    file.append(*made[1:3])
    file.append(made[3])
    assert file.edits == tuple(made)
    again = CorrectionsFile(path)
    assert again.edits == tuple(made)
    assert again.notes == ()
    found = again.corrections
    assert (found.recording, found.n_frames) == ("m1", FRAMES)
    assert found.fingerprints == {"top/video": "blake2b-64k:0123"}
    head, *lines = path.read_text("ascii").splitlines()
    assert json.loads(head)["version"] == 1
    assert [json.loads(line)["edit"] for line in lines] == [edit.edit_id for edit in made]
    assert not list(path.parent.glob("*.part"))


def test_it_is_on_the_disk_when_append_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = opened(path)
    file.append(*edits(1))
    order: list[str] = []
    write, fsync = os.write, os.fsync
    monkeypatch.setattr(os, "write", lambda *a: (order.append("write"), write(*a))[1])
    monkeypatch.setattr(os, "fsync", lambda *a: (order.append("fsync"), fsync(*a))[1])
    file.append(*edits(1))
    assert order[-2:] == ["write", "fsync"]


def test_two_viewers_see_each_other(path: Path) -> None:
    one, two = opened(path), opened(path)
    mine, theirs = edits(3, who="KM"), edits(2, who="LN")
    assert one.append(mine[0]) == ()
    assert two.append(theirs[0]) == (mine[0],)
    assert one.append(mine[1]) == (theirs[0],)
    assert two.refresh() == (mine[1],)
    assert two.refresh() == ()
    assert one.edits == two.edits == (mine[0], theirs[0], mine[1])
    # An edit that is there already is not taken twice.
    two.append(mine[1])
    assert CorrectionsFile(path).edits == one.edits


# --- torn and damaged lines ---------------------------------------------------------------------


def test_a_line_cut_off_anywhere_loses_nothing_before_it(path: Path) -> None:
    made = edits(3)
    opened(path).append(*made)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rindex(b"\n") + 1
    for size in range(last, len(whole)):
        path.write_bytes(whole[:size])
        file = opened(path)
        complete = size == len(whole) - 1  # only the end of the line is missing
        assert file.edits == tuple(made if complete else made[:2])
        assert bool(file.notes) == (last < size < len(whole) - 1)
        if file.notes:
            assert "line 4: set aside, since it is cut off" in file.notes[0]
        if size % 16 == 0 or complete:  # each append waits for the disk
            [next_one] = edits(1)
            file.append(next_one)
            again = opened(path)
            assert again.edits == file.edits == (*made[: 3 if complete else 2], next_one)
            assert len(again.notes) == len(file.notes) == (0 if complete or size == last else 1)
            assert path.read_bytes().startswith(whole[:size])  # nothing is taken away


@pytest.mark.parametrize(
    "damage",
    [b"\0" * 40, b"{", b"[]", b"null", b'{"edit": 3}', b"\xff\xfe", b"5", b'{"edit":"e"}'],
)
def test_a_damaged_line_in_the_middle_is_set_aside(path: Path, damage: bytes) -> None:
    made = edits(4)
    opened(path).append(*made)
    lines = path.read_bytes().split(b"\n")
    lines[2] = damage
    path.write_bytes(b"\n".join(lines))
    file = opened(path)
    assert file.edits == (made[0], *made[2:])
    assert len(file.notes) == 1
    assert "line 3: set aside" in file.notes[0]
    file.append(*edits(1))
    assert len(opened(path).edits) == 4


def test_a_line_that_another_program_is_still_writing(path: Path) -> None:
    made = edits(3)
    opened(path).append(*made)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    file = opened(path)
    assert file.edits == tuple(made[:2])
    path.write_bytes(whole)
    assert file.refresh() == (made[2],)
    assert file.notes == ()


def test_empty_lines_and_windows_line_ends_do_no_harm(path: Path) -> None:
    made = edits(2)
    opened(path).append(*made)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\n")
    assert opened(path).edits == tuple(made)
    assert opened(path).notes == ()


def test_an_empty_file_is_begun(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    made = edits(1)
    opened(path).append(*made)
    assert CorrectionsFile(path).edits == tuple(made)


def test_a_file_that_went_away_is_written_again(path: Path) -> None:
    made = edits(3)
    file = opened(path)
    file.append(*made[:2])
    for way in (lambda: path.unlink(), lambda: path.write_bytes(b"")):
        way()
        others = file.append(made[2])
        assert others == ()
        assert opened(path).edits == tuple(made)


def test_a_file_that_was_put_in_its_place_is_read(path: Path, tmp_path: Path) -> None:
    mine, theirs = edits(2), edits(5, who="LN")
    file = opened(path)
    file.append(*mine)
    other = opened(tmp_path / "other")
    other.append(*theirs, *mine)
    other.path.replace(path)
    assert file.refresh() == tuple(theirs)
    assert file.notes == ()


def test_what_an_older_copy_lacks_is_written_again(path: Path) -> None:
    one, two, three = edits(3)
    file = opened(path)
    file.append(one)
    copy = path.read_bytes()
    file.append(two)
    older = path.with_name("older")
    older.write_bytes(copy)
    older.replace(path)
    assert file.append(three) == ()
    assert set(opened(path).edits) == {one, two, three}
    assert len(path.read_bytes().splitlines()) == 4
    file.append(*edits(1))
    assert len(path.read_bytes().splitlines()) == 5


# --- refusals -----------------------------------------------------------------------------------


def test_corrections_of_something_else_are_refused(path: Path) -> None:
    opened(path).append(*edits(1))
    with pytest.raises(MismatchError, match="expected corrections of 'm2', 100 frames"):
        CorrectionsFile(path, "m2", FRAMES)
    with pytest.raises(MismatchError, match="found those of 'm1', 100 frames"):
        CorrectionsFile(path, "m1", FRAMES + 1)
    with pytest.raises(MismatchError, match="expected an edit of 'm1', found one of 'm2'"):
        opened(path).append(*edits(1, "m2"))
    assert len(opened(path).edits) == 1


HEAD: dict[str, Any] = {
    "schema": "napari-mousegpt corrections", "version": 1, "recording": "m1", "n_frames": 100,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,start,stop\n", "expected a file of corrections, found something else"),
        ("{}\n", "expected a file of corrections"),
        ("[1]", "expected a file of corrections"),
        ("\0\0\n", "expected a file of corrections"),
        (json.dumps({**HEAD, "version": 2}), "found version 2. Update napari-mousegpt"),
        (json.dumps({**HEAD, "recording": ""}), "id and length of the recording"),
        (json.dumps({**HEAD, "n_frames": "9"}), "id and length of the recording"),
    ],
)
def test_another_file_is_refused_and_left_alone(path: Path, text: str, message: str) -> None:
    path.parent.mkdir()
    path.write_text(text + "\n")
    with pytest.raises(FormatError, match=message):
        opened(path)
    assert path.read_text() == text + "\n"


def test_a_new_file_needs_to_know_whose_it_is(path: Path) -> None:
    with pytest.raises(MismatchError, match="one of 'm1'"):
        CorrectionsFile(path).append(*edits(1))
    with pytest.raises(InputError, match="id and length of the recording"):
        CorrectionsFile(path, "m1").append(*edits(1))
    assert not path.exists()


def test_a_folder_in_its_place_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StorageError, match="expected a file that can be read"):
        opened(path)


def test_a_file_in_place_of_the_folder_is_told(path: Path) -> None:
    path.parent.write_text("a file")
    file = (
        CorrectionsFile(path.parent / "x" / "m1.jsonl", "m1", FRAMES) if os.name == "nt" else None
    )
    with pytest.raises(StorageError):
        (file or opened(path)).append(*edits(1))


def test_who_holds_the_lock_for_too_long_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    file = opened(path)
    file.append(*edits(1))
    monkeypatch.setattr(appending, "_PATIENCE_S", 0.1)
    with (
        FileLock(path.with_name(f".{path.name}.lock")),
        pytest.raises(LockedError, match=r"another program that .* Nothing was changed"),
    ):
        file.append(*edits(1))
    assert len(file.edits) == 1
    file.append(*edits(1))
    assert len(opened(path).edits) == 2


# --- disks that fail ----------------------------------------------------------------------------


def refused_and_unchanged(file: CorrectionsFile, message: str) -> None:
    before, known = file.path.read_bytes(), file.edits
    with pytest.raises(StorageError, match=message) as caught:
        file.append(*edits(60))
    assert "The correction was not made" in str(caught.value)
    assert file.path.read_bytes() == before
    assert file.edits == known == opened(file.path).edits


def filled(disk: Path) -> Path:
    """Fill a disk to the last page, and return the file that does."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(b"x" * 4096)
    return ballast


def test_full_disk(small_disk: Path) -> None:
    file = opened(small_disk / "m1.jsonl")
    file.append(*edits(2))
    ballast = filled(small_disk)
    refused_and_unchanged(file, "No space left on device. The disk is full: make room")
    ballast.unlink()
    file.append(*edits(1))
    assert len(opened(file.path).edits) == 3


def test_full_disk_before_the_first_edit(small_disk: Path) -> None:
    ballast = filled(small_disk)
    file = opened(small_disk / "m1.jsonl")
    with pytest.raises(StorageError, match="The disk is full"):
        file.append(*edits(1))
    assert not file.path.exists()
    ballast.unlink()
    file.append(*edits(1))
    assert len(opened(file.path).edits) == 1


def test_read_only_disk(small_disk: Path) -> None:
    file = opened(small_disk / "m1.jsonl")
    file.append(*edits(2))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused_and_unchanged(file, r"Read-only file system\. .* in NAPARI_MOUSEGPT_CORRECTIONS")
    with pytest.raises(StorageError):
        opened(small_disk / "new.jsonl").append(*edits(1))
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    file.append(*edits(1))
    assert len(opened(file.path).edits) == 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_read_only_folder(path: Path) -> None:
    file = opened(path)
    file.append(*edits(1))
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        refused_and_unchanged(file, "You may not write there|may not write")
    finally:
        path.parent.chmod(0o700)


def _half(handle: int, data: Any, write: Callable[[int, Any], int] = os.write) -> int:
    """Write a half, then fail, as a disk does that runs full."""
    if len(data) > 4000:
        return write(handle, data[: len(data) // 2])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _no_sync(handle: int) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize(
    ("name", "failing", "message"),
    [
        ("write", _half, "The disk is full"),
        ("fsync", _no_sync, "Input/output error. Choose another folder"),
    ],
)
def test_a_write_that_fails_half_way_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, failing: Any, message: str
) -> None:
    file = opened(path)
    file.append(*edits(2))
    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing)
        refused_and_unchanged(file, message)
    file.append(*edits(1))
    assert len(opened(path).edits) == 3
    assert opened(path).notes == ()


def test_a_half_line_that_cannot_even_be_taken_back_is_set_aside_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    file = opened(path)
    made = edits(2)
    file.append(*made)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _half)
        patch.setattr(os, "ftruncate", stuck)
        with pytest.raises(StorageError, match="The disk is full"):
            file.append(*edits(60))
    known = len(opened(path).edits)
    [last] = edits(1)
    file.append(last)
    again = opened(path)
    assert again.edits[:2] == tuple(made)
    assert again.edits[-1] == last
    assert len(again.edits) == known + 1
    assert len(again.notes) == 1


# --- of recordings -----------------------------------------------------------------------------


def test_of_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", str(tmp_path / "default"))
    rec = recording(video="b:aaaaaaaaaaaaaaaa")
    assert load_corrections(rec) == ()
    made = edits(2)
    CorrectionsFile.of_recording(rec).append(*made)
    CorrectionsFile.of_recording(rec, tmp_path / "other").append(made[0])
    [found] = load_corrections(rec)
    assert found.edits == tuple(made)
    assert found.fingerprints == {"top/video": "b:aaaaaaaaaaaaaaaa"}
    assert load_corrections(rec, folder=tmp_path / "other")[0].edits == (made[0],)


def test_load_corrections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("m2", "m1"):
        rec = recording(name, video="b:aaaaaaaaaaaaaaaa")
        CorrectionsFile.of_recording(rec, tmp_path).append(*edits(1, name))
    (tmp_path / "notes.txt").write_text("mine")
    assert [found.recording for found in load_corrections(tmp_path)] == ["m1", "m2"]
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", str(tmp_path))
    assert load_corrections() == load_corrections(tmp_path)
    file = sorted(tmp_path.glob("*.jsonl"))[0]
    assert load_corrections(file) == load_corrections(tmp_path)[:1]
    with pytest.raises(InputError, match="nothing there"):
        load_corrections(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(FormatError, match="found an empty file"):
        load_corrections(empty)


def test_a_journal_of_many_edits_opens_quickly(path: Path) -> None:

    book = BoutBook("m1", FRAMES, who="KM")
    book.apply(book.plan_mark("a", 0, 50, "rear"))
    [key] = book.columns()["bout_id"]
    made = list(book.edits)
    for i in range(5000):
        made.append(book.plan_trim(key, stop=20 + i % 30))
        book.apply(made[-1])
        made.append(book.plan_undo() if i % 3 else book.plan_comment(key, f"seen {i}"))
        book.apply(made[-1])
    opened(path).append(*made)
    with Cost() as cost:
        again = BoutBook("m1", FRAMES, edits=opened(path).edits)
    assert again.rows == book.rows
    assert len(again.edits) == 10_001
    assert cost.seconds < 1.5, f"{cost.seconds:.2f} s"
