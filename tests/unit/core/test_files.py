from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from napari_mousegpt.core.files import PART_SUFFIX, make_folder, replacing
from napari_mousegpt.errors import StorageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with replacing(target) as part:
        assert part.parent == tmp_path
        assert part.name.startswith(".")
        assert part.name.endswith(PART_SUFFIX)
        part.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_old_content_stands_until_the_end(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with replacing(target) as part:
        part.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(type(error)), replacing(target) as part:  # noqa: PT012
        part.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    code = (
        "import os, sys; from napari_mousegpt.core.files import replacing\n"
        "with replacing(sys.argv[1]) as part:\n"
        "    part.write_text('half'); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode != 0
    assert target.read_text() == "old"


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    real, link = tmp_path / "store" / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(real)
    with replacing(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_mode_of_the_old_file_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(target) as part:
        part.write_text("new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["mäuse 1.txt", "x" * 200 + ".txt", "a b.c.d", "百.csv"])
def test_names(tmp_path: Path, name: str) -> None:
    with replacing(tmp_path / name) as part:
        part.write_text("x")
    assert names(tmp_path) == [name]


def test_two_writers_leave_one_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"

    def write(letter: str) -> None:
        for _ in range(20):
            with replacing(target) as part:
                part.write_text(letter * 10_000)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(target.read_text()) in ({"a"}, {"b"})
    assert names(tmp_path) == ["a.txt"]


def test_full_disk(small_disk: Path) -> None:
    target = small_disk / "a.bin"
    target.write_bytes(b"old")
    with (
        pytest.raises(StorageError, match=r"a\.bin: .*No space left.*The disk is full: make room"),
        replacing(target) as part,
    ):
        part.write_bytes(b"x" * 10_000_000)
    assert target.read_bytes() == b"old"
    assert names(small_disk) == ["a.bin"]


def test_full_disk_told_by_a_library(tmp_path: Path) -> None:
    # HDF5 and Arrow raise an OSError without a number.
    with (
        pytest.raises(StorageError, match="The disk is full"),
        replacing(tmp_path / "a.h5"),
    ):
        raise OSError("Can't write data (No space left on device)")


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EACCES, "close it or choose another folder"),
        (errno.EROFS, "The folder is read-only"),
        (errno.EDQUOT, "Your disk quota is used up"),
    ],
)
def test_other_reasons(tmp_path: Path, number: int, message: str) -> None:
    with pytest.raises(StorageError) as caught, replacing(tmp_path / "a.txt") as part:
        raise OSError(number, os.strerror(number), str(part))
    assert message in str(caught.value)
    assert str(tmp_path / "a.txt") in str(caught.value)


def test_missing_folder_and_file_in_the_way(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="The folder does not exist"),
        replacing(tmp_path / "no" / "a") as part,
    ):
        part.write_text("x")
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(StorageError, match="A part of the path is a file"),
        replacing(tmp_path / "file" / "a") as part,
    ):
        part.write_text("x")
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(StorageError, match="The path is a folder"),
        replacing(tmp_path / "folder") as part,
    ):
        part.write_text("x")
    assert names(tmp_path) == ["file", "folder"]


def test_errors_about_other_files_pass_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a.txt"):
        Path(tmp_path / "other.txt").read_text()
    assert names(tmp_path) == []


def test_make_folder(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    assert make_folder(deep) == deep
    assert deep.is_dir()
    assert make_folder(str(deep)) == deep
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="A file of that name is in the way"):
        make_folder(tmp_path / "file")
    with pytest.raises(
        StorageError, match=r"expected a folder that can be made, found Not a directory"
    ):
        make_folder(tmp_path / "file" / "below")


def test_a_read_only_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    # Such a disk refuses to remove even what was never there.
    monkeypatch.setattr(Path, "unlink", refuse)
    with (
        pytest.raises(StorageError, match="read-only"),
        replacing(tmp_path / "found.csv") as part,
    ):
        refuse(part)
