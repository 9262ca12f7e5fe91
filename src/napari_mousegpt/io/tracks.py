"""Tracks as a file holds them, before they meet a clock: what every pose reader returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError, InputError

__all__ = [
    "ONLY",
    "Tracks",
    "choose_individuals",
    "columns_in_order",
    "frames_of_rows",
    "spread_rows",
    "tracks_from_columns",
]

#: Name of the one individual where the file names none, as movement has it.
ONLY = "individual_0"

#: Ways to write the parts of a point, to the names used here.
_COORDS = {
    "x": "x", "y": "y", "z": "z",
    "likelihood": "confidence", "confidence": "confidence",
    "score": "confidence", "p": "confidence",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Tracks:
    """Points of one file; row ``i`` is picture ``i``.

    Parameters
    ----------
    position : ndarray of float64, shape (n_rows, 2 or 3, n_keypoints, n_individuals)
        NaN where a point is missing.
    confidence : ndarray of float64, shape (n_rows, n_keypoints, n_individuals), or None
    keypoints, individuals : tuple of str
    source : str
        Software that wrote them.
    unit : str
        Unit of the coordinates.
    notes : tuple of str
        What the user should know about how the file was understood.
    images : tuple of str
        Names of the pictures of manual labels, which are no video; else empty.
    rate : float or None
        Rows per second, where the file itself says so.
    times : ndarray of float64, shape (n_rows,), or None
        Seconds of the rows, where the file says so and they are not evenly spaced.
    attrs : mapping of str to str or float
        More facts of the file, for the attributes of the pose.
    extra : mapping of str to (dims, ndarray)
        More variables of the pose; their first dimension is ``time``, the last ``individuals``.
    """

    position: NDArray[np.float64]
    confidence: NDArray[np.float64] | None
    keypoints: tuple[str, ...]
    individuals: tuple[str, ...]
    source: str
    unit: str = "pixels"
    notes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    rate: float | None = None
    times: NDArray[np.float64] | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, tuple[tuple[str, ...], NDArray[np.float64]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.position)


def tracks_from_columns(
    columns: Sequence[tuple[str, str, str]],
    values: NDArray[np.float64],
    subject: str,
    *,
    source: str,
    unit: str = "pixels",
    notes: tuple[str, ...] = (),
    images: tuple[str, ...] = (),
) -> Tracks:
    """Sort the columns of a table into tracks.

    Parameters
    ----------
    columns : sequence of (individual, keypoint, coordinate)
        One for each column; coordinates other than x, y, z and the score are left aside.
    values : ndarray of float64, shape (n_rows, n_columns)
        Handed over: the tracks may be a view of it.
    subject : str
        What to call the table in messages.

    Raises
    ------
    FormatError
        When a column stands twice or a point has no x or no y.
    """
    place: dict[tuple[str, str, str], int] = {}
    left_aside: dict[str, None] = {}
    for number, (individual, keypoint, coord) in enumerate(columns):
        axis = _COORDS.get(coord.lower())
        if axis is None:
            left_aside[coord] = None
            continue
        if (individual, keypoint, axis) in place:
            raise FormatError(
                subject,
                expected="one column for each coordinate",
                found=f"two for {coord} of {keypoint!r}"
                + (f" of {individual!r}" if individual else ""),
                remedy="Keep one of the two, for example one scorer.",
            )
        place[individual, keypoint, axis] = number
    if not place:
        raise FormatError(subject, expected="columns x and y of at least one point", found="none")
    individuals = tuple(dict.fromkeys(individual for individual, _, _ in place))
    keypoints = tuple(dict.fromkeys(keypoint for _, keypoint, _ in place))
    axes = ("x", "y", "z") if any(axis == "z" for _, _, axis in place) else ("x", "y")
    _check_axes(place, axes, individuals, keypoints, subject)
    scored = any(axis == "confidence" for _, _, axis in place)
    parts = (*axes, "confidence") if scored else axes
    order = [place.get((i, k, part), -1) for i in individuals for k in keypoints for part in parts]
    shape = (len(values), len(individuals), len(keypoints), len(parts))
    points = columns_in_order(values, order).reshape(shape)
    position = points[..., : len(axes)].transpose(0, 3, 2, 1)
    confidence = points[..., -1].transpose(0, 2, 1) if scored else None
    if left_aside:
        notes = (*notes, f"Columns not used: {', '.join(left_aside)}.")
    named = tuple(individual or ONLY for individual in individuals)
    return Tracks(position, confidence, keypoints, named, source, unit, notes, images)


def _check_axes(
    place: Mapping[tuple[str, str, str], int],
    axes: Sequence[str],
    individuals: Sequence[str],
    keypoints: Sequence[str],
    subject: str,
) -> None:
    for individual in individuals:
        for keypoint in keypoints:
            there = [axis for axis in axes if (individual, keypoint, axis) in place]
            if there and len(there) < len(axes):
                raise FormatError(
                    subject, expected=f"{' '.join(axes)} of {keypoint!r}", found=" ".join(there)
                )


def columns_in_order(values: NDArray[np.float64], order: Sequence[int]) -> NDArray[np.float64]:
    """Return the columns in this order, NaN for -1; without a copy where they lie so already."""
    first = order[0]
    if first >= 0 and list(order) == list(range(first, first + len(order))):
        return values[:, first : first + len(order)]
    ordered = np.full((len(order), len(values)), np.nan)
    for row, column in zip(ordered, order, strict=True):
        if column >= 0:
            row[:] = values[:, column]
    return ordered.T


def frames_of_rows(
    index: NDArray[np.float64], subject: str, first_line: int | None = None
) -> NDArray[np.int64] | None:
    """Return the frame of each row, None where they are simply 0, 1, 2, ...

    Parameters
    ----------
    index : ndarray of float64, shape (n_rows,)
        Frame numbers as the file has them.
    subject : str
        What to call the table in messages.
    first_line : int, optional
        Line of row 0 in a text file, to name the line at fault.

    Raises
    ------
    FormatError
        When they are no whole numbers, do not rise, or start at 1, which leaves open whether frame
        0 is missing or the counting differs.
    """
    if np.array_equal(index, np.arange(len(index))):
        return None

    def where(row: int) -> str:
        return f"{subject}, line {first_line + row}" if first_line else f"{subject}, row {row}"

    bad = np.flatnonzero(~(np.isfinite(index) & (index == np.rint(index)) & (index >= 0)))
    if bad.size:
        raise FormatError(
            where(int(bad[0])),
            expected="a frame number",
            found=f"{index[bad[0]]:g}",
            remedy="The first column must count the frames of the video from 0.",
        )
    falls = np.flatnonzero(np.diff(index) <= 0)
    if falls.size:
        row = int(falls[0]) + 1
        raise FormatError(
            where(row),
            expected=f"a frame after {index[row - 1]:g}",
            found=f"{index[row]:g}",
            remedy="Were two files joined? Each frame may have one row.",
        )
    if index[0] == 1 and np.array_equal(index, np.arange(1, len(index) + 1)):
        raise FormatError(
            where(0),
            expected="frame numbers from 0",
            found="1 for the first row",
            remedy="If your program counts from 1, subtract 1 from that column; if frame 0 was "
            "left out, add a row 0 with empty cells.",
        )
    if index[-1] > 20 * len(index) + 10_000:
        raise FormatError(
            where(len(index) - 1),
            expected="frame numbers near the number of rows",
            found=f"{index[-1]:.0f} in {len(index)} rows",
            remedy="Are these time stamps? The first column must count frames from 0.",
        )
    return index.astype(np.int64)


def spread_rows(values: NDArray[np.float64], frames: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the rows at their frames, NaN in between, shape (last frame + 1, n_columns)."""
    spread = np.full((values.shape[1], int(frames[-1]) + 1), np.nan)
    spread[:, frames] = values.T
    return spread.T


def choose_individuals(
    tracks: Tracks, wanted: Sequence[str] | Mapping[str, str] | None, subject: str
) -> Tracks:
    """Keep some individuals, in the order asked for, under new names if a mapping gives them.

    Parameters
    ----------
    wanted : sequence of str, or mapping of str to str, or None
        Names in the file; a mapping also gives the new name of each. None keeps all.

    Raises
    ------
    InputError
        When a name is not in the file.
    """
    if wanted is None:
        return tracks
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    missing = [name for name in names if name not in tracks.individuals]
    if missing or not names:
        raise InputError(
            f"individual {missing[0]!r} of {subject}" if missing else f"individuals of {subject}",
            expected=f"some of {', '.join(tracks.individuals)}",
            remedy="Choose from these names.",
        )
    rows = [tracks.individuals.index(name) for name in names]
    new = tuple(wanted[name] for name in names) if isinstance(wanted, Mapping) else tuple(names)
    changes: dict[str, Any] = {"position": tracks.position[..., rows], "individuals": new}
    if tracks.confidence is not None:
        changes["confidence"] = tracks.confidence[..., rows]
    changes["extra"] = {k: (dims, values[..., rows]) for k, (dims, values) in tracks.extra.items()}
    return replace(tracks, **changes)
