"""When an animal is in which zone: asked for, measured, shown and written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.cells import SmallTable
from napari_mousegpt._napari.widgets.files import ask_save
from napari_mousegpt._napari.widgets.parts import choice_box, is_alive, refill
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt._napari.zone_visits import HEADER, Visits, first_frames, measure, rows, write
from napari_mousegpt.errors import InputError
from napari_mousegpt.features.zones import ZoneParams

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_mousegpt.core.arena import Arena
    from napari_mousegpt.core.recording import Recording

__all__ = ["ZoneVisits"]

_FILTER = "Tables (*.csv *.tsv *.parquet)"


class ZoneVisits(QWidget):
    """Measures visits to zones.

    Parameters
    ----------
    viewer : ViewerModel
        Where they are shown, as a layer of labels.
    drawn : callable
        Returns the recording and its arenas.
    report : ReportView
        Where it is told what came of it.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        drawn: Callable[[], tuple[Recording, tuple[Arena, ...]]],
        report: ReportView,
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self._drawn = drawn
        self._report = report
        self._shown: list[Layer] = []
        self.found: Visits | None = None
        self.job: Job | None = None
        self.point = choice_box({"": "its body"})
        self.point.setToolTip("The point of the animal that has to be in a zone")
        self.shortest = QDoubleSpinBox()
        self.shortest.setSuffix(" s")
        self.shortest.setSingleStep(0.1)
        self.shortest.setToolTip("Shorter visits are left out")
        self.measure_button = QPushButton("Measure visits")
        self.measure_button.clicked.connect(self.measure)
        self.export_button = QPushButton("Export ...")
        self.export_button.setEnabled(False)
        self.export_button.clicked.connect(self._choose_export)
        self.table = SmallTable(HEADER)
        self.table.setToolTip("Click a zone to see the first visit")
        self.table.itemSelectionChanged.connect(self._jump)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("An animal is where", self.point)
        form.addRow("Shortest visit", self.shortest)
        buttons = QHBoxLayout()
        buttons.addWidget(self.measure_button)
        buttons.addWidget(self.export_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addLayout(buttons)
        column.addWidget(self.table)

    def offer(self, recording: Recording | None) -> None:
        """Offer the points of the recording that is active."""
        names: list[str] = []
        if recording is not None and recording.pose is not None:
            names = [str(name) for name in recording.pose["keypoints"].values]
        refill(self.point, {"": "its body", **{name: f"its {name}" for name in names}})
        busy = self.job is not None and not self.job.done
        self.measure_button.setEnabled(recording is not None and not busy)

    def measure(self) -> None:
        """Find the visits, off the main thread."""
        self._report.attempt(self._start)

    def export(self, path: str) -> None:
        """Write the visits, and their summary beside them."""
        self._report.attempt(lambda: self._write(path))

    def _start(self) -> None:
        params = ZoneParams(point=self.point.currentData(), min_visit_s=self.shortest.value())
        recording, arenas = self._drawn()
        self.measure_button.setEnabled(False)
        self._report.say("Measuring ...")
        self.job = start_job(
            self._viewer, measure, recording, arenas, params,
            title="Measure visits", on_done=self._show, notify=False,
        )  # fmt: skip
        self.job.ended.connect(self._on_ended)

    def _write(self, path: str) -> None:
        if self.found is None:
            raise InputError("visits", expected="measured ones", remedy="Measure them first.")
        files = write(path, self.found)
        self._report.say(f"Wrote {' and '.join(str(file) for file in files)}.")

    def _show(self, found: Visits) -> None:
        if not is_alive(self):
            return
        for layer in [layer for layer in self._shown if layer in self._viewer.layers]:
            self._viewer.layers.remove(layer)
        self.found, self._shown = found, []
        if len(found.ethogram):
            self._shown = show(self._viewer, found.recording, found.ethogram)[-1:]
        self.table.set_rows(rows(found.summary))
        self.export_button.setEnabled(True)

    def _on_ended(self, job: Job) -> None:
        if not is_alive(self):
            return
        self.measure_button.setEnabled(True)
        if job.error is not None:
            self._report.refuse(job.error)
        elif self.found is not None:
            count = len(self.found.ethogram)
            self._report.say(f"{self.found.recording.id}: {count} visits.")

    def _jump(self) -> None:
        """Show the first visit of the chosen zone."""
        row = self.table.currentRow()
        frames = [] if self.found is None else first_frames(self.found)
        if self.found is not None and 0 <= row < len(frames) and frames[row] is not None:
            state_of(self._viewer).go_to(self.found.recording.id, int(frames[row] or 0))

    def _choose_export(self) -> None:
        ask_save(self, _FILTER, "visits.csv", self.export)
