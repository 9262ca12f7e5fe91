"""Folders of the runs that were finished in a viewer, for panels that go on from them."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

if TYPE_CHECKING:
    from napari_mousegpt._napari.state import ViewerState

__all__ = ["FoundRuns", "found_runs"]

_FOUND: weakref.WeakKeyDictionary[ViewerState, FoundRuns] = weakref.WeakKeyDictionary()


class FoundRuns:
    """What was run in one viewer."""

    #: Emitted with the folder of a run that is done.
    found = Signal(object)

    def __init__(self) -> None:
        self.folders: tuple[Path, ...] = ()

    @property
    def last(self) -> Path | None:
        """The folder of the run that was finished last."""
        return self.folders[-1] if self.folders else None

    def note(self, folder: Path) -> None:
        """Take note of a run that is done."""
        self.folders = (*(one for one in self.folders if one != folder), folder)
        self.found.emit(folder)


def found_runs(state: ViewerState) -> FoundRuns:
    """Return the runs of a viewer."""
    return _FOUND.setdefault(state, FoundRuns())
