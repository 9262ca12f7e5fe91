"""Pictures of the generated mouse: an arena seen from above, drawn with signed distances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.io.sample_motion import Motion

__all__ = ["Scene", "pictures"]

Floats = NDArray[np.float64]
Pixels = NDArray[np.float32]

_FUR = (74.0, 62.0, 54.0)
_SHEEN = (58.0, 54.0, 50.0)
_SKIN = (176.0, 138.0, 130.0)
_EAR = (122.0, 98.0, 92.0)
# Radius of the body from neck to tail base, in body lengths, at even steps along the spine.
_BODY_RADII = (0.105, 0.125, 0.145, 0.160, 0.175, 0.185, 0.185, 0.172, 0.145, 0.105, 0.060)


@dataclass(frozen=True)
class Scene:
    """Size of the picture and place of the floor in it, in pixels.

    Parameters
    ----------
    height, width : int
        Size of the picture.
    """

    height: int
    width: int

    @property
    def margin(self) -> float:
        """Breadth of the walls around the floor."""
        return 0.085 * min(self.height, self.width)

    @property
    def scale(self) -> float:
        """Pixels per body length."""
        return 0.15 * min(self.height, self.width)

    @property
    def floor(self) -> tuple[float, float]:
        """Width and height of the floor in body lengths."""
        return (
            (self.width - 2 * self.margin) / self.scale,
            (self.height - 2 * self.margin) / self.scale,
        )

    def pixels(self, points: Floats) -> Floats:
        """Return places on the floor (body lengths) as pixels (x, y)."""
        return points * self.scale + self.margin


def pictures(motion: Motion, scene: Scene, rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """Draw every frame.

    Yields
    ------
    ndarray of uint8, shape (height, width, 3)
        RGB, with the noise of a camera.
    """
    empty = _arena(scene, rng)
    # A few noisy sheets in random order: far quicker than fresh noise in each frame. Only the
    # surroundings of the mouse are drawn anew.
    noise = rng.normal(0, 2.2, (6, scene.height, scene.width, 1)).astype(np.float32)
    sheets = np.clip(empty + noise, 0, 255).astype(np.uint8)
    for i in range(len(motion.label)):
        sheet = int(rng.integers(len(sheets)))
        frame = sheets[sheet].copy()
        box, corner = _surroundings(motion, i, scene)
        patch = empty[box].copy()
        _draw_mouse(patch, motion, i, scene, corner)
        patch += noise[sheet][box]
        frame[box] = np.clip(patch, 0, 255)
        yield frame


def _surroundings(motion: Motion, i: int, scene: Scene) -> tuple[tuple[slice, slice], Floats]:
    """Return the part of the picture the mouse can cover, and its upper left corner (x, y)."""
    places = scene.pixels(np.concatenate([motion.spine[i], motion.tail[i], motion.paws[i]]))
    low = np.maximum(np.floor(places.min(axis=0) - 0.4 * scene.scale), 0).astype(int)
    high = np.ceil(places.max(axis=0) + 0.4 * scene.scale).astype(int)
    return (slice(low[1], high[1]), slice(low[0], high[0])), low.astype(float)


def _arena(scene: Scene, rng: np.random.Generator) -> Pixels:
    """Return the empty arena, float32 (height, width, 3): floor, four lit walls, a dark outside."""
    y, x = np.mgrid[0.5 : scene.height, 0.5 : scene.width]
    edge = np.stack([x, scene.width - x, y, scene.height - y])
    nearest, inward = edge.argmin(axis=0), edge.min(axis=0) / scene.margin
    coarse = rng.normal(0, 1, (scene.height // 12 + 2, scene.width // 12 + 2))
    rows, cols = np.clip(y / 12, 0, None), np.clip(x / 12, 0, None)
    stains = _bilinear(coarse, rows, cols)
    off = np.hypot((x / scene.width - 0.55), (y / scene.height - 0.45))
    floor = 196 - 44 * off**2 * 2 + 2.5 * stains - 26 * np.exp(-np.maximum(inward - 1, 0) / 0.12)
    wall = np.choose(nearest, (150.0, 118.0, 138.0, 126.0)) - 46 * (1 - inward)
    grey = np.where(inward < 1, wall, floor)
    grey = np.where(np.abs(inward - 1) < 1.2 / scene.margin, grey - 40, grey)
    grey = np.where(inward < 0.1, 34.0, grey)
    tinted: Pixels = (grey[..., None] * np.array([1.0, 0.985, 0.95])).astype(np.float32)
    return tinted


def _bilinear(grid: Floats, rows: Floats, cols: Floats) -> Floats:
    r, c = rows.astype(int), cols.astype(int)
    u, v = rows - r, cols - c
    upper = grid[r, c] * (1 - v) + grid[r, c + 1] * v
    lower = grid[r + 1, c] * (1 - v) + grid[r + 1, c + 1] * v
    blended: Floats = upper * (1 - u) + lower * u
    return blended


def _draw_mouse(frame: Pixels, motion: Motion, i: int, scene: Scene, corner: Floats) -> None:
    """Draw one frame's mouse into a piece of the picture whose upper left corner is given."""
    unit, lift, width = scene.scale, float(motion.lift[i]), float(motion.width[i])
    spine = scene.pixels(motion.spine[i]) - corner
    tail = scene.pixels(motion.tail[i]) - corner
    paws = scene.pixels(motion.paws[i]) - corner
    ears = [scene.pixels(motion.points[f"{side}_ear"][i]) - corner for side in ("left", "right")]
    # What is higher is nearer to the camera: larger, and shifted away from the middle.
    grow = 1 + 0.22 * lift
    trunk = _along(spine[1:], len(_BODY_RADII))
    rest = np.linalg.norm(np.diff(spine[1:], axis=0), axis=1).sum() / unit
    plump = width * np.sqrt(max(1.0, 0.72 / max(rest, 0.3)))
    radii = np.array(_BODY_RADII) * unit * min(plump, 1.3)
    radii[:3] *= 1 + 0.15 * lift
    head = _along(spine[:2][::-1], 6)
    muzzle = np.linspace(0.105, 0.028, 6) * unit * grow
    _discs(frame, trunk + 0.05 * unit, radii * 1.02, None, -38.0, soft=0.07 * unit)
    line, thick = _along(tail, 48), np.linspace(0.030, 0.009, 48) * unit
    for piece in range(0, 48, 8):
        _discs(frame, line[piece : piece + 9], thick[piece : piece + 9], _SKIN, 0.0)
    for paw, r in zip(paws, (0.035, 0.035, 0.05, 0.05), strict=True):
        _discs(frame, paw[None], np.array([r * unit]), _SKIN, 0.0)
    _discs(frame, trunk, radii, _FUR, 1.0)
    _discs(frame, head, muzzle, _FUR, 0.8)
    for ear in ears:
        _discs(frame, ear[None], np.array([0.062 * unit * grow]), _EAR, -0.5)
    _discs(frame, spine[:1], np.array([0.024 * unit * grow]), _SKIN, 0.0)


