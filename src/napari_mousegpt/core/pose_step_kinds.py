"""Kinds of steps that clean pose tracks; :mod:`napari_mousegpt.core.pose_steps` applies them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core import track_filters
from napari_mousegpt.errors import InputError

__all__ = ["STEPS", "Interpolate", "Jump", "Likelihood", "Median", "PoseStep", "SavGol"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PoseStep(ABC):
    """One way to clean tracks."""

    name: ClassVar[str]

    def _check(self, fits: bool, expected: str) -> None:
        if not fits:
            raise InputError(f"pose step {self.written()}", expected=expected)

    def written(self) -> str:
        """Return the step as it is written on a command line."""
        return ":".join([self.name, *(str(value) for value in asdict(self).values())])

    @abstractmethod
    def of_track(self, xy: Floats, score: Floats, fps: float) -> Floats:
        """Return the cleaned track of one point.

        Parameters
        ----------
        xy : ndarray of float64, shape (2 or 3, n_frames)
            Kept as it is.
        score : ndarray of float64, shape (n_frames,)
        fps : float
            Frames per second.
        """


@dataclass(frozen=True)
class Likelihood(PoseStep):
    """Hide points whose confidence is below a threshold, or that have none.

    Parameters
    ----------
    threshold : float
        Least confidence to keep. Trackers scale it differently; that of SLEAP may exceed 1.
    """

    threshold: float = 0.6
    name: ClassVar[str] = "likelihood"

    def __post_init__(self) -> None:
        self._check(math.isfinite(self.threshold), "a number, usually between 0 and 1")

    def of_track(self, xy: Floats, score: Floats, fps: float) -> Floats:
        """Return the track of one point without what is doubtful."""
        return np.where(score >= self.threshold, xy, np.nan)


@dataclass(frozen=True)
class Jump(PoseStep):
    """Hide a point that comes from afar and is gone again: single pictures with a wrong place.

    Parameters
    ----------
    max_speed : float
        Units of the coordinates (usually pixels) per second. A point faster than that both from
        the seen point before and to the one after is hidden; two wrong pictures in a row are not.
    """

    max_speed: float
    name: ClassVar[str] = "jump"

    def __post_init__(self) -> None:
        self._check(0 < self.max_speed < math.inf, "a speed above 0")

    def of_track(self, xy: Floats, score: Floats, fps: float) -> Floats:
        """Return the track of one point without single jumps."""
        return track_filters.without_jumps(xy, self.max_speed / fps)


@dataclass(frozen=True)
class Interpolate(PoseStep):
    """Fill gaps that are not too long and have seen points on both sides.

    Parameters
    ----------
    max_gap_s : float
        Longest gap to fill, in seconds; as many frames as fit into it.
    method : {"linear", "pchip"}
        Straight lines, or smooth curves that do not overshoot.
    """

    max_gap_s: float = 0.25
    method: str = "linear"
    name: ClassVar[str] = "interpolate"

    def __post_init__(self) -> None:
        self._check(0 < self.max_gap_s < math.inf, "a gap of more than 0 s")
        self._check(self.method in ("linear", "pchip"), 'method "linear" or "pchip"')

    def of_track(self, xy: Floats, score: Floats, fps: float) -> Floats:
        """Return the track of one point with short gaps filled."""
        longest = math.floor(self.max_gap_s * fps + 1e-9)
        return np.stack([track_filters.filled(row, longest, self.method) for row in xy])


@dataclass(frozen=True)
class Median(PoseStep):
    """Take the median of the seen points around each seen point.

    Parameters
    ----------
    window_s : float
        Seconds; the nearest odd number of frames, the larger of two that are equally near.
    """

    window_s: float = 0.1
    name: ClassVar[str] = "median"

    def __post_init__(self) -> None:
        self._check(0 < self.window_s < math.inf, "a window of more than 0 s")

    def of_track(self, xy: Floats, score: Floats, fps: float) -> Floats:
        """Return the smoothed track of one point."""
        frames = odd_frames(self.window_s, fps)
        self._check(frames >= 3, f"a window of 3 frames or more; at {fps:g} per second it is 1")
        return np.stack([track_filters.median(row, frames) for row in xy])


@dataclass(frozen=True)
class SavGol(PoseStep):
    """Smooth by local polynomials (Savitzky-Golay) within each stretch without a gap.

    Parameters
    ----------
    window_s : float
        Seconds, in frames as for :class:`Median`. Shorter stretches stay as they are.
    order : int
        Degree of the polynomial, less than the frames of the window.
    """

    window_s: float = 0.2
    order: int = 2
    name: ClassVar[str] = "savgol"

    def __post_init__(self) -> None:
        self._check(0 < self.window_s < math.inf, "a window of more than 0 s")
        self._check(self.order == int(self.order) >= 0, "a whole order of 0 or more")

    def of_track(self, xy: Floats, score: Floats, fps: float) -> Floats:
        """Return the smoothed track of one point."""
        frames = odd_frames(self.window_s, fps)
        self._check(
            frames > max(self.order, 1),
            f"a window of more than {max(self.order, 1)} frames; at {fps:g} per second it is "
            f"{frames}",
        )
        return np.stack([track_filters.savgol(row, frames, self.order) for row in xy])


#: Steps by the name they have on the command line and in run cards.
STEPS: dict[str, type[PoseStep]] = {
    step.name: step for step in (Likelihood, Jump, Interpolate, Median, SavGol)
}


def odd_frames(seconds: float, fps: float) -> int:
    """Return the odd number of frames nearest to a length, the larger of two equally near."""
    return 2 * math.floor(seconds * fps / 2 + 1e-9) + 1
