"""The log of a blinding: who did what and when, one line each, only ever added to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_mousegpt.core.files import remedy_for
from napari_mousegpt.errors import LockedError, StorageError

__all__ = ["LogEntry", "add_entry", "entry_of_now", "read_log"]

# Writing a line takes milliseconds; whoever holds the lock for longer hangs.
_PATIENCE_S = 5.0


@dataclass(frozen=True)
class LogEntry:
    """One thing somebody did.

    Parameters
    ----------
    when : str
        UTC, ISO 8601.
    who : str
        As they called themselves.
    what : str
        ``"blinded"``, ``"opened item"`` or ``"unlocked"``; else ``"damaged line"``.
    facts : mapping
        The item, the reason, the hash of the key.
    """

    when: str
    who: str
    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The entry as a line for people."""
        if not self.when:
            return f"{self.what} in the log"
        more = {
            "opened item": f": {self.facts.get('item', '')}",
            "unlocked": f", because: {self.facts.get('reason', '')}",
        }
        return f"{self.when} {self.what} by {self.who}{more.get(self.what, '')}"


def entry_of_now(who: str, what: str, **facts: Any) -> LogEntry:
    """Return an entry with the time it is now."""
    return LogEntry(datetime.now(UTC).isoformat(timespec="milliseconds"), who, what, facts)


def read_log(path: Path) -> tuple[LogEntry, ...]:
    """Read a log; none for a file that is not there.

    Of a line that is cut off or damaged only that is told.

    Raises
    ------
    StorageError
        When it cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StorageError(path, expected="a file that can be read", found=str(error)) from error
    found = []
    for line in lines:
        try:
            values = json.loads(line)
            when, who, what = (str(values.pop(name)) for name in ("when", "who", "what"))
        except (ValueError, KeyError, TypeError, AttributeError):
            if line.strip():
                found.append(LogEntry("", "", "damaged line"))
            continue
        found.append(LogEntry(when, who, what, values))
    return tuple(found)


def add_entry(path: Path, entry: LogEntry) -> None:
    """Add a line to a log; it is on the disk when this returns.

    Raises
    ------
    StorageError
        When the disk is full, the folder read-only or the like.
    LockedError
        When another program holds the log for longer than five seconds.
    """
    from filelock import FileLock, Timeout

    said = {"when": entry.when, "who": entry.who, "what": entry.what, **entry.facts}
    line = json.dumps(said).encode("ascii") + b"\n"
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE_S):
            handle = os.open(
                path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666
            )
            try:
                size = os.fstat(handle).st_size
                if size:
                    # A line that another program could not finish is ended here.
                    os.lseek(handle, -1, os.SEEK_END)
                    line = line if os.read(handle, 1) == b"\n" else b"\n" + line
                left = memoryview(line)
                try:
                    while left:
                        left = left[os.write(handle, left) :]
                    os.fsync(handle)
                except OSError:
                    # Where even this fails, the next writer ends the piece of a line.
                    with suppress(OSError):
                        os.ftruncate(handle, size)
                    raise
            finally:
                os.close(handle)
    except Timeout as error:
        raise LockedError(
            path, expected="to write into the log", found="another program that is writing",
            remedy="Wait, and try again. Nothing was done.",
        ) from error  # fmt: skip
    except OSError as error:
        raise StorageError(
            path,
            expected="a log that can be written",
            found=os.strerror(error.errno) if error.errno else str(error),
            remedy=f"{remedy_for(error)} Nothing was done, as it could not be written down.",
        ) from error
