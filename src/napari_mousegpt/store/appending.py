"""Files that are only ever added to: one writer at a time, whole lines or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_mousegpt.core.files import remedy_for
from napari_mousegpt.errors import LockedError, StorageError

__all__ = ["add_lines", "only_writer"]

# Writing a line takes milliseconds; whoever holds the lock for longer hangs.
_PATIENCE_S = 5.0


@contextmanager
def only_writer(path: Path, *, doing: str, undone: str) -> Iterator[None]:
    """Keep other programs from writing into a file meanwhile; its folder exists.

    Parameters
    ----------
    path : Path
        There already or not.
    doing : str
        What is done, for messages: ``"to write a correction"``.
    undone : str
        Sentences that follow the remedy when the disk fails.

    Raises
    ------
    LockedError
        When another program holds the file for longer than five seconds.
    StorageError
        When the disk is full, the folder read-only or the like, also inside the ``with`` block, and
        on a drive that knows no locks.
    """
    from filelock import FileLock, Timeout

    # Whoever may write into the folder may lock. The file of the lock stays: who waits has it open,
    # and would not keep out those who make another one.
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE_S, mode=0o666)
    try:
        with lock:
            yield
    except Timeout as error:
        raise LockedError(
            path,
            expected=doing,
            found=f"another program that has been writing for {_PATIENCE_S:g} s",
            remedy="Close the other program, or wait, and try again. Nothing was changed.",
        ) from error
    except OSError as error:
        raise StorageError(
            path,
            expected=f"{doing}, into a file and a folder that can be written to",
            found=os.strerror(error.errno) if error.errno else str(error),
            remedy=f"{remedy_for(error)} {undone}",
        ) from error
    except NotImplementedError as error:
        # So say older versions of filelock.
        raise StorageError(
            path,
            expected=doing,
            found="a drive that knows no locks",
            remedy=f"Choose a folder on another drive. {undone}",
        ) from error


def add_lines(path: Path, lines: bytes) -> None:
    """Add lines to a file; they are on the disk when this returns, all of them or none.

    Parameters
    ----------
    path : Path
        Made where it is not there.
    lines : bytes
        Ending with the end of a line.

    Raises
    ------
    OSError
        When they cannot be written; the file is as it was, or is not there as before.
    """
    is_new = not path.exists()
    how = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    handle = os.open(path, how, 0o666)
    try:
        try:
            _append(handle, lines)
        finally:
            os.close(handle)
    except OSError:
        with suppress(OSError):
            if is_new and not path.stat().st_size:
                path.unlink()
        raise


def _append(handle: int, lines: bytes) -> None:
    size = os.fstat(handle).st_size
    if size:
        # A line that another program could not finish is ended here; readers set it aside.
        os.lseek(handle, -1, os.SEEK_END)
        lines = lines if os.read(handle, 1) == b"\n" else b"\n" + lines
    left = memoryview(lines)
    try:
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError:
        # Where even this fails, the next writer ends the piece of a line.
        with suppress(OSError):
            os.ftruncate(handle, size)
        raise
