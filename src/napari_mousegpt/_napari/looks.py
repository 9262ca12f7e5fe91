"""Looking at chosen files beside the viewer: each once, and only those that are still chosen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.opening import look_at
from napari_mousegpt.io.file_report import FileReport, problem_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Looks"]

Chosen = str | list[str]
_Key = tuple[Any, ...]


class Looks:
    """Keeps what was found out about files, until they change on disk.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable meanwhile.
    """

    #: Emitted when something is known about a chosen file, or another one was chosen.
    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._reports: dict[_Key, FileReport] = {}
        self._jobs: dict[_Key, Job] = {}

    @property
    def busy(self) -> bool:
        """Whether a file is being looked at."""
        return bool(self._jobs)

    def report(self, chosen: Chosen) -> FileReport | None:
        """Return what is known about a file, a pattern or a list of files; None while not yet."""
        return self._reports.get(_key(chosen))

    def choose(self, chosen: Sequence[Chosen]) -> None:
        """Look at these, as far as it was not done; older looks at others are given up."""
        wanted = {_key(one): one for one in chosen}
        for key in [key for key in self._jobs if key not in wanted]:
            self._jobs.pop(key).cancel()
        for key, one in wanted.items():
            if key not in self._reports and key not in self._jobs:
                self._look(key, one)
        self.changed.emit()

    def _look(self, key: _Key, chosen: Chosen) -> None:
        job = start_job(self._viewer, look_at, chosen, title="Look at files", notify=False)
        self._jobs[key] = job

        def ended(job: Job) -> None:
            if self._jobs.get(key) is not job:
                return  # given up; another file is chosen now
            del self._jobs[key]
            if job.error is not None:
                path = Path(chosen if isinstance(chosen, str) else chosen[0])
                said = (f"{path.name} could not be looked at.",)
                problems = (problem_of(job.error),)
                self._reports[key] = FileReport(path, "unknown", "", said, problems)
            elif job.state == "finished":
                self._reports[key] = job.result
            self.changed.emit()

        job.ended.connect(ended)


def _key(chosen: Chosen) -> _Key:
    """Return what tells this state of a file from others; a folder may change unnoticed."""
    paths = [chosen] if isinstance(chosen, str) else chosen
    stamps = []
    for path in (Path(path) for path in paths):
        try:
            facts = path.stat()
            stamps.append((facts.st_mtime_ns, facts.st_size))
        except OSError:
            stamps.append((0, 0))
    return (*paths, *stamps)
