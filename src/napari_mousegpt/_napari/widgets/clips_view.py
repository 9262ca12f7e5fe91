"""Clips of a few bouts, playing side by side; a click shows the bout in the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_mousegpt._napari.exemplar_show import ExemplarShow
from napari_mousegpt._napari.jobs import report_error
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.grid_view import GridView
from napari_mousegpt._napari.widgets.parts import JobBar, is_alive, when_gone
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt.clips import CropParams
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.reports.exemplar_movie import ExemplarParams
from napari_mousegpt.reports.grid_plan import GridParams
from napari_mousegpt.reports.time_axis import moment_text

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QHideEvent, QShowEvent

    from napari_mousegpt.core.ethogram import Ethogram

__all__ = ["ClipsView"]


class ClipsView(QWidget):
    """Plays clips of bouts of recordings that are open.

    Parameters
    ----------
    viewer : ViewerModel
        Whose recordings.
    n : int
        Clips at most.
    columns : int
        Clips in a row; 0 chooses.
    """

    #: Recording and frame of a clip that was clicked.
    jumped = Signal(str, int)

    def __init__(
        self, viewer: ViewerModel, n: int = 9, columns: int = 0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state = state_of(viewer)
        self._viewer = viewer
        self._columns = columns
        side = GridParams(crops=CropParams(side=128))
        self._params = ExemplarParams(n=n, grid=side)
        self.player = ExemplarShow(viewer)
        self.view = GridView()
        self.bar = JobBar()
        self.report = ReportView(viewer.theme, 120)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.view, self.bar, self.report):
            column.addWidget(widget)
        self._tick = QTimer(self)
        self._tick.timeout.connect(self._on_tick)
        self.view.clicked.connect(self._on_click)
        self.view.set_tip(self._tip)
        self.player.changed.connect(self._on_read)
        viewer.events.theme.connect(self._on_theme)
        when_gone(self, self.player.close)

    def show_bouts(self, ethogram: Ethogram, label: str, colour: str) -> None:
        """Read and play the bouts of a label; why it cannot be is told."""
        self._tick.stop()
        self.report.attempt(lambda: self._open(ethogram, label, colour))

    def clear(self) -> None:
        """Show nothing."""
        self._tick.stop()
        self.player.close()
        self.bar.setVisible(False)
        self.view.show_picture(None)
        self.report.say("")

    def _open(self, ethogram: Ethogram, label: str, colour: str) -> None:
        opened = self._state.recordings
        names = sorted(set(ethogram.bouts.recording))
        known = {name: opened[name] for name in names if name in opened}
        try:
            if not known:
                raise InputError(
                    "clips",
                    expected=f"an open recording: {', '.join(names[:4])}",
                    found="none of them",
                    remedy="Click a point of it on the map: that opens it.",
                )
            self.player.open(known, ethogram, label, self._params, {label: colour}, self._columns)
        except MouseGPTError:
            self.clear()
            raise
        self.report.say("")

    def _on_read(self) -> None:
        job = self.player.job
        if not is_alive(self) or job is None:
            return
        self.bar.setVisible(not job.done)
        self.bar.show_progress(*job.progress)
        if job.error is not None:
            self.clear()
            self.report.refuse(job.error)
        elif self.player.ready:
            self._play()
        else:
            self.view.show_picture(self.player.still())

    def _play(self) -> None:
        if self.player.ready and self.isVisible():
            self.view.show_picture(self.player.still())
            self.player.play()
            self._tick.start(max(10, round(1000 / self.player.rate)))

    def _on_tick(self) -> None:
        picture, error = self.player.take(), self.player.error
        if error is not None:
            self.clear()
            self.report.refuse(error)
            if not isinstance(error, MouseGPTError):
                report_error(error)
        elif picture is not None:
            self.view.show_picture(picture)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Go on where it was hidden."""
        super().showEvent(event)
        self._play()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Play nothing that nobody sees."""
        self._tick.stop()
        self.player.pause()
        super().hideEvent(event)

    def _on_click(self, x: float, y: float) -> None:
        cell = self.player.cell_at(x, y)
        if cell is not None:
            self.jumped.emit(cell.recording, cell.start)

    def _tip(self, x: float, y: float) -> str:
        cell = self.player.cell_at(x, y)
        if cell is None:
            return ""
        who = " ".join(filter(None, (cell.recording, cell.individual)))
        return f"{who}, {moment_text(cell.seconds)}: click to go there"

    def _on_theme(self, _: object = None) -> None:
        if is_alive(self):
            self.report.set_theme(self._viewer.theme)
