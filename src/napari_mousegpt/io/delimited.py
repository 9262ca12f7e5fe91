"""Delimited text: its first lines, its delimiter, and fast strict reading of numbers.

Programs and spreadsheets write the same table with commas, semicolons or tabs, with or without a
byte order mark, with decimal points or commas. A row with too few or too many cells is an error
that names its line: padding it would shift what comes after.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.number_blocks import parse_numbers

__all__ = ["Head", "Text", "check_width", "open_text", "read_head", "read_numbers", "split"]

#: Bytes that sniffing reads of a file.
HEAD_BYTES = 16_384
#: Columns of a table: far more than any tracker writes.
_WIDEST = 20_000
_MISSING = {"", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a"}
_SPELLINGS = {
    *(spell(word) for word in _MISSING for spell in (str.lower, str.upper, str.capitalize)),
    *("NaN", "-NaN"),
}


@dataclass(frozen=True)
class Head:
    """The beginning of a file, for sniffing.

    Parameters
    ----------
    path : Path
    size : int
        Bytes of the whole file.
    data : bytes
        The first :data:`HEAD_BYTES` of them.
    """

    path: Path
    size: int
    data: bytes

    @property
    def is_hdf5(self) -> bool:
        """Whether the file begins as HDF5 files do."""
        return self.data.startswith(b"\x89HDF\r\n\x1a\n")

    @property
    def is_text(self) -> bool:
        """Whether the beginning can be text of one byte per character or UTF-8."""
        return bool(self.data) and b"\x00" not in self.data and not self.is_hdf5

    def lines(self) -> list[str]:
        """Return the first lines as text; the last one may be cut."""
        return self.data.decode("utf-8-sig", errors="replace").splitlines() if self.is_text else []


@dataclass(frozen=True)
class Text:
    """How a text table is written.

    Parameters
    ----------
    path : Path
    encoding : str
        ``"utf-8-sig"`` or, where that cannot be, ``"latin-1"``.
    delimiter, decimal : str
        Between cells, and within numbers.
    """

    path: Path
    encoding: str
    delimiter: str
    decimal: str


def read_head(path: Path) -> Head:
    """Read the beginning of a file.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    with path.open("rb") as file:
        return Head(path, path.stat().st_size, file.read(HEAD_BYTES))


def open_text(path: Path) -> Text:
    """Find out how a text table is written.

    Raises
    ------
    FormatError
        When the file is empty or no text.
    """
    head = read_head(path)
    if not head.data.strip():
        raise FormatError(
            path, expected="a table", found="an empty file", remedy="Export it again."
        )
    if not head.is_text:
        raise FormatError(
            path,
            expected="a text table (csv)",
            found="binary data",
            remedy="Check the file, or save it as csv in UTF-8.",
        )
    # Cut after the last whole character: a table in UTF-8 may have one across the border.
    body = head.data if head.size <= HEAD_BYTES else head.data[: head.data.rfind(b"\n") + 1]
    try:
        body.decode("utf-8-sig")
        encoding = "utf-8-sig"
    except UnicodeDecodeError:
        encoding = "latin-1"
    lines = head.data.decode(encoding, errors="replace").splitlines()
    first = next(line for line in lines if line.strip())
    delimiter = max(",;\t", key=first.count) if any(mark in first for mark in ",;\t") else ","
    comma = delimiter != "," and any("," in line for line in lines[4:6])
    return Text(path, encoding, delimiter, "," if comma else ".")


