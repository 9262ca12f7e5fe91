"""What the numbers of a pose say about themselves: missing, doubtful, or x and y in wrong order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["DOUBTFUL", "explain_axes", "rate_points"]

#: Confidence below which a point is called doubtful.
DOUBTFUL = 0.6
#: Shares of missing and of doubtful points from which a sentence says so.
_MANY = 0.05
_ROWS = 2048


def rate_points(pose: xr.Dataset) -> tuple[dict[str, float], tuple[str, ...]]:
    """Count points that are missing or doubtful.

    Parameters
    ----------
    pose : Dataset
        Schema of :mod:`napari_mousegpt.core.pose`.

    Returns
    -------
    shares : dict
        ``missing_share`` of all points, and ``doubtful_share``, below :data:`DOUBTFUL`, of those
        that are there and have a confidence. The latter is absent where none has one.
    notes : tuple of str
        Sentences about shares of 5 % and more.
    """
    position, confidence = pose["position"].values, pose["confidence"].values
    lost = scored = low = 0
    # In pieces that stay in the processor's cache: loading may take little longer than reading.
    for start in range(0, len(position), _ROWS):
        rows = slice(start, start + _ROWS)
        total = position[rows, 0] + position[rows, 1]  # NaN where either is
        if position.shape[1] > 2:
            total += position[rows, 2]
        missing = np.isnan(total)
        score = confidence[rows]
        if missing.any():
            lost += int(np.count_nonzero(missing))
            score = np.where(missing, np.nan, score)
        scored += score.size - int(np.count_nonzero(np.isnan(score)))
        low += int(np.count_nonzero(score < DOUBTFUL))
    shares = {"missing_share": lost / max(1, confidence.size)}
    notes = []
    if shares["missing_share"] >= _MANY:
        notes.append(f"{shares['missing_share']:.0%} of the points are missing.")
    if scored:
        shares["doubtful_share"] = low / scored
        if low / scored >= _MANY:
            notes.append(f"{low / scored:.0%} of the points have a confidence below {DOUBTFUL:g}.")
    return shares, tuple(notes)


def explain_axes(pose: xr.Dataset, width: int, height: int) -> str:
    """Return a sentence when x and y seem to stand in the wrong order, else an empty text.

    Parameters
    ----------
    pose : Dataset
        Schema of :mod:`napari_mousegpt.core.pose`, two-dimensional, in pixels.
    width, height : int
        Pixels of the picture.

    Notes
    -----
    Points that leave a picture which they would fill if x and y were exchanged give them away. In a
    square picture nothing can be said.
    """
    if pose.sizes["space"] != 2 or pose.attrs.get("position_unit", "pixels") != "pixels":
        return ""
    x, y = (pose["position"].sel(space=axis).values for axis in "xy")
    found = np.isfinite(x) & np.isfinite(y)
    if not found.any():
        return ""
    x, y = x[found], y[found]

    def outside(across: np.ndarray, down: np.ndarray) -> float:
        beyond = (across < 0) | (across > width) | (down < 0) | (down > height)
        return float(beyond.mean())

    if outside(x, y) > 0.02 and outside(y, x) < 0.1 * outside(x, y):
        return (
            f"{outside(x, y):.0%} of the points lie outside the picture of {width} x {height} "
            "pixels, and inside if x and y are exchanged: does the file hold y before x?"
        )
    return ""
