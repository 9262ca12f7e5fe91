"""A run of a panel: started on a scope, followed, cancelled, its results put on the screen."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.extras import take_words
from napari_mousegpt._napari.found_runs import found_runs
from napari_mousegpt._napari.job_progress import JobProgress
from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.outcome import outcome
from napari_mousegpt._napari.panel_work import (
    Outcome,
    Shown,
    StudyOutcome,
    run_parts,
    study_parts,
)
from napari_mousegpt._napari.run_settings import run_settings
from napari_mousegpt._napari.scopes import Scope
from napari_mousegpt._napari.state import state_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.runs import RunParams

__all__ = ["PanelRun"]


class PanelRun:
    """What a panel runs, one at a time.

    Parameters
    ----------
    viewer : ViewerModel
        Where results are shown.
    title : str
        What is done, in words.
    in_table : collection of str
        What the panel lists in a table, so that the text need not.

    Attributes
    ----------
    job : Job or None
        The run that goes on, or the last one.
    text : str
        Where it is, or what came of it.
    of : str
        Id of the recording that results are about, empty when none is open.
    """

    #: Seconds between two previews: drawing one keeps the window busy for a moment.
    preview_every_s = 1.0

    #: Emitted when there is another text, or more is done.
    changed = Signal()
    #: Emitted with what came of a run, an ``Outcome`` or a ``StudyOutcome``.
    found = Signal(object)

    def __init__(self, viewer: ViewerModel, title: str, in_table: Collection[str]) -> None:
        self._viewer = viewer
        self._title = title
        self._in_table = in_table
        self._shown = Shown(viewer)
        self._progress = JobProgress()
        self._scope = Scope("recording", "")
        self._previewed = 0.0
        self.job: Job | None = None
        self.text = ""
        self.of = ""

    @property
    def busy(self) -> bool:
        """Whether a run is going on."""
        return self.job is not None and not self.job.done

    @property
    def share(self) -> float | None:
        """How much is done, 0 to 1; None while it cannot be said."""
        return self._progress.share

    def start(
        self, chosen: Scope, params: RunParams, out: str, expected: Mapping[str, float] | None
    ) -> None:
        """Start a run.

        Parameters
        ----------
        chosen : Scope
            What it is on; ready.
        params : RunParams
            Settings.
        out : str
            Folder for results; empty for one of its own.
        expected : mapping of str to float, optional
            Seconds that its steps were estimated to take.
        """
        self._progress = JobProgress(expected)
        self._scope = chosen
        self._shown.begin(chosen.recording, chosen.within)
        parts: Any = run_parts
        place, root = Path(out) if out else None, run_settings().path
        args: tuple[Any, ...] = (chosen.recording, place, params, chosen.within, root)
        if chosen.study is not None:
            opened = state_of(self._viewer).recording
            parts, args = study_parts, (chosen.study, place, params, opened, root)
        # Methods are held weakly: Qt keeps what a job calls for good.
        self.job = start_job(
            self._viewer, parts, *args, title=self._title, on_done=self._on_done, notify=False
        )
        self.job.progressed.connect(self._on_part)
        self.job.ended.connect(self._on_ended)
        self._say("Starting ...")

    def cancel(self) -> None:
        """Stop after the part that is being made; a new run goes on from there."""
        if self.busy and self.job is not None:
            self.job.cancel()
            self._say("Stopping after this part ...")

    def tick(self) -> None:
        """Tell the time left again, as time goes on."""
        if self.busy and self.job is not None and not self.job.cancelling:
            self._say(self._progress.text())

    def _say(self, text: str) -> None:
        self.text = text
        self.changed.emit()

    def _on_part(self, part: Any) -> None:
        self._progress.note(part)
        self.tick()
        preview, recording = getattr(part, "preview", None), self._scope.recording
        due = time.monotonic() - self._previewed >= self.preview_every_s
        if preview is not None and recording is not None and due:
            self._shown.replace(recording, preview, part.centroids, self._scope.within)
            self._previewed = time.monotonic()

    def _on_done(self, result: Outcome | StudyOutcome) -> None:
        recording = self._scope.recording
        centroids = None
        if isinstance(result, StudyOutcome):
            recording, found = result.opened, result.found
            text = outcome(result.result, in_table=self._in_table)
        else:
            found, centroids = result.result, result.centroids
            text = outcome(found, in_table=self._in_table)
        self.of = "" if recording is None else recording.id
        if recording is not None and found is not None:
            within = self._scope.within
            if not self._shown.replace(recording, found.ethogram, centroids, within):
                text = (
                    f"{self.of} is not open any more, so nothing is shown on it. Open it again "
                    f"and press Run: the results are found finished.\n{text}"
                )
            else:
                take_words(state_of(self._viewer), recording.id, found)
        self.text = text
        found_runs(state_of(self._viewer)).note(result.result.path)
        self.found.emit(result)

    def _on_ended(self, job: Job) -> None:
        if job.state == "cancelled":
            self.text = "Cancelled. What was finished is kept; Run goes on from there."
        self.changed.emit()
