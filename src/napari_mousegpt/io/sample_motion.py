"""How the generated mouse moves: a script of behaviours turned into postures, frame by frame.

Lengths are in body lengths (nose to tail base of a mouse at ease), times in seconds, angles in
radians in picture axes (x to the right, y downwards).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

__all__ = ["BEHAVIOURS", "KEYPOINTS", "Motion", "move", "perform"]

Floats = NDArray[np.float64]

#: What the mouse does, by name.
BEHAVIOURS = ("walking", "turning", "still", "grooming", "rearing")

#: Points the sample tracks.
KEYPOINTS = (
    "nose", "left_ear", "right_ear", "neck", "center", "left_hip", "right_hip", "tail_base",
    "tail_tip",
)  # fmt: skip

# Where nose, neck, centre, hips and tail base lie along the body, and how wide the body is.
# Seen from above a rearing mouse is half as long; a grooming one is curled up.
_POSTURES = {
    "walking": (0.51, 0.22, 0.0, -0.30, -0.51, 0.96),
    "turning": (0.48, 0.21, 0.0, -0.29, -0.48, 1.0),
    "still": (0.47, 0.21, 0.0, -0.28, -0.46, 1.04),
    "grooming": (0.37, 0.18, 0.0, -0.24, -0.37, 1.15),
    "rearing": (0.40, 0.33, 0.20, 0.06, -0.06, 1.08),
}
_TAIL_LENGTH = 0.8
_TAIL_POINTS = 13


@dataclass(frozen=True, eq=False)
class Motion:
    """Everything a drawing or a tracker needs to know, for each frame.

    Parameters
    ----------
    label : ndarray of str, shape (n,)
        What the mouse does.
    points : dict of str to ndarray, shape (n, 2)
        True place (x, y) of each of :data:`KEYPOINTS`.
    spine : ndarray, shape (n, 5, 2)
        Nose, neck, centre, hips, tail base.
    tail : ndarray, shape (n, 13, 2)
        From base to tip.
    paws : ndarray, shape (n, 4, 2)
        Left and right fore paw, left and right hind paw.
    width : ndarray, shape (n,)
        Breadth of the body, 1 at ease.
    lift : ndarray, shape (n,)
        0 on the floor, 1 fully reared.
    """

    label: NDArray[np.object_]
    points: dict[str, Floats]
    spine: Floats
    tail: Floats
    paws: Floats
    width: Floats
    lift: Floats


def move(n_frames: int, fps: float, arena: tuple[float, float], rng: np.random.Generator) -> Motion:
    """Let the mouse live for a while.

    Parameters
    ----------
    n_frames : int
        Number of frames.
    fps : float
        Frames per second.
    arena : tuple of float
        Width and height of the floor.
    rng : Generator
        Source of all chance.
    """
    return perform(islice(_script(fps, arena, rng), n_frames), fps)


def perform(script: Iterable[tuple[str, float, float, float, float, float]], fps: float) -> Motion:
    """Let the mouse do what a script says.

    Parameters
    ----------
    script : iterable of tuple
        For each frame: one of :data:`BEHAVIOURS`, x, y, heading, bend of the spine, angle of the
        head.
    fps : float
        Frames per second.
    """
    rows = list(script)
    n_frames = len(rows)
    label = np.array([row[0] for row in rows], dtype=object)
    x, y, heading, bend, head = np.array([row[1:] for row in rows]).T
    wanted = np.array([_POSTURES[name] for name in label])
    wanted = np.column_stack([wanted, bend, label == "rearing", head])
    posture = _followed(wanted, fps, seconds=0.09)
    times = np.arange(n_frames) / fps
    along, width = posture[:, :5].copy(), posture[:, 5]
    width = width * (1 + 0.012 * np.sin(2 * np.pi * 2.3 * times))  # breathing
    return _assemble(label, np.column_stack([x, y]), heading, along, width, posture, times)


def _script(
    fps: float, arena: tuple[float, float], rng: np.random.Generator
) -> Iterator[tuple[str, float, float, float, float, float]]:
    """Yield behaviour, x, y, heading, bend of the spine and angle of the head, without end."""
    place = np.array([arena[0] * 0.35, arena[1] * 0.6])
    heading = float(rng.uniform(-0.6, 0.6))
    while True:
        for action in rng.permutation(["still", "grooming", "rearing"]):
            corner, goal = _route(place, arena, action == "rearing", rng)
            turn = _wrapped(np.arctan2(*(corner - place)[::-1]) - heading)
            if abs(turn) > 0.6:
                for part, speed in _ease(abs(turn) / rng.uniform(2.2, 3.0), fps):
                    lean = float(np.sign(turn)) * speed
                    yield "turning", *place, heading + turn * part, 1.3 * lean, 0.5 * lean
                heading += turn
            late = _wrapped(heading - np.arctan2(*(corner - place)[::-1]))
            path, length = _curve(place, corner, goal)
            way = np.arctan2(*(np.gradient(path, axis=0).T[::-1]))
            way = np.unwrap(way)
            for part, _speed in _ease(length / rng.uniform(1.8, 2.8) + 0.2, fps, ramp=0.2):
                at = part * (len(path) - 1)
                here = [np.interp(at, np.arange(len(path)), path[:, i]) for i in (0, 1)]
                heading = float(np.interp(at, np.arange(len(path)), way))
                heading += late * np.exp(-8 * part)
                sway = 0.12 * np.sin(2 * np.pi * 3 * part * length)
                yield "walking", *here, heading, 0.5 * sway, sway
            place = path[-1]
            yield from _stay(str(action), place, heading, fps, rng)


def _stay(
    action: str, place: Floats, heading: float, fps: float, rng: np.random.Generator
) -> Iterator[tuple[str, float, float, float, float, float]]:
    """Yield the frames of something that is done on the spot."""
    low, high = {"still": (1.6, 3.2), "grooming": (2.2, 4.0), "rearing": (1.3, 2.4)}[action]
    seconds, side, rate = rng.uniform(low, high), rng.choice([-1.0, 1.0]), rng.uniform(1.5, 1.9)
    for i in range(round(seconds * fps)):
        t = i / fps
        bend, head = 0.0, 0.0
        if action == "grooming":
            # Strokes over the head and down the flank, with the quick tremor of the paws on top.
            bend = 1.1 * side
            head = side * 0.45 + 0.85 * np.sin(2 * np.pi * rate * t) + 0.1 * np.sin(40 * t)
        elif action == "rearing":
            head = 0.25 * np.sin(2 * np.pi * 0.8 * t)
        yield action, *place, heading, bend, head


def _route(
    place: Floats, arena: tuple[float, float], to_wall: bool, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Choose where to go; the middle point makes the way a curve that ends square to a wall."""
    size = np.array(arena)
    for _ in range(50):
        goal = rng.uniform(0.75, size - 0.75)
        if to_wall:
            axis, far = int(rng.integers(2)), int(rng.integers(2))
            goal[axis] = size[axis] - 0.52 if far else 0.52
            corner = goal.copy()
            corner[axis] += -1.2 if far else 1.2
        else:
            middle = 0.5 * (place + goal)
            across = np.array([-(goal - place)[1], (goal - place)[0]])
            corner = np.clip(middle + rng.uniform(-0.35, 0.35) * across, 0.75, size - 0.75)
        if 2.0 < np.linalg.norm(goal - place) < 5.0 and np.linalg.norm(corner - place) > 0.8:
            break
    return corner, goal


