from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.notifications import notification_manager

from napari_mousegpt._napari import scrubbing
from napari_mousegpt._napari.layers import video_layer
from napari_mousegpt._napari.scrubbing import REST, STOPPED, Scrubber
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import make_sample
from support.keyed_video import KeyedVideo


class Hands:
    """A hand that the test moves, timers that it lets ring and threads that it lets end."""

    def __init__(self) -> None:
        self.down = False
        #: Where the slider is; a script that sets the frame moves it only afterwards.
        self.value = 0
        self.released: list[Callable[[], None]] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.threads: list[tuple[Callable[[], object], Callable[[Exception | None], None]]] = []

    def holds(self, axis: int, step: int) -> bool:
        return self.down and self.value == step

    def on_release(self, task: Callable[[], None]) -> None:
        self.released.append(task)

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        self.timers.append((seconds, task))

    def beside(self, work: Any, done: Any) -> None:
        self.threads.append((work, done))

    def ring(self, seconds: float) -> None:
        due = [task for length, task in self.timers if length == seconds]
        self.timers = [timer for timer in self.timers if timer[0] != seconds]
        for task in due:
            task()

    def end_threads(self, error: Exception | None = None) -> None:
        threads, self.threads = self.threads, []
        for work, done in threads:
            work()
            done(error)

    def let_go(self) -> None:
        self.down = False
        for task in self.released:
            task()


