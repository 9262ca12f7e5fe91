"""The choice of a prompt in a panel, with a button to edit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.asked_for import PROMPT_FILE, prompt_entries
from napari_mousegpt._napari.widgets.parts import choice_box, refill
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt._napari.widgets.prompt_dialog import PromptDialog
from napari_mousegpt.errors import MouseGPTError

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["PromptBox"]


class PromptBox(QWidget):
    """A prompt of the package, one of the user, or a file.

    Parameters
    ----------
    viewer : ViewerModel
        For its theme.
    """

    #: Another prompt is chosen, or its file was saved.
    changed = Signal()
    #: Why a prompt cannot be edited.
    refused = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self.prompt = choice_box(prompt_entries())
        self.prompt.setCurrentIndex(self.prompt.findData("mousegpt"))
        self.prompt.setToolTip("What the model is told and asked besides the pictures")
        self.prompt.setMinimumContentsLength(8)
        self.edit_button = QPushButton("Edit")
        self.edit_button.setToolTip(
            "Change the text; a prompt of the package stays as it is, and yours is a copy"
        )
        self.file = PathEdit("a file with a prompt", "Prompt (*.toml);;All files (*)")
        self.dialog: PromptDialog | None = None
        line = QHBoxLayout()
        line.addWidget(self.prompt, 1)
        line.addWidget(self.edit_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self.file)
        self.file.setVisible(False)
        self.prompt.currentIndexChanged.connect(self._on_choice)
        self.file.changed.connect(self._on_choice)
        self.edit_button.clicked.connect(self.edit)

    @property
    def source(self) -> str:
        """The prompt, by name or file; empty while none is named."""
        chosen = str(self.prompt.currentData())
        return self.file.path if chosen == PROMPT_FILE else chosen

    def take(self, path: str) -> None:
        """Choose a file; one in the folder of the user is chosen by its name."""
        refill(self.prompt, prompt_entries())
        place = self.prompt.findData(path)
        if place < 0:
            self.file.path = path
        self.prompt.setCurrentIndex(place if place >= 0 else self.prompt.findData(PROMPT_FILE))
        self._on_choice()

    def edit(self) -> None:
        """Open the prompt, or a copy of one of the package, in a window to edit it."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        try:
            dialog = PromptDialog(self.source, self._viewer.theme, self)
        except MouseGPTError as error:
            self.refused.emit(error)
            return
        self.dialog = dialog
        dialog.saved.connect(self.take)
        dialog.finished.connect(self._forget)
        dialog.show()

    def _forget(self, _: int) -> None:
        self.dialog = None

    def _on_choice(self, _: object = None) -> None:
        self.file.setVisible(self.prompt.currentData() == PROMPT_FILE)
        self.edit_button.setEnabled(bool(self.source))
        self.changed.emit()
