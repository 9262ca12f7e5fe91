"""Named numbers for every frame of one individual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError

__all__ = ["FrameFeatures"]


@dataclass(frozen=True, eq=False)
class FrameFeatures:
    """What was measured of one individual, frame by frame.

    Parameters
    ----------
    individual : str
        Name of the individual; empty when the whole picture was measured.
    names : tuple of str, length F
        One name for each column, see :data:`napari_mousegpt.features.measures.MEASURES`.
    units : tuple of str, length F
        ``"BL"`` (body lengths), ``"BL/s"``, ``"deg"``, ``"deg/s"``, ``"1"`` (a ratio), ``"1/s"``.
    values : ndarray of float32, shape (n_frames, F)
        NaN where the parts that a measure needs were not seen. Row ``i`` is picture ``i``.
    body_length : float
        One body length in the unit of the pose (or in pixels of a silhouette); NaN when the
        individual was never seen.
    timebase : Timebase
        Clock of the rows.
    source : str
        What was measured: ``"pose 2-D"``, ``"pose 3-D"`` or ``"silhouette"``.
    """

    individual: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float32]
    body_length: float
    timebase: Timebase
    source: str = "pose 2-D"

    def __post_init__(self) -> None:
        shape = (self.timebase.n_frames, len(self.names))
        if self.values.shape != shape or len(self.units) != shape[1]:
            raise MismatchError(
                f"features of {self.individual!r}",
                expected=f"values of shape {shape} and {shape[1]} units",
                found=f"{self.values.shape} and {len(self.units)} units",
            )

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.timebase.n_frames

    def column(self, name: str) -> NDArray[np.float32]:
        """Return one measure, shape (n_frames,).

        Raises
        ------
        InputError
            When this recording has no such measure.
        """
        if name not in self.names:
            raise InputError(
                f"measure {name!r}",
                expected=f"one of {', '.join(self.names)}",
                remedy="It needs body parts that are not tracked here.",
            )
        return self.values[:, self.names.index(name)]
