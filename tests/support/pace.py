"""What something cost, told as on the machine the limits of the tests were measured on.

A busy or slow machine takes several times as long for the same work, in processor time too. A
fixed task is timed right before and right after, and what was measured is divided by how much
slower that task ran: a limit then says something about the code, not about the neighbours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import TracebackType

import numpy as np

__all__ = ["Cost", "slowness"]

# What the fixed task takes where the limits were set.
QUIET_S = 0.0065


def _fixed_task() -> None:
    rows = [{"id": f"{i:032x}", "start": i, "stop": i + 9, "label": "rest"} for i in range(3000)]
    again = json.loads(json.dumps(rows))
    again.sort(key=lambda row: -row["stop"])
    table = {row["id"]: (row["start"], row["stop"]) for row in again}
    assert np.sort(np.array(list(table.values()))[:, 0])[-1] == 2999


def slowness(
    clock: Callable[[], float] = time.thread_time,
    task: Callable[[], None] = _fixed_task,
    quiet_s: float = QUIET_S,
) -> float:
    """Return how many times longer than on the quiet machine a fixed task takes; 1 or more.

    Parameters
    ----------
    clock : callable
        Seconds that are compared.
    task : callable
        What is done, and alike in kind to what is measured: neighbours that fill the caches slow
        down long arrays more than small objects.
    quiet_s : float
        Seconds that `task` takes where the limits were set.
    """
    spent = []
    for _ in range(3):
        begun = clock()
        task()
        spent.append(clock() - begun)
    return max(1.0, float(np.median(spent)) / quiet_s)


class Cost:
    """Times what stands in its ``with``: `seconds` of the quiet machine, and this one's `slowness`.

    Parameters
    ----------
    clock : callable
        The processor time of this thread by default: other threads of the tests do not count.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self.seconds = self.slowness = float("nan")

    def __enter__(self) -> Cost:
        self._before = slowness(self._clock)
        self._begun = self._clock()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        spent = self._clock() - self._begun
        self.slowness = (self._before + slowness(self._clock)) / 2
        self.seconds = spent / self.slowness
