"""The panel "Map": windows or bouts as points, to look at, to pick, to name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.found_runs import found_runs
from napari_mousegpt._napari.going import Going
from napari_mousegpt._napari.map_model import MapModel
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.map_canvas import MapCanvas
from napari_mousegpt._napari.widgets.map_legend import MapLegend
from napari_mousegpt._napari.widgets.map_picked import PickedBox
from napari_mousegpt._napari.widgets.map_tools import LevelSlider, MapChoices, MapTools
from napari_mousegpt._napari.widgets.map_windows import MapWindows
from napari_mousegpt._napari.widgets.parts import JobBar, Scrolled, is_alive, when_gone
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt._napari.widgets.report_view import ReportView

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QShowEvent

__all__ = ["MapPanel"]

_NOTHING = (
    'Cluster a recording or a study under "Project and cluster", or choose the folder of one that '
    "was clustered."
)


class MapPanel(QWidget):
    """A map of what animals do.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Whose recordings are jumped to.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Map")
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self._here: int | None = None
        self.model, self.going = MapModel(napari_viewer), Going(napari_viewer)
        self.folder = PathEdit("the folder of a run or study")
        self.choices, self.canvas, self.tools = MapChoices(), MapCanvas(), MapTools()
        self.level, self.legend = LevelSlider(), MapLegend()
        self.bar, self.report = JobBar(), ReportView(napari_viewer.theme, 120)
        self.cancel_button = QPushButton("Cancel")
        self.windows = MapWindows(napari_viewer, self.model, self)
        self.picked = PickedBox(napari_viewer, self.model, self.windows, self.report)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (self.folder, self.choices, self.tools, self.canvas, self.picked, self.legend):
            column.addWidget(part, int(part is self.canvas))
        column.addWidget(self.level)
        working = QHBoxLayout()
        working.addWidget(self.bar, 1)
        working.addWidget(self.cancel_button)
        column.addLayout(working)
        column.addWidget(self.report)
        Scrolled(self, body)
        self._connect()
        self.cancel_button.setVisible(False)
        self._on_theme()
        self._enable()
        self.report.say(_NOTHING)

    def _connect(self) -> None:
        model, going, runs = self.model, self.going, found_runs(self._state)
        self.folder.changed.connect(self._on_folder)
        self.choices.points_chosen.connect(lambda bouts: model.show_bouts(bouts))
        self.choices.layout_chosen.connect(lambda layout: model.lay_out(layout))
        self.choices.colour_chosen.connect(self._on_colour)
        self.tools.tool_chosen.connect(self.canvas.set_tool)
        self.tools.fit_wanted.connect(self.canvas.fit)
        self.tools.names_wanted.connect(self.windows.show_names)
        self.level.chosen.connect(lambda n_groups: model.show_level(n_groups))
        self.legend.chosen.connect(self._on_names)
        self.canvas.clicked.connect(self._on_point)
        self.canvas.lassoed.connect(lambda line, more: model.pick_within(line, more=more))
        self.canvas.set_tip(self._tip)
        self.cancel_button.clicked.connect(lambda: model.cancel())
        self.windows.jumped.connect(self.go)
        model.placed.connect(self._on_placed)
        model.coloured.connect(self._on_coloured)
        model.picked_changed.connect(self._on_picked)
        model.worked.connect(self._on_worked)
        going.told.connect(self._on_told)
        runs.found.connect(self._on_run)
        self._viewer.events.theme.connect(self._on_theme)
        when_gone(self, model.close)
        when_gone(self, going.cancel)

    # --- what is shown

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Read the results of the last run, unless others were chosen."""
        super().showEvent(event)
        last = found_runs(self._state).last
        if last is not None and not self.folder.path:
            self.folder.path = str(last)

    def _on_folder(self, path: str) -> None:
        if path:
            self.report.attempt(lambda: self.model.open(Path(path).expanduser()))

    def _on_run(self, folder: Path) -> None:
        if is_alive(self) and self.isVisible():
            if self.folder.path == str(folder):
                self._on_folder(str(folder))
            self.folder.path = str(folder)

    def _on_placed(self) -> None:
        if not is_alive(self):
            return
        self.canvas.scene.set_places(self.model.places)
        self.canvas.set_here(None)
        self._here = None
        self._on_coloured()
        self._on_picked()
        self._enable()

    def _on_coloured(self) -> None:
        colouring = self.model.colouring
        if not is_alive(self):
            return
        if colouring is None or self.model.points is None:
            self.legend.show_colours(None)
            self.canvas.refresh()
            self.windows.close_all()
            self.report.say(_NOTHING)
            return
        self.legend.show_colours(colouring)
        if len(self.model.rows) == len(self.canvas.scene):
            codes = colouring.codes[self.model.rows]
            self.canvas.scene.set_colours(codes, colouring.table())
            self._on_names(self.legend.list.chosen())
        self.windows.refresh()

    def _on_names(self, names: frozenset[str] | None) -> None:
        colouring = self.model.colouring
        known = () if colouring is None else colouring.names
        hidden = () if names is None else [i for i, name in enumerate(known) if name not in names]
        self.canvas.scene.leave_out(frozenset(hidden))
        self.canvas.refresh()

    def _on_picked(self) -> None:
        if is_alive(self) and len(self.model.rows) == len(self.canvas.scene):
            picked = self.model.picked
            self.canvas.scene.set_picked(None if picked is None else picked[self.model.rows])
            self.canvas.refresh()

    def _enable(self) -> None:
        model = self.model
        ready = model.points is not None
        for widget in (self.choices, self.tools):
            widget.setEnabled(ready)
        self.tools.names_button.setEnabled(model.named is not None)
        self.choices.offer(model.colourings(), model.colour_by, model.layout, model.as_bouts)
        least, most, record = model.levels
        self.level.offer(least, most, record, model.level or record)

    def _on_worked(self) -> None:
        job = self.model.job
        if not is_alive(self) or job is None:
            return
        self.bar.setVisible(not job.done)
        self.cancel_button.setVisible(not job.done)
        self.bar.show_progress(*job.progress)
        if not job.done:
            said = self.model.step or job.title
            self.report.say(f"{said[:1].upper()}{said[1:]} ...")
        elif job.error is not None and not job.cancelling:
            self.report.refuse(job.error)
            self._enable()
        else:
            self.report.say(self.model.about() or _NOTHING)
            self._enable()

    # --- what a person does

    def go(self, recording: str, frame: int) -> None:
        """Show a frame, opening its recording where need be."""
        self.going.go(recording, frame, self.model.runs)

    def _on_point(self, place: int) -> None:
        points = self.model.points
        if points is None:
            return
        row = int(self.model.rows[place])
        recording, _, start, _ = points.key(row)
        self.canvas.set_here(place)
        self._here = row
        self._tell_point()
        self.go(recording, start)

    def _tell_point(self) -> None:
        points, row = self.model.points, self._here
        told = self.model.about() or _NOTHING
        if points is not None and row is not None and row < len(points):
            told = self.model.told(row) or told
        self.report.show_parts([Said(tuple(told.splitlines()))])

    def _tip(self, place: int) -> str:
        return f"{self.model.told(int(self.model.rows[place]))}\nClick to go there"

    def _on_colour(self, by: str) -> None:
        if by == "novelty" and not self.model.has_scores:
            folder = QFileDialog.getExistingDirectory(self, "Results of a novelty run")
            if folder:
                self.report.attempt(lambda: self.read_scores(Path(folder)))
        if by != "novelty" or self.model.has_scores:
            self.model.colour(by)
        else:
            self._enable()

    def read_scores(self, folder: Path) -> None:
        """Read the scores of a novelty run."""
        count = self.model.read_scores(folder)
        self.report.say(f"{count:,} windows have a novelty score; .5 is as usual as elsewhere.")

    def _on_told(self, what: object) -> None:
        if is_alive(self) and not self.report.tell(what):
            self._tell_point()

    def _on_theme(self, _: object = None) -> None:
        from napari.utils.theme import get_theme

        if is_alive(self):
            self.canvas.set_theme(get_theme(self._viewer.theme).to_rgb_dict())
            self.report.set_theme(self._viewer.theme)
