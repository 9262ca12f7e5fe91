"""Signs that the tracks a measure rests on are wrong."""

from __future__ import annotations

import numpy as np

from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.features.sums import RunningSums

__all__ = ["PLAUSIBLE_BACKWARD", "tail_first_share"]

#: Mice step backwards, but not faster than this for a second (body lengths per second): above it,
#: head and tail are more likely swapped by the tracker.
PLAUSIBLE_BACKWARD = 0.5


def tail_first_share(features: FrameFeatures) -> float:
    """Return the share of its travelling that an animal does tail first.

    Parameters
    ----------
    features : FrameFeatures
        Measures of one individual; without ``forward_speed`` nothing can be said.

    Returns
    -------
    float
        Frames in which it went backwards faster than :data:`PLAUSIBLE_BACKWARD` over the second
        around them, among those in which it went that fast either way; NaN when there are none.
        A share of more than some per cent means that the tracker has taken the tail for the head.
    """
    if "forward_speed" not in features:
        return float("nan")
    second = max(1, round(features.timebase.fps))
    speed = RunningSums(features.column("forward_speed")).around(second)
    fast = np.abs(speed) > PLAUSIBLE_BACKWARD
    return float((speed[fast] < 0).mean()) if fast.any() else float("nan")