class Desk:
    """A viewer without a window, one video in it, and what was said about previews."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.video = KeyedVideo()
        clock = Timebase.constant(25, 200)
        item = video_layer(Recording("m1", (View("main", clock, video=self.video),)))
        self.layer = viewer.add_layer(Layer.create(*item))
        self.hands = Hands()
        self.said: list[list[str]] = []
        self.scrubber = Scrubber(viewer, self.hands, lambda: self.said.append(self.scrubber.lines))
        self.scrubber.add(self.layer)
        viewer.dims.set_current_step(0, 0)
        self.video.exact.clear()

    def go(self, frame: int) -> None:
        """Move the slider."""
        self.hands.value = frame
        self.script(frame)

    def script(self, frame: int) -> None:
        """Set the frame from a script; the slider follows."""
        self.viewer.dims.set_current_step(0, frame)
        self.hands.value = frame

    @property
    def shown(self) -> int:
        """Picture on the canvas."""
        return int(self.layer.get_value((self.viewer.dims.point[0], 1, 1), world=True)[0])


@pytest.fixture
def desk(viewer: Any) -> Desk:
    return Desk(viewer)


def test_the_slider_in_the_hand_shows_key_pictures_and_at_rest_the_exact_one(desk: Desk) -> None:
    desk.hands.down = True
    for frame in (33, 95, 142, 57):
        desk.go(frame)
        assert desk.shown == frame // 10 * 10
    assert desk.scrubber.lines == ["preview: picture 50 in place of 57"]
    assert len(desk.hands.timers) == 4
    desk.hands.ring(REST)
    # Only the last timer counts, and decoding is for a thread.
    assert len(desk.hands.threads) == 1
    assert desk.shown == 50
    desk.hands.end_threads()
    assert desk.shown == 57
    assert desk.scrubber.lines == []
    assert desk.said[0] == ["preview: picture 30 in place of 33"]
    assert desk.said[-1] == []


def test_only_the_last_move_counts(desk: Desk) -> None:
    desk.hands.down = True
    desk.go(33)
    first = desk.hands.timers.pop()[1]
    desk.go(57)
    first()
    assert desk.hands.threads == []
    desk.hands.ring(REST)
    assert len(desk.hands.threads) == 1


def test_letting_go_shows_the_exact_picture_without_a_wait(desk: Desk) -> None:
    desk.hands.down = True
    desk.go(57)
    desk.hands.let_go()
    desk.hands.end_threads()
    assert desk.shown == 57
    desk.hands.ring(REST)
    assert not desk.hands.threads


def test_a_script_always_gets_the_exact_picture(desk: Desk) -> None:
    for frame in (57, 142, 3):
        desk.go(frame)
        assert desk.shown == frame
    assert desk.video.near == []
    # Also while the slider is held, and of the very frame that is shown as a preview.
    desk.hands.down = True
    desk.go(57)
    assert desk.shown == 50
    assert desk.layer.data[57].max() == 57
    assert desk.layer.data[57:58].max() == 57
    desk.script(58)
    assert desk.shown == 58
    # Whatever makes napari draw again later.
    desk.layer.refresh()
    assert desk.shown == 58


def test_a_move_while_the_exact_picture_is_decoded_does_not_wait(desk: Desk) -> None:
    desk.hands.down = True
    desk.go(57)
    desk.hands.ring(REST)
    desk.go(142)
    # The video is busy: the last preview stays, and says what it is.
    assert desk.shown == 50
    assert desk.scrubber.lines == ["preview: picture 50 in place of 142"]
    desk.hands.end_threads()
    assert desk.shown == 140
    desk.hands.ring(REST)
    desk.hands.end_threads()
    assert desk.shown == 142


def test_rest_while_another_exact_picture_is_decoded_decodes_the_right_one_too(desk: Desk) -> None:
    desk.hands.down = True
    desk.go(57)
    desk.hands.ring(REST)
    desk.go(142)
    desk.hands.ring(REST)
    assert len(desk.hands.threads) == 1
    desk.hands.end_threads()
    assert desk.shown == 50
    desk.hands.end_threads()
    assert desk.shown == 142
    assert desk.scrubber.lines == []


def test_a_picture_that_cannot_be_decoded_is_told_and_stays_a_preview(desk: Desk) -> None:
    desk.hands.down = True
    desk.go(57)
    desk.hands.ring(REST)
    desk.hands.end_threads(FormatError("m1.mp4", expected="pictures", found="none"))
    assert "m1.mp4: expected pictures" in notification_manager.records[-1].message
    assert desk.scrubber.lines == ["preview: picture 50 in place of 57"]


def test_a_layer_removed_in_the_meantime_is_no_trouble(desk: Desk) -> None:
    desk.hands.down = True
    desk.go(57)
    desk.hands.ring(REST)
    desk.viewer.layers.remove(desk.layer)
    desk.scrubber.remove(desk.layer)
    assert desk.scrubber.lines == []
    desk.hands.end_threads()
    desk.hands.let_go()


def test_playing_reads_ahead_until_it_stops(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr(scrubbing.time, "monotonic", lambda: next(now) * 0.04)
    for frame in (1, 2):
        desk.go(frame)
    assert desk.video.read_ahead is False
    desk.go(3)
    assert desk.video.read_ahead is True
    desk.go(5)
    desk.hands.ring(STOPPED)
    assert desk.video.read_ahead is False
    for frame in (60, 61, 62, 63):
        desk.go(frame)
    assert desk.video.read_ahead is True
    desk.viewer.layers.remove(desk.layer)
    desk.scrubber.remove(desk.layer)
    assert desk.video.read_ahead is False


def test_reading_goes_on_while_playing_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr(scrubbing.time, "monotonic", lambda: next(now) * 0.04)
    for frame in range(1, 8):
        desk.go(frame)
    due = [task for seconds, task in desk.hands.timers if seconds == STOPPED]
    due[0]()
    assert desk.video.read_ahead is True


def test_the_slider_in_the_hand_is_not_playing(desk: Desk) -> None:
    desk.hands.down = True
    for frame in range(1, 30):
        desk.go(frame)
    assert desk.video.read_ahead is False


def test_a_layer_of_a_closed_video_can_be_removed(tmp_path: Path) -> None:
    files = make_sample(tmp_path, seconds=2, size=(96, 128))
    recording = open_recording(files.video)
    viewer = ViewerModel()
    scrubber = Scrubber(viewer, Hands())
    layer = viewer.add_layer(Layer.create(*video_layer(recording)))
    scrubber.add(layer)
    recording.video.read_ahead = True  # type: ignore[union-attr]
    recording.video.close()  # type: ignore[union-attr]
    scrubber.remove(layer)
    assert scrubber.lines == []
