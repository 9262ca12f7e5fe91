"""Windows that the map opens: clips of what is picked, and names of behaviours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QDialog, QVBoxLayout, QWidget

from napari_mousegpt._napari.map_acts import PICKED, as_ethogram
from napari_mousegpt._napari.widgets.clips_view import ClipsView
from napari_mousegpt._napari.widgets.map_names import NamesDialog
from napari_mousegpt._napari.widgets.parts import is_alive

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.map_model import MapModel
    from napari_mousegpt.core.intervals import Intervals

__all__ = ["ClipsWindow", "MapWindows"]

_COLOUR = "#e69f00"


class ClipsWindow(QDialog):
    """Clips of a few stretches, playing side by side."""

    def __init__(self, viewer: ViewerModel, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(560, 620)
        self.clips = ClipsView(viewer, 9, 3)
        column = QVBoxLayout(self)
        column.addWidget(self.clips)
        column.addStretch(1)


class MapWindows(QObject):
    """Opens them and keeps one of each; they go with the panel.

    Parameters
    ----------
    viewer : ViewerModel
    model : MapModel
    panel : QWidget
        Whose windows.
    """

    #: Recording and frame to show.
    jumped = Signal(str, int)

    def __init__(self, viewer: ViewerModel, model: MapModel, panel: QWidget) -> None:
        super().__init__(panel)
        self._viewer, self._model, self._panel = viewer, model, panel
        self.clips: ClipsWindow | None = None
        self.names: NamesDialog | None = None

    def show_clips(self, stretches: Intervals) -> None:
        """Play clips of stretches."""
        if self.clips is None or not is_alive(self.clips):
            self.clips = ClipsWindow(self._viewer, "Picked on the map", self._panel)
            self.clips.clips.jumped.connect(self.jumped)
        self.clips.show()
        self.clips.raise_()
        self.clips.clips.show_bouts(as_ethogram(stretches), PICKED, _COLOUR)

    def show_names(self) -> None:
        """Show names and suggested merges."""
        if self.names is None or not is_alive(self.names):
            self.names = NamesDialog(self._viewer, self._model, self._panel)
            self.names.jumped.connect(self.jumped)
        self.names.show()
        self.names.raise_()

    def close_all(self) -> None:
        """Close them: there is no map any more."""
        for window in (self.clips, self.names):
            if window is not None and is_alive(window):
                window.close()

    def refresh(self) -> None:
        """Let the names be those of now."""
        if self.names is not None and is_alive(self.names):
            self.names.refresh()
