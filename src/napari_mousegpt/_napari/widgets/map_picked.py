"""What was picked on a map, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.map_acts import export, highlight, mark, picked_text
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.parts import Text, is_alive

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.map_model import MapModel
    from napari_mousegpt._napari.widgets.map_windows import MapWindows
    from napari_mousegpt._napari.widgets.report_view import ReportView

__all__ = ["PickedBox"]

_HINT = "Lasso points to pick them; click one to see its frame."
#: Buttons: name, what it says, tooltip.
_BUTTONS = (
    ("clips", "Clips", "Play clips of what is picked, side by side"),
    ("timeline", "Timeline", "Show what is picked on the timeline, in a row of its own"),
    ("label", "Label ...", "Mark what is picked as a label; undo takes it back"),
    ("export", "Export ...", "Write what is picked to a table"),
    ("none", "Unpick", "Pick nothing (the timeline forgets it, too)"),
)
_TABLES = "Tables (*.csv *.parquet)"


class PickedBox(QWidget):
    """A line about what is picked, and buttons.

    Parameters
    ----------
    viewer : ViewerModel
        Whose recordings are marked.
    model : MapModel
        What is picked.
    windows : MapWindows
        Where clips are shown.
    report : ReportView
        Where it is told what came of it.
    """

    def __init__(
        self, viewer: ViewerModel, model: MapModel, windows: MapWindows, report: ReportView
    ) -> None:
        super().__init__()
        self._state, self._model = state_of(viewer), model
        self._windows, self._report = windows, report
        self.text = Text(_HINT, most_lines=3)
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(3)
        for name, said, tip in _BUTTONS:
            button = self.buttons[name] = QPushButton(said)
            button.setToolTip(tip)
            row.addWidget(button)
        self.buttons["clips"].clicked.connect(self.show_clips)
        self.buttons["timeline"].clicked.connect(self.show_on_timeline)
        self.buttons["label"].clicked.connect(self._ask_label)
        self.buttons["export"].clicked.connect(self._ask_file)
        self.buttons["none"].clicked.connect(self.unpick)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addLayout(row)
        model.picked_changed.connect(self._tell)
        self._tell()

    def show_clips(self) -> None:
        """Play clips of what is picked."""
        self._windows.show_clips(self._model.intervals())

    def show_on_timeline(self) -> None:
        """Show what is picked on the timelines of open recordings."""
        shown, closed = highlight(self._state, self._model.intervals())
        self._report.say(_done("shown on the timeline", shown, closed))

    def label(self, label: str) -> None:
        """Mark what is picked as a label."""
        marked, closed = mark(self._state, self._model.intervals(), label)
        self._report.say(_done(f"marked as {label}", marked, closed))

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write what is picked to a table; why it cannot be is told."""
        self._report.attempt(lambda: self._save(path, overwrite))

    def unpick(self) -> None:
        """Pick nothing, and show nothing on the timeline."""
        highlight(self._state, self._model.intervals()[:0])
        self._model.drop()

    def _tell(self) -> None:
        if not is_alive(self):
            return
        points, stretches = self._model.points, self._model.intervals()
        said = "" if points is None else picked_text(self._state, points, stretches)
        self.text.setText(said or _HINT)
        for button in self.buttons.values():
            button.setEnabled(bool(said))

    def _ask_label(self) -> None:
        label, sure = QInputDialog.getText(self, "Map", "Label for what is picked:")
        if sure and label.strip():
            self.label(label.strip())

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save as", "picked.csv", _TABLES)
        if path:
            # The dialog asks before it returns a file that is there; not about an ending we add.
            whole = Path(path).suffix.lower() in (".csv", ".parquet")
            self.save(Path(path if whole else f"{path}.csv"), overwrite=whole)

    def _save(self, path: Path, overwrite: bool) -> None:
        model = self._model
        if model.points is None or model.picked is None or model.behaviours is None:
            return
        if self._state.blind is not None:
            self._state.blind.check_target(path)
        clocks = {name: one.timebase for name, one in self._state.recordings.items()}
        names = model.behaviours.names
        count = export(path, model.points, model.picked, names, clocks, overwrite=overwrite)
        self._report.say(f"{count:,} {model.points.called} lie in {path}.")


def _done(what: str, count: int, closed: list[str]) -> str:
    text = f"{count:,} {'stretch' if count == 1 else 'stretches'} {what}."
    if closed:
        more = f" and {len(closed) - 3} more" if len(closed) > 3 else ""
        text += f" Not open, so nothing there: {', '.join(closed[:3])}{more}."
    return text
