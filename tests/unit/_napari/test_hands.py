"""Work beside the window: its end is told in the main thread, when the thread is over."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from napari_mousegpt._napari.hands import run_beside


class SlowToEnd(threading.Thread):
    """A thread that goes on for a moment after its work is done."""

    def run(self) -> None:
        super().run()
        time.sleep(0.05)


def test_nothing_of_qt_is_left_to_the_thread_when_its_end_is_told(
    qapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "Thread", SlowToEnd)
    told: list[tuple[Any, ...]] = []
    # One of another test may be about to end.
    older = set(threading.enumerate())

    def work() -> None:
        raise ValueError("damaged")

    def done(error: Exception | None) -> None:
        beside = [one for one in threading.enumerate() if one.name == "beside" and one not in older]
        told.append((error, threading.current_thread() is threading.main_thread(), beside))

    run_beside(work, done)
    end = time.monotonic() + 30
    while not told and time.monotonic() < end:
        qapp.processEvents()
    ((error, at_home, beside),) = told
    assert str(error) == "damaged"
    assert at_home
    assert beside == []
