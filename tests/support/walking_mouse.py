"""A mouse that walks, turns and rears, as smooth curves of time: a pose at any frame rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Keypoints of the figure, in this order.
PARTS = (
    "nose",
    "neck",
    "chest",
    "tail_base",
    "tail_tip",
    "left_forepaw",
    "right_forepaw",
    "left_hindpaw",
    "right_hindpaw",
)
# Along the body, to the left of it, above the floor; in body lengths of one.
_REST = np.array(
    [
        [0.55, 0.0, 0.15],
        [0.30, 0.0, 0.28],
        [0.10, 0.0, 0.25],
        [-0.45, 0.0, 0.15],
        [-0.95, 0.1, 0.10],
        [0.30, 0.12, 0.0],
        [0.30, -0.12, 0.0],
        [-0.30, 0.20, 0.0],
        [-0.30, -0.20, 0.0],
    ]
)
_RAISES = np.array([1.0, 0.7, 0.4, 0.0, 0.0, 0.6, 0.6, 0.0, 0.0])


def walking_mouse(
    seconds: float, fps: float, *, length: float = 8.0, seed: int = 0, noise: float = 0.0
) -> NDArray[np.float64]:
    """Return positions of shape (n_frames, 3, 9, 1); the same curve whatever the rate."""
    t = np.arange(round(seconds * fps)) / fps
    return figure(t, length=length, seed=seed, noise=noise)


def figure(
    t: NDArray[np.float64], *, length: float = 8.0, seed: int = 0, noise: float = 0.0
) -> NDArray[np.float64]:
    """Return the positions at times ``t`` in seconds, shape (len(t), 3, 9, 1)."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, 4)
    pace = 0.8 + 0.5 * np.sin(0.9 * t + phase[0])
    heading = 1.2 * np.sin(0.5 * t + phase[1])
    # The way travelled, integrated on a fine grid so that it does not depend on the rate.
    fine = np.linspace(0.0, float(t.max()) if t.size else 0.0, 20_000)
    speed = 0.8 + 0.5 * np.sin(0.9 * fine + phase[0])
    course = 1.2 * np.sin(0.5 * fine + phase[1])
    way = [np.interp(t, fine, _integral(speed * f(course), fine)) for f in (np.cos, np.sin)]
    rear = np.clip(np.sin(0.6 * t + phase[2]), 0, None) ** 2
    points = np.broadcast_to(_REST, (len(t), *_REST.shape)).copy()
    points[:, :, 2] += rear[:, None] * _RAISES
    points[:, :, 0] -= 0.4 * rear[:, None] * _RAISES
    gait = (
        0.1 * pace[:, None] * np.sin(9.0 * t[:, None] + phase[3] + np.array([0, np.pi, np.pi, 0]))
    )
    points[:, 5:, 0] += gait
    points[:, 0, 1] += 0.15 * np.sin(2.1 * t + phase[3])
    cos, sin = np.cos(heading)[:, None], np.sin(heading)[:, None]
    x = cos * points[:, :, 0] - sin * points[:, :, 1] + way[0][:, None]
    y = sin * points[:, :, 0] + cos * points[:, :, 1] + way[1][:, None]
    xyz = np.stack([x, y, points[:, :, 2]], axis=1) * length
    xyz += noise * length * rng.normal(size=xyz.shape)
    return xyz[..., None]


def _integral(values: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = 0.5 * (values[1:] + values[:-1]) * np.diff(t)
    return np.concatenate(([0.0], np.cumsum(steps)))
