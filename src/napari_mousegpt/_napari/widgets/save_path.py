"""Where a file is written: a path to type or to choose, with an ending that fits."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QToolButton, QWidget

__all__ = ["SavePath"]


class SavePath(QWidget):
    """A path to write to. What the user has chosen stays; only its ending follows the kind."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._endings: tuple[str, ...] = ()
        self._own = False
        self.line = QLineEdit()
        self.line.textEdited.connect(self._on_edit)
        self.line.textChanged.connect(self.line.setToolTip)
        button = QToolButton()
        button.setText("...")
        button.setToolTip("Choose a file to write")
        button.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line)
        row.addWidget(button)

    @property
    def path(self) -> Path | None:
        """The path, with its ending; None while there is none."""
        text = self.line.text().strip().strip('"')
        if not text:
            return None
        path = Path(text).expanduser()
        return path if path.suffix or not self._endings else path.with_suffix(self._endings[0])

    @path.setter
    def path(self, path: str | Path) -> None:
        self._own = True
        self._show(str(path))

    def offer(self, path: Path, endings: tuple[str, ...]) -> None:
        """Propose another path and other endings.

        Parameters
        ----------
        path : Path
            Without an ending; shown unless the user has chosen one.
        endings : tuple of str
            Those that fit; the first one is the default.
        """
        self._endings = endings
        chosen = self.path
        if chosen is None or not self._own:
            self._own = False
            self._show(f"{path}{endings[0]}")
        elif chosen.suffix.lower() not in endings:
            self._show(str(chosen.with_suffix(endings[0])))

    def _show(self, text: str) -> None:
        self.line.setText(text)
        # The name matters more than the folder in which it begins.
        self.line.setCursorPosition(len(text))

    def _on_edit(self, text: str) -> None:
        self._own = bool(text.strip())

    def _choose(self) -> None:
        kinds = ";;".join(f"{end[1:].upper()} (*{end})" for end in self._endings)
        # Whether a file may be replaced is asked in the panel.
        path, _ = QFileDialog.getSaveFileName(
            self, "Save as", self.line.text(), kinds,
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if path:
            self.path = path
