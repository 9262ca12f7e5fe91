"""Work on parts of a list in several threads, and take the results in order with bounded memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Generic, TypeAlias, TypeVar

__all__ = ["in_lanes"]

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")
_Opens: TypeAlias = Callable[[], AbstractContextManager[Callable[[_Part], Iterator[_Result]]]]


def in_lanes(
    parts: Sequence[_Part],
    open_one: _Opens[_Part, _Result],
    threads: int,
    room: int,
) -> Iterator[_Result]:
    """Yield the results of parts in the order of the parts, made by several threads.

    Parameters
    ----------
    parts : sequence
        Work that can be done in any order.
    open_one : callable
        Entered once in each thread that has something to do; what it gives makes the results of
        one part, one by one.
    threads : int
        1 or more.
    room : int
        Results that wait at most, over all threads; each thread holds one more in its hands. A
        thread whose share is full waits until somebody takes from it.

    Raises
    ------
    Exception
        What went wrong in a thread, in the place of its result.
    """
    # So many parts are begun or done and not yet taken; each may fill its share of the room.
    most = max(1, min(len(parts), threads + 1))
    board = _Board[_Result](len(parts), most, share=max(1, room // most))
    crew = [
        threading.Thread(target=_work, args=(parts, board, open_one), daemon=True)
        for _ in range(threads)
    ]
    for thread in crew:
        thread.start()
    try:
        for lane in board.lanes:
            yield from board.taken(lane)
    finally:
        board.halt()
        for thread in crew:
            thread.join()


class _Lane(Generic[_Result]):
    """Results of one part on their way."""

    def __init__(self) -> None:
        self.ready: deque[_Result] = deque()
        self.done = False
        self.error: BaseException | None = None


class _Board(Generic[_Result]):
    """What the threads and their customer tell each other; ``changed`` guards all of it."""

    def __init__(self, n_parts: int, most: int, share: int) -> None:
        self.lanes = [_Lane[_Result]() for _ in range(n_parts)]
        self.changed = threading.Condition()
        self._most, self._share = most, share
        self._n_begun = self._n_taken = 0
        self._stop = False

    def next_part(self) -> int | None:
        """Wait for the next part that may be begun; None when there is nothing more to do."""
        with self.changed:
            self.changed.wait_for(
                lambda: (
                    self._stop
                    or self._n_begun == len(self.lanes)
                    or self._n_begun < self._n_taken + self._most
                )
            )
            if self._stop or self._n_begun == len(self.lanes):
                return None
            self._n_begun += 1
            return self._n_begun - 1

    def put(self, lane: _Lane[_Result], result: _Result) -> bool:
        """Lay down a result when there is room; False if nobody wants it any more."""
        with self.changed:
            self.changed.wait_for(lambda: self._stop or len(lane.ready) < self._share)
            lane.ready.append(result)
            self.changed.notify_all()
            return not self._stop

    def finish(self, lane: _Lane[_Result], error: BaseException | None = None) -> None:
        """Say that no more results of a part come."""
        with self.changed:
            lane.done, lane.error = True, error
            self.changed.notify_all()

    def taken(self, lane: _Lane[_Result]) -> Iterator[_Result]:
        """Yield the results of a part as they come."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: lane.ready or lane.done)
                if not lane.ready:
                    self._n_taken += 1
                    self.changed.notify_all()
                    break
                result = lane.ready.popleft()
                self.changed.notify_all()
            yield result
        if lane.error is not None:
            raise lane.error

    def halt(self) -> None:
        """Let the threads come to an end."""
        with self.changed:
            self._stop = True
            self.changed.notify_all()


def _work(parts: Sequence[_Part], board: _Board[_Result], open_one: _Opens[_Part, _Result]) -> None:
    place = board.next_part()
    if place is None:
        return
    try:
        with open_one() as make:
            while place is not None:
                lane = board.lanes[place]
                for result in make(parts[place]):
                    if not board.put(lane, result):
                        return
                board.finish(lane)
                place = board.next_part()
    except BaseException as error:
        if place is None:
            raise  # from closing, after the last part
        board.finish(board.lanes[place], error)
