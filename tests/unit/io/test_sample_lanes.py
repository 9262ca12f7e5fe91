"""Results come in order, and wait within their room."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.io.sample_lanes import in_lanes


class Crew:
    """Numbers each part up to its length, and notes what is open and made."""

    def __init__(self, *, fault: tuple[int, int] | None = None) -> None:
        self.made = self.open = self.opened = 0
        self._fault = fault
        self._lock = threading.Lock()

    @contextmanager
    def open_one(self) -> Iterator[Callable[[tuple[int, int]], Iterator[tuple[int, int]]]]:
        with self._lock:
            self.open += 1
            self.opened += 1
        try:
            yield self._count
        finally:
            with self._lock:
                self.open -= 1

    def _count(self, part: tuple[int, int]) -> Iterator[tuple[int, int]]:
        which, length = part
        for step in range(length):
            if (which, step) == self._fault:
                raise ValueError("planted")
            with self._lock:
                self.made += 1
            yield which, step


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 4), st.integers(1, 20))
def test_the_order_is_that_of_the_parts(lengths: list[int], threads: int, room: int) -> None:
    crew, parts = Crew(), list(enumerate(lengths))
    found = list(in_lanes(parts, crew.open_one, threads, room))
    assert found == [(which, step) for which, length in parts for step in range(length)]
    assert crew.open == 0


@pytest.mark.parametrize("room", [1, 4, 12])
def test_what_waits_stays_within_the_room(room: int) -> None:
    crew = Crew()
    results = in_lanes([(which, 30) for which in range(8)], crew.open_one, 3, room)
    for taken in range(1, 100):
        next(results)
        before = -1
        while before != crew.made:
            before = crew.made
            time.sleep(0.002)
        # Each of the four parts that may be begun keeps one result at least.
        assert crew.made <= taken + max(room, 4) + 3
    results.close()  # type: ignore[attr-defined]
    assert crew.open == 0


def test_a_fault_comes_after_the_results_before_it() -> None:
    crew = Crew(fault=(2, 5))
    results = in_lanes([(which, 10) for which in range(6)], crew.open_one, 3, 60)
    assert [next(results) for _ in range(25)][-1] == (2, 4)
    with pytest.raises(ValueError, match="planted"):
        next(results)
    assert crew.open == 0


def test_a_crew_that_cannot_open_says_so() -> None:
    @contextmanager
    def closed() -> Iterator[Callable[[int], Iterator[int]]]:
        raise OSError("no such device")
        yield lambda part: iter([part])

    with pytest.raises(OSError, match="no such device"):
        list(in_lanes(range(5), closed, 2, 5))


def test_no_more_is_opened_than_there_is_to_do() -> None:
    crew = Crew()
    assert len(list(in_lanes([(0, 3)], crew.open_one, 4, 10))) == 3
    assert crew.opened == 1
