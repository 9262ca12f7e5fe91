"""Pieces the panels share: a path with a button, text to copy, a quiet progress bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QTextOption
from qtpy.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QToolButton,
    QWidget,
)

from napari_mousegpt.errors import MismatchError, MouseGPTError

if TYPE_CHECKING:
    from qtpy.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent

__all__ = ["JobBar", "PathEdit", "Text", "error_text", "is_alive"]


class PathEdit(QWidget):
    """A path to type, to drop or to choose.

    Parameters
    ----------
    hint : str
        What stands in the empty field.
    filters : str
        File kinds of the dialog; for a folder leave it empty.
    """

    changed = Signal(str)

    def __init__(self, hint: str, filters: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filters = filters
        self.line = QLineEdit()
        self.line.setPlaceholderText(hint)
        self.line.editingFinished.connect(self._tell)
        button = QToolButton()
        button.setText("...")
        button.setToolTip("Choose a file" if filters else "Choose a folder")
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
        """Use the first local file."""
        self.path = next(url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())
        event.acceptProposedAction()

    def _choose(self) -> None:
        if self._filters:
            path, _ = QFileDialog.getOpenFileName(self, "Choose a file", self.path, self._filters)
        else:
            path = QFileDialog.getExistingDirectory(self, "Choose a folder", self.path)
        if path:
            self.path = path

    def _tell(self) -> None:
        if self.path != self._told:
            self._told = self.path
            self.changed.emit(self.path)


class Text(QPlainTextEdit):
    """Text that wraps anywhere, so that long paths fit, and can be copied as it is.

    It is as high as its text, up to some lines; then it scrolls.
    """

    def __init__(self, text: str = "", most_lines: int = 14, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most_lines = most_lines
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("background: transparent; border: none;")
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(120)
        self.setText(text)

    def text(self) -> str:
        """Return what is shown."""
        return self.toPlainText()

    def setText(self, text: str) -> None:  # noqa: N802 - as the labels of Qt
        """Show text."""
        self.setPlainText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Wrap anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # The height of a plain text document counts lines.
        lines = max(1, int(self.document().size().height()))
        fits = lines <= self._most_lines
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if fits else policy.ScrollBarAsNeeded
        )
        room = 2 * self.document().documentMargin() + self.fontMetrics().leading() + 4
        high = min(lines, self._most_lines) * self.fontMetrics().lineSpacing() + room
        self.setFixedHeight(int(high))
        self.setVisible(bool(self.toPlainText()))


class JobBar(QProgressBar):
    """Progress of a job, hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setVisible(False)

    def begin(self) -> None:
        """Show that a job has begun; how much there is to do is not known yet."""
        self.setRange(0, 0)
        self.setVisible(True)

    def show_progress(self, done: int, total: int) -> None:
        """Show how many parts are done; an unknown total shows as a busy bar."""
        self.setRange(0, total)
        self.setValue(done)


def is_alive(widget: QWidget) -> bool:
    """Whether the widget is still there on Qt's side; a job may outlive its panel."""
    from qtpy.compat import isalive

    return bool(isalive(widget))  # type: ignore[no-untyped-call]


def error_text(error: Exception) -> str:
    """Return an error as text for a panel."""
    if not isinstance(error, MouseGPTError):
        return (
            f"Something unexpected went wrong ({type(error).__name__}: {error}). Please report it "
            "with the text of the notification."
        )
    text = str(error)
    if isinstance(error, MismatchError) and "mismatch=" in text:
        text += ' The choice is above, under "If lengths differ".'
    return text
