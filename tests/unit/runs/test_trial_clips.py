"""Drawn clips for trying models: what is said to be in them is in them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt.models.asks import ClipFrames
from napari_mousegpt.runs.trial_clips import ACTIONS, draw_clip, empty_clip
from support.seeing import dark_pixels, middles


def _travel(clip: ClipFrames) -> np.ndarray:
    places = middles(clip)
    return places[-1] - places[0]


@pytest.mark.parametrize("seed", range(6))
def test_the_mouse_does_what_is_said(seed: int) -> None:
    assert _travel(draw_clip("right", seed))[0] > 40
    assert _travel(draw_clip("left", seed))[0] < -40
    assert np.linalg.norm(_travel(draw_clip("move", seed))) > 40
    for action in ("still", "lie", "rear"):
        assert np.linalg.norm(_travel(draw_clip(action, seed))) < 3


def test_a_rearing_mouse_looks_shorter_than_one_that_lies() -> None:
    def length(action: str, seed: int) -> float:
        places = np.argwhere(dark_pixels(draw_clip(action, seed))[-1])
        return float(np.sqrt(np.linalg.eigvalsh(np.cov(places.T))[-1]))

    rearing = [length("rear", seed) for seed in range(6)]
    lying = [length("lie", seed) for seed in range(6)]
    assert max(rearing) < 0.8 * min(lying)


def test_the_same_seed_draws_the_same_clip_and_another_one_another() -> None:
    one, same, other = (draw_clip("left", seed, size=64) for seed in (3, 3, 4))
    assert (one.frames == same.frames).all()
    assert (one.frames != other.frames).mean() > 0.1


@pytest.mark.parametrize("action", sorted(ACTIONS))
@pytest.mark.parametrize(("n_frames", "size"), [(2, 64), (9, 48)])
def test_frames_stand_at_even_steps_within_the_second(
    action: str, n_frames: int, size: int
) -> None:
    clip = draw_clip(action, 0, n_frames=n_frames, size=size)
    assert clip.frames.shape == (n_frames, size, size, 3)
    assert clip.indices[-1] < clip.source_frames == 24
    assert np.ptp(np.diff(clip.indices)) <= 1


def test_an_empty_clip_holds_no_mouse() -> None:
    arena, even = empty_clip("arena", 1), empty_clip("even", 1)
    assert dark_pixels(draw_clip("still", 1)).any()
    assert not dark_pixels(arena).any()
    assert len({frame.tobytes() for frame in arena.frames}) > 1  # the noise of a camera
    assert np.ptp(even.frames) == 0
