"""A mouse on the slider of a real window."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QScrollBar, QStyle, QStyleOptionSlider

__all__ = ["Mouse"]

LEFT = Qt.MouseButton.LeftButton


class Mouse:
    """A mouse on the slider of time."""

    def __init__(self, window: Any) -> None:
        self.slider = next(
            slider
            for top in QApplication.topLevelWidgets()
            for slider in top.findChildren(QScrollBar)
            if getattr(slider.parentWidget(), "dims", None) is window.dims
            and slider.parentWidget().axis == 0
            and slider.parentWidget() in slider.parentWidget().qt_dims.slider_widgets
        )

    def _place(self, step: int) -> QPoint:
        option = QStyleOptionSlider()
        self.slider.initStyleOption(option)
        option.sliderPosition = step
        handle = self.slider.style().subControlRect(
            QStyle.ComplexControl.CC_ScrollBar,
            option,
            QStyle.SubControl.SC_ScrollBarSlider,
            self.slider,
        )
        return handle.center()

    def press(self) -> None:
        QTest.mousePress(self.slider, LEFT, pos=self._place(self.slider.value()))
        assert self.slider.isSliderDown()

    def drag(self, step: int) -> None:
        QTest.mouseMove(self.slider, self._place(step))
        # Some platforms send no move for a pointer that is not theirs.
        self.slider.setSliderPosition(step)

    def release(self) -> None:
        QTest.mouseRelease(self.slider, LEFT, pos=self._place(self.slider.value()))
        assert not self.slider.isSliderDown()
