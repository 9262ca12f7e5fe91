"""Which behaviours may be one: what speaks for it, clips of both sides, and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.map_acts import as_ethogram
from napari_mousegpt._napari.widgets.cells import SmallTable
from napari_mousegpt._napari.widgets.clips_view import ClipsView
from napari_mousegpt._napari.widgets.parts import Text
from napari_mousegpt.errors import MouseGPTError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.map_naming import MapNaming
    from napari_mousegpt.clusters.merging import Suggestion

__all__ = ["MergeBox"]

_LEFT = Qt.AlignmentFlag.AlignLeft
_NONE = "No two behaviours are alike enough to be merged."


class MergeBox(QGroupBox):
    """Suggestions, the most alike first; the chosen one is shown with clips.

    Parameters
    ----------
    viewer : ViewerModel
        Whose recordings give clips.
    naming : MapNaming
        What does it.
    """

    #: Ids of the two that are compared.
    compared = Signal(tuple)
    #: What was done, as a sentence.
    done = Signal(str)
    #: Why something was not done.
    refused = Signal(object)
    #: Recording and frame of a clip that was clicked.
    jumped = Signal(str, int)

    def __init__(
        self, viewer: ViewerModel, naming: MapNaming, parent: QWidget | None = None
    ) -> None:
        super().__init__("May be one behaviour", parent)
        self._naming = naming
        self._found: list[Suggestion] = []
        self.table = SmallTable(("This one", "and this one", "Alike"), most_rows=5)
        top = self.table.horizontalHeader()
        top.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.evidence = Text(_NONE, most_lines=8)
        self.sides = (ClipsView(viewer, 4, 2), ClipsView(viewer, 4, 2))
        self.titles = (QLabel(), QLabel())
        self.name = QLineEdit()
        self.name.setPlaceholderText("name of the merged one (empty: from its words)")
        self.merge_button, self.apart_button = QPushButton("Merge"), QPushButton("Keep apart")
        self.merge_button.setToolTip("Make one behaviour of the two; Undo takes it back")
        self.apart_button.setToolTip("Never suggest these two again; Undo takes it back")
        column = QVBoxLayout(self)
        column.addWidget(self.table)
        column.addWidget(self.evidence)
        clips = QGridLayout()
        for place, (title, side) in enumerate(zip(self.titles, self.sides, strict=True)):
            title.setWordWrap(True)
            title.setAlignment(_LEFT | Qt.AlignmentFlag.AlignTop)
            title.setMinimumHeight(2 * title.fontMetrics().lineSpacing())
            clips.addWidget(title, 0, place)
            clips.addWidget(side, 1, place, Qt.AlignmentFlag.AlignTop)
            clips.setColumnStretch(place, 1)
            side.jumped.connect(self.jumped)
        column.addLayout(clips)
        column.addStretch(1)
        column.addWidget(self.name)
        buttons = QHBoxLayout()
        for button in (self.merge_button, self.apart_button):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        column.addLayout(buttons)
        self.table.itemSelectionChanged.connect(self._on_row)
        self.merge_button.clicked.connect(self.merge)
        self.apart_button.clicked.connect(self.keep_apart)
        self._enable()

    @property
    def chosen(self) -> Suggestion | None:
        """The suggestion that is compared."""
        row = self.table.currentRow()
        return self._found[row] if 0 <= row < len(self._found) else None

    def refresh(self) -> None:
        """Show the suggestions of now; the chosen one stays chosen while it is there."""
        before = None if self.chosen is None else set(self.chosen.clusters)
        self._found = self._naming.suggestions()
        self.table.set_rows([(*one.names, f"{one.score:.2f}") for one in self._found])
        for row in range(len(self._found)):
            # A name as the one before it, not a number.
            item = self.table.item(row, 1)
            if item is not None:
                item.setTextAlignment(_LEFT | Qt.AlignmentFlag.AlignVCenter)
        again = [i for i, one in enumerate(self._found) if set(one.clusters) == before]
        self.table.clearSelection()
        self.table.setCurrentCell(-1, -1)
        if again:
            self.table.selectRow(again[0])
        else:
            self._compare(None)

    def merge(self) -> None:
        """Make one behaviour of the two that are compared."""
        one = self.chosen
        if one is not None and self._attempt(lambda: self._naming.merge(one, self.name.text())):
            self.name.clear()
            self.done.emit(f"{one.names[0]} and {one.names[1]} are one behaviour now.")

    def keep_apart(self) -> None:
        """Never suggest the two again."""
        one = self.chosen
        if one is not None and self._attempt(lambda: self._naming.keep_apart(one)):
            self.done.emit(f"{one.names[0]} and {one.names[1]} stay apart.")
            self.refresh()

    def _attempt(self, task: object) -> bool:
        assert callable(task)
        try:
            task()
        except MouseGPTError as error:
            self.refused.emit(error)
            return False
        return True

    def _on_row(self) -> None:
        if self.table.selectedIndexes():
            self._compare(self.chosen)

    def _compare(self, one: Suggestion | None) -> None:
        self._enable()
        if one is None:
            hint = "Choose a suggestion to see both sides." if self._found else _NONE
            self.evidence.setText(hint)
            for title, side in zip(self.titles, self.sides, strict=True):
                title.setText("")
                side.clear()
            self.compared.emit(())
            return
        self.evidence.setText(self._naming.evidence(one))
        colours = self._naming.colours_of(one)
        for title, side, name, typical in zip(
            self.titles, self.sides, one.names, one.exemplars, strict=True
        ):
            title.setText(name)
            side.show_bouts(as_ethogram(typical, name), name, colours[name])
        self.compared.emit(one.clusters)

    def _enable(self) -> None:
        ready = self.chosen is not None
        for widget in (self.merge_button, self.apart_button, self.name):
            widget.setEnabled(ready)
