"""Tables with one row for each animal and frame, sorted into tracks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.tracks import frames_of_rows

__all__ = ["FewOf", "sort_rows"]

#: Numbers that a sorted table may have, 4 GB, unless the rows themselves are as many.
_CELLS = 500_000_000

FewOf = NDArray[np.int64]


def sort_rows(
    frames: NDArray[np.float64],
    who: FewOf,
    names: Sequence[str],
    values: NDArray[np.float64],
    subject: str,
    *,
    first_line: int = 2,
) -> NDArray[np.float64]:
    """Place the rows of a long table by frame and individual.

    Parameters
    ----------
    frames : ndarray of float64, shape (n_rows,)
        Frame of each row, counted from 0, in any order.
    who : ndarray of int64, shape (n_rows,)
        Number of the individual of each row, an index into ``names``.
    names : sequence of str
    values : ndarray of float64, shape (n_rows, n_values)
    subject : str
        What to call the table in messages.
    first_line : int
        Line of row 0, to name the line at fault.

    Returns
    -------
    ndarray of float64, shape (n_frames, n_individuals, n_values)
        NaN where there is no row.

    Raises
    ------
    FormatError
        When a frame is no whole number, an individual stands twice in a frame, or there are so
        many individuals that they must be pieces of tracks.
    """
    bad = np.flatnonzero(~(np.isfinite(frames) & (frames == np.rint(frames)) & (frames >= 0)))
    if bad.size:
        raise FormatError(
            f"{subject}, line {first_line + int(bad[0])}",
            expected="a frame number from 0",
            found=f"{frames[bad[0]]:g}",
            remedy="Mend that cell.",
        )
    there = np.unique(frames)
    frames_of_rows(there, subject)
    index = frames.astype(np.int64)
    count = int(there[-1]) + 1
    cells = count * len(names) * values.shape[1]
    if cells > max(_CELLS, 10 * values.size):
        raise FormatError(
            subject,
            expected="a few individuals",
            found=f"{len(names)} in {count} frames",
            remedy="Join the pieces of the tracks in the program that made them.",
        )
    place = index * len(names) + who
    order = np.argsort(place, kind="stable")
    twice = np.flatnonzero(np.diff(place[order]) == 0)
    if twice.size:
        row = int(order[twice[0] + 1])
        raise FormatError(
            f"{subject}, line {first_line + row}",
            expected="each individual once in a frame",
            found=f"{names[who[row]]!r} twice in frame {index[row]}",
            remedy="Keep one of the two rows.",
        )
    sorted_values = np.full((count, len(names), values.shape[1]), np.nan)
    sorted_values[index, who] = values
    return sorted_values
