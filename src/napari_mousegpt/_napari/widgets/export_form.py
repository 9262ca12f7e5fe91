"""What the panel "Export" asks: which file, of which bouts, how a movie looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QSpinBox, QWidget

from napari_mousegpt._napari.export_order import EACH, KINDS, STATUSES
from napari_mousegpt._napari.scopes import SCOPES
from napari_mousegpt._napari.widgets.parts import choice_box, refill
from napari_mousegpt._napari.widgets.save_path import SavePath

__all__ = ["ExportForm"]

_SOURCES = {"": "labels and clusters", "labels": "labels", "clusters": "clusters"}


class ExportForm(QWidget):
    """The choices; rows that do not count for a kind of file are hidden."""

    #: Emitted when anything else is chosen.
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = choice_box({name: kind.title for name, kind in KINDS.items()})
        self.part = choice_box({name: text for name, text in SCOPES.items() if name != "study"})
        self.source, self.status = choice_box(_SOURCES), choice_box(STATUSES)
        self.individual = choice_box({None: "all"})
        self.label = choice_box({EACH: "each label: a movie for each"})
        self.count = QSpinBox()
        self.count.setRange(1, 1000)
        self.count.setValue(12)
        self.scale = QDoubleSpinBox()
        self.scale.setRange(0.1, 2.0)
        self.scale.setSingleStep(0.25)
        self.scale.setValue(1.0)
        self.scale.setToolTip("Size of the pictures; 0.5 halves both sides")
        self.skeleton = QCheckBox("Draw the animals")
        self.skeleton.setChecked(True)
        self.file = SavePath()
        self.replace = QCheckBox("Replace a file that is there")
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        policy = QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow
        self._form.setFieldGrowthPolicy(policy)
        for text, editor in (
            ("Write", self.kind),
            ("Part", self.part),
            ("Of", self.source),
            ("Bouts", self.status),
            ("Animal", self.individual),
            ("Label", self.label),
            ("At most", self.count),
            ("Scale", self.scale),
            ("", self.skeleton),
            ("File", self.file),
            ("", self.replace),
        ):
            self._form.addRow(text, editor)
        # A file that may be replaced by one kind is not meant for another.
        self.kind.currentIndexChanged.connect(lambda: self.replace.setChecked(False))
        for box in (self.kind, self.part, self.source, self.status, self.individual, self.label):
            box.currentIndexChanged.connect(self._on_choice)
        self._several, self._both = False, False
        self._fit()

    def offer(self, labels: Mapping[str, int], individuals: Sequence[str], *, both: bool) -> None:
        """Offer what a recording has.

        Parameters
        ----------
        labels : mapping of str to int
            Number of bouts of each label.
        individuals : sequence of str
            Who has bouts.
        both : bool
            Whether it has labels and clusters.
        """
        offered: dict[Any, str] = {EACH: "each label: a movie for each"}
        offered |= {name: f"{name}  ({count})" for name, count in labels.items()}
        refill(self.label, offered)
        refill(
            self.individual, {None: "all", **{name: name or "the picture" for name in individuals}}
        )
        self._several, self._both = len(individuals) > 1, both
        self._fit()

    def _on_choice(self, _: object = None) -> None:
        self._fit()
        self.changed.emit()

    def _fit(self) -> None:
        kind = self.kind.currentData()
        of_bouts = kind != "audit"
        for editor, shown in (
            (self.part, of_bouts),
            (self.source, of_bouts and self._both),
            (self.status, of_bouts),
            (self.individual, of_bouts and self._several),
            (self.label, kind == "exemplars"),
            (self.count, kind == "exemplars"),
            (self.scale, kind == "video"),
            (self.skeleton, kind == "video"),
        ):
            self._form.setRowVisible(editor, shown)
