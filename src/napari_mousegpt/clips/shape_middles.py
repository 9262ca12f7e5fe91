"""Where the shape is that differs from the background: the animal of a video without a pose."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.io.video_sampler import sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_mousegpt.core.recording import FrameSource

__all__ = ["ShapeMiddles"]

#: Shorter side, in pixels, at which pictures are looked at: enough to find a middle.
_SIDE = 120
#: Pictures of which the median is the background.
_SAMPLES = 31
#: Differences of at most this many grey levels are camera noise.
_NOISE = 8.0
#: Shares of the picture that can be an animal.
_AREAS = (0.001, 0.3)


class ShapeMiddles:
    """Finds the middle of the largest shape that differs from the median picture.

    Parameters
    ----------
    video : FrameSource
        Pictures of a fixed camera.
    """

    def __init__(self, video: FrameSource) -> None:
        self._video = video
        # Clips overlap, and look around them: each frame is looked at once.
        self._places = np.full((len(video), 2), np.nan)
        self._looked = np.zeros(len(video), dtype=bool)

    def centres(self, start: int, stop: int) -> NDArray[np.float64] | None:
        """Return the middle in each frame of ``[start, stop)``, shape (n, 2) as x, y in pixels.

        Frames without a shape are bridged by straight lines; None where no frame has one.
        """
        background, contrast = self._background
        scale = np.array(self._video.shape[1:3]) / background.shape
        fresh = np.flatnonzero(~self._looked[start:stop]) + start
        for row, grey in self._small(fresh.tolist()):
            found = _middle(np.abs(grey - background) > contrast)
            if found is not None:
                # From the middle of a small pixel to that of a large one.
                self._places[row] = ((np.asarray(found) + 0.5) * scale - 0.5)[::-1]
            self._looked[row] = True
        places = self._places[start:stop]
        seen = np.flatnonzero(np.isfinite(places[:, 0]))
        if not seen.size:
            return None
        index = np.arange(len(places))
        return np.stack([np.interp(index, seen, places[seen, axis]) for axis in (0, 1)], axis=1)

    @cached_property
    def _background(self) -> tuple[NDArray[np.float32], float]:
        """Median picture, and the grey levels by which an animal differs from it."""
        from skimage.filters import threshold_otsu

        n = len(self._video)
        rows = np.unique(np.linspace(0, n - 1, min(_SAMPLES, n)).astype(int)).tolist()
        stack = np.stack([grey for _, grey in self._small(rows)])
        background = np.median(stack, axis=0).astype(np.float32)
        strong = np.abs(stack - background)
        strong = strong[strong > _NOISE]
        if strong.size < 2 or strong.min() == strong.max():
            return background, _NOISE
        return background, max(_NOISE, float(threshold_otsu(strong)) / 2)

    def _small(self, rows: Iterable[int]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        side = min(_SIDE, *self._video.shape[1:3])
        for found in sample(self._video, rows, side, threads=1):
            yield found.row, found.picture.mean(axis=-1, dtype=np.float32)


def _middle(mask: NDArray[np.bool_]) -> tuple[Any, ...] | None:
    """Row and column of the middle of the largest region."""
    from scipy.ndimage import center_of_mass, label

    regions, count = label(mask)
    if not count:
        return None
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    largest = int(sizes.argmax())
    if not _AREAS[0] * mask.size <= sizes[largest] <= _AREAS[1] * mask.size:
        return None
    return tuple(center_of_mass(regions == largest))
