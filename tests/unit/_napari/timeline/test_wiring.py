"""The timeline and the viewer, kept alike both ways; no window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Layer
from psygnal import Signal

from napari_mousegpt._napari.extras import add_curve, add_epochs, extras_of, take_words
from napari_mousegpt._napari.show import recording_layers, show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.timeline.doing import ACTIONS, label_with, merge, next_alike
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack
from napari_mousegpt._napari.timeline.wiring import TimelineWiring
from napari_mousegpt.core.arena import Arena, Zone
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.words.describing import describe

MakeRecording = Callable[..., Recording]
MakeEthogram = Callable[..., Ethogram]


class Jobs:
    """Starts jobs that wait until they are told to run."""

    def __init__(self) -> None:
        self.waiting: list[FakeJob] = []
        self.titles: list[str] = []

    def __call__(self, viewer: Any, parts: Any, *args: Any, title: str, **kwargs: Any) -> FakeJob:
        self.titles.append(title)
        self.waiting.append(FakeJob(parts(*args), kwargs["on_done"]))
        return self.waiting[-1]

    def run(self) -> None:
        while self.waiting:
            self.waiting.pop(0).run()


class FakeJob:
    ended = Signal(object)

    def __init__(self, parts: Iterator[Any], on_done: Callable[[Any], None]) -> None:
        self.parts, self.on_done = parts, on_done
        self.error: Exception | None = None
        self.state = "running"

    def cancel(self) -> None:
        self.state = "cancelled"

    def run(self) -> None:
        try:
            while True:
                next(self.parts)
        except StopIteration as end:
            self.on_done(end.value)
            self.state = "finished"
        except InputError as error:
            self.error, self.state = error, "failed"
        self.ended.emit(self)


@pytest.fixture
def viewer() -> Iterator[ViewerModel]:
    model = ViewerModel()
    yield model
    model.layers.clear()


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def wire(jobs: Jobs) -> Iterator[Callable[[ViewerModel], TimelineWiring]]:
    made: list[TimelineWiring] = []

    def make(viewer: ViewerModel) -> TimelineWiring:
        made.append(TimelineWiring(viewer, TimelineModel(), defer=lambda task: task(), start=jobs))
        return made[-1]

    yield make
    for wiring in made:
        wiring.close()


@pytest.fixture
def wiring(wire: Any, viewer: ViewerModel) -> TimelineWiring:
    return wire(viewer)


def labelled(recording: Recording, source: str = "model", **columns: Any) -> Ethogram:
    """Still and walking in turns of 50 frames."""
    frames = np.array(["still", "walking"])[np.arange(recording.n_frames) // 50 % 2]
    score = np.full(recording.n_frames, 0.8)
    who = (recording.individuals or ("",))[0]
    return Ethogram.from_frames(frames, recording.id, who, confidence=score, source=source)


def keys(wiring: TimelineWiring) -> list[str]:
    return [track.key for track in wiring.model.tracks]


def track(wiring: TimelineWiring, key: str) -> Any:
    return next(track for track in wiring.model.tracks if track.key == key)


def test_nothing_is_shown_until_something_is_open(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    assert (wiring.recording, wiring.desk, wiring.model.n_frames) == (None, None, 0)
    wiring.jump(5)
    wiring.select("a")
    wiring.draw(1, 2, "")
    wiring.loop("a")
    wiring.trim("a", 1, 2)
    recording = make_recording(600)
    show(viewer, recording, labelled(recording), labelled(recording, "cluster"))
    assert wiring.recording is recording
    assert wiring.model.timebase is recording.timebase
    assert keys(wiring) == ["human/m1", "model/m1", "cluster/m1", "confidence/m1"]
    assert wiring.state.visible("rec") == (0, 600)
    viewer.layers.clear()
    assert (wiring.recording, wiring.desk, wiring.model.tracks) == (None, None, ())
    assert wiring.state.visible("rec") is None


def test_what_was_open_before_is_shown(
    wire: Any, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(600)
    show(viewer, recording, labelled(recording))
    state_of(viewer).go_to("rec", 77)
    wiring = wire(viewer)
    assert wiring.model.frame == 77
    assert len(track(wiring, "model/m1")) == 12


@pytest.mark.parametrize("video", [True, False])
def test_the_line_follows_the_slider_and_the_slider_the_line(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording, video: bool
) -> None:
    show(viewer, make_recording(600, video=video))
    wiring.state.go_to("rec", 321)
    assert wiring.model.frame == 321
    wiring.jump(45)
    assert wiring.state.frame("rec") == 45
    assert wiring.model.frame == 45


def test_of_many_moves_in_one_event_the_last_one_is_shown(
    viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    tasks: list[Callable[[], None]] = []
    show(viewer, make_recording(600))
    wiring = TimelineWiring(viewer, TimelineModel(), defer=tasks.append)
    while tasks:
        tasks.pop(0)()
    shown: list[int] = []
    viewer.dims.events.current_step.connect(lambda event: shown.append(wiring.model.frame))
    for frame in (10, 20, 30):
        wiring.jump(frame)
    assert len(tasks) == 1
    tasks.pop()()
    assert wiring.state.frame("rec") == 30
    assert len(shown) == 1
    wiring.close()


def test_a_drag_is_like_a_held_slider_and_a_click_is_not(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    show(viewer, make_recording(600))
    held: list[bool] = []
    viewer.dims.events.current_step.connect(
        lambda event: held.append(wiring.state.hands.holds(0, 0))
    )
    wiring.jump(10, dragged=True)
    wiring.jump(20)
    assert held == [True, False]
    assert not wiring.state.hands.holds(0, 20)


def test_playing_asks_for_no_tracks(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(600)
    show(viewer, recording, labelled(recording))
    told: list[str] = []
    wiring.model.tracks_changed.connect(lambda: told.append("tracks"))
    wiring.changed.connect(lambda: told.append("changed"))
    wiring.model.selection_changed.connect(lambda ids: told.append("selection"))
    for frame in range(20):
        wiring.state.go_to("rec", frame)
    assert told == []
    assert wiring.model.frame == 19


def test_recordings_take_turns_and_find_their_view_again(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    first, second = make_recording(600, id="one"), make_recording(300, id="two")
    show(viewer, first, labelled(first))
    wiring.model.set_view(100, 200)
    wiring.model.set_hidden({"model/m1"})
    assert wiring.state.visible("one") == (100, 200)
    show(viewer, second)
    wiring.choose("two")
    assert wiring.recording is second
    assert wiring.recordings == ("one", "two")
    assert wiring.model.view == (0, 300)
    assert wiring.state.visible("one") is None
    wiring.choose("one")
    assert wiring.model.view == (100, 200)
    assert wiring.model.hidden == {"model/m1"}
    assert wiring.state.visible("one") == (100, 200)


def test_two_viewers_have_timelines_of_their_own(
    wire: Any, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    other = ViewerModel()
    recording = make_recording(600)
    for one in (viewer, other):
        show(one, recording, labelled(recording))
    here, there = wire(viewer), wire(other)
    here.select(track(here, "model/m1").bout_id[2])
    here.jump(99)
    here.draw(5, 9, "m1")
    assert there.model.selection == ()
    assert there.model.frame == 0
    assert there.model.interval is None


def test_a_choice_goes_both_ways(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(600)
    show(viewer, recording, labelled(recording))
    ids = list(track(wiring, "model/m1").bout_id)
    wiring.select(ids[1])
    assert wiring.desk is not None
    assert wiring.desk.selection == (ids[1],)
    wiring.model.set_view(0, 100)
    wiring.desk.select(ids[8], ids[9])
    assert wiring.model.selection == (ids[8], ids[9])
    # What was chosen in a table comes into view.
    assert wiring.model.view[0] <= 400
    assert wiring.model.view[1] >= 450
    wiring.model.set_view(0, 100)
    wiring.desk.accept()
    assert wiring.model.view == (0, 100)


def test_an_epoch_is_chosen_on_the_timeline_only(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(600)
    show(viewer, recording, labelled(recording))
    wiring.select(track(wiring, "model/m1").bout_id[0])
    add_epochs(wiring.state, Intervals.build("rec", [10], [90], label=["dose"]))
    wiring.select(track(wiring, "epoch/").bout_id[0])
    assert wiring.model.selection == (track(wiring, "epoch/").bout_id[0],)
    assert wiring.desk is not None
    assert wiring.desk.selection == ()


def test_marking_and_correcting_on_the_timeline(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    show(viewer, make_recording(600, individuals=("m1", "m2")))
    wiring.draw(20, 60, "m2")
    desk = wiring.desk
    assert desk is not None
    assert (desk.interval, desk.individual) == ((20, 60), "m2")
    assert wiring.model.interval == (20, 60)
    label_with(desk, "rearing")
    (bout,) = track(wiring, "human/m2").bout_id
    assert wiring.model.selection == (bout,)
    assert wiring.model.interval is None
    wiring.trim(bout, 25, 70)
    label_with(desk, "grooming")
    marked = track(wiring, "human/m2")
    assert (list(marked.start), list(marked.stop), list(marked.label)) == ([25], [70], ["grooming"])
    assert wiring.model.colour("grooming") == wiring.state.colours("rec")["grooming"]
    for _ in range(3):
        ACTIONS["undo"](desk)
    assert len(track(wiring, "human/m2")) == 0
    ACTIONS["redo"](desk)
    assert list(track(wiring, "human/m2").label) == ["rearing"]


def test_a_single_bout_is_joined_with_the_next_of_its_label(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(200)
    show(viewer, recording, labelled(recording))
    desk = wiring.desk
    assert desk is not None
    still, walking, more, last = track(wiring, "model/m1").bout_id
    assert next_alike(desk, still) == more
    assert next_alike(desk, last) is None
    assert next_alike(desk, "nobody") is None
    desk.reject(more)
    assert next_alike(desk, still) is None
    desk.select(last)
    merge(desk)  # nothing comes after it: a word in the status bar
    assert len(track(wiring, "model/m1")) == 4
    desk.select(walking)
    merge(desk)
    joined = track(wiring, "human/m1")
    assert (joined.start[0], joined.stop[0], joined.bout_id[0]) == (50, 200, walking)


def test_a_loop_begins_and_ends(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(600)
    show(viewer, recording, labelled(recording))
    desk = wiring.desk
    assert desk is not None
    wiring.loop(track(wiring, "model/m1").bout_id[3])
    assert desk.loop_span == (150, 200)
    ACTIONS["loop"](desk)
    assert desk.loop_span is None
    wiring.loop(track(wiring, "model/m1").bout_id[3])
    wiring.jump(10)
    assert desk.loop_span is None


def test_a_pose_that_is_attached_later_brings_its_animals(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    posed = make_recording(600, individuals=("m1", "m2"))
    bare = replace(posed, views=(replace(posed.primary, pose=None),))
    show(viewer, bare)
    assert keys(wiring) == ["human/"]
    wiring.model.set_view(100, 200)
    show(viewer, posed)
    assert keys(wiring) == ["human/m1", "human/m2"]
    assert wiring.model.view == (100, 200)


def test_a_recording_without_a_clock_counts_frames(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(600, video=False)
    for data in recording_layers(recording, clocked=False):
        viewer.add_layer(Layer.create(*data))
    assert wiring.recording is recording
    assert wiring.model.timebase is None
    wiring.jump(123)
    assert wiring.model.frame == 123
    wiring.draw(5, 10, "m1")
    assert wiring.desk is not None
    wiring.desk.mark("rearing")
    assert len(track(wiring, "human/m1")) == 1


def _with_zone(recording: Recording, individual: str | None = None) -> Recording:
    zone = Zone("left", ((0.0, 0.0), (20.0, 0.0), (20.0, 48.0), (0.0, 48.0)))
    view = replace(recording.primary, arenas=(Arena("box", zones=(zone,), individual=individual),))
    return replace(recording, views=(view,))


def test_visits_to_zones_are_computed_once_and_beside_the_viewer(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording, jobs: Jobs
) -> None:
    recording = _with_zone(make_recording(200))
    show(viewer, recording)
    assert jobs.titles == ["Zones of the timeline"]
    assert "zone/m1" not in keys(wiring)
    viewer.layers.selection.active = viewer.layers[0]
    assert len(jobs.waiting) == 1
    jobs.run()
    assert set(track(wiring, "zone/m1").label) == {"left"}
    viewer.layers.selection.active = viewer.layers[1]
    assert len(jobs.titles) == 1
    # Another arena, another answer.
    wiring.state.set_arenas("rec", [])
    assert "zone/m1" not in keys(wiring)


def test_why_there_are_no_visits_is_told_once(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording, jobs: Jobs
) -> None:
    told: list[str] = []
    wiring.jobs.failed.connect(told.append)
    show(viewer, _with_zone(make_recording(200), individual="somebody"))
    jobs.run()
    viewer.layers.selection.active = viewer.layers[0]
    assert len(jobs.titles) == 1
    assert len(told) == 1
    assert "somebody" in told[0]
    assert keys(wiring) == ["human/m1"]


def test_visits_that_a_person_measured_are_no_labels(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording, jobs: Jobs
) -> None:
    recording = _with_zone(make_recording(200))
    visits = Intervals.build("rec", [0], [30], "m1", label=["left"], arena=["box"])
    show(viewer, recording, Ethogram(visits, source="model"), labelled(recording))
    assert list(track(wiring, "zone/m1").label) == ["left"]
    assert set(track(wiring, "model/m1").label) == {"still", "walking"}
    assert wiring.desk is not None
    assert "left" not in wiring.desk.all_labels


def test_a_visit_to_a_zone_and_an_epoch_are_played_as_a_bout_is(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording, jobs: Jobs
) -> None:
    recording = _with_zone(make_recording(200))
    visits = Intervals.build("rec", [5, 40], [30, 60], "m1", label="left", arena="box")
    show(viewer, recording, Ethogram(visits, source="model"))
    add_epochs(wiring.state, Intervals.build("rec", [100], [150], label=["light"]))
    desk = wiring.desk
    assert desk is not None
    desk.set_interval(0, 3)
    for key, row, span in (("zone/m1", 1, (40, 60)), ("epoch/", 0, (100, 150))):
        wiring.loop(track(wiring, key).bout_id[row])
        assert desk.loop_span == span
        desk.stop_loop()


def test_a_timeline_that_is_closed_does_not_take_up_what_was_put_off(
    viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    tasks: list[Callable[[], None]] = []
    wiring = TimelineWiring(viewer, TimelineModel(), defer=tasks.append)
    recording = make_recording(200)
    show(viewer, recording, labelled(recording))
    tasks.pop()()
    assert wiring.state.visible("rec") == (0, 200)
    wiring.jump(50)
    viewer.layers.selection.active = viewer.layers[0]
    wiring.close()
    tasks.pop()()
    assert wiring.desk is None
    assert wiring.state.visible("rec") is None
    assert wiring.state.frame("rec") == 0


def test_a_trace_is_measured_when_it_is_wanted(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording, jobs: Jobs
) -> None:
    recording = make_recording(200, individuals=("m1", "m2"))
    show(viewer, recording)
    assert jobs.titles == []
    extras = extras_of(wiring.state, "rec")
    extras.show_trace("body_speed")
    assert jobs.titles == ["Traces of the timeline"]
    jobs.run()
    assert keys(wiring) == ["human/m1", "trace/body_speed/m1", "human/m2", "trace/body_speed/m2"]
    extras.show_trace("turn_rate")
    assert len(jobs.titles) == 1
    assert "trace/turn_rate/m1" in keys(wiring)
    extras.show_trace("body_speed", False)
    assert "trace/body_speed/m1" not in keys(wiring)
    viewer.layers.clear()
    assert extras.measured.features(recording) is None


def test_words_are_in_the_tooltips(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(200)
    words = describe(recording)
    show(viewer, recording, labelled(recording))
    take_words(wiring.state, "rec", words)
    assert track(wiring, "model/m1").words[0] in set(words["overall"])
    take_words(wiring.state, "rec", labelled(recording))
    take_words(wiring.state, "rec", pd.DataFrame({"x": [1]}))
    assert track(wiring, "model/m1").words[0] != ""
    # Of a part that is described anew; the rest stays.
    extras = extras_of(wiring.state, "rec")
    again = words[words["start"] == 30].assign(overall="It sings.")
    take_words(wiring.state, "rec", again)
    assert extras.words is not None
    assert len(extras.words) == len(words)
    assert list(track(wiring, "model/m1").words[:1]) == [words["overall"][0]]
    assert set(extras.words["overall"]) == {*words["overall"], "It sings."}
    with pytest.raises(InputError, match="descriptions"):
        extras_of(wiring.state, "rec").set_words(pd.DataFrame({"x": [1]}))


def test_epochs_and_curves_from_the_console(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    with pytest.raises(InputError, match="an open recording"):
        add_curve(wiring.state, "novelty", np.zeros(200))
    show(viewer, make_recording(200))
    add_curve(wiring.state, "novelty", np.arange(200), "m1")
    add_curve(wiring.state, "novelty", np.ones(200), "m1")
    curve = track(wiring, "curve/novelty/m1")
    assert isinstance(curve, CurveTrack)
    assert curve.values.max() == 1
    for _ in range(2):
        add_epochs(wiring.state, Intervals.build("", [10], [20], label=["cue"]))
    add_epochs(wiring.state, Intervals.build("rec", [30], [40]))
    epochs = track(wiring, "epoch/")
    assert isinstance(epochs, BoutTrack)
    assert (list(epochs.start), list(epochs.label)) == ([10, 30], ["cue", "epoch"])
    with pytest.raises(MismatchError, match="200 frames"):
        add_curve(wiring.state, "short", np.zeros(10))
    with pytest.raises(InputError, match="one number for each frame"):
        add_curve(wiring.state, "text", ["a"] * 200)
    with pytest.raises(InputError, match="a name"):
        add_curve(wiring.state, "", np.zeros(200))
    with pytest.raises(InputError, match="frames 0 to 200"):
        add_epochs(wiring.state, Intervals.build("rec", [10], [300], label=["cue"]))
    with pytest.raises(InputError, match="'other'"):
        add_epochs(wiring.state, Intervals.build("other", [10], [30], label=["cue"]))
    extras = extras_of(wiring.state, "rec")
    extras.remove_curve("novelty")
    extras.clear_epochs()
    assert keys(wiring) == ["human/m1"]


def test_a_closed_timeline_hears_nothing_more(
    wiring: TimelineWiring, viewer: ViewerModel, make_recording: MakeRecording
) -> None:
    recording = make_recording(600)
    show(viewer, recording, labelled(recording))
    wiring.close()
    assert wiring.state.visible("rec") is None
    wiring.state.go_to("rec", 300)
    state_of(viewer).desk("rec").select(labelled(recording).bouts.column("bout_id")[0])
    assert wiring.model.frame == 0
    assert wiring.model.n_frames == 0
