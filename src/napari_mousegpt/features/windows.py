"""Frame kinematics to one row per window, at several time scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.errors import InputError
from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.features.sums import RunningSums

__all__ = ["WindowParams", "frame_scores", "window_features"]

#: Measures whose sign only says left or right: their size enters.
SIDED = frozenset({"turn_rate", "head_angle", "tail_angle"})

#: Added before the logarithm, by unit: below it, motion is tracking noise.
_LOG_FLOOR = {"BL/s": 0.05, "deg/s": 5.0}
#: What counts as one step of a measure, by unit, so that columns are comparable.
_STEP = {"BL": 0.1, "deg": 20.0}


@dataclass(frozen=True)
class WindowParams:
    """Which time scales describe a window.

    Parameters
    ----------
    contexts_s : tuple of float
        Lengths of the stretches centred on a window over which mean and spread are taken as well.
    sided : bool
        Keep the sign of turns and head angles, so that left and right differ.
    min_seen : float
        Share of frames of a stretch that must have been seen for it to have a value.
    """

    contexts_s: tuple[float, ...] = (1.0, 3.0)
    sided: bool = False
    min_seen: float = 0.25

    def __post_init__(self) -> None:
        if any(not length > 0 for length in self.contexts_s):
            raise InputError(
                f"contexts_s={self.contexts_s}",
                expected="lengths above 0 s",
                remedy="Leave the others out.",
            )
        if not 0 <= self.min_seen <= 1:
            raise InputError(f"min_seen={self.min_seen}", expected="a share from 0 to 1")


def frame_scores(features: FrameFeatures, sided: bool = False) -> NDArray[np.float64]:
    """Return the measures on scales where equal steps matter equally, shape (n_frames, F).

    Speeds enter as the logarithm to base 2 of their size (forward and vertical speed keep their
    sign), lengths in tenths of a body length, angles in steps of 20 degrees.
    """
    scores = np.empty(features.values.shape)
    for column, (name, unit) in enumerate(zip(features.names, features.units, strict=True)):
        scores[:, column] = _score(features.values[:, column], name, unit, sided)
    return scores


def window_features(
    features: FrameFeatures,
    start: ArrayLike,
    stop: ArrayLike,
    params: WindowParams | None = None,
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Describe windows by their mean and by what happens around them.

    Parameters
    ----------
    features : FrameFeatures
        Measures of one individual.
    start, stop : array_like of int, shape (n,)
        Half-open windows in frames, inside the recording.
    params : WindowParams, optional
        Time scales.

    Returns
    -------
    names : tuple of str, length G
        ``"<measure>"`` is the mean over the window; ``"<measure> mean 1s"`` and
        ``"<measure> spread 1s"`` are mean and log standard deviation over the centred second.
    values : ndarray of float32, shape (n, G)
        On the scales of :func:`frame_scores`; NaN where too few frames were seen. A context that
        reaches over an end of the recording is cut there.

    Raises
    ------
    InputError
        When a window is empty or reaches outside the recording.
    """
    settings = params or WindowParams()
    starts, stops = np.asarray(start, dtype=np.int64), np.asarray(stop, dtype=np.int64)
    _check(starts, stops, features.n_frames)
    reach = int(np.ceil(max(settings.contexts_s, default=0.0) * features.timebase.fps / 2)) + 1
    # Only the frames around the windows are looked at: windows of long recordings come in parts.
    begin = max(0, int(starts.min(initial=features.n_frames)) - reach)
    end = max(begin, min(features.n_frames, int(stops.max(initial=0)) + reach))
    stretches = [("", starts, stops)]
    for seconds in settings.contexts_s:
        half = seconds * features.timebase.fps / 2
        middle = (starts + stops) / 2
        first = np.clip(np.rint(middle - half).astype(np.int64), 0, features.n_frames - 1)
        last = np.clip(np.rint(middle + half).astype(np.int64), first + 1, features.n_frames)
        stretches.append((f"{seconds:g}s", first, last))
    names, columns = [], []
    for column, (name, unit) in enumerate(zip(features.names, features.units, strict=True)):
        part = features.values[begin:end, column]
        sums = RunningSums(_score(part, name, unit, settings.sided))
        for label, first, last in stretches:
            first, last = first - begin, last - begin
            names.append(f"{name} mean {label}" if label else name)
            columns.append(sums.mean(first, last, settings.min_seen))
            if label:
                names.append(f"{name} spread {label}")
                columns.append(np.log2(0.1 + sums.spread(first, last, settings.min_seen)))
    values = np.stack(columns, axis=1) if columns else np.empty((len(starts), 0))
    return tuple(names), values.astype(np.float32)


def _score(values: NDArray[np.float32], name: str, unit: str, sided: bool) -> NDArray[np.float64]:
    numbers = values.astype(np.float64)
    if name in SIDED and not sided:
        numbers = np.abs(numbers)
    if unit in _LOG_FLOOR:
        floor = _LOG_FLOOR[unit]
        return np.asarray(np.sign(numbers) * np.log2(1 + np.abs(numbers) / floor))
    return np.asarray(numbers / _STEP.get(unit, 1.0))


def _check(starts: NDArray[np.int64], stops: NDArray[np.int64], n_frames: int) -> None:
    if starts.shape != stops.shape or starts.ndim != 1:
        raise InputError(
            "windows", expected="as many starts as stops", found=f"{starts.shape}, {stops.shape}"
        )
    wrong = np.flatnonzero((starts < 0) | (stops > n_frames) | (stops <= starts))
    if wrong.size:
        raise InputError(
            f"window {wrong[0]}",
            expected=f"0 <= start < stop <= {n_frames}",
            found=f"[{starts[wrong[0]]}, {stops[wrong[0]]})",
            remedy="Clip the intervals to the recording first.",
        )
