"""Choosing what is scored blind: study table, folder of the key, who scores."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFormLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.correction_settings import correction_settings
from napari_mousegpt._napari.widgets.parts import Text
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt.store.blinding_key import KEY_NAME

__all__ = ["BlindSetup"]

_TABLES = "Study table (*.csv *.tsv *.txt *.xlsx *.toml);;All files (*)"
_ABOUT = (
    "Score the recordings of a study in random order, without seeing which is which. Names, "
    "animals and groups come back when you unlock the study; that is written into a log."
)


class BlindSetup(QWidget):
    """Asks which study, and where its key is or will be."""

    #: Begin, or go on, with what is chosen.
    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = PathEdit("a table with a row for each recording", _TABLES)
        self.folder = PathEdit("a folder for the key and the log")
        self.who = QLineEdit(correction_settings().name)
        self.who.setToolTip("Stands beside every correction and in the log")
        self.begin_button = QPushButton("Begin")
        self.begin_button.clicked.connect(lambda: self.wanted.emit())
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Study table", self.table)
        form.addRow("Key in", self.folder)
        form.addRow("Your name", self.who)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Text(_ABOUT))
        column.addLayout(form)
        column.addWidget(self.begin_button)
        self._proposed = ""
        self.table.changed.connect(self._on_table)
        self.folder.changed.connect(self._enable)
        self._enable()

    @property
    def begun(self) -> bool:
        """Whether the study was blinded in this folder before."""
        return bool(self.folder.path) and (Path(self.folder.path) / KEY_NAME).is_file()

    def refresh(self) -> None:
        """See again what is in the folder."""
        self._enable()

    def _on_table(self, _: object = None) -> None:
        """Propose a folder beside the table, unless the user has chosen one."""
        table = self.table.path
        if table and self.folder.path in ("", self._proposed):
            path = Path(table)
            self._proposed = str(path.with_name(f"{path.stem}_blinded"))
            self.folder.path = self._proposed
        self._enable()

    def _enable(self, _: object = None) -> None:
        self.begin_button.setEnabled(bool(self.table.path and self.folder.path))
        self.begin_button.setText("Go on" if self.begun else "Begin")
        self.begin_button.setToolTip(
            "Go on with the key that is in the folder"
            if self.begun
            else "Draw the order and the codes, and write them into the folder"
        )
