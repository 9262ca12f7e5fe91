"""Excel sheets as the cells that people see: numbers as they are spelled, dates in ISO.

A workbook is a zip of XML files (ECMA-376). It is looked over before it is read: one that unpacks
to more than a table needs, or declares entities, is refused.
"""

from __future__ import annotations

import datetime
import lzma
import posixpath
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from napari_mousegpt.errors import FormatError, InputError, MouseGPTError

__all__ = ["Sheet", "header_of", "open_sheet", "read_sheet", "write_sheet"]

#: Bytes of a workbook once unpacked, its parts, and its cells; 50 000 rows have a tenth of them.
_MOST_BYTES = 32 << 20
_MOST_PARTS = 2000
_MOST_CELLS = 2_000_000
#: Letters that Excel keeps of one cell.
_MOST_LETTERS = 32_767
#: Rows in which the header is looked for.
_HEADER_WITHIN = 30
#: Wrong cells that are named in one message.
_SHOWN = 8
_ZEROS = re.compile(r"(0+)(?:\.(0+))?")
_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"'
)
#: A cell whose formula gives a text, perhaps an empty one.
_TEXT = re.compile(rb'<(?:\w+:)?c\s[^>]*?\bt="str"[^>]*>')
_PLACE = re.compile(rb'\br="([A-Z]{1,3}[0-9]{1,7})"')
#: First bytes of the files Excel wrote before 2007, and of workbooks with a password.
_OLD = b"\xd0\xcf\x11\xe0"

#: What reading a damaged zip raises; RuntimeError and NotImplementedError for its encryptions.
_NO_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError),
    *(RuntimeError, ValueError, NotImplementedError),
)

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class Sheet:
    """The rows of a sheet that are not empty.

    Parameters
    ----------
    name : str
    rows : list of (row number, list of str)
        Numbers as the sheet counts, from 1; cells without the blanks around them.
    notes : tuple of str
        What was done with merged cells and the like.
    """

    name: str
    rows: Rows
    notes: tuple[str, ...] = ()


def read_sheet(path: Path, sheet: str | None = None) -> Rows:
    """Return number and cells of every row that is not empty; see :func:`open_sheet`.

    As in a text table, no row is shorter than the first one.
    """
    rows = open_sheet(path, sheet).rows
    width = len(rows[0][1]) if rows else 0
    return [(number, cells + [""] * (width - len(cells))) for number, cells in rows]


def open_sheet(path: Path, sheet: str | None = None, *, wanted: Sequence[str] = ()) -> Sheet:
    """Read one sheet of a workbook (.xlsx).

    Parameters
    ----------
    path : Path
    sheet : str, optional
        Its name. Without one the only visible sheet with cells is taken, or the only one of them
        that has the columns ``wanted``.
    wanted : sequence of str
        Names that tell the header; see :func:`header_of`.

    Returns
    -------
    Sheet
        A number is written as it is shown where its format is made of zeros (``000``, ``0.0``) and
        hides nothing, else as short as it can be: 7, 20.5. Dates are ISO. Every cell of a merged
        stretch has its text. ``#N/A`` is empty.

    Raises
    ------
    InputError
        When there is no such sheet, or several could be meant.
    FormatError
        When it is no workbook, is too large, or holds formulas without a value or with an error.
    """
    _look_over(path)
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = _open(path, sheet, wanted)
    except MouseGPTError:
        raise
    except Exception as error:  # what a damaged workbook makes openpyxl raise is anything
        raise FormatError(
            path,
            expected="a workbook (.xlsx)",
            found=f"a damaged one ({type(error).__name__}: {str(error)[:120]})",
            remedy="Open it in a spreadsheet program and save it again, or save it as csv.",
        ) from error
    dates = [str(w.message) for w in told if "date" in str(w.message)]
    return Sheet(found.name, found.rows, (*found.notes, *dates[:_SHOWN]))


def header_of(rows: Rows, wanted: Sequence[str]) -> int | None:
    """Return which row has all these names, in any letter case; None if none at the top has."""
    names = {name.casefold() for name in wanted}
    for place, (_, cells) in enumerate(rows[:_HEADER_WITHIN]):
        if names <= {cell.casefold() for cell in cells}:
            return place
    return None


