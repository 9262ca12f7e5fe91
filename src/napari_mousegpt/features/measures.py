"""The named measures of a body: speeds, angles, distances, heights.

All are independent of where the animal is and which way it faces. Lengths are in body lengths,
times in seconds. A measure exists only when the parts it needs are tracked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MEASURES", "Body", "Measure", "front_point", "measure", "rear_point", "step"]

Floats = NDArray[np.float64]


class Measure(NamedTuple):
    """Unit and meaning of a measure."""

    unit: str
    meaning: str


#: Every measure, in the order of columns. "Trunk" is the mean of the tracked points from neck to
#: tail base, with the head's when only one of them is tracked. "Relative" speeds are measured
#: against the moving trunk. Left is positive.
MEASURES: dict[str, Measure] = {
    "body_speed": Measure("BL/s", "speed of the trunk over the ground"),
    "forward_speed": Measure("BL/s", "speed of the trunk along the body axis, backwards negative"),
    "head_speed": Measure("BL/s", "speed of the nose (else head) in space"),
    "forepaw_speed": Measure("BL/s", "mean speed of the fore paws in space"),
    "hindpaw_speed": Measure("BL/s", "mean speed of the hind paws in space"),
    "head_motion": Measure("BL/s", "speed of the nose (else head) relative to the trunk"),
    "forepaw_motion": Measure("BL/s", "mean speed of the fore paws relative to the trunk"),
    "hindpaw_motion": Measure("BL/s", "mean speed of the hind paws relative to the trunk"),
    "tail_motion": Measure("BL/s", "speed of the tail (tip, else middle) relative to the trunk"),
    "turn_rate": Measure("deg/s", "turning of the body axis over the ground, left positive"),
    "head_angle": Measure("deg", "head direction against the body axis, left positive"),
    "tail_angle": Measure("deg", "tail direction against the straight line behind the body"),
    "back_bend": Measure("deg", "bend of the back at chest or centre, 0 when straight"),
    "elongation": Measure("BL", "distance from nose to tail base"),
    "hand_to_nose": Measure("BL", "mean distance of the fore paws to the nose"),
    "hindpaw_to_nose": Measure("BL", "distance of the nearer hind paw to the nose"),
    "hands_apart": Measure("BL", "distance between the fore paws"),
    "hindpaws_apart": Measure("BL", "distance between the hind paws"),
    "ground_length": Measure("BL", "distance from nose to tail base seen from above (3-D)"),
    "body_pitch": Measure("deg", "rise of the body axis above the ground (3-D)"),
    "head_pitch": Measure("deg", "rise of the head direction above the ground (3-D)"),
    "nose_climb": Measure("BL/s", "vertical speed of the nose, upwards positive (3-D)"),
    "nose_height": Measure("BL", "height of the nose above the floor (3-D)"),
    "neck_height": Measure("BL", "height of the neck (else head or ears) above the floor (3-D)"),
    "chest_height": Measure("BL", "height of the chest (else centre) above the floor (3-D)"),
    "tail_base_height": Measure("BL", "height of the tail base above the floor (3-D)"),
    "forepaw_height": Measure("BL", "mean height of the fore paws above the floor (3-D)"),
    "hindpaw_height": Measure("BL", "mean height of the hind paws above the floor (3-D)"),
    "roundness": Measure("1", "width of the silhouette as a share of its length"),
    "area": Measure("1", "area of the silhouette as a share of its median"),
    "shape_change": Measure("1/s", "share of the silhouette that changes, per second"),
}

_TRUNK = ("neck", "chest", "center", "hips", "tail_base")


@dataclass(frozen=True)
class Body:
    """Cleaned tracks of the body parts of one individual, and what scales them.

    Parameters
    ----------
    points : mapping of str to ndarray, shape (space, n)
        Body part (see :data:`napari_mousegpt.core.body.ROLES`) to its track.
    times : ndarray, shape (n,)
        Seconds.
    lag : int
        Speeds are taken from ``lag`` frames before to ``lag`` frames after.
    length : float
        One body length in the unit of the points.
    floor : float
        Height of the floor in the unit of the points (3-D only).
    left : float
        +1 when the animal's left is counter-clockwise in the axes of the points, else -1.
    """

    points: Mapping[str, Floats]
    times: Floats
    lag: int
    length: float
    floor: float = 0.0
    left: float = 1.0


def mean_of(arrays: list[Floats]) -> Floats:
    """Return the mean of the arrays, leaving NaN out; NaN where all are NaN."""
    if len(arrays) == 1:
        return arrays[0]
    stack = np.stack(arrays)
    seen = np.isfinite(stack)
    count = seen.sum(axis=0)
    total = np.where(seen, stack, 0.0).sum(axis=0)
    mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def front_point(points: Mapping[str, Floats]) -> Floats | None:
    """Return the front end of the body axis, None when nothing at the front is tracked.

    The first that is tracked of neck, between the ears, head, between the shoulders, chest, nose.
    """
    if "neck" in points:
        return points["neck"]
    between_ears = _between(points, "left_ear", "right_ear")
    if between_ears is not None:
        return between_ears
    if "head" in points:
        return points["head"]
    between_shoulders = _between(points, "left_shoulder", "right_shoulder")
    if between_shoulders is not None:
        return between_shoulders
    return points.get("chest", points.get("nose"))


def rear_point(points: Mapping[str, Floats]) -> Floats | None:
    """Return the rear end of the body axis, None when nothing at the rear is tracked.

    The first that is tracked of tail base, hips, between the hind paws, between the flanks, centre.
    """
    for role in ("tail_base", "hips"):
        if role in points:
            return points[role]
    for part in ("hindpaw", "flank"):
        between = _between(points, f"left_{part}", f"right_{part}")
        if between is not None:
            return between
    return points.get("center")


def _between(points: Mapping[str, Floats], left: str, right: str) -> Floats | None:
    return 0.5 * (points[left] + points[right]) if left in points and right in points else None


def measure(body: Body) -> dict[str, Floats]:
    """Compute every measure that the tracked parts allow.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        In the order of :data:`MEASURES`.
    """
    found: dict[str, Floats] = {}
    found.update(_motions(body))
    found.update(_angles(body))
    found.update(_distances(body))
    if next(iter(body.points.values())).shape[0] == 3:
        found.update(_heights(body))
    return {name: found[name] for name in MEASURES if name in found}


def _pick(points: Mapping[str, Floats], *roles: str) -> list[Floats]:
    return [points[role] for role in roles if role in points]


def _norm(vector: Floats) -> Floats:
    length: Floats = np.sqrt(np.einsum("st,st->t", vector, vector))
    return length


def step(values: Floats, lag: int) -> Floats:
    """Return the change from ``lag`` frames before to ``lag`` after, one-sided at the ends."""
    n = values.shape[-1]
    index = np.arange(n)
    ahead, behind = np.minimum(index + lag, n - 1), np.maximum(index - lag, 0)
    return values[..., ahead] - values[..., behind]


def _motions(body: Body) -> dict[str, Floats]:
    points = body.points
    found: dict[str, Floats] = {}
    seconds = step(body.times, body.lag) * body.length
    seconds = np.where(seconds > 0, seconds, np.nan)
    velocity = {role: step(track, body.lag) / seconds for role, track in points.items()}
    front, rear = front_point(points), rear_point(points)
    trunk_parts = _pick(velocity, *_TRUNK)
    if len(trunk_parts) < 2 and front is not None and "neck" not in points:
        # One point of the trunk alone swings with every step.
        trunk_parts.append(step(front, body.lag) / seconds)
    trunk = mean_of(trunk_parts or list(velocity.values()))
    found["body_speed"] = _norm(trunk[:2])
    if front is not None and rear is not None:
        axis = (front - rear)[:2]
        found["forward_speed"] = np.einsum("st,st->t", axis, trunk[:2]) / _positive(_norm(axis))
        n = axis.shape[1]
        index = np.arange(n)
        then = axis[:, np.maximum(index - body.lag, 0)]
        now = axis[:, np.minimum(index + body.lag, n - 1)]
        turn = np.degrees(_signed_angle(then, now)) * body.left
        found["turn_rate"] = turn / (seconds / body.length)
    head = _pick(velocity, "nose", "head")
    if head:
        found["head_speed"] = _norm(head[0])
        found["head_motion"] = _norm(head[0] - trunk)
        if head[0].shape[0] == 3:
            found["nose_climb"] = head[0][2]
    for name, roles in (
        ("forepaw", ("left_forepaw", "right_forepaw")),
        ("hindpaw", ("left_hindpaw", "right_hindpaw")),
    ):
        paws = _pick(velocity, *roles)
        if paws:
            found[f"{name}_speed"] = mean_of([_norm(paw) for paw in paws])
            found[f"{name}_motion"] = mean_of([_norm(paw - trunk) for paw in paws])
    tail = _pick(velocity, "tail_tip", "tail_mid")
    if tail:
        found["tail_motion"] = _norm(tail[0] - trunk)
    return found


def _angles(body: Body) -> dict[str, Floats]:
    points = body.points
    found: dict[str, Floats] = {}
    front, rear = front_point(points), rear_point(points)
    if front is None or rear is None:
        return found
    axis = front - rear
    if "nose" in points and points["nose"] is not front:
        head = points["nose"] - front
        found["head_angle"] = np.degrees(_signed_angle(axis[:2], head[:2])) * body.left
        if head.shape[0] == 3:
            found["head_pitch"] = np.degrees(np.arctan2(head[2], _norm(head[:2])))
    if axis.shape[0] == 3:
        found["body_pitch"] = np.degrees(np.arctan2(axis[2], _norm(axis[:2])))
    tail = _pick(points, "tail_tip", "tail_mid")
    if tail and "tail_base" in points:
        behind = tail[0] - points["tail_base"]
        found["tail_angle"] = np.degrees(_signed_angle(-axis[:2], behind[:2])) * body.left
    middle = _pick(points, "chest", "center")
    if middle and middle[0] is not front and middle[0] is not rear:
        ahead, back = front - middle[0], middle[0] - rear
        cosine = np.einsum("st,st->t", ahead, back) / _positive(_norm(ahead) * _norm(back))
        found["back_bend"] = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    return found


def _distances(body: Body) -> dict[str, Floats]:
    points = body.points
    found: dict[str, Floats] = {}
    nose = points.get("nose")
    hands = _pick(points, "left_forepaw", "right_forepaw")
    hinds = _pick(points, "left_hindpaw", "right_hindpaw")
    if nose is not None:
        if "tail_base" in points:
            found["elongation"] = _norm(nose - points["tail_base"]) / body.length
            if nose.shape[0] == 3:
                found["ground_length"] = _norm((nose - points["tail_base"])[:2]) / body.length
        if hands:
            found["hand_to_nose"] = mean_of([_norm(hand - nose) for hand in hands]) / body.length
        if hinds:
            gaps = np.stack([_norm(hind - nose) for hind in hinds])
            found["hindpaw_to_nose"] = np.fmin.reduce(gaps, axis=0) / body.length
    if len(hands) == 2:
        found["hands_apart"] = _norm(hands[0] - hands[1]) / body.length
    if len(hinds) == 2:
        found["hindpaws_apart"] = _norm(hinds[0] - hinds[1]) / body.length
    return found


def _heights(body: Body) -> dict[str, Floats]:
    points = body.points
    found: dict[str, Floats] = {}
    front = front_point(points)
    groups: dict[str, list[Floats]] = {
        "nose_height": _pick(points, "nose"),
        "neck_height": [] if front is None else [front],
        "chest_height": _pick(points, "chest", "center")[:1],
        "tail_base_height": _pick(points, "tail_base"),
        "forepaw_height": _pick(points, "left_forepaw", "right_forepaw"),
        "hindpaw_height": _pick(points, "left_hindpaw", "right_hindpaw"),
    }
    for name, tracks in groups.items():
        if tracks:
            height = mean_of([track[2] for track in tracks])
            found[name] = (height - body.floor) / body.length
    return found


def _positive(length: Floats) -> Floats:
    """Lengths to divide by: NaN instead of zero."""
    return np.where(length > 0, length, np.nan)


def _signed_angle(a: Floats, b: Floats) -> Floats:
    """Angle in radians from ``a`` to ``b`` in the plane, counter-clockwise positive."""
    cross = a[0] * b[1] - a[1] * b[0]
    dot = a[0] * b[0] + a[1] * b[1]
    angle = np.arctan2(cross, dot)
    return np.where((cross == 0) & (dot == 0), np.nan, angle)
