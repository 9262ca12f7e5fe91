"""The panel "Keys": what each key does, and which key stands for which label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.keys import COMMANDS
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.parts import Scrolled, Text, error_text, is_alive
from napari_mousegpt.errors import MouseGPTError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QShowEvent

__all__ = ["KeySheet"]

_ROWS = 10
#: Keys as they stand on a keyboard.
_CAPS = {"Escape": "Esc"}
_CAP_STYLE = "border: 1px solid gray; border-radius: 3px; padding: 0px 5px; font-weight: bold;"
_HINT = (
    "Keys work while the picture, or a panel without a text field in use, has the focus. A label "
    "key labels the chosen bout, else the marked interval."
)


class KeySheet(QWidget):
    """Lists all keys; those of labels can be written in.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Whose keys.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Keys")
        self._state = state_of(napari_viewer)
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels(("Key", "Label"))
        self.table.setToolTip("Click twice to write another key or label")
        self.table.verticalHeader().setVisible(False)
        self.table.setIconSize(QSize(12, 12))
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(0, 56)
        self.table.itemChanged.connect(self._on_item)
        self.add_button = QPushButton("Add a label")
        self.add_button.clicked.connect(self.add)
        self.status = Text()
        self._lay_out()
        self._state.changed.connect(self.refill)
        self._state.label_keys.changed.connect(self.refill)
        self.refill()

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(_heading("Labels"))
        column.addWidget(self.table)
        column.addWidget(self.add_button, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.status)
        column.addWidget(_heading("Marking and correcting"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, command in enumerate(COMMANDS):
            grid.addLayout(_caps_of(command.keys), row, 0)
            grid.addWidget(QLabel(command.name), row, 1)
        column.addLayout(grid)
        column.addWidget(Text(_HINT))
        column.addStretch(1)
        Scrolled(self, body)

    def refill(self) -> None:
        """Show the keys as they are now."""
        if not is_alive(self):
            return
        desk = self._state.desk_of_active()
        keys = self._state.label_keys
        labels = keys.labels if desk is None else tuple(desk.labels)
        colours = {} if desk is None else self._state.colours(desk.recording.id)
        rows = [(key, label) for key, label in keys.by_key.items()]
        rows += [("", label) for label in labels if not keys.key_of(label)]
        blocked = self.table.blockSignals(True)
        self.table.setRowCount(len(rows))
        for row, (key, label) in enumerate(rows):
            cap = QTableWidgetItem(key)
            cap.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            name = QTableWidgetItem(label)
            name.setData(Qt.ItemDataRole.UserRole, label)
            if label in colours:
                name.setIcon(_chip(colours[label]))
            self.table.setItem(row, 0, cap)
            self.table.setItem(row, 1, name)
        self.table.blockSignals(blocked)
        self._fit()

    def add(self) -> None:
        """Add an empty row to write in."""
        row = self.table.rowCount()
        blocked = self.table.blockSignals(True)
        self.table.setRowCount(row + 1)
        for place in range(2):
            self.table.setItem(row, place, QTableWidgetItem(""))
        self.table.blockSignals(blocked)
        self._fit()
        self.table.setCurrentCell(row, 0)
        self.table.editItem(self.table.item(row, 0))

    def _on_item(self, item: QTableWidgetItem) -> None:
        """Keep what was written; what cannot be is said, and the row is as before."""
        cap, name = (self.table.item(item.row(), place) for place in range(2))
        if cap is None or name is None:
            return
        key, label = cap.text().strip().upper(), name.text().strip()
        keys, before = self._state.label_keys, name.data(Qt.ItemDataRole.UserRole)
        if not before and not (key and label):
            return  # the other cell is still to be written
        self.status.setText("")
        try:
            if key and label:
                keys.assign(key, label)
            elif keys.key_of(before or label):
                keys.assign(keys.key_of(before or label), "")
            if before and label != before and keys.key_of(before):
                keys.assign(keys.key_of(before), "")
        except MouseGPTError as error:
            self.status.setText(error_text(error))
        self.refill()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Fit the table to the letters, which the theme chooses."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        rows = max(1, min(self.table.rowCount(), _ROWS))
        high = self.table.fontMetrics().height() + 10
        self.table.verticalHeader().setDefaultSectionSize(high)
        header = self.table.horizontalHeader()
        header.ensurePolished()
        self.table.setFixedHeight(header.sizeHint().height() + rows * high + 8)


def _heading(text: str) -> QLabel:
    label = QLabel(f"<b>{text}</b>")
    label.setTextFormat(Qt.TextFormat.RichText)
    return label


def _caps_of(keys: Sequence[str]) -> QHBoxLayout:
    """Return keys as they are drawn on paper: each in a frame."""
    line = QHBoxLayout()
    line.setSpacing(5)
    for place, key in enumerate(keys):
        if place:
            line.addWidget(QLabel("or"))
        parts = key.split("-") if len(key) > 1 else [key]
        cap = QLabel(" + ".join(_CAPS.get(part, part) for part in parts))
        cap.setStyleSheet(_CAP_STYLE)
        line.addWidget(cap)
    line.addStretch(1)
    return line


def _chip(colour: str) -> QIcon:
    picture = QPixmap(12, 12)
    picture.fill(QColor(colour))
    return QIcon(picture)
