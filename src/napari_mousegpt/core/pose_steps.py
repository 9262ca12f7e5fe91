"""Cleaning of pose tracks as explicit steps, each recorded with what it changed.

Steps hide doubtful points, fill short gaps and smooth. They mean what the filters of movement mean
(https://movement.neuroinformatics.dev, ``movement.filtering``), with lengths in seconds in place of
frames, and two differences that keep gaps as they are: smoothing neither widens nor fills a gap.
All filters look equally far back and ahead, so nothing moves in time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.pose import validate_pose
from napari_mousegpt.core.pose_step_kinds import (
    STEPS,
    Interpolate,
    Jump,
    Likelihood,
    Median,
    PoseStep,
    SavGol,
)
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "STEPS",
    "Interpolate",
    "Jump",
    "Likelihood",
    "Median",
    "PoseStep",
    "SavGol",
    "apply_steps",
    "parse_steps",
    "steps_from_dicts",
    "steps_to_dicts",
]

Floats = NDArray[np.float64]
#: Changes smaller than this are rounding and not counted.
_ROUNDING = 1e-9


def apply_steps(pose: xr.Dataset, steps: Sequence[PoseStep]) -> xr.Dataset:
    """Return a pose cleaned by steps in their order.

    Parameters
    ----------
    pose : Dataset
        Schema of :mod:`napari_mousegpt.core.pose`; it stays as it is.
    steps : sequence of PoseStep
        For example ``(Likelihood(0.6), Interpolate(0.25), Median(0.1))``.

    Returns
    -------
    Dataset
        New positions. The confidence is that of the tracker, but NaN for points that a step filled
        in: the tracker said nothing about those places. The attribute ``steps`` gains
        for each step its ``name``, ``params``, and how many points it ``removed``, ``filled`` and
        ``changed``, of ``points`` in all.

    Raises
    ------
    InputError
        When the pose has no frame rate, no confidence to judge by, or a window is too short.

    Notes
    -----
    Seconds become frames by the mean rate, also in videos of variable rate.
    """
    validate_pose(pose)
    if not steps:
        return pose.copy()
    fps = float(pose.attrs.get("fps", math.nan))
    if not fps > 0:
        raise InputError("pose", expected="its frame rate in attrs['fps']", found=str(fps))
    xyz = pose["position"].transpose("individuals", "keypoints", "space", "time").values
    xyz = np.array(xyz, dtype=np.float64, order="C")
    scores = np.full((*xyz.shape[:2], xyz.shape[3]), np.nan)
    if "confidence" in pose:
        scores = pose["confidence"].transpose("individuals", "keypoints", "time").values
    if any(isinstance(step, Likelihood) for step in steps) and np.isnan(scores).all():
        raise InputError(
            "pose step likelihood",
            expected="a confidence of each point",
            found="none in this pose",
            remedy="Leave the step out.",
        )
    made = np.zeros(scores.shape, dtype=bool)
    records = [_applied(step, xyz, scores, made, fps) for step in steps]
    clean = pose.copy()
    if made.any() and "confidence" in pose:
        known = (("individuals", "keypoints", "time"), np.where(made, np.nan, scores))
        clean["confidence"] = (*known, pose["confidence"].attrs)
        clean["confidence"] = clean["confidence"].transpose(*pose["confidence"].dims)
    dims = ("individuals", "keypoints", "space", "time")
    clean["position"] = (dims, xyz, pose["position"].attrs)
    clean["position"] = clean["position"].transpose(*pose["position"].dims)
    return clean.assign_attrs(steps=[*pose.attrs.get("steps", ()), *records])


def _applied(
    step: PoseStep, xyz: Floats, scores: Floats, made: NDArray[np.bool_], fps: float
) -> dict[str, Any]:
    """Apply one step to all tracks in place, note which points it made, and return its record."""
    removed = filled = changed = 0
    for track, score, new in zip(
        xyz.reshape(-1, *xyz.shape[2:]),
        scores.reshape(-1, scores.shape[-1]),
        made.reshape(-1, made.shape[-1]),
        strict=True,
    ):
        clean = step.of_track(track, score, fps)
        before, after = np.isfinite(track).all(axis=0), np.isfinite(clean).all(axis=0)
        moved = (np.abs(clean - track) > _ROUNDING).any(axis=0)
        removed += int(np.count_nonzero(before & ~after))
        filled += int(np.count_nonzero(after & ~before))
        changed += int(np.count_nonzero(moved & before & after))
        new[:] = (new | ~before) & after
        track[:] = clean
    counts = {"removed": removed, "filled": filled, "changed": changed}
    return {**steps_to_dicts([step])[0], **counts, "points": scores.size}


def parse_steps(texts: Iterable[str]) -> tuple[PoseStep, ...]:
    """Read steps as a command line has them.

    Parameters
    ----------
    texts : iterable of str
        A name and its parameters in their order, the rest by default: ``"likelihood:0.6"``,
        ``"interpolate:0.25:pchip"``, ``"median"``, ``"savgol:0.2:2"``, ``"jump:2000"``.

    Raises
    ------
    InputError
        For unknown names, too many parameters, or values that do not fit.

    Examples
    --------
    >>> parse_steps(["likelihood:0.6", "savgol:0.2:3"])
    (Likelihood(threshold=0.6), SavGol(window_s=0.2, order=3))
    """
    steps = []
    for text in texts:
        name, *values = (part.strip() for part in text.split(":"))
        names = [field.name for field in fields(_kind(name, text))]
        if len(values) > len(names):
            raise InputError(f"pose step {text!r}", expected=_usage(name), found="more values")
        steps.append(_made(name, dict(zip(names, values, strict=False)), text))
    return tuple(steps)


def steps_from_dicts(records: Iterable[Mapping[str, Any]]) -> tuple[PoseStep, ...]:
    """Read steps back from :func:`steps_to_dicts` or from ``pose.attrs["steps"]``."""
    return tuple(
        _made(str(record.get("name")), record.get("params", {}), str(dict(record)))
        for record in records
    )


def steps_to_dicts(steps: Iterable[PoseStep]) -> list[dict[str, Any]]:
    """Return steps as plain values, ``{"name": ..., "params": {...}}`` each."""
    return [{"name": step.name, "params": asdict(step)} for step in steps]


def _kind(name: str, text: str) -> type[PoseStep]:
    if name.lower() not in STEPS:
        raise InputError(
            f"pose step {text!r}",
            expected=f"one of {', '.join(STEPS)}",
            remedy='Write for example "likelihood:0.6" or "median:0.1".',
        )
    return STEPS[name.lower()]


def _made(name: str, values: Mapping[str, Any], text: str) -> PoseStep:
    kind = _kind(name, text)
    convert = {"float": float, "int": int, "str": str}
    types = {field.name: convert[str(field.type)] for field in fields(kind)}
    try:
        return kind(**{key: types[key](value) for key, value in values.items()})
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"pose step {text!r}", expected=_usage(name)) from error


def _usage(name: str) -> str:
    return ":".join([name, *(f"<{field.name}>" for field in fields(STEPS[name.lower()]))])
