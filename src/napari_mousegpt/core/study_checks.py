"""What contradicts itself in a study table, and what looks odd in it, named row by row."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

__all__ = ["FILE_ROLES", "RowNames", "contradictions", "doubts", "same_word"]

#: Columns that hold paths.
FILE_ROLES = ("video", "pose", "arena")
#: Properties of an animal that cannot differ between its recordings.
_FIXED_PER_ANIMAL = ("litter", "sex", "genotype", "strain", "species", "birth", "date_of_birth")
#: Columns whose values make groups: two spellings of one value would make two.
_GROUPING = (
    *("group", "treatment", "dose", "day", "batch", "litter", "cage", "sex", "genotype", "strain"),
    *("session", "timepoint"),
)
#: Columns that tell two recordings of one animal apart.
_OCCASIONS = ("group", "treatment", "dose", "day", "session", "timepoint", "time", "date", "batch")
#: Findings of one kind that are written out; the others are counted.
_SHOWN = 6


@dataclass(frozen=True)
class RowNames:
    """What to call the rows of a table in messages.

    Parameters
    ----------
    word : str
        ``"line"`` of a text, ``"row"`` of a sheet, or of a table that comes from no file.
    numbers : tuple of int
        Number of each row, as its file counts.
    """

    word: str
    numbers: tuple[int, ...]

    @classmethod
    def counted(cls, count: int) -> RowNames:
        """Return names that count rows from 1."""
        return cls("row", tuple(range(1, count + 1)))

    def __call__(self, rows: Iterable[int]) -> str:
        """Return the words for these rows, such as ``"lines 2, 5"``."""
        found = [str(self.numbers[row]) for row in rows]
        return f"{self.word}{'s' if len(found) > 1 else ''} {', '.join(found)}"


def same_word(text: object) -> str:
    """Return a text without what people do not see: letter case, blanks, kinds of one letter."""
    return " ".join(unicodedata.normalize("NFKC", str(text)).casefold().split())


def contradictions(table: pd.DataFrame, rows: RowNames) -> list[str]:
    """Return what makes a table unusable: ids that are empty or doubled, animals of two kinds.

    Parameters
    ----------
    table : DataFrame
        With columns ``recording`` and ``animal``; index 0, 1, ...
    rows : RowNames
        How its file counts them.
    """
    return [
        *_empty_cells(table, "recording", rows),
        *_empty_cells(table, "animal", rows),
        *_doubled_recordings(table, rows),
        *_spellings(table, "animal", rows),
        *_inconsistent_animals(table, rows),
    ]


def doubts(table: pd.DataFrame, rows: RowNames) -> list[str]:
    """Return what may be right but is more often a slip of the keyboard."""
    found = [_shortened(_doubled_files(table, role, rows)) for role in ("video", "pose")]
    found += [
        _shortened(_spellings(table, column, rows))
        for column in table.columns
        if str(column).casefold() in _GROUPING
    ]
    found.append(_shortened(_animals_in_groups(table, rows)))
    found.append(_shortened(_repeats(table, rows)))
    return [text for texts in found for text in texts]


def _shortened(texts: list[str]) -> list[str]:
    more = len(texts) - _SHOWN
    return [*texts[:_SHOWN], f"... and {more} more of this kind"] if more > 1 else texts


def _quoted(values: Sequence[str]) -> str:
    return " and ".join(repr(value) for value in values)


def _empty_cells(table: pd.DataFrame, column: str, rows: RowNames) -> list[str]:
    return [f"{rows([i])} has no {column}" for i in table.index[table[column] == ""]]


def _alike(table: pd.DataFrame, column: str) -> list[tuple[list[str], list[int]]]:
    """Return the spellings and the rows of each value of a column, empty cells left out."""
    cells = table[column].astype(str)
    cells = cells[cells.str.strip() != ""]
    found = []
    for _, mine in cells.groupby(cells.map(same_word), sort=False):
        found.append((list(dict.fromkeys(mine)), [int(i) for i in mine.index]))
    return found


def _doubled_recordings(table: pd.DataFrame, rows: RowNames) -> list[str]:
    found = []
    for spellings, where in _alike(table, "recording"):
        if len(spellings) > 1:
            found.append(_one_word(spellings, "recording", rows(where)))
        elif len(where) > 1:
            found.append(f"recording {spellings[0]!r} stands in {rows(where)}")
    return found


def _spellings(table: pd.DataFrame, column: str, rows: RowNames) -> list[str]:
    return [
        _one_word(spellings, column, rows(where))
        for spellings, where in _alike(table, column)
        if len(spellings) > 1
    ]


def _one_word(spellings: Sequence[str], column: str, where: str) -> str:
    return f"{column} {_quoted(spellings)} differ only in letter case or blanks ({where})"


def _inconsistent_animals(table: pd.DataFrame, rows: RowNames) -> list[str]:
    found = []
    for column in (name for name in table.columns if str(name).casefold() in _FIXED_PER_ANIMAL):
        known = table[(table[column].astype(str) != "") & (table["animal"] != "")]
        for animal, mine in known.groupby("animal", sort=False):
            values = list(dict.fromkeys(mine[column].astype(str)))
            if len(values) > 1:
                found.append(
                    f"animal {animal!r} has {column} {' and '.join(values)} ({rows(mine.index)})"
                )
    return found


def _doubled_files(table: pd.DataFrame, role: str, rows: RowNames) -> list[str]:
    """Two recordings of one file, unless each is of its own individual (several arenas)."""
    if role not in table.columns:
        return []
    plain = table[role].astype(str).str.replace("\\", "/").str.casefold()
    found = []
    for _, mine in plain[plain.str.strip() != ""].groupby(plain, sort=False):
        where = [int(i) for i in mine.index]
        people = table["individual"].astype(str)[where] if "individual" in table.columns else None
        apart = people is not None and "" not in set(people) and people.is_unique
        if len(where) > 1 and not apart:
            ids = _quoted([str(table.at[i, "recording"]) for i in where])
            found.append(
                f"{role} {table.at[where[0], role]!r} belongs to recordings {ids} ({rows(where)})"
            )
    return found


def _animals_in_groups(table: pd.DataFrame, rows: RowNames) -> list[str]:
    if "group" not in table.columns:
        return []
    found = []
    for animal, mine in table[table["group"] != ""].groupby("animal", sort=False):
        values = list(dict.fromkeys(mine["group"]))
        if len(values) > 1:
            found.append(f"animal {animal!r} is in groups {_quoted(values)} ({rows(mine.index)})")
    return found


def _repeats(table: pd.DataFrame, rows: RowNames) -> list[str]:
    """Find animals with several recordings of one occasion: one may be another animal."""
    occasions = [name for name in table.columns if str(name).casefold() in _OCCASIONS]
    keys = ["animal", *occasions]
    found = []
    for values, mine in table[table["animal"] != ""].groupby(keys, sort=False):
        if len(mine) > 1:
            animal = values[0]
            found.append(
                f"animal {animal!r} has {len(mine)} recordings that no column of group, treatment "
                f"or day tells apart ({rows(mine.index)}): is each of this animal?"
            )
    return found
