"""SLEAP's table of predictions (csv): one row for each animal and frame.

Columns ``track``, ``frame_idx``, ``instance.score`` and ``.x .y .score`` of each node. Read as any
table: sleap-io (0.9) builds an object for every row and sorts the nodes by name when it writes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import Head, Text, open_text, read_lines, read_numbers, split
from napari_mousegpt.io.long_tracks import sort_rows
from napari_mousegpt.io.tracks import ONLY, Tracks, columns_in_order

__all__ = ["read_sleap_table", "sniff_sleap_table"]

SOURCE = "SLEAP"
_PARTS = ("x", "y", "score")


def sniff_sleap_table(head: Head) -> bool:
    """Whether the first line names the columns of SLEAP's table."""
    lines = head.lines()
    cells = set(split(lines[0], ",")) if lines else set()
    return "frame_idx" in cells and "instance.score" in cells and bool(_nodes(list(cells)))


def read_sleap_table(path: Path) -> Tracks:
    """Read SLEAP's table.

    Parameters
    ----------
    path : Path
        Table that ``sleap-convert --format analysis.csv`` or sleap-io wrote.

    Returns
    -------
    Tracks
        Row ``i`` is frame ``i`` of the video; frames without an animal are NaN.

    Raises
    ------
    FormatError
        When the columns are others, a line is damaged (it is named), or there are several animals
        in a frame without a track.
    """
    text = open_text(path)
    cells = split(read_lines(text, 1)[0], text.delimiter)
    nodes = _nodes(cells)
    if not nodes or "frame_idx" not in cells:
        raise FormatError(
            path,
            expected="the columns track, frame_idx and .x .y of each node",
            found=", ".join(cells[:6]) or "an empty line",
            remedy="Export the table from SLEAP, or name another format.",
        )
    names = [f"{node}.{part}" for node in nodes for part in _PARTS]
    chosen = sorted(cells.index(name) for name in ("frame_idx", *names) if name in cells)
    table = read_numbers(text, 1, len(cells), columns=chosen)
    if not len(table):
        raise FormatError(path, expected="at least one row of points", found="a header only")
    column = {cells[number]: place for place, number in enumerate(chosen)}
    frames = table[:, column["frame_idx"]]
    values = columns_in_order(table, [column.get(name, -1) for name in names])
    who, tracks = _tracks(text, cells, len(table))
    if "" in tracks and len(tracks) == 1 and len(np.unique(frames)) == len(frames):
        tracks = (ONLY,)
    elif "" in tracks:
        raise FormatError(
            path,
            expected="a track for each animal",
            found=f"{int((who == tracks.index('')).sum())} rows without one",
            remedy="Run tracking in SLEAP and export again.",
        )
    points = sort_rows(frames, who, tracks, values, str(path))
    points = points.reshape(*points.shape[:2], len(nodes), len(_PARTS))
    empty = len(points) - len(np.unique(frames))
    return Tracks(
        points[..., :2].transpose(0, 3, 2, 1),
        points[..., 2].transpose(0, 2, 1),
        nodes,
        tracks,
        SOURCE,
        notes=(f"{empty} of {len(points)} frames have no labels; they are empty.",)
        if empty
        else (),
    )


def _nodes(cells: list[str]) -> tuple[str, ...]:
    there = set(cells)
    return tuple(c[:-2] for c in cells if c.endswith(".x") and f"{c[:-2]}.y" in there)


def _tracks(text: Text, cells: list[str], count: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the number of the track of each row, and the names of the tracks."""
    if "track" not in cells:
        return np.zeros(count, dtype=np.int64), ("",)
    import pyarrow as pa
    from pyarrow import csv

    place = cells.index("track")
    column = csv.read_csv(
        text.path,
        read_options=csv.ReadOptions(
            column_names=[str(i) for i in range(len(cells))],
            skip_rows=1,
            encoding="utf8" if text.encoding.startswith("utf") else text.encoding,
        ),
        parse_options=csv.ParseOptions(delimiter=text.delimiter),
        convert_options=csv.ConvertOptions(
            include_columns=[str(place)],
            column_types={str(place): pa.dictionary(pa.int32(), pa.string())},
        ),
    ).column(0)
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    names = tuple(str(name).strip() for name in whole.dictionary.to_pylist())
    who = whole.indices.to_numpy(zero_copy_only=False).astype(np.int64)[:count]
    order = tuple(dict.fromkeys(names))
    return np.array([order.index(name) for name in names], dtype=np.int64)[who], order