def write_sheet(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a sheet in which every cell is text, so that 007 and =x stay what they are.

    Raises
    ------
    InputError
        When a text has a character that no sheet can hold.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    lines = [list(names), *map(list, rows)]
    for number, line in enumerate(lines, start=1):
        for text in line:
            if ILLEGAL_CHARACTERS_RE.search(text) or len(text) > _MOST_LETTERS:
                raise InputError(
                    f"row {number} of the table",
                    expected="text that a sheet can hold",
                    found=repr(text)[:80],
                    remedy="Remove its control characters or shorten it, or write csv.",
                )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("study")
    sheet.freeze_panes = "A2"
    for line in lines:
        cells = [WriteOnlyCell(sheet, value=text) for text in line]
        for cell in cells:
            cell.data_type, cell.number_format = "s", "@"
        sheet.append(cells)
    book.save(path)


def _look_over(path: Path) -> None:
    """Refuse what is no zip, unpacks to too much, or declares entities."""
    with path.open("rb") as file:
        begin = file.read(4)
    if begin == _OLD:
        raise FormatError(
            path,
            expected="a workbook (.xlsx)",
            found="a workbook with a password, or of Excel 97",
            remedy="Save it as .xlsx without a password, or as csv.",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            if size > _MOST_BYTES or len(parts) > _MOST_PARTS:
                raise FormatError(
                    path,
                    expected=f"a workbook of at most {_MOST_BYTES >> 20} MB unpacked",
                    found=f"{size / 2**20:.0f} MB in {len(parts)} parts",
                    remedy="Save only the sheet with the table, or save it as csv.",
                )
            for part in parts:
                with archive.open(part) as file:
                    head = file.read(4096)
                if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                    raise FormatError(
                        path,
                        expected="a workbook without document types",
                        found=f"one in {part.filename[:80]}",
                        remedy="Save it as csv, and ask where it comes from.",
                    )
    except _NO_ZIP as error:
        raise FormatError(
            path,
            expected="a workbook (.xlsx)",
            found=f"no whole zip file ({str(error)[:120]})",
            remedy="Copy it again, or save it as csv.",
        ) from error


def _open(path: Path, sheet: str | None, wanted: Sequence[str]) -> Sheet:
    with _book(path, values=True) as book:
        read = {name: _texts(path, book[name]) for name in _candidates(path, book, sheet)}
        name = _the_one(path, {key: rows for key, (rows, _) in read.items()}, wanted)
    rows, wrong = read[name]
    xml = _xml_of(path, name)
    if b"<f" in xml or b":f" in xml or not xml:
        texts = {place[1].decode() for cell in _TEXT.findall(xml) if (place := _PLACE.search(cell))}
        bare = _formulas_without_value(path, name, rows)
        wrong += [f"{cell} formula without a value" for cell in bare if cell not in texts]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise FormatError(
            f"{path}, sheet {name!r}",
            expected="cells with values",
            found=", ".join(wrong[:_SHOWN]) + more,
            remedy="Open it in a spreadsheet program, mend these cells and save it; that also "
            "works out formulas.",
        )
    notes = _fill_merged(path, xml, rows)
    kept = [(number, cells) for number, cells in sorted(rows.items()) if any(cells)]
    return Sheet(name, kept, tuple(notes))


def _candidates(path: Path, book: Any, sheet: str | None) -> list[str]:
    every = [ws.title for ws in book.worksheets]
    if sheet is None:
        return [ws.title for ws in book.worksheets if ws.sheet_state == "visible"] or every
    named = [name for name in every if name == sheet] or [
        name for name in every if name.casefold() == sheet.casefold()
    ]
    if not named:
        raise InputError(
            f"sheet {sheet!r} of {path}", expected=f"one of {', '.join(every) or 'none'}"
        )
    return named[:1]


def _the_one(path: Path, read: dict[str, dict[int, list[str]]], wanted: Sequence[str]) -> str:
    names = [name for name, rows in read.items() if any(map(any, rows.values()))]
    if not names:
        raise FormatError(
            path, expected="a table", found="empty sheets", remedy="Check that it is the right one."
        )
    if wanted and len(names) > 1:
        fitting = [
            name for name in names if header_of(sorted(read[name].items()), wanted) is not None
        ]
        names = fitting or names
    if len(names) > 1:
        raise InputError(
            path,
            expected="one sheet with the table",
            found=f"{len(names)}: {', '.join(names)}",
            remedy=f"Say which one: sheet={names[0]!r}.",
        )
    return names[0]


def _texts(path: Path, ws: Any) -> tuple[dict[int, list[str]], list[str]]:
    """Return the cells of each row that has any, and the cells with errors."""
    ws.reset_dimensions()  # what the file says of its size is not to be trusted
    rows: dict[int, list[str]] = {}
    wrong: list[str] = []
    count = 0
    for number, row in enumerate(ws.iter_rows(), start=1):
        texts = []
        for cell in row:
            text = _text(cell)
            if cell.value is not None and cell.data_type == "e":
                text = "" if text == "#N/A" else text
                wrong += [f"{cell.coordinate} {text}"] if text else []
            texts.append(text)
        while texts and not texts[-1]:
            texts.pop()
        count += len(texts)
        if texts:
            rows[number] = texts
        if count > _MOST_CELLS:
            raise FormatError(
                path, expected=f"at most {_MOST_CELLS} cells", found="more", remedy="Use csv."
            )
    return rows, wrong


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format))
    if isinstance(value, datetime.datetime):
        return (value.date() if value.time() == datetime.time() else value).isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value).strip()


