"""Buttons for the audit trail: a table of the corrections, and the folder they are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from napari_mousegpt._napari.bout_audit import audit_folder, write_audit
from napari_mousegpt._napari.widgets.files import ask_save
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt._napari.desk import Desk
    from napari_mousegpt._napari.widgets.report_view import ReportView

__all__ = ["AuditButtons"]


class AuditButtons(QWidget):
    """Writes the audit trail of a desk, and shows where its corrections are.

    Parameters
    ----------
    report : ReportView
        Where it is told what came of it.
    """

    def __init__(self, report: ReportView) -> None:
        super().__init__()
        self.desk: Desk | None = None
        self._report = report
        self.export_button = QPushButton("Export audit trail ...")
        self.export_button.setToolTip("Write who changed what and when as a csv table")
        self.export_button.clicked.connect(self._choose)
        self.folder_button = QPushButton("Corrections folder")
        self.folder_button.setToolTip("Open the folder in which the corrections are kept")
        self.folder_button.clicked.connect(self.open_folder)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for button in (self.export_button, self.folder_button):
            button.setStyleSheet("padding: 3px 0px;")
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            line.addWidget(button, 1)

    def export(self, path: str) -> None:
        """Write the audit trail of the recording."""
        self._report.attempt(lambda: self._write(path))

    def open_folder(self) -> None:
        """Show the folder of the corrections in the file manager."""
        self._report.attempt(self._open)

    def _write(self, path: str) -> None:
        if self.desk is not None:
            count = write_audit(path, self.desk.book)
            self._report.say(f"Wrote {count:,} correction{'s' if count > 1 else ''} to {path}.")

    def _open(self) -> None:
        if self.desk is not None:
            if self.desk.blinded:
                raise InputError(
                    "corrections folder", expected="an unlocked study",
                    found="one that is scored blind: the files there tell names",
                )  # fmt: skip
            folder = audit_folder(self.desk.recording)
            self._report.say(f"Corrections are kept in {folder}.")
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _choose(self) -> None:
        name = "" if self.desk is None else self.desk.recording.id
        ask_save(self, "Tables (*.csv)", f"{name}_audit.csv", self.export)
