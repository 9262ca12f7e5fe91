"""Tables of words and numbers: strict reading of csv, whole writing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.text_dialects import Typed, typed_text

__all__ = ["Cells", "open_cells", "read_cells", "read_csv", "write_csv"]


@dataclass(frozen=True)
class Cells:
    """The lines of a text table that are not empty.

    Parameters
    ----------
    rows : list of (line number, list of str)
        Cells without the blanks around them.
    notes : tuple of str
        What was guessed about encoding and delimiter.
    """

    rows: list[tuple[int, list[str]]]
    notes: tuple[str, ...]


def open_cells(path: Path, *, limit: int | None = None) -> Cells:
    """Read the lines of a text table, or those within the first ``limit`` bytes.

    Raises
    ------
    FormatError
        When the file is empty, no text, or a line cannot be parted into cells.
    """
    typed = typed_text(path, limit=limit)
    rows: list[tuple[int, list[str]]] = []
    # A label is written many times and kept once.
    known: dict[str, str] = {}
    number = 0
    try:
        for number, cells in _lines(typed):
            clean = [known.setdefault(cell, cell) for cell in map(str.strip, cells)]
            if any(clean):
                rows.append((number, clean))
    except csv.Error as error:
        raise FormatError(
            f"{path}, line {number + 1}",
            expected="a line of a table",
            found=str(error),
            remedy="Export the table again.",
        ) from error
    return Cells(rows, typed.notes)


def read_cells(path: Path) -> list[tuple[int, list[str]]]:
    """Return number and cells of every line that is not empty, without the blanks around."""
    return open_cells(path).rows


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table with a header as text; an empty cell is an empty text.

    What was guessed about the encoding is in ``attrs["notes"]``.

    Raises
    ------
    FormatError
        When a row has more or fewer cells than the header, or two columns have one name; the line
        is named. Empty cells behind the last column are allowed.
    """
    cells = open_cells(path)
    number, names = cells.rows[0] if cells.rows else (1, [])
    while names and not names[-1]:
        names = names[:-1]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled or not names:
        raise FormatError(
            f"{path}, line {number}",
            expected="column names that differ",
            found=f"{doubled[0]!r} twice" if doubled else "no names",
            remedy="Rename one of the two." if doubled else "Export the table again.",
        )
    width = len(names)
    body = []
    for number, row in cells.rows[1:]:
        if len(row) < width or any(row[width:]):
            raise FormatError(
                f"{path}, line {number}",
                expected=f"{width} cells as in the header",
                found=f"{len(row)}",
                remedy="Was the file cut off or edited? Mend that line.",
            )
        body.append(row[:width])
    table = pd.DataFrame(body, columns=names, dtype=object)
    table.attrs["notes"] = list(cells.notes)
    return table


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv in UTF-8, whole or not at all; a name ending in .tsv gives tabs."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with replacing(path) as part:
        table.to_csv(part, index=False, sep=delimiter, lineterminator="\n", encoding="utf-8")


def _lines(typed: Typed) -> Iterator[tuple[int, list[str]]]:
    if typed.delimiter == "blanks":
        yield from ((i, line.split()) for i, line in enumerate(typed.text.splitlines(), start=1))
        return
    reader = csv.reader(io.StringIO(typed.text, newline=""), delimiter=typed.delimiter)
    for cells in reader:
        yield reader.line_num, cells
