"""A window with exactly what a model would get: the text of each question, and the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.widgets.parts import Text

if TYPE_CHECKING:
    from napari_mousegpt._napari.asked_preview import AskedPreview, Strip

__all__ = ["PreviewWindow"]

_STALE = "The choice has changed since: press Preview again to see what the model gets now."
#: Pictures are shown at this height; smaller ones as they are.
_HIGH = 224


class PreviewWindow(QDialog):
    """Shows one preview at a time, beside the viewer.

    Parameters
    ----------
    parent : QWidget
        The panel, whose end is its end.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("What the model gets")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint, True)
        self.resize(960, 700)
        self.title = QLabel()
        self.title.setStyleSheet("font-weight: bold;")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.title.setWordWrap(True)
        self.notes = Text(most_lines=6)
        self.stale = Text()
        self.tabs = QTabWidget()
        self.pictures = QWidget()
        self._strips = QVBoxLayout(self.pictures)
        self._strips.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.pictures)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.tabs)
        split.addWidget(scroll)
        split.setChildrenCollapsible(False)
        split.setSizes([330, 300])
        column = QVBoxLayout(self)
        for widget in (self.title, self.stale, self.notes):
            column.addWidget(widget)
        column.addWidget(split, 1)

    def show_preview(self, found: AskedPreview) -> None:
        """Show another preview; the tab that was open stays open if it is still there."""
        opened = self.tabs.tabText(self.tabs.currentIndex())
        self.title.setText(found.title)
        self.notes.setText("\n".join(found.notes))
        self.stale.setText("")
        while self.tabs.count():
            page = self.tabs.widget(0)
            self.tabs.removeTab(0)
            if page is not None:
                page.deleteLater()
        for part, text in found.parts:
            self.tabs.addTab(_page(text), part)
        names = [part for part, _ in found.parts]
        self.tabs.setCurrentIndex(names.index(opened) if opened in names else 0)
        while (item := self._strips.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.deleteLater()
        for strip in found.strips:
            self._strips.addWidget(_heading(strip.heading))
            self._strips.addWidget(_row(strip))
        self._strips.addStretch(1)

    def outdate(self) -> None:
        """Say that something else is chosen now."""
        self.stale.setText(_STALE)

    @property
    def texts(self) -> dict[str, str]:
        """The text of each tab."""
        pages = [(self.tabs.tabText(i), self.tabs.widget(i)) for i in range(self.tabs.count())]
        return {name: page.toPlainText() for name, page in pages if isinstance(page, _Page)}

    @property
    def captions(self) -> list[str]:
        """What stands under the pictures, in their order."""
        return [each.text() for each in self.pictures.findChildren(_Caption)]


class _Page(QPlainTextEdit):
    """The text of one question."""


class _Caption(QLabel):
    """What stands under a picture."""


def _page(text: str) -> _Page:
    page = _Page(text)
    page.setReadOnly(True)
    page.setFrameShape(QFrame.Shape.NoFrame)
    return page


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _row(strip: Strip) -> QScrollArea:
    """Return pictures side by side, which scroll where the window is too narrow."""
    body = QWidget()
    line = QHBoxLayout(body)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    for picture, caption in zip(strip.frames, strip.captions, strict=True):
        high, wide = picture.shape[:2]
        # A copy: the image of Qt holds no array of its own.
        kept = np.ascontiguousarray(picture)
        image = QImage(kept.data, wide, high, 3 * wide, QImage.Format.Format_RGB888).copy()
        shown = QPixmap.fromImage(image)
        if high > _HIGH:
            shown = shown.scaledToHeight(_HIGH, Qt.TransformationMode.SmoothTransformation)
        place = QLabel()
        place.setPixmap(shown)
        under = _Caption(caption)
        under.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        cell = QVBoxLayout()
        cell.setSpacing(2)
        cell.addWidget(place)
        cell.addWidget(under)
        cell.addStretch(1)
        line.addLayout(cell)
    line.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(body)
    bar = area.horizontalScrollBar()
    area.setFixedHeight(body.sizeHint().height() + (0 if bar is None else bar.sizeHint().height()))
    return area
