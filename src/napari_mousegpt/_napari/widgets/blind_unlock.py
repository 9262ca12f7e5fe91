"""Unlocking a study that is scored blind: a reason, and a second look."""

from __future__ import annotations

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.widgets.parts import Text

__all__ = ["BlindUnlock"]

_WARNING = (
    "Unlocking shows names, animals and groups of all items. It is written into the log with your "
    "name and the reason, and cannot be taken back."
)


class BlindUnlock(QWidget):
    """Asks for a reason before the study is unlocked; hidden until it is needed."""

    #: Unlock, for this reason.
    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("for example: scoring is finished")
        self.unlock_button = QPushButton("Unlock for good")
        self.keep_button = QPushButton("Keep blinded")
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Reason", self.reason)
        line = QHBoxLayout()
        line.addWidget(self.keep_button)
        line.addWidget(self.unlock_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Text(_WARNING))
        column.addLayout(form)
        column.addLayout(line)
        self.reason.textChanged.connect(self._enable)
        self.keep_button.clicked.connect(self.leave)
        self.unlock_button.clicked.connect(lambda: self.wanted.emit(self.reason.text()))
        self.leave()

    def ask(self) -> None:
        """Show the question."""
        self.setVisible(True)
        self.reason.setFocus()

    def leave(self) -> None:
        """Hide the question; the study stays as it is."""
        self.reason.clear()
        self._enable()
        self.setVisible(False)

    def _enable(self, _: object = None) -> None:
        self.unlock_button.setEnabled(bool(self.reason.text().strip()))
