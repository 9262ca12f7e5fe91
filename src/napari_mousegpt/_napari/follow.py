"""Layers that hold a window of the recording and follow the slider.

napari masks every row of a Points layer on every slider step: 1.2 million rows (100,000 frames, 12
keypoints) make a step 20 to 34 times slower. So such a layer holds the rows around the frame on
screen, and is filled again before the slider leaves them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from napari_mousegpt._napari.settings import display_settings
from napari_mousegpt._napari.time_axis import current_frame

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["Follower", "Window", "later", "needs_refill", "quietly", "window_span"]

#: Share of a window that lies behind the frame on screen, as the slider mostly goes on.
_BEHIND = 0.25
#: Share of a window at either end in which the next one is fetched.
_MARGIN = 0.15


class Window(Protocol):
    """What fills a layer with the rows of some frames."""

    n_frames: int

    def attributes(self, start: int, stop: int) -> dict[str, Any]:
        """Return the attributes of the layer for the frames ``[start, stop)``."""

    def fill(self, layer: Any, start: int, stop: int) -> None:
        """Give a layer the rows of the frames ``[start, stop)``."""


def window_span(frame: int, n_frames: int, size: int, *, back: bool = False) -> tuple[int, int]:
    """Return the frames to hold around a frame.

    Parameters
    ----------
    frame : int
        Frame on screen.
    n_frames : int
        Length of the recording.
    size : int
        Frames to hold.
    back : bool
        Whether the slider goes backwards, so that more frames before this one are wanted.

    Returns
    -------
    tuple of int
        Half-open ``[start, stop)``, ``size`` long where the recording is, and inside it.
    """
    behind = int(size * ((1 - _BEHIND) if back else _BEHIND))
    start = max(0, min(frame - behind, n_frames - size))
    return start, min(n_frames, start + size)


def needs_refill(frame: int, start: int, stop: int, n_frames: int) -> bool:
    """Whether the slider comes near an end of the window that is not the recording's end."""
    margin = int((stop - start) * _MARGIN)
    return (frame < start + margin and start > 0) or (frame >= stop - margin and stop < n_frames)


def later(task: Callable[[], None]) -> None:
    """Do something when the viewer has drawn the present frame; at once without a window."""
    from qtpy.QtCore import QCoreApplication, QTimer

    if QCoreApplication.instance() is None:
        task()
    else:
        QTimer.singleShot(0, task)


@contextmanager
def quietly(layer: Layer) -> Iterator[None]:
    """Let a layer take other rows, column by column, and draw it once when they are all there."""
    with layer.events.blocker_all():
        yield
    layer.refresh()
    # napari's table of features listens to this one.
    layer.events.features()


@dataclass(eq=False)
class _Followed:
    """A layer, what fills it, and the frames it holds."""

    layer: weakref.ReferenceType[Layer]
    window: Window
    start: int = 0
    stop: int = 0


class Follower:
    """Keeps the windows of one viewer around the frame on screen.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    defer : callable
        Runs a task after the present frame is drawn.
    """

    def __init__(
        self, viewer: ViewerModel, defer: Callable[[Callable[[], None]], None] = later
    ) -> None:
        self._viewer = weakref.ref(viewer)
        self._defer = defer
        self._followed: list[_Followed] = []
        self._waiting = False
        viewer.dims.events.current_step.connect(self._on_step)

    @property
    def layers(self) -> list[Layer]:
        """The layers that are followed."""
        return [layer for item in self._followed if (layer := item.layer()) is not None]

    def add(self, layer: Layer, window: Window) -> None:
        """Follow the slider with a layer, beginning at the frame on screen."""
        item = _Followed(weakref.ref(layer), window)
        self._followed.append(item)
        layer.events.visible.connect(self._on_step)
        self._fill(item, self._frame_of(item) or 0)

    def remove(self, layer: Layer) -> None:
        """Stop following with a layer."""
        layer.events.visible.disconnect(self._on_step)
        self._followed = [item for item in self._followed if item.layer() not in (None, layer)]

    def refill(self, layers: Iterable[Layer] | None = None) -> None:
        """Fill layers again, for example after a setting changed; all by default."""
        chosen = None if layers is None else list(layers)
        for item in self._followed:
            if chosen is None or item.layer() in chosen:
                self._fill(item, self._frame_of(item) or 0)

    def _frame_of(self, item: _Followed) -> int | None:
        viewer, layer = self._viewer(), item.layer()
        if viewer is None or layer is None:
            return None
        return current_frame(viewer, layer, item.window.n_frames)

    def _on_step(self, event: object = None) -> None:
        near = False
        for item in self._followed:
            layer = item.layer()
            # A hidden layer costs nothing: it is filled when it is shown.
            if layer is None or not layer.visible:
                continue
            frame = self._frame_of(item)
            if frame is None:
                continue
            if not item.start <= frame < item.stop:
                self._fill(item, frame)
            else:
                near |= needs_refill(frame, item.start, item.stop, item.window.n_frames)
        if near and not self._waiting:
            self._waiting = True
            self._defer(self._fetch_ahead)

    def _fetch_ahead(self) -> None:
        self._waiting = False
        for item in self._followed:
            layer, frame = item.layer(), self._frame_of(item)
            if layer is None or frame is None or not layer.visible:
                continue
            if needs_refill(frame, item.start, item.stop, item.window.n_frames):
                self._fill(item, frame)

    def _fill(self, item: _Followed, frame: int) -> None:
        layer = item.layer()
        if layer is None:
            return
        if not layer.visible:
            # napari slices no hidden layer, and stumbles over one that has lost rows meanwhile.
            item.start = item.stop = 0
            return
        back = frame < (item.start + item.stop) / 2 and item.start <= frame
        size = display_settings().window_frames
        item.start, item.stop = window_span(frame, item.window.n_frames, size, back=back)
        item.window.fill(layer, item.start, item.stop)
