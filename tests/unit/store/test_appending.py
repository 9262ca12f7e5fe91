from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from napari_mousegpt.errors import InputError, LockedError, StorageError
from napari_mousegpt.store import appending
from napari_mousegpt.store.appending import add_lines, only_writer

HOW = {"doing": "to write", "undone": "Nothing was kept."}


def test_lines_are_added_and_a_piece_of_a_line_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "file"
    add_lines(path, b"one\n")
    add_lines(path, b"two\nthree\n")
    with path.open("ab") as file:
        file.write(b"fo")
    add_lines(path, b"five\n")
    assert path.read_bytes() == b"one\ntwo\nthree\nfo\nfive\n"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOLCK, os.strerror(errno.ENOLCK)), "[Nn]o locks"),
        (NotImplementedError("no flock here"), "a drive that knows no locks"),
    ],
)
def test_a_drive_without_locks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def unable(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(FileLock, "acquire", unable)
    with (
        pytest.raises(StorageError, match=f"{told}.*folder.*Nothing was kept") as caught,
        only_writer(tmp_path / "file", **HOW),
    ):
        pytest.fail("nothing is locked")
    assert not isinstance(caught.value, LockedError)


def test_what_goes_wrong_inside_is_told_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="mine"), only_writer(tmp_path / "file", **HOW):
        raise InputError("mine")
    with (
        pytest.raises(StorageError, match=r"disk is full.*Nothing was kept"),
        only_writer(tmp_path / "file", **HOW),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    # It is free again; and who holds it for too long is told.
    monkeypatch.setattr(appending, "_PATIENCE_S", 0.05)
    with only_writer(tmp_path / "file", **HOW):
        pass
    with (
        FileLock(tmp_path / ".file.lock"),
        pytest.raises(LockedError, match="Nothing was changed"),
        only_writer(tmp_path / "file", **HOW),
    ):
        pytest.fail("somebody else holds it")


def test_the_file_of_the_lock_stays_also_after_a_failure(tmp_path: Path) -> None:
    lock = tmp_path / ".file.lock"
    with only_writer(tmp_path / "file", **HOW):
        first = lock.stat().st_ino
    with pytest.raises(StorageError), only_writer(tmp_path / "file", **HOW):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    # Who waited has that very file open: a new one of the name would keep out nobody.
    assert lock.stat().st_ino == first
