"""Pictures painted ahead: as many as are taken, in time, and none when stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from napari_mousegpt._napari.picture_loop import PictureLoop
from support.threads import Threads


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.002)


def painter(painted: list[int]) -> Callable[[int], np.ndarray]:
    def paint(number: int) -> np.ndarray:
        painted.append(number)
        return np.full((2, 2, 3), number, dtype=np.uint8)

    return paint


def test_it_goes_round_and_waits_for_whoever_takes() -> None:
    painted: list[int] = []
    loop = PictureLoop(painter(painted), 3, ahead=2)
    loop.start()
    until(lambda: len(painted) == 2)
    time.sleep(0.02)
    assert painted == [0, 1]
    shown = []
    for due in range(7):
        taken: list[np.ndarray] = []

        def took(due: int = due, taken: list[np.ndarray] = taken) -> bool:
            picture = loop.take(due)
            taken.extend([] if picture is None else [picture])
            return bool(taken)

        until(took)
        shown.append(int(taken[-1][0, 0, 0]))
    assert shown == [0, 1, 2, 0, 1, 2, 0]
    assert loop.take(6) is None
    loop.stop()


def test_what_comes_too_late_is_never_painted() -> None:
    painted: list[int] = []
    loop = PictureLoop(painter(painted), 1000, ahead=2)
    loop.start()
    until(lambda: len(painted) == 2)
    loop.take(500)
    until(lambda: 500 in painted)
    loop.stop()
    assert set(painted) <= {0, 1, *range(500, 510)}


def test_a_loop_that_is_stopped_leaves_no_thread_and_starts_anew() -> None:
    threads = Threads()
    painted: list[int] = []
    loop = PictureLoop(painter(painted), 3)
    loop.stop()
    loop.start()
    loop.start()
    assert len(threads.new("exemplars")) == 1
    loop.stop()
    assert not threads.new("exemplars")
    assert not loop.running
    painted.clear()
    loop.start()
    until(lambda: bool(painted))
    loop.stop()
    assert painted[0] == 0


def test_an_error_ends_it_and_is_kept() -> None:
    def fail(number: int) -> np.ndarray:
        raise ValueError("no picture")

    loop = PictureLoop(fail, 3)
    loop.start()
    until(lambda: not loop.running)
    assert isinstance(loop.error, ValueError)
    loop.stop()


def test_stopping_waits_for_one_picture_at_most() -> None:
    going = threading.Event()

    def slow(_: int) -> np.ndarray:
        going.set()
        time.sleep(0.05)
        return np.zeros((2, 2, 3), np.uint8)

    loop = PictureLoop(slow, 3)
    loop.start()
    assert going.wait(60)
    begun = time.monotonic()
    loop.stop()
    assert time.monotonic() - begun < 25
