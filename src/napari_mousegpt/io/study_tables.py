"""Study tables as text: what stands in a csv, an Excel sheet or a TOML file, row by row."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.core.study_checks import RowNames
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.study_sheets import header_of, open_sheet, write_sheet
from napari_mousegpt.io.text_tables import open_cells, write_csv

__all__ = ["TextTable", "read_table", "write_table"]

_SHEETS = (".xlsx", ".xlsm")
_OTHER_SHEETS = (".xls", ".xlsb", ".ods", ".numbers")
#: A study in TOML has some kilobytes.
_MOST_BYTES = 16 << 20
_TABLE = re.compile(r"\s*\[\[\s*[\"']?recording[\"']?\s*\]\]")
_IN_STUDY = ("root", "columns", "defaults", "name", "description")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table as it is written.

    Parameters
    ----------
    cells : DataFrame
        All text; columns are named as in the file.
    rows : RowNames
        How the file counts its rows.
    format : str
        ``"csv"``, ``"Excel"`` or ``"TOML"``.
    root : str
        Folder that paths start from, where the file says so.
    columns : mapping of str to str
        Our name to the name in the file, where the file says so.
    notes : tuple of str
        What was guessed or filled in.
    """

    cells: pd.DataFrame
    rows: RowNames
    format: str
    root: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_table(path: Path, *, sheet: str | None = None, wanted: Sequence[str] = ()) -> TextTable:
    """Read a table by the ending of its name.

    Parameters
    ----------
    path : Path
        csv, tsv, txt, xlsx, xlsm or toml.
    sheet : str, optional
        Sheet of a workbook; see :func:`napari_mousegpt.io.study_sheets.open_sheet`.
    wanted : sequence of str
        Names that tell the header of a sheet from what stands above it.

    Raises
    ------
    InputError
        When a sheet is named and the file has none, or it is not clear which one is meant.
    FormatError
        When the file is not what its ending says; the line is named.
    """
    ending = path.suffix.lower()
    if sheet is not None and ending not in _SHEETS:
        raise InputError(
            f"sheet {sheet!r}",
            expected="a workbook (.xlsx)",
            found=path.name,
            remedy="Leave it out.",
        )
    if ending in _OTHER_SHEETS:
        raise FormatError(
            path, expected="csv, .xlsx or .toml", found=ending, remedy="Save it as .xlsx or csv."
        )
    if ending in _SHEETS:
        found = open_sheet(path, sheet, wanted=wanted)
        begin = header_of(found.rows, wanted) or 0 if wanted else 0
        notes = list(found.notes)
        if begin:
            notes.append(f"The header is row {found.rows[begin][0]}; what is above was left out.")
        return _table(path, found.rows[begin:], "row", "Excel", notes)
    if ending == ".toml":
        return _toml(path)
    text = open_cells(path)
    return _table(path, text.rows, "line", "csv", text.notes)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table of texts by the ending of its name: csv, tsv, xlsx or toml.

    ``path`` is written directly, so give a file that is renamed afterwards.
    """
    texts = table.astype(str)
    names = [str(name) for name in texts.columns]
    rows: Iterable[list[str]] = texts.to_numpy().tolist()
    if path.suffix.lower() == ".xlsx":
        write_sheet(path, names, rows)
    elif path.suffix.lower() == ".toml":
        lines = []
        for row in rows:
            lines += ["[[recording]]", *map(_toml_line, names, row), ""]
        path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    else:
        write_csv(texts, path)


def _table(
    path: Path, rows: list[tuple[int, list[str]]], word: str, format_: str, notes: Iterable[str]
) -> TextTable:
    number, names = rows[0] if rows else (1, [])
    while names and not names[-1]:
        names = names[:-1]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled or not names:
        raise FormatError(
            f"{path}, {word} {number}",
            expected="column names that differ",
            found=f"{doubled[0]!r} twice" if doubled else "no names",
            remedy="Rename one of the two." if doubled else "Export the table again.",
        )
    width = len(names)
    body = []
    for number, row in rows[1:]:
        # A sheet does not keep its empty cells; a line of text has all of its own.
        if (len(row) < width and word == "line") or any(row[width:]):
            raise FormatError(
                f"{path}, {word} {number}",
                expected=f"{width} cells as in the header",
                found=f"{len(row)}",
                remedy=f"Was the file cut off or edited? Mend that {word}.",
            )
        body.append([*row[:width], *[""] * (width - len(row))])
    cells = pd.DataFrame(body, columns=names, dtype=object)
    numbers = tuple(number for number, _ in rows[1:])
    return TextTable(cells, RowNames(word, numbers), format_, notes=tuple(notes))


def _toml(path: Path) -> TextTable:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(path, expected="a study in TOML", found="more than 16 MB")
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        # Numbers with decimals stay as they are spelled.
        values = tomllib.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            path,
            expected="TOML",
            found=str(error)[:200] or "too many levels",
            remedy="Mend that place, or write the table as csv.",
        ) from error
    strangers = sorted(set(values) - {"study", "recording"})
    head, records = values.get("study", {}), values.get("recording", [])
    if isinstance(head, dict):
        strangers += [f"study.{name}" for name in sorted(set(head) - set(_IN_STUDY))]
    fine = isinstance(head, dict) and isinstance(records, list) and records
    if strangers or not fine or not all(isinstance(record, dict) for record in records):
        raise FormatError(
            path,
            expected=f"[[recording]] tables and perhaps [study] with {', '.join(_IN_STUDY)}",
            found=", ".join(strangers) or "none of them",
            remedy="Write one [[recording]] table for each recording.",
        )
    begins = [i for i, line in enumerate(text.split("\n"), start=1) if _TABLE.match(line)]
    by_line = len(begins) == len(records)
    rows = RowNames("line", tuple(begins)) if by_line else RowNames(
        "recording", tuple(range(1, len(records) + 1))
    )  # fmt: skip
    defaults = _texts(path, head.get("defaults", {}), "[study.defaults]")
    columns = _texts(path, head.get("columns", {}), "[study.columns]")
    texts = [_texts(path, record, rows([i])) for i, record in enumerate(records)]
    names = list(dict.fromkeys(name for row in [*texts, defaults] for name in row))
    body = [[row.get(name, defaults.get(name, "")) for name in names] for row in texts]
    root = _texts(path, {"root": head.get("root", "")}, "[study]")["root"]
    cells = pd.DataFrame(body, columns=names, dtype=object)
    return TextTable(cells, rows, "TOML", root, columns)


def _texts(path: Path, values: Any, where: str) -> dict[str, str]:
    if not isinstance(values, dict):
        raise FormatError(f"{path}, {where}", expected="a table", found=repr(values)[:80])
    found = {}
    for name, value in values.items():
        if isinstance(value, dict | list):
            raise FormatError(
                f"{path}, {where}, {name}", expected="one value", found=repr(value)[:80]
            )
        if isinstance(value, bool):
            text = str(value).upper()
        else:
            text = value.isoformat() if hasattr(value, "isoformat") else str(value)
        found[name] = text.strip()
    return found


def _toml_line(name: str, text: str) -> str:
    key = name if _BARE_KEY.fullmatch(name) else _toml_text(name)
    return f"{key} = {_toml_text(text)}"


def _toml_text(text: str) -> str:
    """Return a basic string of TOML; JSON escapes the same but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
