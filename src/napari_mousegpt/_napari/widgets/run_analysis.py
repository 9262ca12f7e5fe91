"""The panel "Describe and cluster": from a recording to words, clusters and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.jobs import Job, start_job, verb_parts
from napari_mousegpt._napari.opening import about
from napari_mousegpt._napari.outcome import cluster_rows, outcome
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.form import ParamsForm
from napari_mousegpt._napari.widgets.parts import JobBar, Text, error_text, is_alive
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.runs.chain import RunParams

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.runs.results import RunResult

__all__ = ["RunAnalysis"]

_FIELDS = {
    "segments": "Describe",
    "shortest_s": "Shortest stretch",
    "longest_s": "Longest stretch",
    "window_s": "Window",
    "step_s": "Step",
    "bin_s": "Cluster pieces of",
}
_CHOICES = {"behaviour": "each behaviour", "windows": "equal windows"}
_TIPS = {
    "segments": "Stretches cut where the behaviour changes, or windows of equal length",
    "bin_s": "Length of the pieces that are clustered",
}
_ONLY_WITH = {
    "shortest_s": "behaviour",
    "longest_s": "behaviour",
    "window_s": "windows",
    "step_s": "windows",
}
_COLUMNS = ("Cluster", "Time", "Bouts", "Example")
_FRAME = Qt.ItemDataRole.UserRole


class RunAnalysis(QWidget):
    """Runs the whole chain on the recording that is open, and shows what came of it.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Its active recording is analysed.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self._layers: list[Layer] = []
        self._shown = ""
        self.job: Job | None = None
        self.subject = Text()
        self.form = ParamsForm(RunParams(), _FIELDS, _TIPS, _CHOICES)
        self.form.changed.connect(self._fit_form)
        self.out = PathEdit("a folder in your cache")
        self.run_button = QPushButton("Run")
        self.run_button.clicked.connect(self.run)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setEnabled(False)
        self.cancel_button.clicked.connect(self.cancel)
        self.bar = JobBar()
        self.status = Text()
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        self.table.setToolTip("Click a cluster to see its most typical moment")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().setVisible(False)
        self.table.itemSelectionChanged.connect(self._jump)
        self.sentence = Text()
        self._lay_out()
        self._state.changed.connect(self._on_recording)
        self._fit_form()
        self._on_recording()

    def _lay_out(self) -> None:
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setVisible(False)
        self.form.add_row("Results in", self.out)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button)
        buttons.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.addWidget(self.subject)
        column.addWidget(self.form)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.status)
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.sentence)
        column.addStretch(0)

    def run(self) -> None:
        """Start the run on the active recording."""
        recording = self._state.recording
        if recording is None:
            return
        try:
            params = self.form.value
        except MouseGPTError as error:
            self.status.setText(error_text(error))
            return
        self.status.setText("Starting ...")
        self.run_button.setEnabled(False)
        self.cancel_button.setEnabled(True)
        self.job = start_job(
            self._viewer,
            verb_parts("run"),
            recording,
            self.out.path or None,
            params,
            title="Describe and cluster",
            on_done=lambda result: self._show(result, recording),
            notify=False,
        )
        self.bar.begin()
        self.job.progressed.connect(self._on_part)
        self.job.ended.connect(self._on_ended)
        self.destroyed.connect(self.job.cancel)

    def cancel(self) -> None:
        """Stop after the part that is being made; a new run goes on from there."""
        if self.job is not None and not self.job.done:
            self.status.setText("Stopping after this part ...")
            self.job.cancel()

    def _on_part(self, part: Any) -> None:
        if is_alive(self):
            self.bar.show_progress(part.done, part.total)
            kept = " (from an earlier run)" if part.resumed else ""
            self.status.setText(f"{part.step.capitalize()}: {part.done} of {part.total}{kept}")

    def _on_ended(self, job: Job) -> None:
        if not is_alive(self):
            return
        self.bar.setVisible(False)
        self.cancel_button.setEnabled(False)
        self._on_recording()
        if job.error is not None:
            self.status.setText(error_text(job.error))
        elif job.state == "cancelled":
            self.status.setText("Cancelled. What was finished is kept; Run goes on from there.")

    def _show(self, result: RunResult, recording: Recording) -> None:
        if not is_alive(self):
            return
        for layer in self._layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self._layers = show(self._viewer, recording, result.ethogram)
        self._shown = recording.id
        rows = [] if result.groups is None else cluster_rows(result.groups.clusters, recording)
        self.status.setText(outcome(result, with_clusters=not rows))
        self.sentence.setText("")
        self.table.setRowCount(len(rows))
        self.table.setVisible(bool(rows))
        for number, row in enumerate(rows):
            for place, cell in enumerate(row.cells):
                item = QTableWidgetItem(cell)
                item.setData(_FRAME, row.frame)
                item.setToolTip(f"{row.cells[0]}: {row.sentence}")
                if place:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.table.setItem(number, place, item)

    def _jump(self) -> None:
        items = self.table.selectedItems()
        if not items:
            return
        self.sentence.setText(items[0].toolTip())
        frame = items[0].data(_FRAME)
        if frame is not None:
            self._state.go_to(self._shown, frame)

    def _fit_form(self) -> None:
        chosen = self.form.get("segments")
        for name, needed in _ONLY_WITH.items():
            self.form.show_field(name, chosen == needed)

    def _on_recording(self) -> None:
        if not is_alive(self):
            return
        recording = self._state.recording
        busy = self.job is not None and not self.job.done
        self.run_button.setEnabled(recording is not None and not busy)
        if recording is not None:
            self.subject.setText(about(recording))
        elif self._state.tags():
            self.subject.setText(
                "This pose has no frame rate. Open it with its frames per second under "
                '"Open recording".'
            )
        else:
            self.subject.setText('Open a recording first: under "Open recording", or drop a video.')
