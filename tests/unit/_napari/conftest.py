"""Recordings made of arrays, and a viewer model without a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari import correction_settings, run_settings, settings
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase

KEYPOINTS = ("nose", "neck", "tail_base", "tail_tip")


class CountedVideo:
    """A lazy video that counts how many pictures it was asked for; picture i is grey i % 256."""

    def __init__(self, n_frames: int, height: int = 48, width: int = 64) -> None:
        self.shape = (n_frames, height, width, 3)
        self.dtype = np.dtype(np.uint8)
        self.ndim = 4
        self.size = int(np.prod(self.shape))
        self.reads = 0

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        first = key[0] if isinstance(key, tuple) else key
        index = np.arange(self.shape[0])[first]
        self.reads += np.size(index)
        grey = (np.asarray(index) % 256).astype(np.uint8)[..., None, None, None]
        return np.broadcast_to(grey, (*np.shape(index), *self.shape[1:]))


def _pose(clock: Timebase, individuals: tuple[str, ...], size: tuple[int, int]) -> Any:
    frames = np.arange(clock.n_frames)
    position = np.empty((clock.n_frames, 2, len(KEYPOINTS), len(individuals)))
    for k in range(len(KEYPOINTS)):
        for i in range(len(individuals)):
            position[:, 0, k, i] = 10 + (frames % 20) + 3 * k
            position[:, 1, k, i] = 10 + 12 * i + k
    confidence = np.full((clock.n_frames, len(KEYPOINTS), len(individuals)), 0.9)
    return make_pose(position, confidence, KEYPOINTS, individuals, clock)


@pytest.fixture(autouse=True)
def _default_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what somebody has set in the preferences of this machine out of the tests."""
    monkeypatch.setattr(settings, "settings_section", lambda: None)
    monkeypatch.setattr(correction_settings, "correction_section", lambda: None)
    monkeypatch.setattr(run_settings, "run_section", lambda: None)


@pytest.fixture
def make_recording() -> Callable[..., Recording]:
    """Return a maker of recordings of arrays."""

    def make(
        n_frames: int = 1000,
        *,
        individuals: tuple[str, ...] = ("m1",),
        video: bool = True,
        pose: bool = True,
        fps: float | str = 30,
        clock: Timebase | None = None,
        id: str = "rec",
    ) -> Recording:
        clock = clock or Timebase.constant(fps, n_frames)
        pictures = CountedVideo(clock.n_frames) if video else None
        tracks = _pose(clock, individuals, (48, 64)) if pose else None
        return Recording(id, (View("main", clock, video=pictures, pose=tracks),))

    return make


@pytest.fixture
def recording(make_recording: Callable[..., Recording]) -> Recording:
    return make_recording()


@pytest.fixture
def ethogram() -> Ethogram:
    """Walking to frame 400, still from 300 on, and a rejected bout over all of it."""
    bouts = Intervals.build(
        "rec",
        [0, 300, 0],
        [400, 1000, 1000],
        "m1",
        label=["walking", "still", "flying"],
        confidence=[0.9, 0.5, 1.0],
        source=["model", "human", "model"],
        status=["proposed", "accepted", "rejected"],
    )
    return Ethogram(bouts)


@pytest.fixture
def clusters() -> Ethogram:
    bouts = Intervals.build("rec", [0, 500], [500, 1000], "m1", label=["slow turn", "quick walk"])
    return Ethogram(bouts, source="cluster")


@pytest.fixture
def viewer() -> Iterator[Any]:
    """Return a viewer without a window."""
    from napari.components import ViewerModel

    model = ViewerModel()
    yield model
    model.layers.clear()
