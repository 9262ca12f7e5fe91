"""The points of a map: read, laid out, coarser or finer. No window is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_mousegpt._napari.blind_results import check_not_blind
from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.last_job import LastJob
from napari_mousegpt._napari.map_behaviours import Behaviours, behaviours_now
from napari_mousegpt._napari.map_points import MapPoints, bouts_of
from napari_mousegpt._napari.map_reading import (
    ReadMap,
    ReadPart,
    finer_parts,
    read_map,
    umap_parts,
)
from napari_mousegpt._napari.state import state_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.clusters.named_map import NamedMap

__all__ = ["MapLayout", "umap_problem"]


def umap_problem() -> str:
    """Return why UMAP cannot be used here; empty when it can."""
    if find_spec("umap") is None:
        return 'UMAP is not installed: pip install "napari-mousegpt[fast]"'
    return ""


class MapLayout(LastJob):
    """The points of a map and where they lie.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable.
    start : callable
        Starts a job.

    Attributes
    ----------
    points : MapPoints or None
        Windows or bouts, in the behaviours of now.
    behaviours : Behaviours or None
        What those are called.
    rows : ndarray of int, shape (m,)
        Which points are laid out: all, or those that UMAP worked on.
    places : ndarray of float32, shape (m, 2)
        Where those lie.
    level : int or None
        Number of behaviours that is asked for; None for those of record.
    """

    #: Emitted when points lie elsewhere, or are others.
    placed = Signal()

    def __init__(self, viewer: ViewerModel, start: Callable[..., Job] = start_job) -> None:
        super().__init__(viewer, start)
        self._state = state_of(viewer)
        self._read: ReadMap | None = None
        self.behaviours: Behaviours | None = None
        self.points: MapPoints | None = None
        self.rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self.places: NDArray[np.float32] = np.empty((0, 2), dtype=np.float32)
        self.layout, self.as_bouts = "pca", False
        self.level: int | None = None
        self._finer: tuple[int, NDArray[np.object_]] | None = None
        self._umaps: dict[bool, NDArray[np.float32]] = {}

    # --- what is read

    @property
    def folder(self) -> Path | None:
        """Where the map was read from."""
        return None if self._read is None else self._read.source.folder

    @property
    def named(self) -> NamedMap | None:
        """Names and merges of the map."""
        return None if self._read is None else self._read.named

    @property
    def runs(self) -> Mapping[str, Path]:
        """Run folder of each recording of the map."""
        return {} if self._read is None else self._read.source.runs

    def open(self, folder: Path) -> None:
        """Begin to read a map; what is shown stays until it is read."""
        check_not_blind(self._state, "map")
        self._work(read_map, folder, title="Read the map", done=self._take, on_part=self._on_part)

    def close(self) -> None:
        """Let go of everything."""
        self.cancel()
        self._read = self.points = self.behaviours = None
        self._umaps, self._finer = {}, None

    def forget(self) -> None:
        """Show no map, until another one is opened."""
        self.cancel()
        self._read = self.points = self.behaviours = None
        self._umaps, self._finer, self.level = {}, None, None
        self.rows = np.empty(0, dtype=np.intp)
        self.places = np.empty((0, 2), dtype=np.float32)
        self.placed.emit()

    def _take(self, read: ReadMap) -> None:
        if self._read is None or read.points is not self._read.points:
            self.level, self._finer, self._umaps, self.layout = None, None, {}, "pca"
            self.points = None
        # Else what was shown early has its names now.
        self._read = read
        self.refresh()

    def _on_part(self, part: ReadPart) -> None:
        if part.early is not None:
            self._take(part.early)

    def refresh(self) -> None:
        """Take over names and merges as they are now, and lay all out."""
        read = self._read
        if read is None:
            return
        finer = None
        if self._finer is not None and self._finer[0] == self.level:
            finer = self._finer[1]
        self.behaviours = behaviours_now(
            read.points.cluster, read.named, read.called, read.levels, self.level, finer
        )
        self._lay_out()

    def _lay_out(self) -> None:
        assert self._read is not None
        assert self.behaviours is not None
        before, placed = self.points, self.places
        points = self._read.points.with_clusters(self.behaviours.of_window)
        self.points = bouts_of(points) if self.as_bouts else points
        known = self._umaps.get(self.as_bouts)
        if self.layout == "umap" and known is not None and len(known) == len(self.points.featured):
            self.rows, self.places = self.points.featured, known
        else:
            self.layout = "pca"
            self.rows, self.places = np.arange(len(self.points)), self.points.places
        same = before is not None and before.bouts == self.points.bouts
        self._laid_out(same_points=same and len(before or ()) == len(self.points))
        if before is None or not np.array_equal(placed, self.places):
            self.placed.emit()

    def _laid_out(self, *, same_points: bool) -> None:
        """Do what is left when points were laid out."""

    # --- how it is shown

    def show_bouts(self, bouts: bool) -> None:
        """Show bouts, or windows."""
        self.as_bouts = bouts
        if self._read is not None:
            self._lay_out()

    def lay_out(self, layout: str) -> None:
        """Lay points out by ``"pca"`` at once, or by ``"umap"`` when that is worked out."""
        if self.points is None or layout == self.layout:
            return
        known = self._umaps.get(self.as_bouts)
        if layout == "umap" and (known is None or len(known) != len(self.points.featured)):
            # Other merges make other bouts.
            bouts = self.as_bouts

            def done(places: NDArray[np.float32]) -> None:
                self._umaps[bouts] = places
                if bouts == self.as_bouts:
                    self.lay_out("umap")

            self._work(umap_parts, self.points.features, title="Lay out by UMAP", done=done)
            return
        self.layout = layout
        self._lay_out()

    @property
    def levels(self) -> tuple[int, int, int]:
        """Fewest and most behaviours that can be asked for, and how many the map has."""
        read = self._read
        if read is None or read.levels is None or read.named is None:
            return (0, 0, 0)
        return (1, read.levels.most, len(read.found))

    def show_level(self, n_groups: int) -> None:
        """Show coarser behaviours at once, finer ones when they are worked out."""
        read = self._read
        if read is None or read.levels is None:
            return
        record = len(read.found)
        if n_groups > record and (self._finer is None or self._finer[0] != n_groups):

            def done(labels: NDArray[np.object_]) -> None:
                self._finer, self.level = (n_groups, labels), n_groups
                self.refresh()

            self._work(finer_parts, read, n_groups, title="Finer behaviours", done=done)
            return
        self.level = None if n_groups == record else n_groups
        self.refresh()
