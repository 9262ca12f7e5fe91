"""Clips for trying a model: the drawn mouse from above, doing one thing that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.io.sample_drawing import Scene, pictures
from napari_mousegpt.io.sample_motion import Motion, perform
from napari_mousegpt.models.asks import ClipFrames

__all__ = ["ACTIONS", "SOURCE_FPS", "draw_clip", "empty_clip"]

#: Frames per second, and seconds, of what the clips are taken from.
SOURCE_FPS, _SECONDS = 24.0, 1.0
_Row = tuple[str, float, float, float, float, float]


@dataclass(frozen=True)
class _CloseView(Scene):
    """The camera hangs lower than over the sample: the mouse is as long as a third of the floor."""

    @property
    def scale(self) -> float:
        """Pixels per body length."""
        return 0.28 * min(self.height, self.width)


def draw_clip(action: str, seed: int, *, n_frames: int = 4, size: int = 224) -> ClipFrames:
    """Draw one second of a mouse, seen at even steps.

    Parameters
    ----------
    action : str
        One of :data:`ACTIONS`. "left" and "right" cross the picture, nose first. "move" crosses it
        in any direction. "rear" stands on its hind legs, which looks short from above, "lie" rests
        stretched out; both keep their place, as "still" does.
    seed : int
        Place, direction and noise; the same seed gives the same clip.
    n_frames : int
        Pictures.
    size : int
        Height and width of a picture in pixels.
    """
    rng = np.random.default_rng([seed, sorted(ACTIONS).index(action)])
    scene = _CloseView(size, size)
    total = round(SOURCE_FPS * _SECONDS)
    script = ACTIONS[action](total, scene.floor, rng)
    # The body follows its script with a lag: begin with some frames of the first posture.
    lead = round(SOURCE_FPS)
    motion = perform([script[0]] * lead + script, SOURCE_FPS)
    rows = np.round((np.arange(n_frames) + 0.5) / n_frames * total - 0.5).astype(np.int64)
    frames = np.stack(list(pictures(_rows(motion, rows + lead), scene, rng)))
    return _clip(frames, rows)


def empty_clip(kind: str, seed: int, *, n_frames: int = 4, size: int = 224) -> ClipFrames:
    """Return a clip without a mouse.

    Parameters
    ----------
    kind : {"arena", "even"}
        The arena by itself with the noise of a camera, or one even shade.
    seed, n_frames, size
        As for :func:`draw_clip`.
    """
    rng = np.random.default_rng([seed, 99])
    total = round(SOURCE_FPS * _SECONDS)
    rows = np.round((np.arange(n_frames) + 0.5) / n_frames * total - 0.5).astype(np.int64)
    if kind == "even":
        shade = int(rng.integers(20, 236))
        frames = np.full((n_frames, size, size, 3), shade, dtype=np.uint8)
        return _clip(frames, rows)
    scene = _CloseView(size, size)
    # A mouse far outside of the picture leaves nothing in it.
    far = perform([("still", -50.0, -50.0, 0.0, 0.0, 0.0)] * n_frames, SOURCE_FPS)
    return _clip(np.stack(list(pictures(far, scene, rng))), rows)


def _clip(frames: NDArray[np.uint8], rows: NDArray[np.int64]) -> ClipFrames:
    return ClipFrames(frames, rows, SOURCE_FPS, round(SOURCE_FPS * _SECONDS), _SECONDS)


def _rows(motion: Motion, rows: NDArray[np.int64]) -> Motion:
    return replace(
        motion,
        label=motion.label[rows],
        points={name: places[rows] for name, places in motion.points.items()},
        spine=motion.spine[rows],
        tail=motion.tail[rows],
        paws=motion.paws[rows],
        width=motion.width[rows],
        lift=motion.lift[rows],
    )


def _crossing(
    n: int, floor: tuple[float, float], heading: float, rng: np.random.Generator
) -> list[_Row]:
    """Walk straight through about the middle of the floor."""
    way = 0.5 * min(floor) * rng.uniform(0.85, 1.1)
    ahead = np.array([np.cos(heading), np.sin(heading)])
    aside = np.array([-ahead[1], ahead[0]]) * rng.uniform(-0.55, 0.55)
    begin = np.array(floor) / 2 - ahead * way / 2 + aside + rng.uniform(-0.15, 0.15, 2)
    rows: list[_Row] = []
    for part in np.linspace(0, 1, n):
        sway = 0.12 * float(np.sin(2 * np.pi * 3 * part * way))
        place = begin + ahead * way * part
        rows.append(("walking", float(place[0]), float(place[1]), heading, 0.5 * sway, sway))
    return rows


def _staying(
    n: int, floor: tuple[float, float], behaviour: str, rng: np.random.Generator
) -> list[_Row]:
    place = np.array(floor) / 2 + rng.uniform(-0.7, 0.7, 2)
    heading = float(rng.uniform(-np.pi, np.pi))
    look = 0.15 * np.sin(2 * np.pi * 0.8 * np.arange(n) / SOURCE_FPS)
    turns = look if behaviour == "rearing" else np.zeros(n)
    return [
        (behaviour, float(place[0]), float(place[1]), heading, 0.0, float(turn)) for turn in turns
    ]


_Script = Callable[[int, tuple[float, float], np.random.Generator], list[_Row]]

#: What the mouse can do, by name.
ACTIONS: dict[str, _Script] = {
    "right": lambda n, floor, rng: _crossing(n, floor, float(rng.uniform(-0.3, 0.3)), rng),
    "left": lambda n, floor, rng: _crossing(n, floor, np.pi + float(rng.uniform(-0.3, 0.3)), rng),
    "move": lambda n, floor, rng: _crossing(n, floor, float(rng.uniform(-np.pi, np.pi)), rng),
    "still": lambda n, floor, rng: _staying(n, floor, "still", rng),
    "lie": lambda n, floor, rng: _staying(n, floor, "still", rng),
    "rear": lambda n, floor, rng: _staying(n, floor, "rearing", rng),
}
