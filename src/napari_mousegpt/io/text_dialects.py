"""How a table was typed: its encoding, what stands between cells, and numbers with commas.

Spreadsheets of half the world write semicolons, decimal commas and Windows-1252; some programs
write UTF-16. What the bytes prove is used without a word; what is only likely is noted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.tables import text_cells
from napari_mousegpt.errors import FormatError

__all__ = ["Typed", "numbers", "typed_text"]

_MARKS = ",;\t|"
_BLANKS = "blanks"
#: Lines that are compared to find the delimiter.
_LINES = 40
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
#: What numbers are written with; Python's own reading of numbers takes more.
_SIGNS = set("0123456789.,eE+-")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True)
class Typed:
    """The text of a table and how it is typed.

    Parameters
    ----------
    text : str
    encoding : str
        As Python names it.
    delimiter : str
        One character; ``"blanks"`` for runs of blanks.
    notes : tuple of str
        What was guessed.
    """

    text: str
    encoding: str
    delimiter: str
    notes: tuple[str, ...] = ()


def typed_text(path: Path, *, limit: int | None = None) -> Typed:
    """Read a text table, or the beginning of one.

    Parameters
    ----------
    path : Path
    limit : int, optional
        Bytes to read; the last line, which may be cut, is then left out.

    Raises
    ------
    FormatError
        When the file is empty or no text.
    """
    with path.open("rb") as file:
        data = file.read() if limit is None else file.read(limit)
        whole = limit is None or not file.read(1)
    if not data.strip():
        raise FormatError(
            path, expected="a table", found="an empty file", remedy="Export it again."
        )
    text, encoding, notes = _decode(data, whole)
    if "\x00" in text:
        raise FormatError(
            path,
            expected="a text table (csv)",
            found="binary data",
            remedy="Check the file, or save it as csv in UTF-8.",
        )
    if not whole and "\n" in text:
        text = text[: text.rfind("\n") + 1]
    return Typed(text, encoding, _delimiter(text), notes)


def numbers(cells: ArrayLike) -> NDArray[np.float64]:
    """Return cells as numbers, shape (n,); NaN where a cell is none.

    Decimal points and decimal commas are understood, commas only where no cell has a point.
    """
    texts = [text.strip() for text in text_cells(cells).tolist()]
    signs = set("".join(texts))
    comma, point = "," in signs, "." in signs
    if signs <= _SIGNS and not (comma and point):
        plain = [text.replace(",", ".") or "nan" for text in texts] if comma else texts
        with suppress(ValueError):  # some cells are none: they are looked at one by one
            return np.asarray([text or "nan" for text in plain], dtype=np.float64)
    return np.asarray([_number(text, comma and not point) for text in texts], dtype=np.float64)


def _number(text: str, comma: bool) -> float:
    plain = text.replace(",", ".") if comma else text
    return float(plain) if "," not in plain and _NUMBER.fullmatch(plain) else float("nan")


def _decode(data: bytes, whole: bool) -> tuple[str, str, tuple[str, ...]]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding, ()
    halves = data[: len(data) // 2 * 2]
    for encoding, zeros in (("utf-16-le", halves[1:200:2]), ("utf-16-be", halves[:200:2])):
        if len(zeros) > 3 and not zeros.strip(b"\x00"):
            note = f"The text has no byte order mark; read as {encoding.upper()}."
            return halves.decode(encoding, errors="replace"), encoding, (note,)
    try:
        # A cut file may end within a character.
        return data[: None if whole else data.rfind(b"\n") + 1 or None].decode(), "utf-8", ()
    except UnicodeDecodeError:
        note = "The text is not UTF-8; read as Windows-1252, so check letters such as ä or é."
        try:
            return data.decode("cp1252"), "cp1252", (note,)
        except UnicodeDecodeError:
            return data.decode("latin-1"), "latin-1", (note.replace("Windows-1252", "Latin-1"),)


def _delimiter(text: str) -> str:
    lines = [line for line in text[:65_536].splitlines()[:_LINES] if line.strip()]
    if not lines:
        return ","
    first = lines[0]
    found = [mark for mark in _MARKS if mark in first]
    if found:
        return max(found, key=lambda mark: _same(lines, mark) * 1000 + first.count(mark))
    later = [mark for mark in _MARKS if all(mark in line for line in lines[1:3])]
    if len(lines) > 2 and later:  # a title stands above the table
        return later[0]
    return _BLANKS if _in_columns(lines) else ","


def _same(lines: Sequence[str], mark: str) -> int:
    """Return how many lines hold the mark as often as the first."""
    return sum(line.count(mark) == lines[0].count(mark) for line in lines)


def _in_columns(lines: Sequence[str]) -> bool:
    """Whether blanks part all lines into the same number of cells, one of which is a number."""
    parts = [line.split() for line in lines]
    width = len(parts[0])
    if width < 2 or len(lines) < 2 or any(len(cells) != width for cells in parts):
        return False
    return any(all(_NUMBER.fullmatch(cells[i]) for cells in parts[1:]) for i in range(width))
