"""Writing in a cell of the table of bouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QCompleter,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_mousegpt._napari.bout_rows import COLUMNS

if TYPE_CHECKING:
    from qtpy.QtCore import QAbstractItemModel

    from napari_mousegpt._napari.widgets.bout_table import BoutTable

__all__ = ["BoutEditor"]


class BoutEditor(QStyledItemDelegate):
    """Offers the known labels for a label, and a line for a comment.

    The bout is noted when the writing begins: whatever is sorted or changed meanwhile, what was
    written goes to that bout.

    Parameters
    ----------
    table : BoutTable
        Told what was written.
    """

    def __init__(self, table: BoutTable) -> None:
        super().__init__(table)
        self._table = table

    def createEditor(  # noqa: N802 - Qt's name
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget:
        """Return what is written in."""
        editor: QComboBox | QLineEdit
        if COLUMNS[index.column()] == "label":
            editor = QComboBox(parent)
            editor.setEditable(True)
            editor.addItems(sorted(self._table.bouts.colours, key=str.casefold))
            editor.activated.connect(self._on_activated)
            completer = editor.completer()
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
        else:
            editor = QLineEdit(parent)
        editor.setAutoFillBackground(True)
        editor.setProperty("bout_id", self._table.rows.bout_ids([index.row()])[0])
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:  # noqa: N802
        """Begin with what stands there."""
        text = str(index.data(Qt.ItemDataRole.EditRole) or "")
        # A change elsewhere must not take away what is being written.
        if editor.property("began") is None:
            editor.setProperty("began", text)
            if isinstance(editor, QComboBox):
                editor.setCurrentText(text)
            elif isinstance(editor, QLineEdit):
                editor.setText(text)

    def setModelData(  # noqa: N802 - Qt's name
        self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex
    ) -> None:
        """Tell what was written, if it is something new."""
        if isinstance(editor, QComboBox):
            text = editor.currentText().strip()
        elif isinstance(editor, QLineEdit):
            text = editor.text().strip()
        else:
            return
        column = COLUMNS[index.column()]
        if text != editor.property("began") and (text or column != "label"):
            self._table.edited.emit(str(editor.property("bout_id")), column, text)

    def _on_activated(self) -> None:
        """Take a label that was picked from the list at once."""
        editor = self.sender()
        if isinstance(editor, QComboBox):
            self.commitData.emit(editor)
            self.closeEditor.emit(editor)

    def updateEditorGeometry(  # noqa: N802 - Qt's name
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Give it room to write, also in a narrow column."""
        place = option.rect
        room = self._table.viewport().width() - place.left()
        wide = min(max(place.width(), 160), max(room, 60))
        high = max(place.height(), editor.sizeHint().height())
        editor.setGeometry(place.left(), place.top() - (high - place.height()) // 2, wide, high)
