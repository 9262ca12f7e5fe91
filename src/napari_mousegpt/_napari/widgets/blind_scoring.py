"""The panel "Blind scoring": the recordings of a study in random order, under codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.blind_begin import begin, resume
from napari_mousegpt._napari.jobs import Job
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.blind_items import BlindItems
from napari_mousegpt._napari.widgets.blind_setup import BlindSetup
from napari_mousegpt._napari.widgets.blind_unlock import BlindUnlock
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.files import ask_save
from napari_mousegpt._napari.widgets.parts import JobBar, Scrolled, Text, is_alive
from napari_mousegpt._napari.widgets.report_view import ReportView

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.blind_session import BlindSession

__all__ = ["BlindScoring"]


class BlindScoring(QWidget):
    """Begins a blinded study, goes through its items, and unlocks it.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Where items are opened.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Blind scoring")
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self.session: BlindSession | None = None
        self.setup = BlindSetup()
        self.running = QWidget()
        self.summary = Text()
        self.table = BlindItems()
        steps = (QPushButton(text) for text in ("Previous", "Open", "Next"))
        self.previous_button, self.open_button, self.next_button = steps
        self.who = QLineEdit()
        self.export_button = QPushButton("Export scores ...")
        self.unlock_button = QPushButton("Unlock ...")
        self.away_button = QPushButton("Put away")
        self.unlock = BlindUnlock()
        self.bar = JobBar()
        self.report = ReportView(napari_viewer.theme)
        self._codes: tuple[str, ...] = ()
        self._then = ""  # said when the job is done
        self._lay_out()
        self._connect()
        self._take(self._state.blind)

    def _lay_out(self) -> None:
        self.who.setToolTip("Stands beside every correction and in the log")
        self.export_button.setToolTip("Write what was marked or accepted in all items as a table")
        self.unlock_button.setToolTip("Show names and groups; that is written into the log")
        self.away_button.setToolTip("Close the item; the study can be gone on with later")
        steps, ends = QHBoxLayout(), QHBoxLayout()
        for button in (self.previous_button, self.open_button, self.next_button):
            steps.addWidget(button)
        for button in (self.export_button, self.unlock_button, self.away_button):
            button.setStyleSheet("padding: 3px 4px;")
            ends.addWidget(button)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Your name", self.who)
        inner = QVBoxLayout(self.running)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.summary)
        inner.addWidget(self.table)
        inner.addLayout(steps)
        inner.addLayout(form)
        inner.addLayout(ends)
        inner.addWidget(self.unlock)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.setup, self.running, self.bar, self.report):
            column.addWidget(widget)
        column.addStretch(1)
        Scrolled(self, body)

    def _connect(self) -> None:
        self.setup.wanted.connect(self.begin)
        self.previous_button.clicked.connect(lambda: self._step(-1))
        self.next_button.clicked.connect(lambda: self._step(1))
        self.open_button.clicked.connect(lambda: self.open())
        self.table.cellDoubleClicked.connect(lambda row, _: self.open(row))
        self.table.itemSelectionChanged.connect(self._enable)
        self.who.textEdited.connect(self._on_who)
        self.export_button.clicked.connect(
            lambda: ask_save(self, "Tables (*.csv *.tsv *.parquet)", "scores.csv", self.export)
        )
        self.unlock_button.clicked.connect(self.unlock.ask)
        self.unlock.wanted.connect(self.reveal)
        self.away_button.clicked.connect(self.put_away)
        self._viewer.events.theme.connect(self._on_theme)

    # --- what the user does

    def begin(self) -> None:
        """Blind the study that is chosen, or go on with it."""
        self.report.attempt(self._begin)

    def open(self, row: int | None = None) -> None:
        """Open the item of a row, by default of the chosen one."""
        chosen = self.table.currentRow() if row is None else row
        if self.session is not None and 0 <= chosen < len(self._codes):
            self._follow(self.session.open(self._codes[chosen]), "Opening ...")

    def export(self, path: str) -> None:
        """Write the scores of all items."""
        if self.session is not None:
            export = self.session.export
            self.report.attempt(lambda: self._follow(export(path, overwrite=True), "Writing ..."))

    def reveal(self, reason: str) -> None:
        """Unlock the study."""
        self.report.attempt(lambda: self._reveal(reason))

    def put_away(self) -> None:
        """End scoring in this viewer."""
        if self.session is not None:
            self.session.put_away()
        self._take(None)
        self.report.say("")

    def _begin(self) -> None:
        ask = resume if self.setup.begun else begin
        who = self.setup.who.text()
        session = ask(self._viewer, self.setup.table.path, self.setup.folder.path, who)
        self._take(session)
        self._follow(session.look(), "Looking at what was scored before ...")

    def _reveal(self, reason: str) -> None:
        if self.session is None:
            return
        self.session.unlock(self.session.name, reason)
        self.unlock.leave()
        said = f"Unlocked. The log says: {self.session.log[-1].sentence}."
        self.report.say(said)
        # The item that is open is opened under its own name.
        self._follow(self.session.job if self.session.busy else None, said, said)

    def _step(self, by: int) -> None:
        if self.session is not None:
            self._follow(self.session.step(by), "Opening ...")

    def _on_who(self, text: str) -> None:
        if self.session is not None:
            self.session.who = text

    # --- what is shown

    def _take(self, session: BlindSession | None) -> None:
        """Show a session, or ask for one."""
        if self.session is not None:
            self.session.changed.disconnect(self._show)
        self.session = session
        if session is not None:
            session.changed.connect(self._show)
            self.who.setText(session.name)
        self.setup.setVisible(session is None)
        self.setup.refresh()
        self.running.setVisible(session is not None)
        self.unlock.leave()
        self._show()

    def _show(self) -> None:
        """Show how far each item is."""
        if not is_alive(self) or self.session is None:
            return
        if self._state.blind is not self.session:
            self._take(self._state.blind)
            return
        items = self.session.items
        self._codes = tuple(item.code for item in items)
        self.table.show_items(items)
        scored = sum(item.scored for item in items)
        hidden = (
            "Blinded: names and groups are hidden."
            if self.session.locked
            else "Unlocked: names and groups are shown."
        )
        self.summary.setText(f"{hidden} {scored} of {len(items)} items scored.")
        self._enable()

    def _enable(self) -> None:
        session = self.session
        if session is None:
            return
        free = not session.busy
        place = self._codes.index(session.code) if session.code in self._codes else None
        last = len(self._codes) - 1
        self.open_button.setEnabled(free and self.table.currentRow() >= 0)
        self.previous_button.setEnabled(free and place is not None and place > 0)
        self.next_button.setEnabled(free and (place is None or place < last))
        self.export_button.setEnabled(free)
        self.away_button.setEnabled(free)
        self.unlock_button.setEnabled(free and session.locked)
        self.unlock_button.setVisible(session.locked)

    def _follow(self, job: Job | None, text: str, then: str = "") -> None:
        """Show how a job goes, and what comes of it."""
        if job is None:
            return
        self._then = then
        self.report.say(text)
        self.bar.begin()
        job.progressed.connect(self._on_part)
        job.ended.connect(self._on_ended)

    def _on_part(self, part: Any) -> None:
        if is_alive(self):
            self.bar.show_progress(part.done, part.total)

    def _on_ended(self, job: Job) -> None:
        if not is_alive(self):
            return
        self.bar.setVisible(False)
        if job.error is not None:
            self.report.refuse(job.error)
        elif job.state == "finished" and hasattr(job.result, "left_out"):
            self._tell(job.result)
        else:
            self.report.say(self._then)
        self._show()

    def _tell(self, result: Any) -> None:
        """Tell what was written, and what is missing."""
        said = []
        if hasattr(result, "path"):
            by = "code" if self.session is None or self.session.locked else "recording"
            bouts = "1 bout" if result.bouts == 1 else f"{result.bouts} bouts"
            said.append(f"Written: {bouts}, by {by}, to {result.path}.")
        self.report.say(" ".join((*said, *result.left_out)))

    def _on_theme(self, _: object = None) -> None:
        if is_alive(self):
            self.report.set_theme(self._viewer.theme)
