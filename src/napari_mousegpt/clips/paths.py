"""Where the window of a clip lies in each picture: the way of the animal, steadied."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips.crops import CropParams, Window
from napari_mousegpt.clips.shape_middles import ShapeMiddles
from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from napari_mousegpt.core.recording import Recording

__all__ = ["CropPaths"]

Floats = NDArray[np.float64]

# The first of these that are tracked are the front and the rear of the body's axis. The nose comes
# late: it swings with every sniff.
_FRONTS = (("neck",), ("chest",), ("left_ear", "right_ear"), ("head",), ("nose",))
_REARS = (
    ("tail_base",), ("hips",), ("left_hindpaw", "right_hindpaw"), ("left_flank", "right_flank"),
    ("center",), ("tail_mid",),
)  # fmt: skip
# Ends of one body length, as the kinematics measure it.
_NOSES = (("nose",), *_FRONTS[::-1][1:])
#: Seconds to either side from which missing points at the ends of a clip are bridged.
_REACH_S = 1.0
#: Rows looked at, evenly spread, to learn the body length.
_SAMPLE = 2_000
#: Way of an animal that looks up in the picture.
UP = -np.pi / 2
# Share of the shorter side of the picture that is seen where no body length is known.
_SHARE = 0.5


class CropPaths:
    """Finds the windows of clips of one recording.

    Parameters
    ----------
    recording : Recording
        With pictures; its pose says where the animals are. Without one, the shape that differs
        from the background is followed, and where there is none the whole picture is shown.
    params : CropParams
    body : mapping of str to str, optional
        Which keypoint is which part, where names do not tell.
    """

    def __init__(
        self, recording: Recording, params: CropParams, body: Mapping[str, str] | None = None
    ) -> None:
        if recording.video is None:
            raise InputError(
                f"recording {recording.id!r}",
                expected="a video, to cut clips out of",
                found="only a pose",
                remedy="Open it with its video.",
            )
        self._recording, self._params = recording, params
        self._height, self._width = recording.video.shape[1:3]
        self._lengths: dict[str, float] = {}
        pose = recording.pose
        # A pose in space, or in centimetres, says nothing about the picture.
        self._posed = (
            pose is not None
            and pose.sizes["space"] == 2
            and pose.attrs.get("position_unit", "pixels") == "pixels"
        )
        names = [] if pose is None else [str(name) for name in pose["keypoints"].values]
        self._keypoints = names
        spaces = ["x", "y"] if pose is None else [str(name) for name in pose["space"].values]
        self._xy = [spaces.index("x"), spaces.index("y")]
        self._body = BodyMap.from_names(names, body)

    @cached_property
    def _middles(self) -> ShapeMiddles:
        assert self._recording.video is not None
        return ShapeMiddles(self._recording.video)

    def windows(
        self, individual: str, frames: NDArray[np.integer], start: int | None = None
    ) -> list[Window]:
        """Return the window in each of some frames.

        Parameters
        ----------
        individual : str
            Whose; empty for the whole picture, or for the only animal there is.
        frames : ndarray of int, shape (n,)
            Rising frames of the recording.
        start : int, optional
            Frame in which the bout begins; needed to keep the window where it is then.

        Returns
        -------
        list of Window
        """
        if not len(frames):
            return []
        track = self._track(individual, int(frames[0]), int(frames[-1]) + 1)
        if track is None:
            whole = float(max(self._height, self._width))
            middle = Window((self._width - 1) / 2, (self._height - 1) / 2, UP, whole)
            return [middle] * len(frames)
        first, centre, angle = track
        rows = np.asarray(frames, dtype=np.int64) - first
        if self._params.follow == "start":
            kept = int(frames[0]) if start is None else start
            rows = np.full(len(rows), np.clip(kept - first, 0, len(centre) - 1))
        if not self._params.turn:
            angle = np.full(len(centre), UP)
        span = self._span(individual)
        return [
            Window(float(x), float(y), float(way), span)
            for (x, y), way in zip(centre[rows], angle[rows], strict=True)
        ]

    def _track(self, individual: str, start: int, stop: int) -> tuple[int, Floats, Floats] | None:
        """First frame, centres (n, 2) as x, y and angles (n,) of some frames and those around."""
        clock = self._recording.timebase
        around = int(np.ceil(_REACH_S * clock.fps))
        first, last = max(0, start - around), min(clock.n_frames, stop + around)
        centre, way = self._by_pose(individual, slice(first, last))
        if centre is None and not self._posed:
            centre = self._middles.centres(first, last)
        if centre is None:
            return None
        sigma = self._params.smooth_s * clock.fps
        if way is None:
            return first, _steady(centre, sigma), np.full(len(centre), UP)
        return first, _steady(centre, sigma), _steady(np.unwrap(np.arctan2(*way.T[::-1])), sigma)

    def _by_pose(self, individual: str, rows: slice) -> tuple[Floats | None, Floats | None]:
        """Middle of the body and way from rear to front, shape (n, 2); None where not tracked."""
        number = self._number(individual) if self._posed else None
        if number is None:
            return None, None
        points = {
            part: bridged
            for part, track in self._read(number, rows).items()
            if (bridged := _bridged(track)) is not None
        }
        front, rear = _end(points, _FRONTS), _end(points, _REARS)
        axis = None if front is None or rear is None or front[0] == rear[0] else (front[1], rear[1])
        if "center" in points:
            centre: Floats | None = points["center"]
        elif axis is not None:
            centre = (axis[0] + axis[1]) / 2
        else:
            centre = np.mean(list(points.values()), axis=0) if points else None
        return centre, None if axis is None else axis[0] - axis[1]

    def _number(self, individual: str) -> int | None:
        names = list(self._recording.individuals)
        if individual in names:
            return names.index(individual)
        # Labels without an individual belong to the only animal there is.
        return 0 if individual == "" and len(names) == 1 else None

    def _read(self, number: int, rows: slice) -> dict[str, Floats]:
        position, confidence = self._tracks
        roles = dict(self._body.roles) or {name: name for name in self._keypoints}
        chosen = {
            "time": rows,
            "individuals": number,
            "keypoints": [self._keypoints.index(name) for name in roles.values()],
        }
        tracks = np.array(position.isel(chosen).values[..., self._xy], dtype=np.float64)
        if confidence is not None:
            tracks[confidence.isel(chosen).values < self._params.min_confidence] = np.nan
        return dict(zip(roles, tracks, strict=True))

    @cached_property
    def _tracks(self) -> tuple[xr.Variable, xr.Variable | None]:
        """Position (keypoints, time, space, individuals), and confidence of the same axes.

        Without labels: looking rows up by them took longer than all the rest of a window.
        """
        pose = self._recording.pose
        assert pose is not None
        axes = ("keypoints", "time", "individuals")
        position = pose["position"].transpose("keypoints", "time", "space", "individuals").variable
        if "confidence" not in pose:
            return position, None
        return position, pose["confidence"].transpose(*axes).variable

    def _span(self, individual: str) -> float:
        if self._params.pixels:
            return self._params.pixels
        length = self._length(individual)
        if np.isfinite(length):
            return length * self._params.body_lengths
        return _SHARE * min(self._height, self._width)

    def _length(self, individual: str) -> float:
        """Median of the body length in pixels, NaN where it cannot be known."""
        if individual not in self._lengths:
            number = self._number(individual) if self._posed else None
            self._lengths[individual] = np.nan if number is None else self._measure(number)
        return self._lengths[individual]

    def _measure(self, number: int) -> float:
        step = max(1, self._recording.n_frames // _SAMPLE)
        points = self._read(number, slice(0, None, step))
        seen = {name: track for name, track in points.items() if np.isfinite(track).any()}
        front, rear = _end(seen, _NOSES), _end(seen, _REARS)
        if front is None or rear is None or front[0] == rear[0]:
            return float("nan")
        distance = np.linalg.norm(front[1] - rear[1], axis=1)
        distance = distance[np.isfinite(distance)]
        return float(np.median(distance)) if distance.size and np.median(distance) > 0 else np.nan


def _end(
    points: Mapping[str, Floats], groups: tuple[tuple[str, ...], ...]
) -> tuple[tuple[str, ...], Floats] | None:
    """Parts and mean track of the first group of which all parts are there."""
    for group in groups:
        if all(part in points for part in group):
            return group, np.mean([points[part] for part in group], axis=0)
    return None


def _bridged(track: Floats) -> Floats | None:
    """Fill gaps by straight lines, and the ends with the nearest point; None if never seen."""
    seen = np.flatnonzero(np.isfinite(track).all(axis=1))
    if not seen.size:
        return None
    index = np.arange(len(track))
    return np.stack([np.interp(index, seen, track[seen, axis]) for axis in (0, 1)], axis=1)


def _steady(values: Floats, sigma: float) -> Floats:
    """Smooth over time; the ends go on as they are."""
    if not sigma > 0:
        return values
    from scipy.ndimage import gaussian_filter1d

    smooth: Floats = gaussian_filter1d(values, sigma, axis=0, mode="nearest", truncate=3.0)
    return smooth
