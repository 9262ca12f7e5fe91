"""A study: which recording is of which animal, in which group, on which day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.core.tables import STUDY
from napari_mousegpt.errors import InputError

__all__ = ["Study"]

#: Properties of an animal that cannot differ between its recordings.
_FIXED_PER_ANIMAL = ("litter", "sex", "genotype", "strain")


class Study:
    """An immutable table with one row for each recording.

    Parameters
    ----------
    table : DataFrame
        Columns as in :data:`napari_mousegpt.core.tables.STUDY` (``recording`` and ``animal`` are
        required) and any further ones.
    root : Path, optional
        Folder that relative paths start from.

    Raises
    ------
    InputError
        When a recording id is empty or doubled, an animal is not named, or one animal has two
        litters, sexes, genotypes or strains. Every wrong row is named, counted from 1.
    """

    __slots__ = ("_table", "root")

    _table: pd.DataFrame
    root: Path | None

    def __init__(self, table: pd.DataFrame, root: Path | None = None) -> None:
        table = STUDY.check(table.reset_index(drop=True))
        problems = [
            *_empty_cells(table, "recording"),
            *_empty_cells(table, "animal"),
            *_doubled_recordings(table),
            *_inconsistent_animals(table),
        ]
        if problems:
            shown = "; ".join(problems[:8])
            more = f"; and {len(problems) - 8} more" if len(problems) > 8 else ""
            raise InputError(
                "study table",
                expected="one row for each recording, each of one known animal",
                found=shown + more,
                remedy="Mend these rows.",
            )
        object.__setattr__(self, "_table", table)
        object.__setattr__(self, "root", root)

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
        """Return the path of a recording's ``"video"`` or ``"pose"``; None for an empty cell."""
        text = str(self.row(recording).get(role, "") or "")
        if not text:
            return None
        path = Path(text)
        return path if path.is_absolute() or self.root is None else self.root / path


def _empty_cells(table: pd.DataFrame, column: str) -> list[str]:
    return [f"row {i + 1} has no {column}" for i in table.index[table[column] == ""]]


def _doubled_recordings(table: pd.DataFrame) -> list[str]:
    found = []
    for value, rows in (
        table[table["recording"] != ""].groupby("recording", sort=False).groups.items()
    ):
        if len(rows) > 1:
            found.append(
                f"recording {value!r} stands in rows {', '.join(str(i + 1) for i in rows)}"
            )
    return found


def _inconsistent_animals(table: pd.DataFrame) -> list[str]:
    found = []
    for column in (name for name in _FIXED_PER_ANIMAL if name in table.columns):
        known = table[(table[column].astype(str) != "") & (table["animal"] != "")]
        for animal, rows in known.groupby("animal", sort=False):
            values = list(dict.fromkeys(rows[column].astype(str)))
            if len(values) > 1:
                where = ", ".join(str(i + 1) for i in rows.index)
                found.append(
                    f"animal {animal!r} has {column} {' and '.join(values)} (rows {where})"
                )
    return found
