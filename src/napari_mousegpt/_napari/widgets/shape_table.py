"""What is drawn in a layer of shapes, as a table to name and sort it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QComboBox, QHeaderView, QWidget

from napari_mousegpt._napari.arena_layer import CLOSED_WHATS, LENGTH, OUTLINE, drawn_in, set_feature
from napari_mousegpt._napari.widgets.cells import SmallTable

if TYPE_CHECKING:
    from napari.layers import Shapes

__all__ = ["ShapeTable"]

_NAME, _WHAT, _ARENA, _CM = range(4)
#: Pixels of a box around its longest word.
_BOX = 44
_COLUMNS = {_NAME: "name", _WHAT: "what", _ARENA: "arena", _CM: "cm"}


class ShapeTable(SmallTable):
    """Shows the shapes of a layer; what is written in it goes into the features of the layer."""

    #: Something was renamed or written.
    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Name", "What", "Arena", "Length"), parent=parent)
        self._layer: Shapes | None = None
        header = self.horizontalHeader()
        header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Interactive)
        self.setToolTip(
            "Double-click to rename. Name the arena only where one picture has several. "
            "A line gets its true length in cm."
        )
        self.itemChanged.connect(self._on_item)
        self.itemSelectionChanged.connect(self._on_selected)

    def show_layer(self, layer: Shapes | None) -> None:
        """Show the shapes of a tidy layer."""
        self._layer = layer
        drawn = [] if layer is None else drawn_in(layer)
        rows = [(item.name, item.what, item.arena, _length(item.what, item.cm)) for item in drawn]
        self.set_rows(rows, editable=(_NAME, _ARENA, _CM))
        self.setColumnWidth(_WHAT, self.fontMetrics().horizontalAdvance(OUTLINE) + _BOX)
        for row, item in enumerate(drawn):
            box = self.cellWidget(row, _WHAT)
            if item.what == LENGTH:
                self.removeCellWidget(row, _WHAT)
            elif isinstance(box, QComboBox):
                # The box that is being used must not be taken away.
                box.blockSignals(True)
                box.setCurrentText(item.what)
                box.blockSignals(False)
            else:
                self._add_box(row, item.what)

    def _add_box(self, row: int, what: str) -> None:
        box = QComboBox()
        box.addItems(list(CLOSED_WHATS))
        box.setCurrentText(what)
        box.setProperty("row", row)
        box.currentTextChanged.connect(self._on_box)
        self.setCellWidget(row, _WHAT, box)

    def _on_box(self, text: str) -> None:
        self._write(int(self.sender().property("row")), _WHAT, text)

    def _on_item(self, item: object) -> None:
        row, column = item.row(), item.column()  # type: ignore[attr-defined]
        text = self.cell(row, column)
        if column != _CM:
            self._write(row, column, text)
            return
        try:
            self._write(row, column, float(text.removesuffix("cm").strip().replace(",", ".")))
        except ValueError:
            self._write(row, column, np.nan)

    def _write(self, row: int, column: int, value: object) -> None:
        if self._layer is not None and row < len(self._layer.data):
            set_feature(self._layer, row, _COLUMNS[column], value)
            self.edited.emit()

    def _on_selected(self) -> None:
        """Select the shape of the row on the canvas."""
        row = self.currentRow()
        if self._layer is not None and self._layer.mode == "select" and row >= 0:
            self._layer.selected_data = {row}


def _length(what: str, cm: float) -> str:
    if what != LENGTH:
        return ""
    return "? cm" if np.isnan(cm) else f"{cm:g} cm"
