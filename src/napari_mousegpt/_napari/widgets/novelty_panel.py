"""The panel "Novelty": what is new against a reference, and what is odd within all recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.found_runs import found_runs
from napari_mousegpt._napari.going import Going
from napari_mousegpt._napari.map_acts import as_ethogram
from napari_mousegpt._napari.novelty_show import NoveltyShow
from napari_mousegpt._napari.novelty_source import FoundNew, FoundOdd
from napari_mousegpt._napari.novelty_text import (
    candidate_rows,
    new_told,
    odd_rows,
    odd_told,
    recording_rows,
)
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.clips_view import ClipsView
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.novelty_answer import NoveltyAnswer
from napari_mousegpt._napari.widgets.novelty_question import NoveltyQuestion
from napari_mousegpt._napari.widgets.novelty_roles import NoveltyRoles
from napari_mousegpt._napari.widgets.parts import JobBar, Scrolled, is_alive, when_gone
from napari_mousegpt._napari.widgets.report_view import ReportView

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QShowEvent

    from napari_mousegpt.clusters.accepted import Accepted

__all__ = ["NoveltyPanel"]

_COLOUR = "#f0a63a"
#: Pixels: no text is higher, so that only the panel scrolls, not a text in it as well.
_WHOLE = 2000


class NoveltyPanel(QWidget):
    """Asks about novelty and shows the answer beside its control.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Whose recordings are jumped to, and whose timeline shows the scores.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Novelty")
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self.asking, self.going = NoveltyShow(napari_viewer), Going(napari_viewer)
        self.question = NoveltyQuestion()
        self.roles, self.answer = NoveltyRoles(), NoveltyAnswer()
        self.run_button, self.cancel_button = QPushButton("Run"), QPushButton("Cancel")
        self.bar, self.report = JobBar(), ReportView(napari_viewer.theme, _WHOLE)
        self.clips = ClipsView(napari_viewer, n=6, columns=3)
        self.clips.setVisible(False)
        self._lay_out()
        self._connect()
        self._show_work()

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button)
        buttons.addWidget(self.cancel_button)
        column.addWidget(self.question)
        column.addWidget(self.roles)
        column.addLayout(buttons)
        for widget in (self.bar, self.report, self.answer, self.clips):
            column.addWidget(widget)
        column.addStretch(1)
        Scrolled(self, body)

    def _connect(self) -> None:
        asking, roles, answer = self.asking, self.roles, self.answer
        self.question.folder.changed.connect(self._on_folder)
        self.question.changed.connect(self._show_work)
        self.run_button.clicked.connect(self.run)
        self.cancel_button.clicked.connect(lambda: asking.cancel())
        roles.given.connect(lambda names, role: asking.give(names, role))
        roles.grouped.connect(lambda column, value: asking.choose_new(column, value))
        answer.chosen.connect(self._on_row)
        answer.clips_wanted.connect(self.play)
        answer.accepted.connect(self.accept)
        answer.undone.connect(self.undo)
        answer.redone.connect(self.redo)
        asking.changed.connect(self._show_work)
        asking.answered.connect(self._show_answer)
        self.clips.jumped.connect(self.go)
        self.going.told.connect(self._on_told)
        found_runs(self._state).found.connect(self._on_run)
        self._viewer.events.theme.connect(self._on_theme)
        when_gone(self, asking.close)
        when_gone(self, self.going.cancel)

    # --- what is asked

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Take the results of the last run, unless others were chosen."""
        super().showEvent(event)
        last = found_runs(self._state).last
        if last is not None and not self.question.folder.path:
            self.question.folder.path = str(last)

    def run(self) -> None:
        """Ask the question that is chosen."""
        self.report.attempt(lambda: self.asking.ask(self.question.params))

    def _on_folder(self, path: str) -> None:
        if path:
            self.report.attempt(lambda: self.asking.open(Path(path).expanduser()))

    def _on_run(self, folder: Path) -> None:
        if is_alive(self) and self.isVisible() and not self.question.folder.path:
            self.question.folder.path = str(folder)

    def _show_work(self) -> None:
        """Show what is asked, and how far it is."""
        if not is_alive(self):
            return
        show, question = self.asking, self.question.kind
        self.roles.ask_for(new=question == "new")
        facts = {name: show.facts(name) for name in show.roles}
        self.roles.show_roles(show.roles, facts, show.groupings)
        problem, job = show.problem(question), show.job
        told = [problem or "Nothing asked yet.", show.note]
        self.run_button.setEnabled(not problem and not show.busy)
        self.run_button.setToolTip(problem)
        self.cancel_button.setEnabled(show.busy and job is not None and not job.cancelling)
        self.bar.setVisible(show.busy)
        self.answer.enable(busy=show.busy)
        if show.busy and job is not None:
            self.bar.show_progress(*job.progress)
            self.report.say("Stopping ..." if job.cancelling else f"{job.title} ...")
        elif job is not None and job.error is not None:
            self.report.refuse(job.error)
        elif show.found is None or problem:
            self.report.say(" ".join(filter(None, told)))
        else:
            self._tell()

    # --- what was found

    def _show_answer(self) -> None:
        if not is_alive(self):
            return
        self.clips.clear()
        self.clips.setVisible(False)
        found = self.asking.found
        if isinstance(found, FoundNew):
            called = {
                candidate: f"{one.name} (id {one.cluster})"
                for candidate, one in self.asking.accepted.items()
            }
            first, rates = candidate_rows(found, called), recording_rows(found.answer.recordings)
            numbers = [int(one) for one in found.answer.candidates["candidate"]]
            done, growing = tuple(self.asking.accepted), self.asking.growing()
            steps = ("", "") if growing is None else (
                _called(growing.can_undo), _called(growing.can_redo)
            )  # fmt: skip
            self.answer.show_rows(first, rates, candidates=numbers, steps=steps, done=done)
        elif isinstance(found, FoundOdd):
            rates = recording_rows(found.answer.recordings)
            moments = [row for row, _ in odd_rows(found)]
            self.answer.show_rows(moments, rates, candidates=None)
        else:
            self.answer.show_rows([], [])
        self._tell()

    def _tell(self) -> None:
        found = self.asking.found
        if found is not None:
            said, problems = new_told(found) if isinstance(found, FoundNew) else odd_told(found)
            self.report.show_parts([Said(tuple(said), tuple(problems))])

    def _on_row(self, number: int) -> None:
        """Go to a candidate, or to one of the odd moments."""
        found = self.asking.found
        if isinstance(found, FoundNew):
            self.asking.stretches(number)
            self.go(*self.asking.typical(number))
        elif isinstance(found, FoundOdd):
            shown, recording = odd_rows(found)[number]
            if shown.frame is not None:
                self.go(recording, shown.frame)

    def go(self, recording: str, frame: int) -> None:
        """Show a frame, opening its recording where need be."""
        source = self.asking.source
        self.going.go(recording, frame, {} if source is None else source.runs)

    def play(self, candidate: int) -> None:
        """Play clips of a candidate."""
        label = f"candidate {candidate}"
        self.clips.setVisible(True)
        self.clips.show_bouts(as_ethogram(self.asking.stretches(candidate), label), label, _COLOUR)

    def accept(self, candidate: int, name: str) -> None:
        """Accept a candidate into the map."""
        self.report.attempt(lambda: self.asking.accept(candidate, name))

    def undo(self) -> None:
        """Take back what was accepted last."""
        self.report.attempt(self._undo)

    def _undo(self) -> None:
        gone = self.asking.undo()
        self.report.say(
            f"{gone.name} is no behaviour of the map any more; the id {gone.cluster} rests."
        )

    def redo(self) -> None:
        """Accept again what was taken back last."""
        self.report.attempt(self._redo)

    def _redo(self) -> None:
        again = self.asking.redo()
        self.report.say(
            f"{again.name} is a behaviour of the map again, with the id {again.cluster}."
        )

    def _on_told(self, what: object) -> None:
        if is_alive(self) and not self.report.tell(what):
            self._tell()

    def _on_theme(self, _: object = None) -> None:
        if is_alive(self):
            self.report.set_theme(self._viewer.theme)


def _called(behaviour: Accepted | None) -> str:
    return "" if behaviour is None else behaviour.name or f"behaviour {behaviour.cluster}"
