"""Threads that have come since, whatever becomes of those that were there before."""

from __future__ import annotations

import threading

__all__ = ["Threads"]

#: Threads that libraries start once and keep for the life of the process.
KEPT = ("TMonitor",)  # of tqdm


class Threads:
    """Notes which threads are alive, where a count would also tell that an older one has ended."""

    def __init__(self) -> None:
        self._before = set(threading.enumerate())

    def new(self, named: str = "") -> list[threading.Thread]:
        """Return the threads that have come since and are alive, or those whose name begins so."""
        return [
            one
            for one in threading.enumerate()
            if one not in self._before
            and one.name.startswith(named)
            and one.name not in KEPT
            # Threads that are not Python's, seen when they first ran Python.
            and not isinstance(one, threading._DummyThread)
        ]
