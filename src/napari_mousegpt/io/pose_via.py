"""Tracks of boxes from the VGG Image Annotator (VIA), read as one keypoint, the centre.

Each row is a box in a picture: ``region_shape_attributes`` holds its upper left corner, width and
height, ``region_attributes`` its track, the picture is numbered by the attribute ``frame`` or by
the name of its file (https://www.robots.ox.ac.uk/~vgg/software/via).

Read row by row: movement (0.15) takes the pictures as consecutive, so that one without a box is
left out and all that follow move, and wants names of pictures that begin with a zero.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.delimited import Head, open_text
from napari_mousegpt.io.long_tracks import sort_rows
from napari_mousegpt.io.tracks import Tracks

__all__ = ["read_via", "sniff_via"]

SOURCE = "VIA"
_COLUMNS = ("filename", "file_attributes", "region_shape_attributes", "region_attributes")
_BOX = ("x", "y", "width", "height")
#: The last number of a name, before its ending.
_NUMBER = re.compile(r"(\d+)\D*$")


def sniff_via(head: Head) -> bool:
    """Whether the first line names the columns of a VIA table."""
    lines = head.lines()
    return bool(lines) and set(_COLUMNS) <= {cell.strip(' "') for cell in lines[0].split(",")}


def read_via(path: Path) -> Tracks:
    """Read tracked boxes.

    Parameters
    ----------
    path : Path
        Table that VIA or movement wrote (``VIA tracks .csv``).

    Returns
    -------
    Tracks
        Keypoint ``centroid``; ``extra`` holds ``shape``, width and height of the boxes in pixels,
        as movement calls them. Individuals are called ``id_<track>``.

    Raises
    ------
    FormatError
        Naming the line, when a box is no rectangle, has no track or no frame.
    """
    rows = list(_rows(path))
    if not rows:
        raise FormatError(path, expected="at least one box", found="none")
    tracks = sorted({track for _, track, _ in rows}, key=_natural)
    number = {track: place for place, track in enumerate(tracks)}
    names = tuple(f"id_{track}" for track in tracks)
    frames = np.array([frame for frame, _, _ in rows])
    who = np.array([number[track] for _, track, _ in rows], dtype=np.int64)
    boxes = sort_rows(frames, who, names, np.array([box for _, _, box in rows]), str(path))
    centre, size = boxes[..., :2] + boxes[..., 2:4] / 2, boxes[..., 2:4]
    score = boxes[:, None, :, 4]
    return Tracks(
        centre.transpose(0, 2, 1)[:, :, None, :],
        score if np.isfinite(score).any() else None,
        ("centroid",),
        names,
        SOURCE,
        notes=("Boxes: their centre is the one keypoint, their size the variable 'shape'.",),
        extra={"shape": (("time", "space", "individuals"), size.transpose(0, 2, 1))},
    )


def _natural(track: str) -> tuple[int, str]:
    return (int(track), "") if track.isascii() and track.isdigit() else (1 << 62, track)


def _rows(path: Path) -> Iterator[tuple[float, str, tuple[float, ...]]]:
    """Yield frame, track and x, y, width, height, confidence of each box."""
    text = open_text(path)
    with path.open(encoding=text.encoding, errors="replace", newline="") as file:
        lines = csv.reader(file)
        header = [cell.strip() for cell in next(lines)]
        missing = [name for name in _COLUMNS if name not in header]
        if missing:
            raise FormatError(
                path,
                expected=f"the columns {', '.join(_COLUMNS)}",
                found=f"no {missing[0]}",
                remedy="Export the tracks from VIA as csv.",
            )
        places = [header.index(name) for name in _COLUMNS]
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(header):
                raise _wrong(path, lines.line_num, f"{len(header)} cells", f"{len(cells)}")
            box = _box([cells[place] for place in places], path, lines.line_num)
            if box is not None:
                yield box


def _box(cells: list[str], path: Path, line: int) -> tuple[float, str, tuple[float, ...]] | None:
    try:
        about, shape, region = (json.loads(cell or "{}") for cell in cells[1:])
        if not shape:
            return None  # a picture without a box
        if shape.get("name", "rect") != "rect":
            raise _wrong(path, line, "rectangles", f"{shape['name']!r}")
        number = about.get("frame", None)
        if number is None:
            found = _NUMBER.search(Path(cells[0]).stem)
            if found is None:
                raise _wrong(path, line, "a frame number in the name of the picture", cells[0])
            number = found[1]
        if "track" not in region:
            raise _wrong(path, line, "a track for each box", "none")
        box = tuple(float(shape[key]) for key in _BOX)
        score = _number(region.get("confidence"))
        frame, track = float(number), str(region["track"])
    except FormatError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _wrong(path, line, "a box", str(error)) from error
    if not np.isfinite(box).all() or min(box[2:]) < 0:
        raise _wrong(path, line, "a box", f"{box}")
    return frame, track, (*box, score)


def _number(value: Any) -> float:
    return np.nan if value in (None, "") else float(value)


def _wrong(path: Path, line: int, expected: str, found: str) -> FormatError:
    return FormatError(
        f"{path}, line {line}", expected=expected, found=found[:80], remedy="Mend that line."
    )
