"""DeepLabCut tables, csv and h5: one animal, several animals, 3-D, and manual labels.

LightningPose writes the same csv. Layouts after the DeepLabCut documentation,
https://deeplabcut.github.io/DeepLabCut; the h5 files are pandas tables and are read without
unpickling.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import Head, Text, open_text, read_lines, read_numbers, split
from napari_mousegpt.io.pandas_h5 import read_pandas_h5
from napari_mousegpt.io.tracks import Tracks, frames_of_rows, spread_rows, tracks_from_columns

__all__ = ["read_deeplabcut", "sniff_deeplabcut"]

SOURCE = "DeepLabCut"
#: Names of the header lines, in the order of the file.
_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
_ROWS = 2048


def sniff_deeplabcut(head: Head) -> bool:
    """Whether the beginning of a file is that of a DeepLabCut table."""
    if head.is_hdf5:
        levels = _h5_levels(head.path)
        return "bodyparts" in levels or (len(levels) in (3, 4) and not any(levels))
    lines = head.lines()
    if not lines or not lines[0].lower().startswith(("scorer,", "scorer;", "scorer\t")):
        return False
    # With long names the second header line may lie behind the bytes read here.
    return len(lines) < 3 or any(line.lower().startswith("bodyparts") for line in lines[1:3])


def read_deeplabcut(path: Path, *, manual_labels: bool = False) -> Tracks:
    """Read a DeepLabCut csv or h5 table.

    Parameters
    ----------
    path : Path
        File that ``analyze_videos``, ``filterpredictions``, ``triangulate`` or labelling wrote.
    manual_labels : bool
        Accept manual labels, whose rows are single pictures and not the frames of a video.

    Returns
    -------
    Tracks
        A point that the tracker wrote as exactly 0, 0 with likelihood 0 was not found and is NaN.
        Gaps in the frame numbers become rows of NaN.

    Raises
    ------
    FormatError
        When the file is something else or damaged; of a text file the line is named.
    """
    with path.open("rb") as file:
        is_h5 = file.read(8) == b"\x89HDF\r\n\x1a\n"
    return _read_h5(path, manual_labels) if is_h5 else _read_csv(path, manual_labels)


def _read_csv(path: Path, manual_labels: bool) -> Tracks:
    text = open_text(path)
    levels, width = _csv_header(text)
    scorer = levels["scorer"]
    # Manual labels of newer versions spread the path of a picture over three nameless columns.
    lead = 1 + sum(1 for cell in scorer[1:3] if not cell)
    body = read_lines(text, len(levels) + 1)[len(levels) :]
    first = split(body[0], text.delimiter)[0] if body else ""
    is_labels = lead > 1 or (first != "" and not _is_number(first))
    if is_labels and not manual_labels:
        raise _other_frames(path, first)
    columns = _columns([levels[name][lead:] for name in _LEVELS if name in levels], list(levels))
    if is_labels:
        values = read_numbers(text, len(levels), width, columns=list(range(lead, width)))
        return _tracks(columns, values, path, images=_image_names(text, len(levels), lead))
    table = read_numbers(text, len(levels), width)
    return _numbered(columns, table[:, 1:], table[:, 0], path, len(levels) + 1)


def _csv_header(text: Text) -> tuple[dict[str, list[str]], int]:
    """Return the cells of each header line by its name, and how many cells a row has."""
    levels: dict[str, list[str]] = {}
    width = 0
    for number, line in enumerate(read_lines(text, len(_LEVELS)), start=1):
        cells = split(line, text.delimiter)
        name = cells[0].lower() if cells else ""
        if name not in _LEVELS:
            break
        width = width or len(cells)
        if len(cells) != width:
            raise FormatError(
                f"{text.path}, line {number}",
                expected=f"{width} cells as in line 1",
                found=f"{len(cells)}",
                remedy="The header is damaged; export the table again.",
            )
        levels[name] = cells
    missing = [name for name in ("scorer", "bodyparts", "coords") if name not in levels]
    if missing:
        raise FormatError(
            text.path,
            expected="header lines scorer, bodyparts and coords of a DeepLabCut table",
            found=f"no {', '.join(missing)}",
            remedy="Is it another program's table? Then name its format.",
        )
    return levels, width


def _image_names(text: Text, skip: int, lead: int) -> tuple[str, ...]:
    with text.path.open(encoding=text.encoding, errors="replace") as file:
        lines = file.read().splitlines()[skip:]
    return tuple("/".join(split(line, text.delimiter)[:lead]) for line in lines if line.strip())


def _read_h5(path: Path, manual_labels: bool) -> Tracks:
    table = read_pandas_h5(path)
    depth = len(table.columns[0]) if table.columns else 0
    names = [name.lower() for name in table.levels]
    if "bodyparts" not in names:
        if depth not in (3, 4) or any(names):
            raise FormatError(
                path,
                expected="columns by scorer, bodyparts and coords",
                found=", ".join(name or "a nameless level" for name in names) or "no levels",
                remedy="Is it another program's table? Then name its format.",
            )
        names = list(_LEVELS if depth == 4 else (_LEVELS[0], *_LEVELS[2:]))
    cells = [[name[level] for name in table.columns] for level in range(depth)]
    columns = _columns(cells, names)
    if table.index is None:
        images = tuple(table.row_names or ())
        if not manual_labels:
            raise _other_frames(path, images[0] if images else "")
        return _tracks(columns, table.values, path, images=images)
    return _numbered(columns, table.values, table.index, path)


def _h5_levels(path: Path) -> tuple[str, ...]:
    try:
        return tuple(name.lower() for name in read_pandas_h5(path, rows=False).levels)
    except FormatError:
        return ()


def _columns(levels: Sequence[Sequence[str]], names: Sequence[str]) -> list[tuple[str, str, str]]:
    cells = dict(zip(names, levels, strict=True))
    # The scorer is left aside: one file has one, and some programs number its repetitions.
    people = cells.get("individuals", [""] * len(cells["bodyparts"]))
    return list(zip(people, cells["bodyparts"], cells["coords"], strict=True))


def _numbered(
    columns: list[tuple[str, str, str]],
    values: NDArray[np.float64],
    index: NDArray[np.float64],
    path: Path,
    first_line: int | None = None,
) -> Tracks:
    frames = frames_of_rows(index, str(path), first_line)
    notes: tuple[str, ...] = ()
    if frames is not None:
        notes = (f"{int(frames[-1]) + 1 - len(frames)} frames have no row; they are empty.",)
        values = spread_rows(values, frames)
    return _tracks(columns, values, path, notes=notes)


def _tracks(
    columns: list[tuple[str, str, str]],
    values: NDArray[np.float64],
    path: Path,
    *,
    notes: tuple[str, ...] = (),
    images: tuple[str, ...] = (),
) -> Tracks:
    tracks = tracks_from_columns(
        columns, values, str(path), source=SOURCE, notes=notes, images=images
    )
    if tracks.confidence is not None:
        _hide_not_found(values, tracks.position, tracks.confidence)
    return tracks


def _hide_not_found(
    values: NDArray[np.float64], position: NDArray[np.float64], confidence: NDArray[np.float64]
) -> None:
    """Set points at exactly 0, 0 with likelihood 0 to NaN, in place."""
    # In pieces that stay in the processor's cache: this pass is most of the cost of reading h5.
    for start in range(0, len(values), _ROWS):
        rows = slice(start, start + _ROWS)
        if not (values[rows] == 0).any():
            continue
        piece = position[rows]
        row, keypoint, individual = np.nonzero(confidence[rows] == 0)
        lost = (piece[row, :, keypoint, individual] == 0).all(axis=1)
        piece[row[lost], :, keypoint[lost], individual[lost]] = np.nan


def _other_frames(path: Path, first: str) -> FormatError:
    return FormatError(
        path,
        expected="tracks, one row for each frame of a video",
        found=f"manual labels of single pictures ({first or 'named rows'}, ...)",
        remedy="These rows are not the frames of a video. Give the file that analyze_videos "
        "wrote, or read them with manual_labels=True.",
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
