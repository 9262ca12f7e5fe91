"""How high a dock is."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

__all__ = ["grow"]

#: Share of the window that a dock is given at most, and pixels of its own edges.
_MOST, _EDGES = 0.4, 30


def grow(panel: QWidget, height: int) -> None:
    """Ask the window to give a docked panel some height; a dock that is higher stays as it is."""
    dock: QWidget | None = panel
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    window = None if dock is None else dock.parentWidget()
    if not isinstance(dock, QDockWidget) or not isinstance(window, QMainWindow):
        return
    wanted = min(height + _EDGES, round(window.height() * _MOST))
    if not dock.isFloating() and dock.height() < wanted:
        window.resizeDocks([dock], [wanted], Qt.Orientation.Vertical)
