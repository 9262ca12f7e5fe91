"""The panel "Search": find moments by a sentence, by words, or by an example."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.found_runs import found_runs
from napari_mousegpt._napari.going import Going
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.searching import Offered, Searching, offered
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.hit_table import HitTable
from napari_mousegpt._napari.widgets.parts import JobBar, Scrolled, is_alive, when_gone
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt._napari.widgets.search_filters import FilterBox
from napari_mousegpt.io.file_report import Problem

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QShowEvent

__all__ = ["SearchPanel"]

_NOTHING = (
    'Describe a recording or a study under "Describe", or choose the folder of one that was '
    "described."
)
_READY = "{} stretches of {} recording(s) are ready. Ask for example: stands on its hind legs."


class SearchPanel(QWidget):
    """Finds moments in the words of finished runs; a click shows the moment.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Whose recordings are jumped to.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Search")
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self.searching, self.going = Searching(napari_viewer), Going(napari_viewer)
        self.folder = PathEdit("the folder of a run or study")
        self.line = QLineEdit()
        self.line.setPlaceholderText("a sentence, or some words")
        self.line.setClearButtonEnabled(True)
        self.search_button, self.like_button = QPushButton("Search"), QPushButton()
        self.like_button.setText("More like the marked interval")
        self.like_button.setToolTip(
            "Finds what is most like the interval that is marked, or the bout that is chosen"
        )
        self.cancel_button = QPushButton("Cancel")
        self.filters, self.hits = FilterBox(), HitTable()
        self.bar, self.report = JobBar(), ReportView(napari_viewer.theme, 200)
        self._lay_out()
        self._connect()
        self.report.say(_NOTHING)
        self._enable()

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        asking = QHBoxLayout()
        asking.addWidget(self.line, 1)
        asking.addWidget(self.search_button)
        working = QHBoxLayout()
        working.addWidget(self.bar, 1)
        working.addWidget(self.cancel_button)
        column.addWidget(self.folder)
        column.addLayout(asking)
        column.addWidget(self.like_button)
        column.addWidget(self.filters)
        column.addLayout(working)
        column.addWidget(self.report)
        column.addWidget(self.hits, 1)
        Scrolled(self, body)

    def _connect(self) -> None:
        searching, runs = self.searching, found_runs(self._state)
        self.folder.changed.connect(self._on_folder)
        self.line.returnPressed.connect(self.ask)
        self.search_button.clicked.connect(self.ask)
        self.like_button.clicked.connect(self.ask_like)
        self.cancel_button.clicked.connect(lambda: searching.cancel())
        self.hits.chosen.connect(self.go)
        self.hits.chosen_again.connect(self.go)
        searching.worked.connect(self._on_worked)
        searching.indexed.connect(self._on_indexed)
        searching.answered.connect(self._on_answered)
        self.going.told.connect(self._on_told)
        runs.found.connect(self._on_run)
        self._viewer.events.theme.connect(self._on_theme)
        when_gone(self, searching.close)
        when_gone(self, self.going.cancel)

    # --- what a person does

    def ask(self) -> None:
        """Search for what is written, within the filters."""
        if self.searching.index is not None:
            self.report.attempt(
                lambda: self.searching.ask(self.line.text().strip(), self.filters.filters)
            )

    def ask_like(self) -> None:
        """Search for what is like the marked interval, or the chosen bout."""
        desk = self._state.desk_of_active()
        span = None if desk is None else desk.interval
        if desk is not None and span is None and desk.selection:
            bout = desk.book.get(desk.selection[0])
            span = (bout.start, bout.stop)
        if desk is None or span is None:
            self.report.say("Mark an interval on the timeline, or choose a bout, first.")
            return
        example = (desk.recording.id, *span)
        self.report.attempt(lambda: self.searching.like(example, self.filters.filters))

    def go(self, row: int) -> None:
        """Show the first frame of a hit, opening its recording where need be."""
        if row < len(self.searching.hits):
            hit = self.searching.hits[row]
            self.hits.about.setText(hit.about)
            self.going.go(hit.recording, hit.start, self.searching.runs)

    # --- what is shown

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Take the results of the last run, unless others were chosen."""
        super().showEvent(event)
        last = found_runs(self._state).last
        if last is not None and not self.folder.path:
            self.folder.path = str(last)

    def _on_folder(self, path: str) -> None:
        if path:
            self.report.attempt(lambda: self.searching.open(Path(path).expanduser()))

    def _on_run(self, folder: Path) -> None:
        if is_alive(self) and self.isVisible():
            if self.folder.path == str(folder):
                self._on_folder(str(folder))
            self.folder.path = str(folder)

    def _on_worked(self) -> None:
        job = self.searching.job
        if not is_alive(self) or job is None:
            return
        self.bar.setVisible(not job.done)
        self.bar.show_progress(*job.progress)
        if not job.done:
            said = self.searching.step or job.title
            self.report.say(f"{said[:1].upper()}{said[1:]} ...")
        elif job.state == "cancelled":
            self.report.say("Cancelled.")
        self._enable()

    def _on_indexed(self) -> None:
        if not is_alive(self):
            return
        index = self.searching.index
        if index is None:
            self.filters.offer(Offered({}, {}, {}, speed=False, seconds=False))
        else:
            self.filters.offer(offered(index))
            count = len(index.rows.names["recording"])
            self.report.say(_READY.format(f"{len(index):,}", count))
        self._enable()

    def _on_answered(self) -> None:
        if not is_alive(self):
            return
        self.hits.show_hits(self.searching.hits)
        self._tell_answer()

    def _tell_answer(self) -> None:
        searching = self.searching
        if searching.error is not None:
            self.report.refuse(searching.error)
        elif searching.hits:
            found = f"{len(searching.hits)} found, the best first. Click one to see it."
            notes = tuple(Problem(note) for note in searching.notes)
            self.report.show_parts([Said((found,), notes)])

    def _on_told(self, what: object) -> None:
        if is_alive(self) and not self.report.tell(what):
            self._tell_answer()

    def _enable(self) -> None:
        ready = self.searching.index is not None and not self.searching.busy
        for widget in (self.line, self.search_button, self.like_button, self.filters):
            widget.setEnabled(self.searching.index is not None)
        self.search_button.setEnabled(ready)
        self.like_button.setEnabled(ready)
        self.cancel_button.setVisible(self.searching.busy)

    def _on_theme(self, _: object = None) -> None:
        if is_alive(self):
            self.report.set_theme(self._viewer.theme)