def _number(value: float, shown: str) -> str:
    zeros = _ZEROS.fullmatch(shown)
    if zeros and len(shown) < 40:
        decimals = len(zeros[2] or "")
        width = len(zeros[1]) + (decimals + 1 if decimals else 0) + (value < 0)
        text = f"{value:0{width}.{decimals}f}"
        if float(text) == value:
            return text
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
    return str(int(value)) if whole else repr(value)


def _formulas_without_value(path: Path, name: str, rows: dict[int, list[str]]) -> list[str]:
    found = []
    with _book(path, values=False) as book:
        ws = book[name]
        ws.reset_dimensions()
        for number, row in enumerate(ws.iter_rows(), start=1):
            for place, cell in enumerate(row):
                if cell.data_type != "f":
                    continue
                cells = rows.get(number, [])
                if place >= len(cells) or not cells[place]:
                    found.append(str(cell.coordinate))
    return found


@contextmanager
def _book(path: Path, *, values: bool) -> Iterator[Any]:
    """Open a workbook for its values or its formulas; the file is closed whatever happens."""
    import openpyxl

    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=values)
        try:
            yield book
        finally:
            book.close()


def _xml_of(path: Path, name: str) -> bytes:
    """Return the XML of a sheet; empty when the workbook keeps it in an unusual place."""
    with zipfile.ZipFile(path) as archive:
        parts = set(archive.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= parts:
            return b""
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        for item in book.iter():
            if item.tag.endswith("}sheet") and item.get("name") == name:
                ids = [value for key, value in item.attrib.items() if key.endswith("}id")]
                target = targets.get(ids[0], "") if ids else ""
                part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
                return archive.read(part) if part in parts else b""
    return b""


def _fill_merged(path: Path, xml: bytes, rows: dict[int, list[str]]) -> list[str]:
    """Write the text of merged cells into each of them, in place; return what was done."""
    from openpyxl.utils import column_index_from_string

    ranges = []
    filled = 0
    for left, top, right, bottom in _MERGED.findall(xml):
        first, last = int(top), int(bottom)
        begin, end = (column_index_from_string(c.decode()) - 1 for c in (left, right))
        cells = rows.get(first, [])
        text = cells[begin] if begin < len(cells) else ""
        if not text:
            continue
        filled += max(0, last - first + 1) * max(0, end - begin + 1)
        if filled > _MOST_CELLS // 10:
            raise FormatError(
                path,
                expected=f"at most {_MOST_CELLS // 10} merged cells",
                found="more",
                remedy="Part the merged cells and fill them.",
            )
        for number in range(first, last + 1):
            if number in rows:  # a row without any cell of its own stays empty
                row = rows[number]
                row.extend([""] * (end + 1 - len(row)))
                row[begin : end + 1] = [text] * (end + 1 - begin)
        ranges.append(f"{left.decode()}{first}:{right.decode()}{last}")
    if not ranges:
        return []
    shown = ", ".join(ranges[:_SHOWN]) + (", ..." if len(ranges) > _SHOWN else "")
    return [f"Each cell of the merged cells {shown} has their text."]
