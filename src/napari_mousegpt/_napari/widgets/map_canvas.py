"""The map itself: paints points or their density, and turns the mouse into signals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QSize, Qt, QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor, QImage, QPainter, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_mousegpt._napari.map_density import MapPicture
from napari_mousegpt._napari.map_scene import MapScene
from napari_mousegpt._napari.timeline.theme import Theme
from napari_mousegpt._napari.widgets.map_paint import paint_note, paint_over

__all__ = ["MapCanvas"]

_LEFT, _MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
_SHIFT = Qt.KeyboardModifier.ShiftModifier
#: Pixels that a held mouse may move for a click to be one.
_CLICK = 4
#: Pixels between two corners of a lasso.
_STEP = 3.0


class MapCanvas(QWidget):
    """Shows a :class:`~napari_mousegpt._napari.map_scene.MapScene`."""

    #: The row of a point that was clicked.
    clicked = Signal(int)
    #: Corners of a line that was drawn, in places, and whether it adds to what is picked.
    lassoed = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = MapScene()
        #: ``"move"`` or ``"lasso"``: what a drag does.
        self.tool = "move"
        self.picture: MapPicture | None = None
        self._image: QImage | None = None
        #: Pixels that what is painted lags behind the view.
        self._lag = QPointF(0, 0)
        self._from: QPointF | None = None
        self._last = QPointF(0, 0)
        self._line: list[QPointF] = []
        self._here: int | None = None
        self._tip: Callable[[int], str] = lambda row: ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._draw)
        self.setMinimumSize(200, 200)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setSizePolicy(policy)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Map of behaviour")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size that fits a usual dock."""
        return QSize(340, 300)

    def set_theme(self, colours: Mapping[str, object]) -> None:
        """Take the colours of a napari theme."""
        self.scene.theme = Theme.of(colours)
        self.refresh()

    def set_tool(self, tool: str) -> None:
        """Choose what a drag does: ``"move"`` or ``"lasso"``."""
        self.tool = tool
        self._line = []
        lasso = tool == "lasso"
        self.setCursor(Qt.CursorShape.CrossCursor if lasso else Qt.CursorShape.ArrowCursor)
        self.update()

    def set_tip(self, tip: Callable[[int], str]) -> None:
        """Say what stands at a point: a callable from its row to a text."""
        self._tip = tip

    def set_here(self, row: int | None, place: tuple[float, float] | None = None) -> None:
        """Ring the point whose frame is on screen."""
        self._here = row
        if place is not None:
            self.scene.view.show(*place)
        self.refresh()

    def refresh(self) -> None:
        """Draw anew when the present event is over: many changes are drawn once."""
        self._soon.start(0)

    def _draw(self) -> None:
        self._soon.stop()
        view = self.scene.view
        if (view.width, view.height) != (self.width(), self.height()):
            view.resize(self.width(), self.height())
        self.picture = self.scene.draw()
        pixels = self.picture.pixels
        high, wide = pixels.shape
        image = QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_RGB32)
        # The array may go before the image does.
        self._image = image.copy()
        self._lag = QPointF(0, 0)
        self.update()

    # Paint ----------------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Paint the points, then what is drawn over them."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*self.scene.theme.row))
        if self._image is not None:
            painter.drawImage(self._lag, self._image)
        line = QPolygonF(self._line)
        here = None if self._here is None else self.scene.view.pixel(*self.scene.place(self._here))
        paint_over(painter, self.scene.theme, line, here)
        if self.picture is not None and self.picture.density:
            paint_note(painter, self.scene.theme, self.picture.in_view, self.height())
        painter.end()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Draw in the new size."""
        super().resizeEvent(event)
        self.refresh()

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Draw what came while it was hidden."""
        super().showEvent(event)
        self.refresh()

    # Mouse ----------------------------------------------------------------------------------

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Begin to move the map or to draw a line."""
        if event.button() not in (_LEFT, _MIDDLE) or not len(self.scene):
            return
        QToolTip.hideText()
        self._from = self._last = event.position()
        if self.tool == "lasso" and event.button() == _LEFT:
            self._line = [event.position()]

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Move the map, go on with the line, or say what is under the mouse."""
        at = event.position()
        if self._from is None:
            self._hover(at, event.globalPosition().toPoint())
        elif self._line:
            if math.hypot(at.x() - self._last.x(), at.y() - self._last.y()) >= _STEP:
                self._line.append(at)
                self._last = at
                self.update()
        elif _distance(at, self._from) >= _CLICK or self._lag != QPointF(0, 0):
            step = at - self._last
            self._last = at
            self.scene.view.pan(step.x(), step.y())
            # What is there moves at once; the rest is drawn as soon as there is time.
            self._lag += step
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.update()
            self.refresh()

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Finish a drag, or take a click."""
        if self._from is None:
            return
        begun, self._from = self._from, None
        line, self._line = self._line, []
        self.set_tool(self.tool)
        at = event.position()
        if _distance(at, begun) < _CLICK and len(line) < 3:
            row = self.scene.nearest(at.x(), at.y())
            if row is not None and event.button() == _LEFT:
                self.clicked.emit(row)
        elif len(line) >= 3:
            corners = [self.scene.view.place(one.x(), one.y()) for one in line]
            more = bool(event.modifiers() & _SHIFT)
            self.lassoed.emit(np.asarray(corners, dtype=np.float64), more)

    def mouseDoubleClickEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Show everything, where there is no point."""
        at = event.position()
        if self.scene.nearest(at.x(), at.y()) is None:
            self.fit()

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Zoom around the mouse."""
        event.accept()
        self._zoom(1.2 ** (event.angleDelta().y() / 120), event.position())

    def fit(self) -> None:
        """Show everything."""
        self.scene.view.fit()
        self.refresh()

    def _zoom(self, factor: float, at: QPointF) -> None:
        self.scene.view.zoom(factor, at.x(), at.y())
        self.refresh()

    def _hover(self, at: QPointF, on_screen: Any) -> None:
        row = self.scene.nearest(at.x(), at.y())
        if row is None:
            QToolTip.hideText()
        else:
            QToolTip.showText(on_screen, self._tip(row), self)
        if self.tool == "move":
            hand = row is not None
            shape = Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)

    def event(self, event: Any) -> bool:
        """Zoom with two fingers; keep Esc from closing a dialog while drawing."""
        kind = event.type()
        if kind == QEvent.Type.NativeGesture:
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self._zoom(math.exp(event.value()), event.position())
                return True
        elif (
            kind == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape and self._line
        ):
            event.accept()
            return True
        return bool(super().event(event))

    # Keys -----------------------------------------------------------------------------------

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Zoom, show everything, give a line up; other keys are for the viewer."""
        middle = QPointF(self.width() / 2, self.height() / 2)
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom(1.5, middle)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self._zoom(1 / 1.5, middle)
        elif key == Qt.Key.Key_Home:
            self.fit()
        elif key == Qt.Key.Key_Escape and self._line:
            self._line, self._from = [], None
            self.update()
        else:
            event.ignore()


def _distance(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())
