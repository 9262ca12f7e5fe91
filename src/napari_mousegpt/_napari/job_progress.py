"""How far a job is, and how long it will still take, as far as that can be said honestly."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["JobProgress", "about"]

#: What a step is called while it goes on.
_DOING = {
    "features": "Measuring",
    "words": "Describing",
    "vectors": "Projecting",
    "clusters": "Clustering",
    "results": "Writing results",
    "failed": "Failed",
}
#: Before so many seconds of work nothing is said about the time left.
_FIRST_S = 2.0
#: Share of the newest guess in what is shown.
_FRESH = 0.4
#: How much the estimate made before counts, as a share of the whole work.
_PRIOR = 0.03


class JobProgress:
    """Follows the parts of a job.

    Parameters
    ----------
    expected : mapping of str to float, optional
        Seconds that each step was estimated to take, in the order of the steps. Only how they
        compare counts; how fast it really goes is measured.
    clock : callable, optional
        Seconds from any beginning.
    """

    def __init__(
        self,
        expected: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._expected = dict(expected or {})
        self._clock = clock
        self._begun = clock()
        self._told: tuple[float, float] | None = None
        self._step, self._done, self._total = "", 0, 0
        self._found = 0.0
        self._share = 0.0
        self._who = ""
        self._kept = False

    @property
    def share(self) -> float | None:
        """How much of the work is done, 0 to 1; None while it cannot be said."""
        return self._share if self._step and self._whole() else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds that it will still take; None while it cannot be said."""
        if self._told is None:
            return None
        left, when = self._told
        return max(0.0, left - (self._clock() - when))

    def note(self, part: Any) -> None:
        """Take note of a finished part; it has ``step``, ``done``, ``total`` and ``resumed``.

        Parts of a study have ``share``, ``recording``, ``number`` and ``of`` too.
        """
        before = self._share
        self._step, self._done, self._total = str(part.step), int(part.done), int(part.total)
        self._kept = bool(part.resumed)
        share = getattr(part, "share", None)
        self._share = max(before, self._of_steps() if share is None else float(share))
        if share is not None:
            which = f"{part.recording} ({part.number} of {part.of})"
            which = which if part.recording else "All recordings"
            self._who = f"{which}: "
        if part.resumed:
            # What was found on disk took no time and says nothing about the rest.
            self._found += self._share - before
        self._guess()

    def text(self) -> str:
        """Return where the job is: ``"Describing, 3 of 18, about 2 min left"``."""
        if not self._step:
            return "Starting ..."
        said = self._who + _DOING.get(self._step, self._step.capitalize())
        if self._total > 1:
            said += f", {self._done} of {self._total}"
        if self._kept:
            said += " (from an earlier run)"
        left = self.seconds_left
        if left is not None and self._share < 1:
            said += f", {about(left)} left"
        return said

    def _whole(self) -> float:
        return sum(self._expected.values()) or float(self._total)

    def _of_steps(self) -> float:
        """Return the share that is done, from the estimated shares of the steps."""
        within = self._done / self._total if self._total else 0.0
        if self._step not in self._expected:
            return within if not self._expected else self._share
        steps = list(self._expected)
        before = sum(self._expected[name] for name in steps[: steps.index(self._step)])
        return (before + self._expected[self._step] * within) / self._whole()

    def _guess(self) -> None:
        now = self._clock()
        spent, worked = now - self._begun, self._share - self._found
        if spent < _FIRST_S or worked <= 0:
            return
        # At first the estimate counts, then more and more what was measured.
        prior = _PRIOR if self._expected and not self._who else 0.0
        whole = sum(self._expected.values())
        rate = (spent + prior * whole) / (worked + prior)
        left = rate * (1.0 - self._share)
        if self._told is not None:
            shown = self.seconds_left or 0.0
            left = _FRESH * left + (1 - _FRESH) * shown
        self._told = left, now


def about(seconds: float) -> str:
    """Return a length of time as a guess should be told: ``"about 3 min"``."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} s"
    if seconds < 570:
        return f"about {max(1, round(seconds / 60))} min"
    if seconds < 3300:
        return f"about {round(seconds / 300) * 5} min"
    hours, minutes = divmod(round(seconds / 600) * 10, 60)
    if hours >= 10:
        return f"about {round(seconds / 3600)} h"
    return f"about {hours} h {minutes} min" if minutes else f"about {hours} h"
