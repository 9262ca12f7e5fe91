"""The state behind the timeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.tracks import BoutTrack
from napari_mousegpt.core.colours import label_colour
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError


@pytest.fixture
def model() -> TimelineModel:
    return TimelineModel(1000, Timebase.constant(30, 1000))


def heard(signal: Any) -> list[Any]:
    found: list[Any] = []
    signal.connect(lambda *args: found.append(args))
    return found


def track(key: str) -> BoutTrack:
    return BoutTrack(key, key, "model", "m", [1], [5], ["walking"])  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(-200, 1200)), max_size=12))
def test_the_view_stays_in_the_recording(steps: list[tuple[float, float]]) -> None:
    model = TimelineModel(1000)
    for factor, around in steps:
        model.zoom(factor, around)
        model.pan(around / 7)
        start, stop = model.view
        assert 0 <= start < stop <= 1000
        assert stop - start >= 8 - 1e-9
        first, last = model.visible
        assert 0 <= first <= start < stop <= last <= 1000


@given(st.floats(0.2, 30), st.floats(300, 700))
def test_zoom_keeps_what_is_under_the_mouse(factor: float, around: float) -> None:
    model = TimelineModel(1000)
    model.set_view(250, 750)
    before = (around - 250) / 500
    model.zoom(factor, around)
    start, stop = model.view
    if start > 0 and stop < 1000:
        assert (around - start) / (stop - start) == pytest.approx(before)


def test_zoom_without_a_mouse_goes_to_the_current_frame(model: TimelineModel) -> None:
    model.set_frame(600)
    model.zoom(20)
    assert model.view[0] < 600 < model.view[1]
    model.follow = False
    model.set_frame(0)
    middle = sum(model.view) / 2
    model.zoom(2)
    assert sum(model.view) / 2 == pytest.approx(middle)
    model.fit()
    assert model.view == (0, 1000)


def test_the_view_follows_the_current_frame(model: TimelineModel) -> None:
    model.set_view(100, 200)
    seen = heard(model.view_changed)
    model.set_frame(150)
    assert seen == []
    model.set_frame(200)
    assert model.view[0] < 200 < model.view[1] - 80
    assert model.view[1] - model.view[0] == pytest.approx(100)
    model.set_frame(50)
    assert model.view[0] < 50 - 80 + 40
    assert model.view[0] < 50 < model.view[1]
    model.follow = False
    before = model.view
    model.set_frame(900)
    assert model.view == before


def test_reveal_shows_a_whole_bout(model: TimelineModel) -> None:
    model.set_view(0, 100)
    model.reveal(400, 430)
    assert model.view[0] < 400
    assert model.view[1] > 430
    assert model.view[1] - model.view[0] == pytest.approx(100)
    model.reveal(100, 500)
    assert model.view[0] < 100
    assert model.view[1] > 500
    before = model.view
    model.reveal(200, 300)
    assert model.view == before


def test_signals_come_only_when_something_changed(model: TimelineModel) -> None:
    a, b = track("a"), track("b")
    calls: list[tuple[Any, Any]] = [
        (model.tracks_changed, lambda: model.set_tracks([a, b])),
        (model.tracks_changed, lambda: model.set_hidden(["a"])),
        (model.tracks_changed, lambda: model.set_compact(True)),
        (model.colours_changed, lambda: model.set_colours({"x": "#112233"})),
        (model.frame_changed, lambda: model.set_frame(12)),
        (model.selection_changed, lambda: model.select("1", "2", "1")),
        (model.interval_changed, lambda: model.set_interval((3, 9))),
        (model.view_changed, lambda: model.set_view(10, 90)),
    ]
    for signal, change in calls:
        found = heard(signal)
        change()
        change()
        assert len(found) == 1
    assert model.selection == ("1", "2")
    assert model.interval == (3, 9)
    assert model.shown_tracks == (b,)
    assert model.frame == 12


def test_frames_outside_are_moved_in(model: TimelineModel) -> None:
    model.set_frame(5000)
    assert model.frame == 999
    model.set_frame(-3)
    assert model.frame == 0


def test_another_recording_begins_anew(model: TimelineModel) -> None:
    model.set_tracks([track("a")])
    model.select("1")
    model.set_interval((1, 2))
    model.set_frame(40)
    model.set_recording(50)
    assert (model.tracks, model.selection, model.interval, model.frame) == ((), (), None, 0)
    assert model.view == (0, 50)
    assert model.timebase is None
    model.set_recording(3)
    model.zoom(10)
    assert model.view == (0, 3)
    model.set_recording(0)
    model.zoom(10)
    model.set_frame(3)
    assert (model.view, model.frame) == ((0, 0), 0)


def test_labels_without_a_given_colour_have_their_own(model: TimelineModel) -> None:
    model.set_colours({"x": "#112233"})
    assert model.colour("x") == "#112233"
    assert model.colour("walking") == label_colour("walking")
    assert model.colour("noise") == "#c8c8c8"


def test_what_does_not_fit_is_refused(model: TimelineModel) -> None:
    with pytest.raises(InputError, match="'a' twice"):
        model.set_tracks([track("a"), track("a")])
    with pytest.raises(InputError, match="1000 frames or more"):
        TimelineModel(1000, Timebase.constant(30, 10))
    with pytest.raises(InputError, match="0 frames or more"):
        TimelineModel(-1)
    assert np.isfinite(model.view).all()
