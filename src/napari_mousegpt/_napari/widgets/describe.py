"""The panel "Describe": words for what an animal does, on whatever is chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_mousegpt._napari.outcome import ResultRow, label_rows
from napari_mousegpt._napari.widgets.describer_box import DescriberBox
from napari_mousegpt._napari.widgets.job_panel import JobPanel
from napari_mousegpt._napari.widgets.parts import error_text
from napari_mousegpt._napari.widgets.result_table import ResultTable
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.runs import RunParams

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QVBoxLayout

    from napari_mousegpt.runs import RunResult

__all__ = ["Describe"]

_FIELDS = {
    "segments": "Describe",
    "shortest_s": "Shortest stretch",
    "longest_s": "Longest stretch",
    "window_s": "Window",
    "step_s": "Step",
}
_TIPS = {
    "segments": "Stretches cut where the behaviour changes, or windows of equal length",
    "shortest_s": "Shorter ones go to the stretch before",
    "longest_s": "Longer ones are cut into equal pieces",
    "step_s": "From one window to the next; 0 is the length of the window",
}
_CHOICES = {"behaviour": "each behaviour", "windows": "equal windows"}
_ONLY_WITH = {
    "shortest_s": "behaviour",
    "longest_s": "behaviour",
    "window_s": "windows",
    "step_s": "windows",
}


class Describe(JobPanel):
    """Puts stretches into words; labels come onto the timeline as they are made.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Whose recordings are described.
    """

    in_table = ("words",)

    def __init__(self, napari_viewer: ViewerModel) -> None:
        params = RunParams(make="words")
        results = ResultTable(
            ("Label", "Time", "Bouts", "Example"), "Click a label to see its clearest example"
        )
        super().__init__(napari_viewer, "Describe", params, _FIELDS, _TIPS, _CHOICES, results)

    @property
    def params(self) -> RunParams:
        """What the form asks for, with the describer."""
        params: RunParams = self.form.value
        if self.describers.choice.by_rules:
            return params
        return replace(params, describer=self.describers.describer)

    @property
    def usable(self) -> bool:
        """Whether the describer can be asked now."""
        return self.describers.ready

    def add_extras(self, column: QVBoxLayout) -> None:
        """Add the choice of who describes."""
        self.describers = DescriberBox(self._viewer, self.form, place=2)
        self.describers.changed.connect(self._on_choice)
        self.describers.preview_wanted.connect(self.preview)
        column.insertWidget(2, self.describers)

    def preview(self) -> None:
        """Show what a model would get for the first stretch of what is chosen."""
        self._look()
        try:
            params = self.params
        except MouseGPTError as error:
            self.status.setText(error_text(error))
        else:
            self.describers.preview(self._chosen, params)

    def _tick(self) -> None:
        """Follow the files of prompt and labels too."""
        super()._tick()
        if self.isVisible() and not self.work.busy:
            self.describers.look_again()

    def rows(self, result: RunResult) -> list[ResultRow]:
        """Return one row for each label."""
        return label_rows(result)

    def fit_form(self) -> None:
        """Show the fields that count for the kind of stretches."""
        chosen = self.form.get("segments")
        for name, needed in _ONLY_WITH.items():
            self.form.show_field(name, chosen == needed)
