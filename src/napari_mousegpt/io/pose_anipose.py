"""Anipose tables of points in three dimensions, one animal.

Each keypoint has the columns ``_x _y _z``, ``_error`` (pixels between the point seen and the point
projected back), ``_ncams`` and ``_score``; ``fnum`` counts frames; ``M_00`` to ``M_22`` and
``center_0`` to ``center_2`` tell how the points were turned and moved
(https://anipose.readthedocs.io).

Read as any table: movement (0.15) puts the keypoints into the order of the alphabet, ignores
``fnum`` and leaves the error and the number of cameras out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import Head, open_text, read_lines, read_numbers, split
from napari_mousegpt.io.tracks import ONLY, Tracks, columns_in_order, frames_of_rows, spread_rows

__all__ = ["read_anipose", "sniff_anipose"]

SOURCE = "Anipose"
_AXES = ("x", "y", "z")
_MOVED = ("M_00", "center_0")


def sniff_anipose(head: Head) -> bool:
    """Whether the first line names the columns of an Anipose table."""
    lines = head.lines()
    cells = set(split(lines[0], ",")) if lines else set()
    # In a wide table the last columns lie behind the bytes read here.
    cut = len(lines) == 1 and head.size > len(head.data)
    return bool(_keypoints(cells)) and ("fnum" in cells or cut)


def read_anipose(path: Path) -> Tracks:
    """Read an Anipose table.

    Parameters
    ----------
    path : Path
        Table that ``anipose triangulate`` wrote.

    Returns
    -------
    Tracks
        Keypoints in the order of the file; the score is the confidence. ``extra`` holds
        ``reprojection_error`` (pixels) and ``n_cameras``. The table does not state its unit, which
        is that of the calibration board.

    Raises
    ------
    FormatError
        When the columns are others or a line is damaged; the line is named.
    """
    text = open_text(path)
    cells = split(read_lines(text, 1)[0], text.delimiter)
    keypoints = _keypoints(set(cells), cells)
    if not keypoints:
        raise FormatError(
            path,
            expected="columns such as nose_x, nose_y, nose_z, nose_error, nose_score and fnum",
            found=", ".join(cells[:6]) or "an empty line",
            remedy="Give the table that 'anipose triangulate' wrote, or name another format.",
        )
    parts = (*_AXES, "score", "error", "ncams")
    names = [f"{keypoint}_{part}" for keypoint in keypoints for part in parts]
    wanted = [*names, *(name for name in ("fnum", *_MOVED) if name in cells)]
    chosen = sorted(cells.index(name) for name in wanted if name in cells)
    table = read_numbers(text, 1, len(cells), columns=chosen)
    column = {cells[number]: place for place, number in enumerate(chosen)}
    values = columns_in_order(table, [column.get(name, -1) for name in names])
    if "fnum" in column:
        frames = frames_of_rows(table[:, column["fnum"]], str(path), 2)
        values = values if frames is None else spread_rows(values, frames)
    points = values.reshape(len(values), len(keypoints), len(parts))
    notes = ["The table does not state its unit: it is that of the calibration board, mostly mm."]
    if _moved(table, column):
        notes.append("Anipose has turned and moved the points (columns M_00 to center_2).")
    dims = ("time", "keypoints", "individuals")
    return Tracks(
        points[:, :, :3].transpose(0, 2, 1)[..., None],
        points[:, :, 3:4],
        keypoints,
        (ONLY,),
        SOURCE,
        "unit of the calibration board",
        tuple(notes),
        extra={
            "reprojection_error": (dims, points[:, :, 4:5]),
            "n_cameras": (dims, points[:, :, 5:6]),
        },
    )


def _keypoints(there: set[str], order: list[str] | None = None) -> tuple[str, ...]:
    """Return the points that have x, y, z and a score or an error, in the order given."""
    names = [cell[:-2] for cell in order or sorted(there) if cell.endswith("_x")]
    return tuple(
        name
        for name in names
        if all(f"{name}_{axis}" in there for axis in _AXES)
        and {f"{name}_error", f"{name}_ncams"} <= there
    )


def _moved(table: np.ndarray, column: dict[str, int]) -> bool:
    if not len(table) or not set(_MOVED) <= set(column):
        return False
    one, centre = (table[0, column[name]] for name in _MOVED)
    return bool(one != 1 or centre != 0)
