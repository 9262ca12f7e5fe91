"""Pictures painted ahead in a thread, round and round, a few at a time. No window is needed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PictureLoop"]

Picture = NDArray[np.uint8]


class PictureLoop:
    """Paints pictures 0 to ``count - 1`` again and again, as far as somebody takes them.

    Parameters
    ----------
    paint : callable
        Returns the picture of a number; called in the thread.
    count : int
        Number of pictures.
    ahead : int
        Most pictures that wait.
    """

    def __init__(self, paint: Callable[[int], Picture], count: int, ahead: int = 6) -> None:
        self._paint, self._count, self._most = paint, count, ahead
        self._waiting: deque[tuple[int, Picture]] = deque()
        self._change = threading.Condition()
        self._due = 0
        self._thread: threading.Thread | None = None
        self._stopped = False
        self.error: Exception | None = None

    @property
    def running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin with the first picture."""
        if self.running:
            return
        self._waiting.clear()
        self._due, self._stopped, self.error = 0, False, None
        self._thread = threading.Thread(target=self._run, name="exemplars", daemon=True)
        self._thread.start()

    def stop(self, *_: Any) -> None:
        """End the thread and wait for it: at most for one picture."""
        with self._change:
            self._stopped = True
            self._waiting.clear()
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def take(self, due: int) -> Picture | None:
        """Return the newest picture up to the one that is due; None if there is no new one.

        Parameters
        ----------
        due : int
            Counted on over all rounds. What comes too late to be shown is never painted.
        """
        found = None
        with self._change:
            self._due = due
            while self._waiting and self._waiting[0][0] <= due:
                found = self._waiting.popleft()[1]
            self._change.notify_all()
        return found

    def _run(self) -> None:
        number = 0
        while True:
            with self._change:
                self._change.wait_for(lambda: self._stopped or len(self._waiting) < self._most)
                if self._stopped:
                    return
                number = max(number, self._due)
            try:
                picture = self._paint(number % self._count)
            except Exception as error:  # kept for whoever takes the pictures
                self.error = error
                return
            with self._change:
                if not self._stopped:
                    self._waiting.append((number, picture))
            number += 1
