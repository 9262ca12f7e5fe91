"""What the panels of long verbs share: scope, form, estimate, run, cancel, progress, results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.estimating import Estimating
from napari_mousegpt._napari.outcome import ResultRow, study_rows
from napari_mousegpt._napari.panel_run import PanelRun
from napari_mousegpt._napari.panel_work import Outcome, StudyOutcome
from napari_mousegpt._napari.run_settings import run_settings
from napari_mousegpt._napari.scopes import SCOPES, Scope, scope_of
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.form import ParamsForm
from napari_mousegpt._napari.widgets.parts import (
    JobBar,
    Scrolled,
    Text,
    choice_box,
    error_text,
    is_alive,
    when_gone,
)
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt._napari.widgets.result_table import ResultTable
from napari_mousegpt.errors import MouseGPTError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.jobs import Job
    from napari_mousegpt.runs import RunParams, RunResult

__all__ = ["JobPanel"]

_TABLES = "Study table (*.csv *.tsv *.txt *.xlsx *.toml);;All files (*)"
#: Milliseconds between two looks at what is selected or visible, and at the time left.
_LOOK = 400


class JobPanel(QWidget):
    """A panel that runs a verb on what is chosen, and shows what comes of it.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Whose recordings are worked on.
    title : str
        What it does, in words.
    params : RunParams
        Where the form begins.
    fields, tips, choices : mapping
        See :class:`~napari_mousegpt._napari.widgets.form.ParamsForm`.
    results : ResultTable
        Where results are listed.
    """

    #: What the table of results shows, so that the text below need not.
    in_table: tuple[str, ...] = ()

    def __init__(
        self,
        napari_viewer: ViewerModel,
        title: str,
        params: RunParams,
        fields: Mapping[str, str],
        tips: Mapping[str, str],
        choices: Mapping[str, str],
        results: ResultTable,
    ) -> None:
        super().__init__()
        Docking(self, title)
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self.work = PanelRun(napari_viewer, title, self.in_table)
        self.estimating = Estimating(napari_viewer)
        self.scope = choice_box(SCOPES)
        self.study = PathEdit("a table with a row for each recording", _TABLES)
        self.subject = Text()
        self.form = ParamsForm(params, fields, tips, choices)
        self.out = PathEdit("a folder in your cache")
        self.estimate = Text()
        self.run_button = QPushButton("Run")
        self.cancel_button = QPushButton("Cancel")
        self.bar = JobBar()
        self.status = Text()
        self.results = results
        self._lay_out()
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        self.scope.currentIndexChanged.connect(self._on_choice)
        self.study.changed.connect(self._on_choice)
        self.form.changed.connect(self._on_choice)
        self.run_button.clicked.connect(self.run)
        self.cancel_button.clicked.connect(self.cancel)
        self.results.jumped.connect(self._jump)
        self.work.changed.connect(self._show_work)
        self.work.found.connect(self._show_results)
        when_gone(self, self.work.cancel)
        self.estimating.changed.connect(self._show_estimate)
        when_gone(self, self.estimating.give_up)
        self._state.changed.connect(self._on_recording)
        self._chosen = Scope("recording", "")
        self._on_choice()

    def rows(self, result: RunResult) -> list[ResultRow]:
        """Return the rows of the table for a finished run."""
        raise NotImplementedError

    def rows_of_study(self, result: StudyOutcome) -> tuple[Sequence[str], list[ResultRow]]:
        """Return header and rows of the table for a finished study."""
        return ("Recording", "Took", "Stretches", "State"), study_rows(result.result.outcomes)

    @property
    def params(self) -> RunParams:
        """What the form asks for; it may raise if the values do not fit together."""
        params: RunParams = self.form.value
        return params

    @property
    def usable(self) -> bool:
        """Whether what the form asks for can be used now."""
        return True

    def fit_form(self) -> None:
        """Show the fields that count."""

    def add_extras(self, column: QVBoxLayout) -> None:
        """Add what only this panel has; the form is the second widget of the column."""

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        self.form.insert_row(0, "Work on", self.scope)
        self.form.insert_row(1, "Study", self.study)
        self.form.add_row("Results in", self.out)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button)
        buttons.addWidget(self.cancel_button)
        column.addWidget(self.subject)
        column.addWidget(self.form)
        column.addWidget(self.estimate)
        column.addLayout(buttons)
        for widget in (self.bar, self.status, self.results):
            column.addWidget(widget)
        self.add_extras(column)
        column.addStretch(1)
        Scrolled(self, body)

    @property
    def job(self) -> Job | None:
        """The run that goes on, or the last one."""
        return self.work.job

    def run(self) -> None:
        """Start on what is chosen."""
        self._look()
        if self.work.busy or not self._chosen.ready or not self.usable:
            return
        try:
            params = self.params
            self.estimating.check(run_settings().memory_gb)
        except MouseGPTError as error:
            self.status.setText(error_text(error))
            return
        found = self.estimating.estimate
        self.results.show_rows([])
        self.bar.begin()
        steps = None if found is None else found.steps
        self.work.start(self._chosen, params, self.out.path, steps)

    def cancel(self) -> None:
        """Stop after the part that is being made; a new run goes on from there."""
        self.work.cancel()

    def _show_work(self) -> None:
        """Show where the run is."""
        if not is_alive(self):
            return
        job = self.work.job
        failed = None if job is None else job.error
        self.status.setText(self.work.text if failed is None else error_text(failed))
        if self.work.busy:
            share = self.work.share or 0.0
            self.bar.show_progress(round(1000 * share), 1000 if share else 0)
            self._enable()
        else:
            self.bar.setVisible(False)
            self._on_choice()

    def _show_results(self, result: Outcome | StudyOutcome) -> None:
        if not is_alive(self):
            return
        if isinstance(result, StudyOutcome):
            header, rows = self.rows_of_study(result)
            self.results.show_rows(rows, header)
        else:
            self.results.show_rows(self.rows(result.result))

    def _jump(self, frame: int) -> None:
        if not self._state.go_to(self.work.of, frame):
            self.results.sentence.setText(f"{self.work.of} is not open any more.")

    def _on_recording(self) -> None:
        if is_alive(self):
            self._look()

    def _on_choice(self, _: object = None) -> None:
        if not is_alive(self):
            return
        self.form.show_widget(self.study, self.scope.currentData() == "study")
        self.fit_form()
        self._look(again=True)

    def _tick(self) -> None:
        """Follow what is selected and visible, and the time that is left."""
        self.work.tick()
        following = self.scope.currentData() in ("interval", "visible")
        if following and self.isVisible() and not self.work.busy:
            self._look()

    def _look(self, *, again: bool = False) -> None:
        """See what the choice means now."""
        chosen = scope_of(self._state, self.scope.currentData(), self.study.path)
        if chosen != self._chosen or again:
            self._chosen = chosen
            self.subject.setText(chosen.text)
            try:
                params = self.params
            except MouseGPTError:
                params = None  # told when Run is pressed
            self.estimating.choose(chosen if chosen.ready and self.usable else None, params)
        self._enable()

    def _enable(self) -> None:
        self.run_button.setEnabled(self._chosen.ready and self.usable and not self.work.busy)
        self.cancel_button.setEnabled(self.work.busy)

    def _show_estimate(self) -> None:
        if is_alive(self):
            self.estimate.setText("\n".join(self.estimating.lines()))
