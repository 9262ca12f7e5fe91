"""Cleaning of keypoint tracks: doubt, held points, short gaps, smoothing.

Tracks are arrays of shape (keypoints, space, frames), float64, so that all work runs along memory.
Every step looks a bounded number of frames to either side, so a long recording can be cleaned piece
by piece with the same result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_gaps", "gaussian_kernel", "hide_doubtful", "hide_held", "smooth"]

Floats = NDArray[np.float64]


def hide_doubtful(tracks: Floats, confidence: Floats | None, minimum: float) -> None:
    """Set points below a confidence, and points with a missing coordinate, to NaN, in place.

    A point without a confidence (NaN) is trusted.
    """
    bad = np.asarray(~np.isfinite(tracks).all(axis=1))
    if confidence is not None:
        bad |= confidence < minimum
    if bad.any():
        tracks[np.broadcast_to(bad[:, None], tracks.shape)] = np.nan


def hide_held(tracks: Floats, shortest: int) -> None:
    """Set runs of at least ``shortest`` exactly equal points to NaN, in place.

    Some trackers repeat the last position of a point that they have lost. The first frame of a run
    was seen and stays.
    """
    if tracks.shape[-1] < shortest:
        return
    repeats = (tracks[..., 1:] == tracks[..., :-1]).all(axis=1)
    for points, row in zip(tracks, repeats, strict=True):
        edges = np.diff(np.concatenate(([0], row.view(np.int8), [0])))
        begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        for begin, end in zip(begins, ends, strict=True):
            if end - begin + 1 >= shortest:
                points[:, begin + 1 : end + 1] = np.nan


def fill_gaps(tracks: Floats, times: Floats, longest: int) -> None:
    """Fill gaps of at most ``longest`` frames by a straight line, in place.

    A gap at the beginning or the end of the tracks has only one side and stays open.
    """
    if longest < 1:
        return
    n = tracks.shape[-1]
    index = np.arange(n)
    for points in tracks:
        seen = np.isfinite(points[0])
        if seen.all() or not seen.any():
            continue
        before = np.maximum.accumulate(np.where(seen, index, -1))
        after = np.minimum.accumulate(np.where(seen, index, n)[::-1])[::-1]
        gaps = np.flatnonzero(~seen & (before >= 0) & (after < n) & (after - before - 1 <= longest))
        left, right = before[gaps], after[gaps]
        share = (times[gaps] - times[left]) / (times[right] - times[left])
        points[:, gaps] = points[:, left] + share * (points[:, right] - points[:, left])


def gaussian_kernel(sigma: float) -> Floats:
    """Return the weights of a Gaussian of ``sigma`` frames, cut at three of them, sum 1."""
    radius = int(np.ceil(3 * sigma))
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2) if sigma > 0 else np.ones(1)
    return np.asarray(weights / weights.sum())


def smooth(tracks: Floats, kernel: Floats) -> Floats:
    """Return tracks smoothed over time with these weights; a missing point stays missing.

    Where all neighbours are seen this is their weighted mean. Beside a hole, or an end of the
    recording, it is the weighted straight line through those that are (local linear regression,
    Fan & Gijbels 1996), so that a steady motion is not slowed down there.
    """
    if kernel.size == 1:
        return tracks
    from scipy.ndimage import correlate1d

    seen = np.isfinite(tracks[:, 0])
    weights = correlate1d(seen.astype(np.float64), kernel, axis=-1, mode="constant")
    smoothed: Floats = correlate1d(
        np.where(seen[:, None], tracks, 0.0), kernel, axis=-1, mode="constant"
    )
    smoothed[np.broadcast_to(~seen[:, None], tracks.shape)] = np.nan
    for points, done, here, weight in zip(tracks, smoothed, seen, weights, strict=True):
        beside = np.flatnonzero(here & (weight < 1 - 1e-9))
        if beside.size:
            done[:, beside] = _on_a_line(points, beside, kernel)
    return smoothed


def _on_a_line(points: Floats, frames: NDArray[np.intp], kernel: Floats) -> Floats:
    """Value at ``frames`` of the weighted line through the seen neighbours, (space, frames)."""
    radius = kernel.size // 2
    offsets = np.arange(-radius, radius + 1)
    index = frames[:, None] + offsets
    inside = (index >= 0) & (index < points.shape[-1])
    near = points[:, np.clip(index, 0, points.shape[-1] - 1)]
    weight = np.where(inside & np.isfinite(near[0]), kernel, 0.0)
    near = np.where(weight > 0, near, 0.0)
    s0, s1, s2 = (np.sum(weight * offsets**power, axis=-1) for power in range(3))
    t0, t1 = np.sum(weight * near, axis=-1), np.sum(weight * offsets * near, axis=-1)
    spread = s0 * s2 - s1 * s1
    line = spread > 1e-12
    value: Floats = np.where(line, (s2 * t0 - s1 * t1) / np.where(line, spread, 1.0), t0 / s0)
    return value
