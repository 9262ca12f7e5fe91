"""Pose tracks to named kinematics, in pieces, for recordings of any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.core.pose import POSE_DIMS, validate_pose
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.features import tracks as clean
from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.features.measures import MEASURES, Body, front_point, measure, rear_point

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["KinematicsParams", "kinematics"]

Floats = NDArray[np.float64]

#: Frames looked at, evenly spread, to learn body length, floor and handedness.
_SAMPLE = 20_000


@dataclass(frozen=True)
class KinematicsParams:
    """How tracks become kinematics.

    Parameters
    ----------
    min_confidence : float
        Points below this score are not used; points without a score are.
    held_s : float
        Runs of exactly equal coordinates of at least this length count as lost from their second
        frame on; 0 switches this off. A tracker that repeats lost points needs it; whole-pixel
        coordinates of a resting animal repeat rightly, so whole numbers are never taken as held.
    max_gap_s : float
        Gaps up to this length are filled by a straight line; longer ones stay NaN.
    smooth_s : float
        Standard deviation of the Gaussian that smooths positions; 0 switches it off.
    speed_s : float
        Span over which a speed or a turn is taken, centred on its frame.
    body_length : float
        One body length in the unit of the pose; 0 measures it, see :func:`kinematics`.
    chunk_frames : int
        Frames worked on at a time. It changes memory, never a value.
    """

    min_confidence: float = 0.6
    held_s: float = 0.0
    max_gap_s: float = 0.2
    smooth_s: float = 0.05
    speed_s: float = 0.2
    body_length: float = 0.0
    chunk_frames: int = 16_384

    def __post_init__(self) -> None:
        for name in ("held_s", "max_gap_s", "smooth_s", "speed_s", "body_length"):
            if not getattr(self, name) >= 0:
                raise InputError(
                    f"{name}={getattr(self, name)}", expected="0 or more", remedy="Use 0 for none."
                )
        if self.speed_s == 0:
            raise InputError("speed_s=0", expected="seconds above 0", remedy="Use for example 0.2.")
        if self.chunk_frames < 1:
            raise InputError(f"chunk_frames={self.chunk_frames}", expected="1 or more")


def kinematics(
    pose: xr.Dataset,
    timebase: Timebase,
    *,
    body: BodyMap | None = None,
    params: KinematicsParams | None = None,
) -> dict[str, FrameFeatures]:
    """Measure every individual of a pose, frame by frame.

    Parameters
    ----------
    pose : Dataset
        Schema of :mod:`napari_mousegpt.core.pose`, 2-D or 3-D (z upwards).
    timebase : Timebase
        Clock of the rows. Lengths of time are turned into frames by its mean rate; speeds are
        divided by the true time between pictures.
    body : BodyMap, optional
        Which keypoint is which part; guessed from the names when not given.
    params : KinematicsParams, optional
        Thresholds in seconds.

    Returns
    -------
    dict of str to FrameFeatures
        One per individual, in the order of the pose; the same columns for all.

    Raises
    ------
    InputError
        When no body length can be measured because the parts are not named.
    MismatchError
        When pose and clock have different lengths.

    Notes
    -----
    One body length is the median distance from nose (else head, ears, neck) to tail base (else
    hips, hind paws, centre) over the whole recording. The floor of a 3-D pose is the median height
    of the lowest paw; without paws, the lowest percent of all points. Left and right follow the
    animal's own paired parts where they are tracked, so a view from below is not mirrored; else a
    2-D picture is taken as seen from above and 3-D axes as right-handed.

    Individuals that were never seen give NaN. A measure that needs a part that is not tracked has
    no column.
    """
    settings = params or KinematicsParams()
    validate_pose(pose)
    if int(pose.sizes["time"]) != timebase.n_frames:
        raise MismatchError(
            "pose",
            expected=f"{timebase.n_frames} rows, as the clock has",
            found=str(pose.sizes["time"]),
        )
    names = [str(name) for name in pose["keypoints"].values]
    parts = BodyMap.from_names(names) if body is None else body
    if not parts.roles:
        raise InputError(
            "keypoints of the pose",
            expected="names of body parts such as nose, left_ear or tail_base",
            found=", ".join(names),
            remedy="Map them with body=BodyMap.from_names(keypoints, {part: keypoint}).",
        )
    missing = [point for point in parts.roles.values() if point not in names]
    if missing:
        raise InputError(
            f"keypoint {missing[0]!r} of the body map", expected=f"one of {', '.join(names)}"
        )
    return {
        str(individual): _Measurer(pose, number, parts, timebase, settings).run(str(individual))
        for number, individual in enumerate(pose["individuals"].values)
    }


class _Measurer:
    """Reads one individual piece by piece and measures it."""

    def __init__(
        self,
        pose: xr.Dataset,
        individual: int,
        parts: BodyMap,
        timebase: Timebase,
        params: KinematicsParams,
    ) -> None:
        keypoints = [str(name) for name in pose["keypoints"].values]
        self.roles = tuple(parts.roles)
        columns = [keypoints.index(parts.roles[role]) for role in self.roles]
        chosen = pose.isel(individuals=individual, keypoints=columns)
        self.position = chosen["position"].transpose(*POSE_DIMS[:3])
        self.confidence = (
            chosen["confidence"].transpose("time", "keypoints") if "confidence" in chosen else None
        )
        self.timebase, self.params = timebase, params
        self.n_space = int(pose.sizes["space"])
        rate = timebase.fps
        self.held = max(2, round(params.held_s * rate)) if params.held_s else 0
        self.gap = round(params.max_gap_s * rate)
        self.kernel = clean.gaussian_kernel(params.smooth_s * rate)
        self.lag = max(1, round(params.speed_s * rate / 2))
        #: Frames a value depends on to either side: what each piece must read beyond its ends.
        self.halo = self.held + self.gap + self.kernel.size // 2 + self.lag + 2

    def read(self, rows: slice) -> Floats:
        """Return tracks of shape (roles, space, rows), doubtful points NaN."""
        tracks = np.ascontiguousarray(
            self.position.isel(time=rows).values.transpose(2, 1, 0), dtype=np.float64
        )
        tracks = tracks.copy() if tracks.base is not None else tracks
        score = None if self.confidence is None else self.confidence.isel(time=rows).values.T
        clean.hide_doubtful(tracks, score, self.params.min_confidence)
        return tracks

    def run(self, individual: str) -> FrameFeatures:
        """Measure all frames."""
        n = self.timebase.n_frames
        scale = self._scale(individual)
        names = self._names(scale)
        values = np.full((n, len(names)), np.nan, dtype=np.float32)
        seen_at_all = np.isfinite(scale.length)
        for start in range(0, n if seen_at_all else 0, self.params.chunk_frames):
            stop = min(start + self.params.chunk_frames, n)
            first, last = max(0, start - self.halo), min(n, stop + self.halo)
            found = measure(self._body(slice(first, last), scale))
            for column, name in enumerate(names):
                values[start:stop, column] = found[name][start - first : stop - first]
        return FrameFeatures(
            individual=individual,
            names=names,
            units=tuple(MEASURES[name].unit for name in names),
            values=values,
            body_length=scale.length,
            timebase=self.timebase,
            source=f"pose {self.n_space}-D",
        )

    def _names(self, scale: Body) -> tuple[str, ...]:
        """Columns that these parts allow: measured once on an empty body."""
        nothing = {role: np.full((self.n_space, 1), np.nan) for role in self.roles}
        body = Body(nothing, np.zeros(1), self.lag, scale.length)
        return tuple(measure(body))

    def _body(self, rows: slice, scale: Body) -> Body:
        tracks = self.read(rows)
        times = np.asarray(self.timebase.time(np.arange(rows.start, rows.stop)))
        if self.held:
            clean.hide_held(tracks, self.held)
        clean.fill_gaps(tracks, times, self.gap)
        tracks = clean.smooth(tracks, self.kernel)
        points = dict(zip(self.roles, tracks, strict=True))
        return Body(points, times, self.lag, scale.length, scale.floor, scale.left)

    def _scale(self, individual: str) -> Body:
        """Learn body length, floor and handedness from evenly spread frames."""
        step = max(1, self.timebase.n_frames // _SAMPLE)
        tracks = self.read(slice(0, None, step))
        points = dict(zip(self.roles, tracks, strict=True))
        length = self.params.body_length or _body_length(points, individual)
        floor = _floor(points) if self.n_space == 3 else 0.0
        seen = tracks[np.isfinite(tracks)]
        if np.array_equal(seen, np.rint(seen)):
            self.held = 0
        return Body(points, np.zeros(0), self.lag, length, floor, _left(points, self.n_space))


def _body_length(points: dict[str, Floats], individual: str) -> float:
    front = points.get("nose", front_point(points))
    rear = rear_point(points)
    if front is None or rear is None or front is rear:
        raise InputError(
            f"body length of {individual!r}",
            expected="a keypoint at the front (nose, head, ears or neck) and one at the rear "
            "(tail base, hips, hind paws or centre)",
            found=f"the parts {', '.join(points) or 'none'}",
            remedy="Name them with body=BodyMap.from_names(keypoints, {part: keypoint}), or give "
            "body_length in the parameters.",
        )
    distance = np.linalg.norm(front - rear, axis=0)
    distance = distance[np.isfinite(distance)]
    length = float(np.median(distance)) if distance.size else float("nan")
    return length if length > 0 else float("nan")


def _floor(points: dict[str, Floats]) -> float:
    paws = [track[2] for role, track in points.items() if role.endswith("paw")]
    heights = np.stack(paws or [track[2] for track in points.values()])
    lowest = np.fmin.reduce(heights, axis=0)
    lowest = lowest[np.isfinite(lowest)]
    if not lowest.size:
        return float("nan")
    return float(np.median(lowest) if paws else np.percentile(lowest, 1))


def _left(points: dict[str, Floats], n_space: int) -> float:
    """Which way is the animal's left: told by its paired parts, else by the usual view."""
    front, rear = front_point(points), rear_point(points)
    usual = 1.0 if n_space == 3 else -1.0
    if front is None or rear is None:
        return usual
    axis = front - rear
    sides = []
    for role, track in points.items():
        if role.startswith("left_") and role.replace("left_", "right_") in points:
            across = track - points[role.replace("left_", "right_")]
            sides.append(np.sign(axis[0] * across[1] - axis[1] * across[0]))
    balance = np.nanmean(np.concatenate(sides)) if sides and np.isfinite(sides).any() else 0.0
    return float(np.sign(balance)) or usual
