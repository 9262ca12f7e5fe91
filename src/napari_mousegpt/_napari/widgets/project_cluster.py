"""The panel "Project and cluster": behaviours found without labels, on whatever is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_mousegpt._napari.carrying import Clustered
from napari_mousegpt._napari.outcome import ResultRow, cluster_rows
from napari_mousegpt._napari.widgets.closest_box import ClosestBox
from napari_mousegpt._napari.widgets.cluster_options import ClusterOptions
from napari_mousegpt._napari.widgets.encoder_box import EncoderBox
from napari_mousegpt._napari.widgets.job_panel import JobPanel
from napari_mousegpt._napari.widgets.parts import is_alive
from napari_mousegpt._napari.widgets.propagate_box import PropagateBox
from napari_mousegpt._napari.widgets.result_table import ResultTable
from napari_mousegpt.runs import RunParams
from napari_mousegpt.vectors import KINEMATIC

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QVBoxLayout

    from napari_mousegpt._napari.panel_work import Outcome, StudyOutcome
    from napari_mousegpt.runs import RunResult

__all__ = ["ProjectCluster"]

_FIELDS = {"bin_s": "Pieces of"}
_TIPS = {"bin_s": "Length of the pieces that are projected and clustered"}
_COLUMNS = ("Cluster", "Time", "Bouts", "Example")


class ProjectCluster(JobPanel):
    """Projects short pieces into an action space, finds clusters there, and names them.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Whose recordings are clustered.
    """

    in_table = ("clusters",)

    def __init__(self, napari_viewer: ViewerModel) -> None:
        params = RunParams(make="clusters")
        results = ResultTable(_COLUMNS, "Click a cluster to see its most typical moment")
        super().__init__(napari_viewer, "Project and cluster", params, _FIELDS, _TIPS, {}, results)

    @property
    def params(self) -> RunParams:
        """What the form asks for, with the encoder and how clusters are found."""
        params: RunParams = self.form.value
        if self.encoders.name in ("", KINEMATIC):
            return replace(params, clusters=self.clustering.value)
        return replace(
            params,
            encoder=self.encoders.name,
            video=self.encoders.video,
            clusters=self.clustering.value,
        )

    @property
    def usable(self) -> bool:
        """Whether the encoder is on this machine."""
        return self.encoders.choice.ready

    def add_extras(self, column: QVBoxLayout) -> None:
        """Add encoder, clustering, words for clusters, and what a video encoder says."""
        self.encoders = EncoderBox(self._viewer, self.form, place=2)
        self.encoders.changed.connect(self._on_choice)
        column.insertWidget(2, self.encoders)
        self.clustering = ClusterOptions()
        self.clustering.changed.connect(self._on_choice)
        column.insertWidget(3, self.clustering)
        self.words = PropagateBox(self._viewer)
        self.words.jumped.connect(self._jump)
        column.addWidget(self.words)
        self.closest = ClosestBox(lambda: self._state.frame(self.work.of))
        self.closest.jumped.connect(self._jump)
        self.results.jumped.connect(self.closest.find_like)
        column.addWidget(self.closest)

    def fit_form(self) -> None:
        """Show what counts for this encoder and scope."""
        kinematic = self.encoders.name == KINEMATIC
        self.form.show_field("bin_s", kinematic)
        self.clustering.fit(watching=not kinematic, study=self.scope.currentData() == "study")

    def run(self) -> None:
        """Start on what is chosen."""
        if self.usable and not self.work.busy:
            self.closest.show_result(None)
            self.words.take(None)
        super().run()

    def _show_results(self, result: Outcome | StudyOutcome) -> None:
        super()._show_results(result)
        if is_alive(self):
            self.words.take(Clustered.of(result))

    def rows(self, result: RunResult) -> list[ResultRow]:
        """Return one row for each cluster."""
        self.closest.show_result(result)
        groups = result.groups
        return [] if groups is None else cluster_rows(groups.clusters, result.recording)

    def rows_of_study(self, result: StudyOutcome) -> tuple[Sequence[str], list[ResultRow]]:
        """Return one row for each cluster, which means the same in every recording."""
        self.closest.show_result(result.found)
        if result.result.clusters is None:
            return super().rows_of_study(result)
        return _COLUMNS, cluster_rows(result.result.clusters, result.opened)
