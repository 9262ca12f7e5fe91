"""Buttons that save a movie, with progress and a way to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.widgets.parts import JobBar, cancel_when_gone, is_alive
from napari_mousegpt.reports.movies import check_target

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.widgets.report_view import ReportView

__all__ = ["MovieSaver"]


class MovieSaver(QWidget):
    """Saves what a panel shows as mp4 or GIF.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable meanwhile.
    report : ReportView
        Where it is told what came of it.
    name : callable
        Returns the path to propose, without an ending.
    parts : callable
        Gets a path and whether to overwrite; returns the parts of a job that returns its files.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        report: ReportView,
        name: Callable[[], Path],
        parts: Callable[[Path, bool], Iterator[Any]],
    ) -> None:
        super().__init__()
        self._viewer, self._report, self._name, self._parts = viewer, report, name, parts
        self._ready = False
        self.job: Job | None = None
        self.mp4_button = QPushButton("Save mp4 ...")
        self.gif_button = QPushButton("Save GIF ...")
        self.cancel_button = QPushButton("Cancel")
        self.bar = JobBar()
        self.mp4_button.clicked.connect(lambda: self._choose(".mp4"))
        self.gif_button.clicked.connect(lambda: self._choose(".gif"))
        self.cancel_button.clicked.connect(self.cancel)
        self._hold = cancel_when_gone(self)
        line = QHBoxLayout()
        for button in (self.mp4_button, self.gif_button, self.cancel_button):
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.bar)
        column.addLayout(line)
        self.enable(False)

    @property
    def busy(self) -> bool:
        """Whether a movie is being written."""
        return self.job is not None and not self.job.done

    def enable(self, ready: bool) -> None:
        """Say whether there is something to save."""
        self._ready = ready
        for button in (self.mp4_button, self.gif_button):
            button.setEnabled(ready and not self.busy)
            button.setVisible(not self.busy)
        self.cancel_button.setVisible(self.busy)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the movie; why it cannot be is told."""
        self._report.attempt(lambda: self._save(path, overwrite))

    def cancel(self) -> None:
        """Stop writing; no half movie is left."""
        if self.busy and self.job is not None:
            self._report.say("Stopping ...")
            self.job.cancel()

    def _save(self, path: str | Path, overwrite: bool) -> None:
        target = check_target(path, overwrite=overwrite)
        title = f"Save {target.name}"
        self.job = start_job(
            self._viewer, self._parts, target, overwrite, title=title, notify=False
        )
        self._report.say(f"Writing {target} ...")
        self.bar.begin()
        self.job.progressed.connect(self._on_part)
        self.job.ended.connect(self._on_ended)
        self._hold(self.job)
        self.enable(self._ready)

    def _on_part(self, part: Any) -> None:
        if is_alive(self):
            self.bar.show_progress(part.done, part.total)

    def _on_ended(self, job: Job) -> None:
        if not is_alive(self):
            return
        self.bar.setVisible(False)
        if job.error is not None:
            self._report.refuse(job.error)
        elif job.state == "cancelled":
            self._report.say("Cancelled: nothing was written.")
        else:
            self._report.say(f"The movie lies in {job.result[0]}.")
        self.enable(self._ready)

    def _choose(self, ending: str) -> None:
        kinds = f"Movies (*{ending})"
        proposed = str(self._name().with_suffix(ending))
        path, _ = QFileDialog.getSaveFileName(self, "Save as", proposed, kinds)
        if path:
            # The dialog asks before it returns a file that is there; not about an ending we add.
            whole = path.lower().endswith(ending)
            self.save(path if whole else f"{path}{ending}", overwrite=whole)
