"""What a picture without pose still shows: the dark or light shape of one animal.

The background is the median of frames spread over the recording; what differs from it is the
animal. Only where the shape is, how long and how wide it looks and how it changes can be told: it
has no head, no limbs and no front.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.features import tracks as clean
from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.features.measures import MEASURES, step

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import FrameSource

__all__ = [
    "SHAPE",
    "SilhouetteParams",
    "Silhouettes",
    "background",
    "silhouette",
    "silhouette_features",
]

#: Columns, in this order.
NAMES = ("body_speed", "turn_rate", "elongation", "roundness", "area", "shape_change")
#: What is measured of the shape in one picture, before it is smoothed and scaled.
SHAPE = ("row", "column", "angle", "length", "width", "area", "change")
_SAMPLES = 51
_BLOCK_BYTES = 48 << 20
#: Differences of at most this many grey levels are camera noise.
_NOISE = 6.0
_SHADES = ("auto", "darker", "lighter")


@dataclass(frozen=True)
class SilhouetteParams:
    """How the animal is told from the background.

    Parameters
    ----------
    shade : {"auto", "darker", "lighter"}
        Whether the animal is darker or lighter than the background; ``"auto"`` takes the side with
        the stronger differences.
    contrast : float
        Grey levels (of 255) by which a pixel must differ. 0 chooses: Otsu's threshold of the
        differences, halved until the animal is one shape in most sampled pictures.
    min_area : float
        Smallest share of the picture that can be an animal.
    max_area : float
        Largest share; a light that is switched on is no animal.
    max_side : int
        Pictures are thinned to at most this many pixels a side before they are measured.
    max_gap_s, smooth_s, speed_s : float
        As in :class:`napari_mousegpt.features.KinematicsParams`.
    """

    shade: str = "auto"
    contrast: float = 0.0
    min_area: float = 0.001
    max_area: float = 0.3
    max_side: int = 320
    max_gap_s: float = 0.2
    smooth_s: float = 0.05
    speed_s: float = 0.2

    def __post_init__(self) -> None:
        if self.shade not in _SHADES:
            raise InputError(f"shade={self.shade!r}", expected=f"one of {', '.join(_SHADES)}")
        if not 0 < self.min_area < self.max_area <= 1:
            raise InputError(
                "silhouette area",
                expected="0 < min_area < max_area <= 1, as shares of the picture",
                found=f"{self.min_area:g} and {self.max_area:g}",
            )
        if self.max_side < 16:
            raise InputError(f"max_side={self.max_side}", expected="16 pixels or more")
        if self.contrast < 0 or self.max_gap_s < 0 or self.smooth_s < 0 or not self.speed_s > 0:
            raise InputError(
                "silhouette parameters",
                expected="contrast, max_gap_s and smooth_s of 0 or more and speed_s above 0",
                found=f"{self.contrast:g}, {self.max_gap_s:g}, {self.smooth_s:g}, {self.speed_s:g}",
            )


@runtime_checkable
class _Stream(Protocol):
    """A video that gives its pictures from front to back without keeping them."""

    def iter_frames(self, start: int = 0, stop: int | None = None) -> Iterator[NDArray[Any]]: ...


def silhouette(
    frames: FrameSource | NDArray[Any],
    timebase: Timebase,
    *,
    params: SilhouetteParams | None = None,
) -> FrameFeatures:
    """Measure the one animal in a video by its silhouette.

    Parameters
    ----------
    frames : FrameSource or array, shape (n_frames, Y, X) or (n_frames, Y, X, 3)
        Pictures, uint8. They are read once from front to back in pieces of some 48 MB.
    timebase : Timebase
        Clock of the pictures.
    params : SilhouetteParams, optional
        How the animal is found.

    Returns
    -------
    FrameFeatures
        Of individual ``""``. One body length is the median length of the silhouette. Frames
        without a silhouette are NaN. The sign of ``turn_rate`` takes the picture as seen from
        above; front and rear are not told apart.

    Raises
    ------
    MismatchError
        When pictures and clock have different lengths.

    Notes
    -----
    It follows the largest shape only, of one whole animal before a fixed camera: two animals are
    not told apart, and one that rests in one place for more than half of the recording becomes
    background. Regions are labelled and measured by scikit-image.
    """
    found = Silhouettes(frames, timebase, params)
    return silhouette_features(found.shapes(0, timebase.n_frames), timebase, params)


def background(
    frames: FrameSource | NDArray[Any], stride: int = 1
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the median picture and the sampled pictures it was taken from.

    Parameters
    ----------
    frames : FrameSource or array
        Pictures; 51 of them, evenly spread, are read.
    stride : int
        Keep every ``stride``-th pixel.

    Returns
    -------
    median : ndarray of float32, shape (Y, X)
        Grey levels.
    sample : ndarray of float32, shape (n, Y, X)
    """
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(_SAMPLES, len(frames))).astype(int))
    sample = np.stack([_grey(np.asarray(frames[int(i)])[None], stride)[0] for i in chosen])
    return np.median(sample, axis=0).astype(np.float32), sample


