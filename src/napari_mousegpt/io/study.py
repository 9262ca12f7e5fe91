"""The study table in files: which recording is of which animal, in which group."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from napari_mousegpt.core.study import Study
from napari_mousegpt.core.tables import STUDY
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.text_tables import read_csv, write_csv

__all__ = ["load_study", "missing_files", "write_study"]

#: Ways to leave a cell empty; statistics programs write them.
_EMPTY = {"NA", "N/A", "NaN", "nan", "<NA>"}


def load_study(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    root: str | os.PathLike[str] | None = None,
) -> Study:
    """Read a study table from csv (commas, semicolons or tabs).

    Parameters
    ----------
    path : path-like
        Table with one row for each recording; columns as in
        :data:`napari_mousegpt.core.tables.STUDY`, in any case, and any others.
    columns : mapping of str to str, optional
        Our name to the name in the table, for tables made for other programs:
        ``{"recording": "ID", "group": "Condition"}``.
    root : path-like, optional
        Folder that the paths in the table start from; its own folder by default.

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
        When rows contradict each other; each is named by its line.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            path, expected="a study table", found="no such file", remedy="Check the path."
        )
    table = read_csv(path)
    table.columns = [_our_name(str(name), columns or {}) for name in table.columns]
    absent = [theirs for ours, theirs in (columns or {}).items() if ours not in table.columns]
    required = [c.name for c in STUDY.columns if c.required and c.name not in table.columns]
    if absent or required:
        raise FormatError(
            path,
            expected=f"columns {', '.join(absent or required)}",
            found=", ".join(str(name) for name in table.columns),
            remedy='Rename the columns, or say which is which: columns={"recording": "ID", ...}.',
        )
    table = table.map(lambda cell: "" if cell in _EMPTY else cell)
    try:
        return Study(table, Path(root) if root is not None else path.parent)
    except InputError as error:
        raise InputError(
            path,
            expected=error.expected,
            found=error.found,
            remedy="Mend these rows; row 1 is the first below the header.",
        ) from error


def write_study(path: str | os.PathLike[str], study: Study) -> None:
    """Write a study table as csv, whole or not at all."""
    write_csv(study.to_pandas(), Path(path))


def missing_files(study: Study) -> list[str]:
    """Return a sentence for each file the table names that is not there."""
    found = []
    for recording in study.recordings:
        for role in ("video", "pose"):
            file = study.path(recording, role)
            if file is not None and not file.is_file():
                found.append(f"The {role} of recording {recording!r} is missing: {file}")
    return found


def _our_name(name: str, columns: Mapping[str, str]) -> str:
    for ours, theirs in columns.items():
        if name.lower() == theirs.lower():
            return ours
    return name.lower() if name.lower() in STUDY.names else name
