"""What a table shows of one desk: bouts with their words, colours and clock. No window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_mousegpt._napari.extras import Extras, extras_of
from napari_mousegpt._napari.text_column import TextColumn
from napari_mousegpt._napari.timeline.sources import words_for

if TYPE_CHECKING:
    from napari_mousegpt._napari.desk import Desk
    from napari_mousegpt._napari.state import ViewerState
    from napari_mousegpt.core.timebase import Timebase

__all__ = ["BoutFeed"]


class BoutFeed:
    """Listens to one desk at a time.

    Parameters
    ----------
    state : ViewerState
        Of the viewer.
    """

    #: Emitted when the bouts or what is said of them are others than before.
    changed = Signal()
    #: Emitted when the selection may be another one.
    selected = Signal()

    def __init__(self, state: ViewerState) -> None:
        self._state = state
        self.desk: Desk | None = None
        self._extras: Extras | None = None
        self._words: tuple[tuple[Any, ...], NDArray[np.object_]] | None = None

    def use(self, desk: Desk | None) -> bool:
        """Listen to another desk; False when it is the same."""
        if desk is self.desk:
            return False
        if self.desk is not None and self._extras is not None:
            self.desk.changed.disconnect(self._on_changed)
            self.desk.selected.disconnect(self._on_selected)
            self._extras.changed.disconnect(self._on_changed)
        self.desk, self._extras, self._words = desk, None, None
        if desk is not None:
            self._extras = extras_of(self._state, desk.recording.id)
            desk.changed.connect(self._on_changed)
            desk.selected.connect(self._on_selected)
            self._extras.changed.connect(self._on_changed)
        return True

    @property
    def clock(self) -> Timebase | None:
        """Clock of the recording, None where it is not known."""
        known = self.desk is not None and self.desk.clocked
        return self.desk.recording.timebase if known and self.desk is not None else None

    def colours(self) -> dict[str, str]:
        """Return the colour of each label."""
        return {} if self.desk is None else dict(self._state.colours(self.desk.recording.id))

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the bouts as columns, with ``words`` where descriptions are known.

        A column that has not changed is the same array as before.
        """
        if self.desk is None:
            return {}
        columns: dict[str, NDArray[Any]] = dict(self.desk.columns())
        table = None if self._extras is None else self._extras.words
        if table is None or not len(table):
            return columns
        key = (table, columns["individual"], columns["start"], columns["stop"])
        if self._words is None or any(a is not b for a, b in zip(self._words[0], key, strict=True)):
            animals = TextColumn.of(columns["individual"])
            words = np.full(len(animals.codes), "", dtype=object)
            for code, name in enumerate(animals.values):
                mine = np.flatnonzero(animals.codes == code)
                start, stop = columns["start"][mine], columns["stop"][mine]
                words[mine] = words_for(name, start, stop, table)
            self._words = (key, words)
        return {**columns, "words": self._words[1]}

    def _on_changed(self) -> None:
        self.changed.emit()

    def _on_selected(self) -> None:
        self.selected.emit()
