"""Tables of one row per frame as other programs write them: what each column is.

No program agrees with another: words in one column, a 0/1 column for each behaviour (A-SOiD,
DeepEthogram, SimBA), numbers of clusters (B-SOiD), with or without frame numbers or times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.tables import text_cells
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.label_options import NOT_SCORED
from napari_mousegpt.io.text_dialects import numbers
from napari_mousegpt.io.text_tables import open_cells

__all__ = ["FRAME_NAMES", "TIME_NAMES", "FrameTable", "looks_like_frames", "open_frame_table"]

FRAME_NAMES = (
    "frame", "frames", "frame_idx", "frame_number", "frame_id", "frame number", "frameid", "index",
)  # fmt: skip
TIME_NAMES = (
    "time", "time_s", "times", "seconds", "time (s)", "time(s)", "timestamp", "time_seconds",
)  # fmt: skip
_COUNTERS = ("", "unnamed: 0", "row", "x", "x.1")
_ONES = {"1", "1.0", "true"}
_ZEROS = {"0", "0.0", "false"}
#: Names that say nothing about a behaviour.
GENERIC = {
    "label", "labels", "behavior", "behaviour", "class", "annotation", "annotations", "prediction",
    "predictions", "state", "cluster", "", "0", "1", "b-soid labels", "b_soid_labels",
}  # fmt: skip
#: Most different values a column of labels may have for a file to be taken for one unasked.
_MANY = 100


@dataclass(frozen=True, eq=False)
class FrameTable:
    """A table whose rows are frames or moments.

    Parameters
    ----------
    path : Path
    names : tuple of str
    columns : tuple of ndarray of str, shape (n_rows,) each
    roles : tuple of str
        What each column is: ``"frame"``, ``"time"``, ``"count"`` (counts the rows), ``"binary"``,
        ``"code"`` (whole numbers), ``"word"``, ``"number"`` or ``"empty"``.
    notes : tuple of str
    """

    path: Path
    names: tuple[str, ...]
    columns: tuple[NDArray[np.object_], ...]
    roles: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def of_role(self, *roles: str) -> list[str]:
        """Return the names of the columns with one of these roles."""
        return [name for name, role in zip(self.names, self.roles, strict=True) if role in roles]

    def column(self, name: str) -> NDArray[np.object_]:
        """Return the cells of a column, shape (n_rows,)."""
        return self.columns[self.names.index(name)]


def open_frame_table(path: Path, clock: Timebase | None = None) -> FrameTable:
    """Read a table of one row per frame and find out what its columns are.

    Parameters
    ----------
    path : Path
        csv in any dialect, or parquet.
    clock : Timebase, optional
        Its length decides whether a first line of numbers is a header.

    Raises
    ------
    FormatError
        When the file is no table, or a row has another number of cells than the first.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        table = read_parquet(path)
        names = tuple(str(name) for name in table.columns)
        columns = tuple(text_cells(table[name]) for name in table.columns)
        return FrameTable(path, names, columns, _roles(names, columns))
    cells = open_cells(path)
    rows = [row for _, row in cells.rows]
    width = max((i + 1 for i, cell in enumerate(rows[0]) if cell), default=0)
    for number, row in cells.rows:
        if len(row) < width or any(row[width:]):
            raise FormatError(
                f"{path}, line {number}",
                expected=f"{width} cells as in the first line",
                found=f"{len(row)}",
                remedy="Was the file cut off or edited? Mend that line.",
            )
    return _parted(path, rows, width, clock, cells.notes)


