"""The panel "Export": bouts, corrections and movies as files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.exemplar_show import exemplar_labels
from napari_mousegpt._napari.export_order import KINDS, Order, targets
from napari_mousegpt._napari.exporting import chosen_bouts, export_parts, in_words, written
from napari_mousegpt._napari.job_progress import JobProgress
from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.movie_names import beside
from napari_mousegpt._napari.scopes import Scope, scope_of
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.export_form import ExportForm
from napari_mousegpt._napari.widgets.parts import JobBar, Scrolled, Text, cancel_when_gone, is_alive
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt.errors import InputError
from napari_mousegpt.reports.annotated_video import AnnotateParams
from napari_mousegpt.reports.exemplar_movie import ExemplarParams

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QShowEvent

    from napari_mousegpt._napari.desk import Desk

__all__ = ["ExportPanel"]

#: Milliseconds between two looks at what is selected or visible.
_LOOK = 400


class ExportPanel(QWidget):
    """Writes what is known of the active recording.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Its active recording is meant.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Export")
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self._desk: Desk | None = None
        self._progress = JobProgress()
        self._scope = Scope("recording", "")
        self.job: Job | None = None
        self.form = ExportForm()
        self.about, self.subject = Text(), Text()
        self.export_button, self.cancel_button = QPushButton("Export"), QPushButton("Cancel")
        self.bar = JobBar()
        self.report = ReportView(napari_viewer.theme)
        self._lay_out()
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK)
        self._clock.timeout.connect(self._look)
        self._clock.start()
        self._hold = cancel_when_gone(self)
        self.form.changed.connect(self._on_choice)
        self.export_button.clicked.connect(self.export)
        self.cancel_button.clicked.connect(self.cancel)
        self._state.changed.connect(self._refill)
        self._viewer.events.theme.connect(self._on_theme)
        self._on_choice()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.export_button)
        buttons.addWidget(self.cancel_button)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.form, self.about, self.subject):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.report)
        column.addStretch(1)
        Scrolled(self, body)

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return self.job is not None and not self.job.done

    # --- what is chosen

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """See what is there by now."""
        super().showEvent(event)
        self._refill()

    def _refill(self) -> None:
        """Offer what the active recording has; a panel that is not seen waits until it is."""
        if not is_alive(self) or not self.isVisible():
            return
        recording = self._state.recording
        desk = None if recording is None else self._state.desk(recording.id)
        if desk is not self._desk:
            if self._desk is not None:
                self._desk.changed.disconnect(self._refill)
            if desk is not None:
                desk.changed.connect(self._refill)
            self._desk = desk
        if desk is None:
            self.form.offer({}, (), both=False)
        else:
            bouts = desk.ethogram.bouts
            clusters = {source == "cluster" for source in set(bouts.column("source"))}
            people = sorted(set(bouts.individual))
            self.form.offer(exemplar_labels([desk.ethogram]), people, both=len(clusters) > 1)
        self._on_choice()

    def _on_choice(self) -> None:
        kind = KINDS[self.form.kind.currentData()]
        self.about.setText(kind.about)
        recording = None if self._desk is None else self._desk.recording
        self.form.file.offer(beside(recording, kind.suffix), kind.endings)
        self._look()

    def _look(self) -> None:
        """See what the choice means now."""
        if self.busy:
            if self.job is not None and not self.job.cancelling:
                self.report.say(self._progress.text())
            return
        if not self.isVisible():
            return
        audit = self.form.kind.currentData() == "audit"
        part = "recording" if audit else self.form.part.currentData()
        scope = scope_of(self._state, part)
        if scope != self._scope:
            self._scope = scope
            self.subject.setText(scope.text)
        self._enable()

    def _enable(self) -> None:
        self.export_button.setEnabled(self._scope.ready and not self.busy)
        self.cancel_button.setEnabled(self.busy)

    def order(self) -> Order:
        """Return what the choices ask for.

        Raises
        ------
        InputError
            When no recording is open, or no file is named.
        """
        desk, scope, path = self._desk, self._scope, self.form.file.path
        if desk is None or not scope.ready:
            remedy = scope.text or "Open a recording first."
            raise InputError("export", expected="a recording", found="none", remedy=remedy)
        if path is None:
            raise InputError("export", expected="a file to write", remedy='Name one under "File".')
        if self._state.blind is not None:
            self._state.blind.check_target(path)
        form, clock = self.form, desk.recording.timebase
        whole = (0, clock.n_frames) if scope.within is None else (
            int(scope.within.start.min()), int(scope.within.stop.max())
        )  # fmt: skip
        return Order(
            kind=form.kind.currentData(),
            path=path,
            recording=desk.recording,
            ethogram=chosen_bouts(
                desk,
                scope,
                status=form.status.currentData(),
                source=form.source.currentData(),
                individual=form.individual.currentData(),
            ),
            book=desk.book,
            overwrite=form.replace.isChecked(),
            label=form.label.currentData(),
            exemplars=replace(ExemplarParams(), n=form.count.value()),
            annotate=AnnotateParams(
                *whole, scale=form.scale.value(), skeleton=form.skeleton.isChecked()
            ),
            colours=self._state.colours(desk.recording.id),
        )

    # --- writing

    def export(self) -> None:
        """Write what is chosen; why it cannot be is told."""
        if not self.busy:
            self.report.attempt(self._start)

    def cancel(self) -> None:
        """Stop; no half file is left."""
        if self.busy and self.job is not None:
            self.report.say("Stopping ...")
            self.job.cancel()

    def _start(self) -> None:
        order = self.order()
        targets(order)
        self._progress = JobProgress()
        title = f"Export {order.path.name}"
        self.job = start_job(self._viewer, export_parts, order, title=title, notify=False)
        self.report.say("Writing ...")
        self.bar.begin()
        self.job.progressed.connect(self._on_part)
        self.job.ended.connect(self._on_ended)
        self._hold(self.job)
        self._enable()

    def _on_part(self, part: Any) -> None:
        if is_alive(self):
            self._progress.note(part)
            self.bar.show_progress(part.done, part.total)

    def _on_ended(self, job: Job) -> None:
        if not is_alive(self):
            return
        self.bar.setVisible(False)
        if job.error is not None:
            self.report.refuse(in_words(job.error))
        elif job.state == "cancelled":
            self.report.say("Cancelled: no half file is left.")
        else:
            self.report.say(written(job.result))
        self._enable()

    def _on_theme(self, _: object = None) -> None:
        if is_alive(self):
            self.report.set_theme(self._viewer.theme)
