"""Filters of single rows of coordinates with gaps; NaN is a gap. Zero phase throughout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["filled", "median", "savgol", "without_jumps"]

Floats = NDArray[np.float64]
#: Windows sorted at once.
_WINDOWS = 1 << 18


def without_jumps(xy: Floats, furthest: float) -> Floats:
    """Return a track without points that are far from both seen neighbours.

    Parameters
    ----------
    xy : ndarray of float64, shape (space, time)
    furthest : float
        Longest way per frame.
    """
    seen = np.flatnonzero(np.isfinite(xy).all(axis=0))
    there = xy[:, seen]
    speed = np.sqrt(np.sum(np.diff(there, axis=1) ** 2, axis=0)) / np.diff(seen)
    fast = speed > furthest
    clean = xy.copy()
    clean[:, seen[1:-1][fast[:-1] & fast[1:]]] = np.nan
    return clean


def filled(values: Floats, longest: int, method: str) -> Floats:
    """Return a row with gaps of at most ``longest`` frames filled between seen values."""
    clean = values.copy()
    seen = np.flatnonzero(np.isfinite(values))
    gap = np.diff(seen) - 1
    short = np.flatnonzero((gap > 0) & (gap <= longest))
    if not short.size:
        return clean
    # Every frame of every short gap: starts repeated, plus a count that begins anew in each.
    lengths = gap[short]
    begin = np.repeat(seen[short] + 1, lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    frames = begin + within
    if method == "linear":
        clean[frames] = np.interp(frames, seen, values[seen])
    else:
        from scipy.interpolate import PchipInterpolator

        # Steps too small to be divided by give an infinite harmonic mean, and so a slope of 0.
        with np.errstate(over="ignore", divide="ignore"):
            clean[frames] = PchipInterpolator(seen, values[seen])(frames)
    return clean


def median(values: Floats, window: int) -> Floats:
    """Return the median of the seen values in an odd window around each seen value.

    Ends are mirrored at the first and last frame, as in movement.
    """
    from scipy.ndimage import median_filter

    half = window // 2
    if len(values) <= half:
        return values.copy()
    gone = ~np.isfinite(values)
    clean = np.asarray(median_filter(np.where(gone, 0.0, values), window, mode="mirror"))
    clean[gone] = np.nan
    if gone.any():
        # Windows with a gap inside: sorting puts what is missing at the end.
        padded = np.pad(values, half, mode="reflect")
        count = np.concatenate([[0], np.cumsum(np.isnan(padded))])
        beside = np.flatnonzero((count[window:] > count[:-window]) & ~gone)
        windows = np.lib.stride_tricks.sliding_window_view(padded, window)
        for start in range(0, beside.size, _WINDOWS):
            rows = beside[start : start + _WINDOWS]
            ordered = np.sort(windows[rows], axis=1)
            number = np.count_nonzero(np.isfinite(ordered), axis=1)[:, None]
            low = np.take_along_axis(ordered, (number - 1) // 2, axis=1)
            high = np.take_along_axis(ordered, number // 2, axis=1)
            clean[rows] = (0.5 * (low + high))[:, 0]
    return clean


def savgol(values: Floats, window: int, order: int) -> Floats:
    """Return a row smoothed by local polynomials in every run of ``window`` seen values or more.

    The ends of a run take the polynomial of its first and last window, as
    ``scipy.signal.savgol_filter(mode="interp")`` does.
    """
    from scipy.ndimage import correlate1d
    from scipy.signal import savgol_coeffs

    seen = np.isfinite(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]])))
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts >= window
    starts, stops = starts[long], stops[long]
    clean = values.copy()
    if not starts.size:
        return clean
    half = window // 2
    smooth = correlate1d(
        np.where(seen, values, 0.0), savgol_coeffs(window, order, use="dot"), mode="nearest"
    )
    # 1 where a window lies within a run: up at its first whole window, down behind its last.
    inside = np.zeros(len(values) + 1, dtype=np.int8)
    inside[starts + half] += 1
    inside[stops - half] -= 1
    whole = np.cumsum(inside[:-1], dtype=np.int8).astype(bool)
    clean[whole] = smooth[whole]
    at_start = np.array(
        [savgol_coeffs(window, order, pos=frame, use="dot") for frame in range(half)]
    )
    first = starts[:, None] + np.arange(window)
    last = stops[:, None] - 1 - np.arange(window)
    clean[first[:, :half]] = values[first] @ at_start.T
    clean[last[:, :half]] = values[last] @ at_start.T
    return clean
