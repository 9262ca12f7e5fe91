"""When an animal is in which zone of its arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.arena import Arena
from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.features.tracks import gaussian_kernel, smooth

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["ZoneParams", "body_point", "zone_entries", "zone_summary"]

Floats = NDArray[np.float64]
#: Parts that say least about where the body is.
_LOOSE = {"tail_mid", "tail_tip", "nose", "left_forepaw", "right_forepaw", "left_eye", "right_eye"}
#: Path lengths are measured on tracks smoothed by this sigma, or their jitter would add up.
_SMOOTHING_S = 0.1


@dataclass(frozen=True)
class ZoneParams:
    """How zone visits are found.

    Parameters
    ----------
    point : str
        Keypoint that has to be in the zone; empty for the body: the keypoint of its centre where
        one is tracked, else the mean of the seen points without nose, eyes, forepaws and tail.
    min_confidence : float
        Points below are not used; points without a confidence are.
    min_visit_s : float
        Shorter visits are left out, in seconds.
    max_gap_s : float
        A visit goes on over pictures without the point up to so many seconds, if the point comes
        back in the same zone. Longer gaps end it and count as not observed.
    body : mapping of str to str
        Body part to keypoint name, where names do not tell.
    """

    point: str = ""
    min_confidence: float = 0.6
    min_visit_s: float = 0.0
    max_gap_s: float = 0.2
    body: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for name in ("min_confidence", "min_visit_s", "max_gap_s"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise InputError(name, expected="0 or more", found=str(value))


def zone_entries(recording: Recording, params: ZoneParams | None = None) -> Intervals:
    """Return the visits to each zone of the primary view.

    Parameters
    ----------
    recording : Recording
        With a pose and arenas in its unit (``open_recording(..., arena=...)``); a pose in 3-D is
        seen from above.
    params : ZoneParams, optional

    Returns
    -------
    Intervals
        One row for each visit, half-open in frames, with the columns ``label`` (the zone) and
        ``arena``; sorted. A visit begins with the first picture in which the point lies in the
        zone. In an arena with an ``individual`` only that one counts; of several arenas, one that
        is called like an individual is its own.

    Raises
    ------
    InputError
        When pose or arenas are missing, an arena's individual is not in the pose, or pose and
        arena have different units.
    """
    settings = params or ZoneParams()
    arenas = _arenas(recording)
    clock = recording.timebase
    rows: list[tuple[str, str, str, int, int]] = []
    for individual in recording.individuals:
        xy = body_point(recording, individual, settings)
        for arena in _of(individual, arenas):
            for zone in arena.zones:
                within = np.logical_and(zone.contains(xy), arena.contains(xy))
                inside = _bridged(np.asarray(within), xy, clock, settings)
                for start, stop in _runs(inside).tolist():
                    if clock.time(stop) - clock.time(start) >= settings.min_visit_s - 1e-9:
                        rows.append((individual, zone.name, arena.name, start, stop))
    if not rows:
        return Intervals.empty().assign(label=np.array([], object), arena=np.array([], object))
    who, label, place, starts, stops = zip(*rows, strict=True)
    return Intervals.build(
        recording.id, starts, stops, list(who), label=list(label), arena=list(place)
    ).sort()


def zone_summary(recording: Recording, params: ZoneParams | None = None) -> pd.DataFrame:
    """Return one row for each individual and zone.

    Parameters
    ----------
    recording, params
        As for :func:`zone_entries`.

    Returns
    -------
    DataFrame
        ``recording``, ``individual``, ``arena``, ``zone``, ``entries``, ``seconds``,
        ``observed_s`` (time in which the point was seen, or its gap bridged), ``share`` of it
        (NaN when nothing was observed), ``latency_s`` of the first visit from the first picture
        (NaN without one), ``mean_visit_s``, ``distance_cm`` walked in the zone (NaN without a
        scale; measured on the point smoothed by a Gaussian of 0.1 s).
    """
    settings = params or ZoneParams()
    visits = zone_entries(recording, settings).to_pandas()
    clock = recording.timebase
    times = clock.time(np.arange(clock.n_frames + 1))
    rows = []
    for individual in recording.individuals:
        xy = body_point(recording, individual, settings)
        seen = np.asarray(np.isfinite(xy).all(axis=1))
        observed = float(np.diff(times)[_bridged(seen, xy, clock, settings)].sum())
        steps = _steps(xy, clock)
        for arena in _of(individual, _arenas(recording)):
            scale = arena.units_per_cm
            for zone in arena.zones:
                mine = visits[
                    (visits["individual"] == individual)
                    & (visits["label"] == zone.name)
                    & (visits["arena"] == arena.name)
                ]
                starts, stops = mine["start"].to_numpy(int), mine["stop"].to_numpy(int)
                lengths = times[stops] - times[starts]
                inside = _mask(starts, stops, clock.n_frames)
                walked = float(np.nansum(steps[inside[1:] & inside[:-1]]))
                rows.append(
                    {
                        "recording": recording.id,
                        "individual": individual,
                        "arena": arena.name,
                        "zone": zone.name,
                        "entries": len(mine),
                        "seconds": float(lengths.sum()),
                        "observed_s": observed,
                        "share": float(lengths.sum()) / observed if observed else np.nan,
                        "latency_s": float(times[starts[0]]) if len(mine) else np.nan,
                        "mean_visit_s": float(lengths.mean()) if len(mine) else np.nan,
                        "distance_cm": np.nan if scale is None else walked / scale,
                    }
                )
    return pd.DataFrame(rows)


def body_point(recording: Recording, individual: str, params: ZoneParams | None = None) -> Floats:
    """Return where an individual is in each picture: float64 (n_frames, 2), NaN where unseen.

    Raises
    ------
    InputError
        When there is no pose, one in 3-D without a length unit, or no such keypoint.
    """
    settings = params or ZoneParams()
    pose = recording.pose
    if pose is None or (pose.sizes["space"] != 2 and _unit(pose) == "pixels"):
        raise InputError(
            f"recording {recording.id!r}",
            expected="a 2-D pose in pixels, or one in cm, mm or m",
            found="no pose" if pose is None else f"{pose.sizes['space']}-D coordinates in pixels",
            remedy="Open it with the pose of this camera.",
        )
    names = [str(name) for name in pose["keypoints"].values]
    one = pose.sel(individuals=individual)
    xyz = one["position"].transpose("time", "keypoints", "space").values[..., :2].copy()
    if "confidence" in one:
        score = one["confidence"].transpose("time", "keypoints").values
        xyz[score < settings.min_confidence] = np.nan
    if settings.point:
        if settings.point not in names:
            raise InputError(f"keypoint {settings.point!r}", expected=f"one of {', '.join(names)}")
        return np.asarray(xyz[:, names.index(settings.point)], dtype=np.float64)
    roles = BodyMap.from_names(names, settings.body)
    centre = roles.get("center")
    loose = {roles.get(role) for role in _LOOSE}
    used = [centre] if centre else [name for name in names if name not in loose] or names
    points = xyz[:, [names.index(name) for name in used]]
    seen = np.isfinite(points).all(axis=2)
    total = np.where(seen[..., None], points, 0.0).sum(axis=1)
    count = seen.sum(axis=1)[:, None]
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _arenas(recording: Recording) -> tuple[Arena, ...]:
    arenas = recording.primary.arenas
    if not any(arena.zones for arena in arenas):
        raise InputError(
            f"recording {recording.id!r}",
            expected="an arena with zones",
            found="none" if not arenas else "an arena without zones",
            remedy="Draw zones in the panel Arena and save them, then open the recording with "
            "arena=FILE.",
        )
    pose = recording.pose
    if pose is None:
        raise InputError(
            f"recording {recording.id!r}", expected="a pose", found="none",
            remedy="Open it with the pose of this camera.",
        )  # fmt: skip
    known = recording.individuals
    for arena in arenas:
        if arena.unit != _unit(pose):
            raise InputError(
                f"arena {arena.name!r}",
                expected=f"coordinates in {_unit(pose)}, as the pose has",
                found=arena.unit,
                remedy="Make the arena in the unit of the pose: Arena(..., unit=...).",
            )
        if arena.individual is not None and arena.individual not in known:
            raise InputError(
                f"arena {arena.name!r}",
                expected=f"an individual of the pose: {', '.join(known) or 'it has none'}",
                found=repr(arena.individual),
                remedy="Correct the name in the panel Arena, or split the pose by arena first.",
            )
    return arenas


def _of(individual: str, arenas: tuple[Arena, ...]) -> list[Arena]:
    if len(arenas) > 1 and individual in {arena.name for arena in arenas}:
        # The pose was split by arena: its animals have the names of their arenas.
        arenas = tuple(arena for arena in arenas if (arena.individual or arena.name) == individual)
    return [arena for arena in arenas if arena.individual in (None, individual)]


def _unit(pose: xr.Dataset) -> str:
    return str(pose.attrs.get("position_unit", "pixels"))


def _bridged(
    inside: NDArray[np.bool_], xy: Floats, clock: Timebase, params: ZoneParams
) -> NDArray[np.bool_]:
    """Return where the point is inside, and where it is missing between two pictures inside."""
    seen = np.asarray(np.isfinite(xy).all(axis=1))
    inside = np.asarray(inside & seen)
    gaps = _runs(np.logical_not(seen))
    gaps = gaps[(gaps[:, 0] > 0) & (gaps[:, 1] < len(seen))]
    length = clock.time(gaps[:, 1]) - clock.time(gaps[:, 0])
    keep = inside[gaps[:, 0] - 1] & inside[gaps[:, 1]] & (length <= params.max_gap_s + 1e-9)
    return inside | _mask(gaps[keep, 0], gaps[keep, 1], len(seen))


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return start and stop of each stretch that is true, (n, 2)."""
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)


def _mask(starts: NDArray[np.int64], stops: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    change = np.zeros(n + 1, dtype=np.int64)
    np.add.at(change, starts, 1)
    np.add.at(change, stops, -1)
    return np.asarray(np.cumsum(change[:n]) > 0)


def _steps(xy: Floats, clock: Timebase) -> Floats:
    """Return the pixels walked from each picture to the next, (n_frames - 1,)."""
    kernel = gaussian_kernel(_SMOOTHING_S * clock.fps)
    track = smooth(np.ascontiguousarray(xy.T[None]), kernel)[0]
    return np.asarray(np.hypot(*np.diff(track, axis=1)))
