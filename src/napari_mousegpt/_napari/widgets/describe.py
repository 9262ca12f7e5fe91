"""The panel "Describe": words for what an animal does, on whatever is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_mousegpt._napari.outcome import ResultRow, label_rows
from napari_mousegpt._napari.widgets.job_panel import JobPanel
from napari_mousegpt._napari.widgets.result_table import ResultTable
from napari_mousegpt.runs import RunParams

if TYPE_CHECKING:
    from napari.components import ViewerModel

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

    def rows(self, result: RunResult) -> list[ResultRow]:
        """Return one row for each label."""
        return label_rows(result)

    def fit_form(self) -> None:
        """Show the fields that count for the kind of stretches."""
        chosen = self.form.get("segments")
        for name, needed in _ONLY_WITH.items():
            self.form.show_field(name, chosen == needed)
