"""What a test of the viewer has left behind: widgets, timers, threads, open files."""

from __future__ import annotations

import gc
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Any

import psutil

__all__ = ["Leaks"]

#: Threads that libraries start once and keep for the life of the process.
_KEPT_THREADS = (
    "TMonitor",  # of tqdm, which napari's progress bars are made of
)
#: Folders in which Qt, Mesa, Python and the logs of other packages keep what they have once opened.
_KEPT_FILES = (
    sys.prefix, sysconfig.get_path("stdlib"), "/usr/", "/etc/", "/proc/", "/dev/", "/sys/",
    "/memfd:", str(Path("~/.cache").expanduser()),
    str(Path("~/.movement").expanduser()),
)  # fmt: skip


class Leaks:
    """Notes what is there, and tells later what has come and not gone.

    ``found`` gives Qt and the garbage collector time, as both delete late.
    """

    def __init__(self) -> None:
        from qtpy.QtWidgets import QApplication

        # Held, so that no id is used twice.
        self._widgets = list(QApplication.topLevelWidgets())
        self._qt = _active()
        self._threads = set(threading.enumerate())
        self._files = _files()

    def found(self, patience: int = 200) -> list[str]:
        """Return a line for everything that was left, empty when there is nothing.

        Parameters
        ----------
        patience : int
            Tries of 50 ms, of which none is made when nothing is left.
        """
        from qtpy.QtCore import QEvent, QThreadPool
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QApplication

        lines: list[str] = []
        for turn in range(max(patience, 1)):
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            QApplication.processEvents()
            lines = self._now()
            busy = QThreadPool.globalInstance().activeThreadCount()
            if busy:
                lines.append(f"worker: {busy} running in Qt's thread pool")
            if not lines:
                break
            if turn % 8 == 0:
                gc.collect()
            elif turn < patience - 1:
                QTest.qWait(50)
        return lines

    def _now(self) -> list[str]:
        from qtpy.QtWidgets import QApplication

        known = set(map(id, self._widgets))
        lines = [
            f"widget: {widget!r} {widget.windowTitle()!r}"
            for widget in QApplication.topLevelWidgets()
            if id(widget) not in known
        ]
        lines += [
            f"thread: {thread.name!r}, {type(thread).__name__}"
            for thread in threading.enumerate()
            if thread not in self._threads
            and not thread.name.startswith(_KEPT_THREADS)
            # A thread of Qt that once ran Python; whether it still works is asked of Qt.
            and not isinstance(thread, threading._DummyThread)
        ]
        lines += [f"open file: {path}" for path in sorted(_files() - self._files)]
        if not lines:
            # Asked last, as it goes through all objects.
            old = set(map(id, self._qt))
            lines += [_named(one) for one in _active() if id(one) not in old]
        return lines


def _files() -> set[str]:
    return {
        one.path
        for one in psutil.Process().open_files()
        if not one.path.startswith(_KEPT_FILES) and Path(one.path).exists()
    }


def _active() -> list[Any]:
    """Return the timers that tick and the threads that run."""
    from qtpy.compat import isalive
    from qtpy.QtCore import QThread, QTimer

    found: list[Any] = []
    ticking: dict[type, bool] = {}
    for one in gc.get_objects():
        kind = type(one)
        # There are a million objects, of few types.
        if kind not in ticking:
            ticking[kind] = issubclass(kind, (QTimer, QThread))
        if ticking[kind] and isalive(one):
            busy = one.isActive() if isinstance(one, QTimer) else one.isRunning()
            if busy and one is not QThread.currentThread():
                found.append(one)
    return found


def _named(one: Any) -> str:
    from qtpy.QtCore import QTimer

    owner = one.parent()
    of = f" of {owner!r}" if owner is not None else ""
    if isinstance(one, QTimer):
        return f"timer: every {one.interval()} ms{of}"
    return f"Qt thread: {one!r} {one.objectName()!r}{of}"
