"""Which exemplars are shown, and how: the form of the panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QFormLayout, QSpinBox, QWidget

from napari_mousegpt._napari.widgets.parts import choice_box, refill
from napari_mousegpt.clips import CropParams
from napari_mousegpt.reports.exemplar_movie import ExemplarParams
from napari_mousegpt.reports.grid_plan import GridParams

__all__ = ["ExemplarChoice"]

_SIDES = {96: "small", 128: "medium", 192: "large"}
_HOW = {
    "typical": "typical ones",
    "confident": "surest first",
    "longest": "longest first",
    "random": "at random",
}
_FOLLOWS = {"animal": "follow the animal", "start": "stay in place"}
_SPEEDS = {1.0: "real time", 0.5: "half as fast", 0.25: "a quarter as fast"}
_NONE = {None: "no labels yet"}


class ExemplarChoice(QWidget):
    """Label, number and look of exemplars."""

    #: Emitted when anything else is chosen.
    changed = Signal()
    #: Emitted when other recordings are meant.
    recordings_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = choice_box(_NONE)
        self.how = choice_box(_HOW)
        self.how.setToolTip(
            "Typical bouts have the usual length and are sure. Each animal gives one before any "
            "gives two."
        )
        self.count = QSpinBox()
        self.count.setRange(1, 36)
        self.count.setValue(9)
        self.count.setKeyboardTracking(False)
        self.side, self.speed = choice_box(_SIDES), choice_box(_SPEEDS)
        self.side.setCurrentIndex(1)
        self.follow = choice_box(_FOLLOWS)
        self.follow.setToolTip(
            "Centred on the animal, which looks up; or where it is as the bout begins, so that "
            "walking and turning show"
        )
        self.everywhere = QCheckBox("From all open recordings")
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        policy = QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow
        self._form.setFieldGrowthPolicy(policy)
        for text, editor in (
            ("Label or cluster", self.label),
            ("Which bouts", self.how),
            ("At most", self.count),
            ("Size", self.side),
            ("Each clip", self.follow),
            ("Speed", self.speed),
            ("", self.everywhere),
        ):
            self._form.addRow(text, editor)
        for box in (self.label, self.how, self.side, self.follow, self.speed):
            box.currentIndexChanged.connect(self._tell)
        self.count.valueChanged.connect(self._tell)
        self.everywhere.toggled.connect(lambda _: self.recordings_changed.emit())
        self.offer_recordings(1)

    @property
    def params(self) -> ExemplarParams:
        """What the choices say."""
        crops = CropParams(side=self.side.currentData(), follow=self.follow.currentData())
        grid = GridParams(speed=self.speed.currentData(), crops=crops)
        return ExemplarParams(self.count.value(), self.how.currentData(), grid=grid)

    @property
    def chosen_label(self) -> str | None:
        """The label, None where there is none to choose."""
        return self.label.currentData()  # type: ignore[no-any-return]

    @property
    def all_recordings(self) -> bool:
        """Whether all open recordings are meant, not only the active one."""
        return bool(self._form.isRowVisible(self.everywhere) and self.everywhere.isChecked())

    def offer_labels(self, counts: Mapping[str, int]) -> None:
        """Offer labels with the number of their bouts; the chosen one stays, if it is there."""
        offered: dict[Any, str] = {name: f"{name}  ({count})" for name, count in counts.items()}
        before = self.chosen_label
        refill(self.label, offered or _NONE)
        if self.chosen_label != before:
            self.changed.emit()

    def offer_recordings(self, count: int) -> None:
        """Say how many recordings are open."""
        self._form.setRowVisible(self.everywhere, count > 1)

    def _tell(self, _: object = None) -> None:
        self.changed.emit()
