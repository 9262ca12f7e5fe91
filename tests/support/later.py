"""Jobs that run when a test says so, in its own thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from napari_mousegpt._napari.jobs import Job

__all__ = ["Late", "Later"]


class Later:
    """Stands for ``start_job``: keeps what was started until :meth:`run`."""

    #: Whether a job that was asked to stop does so.
    stops = True

    def __init__(self) -> None:
        self.waiting: list[tuple[Job, Any, Callable[[Any], object]]] = []

    def __call__(
        self, viewer: Any, parts: Any, *args: Any, title: str, on_done: Any, notify: bool = True
    ) -> Job:
        job = Job(title)
        within = "cancelled" in inspect.signature(parts).parameters
        stops = {"cancelled": lambda: self.stops and job.cancelling} if within else {}
        self.waiting.append((job, parts(*args, **stops), on_done))
        return job

    def run(self) -> None:
        """Do all that was started; an error ends its job, as in a thread."""
        waiting, self.waiting = self.waiting, []
        for job, parts, on_done in waiting:
            try:
                result = self._drained(job, parts)
            except Exception as error:  # a job tells it, whatever it is
                job.error, job.state = error, "failed"
            else:
                stopped = self.stops and job.cancelling
                if not stopped:
                    on_done(result)
                job.state = "cancelled" if stopped else "finished"
            job.ended.emit(job)

    def _drained(self, job: Job, parts: Any) -> Any:
        while not (self.stops and job.cancelling):
            try:
                part = next(parts)
            except StopIteration as end:
                return end.value
            job.progressed.emit(part)
        return None


class Late(Later):
    """Its jobs are past their last part when they are asked to stop, so they deliver or fail."""

    stops = False
