"""Moving the slider: a preview while it is held, the exact picture at rest, and reading ahead."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from napari_mousegpt._napari.jobs import report_error
from napari_mousegpt._napari.preview import Playing, PreviewFrames
from napari_mousegpt._napari.time_axis import current_frame, time_axis
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["Hands", "Scrubber"]

#: Seconds without a move after which a hand rests, and without a step after which playing is over.
REST, STOPPED = 0.12, 1.0


class Hands(Protocol):
    """What a window knows of the hand on its sliders, and does for the scrubber."""

    def holds(self, axis: int, step: int) -> bool:
        """Whether the slider of an axis is held, and has been moved to this step."""

    def on_release(self, task: Callable[[], None]) -> None:
        """Do something whenever a slider is let go."""

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        """Do something in the main thread, later."""

    def beside(self, work: Callable[[], object], done: Callable[[Exception | None], None]) -> None:
        """Do work in a thread, then something in the main thread; it gets the error, if any."""


@dataclass(eq=False)
class _Watched:
    """A layer with pictures that can be previewed."""

    layer: weakref.ReferenceType[Layer]
    frames: PreviewFrames
    playing: Playing = field(default_factory=Playing)
    #: The frame the hand rests on, which is drawn exactly.
    settled: int | None = None


class Scrubber:
    """Decides for the videos of one viewer what the slider shows.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    hands : Hands
        Its window; without one there is no preview.
    on_change : callable
        Called when a preview comes or goes.
    """

    def __init__(
        self, viewer: ViewerModel, hands: Hands, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._viewer = weakref.ref(viewer)
        self._hands = hands
        self._on_change = on_change
        self._watched: list[_Watched] = []
        self._moves = self._steps = 0
        self._said: list[str] = []
        viewer.dims.events.point.connect(self._on_point)
        viewer.dims.events.current_step.connect(self._on_step)
        hands.on_release(self._on_rest)

    @property
    def lines(self) -> list[str]:
        """What stands in for an exact picture now, one line for each layer."""
        return list(self._said)

    def add(self, layer: Layer) -> None:
        """Watch a layer, if its pictures can be previewed."""
        if isinstance(layer.data, PreviewFrames):
            item = _Watched(weakref.ref(layer), layer.data)
            item.frames.may = lambda row: self._may(item, row)
            self._watched.append(item)
            layer.events.set_data.connect(self._tell)

    def remove(self, layer: Layer) -> None:
        """Leave a layer alone."""
        for item in [item for item in self._watched if item.layer() is layer]:
            item.frames.may = lambda row: False
            _read_ahead(item.frames, False)
            layer.events.set_data.disconnect(self._tell)
            self._watched.remove(item)
        self._tell()

    def _frame(self, item: _Watched) -> int | None:
        viewer, layer = self._viewer(), item.layer()
        if viewer is None or layer is None:
            return None
        return current_frame(viewer, layer, len(item.frames))

    def _may(self, item: _Watched, row: int) -> bool:
        return item.settled != row == self._frame(item) and self._held(item)

    def _held(self, item: _Watched) -> bool:
        viewer, layer = self._viewer(), item.layer()
        axis = None if viewer is None or layer is None else time_axis(viewer, layer)
        if viewer is None or axis is None:
            return False
        return self._hands.holds(axis, int(viewer.dims.current_step[axis]))

    def _on_point(self, event: object = None) -> None:
        """Take note of a move, of which napari has drawn the picture already."""
        moved = False
        for item in self._watched:
            held = self._held(item)
            # What a script shows stays exact, also where the slider is held meanwhile.
            item.settled = None if held else self._frame(item)
            moved |= held
        if moved:
            self._moves += 1
            mark = self._moves
            self._hands.after(REST, lambda: self._on_rest(mark))

    def _on_rest(self, mark: int | None = None) -> None:
        """Show the exact pictures, unless the slider has been moved on since."""
        if mark is not None and mark != self._moves:
            return
        for item in self._watched:
            item.settled = self._frame(item)
            if item.frames.instead is not None and not item.frames.busy:
                self._fetch(item)

    def _fetch(self, item: _Watched) -> None:
        """Decode the exact picture beside the event loop, then draw it."""
        frame, frames = self._frame(item), item.frames
        if frame is None:
            return
        frames.busy = True

        def done(error: Exception | None) -> None:
            frames.busy = False
            layer = item.layer()
            if layer is None or item not in self._watched or frames.instead is None:
                return
            if error is not None:
                report_error(error)  # what is drawn stays marked as a preview
            elif item.settled not in (None, frame):
                self._fetch(item)  # moved, and at rest again, in the meantime
            else:
                layer.refresh()

        # The picture is in the cache of the video then, and drawing it takes no time.
        self._hands.beside(lambda: frames.video[frame], done)

    def _on_step(self, event: object = None) -> None:
        now, played = time.monotonic(), False
        for item in self._watched:
            frame = self._frame(item)
            if frame is None or self._held(item):
                continue
            if item.playing.step(frame, now):
                _read_ahead(item.frames, True)
                played = True
        if played:
            self._steps += 1
            mark = self._steps
            self._hands.after(STOPPED, lambda: self._on_stopped(mark))

    def _on_stopped(self, mark: int) -> None:
        if mark == self._steps:
            for item in self._watched:
                _read_ahead(item.frames, False)

    def _tell(self, event: object = None) -> None:
        said = [
            f"preview: picture {item.frames.instead} in place of {self._frame(item)}"
            for item in self._watched
            if item.frames.instead is not None
        ]
        if said != self._said:
            self._said = said
            self._on_change()


def _read_ahead(frames: PreviewFrames, on: bool) -> None:
    try:
        if getattr(frames.video, "read_ahead", on) != on:
            frames.video.read_ahead = on  # type: ignore[attr-defined]
    except InputError:
        # Somebody has closed the video: it reads nothing any more.
        return
