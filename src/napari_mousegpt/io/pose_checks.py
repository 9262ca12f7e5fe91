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
#: Rows that are looked at, evenly spread over a longer pose.
_ROWS = 1 << 15


def rate_points(pose: xr.Dataset) -> tuple[dict[str, float], tuple[str, ...]]:
    """Count points that are missing or doubtful, in 32768 rows or fewer.

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
    some = slice(None, None, _every(pose))
    position, score = pose["position"].values[some], pose["confidence"].values[some]
    missing = np.isnan(sum(position[:, axis] for axis in range(position.shape[1])))
    score = score[~missing & ~np.isnan(score)]
    shares = {"missing_share": float(missing.mean())}
    notes = []
    if shares["missing_share"] >= _MANY:
        notes.append(f"{shares['missing_share']:.0%} of the points are missing.")
    if score.size:
        shares["doubtful_share"] = float((score < DOUBTFUL).mean())
        if shares["doubtful_share"] >= _MANY:
            low = f"{shares['doubtful_share']:.0%}"
            notes.append(f"{low} of the points have a confidence below {DOUBTFUL:g}.")
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
    some = pose["position"][:: _every(pose)]
    x, y = (some.sel(space=axis).values for axis in "xy")
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


def _every(pose: xr.Dataset) -> int:
    """Step between rows to look at: loading may take little longer than reading."""
    return -(-max(1, pose.sizes["time"]) // _ROWS)
