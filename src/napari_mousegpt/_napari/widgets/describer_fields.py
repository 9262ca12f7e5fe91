"""The fields that choose who describes, and what it is asked: rows in the form of a panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
    QSpinBox,
    QStyledItemDelegate,
    QWidget,
)

from napari_mousegpt._napari.describer_choice import (
    SERVER,
    describer_details,
    describer_entries,
    describer_tips,
)
from napari_mousegpt._napari.model_choice import FOLDER
from napari_mousegpt._napari.widgets.parts import choice_box, refill
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt._napari.widgets.prompt_box import PromptBox
from napari_mousegpt.clips import ClipParams, CropParams
from napari_mousegpt.words.describe_params import BY_RULES

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.widgets.form import ParamsForm
    from napari_mousegpt.models.device import Device

__all__ = ["DescriberFields"]

_DEVICES = {"auto": "the quickest here", "cpu": "the processor (slow)"}
_LABEL_FILES = "Labels (*.csv *.tsv *.toml *.txt);;All files (*)"
_MOST_PICTURES = 64
#: Pixels for margins and a scroll bar.
_ROOM = 40
#: Pixels between two entries of the list.
_LEADING = 7


class _Longer(QStyledItemDelegate):
    """Shows more in the list of a box of choices than in the closed box."""

    def __init__(self, details: Mapping[str, str], box: QComboBox) -> None:
        super().__init__(box)
        self._details = {box.itemText(i): details[box.itemData(i)] for i in range(box.count())}

    def displayText(self, value: Any, locale: Any) -> str:  # noqa: N802 - Qt's name
        """Return the longer text."""
        return self._details.get(str(value), str(value))

    def sizeHint(self, option: Any, index: Any) -> QSize:  # noqa: N802 - Qt's name
        """Return the size of an entry, with room between two lines."""
        return super().sizeHint(option, index) + QSize(0, _LEADING)


class DescriberFields(QObject):
    """Puts the fields into a form, and shows those that count.

    Parameters
    ----------
    viewer : ViewerModel
        For its theme.
    form : ParamsForm
        Where the fields go; it owns them.
    place : int
        Before which row.
    """

    #: Something else is chosen.
    changed = Signal()

    def __init__(self, viewer: ViewerModel, form: ParamsForm, place: int) -> None:
        super().__init__(form)
        self._form = form
        self.who = choice_box(describer_entries())
        self.who.setToolTip("Who puts the stretches into words")
        for name, tip in describer_tips().items():
            self.who.setItemData(self.who.findData(name), tip, Qt.ItemDataRole.ToolTipRole)
        self.who.setItemDelegate(_Longer(describer_details(), self.who))
        view = self.who.view()
        if view is not None:
            # The list may be wider than the panel, so that sizes and terms can be read.
            view.setMinimumWidth(view.sizeHintForColumn(0) + _ROOM)
        self.weights = PathEdit("a folder, or owner/name")
        self.server = QLineEdit()
        self.server.setPlaceholderText("http://127.0.0.1:8000/v1")
        self.server.setToolTip("Address of a server with an OpenAI-compatible interface")
        self.model = QComboBox()
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.model.setToolTip("The model there, as the server lists it")
        self.runs_on = choice_box(_DEVICES)
        self.runs_on.setToolTip("A large model runs on the processor only when it is chosen here")
        self.prompt = PromptBox(viewer)
        self.labels = PathEdit("none: the model writes its own", _LABEL_FILES)
        self.labels.setToolTip("Labels to choose from: .csv, .tsv, .toml, or .txt with one a line")
        self.pictures = QSpinBox()
        self.pictures.setRange(1, _MOST_PICTURES)
        self.pictures.setValue(ClipParams().frames)
        self.pictures.setToolTip("Most pictures that a model sees of each stretch")
        self.pictures.setKeyboardTracking(False)
        self.follow = QCheckBox("around each animal")
        self.follow.setToolTip("Cut the picture around the animal and turn it with the animal")
        self._rows: dict[str, QWidget] = {
            "Describer": self.who,
            "Weights": self.weights,
            "Server": self.server,
            "Model there": self.model,
            "Runs on": self.runs_on,
            "Prompt": self.prompt,
            "Labels": self.labels,
            "Pictures": self.pictures,
            "Look": self.follow,
        }
        for number, (label, editor) in enumerate(self._rows.items()):
            form.insert_row(place + number, label, editor)
        #: Where what is known of the describer goes: right below who and where.
        self.place = place + list(self._rows).index("Prompt")
        self._told: object = None
        self.who.currentIndexChanged.connect(self._tell)
        self.runs_on.currentIndexChanged.connect(self._tell)
        self.model.activated.connect(self._tell)
        for line in (self.server, self.model.lineEdit()):
            if line is not None:
                line.editingFinished.connect(self._tell)
        self.weights.changed.connect(self._tell)
        self.labels.changed.connect(self._tell)
        self.prompt.changed.connect(self._tell_again)
        self.pictures.valueChanged.connect(self._tell)
        self.follow.toggled.connect(self._tell)
        self._told = self._state

    @property
    def name(self) -> str:
        """Who describes: rules, a model, or the address of a server; empty while none is named."""
        chosen = str(self.who.currentData())
        return {FOLDER: self.weights.path, SERVER: self.server.text().strip()}.get(chosen, chosen)

    @property
    def by_server(self) -> bool:
        """Whether a server describes."""
        return bool(self.who.currentData() == SERVER)

    @property
    def server_model(self) -> str:
        """The model of the server; empty while none is named."""
        return self.model.currentText().strip() if self.by_server else ""

    @property
    def device(self) -> str:
        """Where a model runs."""
        return "auto" if self.by_server else str(self.runs_on.currentData())

    @property
    def clips(self) -> ClipParams:
        """Which pictures a model sees."""
        crop = CropParams() if self.follow.isChecked() else None
        return ClipParams(frames=self.pictures.value(), crop=crop)

    def offer_devices(self, found: Sequence[Device]) -> None:
        """Offer each card by itself where there are several."""
        cards = [device for device in found if device.kind != "cpu"]
        several = {device.name: str(device) for device in cards} if len(cards) > 1 else {}
        refill(self.runs_on, {"auto": _DEVICES["auto"], **several, "cpu": _DEVICES["cpu"]})

    def offer_models(self, names: Sequence[str]) -> None:
        """Offer the models of a server; what was written stays."""
        known = [self.model.itemText(place) for place in range(self.model.count())]
        if known == list(names):
            return
        written = self.model.currentText()
        blocked = self.model.blockSignals(True)
        self.model.clear()
        self.model.addItems(list(names))
        self.model.setEditText(written)
        self.model.blockSignals(blocked)

    def show_what_counts(self) -> None:
        """Show the rows that count for who is chosen."""
        chosen = self.who.currentData()
        model = chosen != BY_RULES
        shown = {
            "Weights": chosen == FOLDER,
            "Server": chosen == SERVER,
            "Model there": chosen == SERVER,
            "Runs on": model and chosen != SERVER,
        }
        for label, editor in self._rows.items():
            self._form.show_widget(editor, shown.get(label, model or label == "Describer"))

    @property
    def _state(self) -> object:
        return (
            self.name, self.by_server, self.server_model, self.device,
            self.prompt.source, self.labels.path, self.clips,
        )  # fmt: skip

    def _tell(self, _: object = None) -> None:
        # A line also ends being edited when the focus goes elsewhere.
        if self._state != self._told:
            self._tell_again()

    def _tell_again(self) -> None:
        self._told = self._state
        self.changed.emit()
