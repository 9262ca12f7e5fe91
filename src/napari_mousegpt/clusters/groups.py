"""What the verb ``cluster`` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.clusters.cluster_map import ClusterMap
    from napari_mousegpt.clusters.stability import Stability

__all__ = ["Groups"]


@dataclass(frozen=True, eq=False)
class Groups:
    """A frozen map of behaviours, and where each interval falls on it.

    Parameters
    ----------
    map : ClusterMap
        The rule; apply it to other recordings, or save it.
    assignments : DataFrame
        One row for each interval, :data:`napari_mousegpt.core.tables.ASSIGNMENTS`.
    clusters : DataFrame
        One row for each cluster, :data:`napari_mousegpt.core.tables.CLUSTERS`.
    stability : Stability or None
        How well the clusters come back in other fits; None where nobody asked.
    """

    map: ClusterMap
    assignments: pd.DataFrame
    clusters: pd.DataFrame
    stability: Stability | None = None

    def __repr__(self) -> str:
        noise = float((self.assignments["cluster"] < 0).mean()) if len(self.assignments) else 0.0
        return (
            f"<Groups: {len(self.assignments)} intervals in {len(self.clusters)} clusters, "
            f"{noise:.0%} noise>"
        )
