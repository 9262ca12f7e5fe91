"""The bar over the timeline: marking, correcting, going on, and what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QMenu, QToolButton, QWidget

from napari_mousegpt._napari.desk_moves import KINDS
from napari_mousegpt._napari.timeline.doing import hot_key
from napari_mousegpt._napari.widgets.flow import FlowLayout
from napari_mousegpt._napari.widgets.parts import choice_box, refill
from napari_mousegpt._napari.widgets.timeline_buttons import (
    BACK,
    CHECKED,
    CORRECT,
    FORTH,
    MARK,
    UNDO,
    VIEW,
    Allowed,
)
from napari_mousegpt._napari.widgets.timeline_icons import icon

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

__all__ = ["TimelineBar"]

#: Least size of a button, in pixels.
_BUTTON = 26


class TimelineBar(QWidget):
    """Asks what is to be done; the dock does it.

    Parameters
    ----------
    tracks : QMenu
        Which tracks are shown.
    """

    #: An action that needs nothing more.
    wanted = Signal(str)
    #: A label for the mark or the chosen bouts.
    labelled = Signal(str)
    #: Another recording, another individual.
    recording_chosen = Signal(str)
    individual_chosen = Signal(str)

    def __init__(self, tracks: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QToolButton] = {}
        self.label_box = QComboBox()
        self.label_box.setEditable(True)
        self.label_box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.label_box.setMinimumWidth(120)
        self.label_box.setToolTip("Label for the mark or for the chosen bouts")
        line, completer = self.label_box.lineEdit(), self.label_box.completer()
        assert line is not None
        assert completer is not None
        line.setPlaceholderText("label")
        line.returnPressed.connect(self._on_label)
        # A new label may begin like a known one: what is typed stays.
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.individuals = choice_box({})
        self.individuals.setToolTip("Whose bouts are marked")
        self.individuals.activated.connect(self._on_individual)
        self.kinds = choice_box({kind: kind for kind in KINDS})
        self.kinds.setToolTip("What the arrows beside it look for")
        self.recordings = choice_box({})
        self.recordings.setToolTip("Recording that is shown")
        self.recordings.activated.connect(self._on_recording)
        self.kinds.setFixedWidth(120)
        self._tracks = self._button(
            "tracks", "Tracks ...", "Which tracks are shown, and more of them"
        )
        self._tracks.setMenu(tracks)
        # The arrow of the style lies over the text.
        self._tracks.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self._tracks.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        label = self._button("label", "Label", "Label the mark, or the chosen bouts anew")
        label.clicked.disconnect()
        label.clicked.connect(self._on_label)
        self._flow = FlowLayout(self)
        self._groups: list[QWidget] = []
        self._add(*self._made(MARK), self.individuals, self.label_box, label)
        self._add(*self._made(CORRECT))
        self._add(*self._made(UNDO))
        self._add(*self._made(BACK), self.kinds, *self._made(FORTH))
        self._add(*self._made(VIEW), self._tracks)
        self._add(self.recordings)
        for name in CHECKED:
            self.buttons[name].setCheckable(True)
        #: Width that the bar needs with the names of the buttons; 0 while it is not known.
        self._wide = 0
        self._shape: tuple[tuple[bool, int], ...] = ()

    def colour(self, colour: str) -> None:
        """Draw the icons in a colour, that of the text."""
        for name, button in self.buttons.items():
            button.setIcon(icon(name, colour))

    def allow(self, allowed: Allowed) -> None:
        """Switch on what can be done."""
        on = allowed.buttons
        for name, button in self.buttons.items():
            button.setEnabled(on[name])
        self.buttons["loop"].setChecked(allowed.looping)
        for box in (self.label_box, self.kinds):
            box.setEnabled(allowed.open)

    def offer(
        self,
        labels: Mapping[str, str],
        individuals: Sequence[str],
        individual: str,
        recordings: Sequence[str],
        recording: str,
    ) -> None:
        """Offer labels (with their hot keys), individuals and recordings."""
        text = self.label_box.currentText()
        entries = {label: f"{label}   ({key})" if key else label for label, key in labels.items()}
        if entries != {self.label_box.itemData(i): self.label_box.itemText(i)
                       for i in range(self.label_box.count())}:  # fmt: skip
            refill(self.label_box, entries)
            self.label_box.setEditText(text if text in labels else "")
        refill(self.individuals, {name: name or "whole picture" for name in individuals})
        self.individuals.setCurrentIndex(max(0, self.individuals.findData(individual)))
        refill(self.recordings, {name: name for name in recordings})
        self.recordings.setCurrentIndex(max(0, self.recordings.findData(recording)))
        for box in (self.individuals, self.recordings):
            _fit_box(box)
        shape = tuple((box.isHidden(), box.width()) for box in (self.individuals, self.recordings))
        if shape != self._shape:
            self._shape, self._wide = shape, 0
            self._fit()

    @property
    def label(self) -> str:
        """The label in the box; empty for none."""
        text = self.label_box.currentText().strip()
        place = self.label_box.findText(text)
        return text if place < 0 else str(self.label_box.itemData(place))

    @property
    def kind(self) -> str:
        """What the arrows look for."""
        return str(self.kinds.currentData())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Write the names of the buttons where there is room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if not self._wide:
            self._write(names=True)
            self._wide = self._flow.sizeHint().width()
        self._write(names=self._wide <= self.width())
        self.setFixedHeight(max(_BUTTON, self._flow.heightForWidth(self.width())))

    def _write(self, *, names: bool) -> None:
        style = Qt.ToolButtonStyle
        for button in self.buttons.values():
            named = names and bool(button.text())
            chosen = style.ToolButtonTextBesideIcon if named else style.ToolButtonIconOnly
            if button.toolButtonStyle() != chosen:
                button.setToolButtonStyle(chosen)
        # Qt would take note of the new sizes only when this event is over.
        for group in self._groups:
            group.updateGeometry()
        self._flow.invalidate()

    def _made(self, buttons: Sequence[tuple[str, str, str]]) -> list[QToolButton]:
        return [self._button(*each) for each in buttons]

    def _button(self, action: str, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        key = hot_key(action)
        button.setToolTip(f"{tip} ({key})" if key else tip)
        button.setAutoRaise(True)
        button.setIconSize(QSize(16, 16))
        button.setMinimumSize(_BUTTON, _BUTTON)
        # Keys go on to the viewer.
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setProperty("action", action)
        button.clicked.connect(self._on_button)
        self.buttons[action] = button
        return button

    def _add(self, *widgets: QWidget) -> None:
        group = QWidget(self)
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for widget in widgets:
            row.addWidget(widget)
        self._flow.addWidget(group)
        self._groups.append(group)

    def _on_button(self) -> None:
        self.wanted.emit(str(self.sender().property("action")))

    def _on_label(self) -> None:
        if self.label:
            self.labelled.emit(self.label)
        else:
            self.label_box.setFocus()

    def _on_individual(self) -> None:
        self.individual_chosen.emit(str(self.individuals.currentData()))

    def _on_recording(self) -> None:
        self.recording_chosen.emit(str(self.recordings.currentData()))


def _fit_box(box: QComboBox) -> None:
    """Make a box as wide as its longest entry, within limits; a single choice needs no box."""
    texts = [box.itemText(place) for place in range(box.count())]
    longest = max((box.fontMetrics().horizontalAdvance(text) for text in texts), default=0)
    box.setFixedWidth(min(max(longest + 58, 80), 200))
    box.setHidden(len(texts) < 2)
