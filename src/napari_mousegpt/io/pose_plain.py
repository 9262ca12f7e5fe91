"""Plain tables of coordinates, 2-D or 3-D, with or without a header.

Many programs write one row for each frame and one column for each number. With a header such as
``nose_x, nose_y, nose_likelihood`` the table explains itself; without one, say what the columns are
with a :class:`PlainLayout`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.delimited import (
    Head,
    check_width,
    open_text,
    read_lines,
    read_numbers,
    split,
)
from napari_mousegpt.io.tracks import (
    Tracks,
    columns_in_order,
    frames_of_rows,
    spread_rows,
    tracks_from_columns,
)

__all__ = ["PlainLayout", "read_plain", "sniff_plain"]

SOURCE = "plain table"
_COLUMN = re.compile(
    r"(?P<keypoint>.+?)[ _.\-:](?P<coord>x|y|z|likelihood|confidence|score|p)", re.IGNORECASE
)
_FRAME_COLUMNS = {"", "frame", "frames", "frame_idx", "frame_id", "frame_number", "fnum", "index"}
#: Columns of a table with one row for each animal and frame, which is another format.
_LONG = {"track", "track_id", "individual", "instance.score"}


@dataclass(frozen=True)
class PlainLayout:
    """What the columns of a plain table are.

    Parameters
    ----------
    keypoints : tuple of str
        Names, in the order of the columns.
    coords : tuple of str
        Numbers of each keypoint in their order: ``x``, ``y``, perhaps ``z`` and ``likelihood``.
    individuals : tuple of str
        Names of the animals whose keypoints follow each other; one unnamed animal by default.
    header_lines : int
        Lines to skip at the top.
    frame_column : bool
        Whether a column in front counts the frames.
    unit : str
        Unit of the coordinates.
    """

    keypoints: tuple[str, ...]
    coords: tuple[str, ...] = ("x", "y")
    individuals: tuple[str, ...] = ()
    header_lines: int = 0
    frame_column: bool = False
    unit: str = "pixels"

    def __post_init__(self) -> None:
        for name in ("keypoints", "coords", "individuals"):
            value = getattr(self, name)
            object.__setattr__(
                self, name, tuple(value.split()) if isinstance(value, str) else tuple(value)
            )
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise InputError(f"{name} of the layout", expected="unique names", found=str(value))
        if not self.keypoints:
            raise InputError("layout", expected="at least one keypoint", found="none")

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        """Individual, keypoint and coordinate of each column of numbers."""
        return [
            (person, keypoint, coord)
            for person in self.individuals or ("",)
            for keypoint in self.keypoints
            for coord in self.coords
        ]


def sniff_plain(head: Head) -> bool:
    """Whether the first line names columns such as ``nose_x`` and ``nose_y``."""
    lines = head.lines()
    if not lines:
        return False
    delimiter = max(",;\t", key=lines[0].count)
    cells = split(lines[0], delimiter)
    return bool(_from_header(cells)) and not _LONG & {cell.lower() for cell in cells}


def is_bare_numbers(head: Head) -> bool:
    """Whether the first lines are numbers only, as in a table without a header."""
    lines = head.lines()[:3]
    cells = [c for line in lines for c in split(line, max(",;\t", key=line.count))]
    return len(cells) >= 4 and all(re.fullmatch(r"[-+.\deE]+|nan|", c, re.I) for c in cells)


def read_plain(path: Path, layout: PlainLayout | None = None) -> Tracks:
    """Read a plain table of coordinates.

    Parameters
    ----------
    path : Path
        Text table, one row for each frame.
    layout : PlainLayout, optional
        What the columns are; without it the header must say so.

    Raises
    ------
    FormatError
        When the header does not explain the columns, or a line is damaged; the line is named.
    MismatchError
        When the layout has another number of columns than the file.
    """
    return _read_with_header(path) if layout is None else _read_with_layout(path, layout)


def _read_with_layout(path: Path, layout: PlainLayout) -> Tracks:
    text = open_text(path)
    lead = int(layout.frame_column)
    width = len(layout.columns) + lead
    lines = read_lines(text, layout.header_lines + 1)
    if len(lines) <= layout.header_lines:
        raise FormatError(path, expected="rows of numbers", found="none")
    found = len(split(lines[-1], text.delimiter))
    if found != width:
        raise MismatchError(
            path,
            expected=f"{width} columns, as the layout says ({len(layout.keypoints)} keypoints x "
            f"{' '.join(layout.coords)}{', and a frame column' if lead else ''})",
            found=f"{found}",
            remedy="Name every keypoint and coordinate in the order of the columns.",
        )
    values = read_numbers(text, layout.header_lines, width)
    frames = None
    if lead:
        frames = frames_of_rows(values[:, 0], str(path), layout.header_lines + 1)
        values = values[:, 1:]
    if frames is not None:
        values = spread_rows(values, frames)
    return tracks_from_columns(layout.columns, values, str(path), source=SOURCE, unit=layout.unit)


def _read_with_header(path: Path) -> Tracks:
    text = open_text(path)
    cells = split(read_lines(text, 1)[0], text.delimiter)
    check_width(path, len(cells))
    columns = _from_header(cells)
    if not columns:
        raise FormatError(
            path,
            expected="a header with columns such as nose_x, nose_y",
            found=", ".join(cells[:4]) or "an empty line",
            remedy="Say what the columns are: layout=PlainLayout(keypoints=(...), "
            'coords=("x", "y")).',
        )
    numbers = sorted(columns)
    counting = [
        i for i, name in enumerate(cells) if i not in columns and name.lower() in _FRAME_COLUMNS
    ]
    chosen = sorted([*numbers, *counting[:1]])
    table = read_numbers(text, 1, len(cells), columns=chosen)
    values = columns_in_order(table, [chosen.index(i) for i in numbers])
    frames = None
    if counting:
        frames = frames_of_rows(table[:, chosen.index(counting[0])], str(path), 2)
    if frames is not None:
        values = spread_rows(values, frames)
    unused = [name for i, name in enumerate(cells) if i not in chosen]
    notes = (f"Columns not used: {', '.join(unused)}.",) if unused else ()
    return tracks_from_columns(
        [("", *columns[i]) for i in numbers],
        np.asarray(values),
        str(path),
        source=SOURCE,
        notes=notes,
    )


def _from_header(cells: list[str]) -> dict[int, tuple[str, str]]:
    """Return keypoint and coordinate by column; empty unless some point has an x and a y."""
    found = {}
    for number, cell in enumerate(cells):
        match = _COLUMN.fullmatch(cell)
        if match:
            found[number] = (match["keypoint"], match["coord"])
    points = {(keypoint, coord.lower()) for keypoint, coord in found.values()}
    complete = {name for name, coord in points if coord == "x" and (name, "y") in points}
    return {number: point for number, point in found.items() if point[0] in complete}
