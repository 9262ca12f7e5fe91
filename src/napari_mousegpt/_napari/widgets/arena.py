"""The panel "Arena": zones drawn on the picture, its scale, and when an animal is in which zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.arena_desk import ArenaDesk
from napari_mousegpt._napari.arena_layer import has_arena_role, shapes_layers
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.arena_owners import ArenaOwners
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.files import ask_open, ask_save
from napari_mousegpt._napari.widgets.parts import Scrolled, choice_box, is_alive, refill
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt._napari.widgets.shape_table import ShapeTable
from napari_mousegpt._napari.widgets.zone_visits import ZoneVisits

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Shapes

__all__ = ["ArenaPanel"]

_FILTER = "Arena (*.json);;All files (*)"
_TOOLS = {
    "Rectangle": "add_rectangle",
    "Ellipse": "add_ellipse",
    "Polygon": "add_polygon",
    "Known length": "add_line",
}
#: Milliseconds after the last change of a shape before it is looked at.
_CALM = 300


class ArenaPanel(QWidget):
    """Draws arenas on a recording, keeps them in files, and measures visits to their zones.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Its active recording is meant.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Arena")
        self._viewer = napari_viewer
        self.desk = ArenaDesk(napari_viewer)
        self._heard: Shapes | None = None
        self._said: Said | None = None
        self.layer = choice_box({None: "none"})
        self.shapes = ShapeTable()
        self.owners = ArenaOwners()
        self.report = ReportView(napari_viewer.theme)
        self.visits = ZoneVisits(napari_viewer, self.desk.drawn, self.report)
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM)
        self._lay_out()
        self._calm.timeout.connect(self.look)
        self.layer.currentIndexChanged.connect(self._on_layer)
        self.shapes.edited.connect(self.look)
        self.owners.edited.connect(self._on_owner)
        napari_viewer.layers.events.inserted.connect(self._list_layers)
        napari_viewer.layers.events.removed.connect(self._list_layers)
        napari_viewer.events.theme.connect(self._on_theme)
        state_of(napari_viewer).changed.connect(self._on_recording)
        self._list_layers()
        self._on_recording()

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        where = QFormLayout()
        where.addRow("Shapes", self.layer)
        column.addLayout(where)
        _row(column, {"New arena layer": self.new, "Load ...": self._choose_load})
        for button, mode in zip(
            _row(column, dict.fromkeys(_TOOLS, self._on_tool)), _TOOLS.values(), strict=True
        ):
            button.setProperty("mode", mode)
        column.addWidget(self.shapes)
        column.addWidget(self.owners)
        (self.save_button,) = _row(column, {"Save ...": self._choose_save})
        column.addWidget(self.report)
        column.addWidget(self.visits)
        column.addStretch(1)
        Scrolled(self, body)

    def new(self) -> None:
        """Add a layer to draw in, over the pictures of the recording."""
        self.report.attempt(lambda: self._use(self.desk.add_layer()))

    def draw(self, mode: str) -> None:
        """Choose a tool, in a new layer where there is none."""
        if self.desk.layer is None:
            self.new()
        if self.desk.layer is not None:
            self._viewer.layers.selection.active = self.desk.layer
            self.desk.layer.mode = mode

    def load(self, path: str) -> None:
        """Show the arenas of a file in a layer of their own."""
        self._do(lambda: self._use(self.desk.load(path)), f"Loaded {path}.")

    def save(self, path: str) -> None:
        """Write the arenas to a file, and use them in the recording from now on."""
        self._do(lambda: self.desk.save(path), f"Saved {path}.")

    def look(self) -> None:
        """Show what is drawn, and what is wrong with it."""
        if not is_alive(self) or self.desk.drawing:
            return
        said, arenas = self.desk.look()
        self.shapes.show_layer(self.desk.layer)
        recording = self.desk.recording
        animals = () if recording is None else recording.individuals
        self.owners.show_arenas(arenas, animals if len(animals) > 1 or len(arenas) > 1 else ())
        # What was told last stays until there is something new to say.
        if said != self._said:
            self._said = said
            self.report.show_parts([said])

    def _do(self, task: Callable[[], object], told: str) -> None:
        """Do something and tell that it was done."""

        def done() -> None:
            task()
            self.look()
            self.report.say(told)

        self.report.attempt(done)

    def _use(self, layer: Shapes) -> None:
        """Make a new layer the one in use."""
        self._list_layers()
        self.layer.setCurrentIndex(self.layer.findData(layer.name))
        self._watch(layer)

    def _watch(self, layer: Shapes | None) -> None:
        """Listen to what is drawn in a layer, and to no other."""
        old = self._heard
        if old is not None:
            old.events.data.disconnect(self._on_drawn)
            old.events.name.disconnect(self._list_layers)
        self._heard = self.desk.layer = layer
        self.desk.note("")
        if layer is not None:
            layer.events.data.connect(self._on_drawn)
            layer.events.name.connect(self._list_layers)
        self.look()

    def _on_tool(self) -> None:
        self.draw(str(self.sender().property("mode")))

    def _on_owner(self, arena: str, animal: str | None) -> None:
        self.desk.own(arena, animal)
        self.look()

    def _on_recording(self) -> None:
        if is_alive(self):
            recording = self.desk.recording
            self.save_button.setEnabled(recording is not None)
            self.visits.offer(recording)
            self.look()

    def _list_layers(self, event: object = None) -> None:
        """Offer the layers there are; the one in use stays, an arena's own is taken up."""
        if not is_alive(self):
            return
        layers = shapes_layers(self._viewer)
        refill(self.layer, {None: "none", **{layer.name: layer.name for layer in layers}})
        used = self.desk.layer if self.desk.layer in layers else None
        if used is None:
            used = next((layer for layer in layers if has_arena_role(layer)), None)
        blocked = self.layer.blockSignals(True)
        self.layer.setCurrentIndex(0 if used is None else self.layer.findData(used.name))
        self.layer.blockSignals(blocked)
        if used is not self._heard:
            self._watch(used)

    def _on_layer(self, index: int = 0) -> None:
        name = self.layer.currentData()
        layers = {layer.name: layer for layer in shapes_layers(self._viewer)}
        if layers.get(name) is not self._heard:
            self._watch(layers.get(name))

    def _on_drawn(self, event: Any) -> None:
        if is_alive(self) and not self.desk.note(str(getattr(event, "action", ""))):
            self._calm.start()

    def _on_theme(self, event: object = None) -> None:
        if is_alive(self):
            self.report.set_theme(self._viewer.theme)

    def _choose_load(self) -> None:
        ask_open(self, _FILTER, self.load)

    def _choose_save(self) -> None:
        ask_save(self, _FILTER, "arena.json", self.save)


def _row(column: QVBoxLayout, tasks: dict[str, Callable[[], None]]) -> list[QPushButton]:
    """Put buttons side by side."""
    line = QHBoxLayout()
    buttons = []
    for text, task in tasks.items():
        button = QPushButton(text)
        # Qt holds methods weakly; a function that holds the panel would keep it alive for ever.
        button.clicked.connect(task)
        line.addWidget(button)
        buttons.append(button)
    column.addLayout(line)
    return buttons