def _curve(start: Floats, corner: Floats, goal: Floats) -> tuple[Floats, float]:
    """Return a quadratic Bezier curve in equal steps, shape (64, 2), and its length."""
    t = np.linspace(0, 1, 64)[:, None]
    path = (1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t**2 * goal
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    even = np.linspace(0, run[-1], 64)
    return np.column_stack([np.interp(even, run, path[:, i]) for i in (0, 1)]), float(run[-1])


def _ease(seconds: float, fps: float, ramp: float = 0.15) -> Iterator[tuple[float, float]]:
    """Yield the part of a movement done (0 to 1) and its speed (0 to 1), soft at both ends."""
    n = max(2, round(seconds * fps))
    edge = max(1, min(round(ramp * fps), n // 2))
    speed = np.minimum(1, np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1)) / edge)
    done = np.cumsum(speed)
    yield from zip((done / done[-1]).tolist(), speed.tolist(), strict=True)


def _followed(wanted: Floats, fps: float, seconds: float) -> Floats:
    """Let the body follow what is wanted of it with a lag (two first-order filters)."""
    keep = np.exp(-1 / (fps * seconds / 2))
    for _ in range(2):
        out = np.empty_like(wanted)
        now = wanted[0]
        for i, row in enumerate(wanted):
            now = keep * now + (1 - keep) * row
            out[i] = now
        wanted = out
    return wanted


def _assemble(
    label: NDArray[np.object_],
    center: Floats,
    heading: Floats,
    along: Floats,
    width: Floats,
    posture: Floats,
    times: Floats,
) -> Motion:
    bend, lift, head = posture[:, 6], posture[:, 7], posture[:, 8]
    spine = np.stack([_on_arc(center, heading, bend, along[:, i]) for i in range(5)], axis=1)
    facing = heading + bend * along[:, 1] + head
    reach = along[:, 0] - along[:, 1]
    spine[:, 0] = spine[:, 1] + reach[:, None] * _unit(facing)
    ahead, across = _unit(facing), _unit(facing + np.pi / 2)
    skull = spine[:, 1] + (0.38 * reach)[:, None] * ahead
    back = heading + bend * along[:, 3]
    flank = (0.14 * width)[:, None] * _unit(back + np.pi / 2)
    tail = _tail(spine[:, 4], heading + bend * along[:, 4] + np.pi, bend, times)
    # Picture axes turn clockwise: the animal's left is at heading minus a right angle.
    points = {
        "nose": spine[:, 0],
        "left_ear": skull - 0.105 * across,
        "right_ear": skull + 0.105 * across,
        "neck": spine[:, 1],
        "center": spine[:, 2],
        "left_hip": spine[:, 3] - flank,
        "right_hip": spine[:, 3] + flank,
        "tail_base": spine[:, 4],
        "tail_tip": tail[:, -1],
    }
    paws = _paws(label, spine, heading, ahead, across, back, lift)
    return Motion(label, points, spine, tail, paws, width, lift)


def _on_arc(center: Floats, heading: Floats, bend: Floats, along: Floats) -> Floats:
    """Return the point that lies ``along`` the bent spine from the centre."""
    angle = bend * along
    small = np.abs(angle) < 1e-6
    safe = np.where(small, 1.0, bend)
    forth = np.where(small, along, np.sin(angle) / safe)
    aside = np.where(small, 0.0, (1 - np.cos(angle)) / safe)
    return center + forth[:, None] * _unit(heading) + aside[:, None] * _unit(heading + np.pi / 2)


def _tail(base: Floats, direction: Floats, bend: Floats, times: Floats) -> Floats:
    steps = np.arange(_TAIL_POINTS - 1)
    wave = 0.09 * np.sin(2 * np.pi * (0.45 * times[:, None] - 0.07 * steps))
    angles = direction[:, None] + np.cumsum(wave - 0.06 * bend[:, None], axis=1)
    links = _TAIL_LENGTH / (_TAIL_POINTS - 1) * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return np.concatenate([base[:, None], base[:, None] + np.cumsum(links, axis=1)], axis=1)


def _paws(
    label: NDArray[np.object_],
    spine: Floats,
    heading: Floats,
    ahead: Floats,
    across: Floats,
    back: Floats,
    lift: Floats,
) -> Floats:
    """Feet step while the mouse walks; hands go to the face or up the wall."""
    travelled = np.concatenate(
        [[0], np.cumsum(np.linalg.norm(np.diff(spine[:, 2], axis=0), axis=1))]
    )
    step = 0.12 * np.sin(2 * np.pi * travelled / 0.9) * (label == "walking")
    sideways, forth = _unit(heading + np.pi / 2), _unit(heading)
    grooming = (label == "grooming").astype(float)[:, None]
    paws = []
    for side in (-1.0, 1.0):
        walking_hand = spine[:, 1] + side * 0.13 * sideways + (side * step)[:, None] * forth
        face = spine[:, 0] - 0.05 * ahead + side * 0.05 * across
        wall = spine[:, 0] + 0.07 * ahead + side * 0.1 * across
        hand = (1 - grooming) * walking_hand + grooming * face
        paws.append((1 - lift)[:, None] * hand + lift[:, None] * wall)
    for side in (-1.0, 1.0):
        paws.append(
            spine[:, 3]
            + side * 0.19 * _unit(back + np.pi / 2)
            + (0.05 - side * step)[:, None] * _unit(back)
        )
    return np.stack(paws, axis=1)


def _unit(angle: Floats) -> Floats:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
