from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from napari.layers import Layer

from napari_mousegpt._napari.console import viewer_state
from napari_mousegpt._napari.extras import extras_of
from napari_mousegpt._napari.show import recording_layers, show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError, StorageError

Make = Callable[..., Recording]


def test_a_viewer_without_a_recording_says_what_to_do(viewer: Any) -> None:
    state = viewer_state(viewer)
    assert (state.recording, state.recordings) == (None, {})
    assert repr(state) == "<viewer without a recording>"
    with pytest.raises(InputError, match=r"Show one with mg\.show"):
        _ = state.ethogram


def test_what_is_there_can_be_read(viewer: Any, recording: Recording, ethogram: Ethogram) -> None:
    show(viewer, recording, ethogram)
    state = viewer_state(viewer)
    assert state.recording is recording
    assert state.recordings == {"rec": recording}
    assert state.ethogram.labels == ("flying", "still", "walking")
    assert set(state.labels) == set(state.colours) == {"flying", "still", "walking"}
    assert state.words is None
    assert len(state.intervals) == 0
    assert list(state.visible.stop) == [1000]
    state_of(viewer).set_visible("rec", 10, 20)
    assert (list(state.visible.start), list(state.visible.stop)) == ([10], [20])
    state.go_to(90)
    assert (state.frame, state.seconds) == (90, 3.0)
    assert repr(state) == "<viewer of 'rec': frame 90, 3 bouts, 0 chosen>"


def test_scripts_and_panels_see_the_same(
    viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    show(viewer, recording, ethogram)
    state, desk = viewer_state(viewer), state_of(viewer).desk("rec")
    told: list[str] = []
    desk.changed.connect(lambda: told.append("changed"))
    desk.selected.connect(lambda: told.append("selected"))
    state.select_interval(100, 130)
    assert (desk.interval, told) == ((100, 130), ["selected"])
    assert state.intervals.to_pandas().iloc[0].tolist() == ["rec", "m1", 100, 130]
    (bout,) = state.mark("rearing")
    assert told[1:] == ["changed", "selected"]
    assert desk.selection == state.selection == (bout,)
    assert list(state.intervals.column("label")) == ["rearing"]
    # What is done in a panel is read here.
    desk.relabel("grooming")
    desk.go_to(110)
    assert (state.frame, "grooming" in state.ethogram.labels) == (110, True)
    state.undo()
    assert desk.book.get(bout).label == "rearing"
    state.redo()
    state.comment("seen")
    state.accept(*(row.bout_id for row in desk.book.rows if row.label == "walking"))
    state.trim(start=105)
    assert state.split(120) == (bout, desk.selection[0])
    state.merge(bout, desk.selection[0], label="sniffing")
    row = desk.book.get(bout)
    assert (row.start, row.stop, row.label, row.comment) == (105, 130, "sniffing", "seen")
    state.relabel("still", bout)
    state.reject(bout)
    assert desk.book.get(bout).status == "rejected"
    state.remove(bout)
    assert bout not in desk.book
    state.select(*(row.bout_id for row in desk.book.rows if row.label == "still"), jump=True)
    assert state.frame == 300
    state.loop()
    assert desk.loop_span == (300, 1000)
    state.stop_loop()
    assert desk.loop_span is None
    assert state.next() is None


def test_a_stretch_is_marked_in_one_line(viewer: Any, make_recording: Make) -> None:
    show(viewer, make_recording(individuals=("a", "b")))
    state = viewer_state(viewer)
    (bout,) = state.mark("rearing", "1s", "2.5s", individual="b")
    row = state.desk.book.get(bout)
    assert (row.start, row.stop, row.individual) == (30, 75, "b")
    with pytest.raises(InputError, match="individual 'c': expected 'a', 'b'"):
        state.mark("rearing", 0, 5, individual="c")
    with pytest.raises(InputError, match="both start and stop"):
        state.mark("rearing", 5)


def test_whole_numbers_are_frames_and_others_are_times(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    state = viewer_state(viewer)
    for at, frame in ((np.int64(90), 90), (3.0, 90), ("3s", 90), ("90f", 90), (3.01, 90)):
        state.go_to(at)
        assert state.frame == frame
    state.select_interval(0.0, 1000 / 30)
    assert state.desk.interval == (0, 1000)
    with pytest.raises(InputError, match="expected 0 to 33"):
        state.go_to(99.0)
    state.go_to(-5)
    assert state.frame == 0


def test_times_are_those_of_the_pictures(viewer: Any, make_recording: Make) -> None:
    ticks = np.array([0, 10, 40, 50, 90])
    clock = Timebase(5, Fraction(10), ticks, Fraction(1, 100))
    show(viewer, make_recording(clock=clock))
    state = viewer_state(viewer)
    state.select_interval(0.1, 0.5)
    assert state.desk.interval == (1, 3)


def test_without_a_frame_rate_there_are_frames_only(viewer: Any, make_recording: Make) -> None:
    state_of(viewer)
    for item in recording_layers(make_recording(video=False), clocked=False):
        viewer.add_layer(Layer.create(*item))
    state = viewer_state(viewer)
    assert list(state.recordings) == ["rec"]
    state.select_interval(5, 10)
    assert state.desk.interval == (5, 10)
    for asks in (lambda: state.seconds, lambda: state.go_to(2.0)):
        with pytest.raises(InputError, match="expected a known frame rate"):
            asks()


def test_what_cannot_be_done_is_raised(
    viewer: Any, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(viewer, recording)
    state = viewer_state(viewer)
    with pytest.raises(InputError, match="Choose a bout first"):
        state.accept()
    with pytest.raises(InputError, match="Choose a bout first"):
        state.loop()
    with pytest.raises(InputError, match="bout 'nothing'"):
        state.select("nothing")
    with pytest.raises(InputError, match="frames of 'rec', 0 to 1000"):
        state.select_interval(2000, 3000)

    def full(self: Any, *edits: Any) -> None:
        raise StorageError("corrections", found="a full disk")

    monkeypatch.setattr("napari_mousegpt.store.corrections.CorrectionsFile.append", full)
    with pytest.raises(StorageError, match="a full disk"):
        state.mark("rearing", 0, 5)
    assert len(state.ethogram) == 0


def test_words_are_those_of_the_timeline(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    state = viewer_state(viewer)
    table = DESCRIPTIONS.empty()
    state.words = table
    shown = extras_of(state_of(viewer), "rec").words
    assert isinstance(shown, pd.DataFrame)
    assert state.words is shown
    state.words = None
    assert state.words is None


def test_epochs_and_curves_of_a_script_are_kept(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    state = viewer_state(viewer)
    state.add_epochs(Intervals.build("", [0, 300], [90, 330], label=["cue", "shock"]))
    state.add_curve("heart rate", np.arange(1000.0), unit="1/min")
    extras = extras_of(state_of(viewer), "rec")
    assert extras.epochs.column("label").tolist() == ["cue", "shock"]
    assert [(curve.name, curve.unit) for curve in extras.curves] == [("heart rate", "1/min")]
    with pytest.raises(MismatchError, match="1000"):
        state.add_curve("short", np.arange(10.0))
