"""The panel "Project and cluster": behaviours found without labels, on whatever is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_mousegpt._napari.outcome import ResultRow, cluster_rows
from napari_mousegpt._napari.widgets.job_panel import JobPanel
from napari_mousegpt._napari.widgets.result_table import ResultTable
from napari_mousegpt.runs import RunParams

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.panel_work import StudyOutcome
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

    def rows(self, result: RunResult) -> list[ResultRow]:
        """Return one row for each cluster."""
        groups = result.groups
        return [] if groups is None else cluster_rows(groups.clusters, result.recording)

    def rows_of_study(self, result: StudyOutcome) -> tuple[Sequence[str], list[ResultRow]]:
        """Return one row for each cluster, which means the same in every recording."""
        if result.result.clusters is None:
            return super().rows_of_study(result)
        return _COLUMNS, cluster_rows(result.result.clusters, result.opened)
