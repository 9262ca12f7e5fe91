"""A picture that fits its place, and tells where it is clicked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

__all__ = ["GridView"]


class GridView(QWidget):
    """Shows an RGB picture as large as its place allows."""

    #: Place of a click in the picture, in its pixels.
    clicked = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: NDArray[np.uint8] | None = None
        self._tip: Any = None
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumSize(160, 120)
        self.setMouseTracking(True)
        self.setVisible(False)

    @property
    def picture(self) -> NDArray[np.uint8] | None:
        """What is shown."""
        return self._picture

    def show_picture(self, picture: NDArray[np.uint8] | None) -> None:
        """Show a picture, uint8 (Y, X, 3), or nothing."""
        before = None if self._picture is None else self._picture.shape
        self._picture = None if picture is None else np.ascontiguousarray(picture)
        if before != (None if picture is None else picture.shape):
            self.setVisible(picture is not None)
            self.updateGeometry()
        self.update()

    def set_tip(self, tip: Any) -> None:
        """Say what stands under the mouse: a callable from a place to a text."""
        self._tip = tip

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """Its height follows from its width."""
        return self._picture is not None

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """Return the height at which the whole width is used."""
        if self._picture is None:
            return 0
        high, wide = self._picture.shape[:2]
        return round(min(width, 2 * wide) * high / wide)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size of the picture, not wider than a usual dock."""
        return QSize(320, self.heightForWidth(320))

    def place_of(self, x: float, y: float) -> tuple[float, float]:
        """Return the place in the picture of a point of the widget."""
        box, factor = self._box()
        return (x - box.left()) / factor, (y - box.top()) / factor

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the picture."""
        if self._picture is None:
            return
        high, wide = self._picture.shape[:2]
        image = QImage(self._picture.data, wide, high, 3 * wide, QImage.Format.Format_RGB888)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self._box()[0], image)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Tell where it was clicked."""
        if event.button() == Qt.MouseButton.LeftButton and self._picture is not None:
            place = event.position()
            self.clicked.emit(*self.place_of(place.x(), place.y()))
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Say what is under the mouse."""
        place = event.position()
        text = "" if self._tip is None else self._tip(*self.place_of(place.x(), place.y()))
        shape = Qt.CursorShape.PointingHandCursor if text else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def _box(self) -> tuple[QRectF, float]:
        """Where the picture stands, and how much it is enlarged."""
        if self._picture is None:
            return QRectF(), 1.0
        high, wide = self._picture.shape[:2]
        factor = max(1e-6, min(self.width() / wide, self.height() / high, 2.0))
        left = (self.width() - factor * wide) / 2
        return QRectF(left, 0.0, factor * wide, factor * high), factor
