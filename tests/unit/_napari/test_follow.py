from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt._napari import follow
from napari_mousegpt._napari.follow import Follower, needs_refill, window_span
from napari_mousegpt._napari.layers import TimeScale
from napari_mousegpt._napari.settings import DisplaySettings
from napari_mousegpt.core.timebase import Timebase


@given(st.integers(0, 5000), st.integers(1, 5000), st.integers(30, 600), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_window_holds_its_frame_and_stays_inside(
    frame: int, n_frames: int, size: int, back: bool
) -> None:
    frame = min(frame, n_frames - 1)
    start, stop = window_span(frame, n_frames, size, back=back)
    assert 0 <= start <= frame < stop <= n_frames
    assert stop - start == min(size, n_frames)
    # Otherwise it would be filled again on every step.
    assert not needs_refill(frame, start, stop, n_frames)


def test_more_is_held_ahead_than_behind() -> None:
    start, stop = window_span(1000, 5000, 300)
    assert stop - 1000 > 1000 - start
    start, stop = window_span(1000, 5000, 300, back=True)
    assert stop - 1000 < 1000 - start


class Rows:
    """A window that notes how often and with what it was filled."""

    def __init__(self, n_frames: int) -> None:
        self.n_frames = n_frames
        self.spans: list[tuple[int, int]] = []

    def attributes(self, start: int, stop: int) -> dict[str, Any]:
        return {}

    def fill(self, layer: Any, start: int, stop: int) -> None:
        self.spans.append((start, stop))


@pytest.fixture
def followed(
    viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, Follower, Any, Rows, list[Callable[[], None]]]:
    import numpy as np

    monkeypatch.setattr(follow, "display_settings", lambda: DisplaySettings(window_frames=300))
    scale = TimeScale.of(Timebase.constant(30, 2000)).attributes()
    layer = viewer.add_image(np.broadcast_to(np.uint8(0), (2000, 4, 4)), **scale)
    viewer.dims.set_current_step(0, 0)
    waiting: list[Callable[[], None]] = []
    follower = Follower(viewer, waiting.append)
    rows = Rows(2000)
    follower.add(layer, rows)
    return viewer, follower, layer, rows, waiting


def test_a_jump_fills_at_once_and_steps_inside_do_nothing(followed: Any) -> None:
    viewer, _, _, rows, waiting = followed
    assert rows.spans == [(0, 300)]
    for step in range(200):
        viewer.dims.set_current_step(0, step)
    assert len(rows.spans) == 1
    viewer.dims.set_current_step(0, 1500)
    assert rows.spans[1:] == [(1425, 1725)]
    assert not waiting


def test_the_next_window_is_fetched_ahead_outside_of_the_step(followed: Any) -> None:
    viewer, _, _, rows, waiting = followed
    viewer.dims.set_current_step(0, 260)
    viewer.dims.set_current_step(0, 261)
    assert len(rows.spans) == 1
    assert len(waiting) == 1
    waiting.pop()()
    assert rows.spans[1] == (186, 486)


def test_the_ends_of_the_recording_ask_for_nothing(followed: Any) -> None:
    viewer, _, _, rows, waiting = followed
    viewer.dims.set_current_step(0, 1999)
    assert rows.spans[-1] == (1700, 2000)
    for step in range(1990, 2000):
        viewer.dims.set_current_step(0, step)
    assert len(rows.spans) == 2
    assert not waiting


def test_playing_through_fills_each_stretch_about_once(followed: Any) -> None:
    viewer, _, _, rows, waiting = followed
    for step in range(0, 2000, 20):
        viewer.dims.set_current_step(0, step)
        while waiting:
            waiting.pop()()
    forwards = len(rows.spans)
    assert forwards <= 2000 / 150
    for step in range(1980, 0, -20):
        viewer.dims.set_current_step(0, step)
        while waiting:
            waiting.pop()()
    assert len(rows.spans) - forwards <= 2000 / 150


def test_a_hidden_layer_is_filled_when_it_is_shown(followed: Any) -> None:
    viewer, _, layer, rows, _ = followed
    layer.visible = False
    viewer.dims.set_current_step(0, 1000)
    assert len(rows.spans) == 1
    layer.visible = True
    assert rows.spans[-1] == (925, 1225)


def test_a_hidden_layer_is_not_filled_by_a_changed_setting_but_when_it_is_shown(
    followed: Any,
) -> None:
    _, follower, layer, rows, _ = followed
    layer.visible = False
    follower.refill()
    assert len(rows.spans) == 1
    layer.visible = True
    assert len(rows.spans) == 2


def test_a_removed_layer_is_left_alone(followed: Any) -> None:
    viewer, follower, layer, rows, _ = followed
    follower.remove(layer)
    viewer.dims.set_current_step(0, 1000)
    layer.visible = False
    layer.visible = True
    assert len(rows.spans) == 1
    assert follower.layers == []
