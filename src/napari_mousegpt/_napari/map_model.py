"""The map of a viewer: how its points are coloured, and which are picked.

No window is needed: the panel shows what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.map_colours import (
    Colouring,
    by_behaviour,
    by_fact,
    by_label,
    by_score,
)
from napari_mousegpt._napari.map_lasso import points_within
from napari_mousegpt._napari.map_layout import MapLayout
from napari_mousegpt._napari.map_points import picked_intervals
from napari_mousegpt._napari.map_reading import ReadMap
from napari_mousegpt._napari.map_scores import read_scores
from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.desk import Desk

__all__ = ["NOISE", "MapModel"]

#: What no behaviour is called.
NOISE = "in no behaviour"


class MapModel(MapLayout):
    """A map and what is shown of it.

    Parameters
    ----------
    viewer : ViewerModel
        Whose recordings are jumped to, and whose labels colour points.
    start : callable
        Starts a job.

    Attributes
    ----------
    colouring : Colouring or None
        Of all points.
    colour_by : str
        One of :meth:`colourings`.
    picked : ndarray of bool, shape (n,), or None
        Points that were picked.
    """

    #: Emitted when colours or names are others.
    coloured = Signal()
    #: Emitted when others are picked.
    picked_changed = Signal()

    def __init__(self, viewer: ViewerModel, start: Callable[..., Job] = start_job) -> None:
        super().__init__(viewer, start)
        self.colouring: Colouring | None = None
        self.colour_by = "behaviour"
        self.picked: NDArray[np.bool_] | None = None
        self._scores: NDArray[np.float32] | None = None
        self._desks: list[Desk] = []
        self._state.changed.connect(self._follow)
        self._state.blinded.connect(self.forget)

    def forget(self) -> None:
        """Show no map, as names and groups of a blind study must not be seen."""
        self.colouring = self.picked = self._scores = None
        super().forget()
        self._follow()
        self.coloured.emit()
        self.picked_changed.emit()

    def close(self) -> None:
        """Let go of everything."""
        super().close()
        self.colouring = self.picked = self._scores = None
        self._state.changed.disconnect(self._follow, missing_ok=True)
        self._state.blinded.disconnect(self.forget, missing_ok=True)
        self._follow()

    def _take(self, read: ReadMap) -> None:
        if self._read is None or read.points is not self._read.points:
            self._scores = None
        super()._take(read)

    def _laid_out(self, *, same_points: bool) -> None:
        if not same_points:
            self.picked = None
        if self.colour_by not in self.colourings():
            self.colour_by = "behaviour"
        self._colour()
        self.picked_changed.emit()
        if not same_points:
            self._follow()

    def colourings(self) -> dict[str, str]:
        """Return what points can be coloured by, and what to call it."""
        found = {"behaviour": "behaviour", "label": "label by hand"}
        if self._read is None:
            return found
        points = self._read.points
        facts = {str(name): str(name) for name in points.facts}
        if len(points.recordings) > 1:
            found |= {"recording": "recording"}
        if len(points.individuals) > 1:
            found |= {"individual": "individual"}
        found |= {f"fact:{name}": called for name, called in facts.items()}
        found |= {"strength": "how firmly it belongs there", "novelty": "novelty score"}
        return found

    def colour(self, by: str) -> None:
        """Colour points by one of :meth:`colourings`."""
        self.colour_by = by
        if self.points is not None:
            self._colour()

    def _follow(self) -> None:
        """Follow the labels of the recordings of the map that are open."""
        for desk in self._desks:
            desk.changed.disconnect(self.recolour, missing_ok=True)
        opened = self._state.open_recordings
        names = () if self.points is None else self.points.recordings
        self._desks = [self._state.desk(name) for name in names if name in opened]
        for desk in self._desks:
            desk.changed.connect(self.recolour)
        self.recolour()

    def recolour(self) -> None:
        """Take over labels that were marked meanwhile."""
        if self.points is not None and self.colour_by == "label":
            self._colour()

    def _colour(self) -> None:
        points, behaviours, by = self.points, self.behaviours, self.colour_by
        assert points is not None
        assert behaviours is not None
        if by == "label":
            self.colouring = by_label(points, self._ethograms(), self._palette)
        elif by == "strength":
            self.colouring = by_score(points.strength)
        elif by == "novelty" and self._scores is not None:
            self.colouring = by_score(self._of_points(self._scores))
        elif by.startswith("fact:"):
            self.colouring = by_fact(points, by.removeprefix("fact:"), palette)
        elif by in ("recording", "individual"):
            self.colouring = by_fact(points, by, palette)
        else:
            self.colouring = by_behaviour(points.cluster, behaviours.names, NOISE, self._palette)
        self.coloured.emit()

    def _palette(self, names: Iterable[str]) -> Mapping[str, str]:
        """Give names the colours that they have in the layers of a recording of the map."""
        names = list(names)
        opened = self._state.open_recordings
        mine = () if self.points is None else self.points.recordings
        colours = self._state.colour(next((one for one in mine if one in opened), ""), names)
        return {name: colours[name] for name in names}

    def _ethograms(self) -> dict[str, Ethogram]:
        assert self.points is not None
        opened = self._state.recordings
        return {
            one: self._state.desk(one).ethogram for one in self.points.recordings if one in opened
        }

    # --- novelty

    @property
    def has_scores(self) -> bool:
        """Whether scores of novelty were read."""
        return self._scores is not None

    def read_scores(self, folder: Path) -> int:
        """Read the scores of a novelty run; returns how many windows have one.

        Raises
        ------
        InputError
            When it is none, or none of its windows is on this map.
        """
        if self._read is None:
            return 0
        self._scores = read_scores(self._read.points, folder)
        if self.points is not None and self.colour_by == "novelty":
            self._colour()
        return int(np.isfinite(self._scores).sum())

    def _of_points(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of windows for each bout; windows as they are."""
        assert self.points is not None
        if not self.as_bouts:
            return values
        number = np.repeat(np.arange(len(self.points)), self.points.windows)
        known = np.isfinite(values)
        total = np.bincount(number[known], values[known], minlength=len(self.points))
        count = np.bincount(number[known], minlength=len(self.points))
        with np.errstate(invalid="ignore"):
            return np.asarray(total / np.where(count, count, np.nan), dtype=np.float32)

    # --- what is picked

    def pick_within(self, polygon: NDArray[np.float64], *, more: bool = False) -> None:
        """Pick the points inside a line; with ``more`` beside those that are picked already."""
        inside = points_within(self.places, polygon)
        self.pick(self.rows[inside], more=more)

    def pick(self, rows: NDArray[np.intp], *, more: bool = False) -> None:
        """Pick points by their rows."""
        if self.points is None:
            return
        picked = np.zeros(len(self.points), dtype=bool)
        if more and self.picked is not None:
            picked |= self.picked
        picked[rows] = True
        self.picked = picked if picked.any() else None
        self.picked_changed.emit()

    def pick_behaviour(self, names: Iterable[str]) -> None:
        """Pick the points of a name of the legend."""
        if self.colouring is None:
            return
        codes = [i for i, name in enumerate(self.colouring.names) if name in set(names)]
        self.pick(np.flatnonzero(np.isin(self.colouring.codes, codes)))

    def drop(self) -> None:
        """Pick nothing."""
        self.picked = None
        self.picked_changed.emit()

    def intervals(self) -> Intervals:
        """Return the stretches of what is picked."""
        if self.points is None or self.picked is None:
            return Intervals.empty()
        return picked_intervals(self.points, self.picked)

    def about(self) -> str:
        """Return what the map shows, in a sentence or two; empty while nothing is read."""
        if self.points is None:
            return ""
        shown, recordings = len(self.rows), len(self.points.recordings)
        text = f"{shown:,} {self.points.called} of {recordings} recording(s)"
        if shown < len(self.points):
            text += f", spread evenly over all {len(self.points):,}"
        notes = [f"{text}."]
        if self.points.unseen:
            notes.append(f"{self.points.unseen:,} windows with too little tracked have no place.")
        return " ".join([*notes, *self.notes])

    def told(self, row: int) -> str:
        """Return what stands at a point, in lines: name, where it is, what it does."""
        assert self.points is not None
        assert self.behaviours is not None
        points, behaviour = self.points, int(self.points.cluster[row])
        recording, individual, start, stop = points.key(row)
        name = self.behaviours.names.get(behaviour, NOISE)
        where = f"{recording} {individual}".strip()
        lines = [name, f"{where}, frames {start:,} to {stop - 1:,}"]
        if self.colouring is not None and self.colouring.names and self.colour_by != "behaviour":
            lines.append(self.colouring.names[self.colouring.codes[row]])
        return "\n".join([*lines, *filter(None, [self.behaviours.about.get(behaviour)])])

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about the map, as sentences."""
        return () if self.named is None else tuple(self.named.notes)

    def colours_of(self, names: Iterable[str]) -> list[str]:
        """Return the colours of names, as everywhere in this viewer."""
        names = list(names)
        colours = self._palette(names)
        return [colours[name] for name in names]
