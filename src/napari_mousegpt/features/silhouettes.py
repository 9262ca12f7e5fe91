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

__all__ = ["SilhouetteParams", "background", "silhouette"]

#: Columns, in this order.
NAMES = ("body_speed", "turn_rate", "elongation", "roundness", "area", "shape_change")
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

    def iter_frames(self) -> Iterator[NDArray[Any]]: ...


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
    settings = params or SilhouetteParams()
    if len(frames) != timebase.n_frames:
        raise MismatchError(
            "pictures", expected=f"{timebase.n_frames}, as the clock has", found=str(len(frames))
        )
    shapes = _shapes(frames, timebase, settings)
    return _to_features(shapes, timebase, settings)


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


def _shapes(
    frames: FrameSource | NDArray[Any], timebase: Timebase, params: SilhouetteParams
) -> NDArray[np.float64]:
    """Row, column, angle, length, width, area and change of the shape in each picture."""
    shapes = np.full((timebase.n_frames, 7), np.nan)
    if not timebase.n_frames:
        return shapes
    stride = max(1, -(-max(frames.shape[1:3]) // params.max_side))
    empty, sample = background(frames, stride)
    sign, contrast = _contrast(_blurred(sample - empty), params)
    lag = max(1, round(params.speed_s * timebase.fps / 2))
    earlier: deque[NDArray[np.bool_] | None] = deque(maxlen=lag)
    for index, picture in _pictures(frames, stride):
        found = _largest(sign * _blurred(picture - empty) > contrast, params)
        if found is not None:
            mask, numbers = found
            shapes[index, :6] = numbers
            before = earlier[0] if len(earlier) == lag else None
            if before is not None:
                changed = np.count_nonzero(mask ^ before)
                whole = np.count_nonzero(mask) + np.count_nonzero(before)
                seconds = timebase.time(index) - timebase.time(index - lag)
                shapes[index, 6] = changed / whole / seconds
        earlier.append(None if found is None else found[0])
    shapes[:, :2] *= stride
    shapes[:, 3:5] *= stride
    shapes[:, 5] *= stride**2
    return shapes


def _pictures(
    frames: FrameSource | NDArray[Any], stride: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield grey pictures in order, reading them in pieces of bounded size."""
    if isinstance(frames, _Stream):
        for index, picture in enumerate(frames.iter_frames()):
            yield index, _grey(picture[None], stride)[0]
        return
    size = int(np.prod(frames.shape[1:]))
    block = max(1, _BLOCK_BYTES // max(1, size))
    for start in range(0, len(frames), block):
        stop = min(start + block, len(frames))
        yield from enumerate(_grey(np.asarray(frames[start:stop]), stride), start)


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


def _to_features(
    shapes: NDArray[np.float64], timebase: Timebase, params: SilhouetteParams
) -> FrameFeatures:
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
