"""Rows of a part that is not finished yet, on disk as they come."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from napari_mousegpt.core.files import make_folder, remedy_for, replacing
from napari_mousegpt.errors import StorageError
from napari_mousegpt.store.appending import add_lines

__all__ = ["RowJournal"]


class RowJournal:
    """The finished rows of one part, a line of JSON for each.

    Parameters
    ----------
    path : Path
        Inside an open run folder, whose lock keeps others away.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, range_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return the rows that are there of these ranges, by range id.

        A line that was cut when the computer stopped, and all after it, are left out and removed.
        """
        rows: dict[str, dict[str, Any]] = {}
        lines = self.path.read_bytes().splitlines() if self.path.is_file() else []
        for count, line in enumerate(lines):
            row = _row(line)
            if "range_id" not in row:
                with replacing(self.path) as whole:
                    whole.write_bytes(b"".join(kept + b"\n" for kept in lines[:count]))
                break
            if row["range_id"] in range_ids:
                rows[row["range_id"]] = row
        return rows

    def add(self, row: dict[str, Any]) -> None:
        """Keep a row; it is on disk when this returns.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        try:
            make_folder(self.path.parent)
            add_lines(self.path, json.dumps(row).encode() + b"\n")
        except OSError as error:
            raise StorageError(
                self.path,
                expected="to keep a description",
                found=str(error),
                remedy=remedy_for(error),
            ) from error

    def clear(self) -> None:
        """Remove the rows."""
        self.path.unlink(missing_ok=True)


def _row(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
