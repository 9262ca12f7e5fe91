"""What the bouts of a table add up to: in a line, and label by label. No window is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.bout_rows import BoutRows, seconds_at

__all__ = ["LabelSum", "Total", "label_sums", "total_of"]


@dataclass(frozen=True)
class Total:
    """What the shown bouts add up to.

    Parameters
    ----------
    shown, of : int
        Bouts shown, and all there are.
    rejected : int
        How many of the shown ones are rejected. They are in none of the times.
    seconds : float
        Sum of the lengths.
    share : float
        Part of the recording, 0 to 1, in which at least one of them goes on; of several animals
        the mean. NaN where the length of the recording is not known.
    """

    shown: int
    of: int
    rejected: int
    seconds: float
    share: float


@dataclass(frozen=True)
class LabelSum:
    """One label: what its bouts add up to. Rejected bouts are in none of the numbers but the last.

    Parameters
    ----------
    label : str
    bouts : int
        Bouts that are not rejected.
    seconds, median : float
        Sum and median of their lengths in seconds; the median of none is NaN.
    confidence : float
        Mean of the confidences that are known; NaN where none is.
    accepted : float
        Part of all bouts, the rejected ones too, that a person has accepted; 0 to 1.
    """

    label: str
    bouts: int
    seconds: float
    median: float
    confidence: float
    accepted: float


def total_of(rows: BoutRows) -> Total:
    """Add up the shown bouts."""
    if not rows.total:
        return Total(0, 0, 0, 0.0, np.nan)
    chosen = rows.index[~_rejected(rows)[rows.index]]
    return Total(
        len(rows), rows.total, len(rows) - len(chosen),
        float(rows.seconds[chosen].sum()), _share(rows, chosen),
    )  # fmt: skip


def label_sums(rows: BoutRows) -> list[LabelSum]:
    """Add up the bouts of each label, sorted by label.

    Bouts pass all filters but the one for the label, so that choosing a label keeps the others in
    sight; labels that no such bout has are left out.
    """
    if not rows.total:
        return []
    passed = rows.mask(without="label")
    labels = rows.texts("label")
    size = len(labels.values)
    counted = passed & ~_rejected(rows)
    codes, seconds = labels.codes[counted], rows.seconds[counted]
    confidence = rows.columns["confidence"][counted]
    known = ~np.isnan(confidence)
    agreed = rows.texts("status").among(frozenset({"accepted"}))
    every = np.bincount(labels.codes[passed], minlength=size)
    bouts = np.bincount(codes, minlength=size)
    spent = np.bincount(codes, seconds, minlength=size)
    accepted = np.bincount(labels.codes[passed & agreed], minlength=size)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(codes[known], confidence[known], minlength=size) / np.bincount(
            codes[known], minlength=size
        )
    medians = _medians(codes, seconds, bouts)
    found = [
        LabelSum(
            labels.values[i], int(bouts[i]), float(spent[i]), float(medians[i]), float(mean[i]),
            float(accepted[i] / every[i]),
        )
        for i in range(size)
        if every[i]
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.label)


def _rejected(rows: BoutRows) -> NDArray[np.bool_]:
    return rows.texts("status").among(frozenset({"rejected"}))


def _medians(
    codes: NDArray[np.intp], values: NDArray[np.float64], sizes: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the median of the values of each code; NaN where it has none."""
    medians = np.full(len(sizes), np.nan)
    if len(values):
        ordered = values[np.lexsort((values, codes))]
        first = np.cumsum(sizes) - sizes
        has = sizes > 0
        low, high = first + (sizes - 1) // 2, first + sizes // 2
        medians[has] = (ordered[low[has]] + ordered[high[has]]) / 2
    return medians


def _share(rows: BoutRows, chosen: NDArray[np.intp]) -> float:
    clock = rows.timebase
    if clock is None or not clock.n_frames:
        return float(np.nan)
    animals = rows.texts("individual")
    allowed = rows.filter.individual
    count = sum(allowed is None or name in allowed for name in animals.values)
    if not count:
        return 0.0
    # One animal after the other on one line of frames, so that one running maximum serves all.
    room = clock.n_frames + 1
    shift = animals.codes[chosen] * room
    starts = np.clip(rows.columns["start"][chosen], 0, clock.n_frames) + shift
    stops = np.clip(rows.columns["stop"][chosen], 0, clock.n_frames) + shift
    order = np.argsort(starts, kind="stable")
    starts, stops, shift = starts[order], stops[order], shift[order]
    reach = np.maximum.accumulate(np.concatenate([[0], stops]))[:-1]
    # A bout adds what no earlier one has covered.
    begin = np.minimum(np.maximum(starts, reach), stops)
    added = seconds_at(clock, stops - shift) - seconds_at(clock, begin - shift)
    return float(added.sum() / (clock.duration * count))
