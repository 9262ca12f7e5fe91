"""The panel "Exemplars": the bouts that stand for a label, playing side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_mousegpt._napari.exemplar_show import ExemplarShow, exemplar_labels, movie_parts
from napari_mousegpt._napari.jobs import report_error
from napari_mousegpt._napari.movie_names import beside, safe
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.exemplar_choice import ExemplarChoice
from napari_mousegpt._napari.widgets.grid_view import GridView
from napari_mousegpt._napari.widgets.movie_saver import MovieSaver
from napari_mousegpt._napari.widgets.parts import JobBar, Scrolled, is_alive, when_gone
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.reports.time_axis import moment_text

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QHideEvent, QShowEvent

    from napari_mousegpt._napari.desk import Desk
    from napari_mousegpt.core.recording import Recording

__all__ = ["ExemplarsPanel"]

#: Milliseconds after the last change of a choice before clips are read.
_PATIENCE = 350
#: Pixels a clip needs at least to be seen well.
_CLIP = 96
_NO_RECORDING = "Open a recording first."
_NO_LABELS = "Describe or cluster a recording, or mark bouts, to see what a label looks like."


class ExemplarsPanel(QWidget):
    """Plays the exemplars of a label or cluster; a click shows the bout in the viewer.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Its active recording is meant, or all that are open.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Exemplars")
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self._desks: list[Desk] = []
        self.player = ExemplarShow(napari_viewer)
        self.choice = ExemplarChoice()
        self.view = GridView()
        self.bar = JobBar()
        self.report = ReportView(napari_viewer.theme)
        self.saver = MovieSaver(napari_viewer, self.report, self._proposed, self._movie)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.choice, self.view, self.bar, self.report, self.saver):
            column.addWidget(widget)
        column.addStretch(1)
        Scrolled(self, body)
        self._wait, self._tick = QTimer(self), QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_PATIENCE)
        self._wait.timeout.connect(self.refresh)
        self._tick.timeout.connect(self._on_tick)
        self.choice.changed.connect(self._later)
        self.choice.recordings_changed.connect(self._refill)
        self.view.clicked.connect(self._on_click)
        self.view.set_tip(self._tip)
        self.player.changed.connect(self._on_read)
        self._state.changed.connect(self._refill)
        self._viewer.events.theme.connect(self._on_theme)
        when_gone(self, self.player.close)

    # --- what is chosen

    @property
    def recordings(self) -> dict[str, Recording]:
        """The recordings that are looked at, by id."""
        if self.choice.all_recordings:
            return self._state.recordings
        active = self._state.recording
        return {} if active is None else {active.id: active}

    def ethogram(self) -> Ethogram:
        """Return the bouts of those recordings, as corrected."""
        parts = [self._state.desk(name).ethogram for name in self.recordings]
        return Ethogram(
            Intervals.concat([part.bouts for part in parts]),
            Intervals.concat([part.observed for part in parts]),
        )

    def colours(self) -> dict[str, str]:
        """Return the colour of each label; where recordings differ, that of the first."""
        colours: dict[str, str] = {}
        for name in reversed(list(self.recordings)):
            colours.update(self._state.colours(name))
        return colours

    def _refill(self) -> None:
        """Offer the labels of what is open; a panel that is not seen waits until it is."""
        if not is_alive(self) or not self.isVisible():
            return
        self.choice.offer_recordings(len(self._state.recordings))
        desks = [self._state.desk(name) for name in self.recordings]
        for desk in self._desks:
            desk.changed.disconnect(self._refill)
        for desk in desks:
            desk.changed.connect(self._refill)
        self._desks = desks
        self.choice.offer_labels(exemplar_labels(desk.ethogram for desk in desks))
        self._later()

    def _later(self) -> None:
        if self.isVisible():
            self._wait.start()

    # --- showing

    def refresh(self) -> None:
        """Read the clips of what is chosen, unless they are shown already."""
        self._wait.stop()
        label = self.choice.chosen_label
        if label is None:
            self._clear()
            self.report.say(_NO_LABELS if self.recordings else _NO_RECORDING)
        else:
            self.report.attempt(lambda: self._open(label))
        self.saver.enable(self.player.page is not None)

    def _open(self, label: str) -> None:
        ethogram, colours, params = self.ethogram(), self.colours(), self.choice.params
        # Clips of a readable size in the width there is.
        columns = min(params.n, max(2, self.width() // _CLIP))
        try:
            self.player.open(self.recordings, ethogram, label, params, colours, columns)
        except MouseGPTError:
            self._clear()
            raise

    def _clear(self) -> None:
        self._tick.stop()
        self.player.close()
        self.bar.setVisible(False)
        self.view.show_picture(None)

    def _on_read(self) -> None:
        job = self.player.job
        if not is_alive(self) or job is None:
            return
        self.bar.setVisible(not job.done)
        self.bar.show_progress(*job.progress)
        if job.error is not None:
            self._clear()
            self.report.refuse(job.error)
        elif self.player.ready:
            self._play()
        else:
            if not job.progress[0]:
                self._tick.stop()
                self.report.say("")
            self.view.show_picture(self.player.still())
        self.saver.enable(self.player.page is not None)

    def _play(self) -> None:
        if self.player.ready and self.isVisible():
            self.view.show_picture(self.player.still())
            self.player.play()
            self._tick.start(max(10, round(1000 / self.player.rate)))

    def _on_tick(self) -> None:
        picture, error = self.player.take(), self.player.error
        if error is not None:
            self._clear()
            self.saver.enable(False)
            self.report.refuse(error)
            if not isinstance(error, MouseGPTError):
                report_error(error)
        elif picture is not None:
            self.view.show_picture(picture)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Go on where it was hidden."""
        super().showEvent(event)
        self._refill()
        self._play()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Play nothing that nobody sees."""
        self._tick.stop()
        self._wait.stop()
        self.player.pause()
        super().hideEvent(event)

    # --- going there

    def _on_click(self, x: float, y: float) -> None:
        cell = self.player.cell_at(x, y)
        if cell is None:
            return
        if cell.recording not in self._state.recordings:
            self.report.say(f"{cell.recording} is not open any more.")
            return
        desk = self._state.desk(cell.recording)
        desk.select(cell.bout_id)
        desk.go_to(cell.start)

    def _tip(self, x: float, y: float) -> str:
        cell = self.player.cell_at(x, y)
        if cell is None:
            return ""
        who = " ".join(filter(None, (cell.recording, cell.individual)))
        return f"{who}, {moment_text(cell.seconds)}: click to go there"

    # --- saving

    def _proposed(self) -> Path:
        first = next(iter(self.recordings.values()), None)
        return beside(first, f"exemplars_{safe(self.choice.chosen_label or '')}")

    def _movie(self, path: Path, overwrite: bool) -> Iterator[Any]:
        label = self.choice.chosen_label or ""
        if self._state.blind is not None:
            self._state.blind.check_target(path)
        return movie_parts(
            self.recordings, self.ethogram(), {label: path}, self.choice.params, self.colours(),
            overwrite=overwrite,
        )  # fmt: skip

    def _on_theme(self, _: object = None) -> None:
        if is_alive(self):
            self.report.set_theme(self._viewer.theme)
