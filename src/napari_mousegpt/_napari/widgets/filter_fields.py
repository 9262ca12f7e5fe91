"""Fields of the filters of bouts: labels, values to check, and two ends of a range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QWidget,
)

__all__ = ["Choices", "Ends", "LabelList", "colour_icon"]

_MOST_LABELS = 6


class LabelList(QListWidget):
    """Labels with a colour and a count each; with none chosen, every label passes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QListWidget.SelectionMode.MultiSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setToolTip("Click labels to see only those; with none chosen every label is shown")

    def offer(
        self, counts: Mapping[str, int], colours: Mapping[str, str], chosen: frozenset[str] | None
    ) -> None:
        """Offer these labels; a label that is chosen stays though no bout has it any more."""
        counts = {**dict.fromkeys(sorted(chosen or ()), 0), **counts}
        names = sorted(counts, key=str.casefold)
        blocked = self.blockSignals(True)
        if names != [self._name(row) for row in range(self.count())]:
            self.clear()
            for name in names:
                item = QListWidgetItem()
                item.setData(Qt.ItemDataRole.UserRole, name)
                self.addItem(item)
            self.choose(chosen)
            high = max(18, self.sizeHintForRow(0))
            self.setFixedHeight(max(1, min(len(names), _MOST_LABELS)) * high + 4)
        for row, name in enumerate(names):
            item = self.item(row)
            item.setText(f"{name}   {counts[name]:,}")
            item.setToolTip(name)
            item.setIcon(colour_icon(colours.get(name, "#808080")))
        self.blockSignals(blocked)

    def chosen(self) -> frozenset[str] | None:
        """Return the chosen labels; None when there are none."""
        rows = range(self.count())
        return frozenset(self._name(row) for row in rows if self.item(row).isSelected()) or None

    def choose(self, labels: frozenset[str] | None) -> None:
        """Choose these labels and no others."""
        for row in range(self.count()):
            self.item(row).setSelected(labels is not None and self._name(row) in labels)

    def _name(self, row: int) -> str:
        return str(self.item(row).data(Qt.ItemDataRole.UserRole))


class Choices(QPushButton):
    """A button with a menu of values to check; with none checked, every value passes.

    Parameters
    ----------
    title : str
        What the values are.
    """

    changed = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._title = title
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        # A long list of names must not make the panel wider.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._menu.triggered.connect(self._on_choice)

    def offer(self, counts: Mapping[str, int]) -> None:
        """Offer these values."""
        names = [str(action.data()) for action in self._menu.actions()]
        wanted = [*counts, *(name for name in names if name in (self.chosen() or ()))]
        wanted = sorted(set(wanted))
        if names != wanted:
            chosen = self.chosen()
            self._menu.clear()
            for name in wanted:
                action = self._menu.addAction(name)
                action.setData(name)
                action.setCheckable(True)
            self.choose(chosen)
        for action in self._menu.actions():
            name = str(action.data())
            action.setText(f"{_called(name)}   {counts.get(name, 0):,}")

    def chosen(self) -> frozenset[str] | None:
        """Return the checked values; None when there are none."""
        return frozenset(str(a.data()) for a in self._menu.actions() if a.isChecked()) or None

    def choose(self, values: frozenset[str] | None) -> None:
        """Check these values and no others."""
        for action in self._menu.actions():
            action.setChecked(values is not None and str(action.data()) in values)
        self._tell()

    def _on_choice(self) -> None:
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        chosen = sorted(map(_called, self.chosen() or ()))
        text = chosen[0] if len(chosen) == 1 else f"{self._title} ({len(chosen)})"
        self.setText(text if chosen else self._title)
        self.setToolTip(f"{self._title}: {', '.join(chosen) or 'any'}")


class Ends(QWidget):
    """The lowest and the highest value that pass; an empty field has no limit."""

    changed = Signal()

    def __init__(self, unit: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.low, self.high = QLineEdit(), QLineEdit()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        for field, word in ((self.low, "from"), (self.high, "to")):
            field.setPlaceholderText(word)
            field.setToolTip(tip)
            field.setMinimumWidth(40)
            field.textChanged.connect(self._on_text)
            line.addWidget(field, 1)
        if unit:
            line.addWidget(QLabel(unit))

    def ends(self) -> tuple[float, float] | None:
        """Return both ends, without a limit where there is none; None without any limit."""
        low, high = _number(self.low.text()), _number(self.high.text())
        if low is None and high is None:
            return None
        return (-math.inf if low is None else low, math.inf if high is None else high)

    def set_ends(self, ends: Sequence[float] | None) -> None:
        """Show these ends, without telling."""
        for field, value in zip((self.low, self.high), ends or (math.inf,) * 2, strict=True):
            blocked = field.blockSignals(True)
            field.setText("" if math.isinf(value) else f"{value:g}")
            field.blockSignals(blocked)

    def _on_text(self) -> None:
        self.changed.emit()


@cache
def colour_icon(colour: str) -> QIcon:
    """Return a small square of a colour, which stays that colour in a row that is chosen."""
    chip, icon = QPixmap(10, 10), QIcon()
    chip.fill(QColor(colour))
    painter = QPainter(chip)
    # A grey square would not be seen on a grey list.
    painter.setPen(QColor(128, 128, 128))
    painter.drawRect(0, 0, 9, 9)
    painter.end()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Disabled):
        icon.addPixmap(chip, mode)
    return icon


def _called(value: str) -> str:
    return value or "(none)"


def _number(text: str) -> float | None:
    """Return what is written as a number; what is no number yet is no limit."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return None if math.isnan(value) else value
