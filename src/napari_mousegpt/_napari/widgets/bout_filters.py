"""What the table of bouts shows: a search, and filters that fold away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.bout_rows import BoutFilter, BoutRows
from napari_mousegpt._napari.widgets.filter_fields import Choices, Ends, LabelList

__all__ = ["BoutFilters"]

_CHOICES = {"individual": "Animal", "source": "Source", "status": "Status"}


class BoutFilters(QWidget):
    """Asks which bouts are to be shown."""

    #: Another filter was chosen.
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filter = BoutFilter()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search labels, comments, words")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._gather)
        self.fold = QToolButton()
        self.fold.setText("Filters")
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.fold.toggled.connect(self._unfold)
        self.labels = LabelList()
        self.labels.itemSelectionChanged.connect(self._gather)
        self.choices = {name: Choices(title) for name, title in _CHOICES.items()}
        for choice in self.choices.values():
            choice.changed.connect(self._gather)
        self.confidence = Ends("", "Bouts without a confidence, such as your own, do not pass")
        self.seconds = Ends("s", "Both ends are allowed")
        for ends in (self.confidence, self.seconds):
            ends.changed.connect(self._gather)
        self.clear_button = QPushButton("Show all bouts")
        self.clear_button.clicked.connect(self.clear)
        self._lay_out()

    def offer(self, rows: BoutRows, colours: Mapping[str, str]) -> None:
        """Offer the values that there are, with how many bouts have each."""
        self.labels.offer(rows.counts("label"), colours, self.filter.label)
        for name, choice in self.choices.items():
            choice.offer(rows.counts(name))
        several = len(rows.texts("individual").values) > 1
        self.choices["individual"].setVisible(several)
        self._tell()

    def clear(self) -> None:
        """Let every bout pass."""
        self._set(BoutFilter())

    def choose_label(self, label: str) -> None:
        """Let bouts of one label pass, or of every label when it is the only one already."""
        only = frozenset({label})
        self._set(replace(self.filter, label=None if self.filter.label == only else only))

    def _set(self, chosen: BoutFilter) -> None:
        for widget in (self.search, self.labels):
            widget.blockSignals(True)
        self.search.setText(chosen.text)
        self.labels.choose(chosen.label)
        for name, choice in self.choices.items():
            choice.choose(getattr(chosen, name))
        self.confidence.set_ends(chosen.confidence)
        self.seconds.set_ends(chosen.seconds)
        for widget in (self.search, self.labels):
            widget.blockSignals(False)
        self._gather()

    def _gather(self, *_: object) -> None:
        chosen = BoutFilter(
            label=self.labels.chosen(),
            **{name: choice.chosen() for name, choice in self.choices.items()},
            confidence=self.confidence.ends(),
            seconds=self.seconds.ends(),
            text=self.search.text().strip(),
        )
        if chosen != self.filter:
            self.filter = chosen
            self._tell()
            self.changed.emit()

    def _tell(self) -> None:
        hidden = [name for name in self.filter.active if name != "text"]
        self.fold.setText(f"Filters ({len(hidden)})" if hidden else "Filters")
        self.clear_button.setEnabled(bool(self.filter.active))

    def _unfold(self, open_: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self.body.setVisible(open_)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self.search, 1)
        line.addWidget(self.fold)
        self.body = QWidget()
        form = QFormLayout(self.body)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.labels)
        values = QHBoxLayout()
        for choice in self.choices.values():
            values.addWidget(choice, 1)
        form.addRow(values)
        form.addRow("Confidence", self.confidence)
        form.addRow("Length", self.seconds)
        form.addRow(self.clear_button)
        self.body.setVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self.body)
