"""A study: which recording is of which animal, in which group, on which day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.core.study_checks import RowNames, contradictions, doubts
from napari_mousegpt.core.tables import STUDY
from napari_mousegpt.errors import InputError

__all__ = ["Study", "path_of_cell"]

#: Contradictions that are written out in one message; a report of the table lists all.
_SHOWN = 8
_OF_WINDOWS = re.compile(r"[A-Za-z]:/|//[^/]")


class Study:
    """An immutable table with one row for each recording.

    Parameters
    ----------
    table : DataFrame
        Columns as in :data:`napari_mousegpt.core.tables.STUDY` (``recording`` and ``animal`` are
        required) and any further ones.
    root : Path, optional
        Folder that relative paths start from.
    rows : RowNames, optional
        How the file of the table counts its rows; from 1 by default.

    Raises
    ------
    InputError
        When a recording id is empty or doubled (also but for letter case and blanks), an animal
        is not named or spelled in two ways, or one animal has two litters, sexes, genotypes,
        strains, species or birthdays. Every wrong row is named.
    """

    __slots__ = ("_table", "root", "rows")

    _table: pd.DataFrame
    root: Path | None
    rows: RowNames

    def __init__(
        self, table: pd.DataFrame, root: Path | None = None, rows: RowNames | None = None
    ) -> None:
        table = STUDY.check(table.reset_index(drop=True))
        names = RowNames.counted(len(table)) if rows is None else rows
        problems = contradictions(table, names)
        if problems:
            more = len(problems) - _SHOWN
            raise InputError(
                "study table",
                expected="one row for each recording, each of one known animal",
                found="; ".join(problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else ""),
                remedy="Mend these rows.",
            )
        object.__setattr__(self, "_table", table)
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "rows", names)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("A Study is immutable: make a new one from a changed table.")

    def to_pandas(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self._table.copy()

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as dictionaries."""
        return iter([{str(k): v for k, v in row.items()} for row in self._table.to_dict("records")])

    def __repr__(self) -> str:
        return f"<Study: {len(self)} recordings of {len(self.animals)} animals>"

    @property
    def recordings(self) -> tuple[str, ...]:
        """Ids of the recordings, in the order of the table."""
        return tuple(self._table["recording"])

    @property
    def animals(self) -> tuple[str, ...]:
        """Ids of the animals, sorted."""
        return tuple(sorted(set(self._table["animal"])))

    @property
    def doubts(self) -> list[str]:
        """A sentence for each thing that may be a slip: doubled files, two spellings of a group."""
        return doubts(self._table, self.rows)

    def row(self, recording: str) -> dict[str, Any]:
        """Return everything known of one recording."""
        rows = self._table[self._table["recording"] == recording]
        if rows.empty:
            raise InputError(
                f"recording {recording!r}",
                expected=f"one of the {len(self)} in the study table",
                remedy="Add a row for it, or check the spelling.",
            )
        return {str(key): value for key, value in rows.to_dict("records")[0].items()}

    def path(self, recording: str, role: str) -> Path | None:
        """Return the path of a recording's ``"video"``, ``"pose"`` or ``"arena"``.

        None for an empty cell; see :func:`path_of_cell`.
        """
        return path_of_cell(str(self.row(recording).get(role, "") or ""), self.root)


def path_of_cell(text: str, root: Path | None = None) -> Path | None:
    r"""Return the path that a cell of a study table means; None when it is empty.

    Relative paths start at ``root``. A backslash parts folders on every system, so that a table
    made on Windows is read elsewhere; ``~`` is the home folder; quotes around the path, as Windows
    copies it, are left out. A path of a drive (``C:\...``) or a server (``\\server\...``) stays as
    it is, with slashes.
    """
    plain = text.strip().strip('"').replace("\\", "/")
    if not plain:
        return None
    path = Path(plain)
    if plain.startswith("~"):
        try:
            return path.expanduser()
        except RuntimeError:  # a user without a home here: the path says so itself
            return path
    if path.is_absolute() or root is None or _OF_WINDOWS.match(plain):
        return path
    return root / path
