"""The log of a blinding: who did what and when, one line each, only ever added to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_mousegpt.errors import StorageError
from napari_mousegpt.store.appending import add_lines, only_writer

__all__ = ["LogEntry", "add_entry", "entry_of_now", "read_log"]


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
    said = {"when": entry.when, "who": entry.who, "what": entry.what, **entry.facts}
    undone = "Nothing was done, as it could not be written down."
    with only_writer(path, doing="to write into the log", undone=undone):
        add_lines(path, json.dumps(said).encode("ascii") + b"\n")
