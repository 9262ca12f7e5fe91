"""How much of each stretch of time a label takes: the arithmetic behind the picture.

A band of a picture has some thousand columns, a recording up to millions of frames. So a column is
not coloured by one of its frames but divided among all that happened in it, by true time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase

__all__ = ["Band", "columns", "count_events", "paint", "summarise", "time_shares"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Band:
    """What fills the columns of one band.

    Parameters
    ----------
    labels : tuple of str
        Behaviours, those with most time first.
    shares : ndarray of float64, shape (labels, columns)
        Part of the time of each column that each label takes. Labels that overlap can add up to
        more than 1.
    observed : ndarray of float64, shape (columns,)
        Part of each column that was looked at.
    """

    labels: tuple[str, ...]
    shares: Floats
    observed: Floats


def time_shares(ethogram: Ethogram, clock: Timebase) -> dict[str, float]:
    """Return the part of the observed time that each label takes, largest first.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of one recording and one individual; rejected ones do not count.
    clock : Timebase
        Its clock.
    """
    band = columns(ethogram, clock, np.array([0.0, clock.duration]))
    seen = float(band.observed[0])
    return {
        label: float(share) / seen if seen else 0.0
        for label, share in zip(band.labels, band.shares[:, 0], strict=True)
    }


def count_events(ethogram: Ethogram) -> dict[str, int]:
    """Return how many events without length each label has."""
    events = ethogram.bouts[ethogram.bouts.length == 0]
    labels, counts = np.unique(events.column("label").astype(str), return_counts=True)
    return dict(zip(labels.tolist(), counts.tolist(), strict=True))


def columns(
    ethogram: Ethogram, clock: Timebase, edges: Floats, order: Sequence[str] | None = None
) -> Band:
    """Divide the time between edges among the labels.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of one recording and one individual; rejected ones do not count.
    clock : Timebase
        Its clock.
    edges : ndarray of float64, shape (columns + 1,)
        Rising seconds.
    order : sequence of str, optional
        Labels in the order wanted; by default those with most time first.

    Notes
    -----
    What has a bout was looked at, even where the observed spans leave it out.
    """
    bouts = ethogram.bouts[ethogram.bouts.column("status") != "rejected"]
    names = sorted(set(bouts.column("label"))) if order is None else list(order)
    covered = [_covered(bouts.select(label=name), clock, edges) for name in names]
    shares = np.array(covered).reshape(len(names), len(edges) - 1)
    observed = _covered(Intervals.concat([ethogram.observed, bouts]), clock, edges)
    if order is not None:
        return Band(tuple(names), shares, observed)
    ranked = np.argsort(-shares.sum(axis=1), kind="stable")
    return Band(tuple(names[i] for i in ranked), shares[ranked], observed)


def _covered(intervals: Intervals, clock: Timebase, edges: Floats) -> Floats:
    """Return the part of each column that the union of the intervals covers, by true time."""
    union = intervals.clip(0, clock.n_frames).merge()
    union = union[union.length > 0]
    if not len(union):
        return np.zeros(len(edges) - 1)
    begins, ends = clock.time(union.start), clock.time(union.stop)
    knots = np.column_stack([begins, ends]).ravel()
    spent = np.cumsum(ends - begins)
    so_far = np.column_stack([spent - (ends - begins), spent]).ravel()
    parts: Floats = np.diff(np.interp(edges, knots, so_far)) / np.diff(edges)
    return np.clip(parts, 0.0, 1.0)


def paint(band: Band, colours: Mapping[str, str], rows: int = 64) -> NDArray[np.uint8]:
    """Paint a band: each column from below in the colours of its labels, by their shares.

    Parameters
    ----------
    band : Band
        What happened.
    colours : mapping of str to str
        ``"#rrggbb"`` of each label.
    rows : int
        Height in pixels.

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 4)
        RGBA, upper row first. Observed time without a label is white, the rest transparent.
    """
    width = band.observed.size
    total = band.shares.sum(axis=0)
    # Overlapping labels share the column, so that none hides another.
    heights = band.shares / np.maximum(total, 1.0)
    tops = np.vstack([np.zeros(width), np.cumsum(heights, axis=0)])
    levels = (np.arange(rows) + 0.5)[:, None] / rows
    image = np.zeros((rows, width, 4), dtype=np.uint8)
    image[levels < np.maximum(band.observed, np.minimum(total, 1.0))] = (255, 255, 255, 255)
    for label, low, high in zip(band.labels, tops[:-1], tops[1:], strict=True):
        red, green, blue = (int(colours[label][i : i + 2], 16) for i in (1, 3, 5))
        image[(levels >= low - 1e-9) & (levels < high - 1e-9)] = (red, green, blue, 255)
    return image[::-1]


def summarise(
    trace: Sequence[float] | NDArray[np.floating], times: Floats, edges: Floats
) -> tuple[Floats, Floats]:
    """Return mean and largest value of a trace in each column, NaN where it has none.

    Parameters
    ----------
    trace : array_like of float, shape (n_frames,)
        One value for each picture.
    times : ndarray of float64, shape (n_frames,)
        Seconds at which they begin.
    edges : ndarray of float64, shape (columns + 1,)
        Rising seconds.
    """
    values = np.asarray(trace, dtype=np.float64)
    seen = np.isfinite(values)
    column = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, len(edges) - 2)
    width = len(edges) - 1
    count = np.bincount(column[seen], minlength=width)
    total = np.bincount(column[seen], values[seen], minlength=width)
    largest = np.full(width, -np.inf)
    np.maximum.at(largest, column[seen], values[seen])
    with np.errstate(invalid="ignore"):
        mean = total / count
    return mean, np.where(count > 0, largest, np.nan)