def looks_like_frames(path: Path, rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first lines of a table are those of one label for each frame.

    Claims only what it is sure of: besides frames and times there are columns of 0 and 1, or
    columns whose values stay the same for runs of rows.
    """
    if not rows or len(rows) < 3 or not all(len(row) == len(rows[0]) for row in rows):
        return False
    try:
        table = _parted(path, rows, len(rows[0]), None, ())
    except FormatError:
        return False
    clocked = bool(table.of_role("frame", "time"))
    if table.of_role("number") or len(table) < (3 if clocked else 20):
        return False
    labelled = table.of_role("binary", "code", "word")
    if not labelled and table.of_role("empty") and not clocked:
        return False
    if labelled and set(table.roles) <= {"binary", "frame", "time", "count"}:
        return True
    return bool(labelled) and all(_in_runs(table.column(name)) for name in labelled)


def _in_runs(cells: NDArray[np.object_]) -> bool:
    changes = int((cells[1:] != cells[:-1]).sum())
    return len(set(cells.tolist())) <= _MANY and changes < max(2, len(cells) // 2)


def _parted(
    path: Path,
    rows: Sequence[Sequence[str]],
    width: int,
    clock: Timebase | None,
    notes: tuple[str, ...],
) -> FrameTable:
    names = tuple(rows[0][:width])
    columns = _columns(rows[1:], width)
    doubled = sorted({name for name in names if names.count(name) > 1})
    bare = all(_fits(name, cells) for name, cells in zip(names, columns, strict=True))
    if doubled and not bare:
        raise FormatError(
            path,
            expected="column names that differ",
            found=f"{doubled[0]!r} twice",
            remedy="Rename one of the two.",
        )
    if bare and (doubled or _no_header(names, len(rows) - 1, clock)):
        numbered = tuple(str(i) for i in range(width))
        columns = _columns(rows, width)
        notes = (*notes, "The table has no header; its columns are numbered from 0.")
        return FrameTable(path, numbered, columns, _roles(numbered, columns), notes)
    return FrameTable(path, names, columns, _roles(names, columns), notes)


def _columns(rows: Sequence[Sequence[str]], width: int) -> tuple[NDArray[np.object_], ...]:
    body = [row[:width] for row in rows]
    return tuple(np.array(column, dtype=object) for column in zip(*body, strict=True)) or tuple(
        np.empty(0, dtype=object) for _ in range(width)
    )


def _no_header(names: Sequence[str], rows: int, clock: Timebase | None) -> bool:
    """Whether a first line that looks like the others is one of them."""
    if clock is not None and rows in (clock.n_frames, clock.n_frames - 1):
        return rows == clock.n_frames - 1
    # pandas numbers columns without names.
    return list(names) != [str(i) for i in range(len(names))]


def _fits(name: str, cells: NDArray[np.object_]) -> bool:
    if np.isfinite(numbers([name])[0]):
        return bool(np.isfinite(numbers(cells[:100])).all()) and len(cells) > 0
    return name != "" and bool((cells == name).any())


def _roles(names: Sequence[str], columns: Sequence[NDArray[np.object_]]) -> tuple[str, ...]:
    return tuple(_role(name.lower(), cells) for name, cells in zip(names, columns, strict=True))


def _role(name: str, cells: NDArray[np.object_]) -> str:
    if name in FRAME_NAMES or name in TIME_NAMES or name in _COUNTERS:
        counted = numbers(cells)
        if len(cells) and np.isfinite(counted).all() and (np.diff(counted) > 0).all():
            return _counting(name, counted)
    different = pd.unique(pd.Series(cells, dtype=object))
    values = {str(value).lower() for value in different} - {"", *NOT_SCORED}
    if not values:
        return "empty"
    if values <= _ONES | _ZEROS:
        return "binary"
    found = numbers(np.asarray(sorted(values), dtype=object))
    if not np.isfinite(found).all():
        return "word"
    return "code" if (found == np.rint(found)).all() else "number"


def _counting(name: str, counted: NDArray[np.float64]) -> str:
    whole = bool((counted == np.rint(counted)).all())
    if name in TIME_NAMES or not whole:
        return "time"
    if name in FRAME_NAMES and name != "index":
        return "frame"
    return "count" if np.array_equal(counted - counted[0], np.arange(len(counted))) else "frame"


def is_one(cells: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which cells of a binary column say that the behaviour is there, shape (n,)."""
    codes, different = pd.factorize(pd.Series(cells, dtype=object))
    return np.asarray([str(cell).lower() in _ONES for cell in different], dtype=bool)[codes]
