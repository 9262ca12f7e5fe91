"""Tables of words and numbers: strict reading of csv, whole writing."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import open_text

__all__ = ["read_cells", "read_csv", "write_csv"]


def read_cells(path: Path) -> list[tuple[int, list[str]]]:
    """Return number and cells of every line that is not empty, without the blanks around."""
    text = open_text(path)
    rows = []
    with path.open(encoding=text.encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=text.delimiter)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    rows.append((reader.line_num, [cell.strip() for cell in cells]))
        except csv.Error as error:
            raise FormatError(
                f"{path}, line {reader.line_num}",
                expected="a line of a table",
                found=str(error),
                remedy="Export the table again.",
            ) from error
    return rows


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table with a header as text; an empty cell is an empty text.

    Raises
    ------
    FormatError
        When a row has more or fewer cells than the header, or two columns have one name; the line
        is named. Empty cells behind the last column are allowed.
    """
    rows = read_cells(path)
    number, names = rows[0]
    while names and not names[-1]:
        names = names[:-1]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FormatError(
            f"{path}, line {number}",
            expected="column names that differ",
            found=f"{doubled[0]!r} twice",
            remedy="Rename one of the two.",
        )
    width = len(names)
    body = []
    for number, cells in rows[1:]:
        if len(cells) < width or any(cells[width:]):
            raise FormatError(
                f"{path}, line {number}",
                expected=f"{width} cells as in the header",
                found=f"{len(cells)}",
                remedy="Was the file cut off or edited? Mend that line.",
            )
        body.append(cells[:width])
    return pd.DataFrame(body, columns=names, dtype=object)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv in UTF-8, whole or not at all; a name ending in .tsv gives tabs."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with replacing(path) as part:
        table.to_csv(part, index=False, sep=delimiter, lineterminator="\n", encoding="utf-8")
