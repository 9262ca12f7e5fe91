"""The study table in files: which recording is of which animal, in which group."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.study import Study, path_of_cell
from napari_mousegpt.core.study_checks import FILE_ROLES, RowNames, contradictions, doubts
from napari_mousegpt.core.tables import STUDY
from napari_mousegpt.errors import FormatError, InputError, OutputExistsError
from napari_mousegpt.io.study_tables import TextTable, read_table, write_table

__all__ = ["StudyReport", "check_study", "load_study", "write_study"]

#: Ways to leave a cell empty; statistics programs write them.
_EMPTY = {"NA", "N/A", "NaN", "nan", "<NA>", "#N/A"}
_WRITTEN = (".csv", ".tsv", ".xlsx", ".toml")


@dataclass(frozen=True)
class StudyReport:
    """What a study table holds and everything that is wrong with it.

    Parameters
    ----------
    path : Path
    format : str
        ``"csv"``, ``"Excel"`` or ``"TOML"``.
    recordings, animals, groups : tuple of str
        Ids and names, as they are spelled.
    contradictions : tuple of str
        What makes the table unusable.
    missing : tuple of str
        Files it names that are not there.
    doubts : tuple of str
        What may be a slip.
    notes : tuple of str
        What was guessed or filled in when it was read.
    """

    path: Path
    format: str
    recordings: tuple[str, ...]
    animals: tuple[str, ...]
    groups: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the table can be used and all its files are there."""
        return not (self.contradictions or self.missing)

    def sentences(self) -> list[str]:
        """Return what the table holds."""
        said = [
            f"{self.path.name}: study table, {len(self.recordings)} recordings of "
            f"{len(self.animals)} animals."
        ]
        if self.groups:
            said.append(f"Groups: {', '.join(self.groups)}.")
        return [*said, *self.notes]

    def lines(self) -> list[str]:
        """Return the report as lines of text: ``!`` before what is wrong, ``?`` before doubts."""
        return [
            *self.sentences(),
            *(f"! {text}" for text in (*self.contradictions, *self.missing)),
            *(f"? {text}" for text in self.doubts),
        ]

    def facts(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "file": self.path.as_posix(),
            "format": self.format,
            "n_recordings": len(self.recordings),
            "animals": list(self.animals),
            "groups": list(self.groups),
            "contradictions": list(self.contradictions),
            "missing": list(self.missing),
            "doubts": list(self.doubts),
            "notes": list(self.notes),
        }


def load_study(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    root: str | os.PathLike[str] | None = None,
    sheet: str | None = None,
) -> Study:
    """Read a study table.

    Parameters
    ----------
    path : path-like
        Table with one row for each recording: csv (commas, semicolons or tabs), Excel (.xlsx) or
        TOML (``[[recording]]`` tables; ``[study]`` may give ``root``, ``columns`` and
        ``defaults``). Columns are those of :data:`napari_mousegpt.core.tables.STUDY`, in any
        case, and any others.
    columns : mapping of str to str, optional
        Our name to the name in the table, for tables made for other programs:
        ``{"recording": "ID", "group": "Condition"}``.
    root : path-like, optional
        Folder that the paths in the table start from; its own folder by default.
    sheet : str, optional
        Sheet of a workbook; needed when several could be meant.

    Returns
    -------
    Study
        All cells are text as written, so that an animal ``2107.0`` or ``007`` keeps its name;
        NA and the like are empty.

    Raises
    ------
    FormatError
        When a required column is missing or a line damaged.
    InputError
        When rows contradict each other; each is named as the file counts it.
    """
    path = Path(path)
    table, start, found = _read(path, columns, root, sheet)
    try:
        return Study(table, start, found.rows)
    except InputError as error:
        raise InputError(
            path,
            expected=error.expected,
            found=error.found,
            remedy="Mend these rows; check_study lists everything that is wrong.",
        ) from error


def check_study(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    root: str | os.PathLike[str] | None = None,
    sheet: str | None = None,
) -> StudyReport:
    """Say everything that is wrong with a study table; parameters as for :func:`load_study`.

    Raises
    ------
    InputError, FormatError
        When the file cannot be read as a table; what its rows say never raises.
    """
    path = Path(path)
    table, start, found = _read(path, columns, root, sheet)
    table = STUDY.check(table)

    def values(column: str) -> tuple[str, ...]:
        return tuple(sorted(set(table[column]) - {""})) if column in table.columns else ()

    return StudyReport(
        path,
        found.format,
        tuple(table["recording"]),
        values("animal"),
        values("group"),
        tuple(contradictions(table, found.rows)),
        tuple(_missing(table, start, found.rows)),
        tuple(doubts(table, found.rows)),
        found.notes,
    )