class Silhouettes:
    """Finds the animal in any stretch of a video; pieces put together equal the whole.

    Parameters
    ----------
    frames, timebase, params
        See :func:`silhouette`. The background is taken from the whole video.

    Raises
    ------
    MismatchError
        When pictures and clock have different lengths.
    """

    def __init__(
        self,
        frames: FrameSource | NDArray[Any],
        timebase: Timebase,
        params: SilhouetteParams | None = None,
    ) -> None:
        if len(frames) != timebase.n_frames:
            raise MismatchError(
                "pictures",
                expected=f"{timebase.n_frames}, as the clock has",
                found=str(len(frames)),
            )
        self._frames, self._timebase = frames, timebase
        self._params = params or SilhouetteParams()
        self._lag = max(1, round(self._params.speed_s * timebase.fps / 2))
        if timebase.n_frames:
            self._stride = max(1, -(-max(frames.shape[1:3]) // self._params.max_side))
            self._empty, sample = background(frames, self._stride)
            self._side, self._least = _contrast(_blurred(sample - self._empty), self._params)

    def shapes(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the shape in each picture of ``[start, stop)``.

        Returns
        -------
        ndarray of float64, shape (stop - start, 7)
            Columns as in :data:`SHAPE`, in pixels of the video; NaN without a shape.
        """
        found = np.full((stop - start, len(SHAPE)), np.nan)
        lag, first = self._lag, max(0, start - self._lag)
        earlier: deque[NDArray[np.bool_] | None] = deque(maxlen=lag)
        for index, picture in _pictures(self._frames, first, stop):
            difference = _blurred(_grey(picture, self._stride)[0] - self._empty)
            shape = _largest(self._side * difference > self._least, self._params)
            if shape is not None and index >= start:
                mask, numbers = shape
                found[index - start, :6] = numbers
                before = earlier[0] if len(earlier) == lag else None
                if before is not None:
                    changed = np.count_nonzero(mask ^ before)
                    whole = np.count_nonzero(mask) + np.count_nonzero(before)
                    clock = self._timebase
                    seconds = clock.time(index) - clock.time(index - lag)
                    found[index - start, 6] = changed / whole / seconds
            earlier.append(None if shape is None else shape[0])
        if stop > start:
            found[:, [0, 1, 3, 4]] *= self._stride
            found[:, 5] *= self._stride**2
        return found


def _pictures(
    frames: FrameSource | NDArray[Any], start: int, stop: int
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield pictures in order, each as a stack of one, reading pieces of bounded size."""
    if isinstance(frames, _Stream) and start < stop:
        whole = (start, stop) == (0, len(frames))
        stream = frames.iter_frames() if whole else frames.iter_frames(start, stop)
        for index, picture in enumerate(stream, start):
            yield index, picture[None]
        return
    size = int(np.prod(frames.shape[1:]))
    block = max(1, _BLOCK_BYTES // max(1, size))
    for first in range(start, stop, block):
        pictures = np.asarray(frames[first : min(first + block, stop)])
        for index in range(len(pictures)):
            yield first + index, pictures[index : index + 1]


def _grey(pictures: NDArray[Any], stride: int) -> NDArray[np.float32]:
    thin = pictures[:, ::stride, ::stride]
    return thin.mean(axis=-1, dtype=np.float32) if thin.ndim == 4 else thin.astype(np.float32)


def _contrast(difference: NDArray[np.float32], params: SilhouetteParams) -> tuple[float, float]:
    """Side (+1 lighter, -1 darker) and grey levels that tell the animal from the background."""
    from skimage.filters import threshold_otsu

    sides = {"lighter": 1.0, "darker": -1.0}
    if params.shade in sides:
        sign = sides[params.shade]
    else:
        lighter, darker = (np.clip(s * difference - _NOISE, 0, None).sum() for s in (1, -1))
        sign = 1.0 if lighter > darker else -1.0
    if params.contrast:
        return sign, params.contrast
    strong = (sign * difference)[sign * difference > _NOISE]
    if strong.size < 2 or strong.min() == strong.max():
        return sign, _NOISE
    contrast = float(threshold_otsu(strong))
    # A body that is bright in places only falls apart at Otsu's threshold.
    while contrast > 2 * _NOISE and not _holds_together(sign * difference > contrast, params):
        contrast /= 2
    return sign, max(contrast, _NOISE)


def _holds_together(masks: NDArray[np.bool_], params: SilhouetteParams) -> bool:
    """Whether one shape makes up most of what differs, in most of the sampled pictures."""
    whole = [
        bool(found is not None and found[1][-1] >= 0.7 * np.count_nonzero(mask))
        for mask in masks
        for found in [_largest(mask, params)]
    ]
    return sum(whole) >= 0.6 * len(whole)


def _blurred(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth over one pixel within each picture: joins fur, drops single pixels."""
    from scipy.ndimage import gaussian_filter

    sigma = (0.0,) * (pictures.ndim - 2) + (1.0, 1.0)
    smooth: NDArray[np.float32] = gaussian_filter(pictures, sigma)
    return smooth


def _largest(
    mask: NDArray[np.bool_], params: SilhouetteParams
) -> tuple[NDArray[np.bool_], tuple[float, ...]] | None:
    """Return the largest region and its row, column, angle, length, width and area."""
    from skimage.measure import label, regionprops

    regions = label(mask, connectivity=2)
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    biggest = int(sizes.argmax())
    if not params.min_area * mask.size <= sizes[biggest] <= params.max_area * mask.size:
        return None
    shape = regions == biggest
    (region,) = regionprops(shape.view(np.uint8))
    length, width = region.axis_major_length, region.axis_minor_length
    if not width > 0:
        return None
    return shape, (*region.centroid, region.orientation, length, width, float(region.area))


def silhouette_features(
    shapes: NDArray[np.float64], timebase: Timebase, params: SilhouetteParams | None = None
) -> FrameFeatures:
    """Return the measures of the shapes that were found.

    Parameters
    ----------
    shapes : ndarray of float64, shape (n_frames, 7)
        Columns as in :data:`SHAPE`; NaN where there is none, or where nobody has looked.
    timebase : Timebase
        Clock of the pictures.
    params : SilhouetteParams, optional
        How they are smoothed.
    """
    params = params or SilhouetteParams()
    n = timebase.n_frames
    seen = np.isfinite(shapes[:, 3])
    body_length = float(np.median(shapes[seen, 3])) if seen.any() else float("nan")
    usual_area = float(np.median(shapes[seen, 5])) if seen.any() else float("nan")
    times = np.asarray(timebase.time(np.arange(n)))
    # An axis has no front: doubling its angle makes the two ways along it one direction.
    axis = np.stack([np.cos(2 * shapes[:, 2]), np.sin(2 * shapes[:, 2])])
    rows = np.stack([shapes[:, 1], shapes[:, 0], *axis, *shapes[:, 3:].T])[:, None, :]
    clean.fill_gaps(rows, times, round(params.max_gap_s * timebase.fps))
    rows = clean.smooth(rows, clean.gaussian_kernel(params.smooth_s * timebase.fps))[:, 0]
    lag = max(1, round(params.speed_s * timebase.fps / 2))
    seconds = step(times, lag)
    seconds = np.where(seconds > 0, seconds, np.nan)
    turned = np.angle(np.exp(1j * step(np.arctan2(rows[3], rows[2]), lag))) / 2
    found = {
        "body_speed": np.hypot(*step(rows[:2], lag)) / seconds / body_length,
        "turn_rate": np.degrees(turned) / seconds,
        "elongation": rows[4] / body_length,
        "roundness": rows[5] / rows[4],
        "area": rows[6] / usual_area,
        "shape_change": rows[7],
    }
    return FrameFeatures(
        individual="",
        names=NAMES,
        units=tuple(MEASURES[name].unit for name in NAMES),
        values=np.stack([found[name] for name in NAMES], axis=1).astype(np.float32),
        body_length=body_length,
        timebase=timebase,
        source="silhouette",
    )
