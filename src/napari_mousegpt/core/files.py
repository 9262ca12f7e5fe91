"""Writing files so that a crash never leaves half of one.

A file is written aside, in the same folder, flushed to the disk and then renamed over its target.
Readers see the old file or the new one, never a piece.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_mousegpt.errors import StorageError

__all__ = ["PART_SUFFIX", "make_folder", "remedy_for", "replacing"]

#: Ending of a file that is still being written; a crash can leave one behind, nothing reads it.
PART_SUFFIX = ".part"

_SHORT_WRITE = re.compile(r"^\d+ requested and \d+ written$")
_REMEDIES = {
    errno.ENOSPC: "The disk is full: make room and run again; what was there before is untouched.",
    errno.EDQUOT: "Your disk quota is used up: make room and run again.",
    errno.EROFS: "The folder is read-only: choose another one.",
    errno.EACCES: "You may not write there, or another program holds the file open: close it or "
    "choose another folder.",
    errno.EPERM: "You may not write there: choose another folder.",
    errno.ENOENT: "The folder does not exist: make it first.",
    errno.ENOTDIR: "A part of the path is a file, not a folder: choose another path.",
    errno.EISDIR: "The path is a folder: add a file name.",
    errno.ENAMETOOLONG: "The path is too long for this disk: choose a shorter one.",
}


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write to; on leaving without an error it replaces ``path``.

    Parameters
    ----------
    path : path-like
        File to create or replace; its folder exists. A symbolic link is followed.

    Yields
    ------
    Path
        A hidden file of the same folder, ending in :data:`PART_SUFFIX`. Write it and close it
        inside the ``with`` block. It is removed when the block raises.

    Raises
    ------
    StorageError
        When the disk is full or the folder cannot be written to; ``path`` is then as it was.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replacing(target) as part:
    ...     _ = part.write_text("kept whole")
    >>> target.read_text()
    'kept whole'
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}{PART_SUFFIX}")
    try:
        yield part
        _flush(part)
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
        _flush_folder(target.parent)
    except OSError as error:
        remedy = _remedy(error, (part, target))
        if remedy is None:
            raise
        raise StorageError(
            path,
            expected="a file that can be written",
            found=os.strerror(error.errno or 0) if error.errno else str(error),
            remedy=remedy,
        ) from error
    finally:
        _remove(part)


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder and those above it, if they are not there, and return it.

    Raises
    ------
    StorageError
        When it cannot be made.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = remedy_for(error)
        if isinstance(error, FileExistsError):
            remedy = "A file of that name is in the way: choose another folder."
        raise StorageError(
            folder,
            expected="a folder that can be made",
            found=os.strerror(error.errno or 0),
            remedy=remedy,
        ) from error
    return folder


def remedy_for(error: OSError) -> str:
    """Return what to do about a failed write, as a sentence."""
    return _REMEDIES.get(error.errno or 0, "Choose another folder.")


def _remedy(error: OSError, ours: tuple[Path, Path]) -> str | None:
    """Return what to do about a failed write; None when the error is about another file."""
    if error.errno is None:
        # HDF5 and Arrow wrap the system's message without its number; numpy says how much it wrote.
        full = "No space left" in str(error) or _SHORT_WRITE.search(str(error))
        return _REMEDIES[errno.ENOSPC] if full else None
    if error.filename is not None and Path(os.fsdecode(error.filename)) not in ours:
        return None
    return _REMEDIES.get(error.errno)


def _flush(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # other systems have no handle on a folder
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError as error:
        # Then it was never made, or the folder is lost; the first error is the one to report.
        if error.errno not in (errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
