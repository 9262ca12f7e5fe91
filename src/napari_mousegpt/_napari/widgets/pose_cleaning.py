"""The steps that clean a pose, each off until it is wanted."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QWidget,
)

from napari_mousegpt.core.pose_steps import (
    Interpolate,
    Jump,
    Likelihood,
    Median,
    PoseStep,
    SavGol,
)

__all__ = ["PoseCleaning"]

_SMOOTHERS = {"median": "by median", "savgol": "by Savitzky-Golay"}


class PoseCleaning(QWidget):
    """Asks which steps clean the pose. They are applied from top to bottom."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = QGridLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setColumnStretch(0, 1)
        self._rows.addWidget(QLabel("Clean the pose, from top to bottom:"), 0, 0, 1, 2)
        self.likelihood, self.threshold = self._row(
            "Hide unsure points below", 0.6, "", (0, 1000), 0.05,
            "Confidence that the tracker gives each point; points without one are hidden too",
        )  # fmt: skip
        self.jump, self.speed = self._row(
            "Hide jumps faster than", 2000, " px/s", (1, 1e6), 100,
            "A point that comes from afar in one picture and is back in the next",
        )  # fmt: skip
        self.interpolate, self.gap = self._row(
            "Fill gaps up to", 0.25, " s", (0.01, 60), 0.05,
            "Straight lines between the points before and after",
        )  # fmt: skip
        self.smooth, self.smooth_over = self._row(
            "Smooth over", 0.1, " s", (0.01, 10), 0.05,
            "Smoothing neither fills gaps nor moves anything in time",
        )  # fmt: skip
        self.smoother = QComboBox()
        for name, text in _SMOOTHERS.items():
            self.smoother.addItem(text, name)
        self.smoother.setEnabled(False)
        self.smooth.toggled.connect(self.smoother.setEnabled)
        row = self._rows.rowCount()
        self._rows.addWidget(QLabel("Smoothed"), row, 0, Qt.AlignmentFlag.AlignRight)
        self._rows.addWidget(self.smoother, row, 1)

    def steps(self) -> tuple[PoseStep, ...]:
        """Return the chosen steps, in their order.

        Raises
        ------
        InputError
            When a value does not fit.
        """
        chosen: list[PoseStep] = []
        if self.likelihood.isChecked():
            chosen.append(Likelihood(self.threshold.value()))
        if self.jump.isChecked():
            chosen.append(Jump(self.speed.value()))
        if self.interpolate.isChecked():
            chosen.append(Interpolate(self.gap.value()))
        if self.smooth.isChecked():
            kind = Median if self.smoother.currentData() == "median" else SavGol
            chosen.append(kind(self.smooth_over.value()))
        return tuple(chosen)

    def _row(
        self,
        text: str,
        value: float,
        unit: str,
        limits: tuple[float, float],
        step: float,
        tip: str,
    ) -> tuple[QCheckBox, QDoubleSpinBox]:
        check, number = QCheckBox(text), QDoubleSpinBox()
        number.setDecimals(0 if step >= 1 else 2)
        number.setRange(*limits)
        number.setSingleStep(step)
        number.setSuffix(unit)
        number.setValue(value)
        number.setEnabled(False)
        for editor in (check, number):
            editor.setToolTip(tip)
        check.toggled.connect(number.setEnabled)
        row = self._rows.rowCount()
        self._rows.addWidget(check, row, 0)
        self._rows.addWidget(number, row, 1)
        return check, number
