"""Pieces of Markdown that any viewer shows alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["cell", "table"]

# Underscores within a word mean nothing to Markdown and stay readable.
_SPECIAL = re.compile(r"([\\`*\[\]<>|]|(?<!\w)_|_(?!\w))")


def cell(value: object) -> str:
    """Return a value as text that Markdown takes literally, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def table(header: Sequence[str], rows: Iterable[Sequence[object]], numbers: int = 0) -> list[str]:
    """Return the lines of a table, an empty one behind it.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : iterable of sequence
        Cells; taken literally.
    numbers : int
        So many columns at the right end are set flush right.
    """
    words = len(header) - numbers
    lines = [
        f"| {' | '.join(header)} |",
        f"|{'|'.join(['---'] * words + ['---:'] * numbers)}|",
    ]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return [*lines, ""]
