"""The window "Names": rename behaviours, and merge those that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QGroupBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.map_naming import MapNaming
from napari_mousegpt._napari.widgets.cells import SmallTable
from napari_mousegpt._napari.widgets.merge_box import MergeBox
from napari_mousegpt._napari.widgets.parts import Text, is_alive
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt._napari.widgets.tree_view import TreeView

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.map_model import MapModel

__all__ = ["NamesDialog"]

_EDIT = QAbstractItemView.EditTrigger
_HINT = "Double-click a name to change it. Choose a suggestion at the right to compare both sides."


class NamesDialog(QDialog):
    """Behaviours with their names at the left, what may be merged at the right.

    Parameters
    ----------
    viewer : ViewerModel
        Whose recordings give clips.
    model : MapModel
        Whose map.
    parent : QWidget
        Whose end is its end.
    """

    #: Recording and frame of a clip that was clicked.
    jumped = Signal(str, int)

    def __init__(self, viewer: ViewerModel, model: MapModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Names of behaviours")
        self.resize(1000, 700)
        self._viewer, self._model = viewer, model
        self.naming = MapNaming(model)
        self.table = SmallTable(("Name", "Windows", "From"), most_rows=12)
        self.table.setEditTriggers(_EDIT.DoubleClicked | _EDIT.EditKeyPressed)
        self.about = Text(_HINT, most_lines=9)
        self.undo_button, self.redo_button = QPushButton("Undo"), QPushButton("Redo")
        self.show_button = QPushButton("Show on recordings")
        self.show_button.setToolTip(
            "Show these names on the open recordings and their timelines, in place of the clusters"
        )
        self.report = ReportView(viewer.theme, 90)
        self.tree = TreeView()
        self.merges = MergeBox(viewer, self.naming)
        self._rows: list[int] = []
        self._lay_out()
        self.table.cellChanged.connect(self._on_name)
        self.table.itemSelectionChanged.connect(self._on_row)
        self.undo_button.clicked.connect(lambda: self._step(self.naming.undo))
        self.redo_button.clicked.connect(lambda: self._step(self.naming.redo))
        self.show_button.clicked.connect(self._show_on)
        self.merges.compared.connect(self._on_compared)
        self.merges.done.connect(self.report.say)
        self.merges.refused.connect(self.report.refuse)
        self.merges.jumped.connect(self.jumped)
        self._on_theme()
        viewer.events.theme.connect(self._on_theme)
        self.refresh()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.undo_button, self.redo_button, self.show_button):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.insertStretch(2, 1)
        tree = QScrollArea()
        tree.setWidgetResizable(True)
        tree.setWidget(self.tree)
        tree.setFrameShape(QScrollArea.Shape.NoFrame)
        box = QGroupBox("How alike they are")
        inside = QVBoxLayout(box)
        inside.addWidget(tree)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.table, self.about, self.report):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(box, 1)
        row = QHBoxLayout(self)
        policy = QSizePolicy.Policy
        left.setSizePolicy(policy.Preferred, policy.Preferred)
        row.addWidget(left, 1)
        row.addWidget(self.merges, 1)

    def refresh(self) -> None:
        """Show names and merges as they are now."""
        behaviours = self.naming.behaviours
        self._rows = [one.cluster for one in behaviours]
        self.table.set_rows([self.naming.cells(one) for one in behaviours], editable=(0,))
        for button, told, without in (
            (self.undo_button, self.naming.undo_told, "Nothing to undo"),
            (self.redo_button, self.naming.redo_told, "Nothing to redo"),
        ):
            button.setEnabled(bool(told))
            button.setToolTip(f"{button.text()}: {told}" if told else without)
        named = self._model.named
        if named is not None and len(behaviours) > 1:
            tree = named.dendrogram()
            colours = self._model.colours_of(tree.labels)
            self.tree.show_tree(tree.linkage, tree.labels, colours, tree.limit)
            self._leaves = list(tree.leaves)
        self.merges.refresh()

    def rename(self, cluster: int, name: str) -> None:
        """Give a behaviour a name; why it cannot be is told, and the old one stays."""
        self.report.say("")
        self.report.attempt(lambda: self.naming.rename(cluster, name))
        self.refresh()

    def _on_name(self, row: int, column: int) -> None:
        if column == 0 and row < len(self._rows):
            self.rename(self._rows[row], self.table.cell(row, 0))

    def _on_row(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._rows):
            one = self.naming.behaviours[row]
            self.about.setText(self.naming.about(one))

    def _step(self, step: object) -> None:
        assert callable(step)
        self.report.attempt(lambda: self.report.say(f"{step()}"))
        self.refresh()

    def _show_on(self) -> None:
        shown = self.naming.show_on(self._viewer)
        said = f"Shown on {', '.join(shown)}." if shown else "No recording of this map is open."
        self.report.say(said)

    def _on_compared(self, clusters: tuple[int, ...]) -> None:
        leaves = [self._leaves.index(one) for one in clusters if one in self._leaves]
        self.tree.mark(frozenset(leaves))

    def _on_theme(self, _: object = None) -> None:
        from napari.utils.theme import get_theme

        if is_alive(self):
            self.tree.set_theme(get_theme(self._viewer.theme).to_rgb_dict())
            self.report.set_theme(self._viewer.theme)
