"""What was found about novelty: candidates, recordings beside the control, odd moments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.widgets.cells import SmallTable
from napari_mousegpt._napari.widgets.parts import Text

if TYPE_CHECKING:
    from napari_mousegpt._napari.outcome import ResultRow

__all__ = ["NoveltyAnswer"]

_CANDIDATES = ("Candidate", "Windows", "Rec.", "Denser")
_ODD = ("Recording", "At", "Score", "")
_RATES = ("Recording", "Flagged", "")
#: Which row of those that were given stands in a row of the table, however that is sorted.
_PLACE = Qt.ItemDataRole.UserRole


class NoveltyAnswer(QWidget):
    """Tables of an answer; what is clicked is told in a line below."""

    #: Emitted with the candidate that was chosen, or with the place of an odd moment in the rows.
    chosen = Signal(int)
    #: Emitted with a candidate.
    clips_wanted = Signal(int)
    #: Emitted with a candidate and the name it is to have.
    accepted = Signal(int, str)
    undone = Signal()
    redone = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.first = SmallTable(_CANDIDATES, most_rows=5)
        self.first.setToolTip(
            "Windows and recordings of each; how many times denser than in the reference they lie. "
            "Click to see the most typical moment"
        )
        self.rates = SmallTable(_RATES, most_rows=6)
        self.rates.setToolTip("Share of the windows that are flagged; click to read what it means")
        self.name = QLineEdit()
        self.name.setPlaceholderText("name of the new behaviour")
        self.clips = QPushButton("Clips")
        self.clips.setToolTip("Play examples of the chosen candidate, side by side")
        self.accept = QPushButton("Accept as new behaviour")
        self.accept.setToolTip("It gets an id of its own in the map; other labels stay as they are")
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.sentence, self.rate_sentence = Text(most_lines=4), Text(most_lines=4)
        self.acts = QWidget()
        acts = QVBoxLayout(self.acts)
        acts.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        for button in (self.clips, self.undo, self.redo):
            row.addWidget(button)
        acts.addWidget(self.name)
        acts.addWidget(self.accept)
        acts.addLayout(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.first, self.sentence, self.acts, self.rates, self.rate_sentence):
            column.addWidget(widget)
        self._rows: dict[SmallTable, Sequence[ResultRow]] = {self.first: (), self.rates: ()}
        self._candidates: Sequence[int] | None = ()
        self.first.itemSelectionChanged.connect(lambda: self._on_row(self.first))
        self.rates.itemSelectionChanged.connect(lambda: self._on_row(self.rates))
        self.clips.clicked.connect(lambda: self.clips_wanted.emit(self._number()))
        self.accept.clicked.connect(self._on_accept)
        self.name.returnPressed.connect(self._on_accept)
        self.name.textChanged.connect(lambda _: self.enable())
        self.undo.clicked.connect(self.undone)
        self.redo.clicked.connect(self.redone)
        self._steps = ("", "")
        self._done: set[int] = set()
        self.show_rows([], [])

    def show_rows(
        self,
        first: Sequence[ResultRow],
        rates: Sequence[ResultRow],
        *,
        candidates: Sequence[int] | None = (),
        steps: tuple[str, str] = ("", ""),
        done: Collection[int] = (),
    ) -> None:
        """Show candidates or odd moments, and how much is flagged in each recording.

        Parameters
        ----------
        first, rates : sequence of ResultRow
            Rows of the two tables.
        candidates : sequence of int or None
            Number of the candidate in each of the first rows; None where those are odd moments.
        steps : (str, str)
            Behaviour that can be taken back, and one that can be accepted again; empty for none.
        done : collection of int
            Candidates that are accepted already.
        """
        if set(done) > self._done:
            self.name.clear()
        self._done = set(done)
        self._steps = steps
        self._rows = {self.first: (), self.rates: ()}
        self._candidates = candidates
        sought = candidates is not None
        self.first.setHorizontalHeaderLabels(list(_CANDIDATES if sought else _ODD))
        for table, rows in ((self.first, first), (self.rates, rates)):
            table.set_rows([row.cells for row in rows])
            blocked = table.blockSignals(True)
            for place in range(len(rows)):
                item = table.item(place, 0)
                if item is not None:
                    item.setData(_PLACE, place)
            table.blockSignals(blocked)
            self._rows[table] = rows
        self.acts.setVisible(sought and bool(first or any(steps)))
        for text in (self.sentence, self.rate_sentence):
            text.setText("")
        self._on_row(self.first, tell=False)

    def enable(self, *, busy: bool = False) -> None:
        """Enable what can be done."""
        some = self._place(self.first) >= 0 and not busy
        self.clips.setEnabled(some)
        fresh = some and self._number() not in self._done
        self.accept.setEnabled(fresh and bool(self.name.text().strip()))
        for button, name, told, none in (
            (self.undo, self._steps[0], "Take {} back; its id rests", "Nothing to undo"),
            (self.redo, self._steps[1], "Accept {} again, with its id", "Nothing to redo"),
        ):
            button.setEnabled(bool(name) and not busy)
            button.setToolTip(told.format(name) if name else none)

    def _on_row(self, table: SmallTable, *, tell: bool = True) -> None:
        place = self._place(table)
        rows = self._rows[table]
        if table.selectedIndexes() and place >= 0:
            text = self.sentence if table is self.first else self.rate_sentence
            text.setText(f"{rows[place].cells[0]}: {rows[place].sentence}")
            if table is self.first and tell:
                self.chosen.emit(self._number())
        self.enable()

    def _place(self, table: SmallTable) -> int:
        """Return which of the given rows is the current one; -1 for none."""
        item = table.item(table.currentRow(), 0)
        return int(item.data(_PLACE)) if item is not None and self._rows[table] else -1

    def _number(self) -> int:
        """Return the candidate of the current row, or the place of an odd moment."""
        place = self._place(self.first)
        return place if self._candidates is None else self._candidates[place]

    def _on_accept(self) -> None:
        if self.accept.isEnabled():
            self.accepted.emit(self._number(), self.name.text().strip())
