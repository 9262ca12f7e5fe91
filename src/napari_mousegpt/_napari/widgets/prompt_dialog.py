"""A window to edit a prompt: checked while it is typed, saved as the user's own file."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QCloseEvent, QFontDatabase
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.asked_for import PromptDraft
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.io.file_report import Problem

__all__ = ["PromptDialog"]

#: Milliseconds of rest before what was typed is checked.
_REST = 150


class PromptDialog(QDialog):
    """Edits the text of one prompt.

    Parameters
    ----------
    source : str
        Name of a prompt of the package, of which a copy is edited, or a file.
    theme : str
        Theme of napari, for the colours.
    parent : QWidget
        Whose end is its end.

    Raises
    ------
    InputError
        When the file cannot be read.
    """

    #: It was saved to this file.
    saved = Signal(str)

    def __init__(self, source: str, theme: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.draft = PromptDraft(source)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(860, 680)
        self.edit = QPlainTextEdit(self.draft.text)
        self.edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.report = ReportView(theme, most_pixels=120)
        self.save_button = QPushButton("Save")
        self.close_button = QPushButton("Close")
        for button in (self.save_button, self.close_button):
            # Enter belongs to the text.
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.save_button)
        buttons.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.addWidget(self.edit, 1)
        column.addWidget(self.report)
        column.addLayout(buttons)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self.check)
        self._begun, self._asked = self.draft.text, False
        self._kept = self.draft.text if self.draft.own is not None else ""
        self.edit.textChanged.connect(self._on_text)
        self.save_button.clicked.connect(self.save)
        self.close_button.clicked.connect(self.close)
        self.check()

    def check(self) -> None:
        """See whether the text is a prompt, and say what it is or why it is none."""
        self._rest.stop()
        self.draft.edit(self.edit.toPlainText())
        if self.draft.problem:
            self.report.show_parts([Said((), (Problem(self.draft.problem),))])
        else:
            self.report.show_parts([Said(tuple(self.draft.lines()))])
        self._show_state()

    def save(self) -> None:
        """Write the prompt to the user's own file."""
        self.check()
        if self.draft.prompt is None:
            return
        try:
            path = self.draft.save()
        except MouseGPTError as error:
            self.report.refuse(error)
            return
        self._kept = self.draft.text
        self._show_state()
        self.saved.emit(str(path))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Ask once before what was typed is lost."""
        changed = self.edit.toPlainText() not in (self._kept, self._begun)
        if changed and not self._asked and self.isVisible():
            self._asked = True
            self.report.say("This is not saved. Close again to throw it away.")
            event.ignore()
            return
        super().closeEvent(event)

    def _on_text(self) -> None:
        self._asked = False
        self._rest.start()

    def _show_state(self) -> None:
        name = "" if self.draft.prompt is None else f" {self.draft.prompt.name}"
        unsaved = self.draft.text != self._kept
        self.setWindowTitle(f"Prompt{name}{' (not saved)' if unsaved else ''}")
        self.save_button.setEnabled(self.draft.prompt is not None and unsaved)
