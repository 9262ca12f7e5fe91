"""What the label layers of a recording show: the bouts of its desk, each in one of them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.label_layer import LabelWindow, free_slots, label_layer
from napari_mousegpt._napari.label_roles import CORRECTED, ROLES, role_of_source
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_mousegpt._napari.layers import LayerTag
    from napari_mousegpt._napari.state import ViewerState
    from napari_mousegpt.core.edits import BoutRow

__all__ = ["DeskLayers"]


class DeskLayers:
    """Makes the label layers of a recording show what its desk says.

    A bout stands in the layer it came in, as long as that tells of its source; a bout of another
    source, or of no layer, stands in the first layer for its source.

    Parameters
    ----------
    state : ViewerState
        Of the viewer; held weakly.
    recording : str
        Id of the recording.
    columns : callable
        Returns the bouts of the desk, sorted by start.
    ethogram : callable
        Returns them as an ethogram.
    """

    def __init__(
        self,
        state: ViewerState,
        recording: str,
        columns: Callable[[], Mapping[str, NDArray[Any]]],
        ethogram: Callable[[], Ethogram],
    ) -> None:
        self._state = weakref.ref(state)
        self._recording = recording
        self._columns = columns
        self._ethogram = ethogram
        self._windows: list[LabelWindow] = []
        self._ids: dict[LabelWindow, frozenset[str]] = {}

    def link(self, corrected: Iterable[BoutRow]) -> None:
        """Let the layers that are there now show the bouts of the desk.

        Parameters
        ----------
        corrected : iterable of BoutRow
            Bouts that may stand in another layer than they came in.
        """
        before = self._windows
        self._windows = [tag.window for _, tag in self._tagged()]
        for _, tag in self._tagged():
            window = tag.window
            if window not in self._ids:
                ethogram = tag.ethogram
                ids = () if ethogram is None else ethogram.bouts.column("bout_id")
                self._ids[window] = frozenset(ids)
                window.bouts.follow(self._columns, self._mine(window))
                window.ethogram = self._part(window)
        self._ids = {window: self._ids[window] for window in self._windows}
        moved = self._owners(corrected)
        for window, individuals in moved.items():
            window.bouts.meet(sorted(individuals))
        if moved and self._windows != before:
            self.refill()

    def show(self, rows: Iterable[BoutRow]) -> None:
        """Show bouts that have changed, given as they were and as they are.

        A layer is made where none tells of their source; only layers that show such a bout, or
        showed it, are filled again.
        """
        state = self._state()
        if state is None:
            return
        changed = list(rows)
        state.colour(self._recording, {row.label for row in changed})
        for role in {role_of_source(row.source) for row in changed if not self._owner_of(row)}:
            self._new_layer(state, role)
        concerned = self._owners(changed)
        for window, individuals in concerned.items():
            window.bouts.meet(sorted(individuals))
        self.refill(concerned)

    def fillers(self, roles: Iterable[str]) -> list[Layer]:
        """Return the layers of these roles that hold nothing but corrections."""
        chosen = set(roles)
        return [
            layer
            for layer, tag in self._tagged()
            if tag.role in chosen and (tag.ethogram is None or not len(tag.ethogram))
        ]

    def refill(self, windows: Iterable[LabelWindow] | None = None) -> None:
        """Fill layers again around the frame on screen; all by default."""
        state = self._state()
        if state is None:
            return
        chosen = set(self._windows if windows is None else windows)
        layers = [layer for layer, tag in self._tagged() if tag.window in chosen]
        state.follower.refill(layers)
        state.corner.update()

    def _new_layer(self, state: ViewerState, role: str) -> None:
        """Add a layer for bouts that no layer tells of."""
        tags = [tag for _, tag in state.tags() if tag.recording.id == self._recording]
        if not tags:
            return  # the recording is closed
        recording = next((t.recording for t in tags if t.recording.pose is not None), None)
        centroids = next((window.centroids for window in self._windows if window.centroids), None)
        state.add_quietly(
            label_layer(
                Ethogram(Intervals.empty().assign(label=[])),
                recording or tags[0].recording,
                slot=next(free_slots(state.layers_of(self._recording, *ROLES))),
                clocked=tags[0].clocked,
                centroids=centroids,
                role=role,
            )
        )

    def _tagged(self) -> list[tuple[Layer, LayerTag]]:
        state = self._state()
        return [
            (layer, tag)
            for layer, tag in ([] if state is None else state.tags())
            if tag.recording.id == self._recording
            and tag.role in CORRECTED
            and isinstance(tag.window, LabelWindow)
        ]

    def _mine(self, window: LabelWindow) -> Callable[[str, str], bool]:
        return lambda bout_id, source: self._owner(bout_id, source) is window

    def _part(self, window: LabelWindow) -> Callable[[], Ethogram]:
        """Return what gives the bouts of a layer, for those who save it."""
        mine = self._mine(window)

        def part() -> Ethogram:
            whole = self._ethogram()
            rows = zip(whole.bouts.column("bout_id"), whole.bouts.column("source"), strict=True)
            kept = whole.bouts[np.array([mine(bout, source) for bout, source in rows], dtype=bool)]
            return Ethogram(kept, whole.observed, notes=whole.notes)

        return part

    def _owners(self, rows: Iterable[BoutRow]) -> dict[LabelWindow, set[str]]:
        """Return the layers that show bouts, each with the individuals of these bouts."""
        found: dict[LabelWindow, set[str]] = {}
        for row in rows:
            window = self._owner_of(row)
            if window is not None:
                found.setdefault(window, set()).add(row.individual)
        return found

    def _owner_of(self, row: BoutRow) -> LabelWindow | None:
        return self._owner(row.bout_id, row.source)

    def _owner(self, bout_id: str, source: str) -> LabelWindow | None:
        """Return the layer that shows a bout, None when none tells of its source."""
        fitting = [window for window in self._windows if source in window.sources]
        came_in = (window for window in fitting if bout_id in self._ids[window])
        return next(came_in, fitting[0] if fitting else None)
