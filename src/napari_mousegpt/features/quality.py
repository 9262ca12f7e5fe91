"""Signs that the tracks a measure rests on are wrong."""

from __future__ import annotations

import numpy as np

from napari_mousegpt.features.frame_features import FrameFeatures

__all__ = ["PLAUSIBLE_BACKWARD", "tail_first_share"]

#: Mice step backwards, but not faster than this for long (body lengths per second): above it, head
#: and tail are more likely swapped by the tracker.
PLAUSIBLE_BACKWARD = 0.5


def tail_first_share(features: FrameFeatures) -> float:
    """Return the share of fast frames in which the animal travels tail first.

    Parameters
    ----------
    features : FrameFeatures
        Measures of one individual; without ``forward_speed`` nothing can be said.

    Returns
    -------
    float
        Frames that go backwards faster than :data:`PLAUSIBLE_BACKWARD`, among those that travel
        along the body axis faster than that; NaN when there are none. A share of more than a few
        per cent means that the tracker has taken the tail for the head.
    """
    if "forward_speed" not in features:
        return float("nan")
    speed = features.column("forward_speed")
    fast = np.abs(speed) > PLAUSIBLE_BACKWARD
    return float((speed[fast] < 0).mean()) if fast.any() else float("nan")
