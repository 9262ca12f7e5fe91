"""The choice of an encoder in a panel: which, what is known of it, and its download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.encoder_choice import FOLDER, EncoderChoice, encoder_entries
from napari_mousegpt._napari.widgets.parts import JobBar, Text, choice_box, is_alive, when_gone
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt.clips import CropParams
from napari_mousegpt.vectors import KINEMATIC, VideoParams

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.widgets.form import ParamsForm

__all__ = ["EncoderBox"]


class EncoderBox(QWidget):
    """Text and button about an encoder; its fields stand in the form of the panel.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable while it is looked for or downloaded.
    form : ParamsForm
        Where the fields go.
    place : int
        Before which row.
    """

    #: Something else is chosen, or known of it.
    changed = Signal()

    def __init__(self, viewer: ViewerModel, form: ParamsForm, place: int) -> None:
        super().__init__()
        self._form = form
        self.choice = EncoderChoice(viewer)
        self.encoder = choice_box(encoder_entries())
        self.encoder.setToolTip("What makes the vectors that are clustered")
        self.weights = PathEdit("a folder, a .pth file, or owner/name")
        self.step = QDoubleSpinBox()
        self.step.setRange(0.0, 600.0)
        self.step.setSingleStep(0.1)
        self.step.setSuffix(" s")
        self.step.setSpecialValueText("half a clip")
        self.step.setToolTip("From one window to the next; a window is as long as a clip")
        self.follow = QCheckBox("around each animal")
        self.follow.setToolTip("Cut the picture around the animal and turn it with the animal")
        self.text = Text()
        self.fetch_button = QPushButton()
        self.bar = JobBar()
        self._rows = {
            "Encoder": self.encoder,
            "Weights": self.weights,
            "Window every": self.step,
            "Look": self.follow,
        }
        for number, (label, editor) in enumerate(self._rows.items()):
            form.insert_row(place + number, label, editor)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.text, self.bar, self.fetch_button):
            column.addWidget(widget)
        self.encoder.currentIndexChanged.connect(self._on_choice)
        self.weights.changed.connect(self._on_choice)
        self.step.valueChanged.connect(self._on_choice)
        self.follow.toggled.connect(self._on_choice)
        self.fetch_button.clicked.connect(lambda: self.choice.fetch())
        self.choice.changed.connect(self._show)
        when_gone(self, self.choice.give_up)
        self._show()

    @property
    def name(self) -> str:
        """The encoder as verbs take it; empty while none is named."""
        chosen = str(self.encoder.currentData())
        return self.weights.path if chosen == FOLDER else chosen

    @property
    def video(self) -> VideoParams:
        """How it is shown the video."""
        crop = CropParams() if self.follow.isChecked() else None
        return VideoParams(step_s=round(self.step.value(), 2), crop=crop)

    def _on_choice(self, _: object = None) -> None:
        # Neither windows nor crop change what is known of an encoder.
        self.choice.choose(self.name)
        self._show()

    def _show(self) -> None:
        if not is_alive(self):
            return
        watching = self.name != KINEMATIC
        self._form.show_widget(self.weights, self.encoder.currentData() == FOLDER)
        self._form.show_widget(self.step, watching)
        self._form.show_widget(self.follow, watching)
        self.text.setText("\n".join(self.choice.lines()))
        self.fetch_button.setText(self.choice.button)
        self.fetch_button.setVisible(bool(self.choice.button))
        fetching = self.choice.fetching
        self.bar.setVisible(fetching is not None)
        if fetching is not None:
            self.bar.show_progress(*fetching)
        self.setVisible(watching)
        self.changed.emit()
