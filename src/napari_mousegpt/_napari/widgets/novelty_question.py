"""What is asked about novelty: which question, by which score, at which rate of false alarms."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QDoubleSpinBox, QFormLayout, QWidget

from napari_mousegpt._napari.widgets.parts import choice_box
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt.clusters.novelty_params import NoveltyParams, OddParams

__all__ = ["NoveltyQuestion"]

_QUESTIONS = {"new": "what is new", "odd": "what is odd"}
_SCORES = {
    "distance_ratio": "distance ratio",
    "isolation_forest": "Isolation Forest",
    "lof": "local outlier factor",
    "distance": "distance",
}


class NoveltyQuestion(QWidget):
    """A form of the question."""

    #: Emitted when another question is chosen.
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = PathEdit("the folder of a study that was clustered")
        self.question, self.score = choice_box(_QUESTIONS), choice_box(_SCORES)
        self.question.setToolTip(
            "New: denser in the new recordings than in the reference. Odd: unlike all others"
        )
        self.score.setToolTip("How it is measured that a window is far from all others")
        self.rate = QDoubleSpinBox()
        self.rate.setRange(0.1, 50.0)
        self.rate.setDecimals(1)
        self.rate.setSuffix(" %")
        self.rate.setValue(100 * NoveltyParams().false_alarms)
        self.rate.setToolTip(
            "Share of windows that may be flagged in the median recording where nothing is new"
        )
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.form.addRow("Results in", self.folder)
        self.form.addRow("Find", self.question)
        self.form.addRow("Score", self.score)
        self.form.addRow("False alarms", self.rate)
        self.question.currentIndexChanged.connect(self._on_question)
        self._on_question()

    @property
    def kind(self) -> str:
        """The question, ``"new"`` or ``"odd"``."""
        return str(self.question.currentData())

    @property
    def params(self) -> NoveltyParams | OddParams:
        """Settings of the question."""
        rate = self.rate.value() / 100
        if self.kind == "odd":
            return OddParams(score=str(self.score.currentData()), false_alarms=rate)
        return replace(NoveltyParams(), false_alarms=rate)

    def _on_question(self, _: int = 0) -> None:
        self.form.setRowVisible(self.score, self.kind == "odd")
        self.changed.emit()