def write_study(
    path: str | os.PathLike[str], study: Study, *, overwrite: bool = False
) -> Path | None:
    """Write a study table as csv, tsv, xlsx or toml, whole or not at all.

    Relative paths are written anew when they would start from another folder than before.

    Parameters
    ----------
    path : path-like
        File to write.
    study : Study
    overwrite : bool
        Replace a file that is there. It is kept beside as ``NAME.1.bak`` (2, 3, ...).

    Returns
    -------
    Path or None
        Where the older file was kept.

    Raises
    ------
    OutputExistsError
        When the file is there and ``overwrite`` is not given.
    InputError
        When the ending is none of those.
    """
    path = Path(path)
    if path.suffix.lower() not in _WRITTEN:
        raise InputError(
            path, expected=f"a name ending in {', '.join(_WRITTEN)}", found=path.suffix or "none"
        )
    if path.exists() and not overwrite:
        raise OutputExistsError(
            path, found="a file", remedy="Choose another name, or give overwrite=True."
        )
    table = study.to_pandas()
    for role in FILE_ROLES:
        if role in table.columns:
            table[role] = [_from(path.parent, cell, study.root) for cell in table[role]]
    with replacing(path) as part:
        # The ending decides how it is written.
        aside = part.with_name(part.name + path.suffix)
        try:
            write_table(aside, table)
            aside.replace(part)
        finally:
            aside.unlink(missing_ok=True)
        return _keep(path) if path.exists() else None


def _read(
    path: Path,
    columns: Mapping[str, str] | None,
    root: str | os.PathLike[str] | None,
    sheet: str | None,
) -> tuple[pd.DataFrame, Path, TextTable]:
    if not path.is_file():
        raise InputError(
            path, expected="a study table", found="no such file", remedy="Check the path."
        )
    chosen = dict(columns or {})
    required = [column.name for column in STUDY.columns if column.required]
    found = read_table(path, sheet=sheet, wanted=[chosen.get(name, name) for name in required])
    chosen = {**found.columns, **chosen}
    table = found.cells.copy()
    written = [str(name) for name in table.columns]
    if found.format == "TOML" and "recording" not in chosen and "recording" not in written:
        chosen["recording"] = "id"
    table.columns = pd.Index([_our_name(name, chosen) for name in written])
    known = {name.lower() for name in written}
    absent = [theirs for theirs in chosen.values() if theirs.lower() not in known]
    absent += [name for name in required if name not in table.columns and name not in chosen]
    if absent:
        raise FormatError(
            path,
            expected=f"columns {', '.join(absent)}",
            found=", ".join(written),
            remedy='Rename the columns, or say which is which: columns={"recording": "ID", ...}.',
        )
    for name in table.columns[table.columns.duplicated()]:
        both = [theirs for theirs in written if _our_name(theirs, chosen) == name]
        raise FormatError(
            path,
            expected=f"one column for {name}",
            found=" and ".join(map(repr, both)),
            remedy="Rename one of them.",
        )
    if table.empty:
        raise FormatError(
            path,
            expected="a row for each recording",
            found="nothing below the header",
            remedy="Check that it is the right file.",
        )
    table = table.map(lambda cell: "" if cell in _EMPTY else cell)
    start = Path(root) if root is not None else path_of_cell(found.root, path.parent)
    return table, start or path.parent, found


def _our_name(name: str, columns: Mapping[str, str]) -> str:
    for ours, theirs in columns.items():
        if name.lower() == theirs.lower():
            return ours
    return name.lower() if name.lower() in STUDY.names else name


def _missing(table: pd.DataFrame, root: Path | None, rows: RowNames) -> list[str]:
    found = []
    listed: dict[Path, dict[str, str]] = {}
    for place, (_, row) in enumerate(table.iterrows()):
        for role in (role for role in FILE_ROLES if role in table.columns):
            file = path_of_cell(str(row[role]), root)
            if file is None or file.is_file():
                continue
            folder = file.parent
            if folder not in listed:
                names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
                listed[folder] = {name.casefold(): name for name in names}
            other = listed[folder].get(file.name.casefold(), "")
            more = f"; is it {other}?" if other and other != file.name else ""
            found.append(
                f"The {role} of recording {row['recording']!r} ({rows([place])}) is missing: "
                f"{file}{more}"
            )
    return found


def _from(folder: Path, cell: str, root: Path | None) -> str:
    """Return a path of a table as it reads from a table in ``folder``."""
    file = path_of_cell(cell, root)
    if file is None or root is None or folder.resolve() == root.resolve():
        return cell
    if file == path_of_cell(cell):
        return cell  # it does not hang on the folder of the table
    file, here = file.absolute(), folder.absolute()
    return (file.relative_to(here) if file.is_relative_to(here) else file).as_posix()


def _keep(path: Path) -> Path:
    """Copy a file that is about to be replaced, and return the copy."""
    import shutil

    number = 1
    while (kept := path.with_name(f"{path.name}.{number}.bak")).exists():
        number += 1
    shutil.copy2(path, kept)
    return kept
