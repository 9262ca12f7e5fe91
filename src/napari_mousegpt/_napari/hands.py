"""The hand on the sliders of a napari window, and threads and timers for what it asks for."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["QtHands", "run_beside"]

#: Relays of threads at work; one that nobody holds would be lost with its message.
_RELAYS: set[Any] = set()


class QtHands:
    """The sliders of a napari window, found by the model they serve.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly. Before there is a window, nothing is held.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._sliders: dict[int, Any] | None = None
        self._heard: weakref.WeakSet[Any] = weakref.WeakSet()
        self._tasks: list[Callable[[], None]] = []
        self._dragging = False
        viewer.dims.events.ndim.connect(self.forget)
        viewer.layers.events.inserted.connect(self.forget)

    def forget(self, event: object = None) -> None:
        """Look for the sliders again: napari makes new ones when the axes change."""
        self._sliders = None

    def holds(self, axis: int, step: int) -> bool:
        """Whether the slider of an axis is held, and has been moved to this step."""
        from qtpy.compat import isalive

        if self._dragging:
            return True
        if self._sliders is None or not all(isalive(one) for one in self._sliders.values()):  # type: ignore[no-untyped-call]
            self._sliders = self._found()
        slider = self._sliders.get(axis)
        if slider is None:
            return False
        # Where a script sets the frame, the slider has not been moved before we are told.
        return bool(slider.isSliderDown() and slider.value() == step)

    @contextmanager
    def dragging(self) -> Iterator[None]:
        """Take what is shown in this block as moves of a held slider: a timeline is dragged."""
        self._dragging = True
        try:
            yield
        finally:
            self._dragging = False

    def on_release(self, task: Callable[[], None]) -> None:
        """Do something whenever a slider is let go."""
        self._tasks.append(task)

    def on_front(self, task: Callable[[], None]) -> None:
        """Do something whenever a window comes to the front, as long as its owner lives."""
        from qtpy.QtGui import QGuiApplication

        app: Any = QGuiApplication.instance()
        if app is None:
            return
        method = weakref.WeakMethod(task)

        def told(window: Any) -> None:
            found = method()
            if found is None:
                app.focusWindowChanged.disconnect(told)
            elif window is not None:
                found()

        app.focusWindowChanged.connect(told)

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        """Do something in the main thread, later; never where there is no event loop."""
        from qtpy.QtCore import QCoreApplication, QTimer

        if QCoreApplication.instance() is not None:
            QTimer.singleShot(int(1000 * seconds), task)

    def beside(self, work: Callable[[], object], done: Callable[[Exception | None], None]) -> None:
        """Do work in a thread, then something in the main thread; it gets the error, if any."""
        run_beside(work, done)

    def _found(self) -> dict[int, Any]:
        from qtpy.QtWidgets import QAbstractSlider, QApplication

        viewer = self._viewer()
        found: dict[int, Any] = {}
        if viewer is None or QApplication.instance() is None:
            return found
        for window in QApplication.topLevelWidgets():
            for slider in window.findChildren(QAbstractSlider):
                owner: Any = slider.parentWidget()
                if getattr(owner, "dims", None) is not viewer.dims or not hasattr(owner, "axis"):
                    continue
                # Sliders that napari has given up live on until Qt finds the time to delete them.
                if owner not in owner.qt_dims.slider_widgets:
                    continue
                found[int(owner.axis)] = slider
                if slider not in self._heard:
                    self._heard.add(slider)
                    slider.sliderReleased.connect(_told(self))
        return found

    def tell_released(self) -> None:
        """Do what was put off until a slider is let go."""
        for task in self._tasks:
            task()


def _told(hands: QtHands) -> Callable[[], None]:
    """Return a function for a signal of Qt, which breaks the link to a method in any thread."""
    held = weakref.ref(hands)

    def told() -> None:
        found = held()
        if found is not None:
            found.tell_released()

    return told


def run_beside(work: Callable[[], object], done: Callable[[Exception | None], None]) -> None:
    """Do short work in a thread, without a progress bar or a question when the window closes.

    Parameters
    ----------
    work : callable
        Done in the thread.
    done : callable
        Called in the main thread, with the error that ended the work, or None.
    """
    from qtpy.QtCore import (  # type: ignore[attr-defined]
        QCoreApplication,
        QObject,
        Qt,
        Signal,
    )

    if QCoreApplication.instance() is None:
        done(_error_of(work))
        return

    class Relay(QObject):
        over = Signal(object)

        def end(self, error: Exception | None) -> None:
            # The thread still holds this object for a moment, and it must not die in there.
            thread.join()
            _RELAYS.discard(self)
            done(error)

    relay = Relay()
    relay.over.connect(relay.end, Qt.ConnectionType.QueuedConnection)
    _RELAYS.add(relay)
    thread = threading.Thread(target=lambda: relay.over.emit(_error_of(work)), name="beside")
    thread.start()


def _error_of(work: Callable[[], object]) -> Exception | None:
    try:
        work()
    except Exception as error:  # handed to whoever asked for the work
        return error
    return None
