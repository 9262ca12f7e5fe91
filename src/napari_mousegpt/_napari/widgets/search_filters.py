"""What a search is limited to: folded away until somebody wants it."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFormLayout, QToolButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.searching import Offered
from napari_mousegpt._napari.widgets.filter_fields import Choices, Ends
from napari_mousegpt.clusters.search_filters import SearchFilters

__all__ = ["FilterBox"]


class FilterBox(QWidget):
    """Labels, animals, groups, time and speed."""

    #: Emitted when anything is limited otherwise.
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fold = QToolButton()
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setToolTip("Search only some labels, animals, groups, times or speeds")
        self.labels, self.animals = Choices("any label"), Choices("any animal")
        self.groups = Choices("any group")
        self.seconds = Ends("s", "Seconds from the beginning of the recording")
        self.speed = Ends("body lengths/s", "Speed of the body in the middle of the stretch")
        self.body = QWidget()
        self._form = QFormLayout(self.body)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, field in (
            ("Label", self.labels),
            ("Animal", self.animals),
            ("Group", self.groups),
            ("Time", self.seconds),
            ("Speed", self.speed),
        ):
            self._form.addRow(text, field)
            field.changed.connect(self._on_change)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        column.addWidget(self.body)
        self.fold.toggled.connect(self._unfold)
        self._unfold(False)
        self.offer(Offered({}, {}, {}, speed=False, seconds=False))

    @property
    def filters(self) -> SearchFilters:
        """What is limited."""
        columns = {
            name: tuple(sorted(box.chosen() or ()))
            for name, box in (("animal", self.animals), ("group", self.groups))
            if box.chosen()
        }
        speed = self.speed.ends()
        return SearchFilters(
            label=tuple(sorted(self.labels.chosen() or ())),
            columns=columns,
            numbers={} if speed is None else {"body_speed": speed},
            seconds=self.seconds.ends(),
        )

    def offer(self, offered: Offered) -> None:
        """Offer what an index has; fields that would find nothing are hidden and empty."""
        for box, counts in (
            (self.labels, offered.labels),
            (self.animals, offered.animals),
            (self.groups, offered.groups),
        ):
            blocked = box.blockSignals(True)
            box.choose(None)
            box.offer(counts)
            box.blockSignals(blocked)
            self._form.setRowVisible(box, bool(counts))
        for field, there in ((self.seconds, offered.seconds), (self.speed, offered.speed)):
            field.set_ends(None)
            self._form.setRowVisible(field, there)
        self._tell()

    def _on_change(self) -> None:
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        boxes = (self.labels, self.animals, self.groups)
        limits = sum(bool(box.chosen()) for box in boxes)
        limits += sum(field.ends() is not None for field in (self.seconds, self.speed))
        self.fold.setText(f"Only some ... ({limits})" if limits else "Only some ...")

    def _unfold(self, unfolded: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow
        self.fold.setArrowType(arrow)
        self.body.setVisible(unfolded)
