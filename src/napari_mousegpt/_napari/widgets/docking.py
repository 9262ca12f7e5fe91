"""Where a panel is docked when it is opened.

napari puts every panel of a plugin below the others at the right, whatever the manifest asks for;
a few of them make the window higher than the screen. So panels of ours take their places by
themselves: the timeline below the picture, the others behind each other. A place that the user
gave a panel is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

from napari_mousegpt._napari.settings import PLUGIN
from napari_mousegpt._napari.widgets.parts import is_alive, when_gone

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Docking"]

_BELOW = Qt.DockWidgetArea.BottomDockWidgetArea


class Docking(QObject):
    """Puts a panel in its place when it is seen first; it belongs to the panel.

    Parameters
    ----------
    panel : QWidget
        What napari docks.
    name : str
        Its name in the manifest.
    below : bool
        Whether it belongs below the picture, rather than behind our other panels.
    """

    def __init__(self, panel: QWidget, name: str, *, below: bool = False) -> None:
        super().__init__(panel)
        self._name = name
        # napari notes the place of a dock as soon as it has one, so this is asked before.
        self._move = below and f"{name} ({PLUGIN})" not in _places()
        self._panel = panel
        self.below = below
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._place)
        panel.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Wait until napari has docked the panel."""
        if event.type() == QEvent.Type.Show:
            watched.removeEventFilter(self)
            self._soon.start(0)
        return False

    def _place(self) -> None:
        dock = self._panel.parent() if is_alive(self._panel) else None
        window = dock.parent() if isinstance(dock, QDockWidget) else None
        if not (isinstance(dock, QDockWidget) and isinstance(window, QMainWindow)):
            return
        # Tabs are narrow: the name of the plugin stands in the title bar.
        dock.setWindowTitle(self._name)
        panel = self._panel
        when_gone(dock, lambda: _end(panel))
        if self.below:
            if self._move:
                height = self._panel.sizeHint().height()
                window.addDockWidget(_BELOW, dock)
                window.resizeDocks([dock], [height], Qt.Orientation.Vertical)
            return
        area = window.dockWidgetArea(dock)
        mates = [
            other
            for other in window.findChildren(QDockWidget)
            if other is not dock and window.dockWidgetArea(other) == area and _is_mate(other)
        ]
        if mates and not dock.isFloating() and not window.tabifiedDockWidgets(dock):
            window.tabifyDockWidget(mates[-1], dock)
            dock.raise_()
            _show_names(window, self._name)
        elif not _has_neighbours(window, dock):
            # Qt gives the area the width of what was there last, which may be that of the timeline.
            width = self._panel.sizeHint().width()
            window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def _end(panel: QWidget) -> None:
    """End a panel that napari took out of its dock, closed by the user; its jobs end with it."""
    if is_alive(panel) and panel.parent() is None:
        panel.deleteLater()


def _show_names(window: QMainWindow, name: str) -> None:
    """Scroll the tabs of our panels, which would shrink to a letter each otherwise."""
    for bar in window.findChildren(QTabBar):
        if name in {bar.tabText(place) for place in range(bar.count())}:
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setUsesScrollButtons(True)


def _has_neighbours(window: QMainWindow, dock: QDockWidget) -> bool:
    """Whether another dock is seen in the area of this one."""
    area = window.dockWidgetArea(dock)
    return any(
        other is not dock and other.isVisible() and window.dockWidgetArea(other) == area
        for other in window.findChildren(QDockWidget)
        if not other.isFloating()
    )


def _is_mate(dock: QDockWidget) -> bool:
    """Whether a dock holds a panel of ours that shares its place."""
    kept = None if dock.widget() is None else dock.widget().findChild(Docking)
    return kept is not None and not kept.below


def _places() -> Mapping[str, str]:
    """Return where napari remembers that docks were."""
    from napari.settings import get_settings

    return get_settings().application.plugin_widget_positions