def split(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line, without the blanks around them; quotes are understood."""
    import csv

    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def check_width(path: Path, width: int) -> None:
    """Raise for a table so wide that the parser would end the program for want of memory.

    Raises
    ------
    FormatError
    """
    if width > _WIDEST:
        raise FormatError(path, expected=f"at most {_WIDEST} columns", found=f"{width}")


def read_lines(text: Text, count: int) -> list[str]:
    """Return the first ``count`` lines without their ends, fewer if the file is shorter."""
    lines = []
    with text.path.open(encoding=text.encoding, errors="replace", newline=None) as file:
        for _ in range(count):
            line = file.readline()
            if not line:
                break
            lines.append(line.rstrip("\n"))
    return lines


def read_numbers(
    text: Text, skip: int, width: int, *, columns: list[int] | None = None
) -> NDArray[np.float64]:
    """Read the rows of a table of numbers.

    Parameters
    ----------
    text : Text
        The table, from :func:`open_text`.
    skip : int
        Header lines.
    width : int
        Cells every row must have.
    columns : list of int, optional
        The ones to read, rising; all by default. Others may hold words.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)
        Each the double nearest to what the file says, as ``float`` reads it. Empty cells and the
        usual words for missing values are NaN. Empty lines at the end of the file are left out.
        Memory runs down the columns.

    Raises
    ------
    FormatError
        Naming the first line that has another number of cells or a cell that is no number.
    """
    import pyarrow as pa

    check_width(text.path, width)
    chosen = list(range(width)) if columns is None else columns
    if len(read_lines(text, skip + 1)) <= skip:
        return np.empty((0, len(chosen)))
    try:
        values = parse_numbers(
            text.path,
            skip=skip,
            width=width,
            columns=chosen,
            delimiter=text.delimiter,
            decimal=text.decimal,
            missing=_SPELLINGS,
        )
    except pa.ArrowInvalid as error:
        raise _explain(text, skip, width, chosen, str(error)) from error
    if any(np.isinf(column).any() for column in values.T):
        raise _explain(text, skip, width, chosen, "a number too large")
    # The parser takes an empty line for a row of empty cells.
    empty = np.isnan(values[:, 0])
    for column in values.T[1:]:
        if not empty.any():
            return values
        empty &= np.isnan(column)
    return values[: _check_widths(text, skip, width)] if empty.any() else values


def _check_widths(text: Text, skip: int, width: int) -> int:
    """Return the number of rows up to the last one with content; raise for a row of other width."""
    rows = 0
    blank: int | None = None
    with text.path.open(encoding=text.encoding, errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if number <= skip:
                continue
            if not line.strip():
                blank = number if blank is None else blank
                continue
            found = (
                len(split(line, text.delimiter)) if '"' in line else line.count(text.delimiter) + 1
            )
            if blank is not None:
                raise _wrong_row(text.path, blank, width, "an empty line")
            if found != width:
                raise _wrong_row(text.path, number, width, f"{found}")
            rows = number - skip
    return rows


def _explain(text: Text, skip: int, width: int, chosen: list[int], reason: str) -> FormatError:
    """Return the error for a table that could not be read, with the line to blame."""
    try:
        _check_widths(text, skip, width)
    except FormatError as error:
        return error
    with text.path.open(encoding=text.encoding, errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if number <= skip or not line.strip():
                continue
            cells = split(line, text.delimiter)
            for column in chosen:
                if not _is_number(cells[column], text.decimal):
                    return FormatError(
                        f"{text.path}, line {number}",
                        expected="numbers",
                        found=f"{cells[column]!r} in column {column + 1}",
                        remedy="Mend or empty that cell; an empty cell means that the point is "
                        "missing.",
                    )
    return FormatError(text.path, expected="a table of numbers", found=reason)


def _wrong_row(path: Path, number: int, width: int, found: str) -> FormatError:
    return FormatError(
        f"{path}, line {number}",
        expected=f"{width} cells as in the header",
        found=found,
        remedy="Was the file cut off or edited? Export it again, or mend that line.",
    )


def _is_number(cell: str, decimal: str) -> bool:
    if cell.lower() in _MISSING:
        return True
    if "_" in cell or not cell.isascii() or (decimal != "." and "." in cell):
        return False  # Python would take these for numbers
    try:
        return bool(np.isfinite(float(cell.replace(decimal, "."))))
    except ValueError:
        return False
