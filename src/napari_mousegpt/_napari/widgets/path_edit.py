"""A path to type, to drop or to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from napari_mousegpt._napari.opening import SEPARATOR

if TYPE_CHECKING:
    from qtpy.QtGui import QDragEnterEvent, QDropEvent

__all__ = ["PathEdit"]


class PathEdit(QWidget):
    """A path to type, to drop or to choose.

    Parameters
    ----------
    hint : str
        What stands in the empty field.
    filters : str
        File kinds of the dialog; for a folder leave it empty.
    images : bool
        Whether several files, or a folder of images, may be chosen too.
    """

    changed = Signal(str)

    def __init__(
        self,
        hint: str,
        filters: str = "",
        *,
        images: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._filters = filters
        self._images = images
        self.line = QLineEdit()
        self.line.setPlaceholderText(hint)
        self.line.editingFinished.connect(self._tell)
        button = QToolButton()
        button.setText("...")
        button.setToolTip("Choose a file" if filters else "Choose a folder")
        if images:
            menu = QMenu(button)
            menu.addAction("A video or a TIFF stack ...", self._choose)
            menu.addAction("Several image files ...", self._choose_many)
            menu.addAction("A folder of images ...", self._choose_folder)
            button.setMenu(menu)
            # The arrow of the style lies over the text.
            button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            button.setToolTip("Choose a video, a TIFF stack, image files or a folder of them")
        else:
            button.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line)
        row.addWidget(button)
        self.line.setAcceptDrops(False)
        self.setAcceptDrops(True)
        self._told = ""

    @property
    def path(self) -> str:
        """The path, without blanks around; empty when none was given."""
        return self.line.text().strip().strip('"')

    @path.setter
    def path(self, path: str) -> None:
        self.line.setText(path)
        self.line.setToolTip(path)
        self._tell()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take one local file."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Use the first local file, or all of them where several may be chosen."""
        dropped = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        self.path = SEPARATOR.join(dropped if self._images else dropped[:1])
        event.acceptProposedAction()

    def _choose(self) -> None:
        if self._filters:
            path, _ = QFileDialog.getOpenFileName(self, "Choose a file", self.path, self._filters)
            if path:
                self.path = path
        else:
            self._choose_folder()

    def _choose_many(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(
            self, "Choose the images, in their order", self.path, "Images (*);;All files (*)"
        )
        if paths:
            self.path = SEPARATOR.join(paths)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a folder", self.path)
        if path:
            self.path = path

    def _tell(self) -> None:
        if self.path != self._told:
            self._told = self.path
            self.changed.emit(self.path)
