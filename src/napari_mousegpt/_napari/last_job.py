"""Work that a map or a search has in a thread: one thing at a time, the last one counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.jobs import Job, start_job

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["LastJob"]


class LastJob:
    """Starts jobs of which only the last one counts.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable.
    start : callable
        Starts a job.

    Attributes
    ----------
    job : Job or None
        What goes on, or was done last.
    step : str
        What it does just now.
    """

    #: Emitted when a job began, went on or ended.
    worked = Signal()

    def __init__(self, viewer: ViewerModel, start: Callable[..., Job] = start_job) -> None:
        self._viewer, self._start = viewer, start
        self.job: Job | None = None
        self.step = ""

    @property
    def busy(self) -> bool:
        """Whether something goes on."""
        return self.job is not None and not self.job.done

    def cancel(self) -> None:
        """Stop what goes on; what comes of it is not shown."""
        if self.job is not None and not self.job.done:
            self.job.cancel()

    def _work(
        self,
        parts: Any,
        *args: Any,
        title: str,
        done: Callable[[Any], None],
        on_part: Callable[[Any], None] | None = None,
    ) -> None:
        """Start a job instead of the one that goes on."""
        self.cancel()
        self.step = ""
        mine: list[Job] = []

        def counts() -> bool:
            # Another one may have been asked for meanwhile.
            return bool(mine) and mine[0] is self.job and not mine[0].cancelling

        def taken(result: Any) -> None:
            if counts():
                done(result)

        def told(part: Any) -> None:
            if counts():
                self.step = str(getattr(part, "step", ""))
                if on_part is not None:
                    on_part(part)
                self.worked.emit()

        def ended(job: Job) -> None:
            if job is self.job:
                self._ended(job)
                self.worked.emit()

        job = self._start(self._viewer, parts, *args, title=title, on_done=taken, notify=False)
        mine.append(job)
        self.job = job
        job.progressed.connect(told)
        job.ended.connect(ended)
        self.worked.emit()

    def _ended(self, job: Job) -> None:
        """Do what is left when the last job has ended."""
