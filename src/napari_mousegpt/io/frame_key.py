"""Reading an index such as ``video[3:9, :, 0]``: which frames it means, and what within them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["chosen_frames", "frame_number", "split_key"]


def split_key(key: Any, ndim: int) -> tuple[Any, tuple[Any, ...]]:
    """Split an index into its part for the frames and its part within a picture.

    Parameters
    ----------
    key : object
        What stands between the brackets.
    ndim : int
        Axes of the video.

    Raises
    ------
    IndexError
        For ``None``, two ellipses or too many keys.
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(k is None for k in keys):
        raise IndexError("a video cannot be indexed with None: add the axis to the result")
    dots = [place for place, k in enumerate(keys) if k is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if dots:
        keys[dots[0] : dots[0] + 1] = [slice(None)] * (ndim - len(keys) + 1)
    if len(keys) > ndim:
        raise IndexError(f"too many indices: the video has {ndim} axes, {len(keys)} were indexed")
    return (keys[0] if keys else slice(None)), tuple(keys[1:])


def chosen_frames(key: Any, n_frames: int) -> int | Sequence[int]:
    """Return the frames that an index of the first axis means, an int for an int.

    Parameters
    ----------
    key : int, slice, list of int, or array of int or of n_frames bool
        Negative integers count from the end.
    n_frames : int

    Raises
    ------
    IndexError
        For a frame outside the video, or a key of another kind.
    """
    if isinstance(key, slice):
        return range(n_frames)[key]
    if hasattr(key, "__index__") and np.ndim(key) == 0 and not isinstance(key, bool):
        return frame_number(operator.index(key), n_frames)
    keys = np.asarray(key)
    if keys.dtype == np.bool_ and keys.shape == (n_frames,):
        return [int(frame) for frame in np.flatnonzero(keys)]
    if keys.ndim != 1 or (keys.size and keys.dtype.kind not in "iu"):
        raise IndexError(
            f"frames are chosen by an integer, a slice, a list of integers or {n_frames} booleans"
        )
    return [frame_number(int(frame), n_frames) for frame in keys]


def frame_number(frame: int, n_frames: int) -> int:
    """Return a frame counted from the start; negative ones count from the end.

    Raises
    ------
    IndexError
        For a frame outside the video.
    """
    if not -n_frames <= frame < n_frames:
        raise IndexError(f"frame {frame} is out of bounds for a video of {n_frames} frames")
    return frame % n_frames