def _along(points: Floats, count: int) -> Floats:
    """Return ``count`` points in even steps along a line of points, shape (count, 2)."""
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0, run[-1], count)
    return np.column_stack([np.interp(at, run, points[:, k]) for k in (0, 1)])


def _discs(
    frame: Pixels,
    centers: Floats,
    radii: Floats,
    colour: tuple[float, float, float] | None,
    relief: float,
    soft: float = 0.7,
) -> None:
    """Paint the union of discs into the frame, smooth at its edge.

    Parameters
    ----------
    frame : ndarray of float32, shape (height, width, 3)
        Changed in place.
    centers, radii : ndarray, shape (k, 2) and (k,)
        In pixels.
    colour : tuple of float or None
        RGB; None darkens what is there by ``relief`` (a shadow).
    relief : float
        How much lighter (or darker) the middle is than the edge.
    soft : float
        Breadth of the edge in pixels.
    """
    reach = radii + soft + 1
    low = np.floor((centers - reach[:, None]).min(axis=0)).astype(int)
    high = np.ceil((centers + reach[:, None]).max(axis=0)).astype(int) + 1
    (x0, y0), (x1, y1) = np.maximum(low, 0), np.minimum(high, frame.shape[1::-1])
    if x0 >= x1 or y0 >= y1:
        return
    x = np.arange(x0, x1, dtype=np.float32) + 0.5
    y = np.arange(y0, y1, dtype=np.float32)[:, None] + 0.5
    depth = np.full((y1 - y0, x1 - x0), -np.inf, dtype=np.float32)
    for (cx, cy), radius in zip(centers.astype(np.float32), radii.astype(np.float32), strict=True):
        distance = np.sqrt((x - cx) ** 2 + (y - cy) ** 2)
        np.maximum(depth, radius - distance, out=depth)
    cover = np.clip(0.5 + depth / (2 * soft), 0, 1)[..., None]
    patch = frame[y0:y1, x0:x1]
    if colour is None:
        patch += relief * cover
        return
    bulge = np.sqrt(np.clip(depth / max(float(radii.max()), 1.0), 0, 1))[..., None]
    paint = np.asarray(colour, dtype=np.float32) + np.float32(relief) * bulge * np.asarray(
        _SHEEN, dtype=np.float32
    )
    patch += cover * (paint - patch)
