"""Playing a stretch again and again, at the rate of the recording."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from psygnal import Signal

if TYPE_CHECKING:
    from napari_mousegpt.core.timebase import Timebase

__all__ = ["Looper"]

#: Shortest wait between two pictures, so that the window can do other things in between.
_LEAST = 0.005
#: Rate where nothing says how fast the recording is.
_PLAIN_RATE = 25.0


class _Timer(Protocol):
    """What waits, see :class:`napari_mousegpt._napari.scrubbing.Hands`."""

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        """Do something in the main thread, later."""


class Looper:
    """Plays the frames ``[start, stop)`` until it is stopped or somebody moves the slider.

    Where pictures take longer than the recording lasts some are left out, so that the stretch
    always takes the time it took.

    Parameters
    ----------
    timer : object
        Has ``after(seconds, task)``.
    show : callable
        Shows a frame; returns False when the recording is not open any more.
    timebase : Timebase
        Clock of the recording.
    clocked : bool
        Whether its rate is known.
    now : callable
        Seconds of a clock that never goes back.
    """

    #: Emitted when playing begins or ends.
    changed = Signal()

    def __init__(
        self,
        timer: _Timer,
        show: Callable[[int], bool],
        timebase: Timebase,
        *,
        clocked: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timer, self._show, self._now = timer, show, now
        self._timebase = timebase
        self._clocked = clocked
        self._span: tuple[int, int] | None = None
        self._began = 0.0
        self._turn = 0
        self._shown: int | None = None

    @property
    def span(self) -> tuple[int, int] | None:
        """The stretch that is played, None while nothing is."""
        return self._span

    def play(self, start: int, stop: int) -> None:
        """Play a stretch from its beginning; one that is played already begins anew."""
        self._span = (start, max(stop, start + 1))
        self._began = self._now()
        self._turn += 1
        self._tick(self._turn)
        self.changed.emit()

    def stop(self) -> None:
        """Stop where it is."""
        if self._span is not None:
            self._span = self._shown = None
            self.changed.emit()

    def moved(self, frame: int | None) -> None:
        """Take note of the frame on screen: one that was not shown here ends the loop."""
        if self._span is not None and frame != self._shown:
            self.stop()

    def _seconds(self, frame: int) -> float:
        if not self._clocked:
            return frame / _PLAIN_RATE
        return float(self._timebase.exact_time(frame))

    def _tick(self, turn: int) -> None:
        if self._span is None or turn != self._turn:
            return
        start, stop = self._span
        begin = self._seconds(start)
        lasts = self._seconds(stop) - begin
        into = (self._now() - self._began) % lasts
        frame = self._frame_at(begin + into, start, stop)
        self._shown = frame
        if not self._show(frame):
            self.stop()
            return
        due = self._seconds(frame + 1) - begin
        late = (self._now() - self._began) % lasts
        wait = due - late if late >= into else 0.0
        self._timer.after(max(_LEAST, wait), lambda: self._tick(turn))

    def _frame_at(self, seconds: float, start: int, stop: int) -> int:
        """Return the last frame that has begun, by halving: clocks may vary."""
        low, high = start, stop
        while high - low > 1:
            middle = (low + high) // 2
            if self._seconds(middle) <= seconds + 1e-9:
                low = middle
            else:
                high = middle
        return low
