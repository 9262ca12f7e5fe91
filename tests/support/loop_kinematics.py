"""The 3-D kinematics once more, frame by frame in plain loops: slow, and easy to check by eye.

It is the yardstick of the vectorised version in tests and benchmark. It knows one body: nose, neck,
chest, tail base, tail tip and four paws, all tracked, at a constant rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Point = list[float]
Track = list[Point | None]

PARTS = (
    "nose",
    "neck",
    "chest",
    "tail_base",
    "tail_tip",
    "left_forepaw",
    "right_forepaw",
    "left_hindpaw",
    "right_hindpaw",
)


def loop_kinematics(
    tracks: Mapping[str, Sequence[Sequence[float]]],
    confidence: Mapping[str, Sequence[float]],
    fps: float,
    *,
    min_confidence: float = 0.6,
    max_gap_s: float = 0.2,
    smooth_s: float = 0.05,
    speed_s: float = 0.2,
) -> tuple[float, list[dict[str, float]]]:
    """Return the body length and the measures of every frame."""
    raw = {part: _trusted(tracks[part], confidence[part], min_confidence) for part in PARTS}
    lengths = [_far(a, b) for a, b in zip(raw["nose"], raw["tail_base"], strict=True)]
    body_length = _median([x for x in lengths if not math.isnan(x)])
    paws = [part for part in PARTS if part.endswith("paw")]
    lowest = []
    for i in range(len(lengths)):
        heights = [point[2] for part in paws if (point := raw[part][i]) is not None]
        if heights:
            lowest.append(min(heights))
    floor = _median(lowest)
    left = _left(raw)
    points = {
        part: _smoothed(_filled(track, round(max_gap_s * fps)), smooth_s * fps)
        for part, track in raw.items()
    }
    lag = max(1, round(speed_s * fps / 2))
    rows = [_row(points, i, lag, fps, body_length, floor, left) for i in range(len(lengths))]
    return body_length, rows


def _trusted(track: Sequence[Sequence[float]], score: Sequence[float], minimum: float) -> Track:
    kept: Track = []
    for point, sure in zip(track, score, strict=True):
        bad = sure < minimum or any(math.isnan(x) for x in point)
        kept.append(None if bad else [float(x) for x in point])
    return kept


def _filled(track: Track, longest: int) -> Track:
    filled = list(track)
    i = 0
    while i < len(track):
        if track[i] is not None:
            i += 1
            continue
        stop = i
        while stop < len(track) and track[stop] is None:
            stop += 1
        before = track[i - 1] if i > 0 else None
        after = track[stop] if stop < len(track) else None
        if before is not None and after is not None and stop - i <= longest:
            for j in range(i, stop):
                share = (j - i + 1) / (stop - i + 1)
                filled[j] = [b + share * (a - b) for b, a in zip(before, after, strict=True)]
        i = stop
    return filled


def _smoothed(track: Track, sigma: float) -> Track:
    radius = math.ceil(3 * sigma)
    smooth: Track = []
    for i, here in enumerate(track):
        if here is None:
            smooth.append(None)
            continue
        near = [
            (j - i, math.exp(-0.5 * ((j - i) / sigma) ** 2), point)
            for j in range(max(0, i - radius), min(len(track), i + radius + 1))
            if (point := track[j]) is not None
        ]
        s0 = sum(w for _, w, _ in near)
        middle = sum(w * o for o, w, _ in near) / s0
        spread = sum(w * (o - middle) ** 2 for o, w, _ in near)
        value = []
        for axis in range(len(here)):
            mean = sum(w * p[axis] for _, w, p in near) / s0
            slope = 0.0
            if spread > 0:
                slope = sum(w * (o - middle) * p[axis] for o, w, p in near) / spread
            value.append(mean - slope * middle)
        smooth.append(value)
    return smooth


def _row(
    points: Mapping[str, Track],
    i: int,
    lag: int,
    fps: float,
    body_length: float,
    floor: float,
    left: float,
) -> dict[str, float]:
    n = len(points["nose"])
    a, b = max(0, i - lag), min(n - 1, i + lag)
    scale = (b - a) / fps * body_length
    at = {part: track[i] for part, track in points.items()}
    velocity = {
        part: _scaled(_minus(track[b], track[a]), 1 / scale) for part, track in points.items()
    }
    trunk = _mean_point([velocity[part] for part in ("neck", "chest", "tail_base")])
    axis = _minus(at["neck"], at["tail_base"])
    head = _minus(at["nose"], at["neck"])
    fore, hind = ("left_forepaw", "right_forepaw"), ("left_hindpaw", "right_hindpaw")
    row = {
        "body_speed": _size(_flat(trunk)),
        "forward_speed": _dot(_flat(axis), _flat(trunk)) / _size(_flat(axis)),
        "head_speed": _size(velocity["nose"]),
        "forepaw_speed": _mean([_size(velocity[p]) for p in fore]),
        "hindpaw_speed": _mean([_size(velocity[p]) for p in hind]),
        "head_motion": _size(_minus(velocity["nose"], trunk)),
        "forepaw_motion": _mean([_size(_minus(velocity[p], trunk)) for p in fore]),
        "hindpaw_motion": _mean([_size(_minus(velocity[p], trunk)) for p in hind]),
        "tail_motion": _size(_minus(velocity["tail_tip"], trunk)),
        "turn_rate": left
        * _turn(
            _minus(points["neck"][a], points["tail_base"][a]),
            _minus(points["neck"][b], points["tail_base"][b]),
        )
        / ((b - a) / fps),
        "head_angle": left * _turn(axis, head),
        "tail_angle": left * _turn(_scaled(axis, -1.0), _minus(at["tail_tip"], at["tail_base"])),
        "back_bend": _bend(_minus(at["neck"], at["chest"]), _minus(at["chest"], at["tail_base"])),
        "elongation": _far(at["nose"], at["tail_base"]) / body_length,
        "hand_to_nose": _mean([_far(at[p], at["nose"]) for p in fore]) / body_length,
        "hindpaw_to_nose": _least([_far(at[p], at["nose"]) for p in hind]) / body_length,
        "hands_apart": _far(at[fore[0]], at[fore[1]]) / body_length,
        "hindpaws_apart": _far(at[hind[0]], at[hind[1]]) / body_length,
        "ground_length": _size(_flat(_minus(at["nose"], at["tail_base"]))) / body_length,
        "body_pitch": _rise(axis),
        "head_pitch": _rise(head),
        "nose_climb": math.nan if velocity["nose"] is None else velocity["nose"][2],
    }
    for name, parts in (
        ("nose_height", ("nose",)),
        ("neck_height", ("neck",)),
        ("chest_height", ("chest",)),
        ("tail_base_height", ("tail_base",)),
        ("forepaw_height", fore),
        ("hindpaw_height", hind),
    ):
        heights = [math.nan if (p := at[part]) is None else p[2] for part in parts]
        row[name] = (_mean(heights) - floor) / body_length
    return row


def _left(raw: Mapping[str, Track]) -> float:
    votes = []
    for pair in ("forepaw", "hindpaw"):
        for i in range(len(raw["nose"])):
            across = _minus(raw[f"left_{pair}"][i], raw[f"right_{pair}"][i])
            axis = _minus(raw["neck"][i], raw["tail_base"][i])
            if across is not None and axis is not None:
                votes.append(math.copysign(1.0, axis[0] * across[1] - axis[1] * across[0]))
    return math.copysign(1.0, sum(votes))


def _minus(a: Point | None, b: Point | None) -> Point | None:
    return None if a is None or b is None else [x - y for x, y in zip(a, b, strict=True)]


def _scaled(a: Point | None, factor: float) -> Point | None:
    return None if a is None else [x * factor for x in a]


def _flat(a: Point | None) -> Point | None:
    return None if a is None else a[:2]


def _size(a: Point | None) -> float:
    return math.nan if a is None else math.sqrt(sum(x * x for x in a))


def _far(a: Point | None, b: Point | None) -> float:
    return _size(_minus(a, b))


def _dot(a: Point | None, b: Point | None) -> float:
    return math.nan if a is None or b is None else sum(x * y for x, y in zip(a, b, strict=True))


def _turn(a: Point | None, b: Point | None) -> float:
    if a is None or b is None:
        return math.nan
    return math.degrees(math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]))


def _rise(a: Point | None) -> float:
    return math.nan if a is None else math.degrees(math.atan2(a[2], math.hypot(a[0], a[1])))


def _bend(ahead: Point | None, back: Point | None) -> float:
    if ahead is None or back is None:
        return math.nan
    return math.degrees(
        math.acos(min(1.0, max(-1.0, _dot(ahead, back) / _size(ahead) / _size(back))))
    )


def _mean(values: list[float]) -> float:
    seen = [x for x in values if not math.isnan(x)]
    return sum(seen) / len(seen) if seen else math.nan


def _least(values: list[float]) -> float:
    return min((x for x in values if not math.isnan(x)), default=math.nan)


def _mean_point(points: list[Point | None]) -> Point | None:
    seen = [p for p in points if p is not None]
    return [sum(axis) / len(seen) for axis in zip(*seen, strict=True)] if seen else None


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
