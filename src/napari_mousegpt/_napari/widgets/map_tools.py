"""The choices of the map: which points, how they are laid out and coloured, how coarse."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt, QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QButtonGroup,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QWidget,
)

from napari_mousegpt._napari.map_layout import umap_problem
from napari_mousegpt._napari.widgets.parts import choice_box, refill

__all__ = ["LevelSlider", "MapChoices", "MapTools"]

_POINTS = {False: "windows", True: "bouts"}
_LAYOUTS = {"pca": "PCA", "umap": "UMAP"}
#: Milliseconds that the slider rests before finer behaviours are worked out.
_PATIENCE = 300
_TIP = Qt.ItemDataRole.ToolTipRole


class MapChoices(QWidget):
    """What is shown on the map."""

    #: Emitted with whether bouts are wanted.
    points_chosen = Signal(bool)
    layout_chosen = Signal(str)
    colour_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points, self.layouts = choice_box(_POINTS), choice_box(_LAYOUTS)
        self.colour = choice_box({"behaviour": "behaviour"})
        for box in (self.points, self.layouts):
            # Narrow docks cut these rather than be scrolled sideways.
            box.setMinimumWidth(64)
        self.points.setToolTip("A point for each window, or for each bout of one behaviour")
        self._forbid_umap()
        both = QHBoxLayout()
        both.addWidget(self.points, 1)
        both.addWidget(QLabel("placed by"))
        both.addWidget(self.layouts, 1)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Points", both)
        form.addRow("Coloured by", self.colour)
        self.points.currentIndexChanged.connect(
            lambda _: self.points_chosen.emit(bool(self.points.currentData()))
        )
        self.layouts.currentIndexChanged.connect(
            lambda _: self.layout_chosen.emit(str(self.layouts.currentData()))
        )
        self.colour.currentIndexChanged.connect(
            lambda _: self.colour_chosen.emit(str(self.colour.currentData()))
        )

    def _forbid_umap(self) -> None:
        problem = umap_problem()
        place = self.layouts.findData("umap")
        model = self.layouts.model()
        # What cannot be chosen says why.
        self.layouts.setItemData(place, problem or "Keeps neighbours together, not distances", _TIP)
        self.layouts.setToolTip(problem or "PCA keeps distances, UMAP keeps neighbours together")
        item = model.item(place) if hasattr(model, "item") else None
        if item is not None:
            item.setEnabled(not problem)

    def offer(self, colourings: Mapping[str, str], colour: str, layout: str, bouts: bool) -> None:
        """Show what can be chosen, and what is."""
        refill(self.colour, colourings)
        for box, value in ((self.colour, colour), (self.layouts, layout), (self.points, bouts)):
            blocked = box.blockSignals(True)
            box.setCurrentIndex(max(0, box.findData(value)))
            box.blockSignals(blocked)


class MapTools(QWidget):
    """What a drag does, and the whole map again."""

    tool_chosen = Signal(str)
    fit_wanted = Signal()
    names_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = {name: QPushButton(name) for name in ("Move", "Lasso", "All")}
        tips = {
            "Move": "Drag to move, wheel to zoom, click a point to see its frame",
            "Lasso": "Draw a line around points to pick them; with Shift, add to what is picked",
            "All": "Show all points (Home)",
        }
        self.names_button = QPushButton("Names ...")
        self.names_button.setToolTip("Rename behaviours, and merge those that are alike")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        group = QButtonGroup(self)
        for name, button in self.buttons.items():
            button.setToolTip(tips[name])
            row.addWidget(button)
            if name != "All":
                button.setCheckable(True)
                group.addButton(button)
        row.addWidget(self.names_button)
        self.buttons["Move"].setChecked(True)
        self.buttons["Move"].clicked.connect(lambda: self.tool_chosen.emit("move"))
        self.buttons["Lasso"].clicked.connect(lambda: self.tool_chosen.emit("lasso"))
        self.buttons["All"].clicked.connect(self.fit_wanted)
        self.names_button.clicked.connect(self.names_wanted)


class LevelSlider(QWidget):
    """From coarser to finer behaviours."""

    #: Emitted with the number of behaviours that is wanted.
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setToolTip("Fewer, coarser behaviours to the left; more, finer to the right")
        self.back = QPushButton("reset")
        self.back.setToolTip("The behaviours as they were found")
        self.text = QLabel("coarser")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.text, self.slider, QLabel("finer"), self.back):
            row.addWidget(widget, 1 if widget is self.slider else 0)
        self._record = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PATIENCE)
        self._soon.timeout.connect(lambda: self.chosen.emit(self.slider.value()))
        self.slider.valueChanged.connect(self._on_value)
        self.back.clicked.connect(lambda: self.slider.setValue(self._record))

    def offer(self, least: int, most: int, record: int, now: int) -> None:
        """Show the levels that a map has; hidden where there is one only."""
        self._record = record
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(least, max(least, most))
        self.slider.setValue(now)
        self.slider.blockSignals(blocked)
        self.setVisible(most > least)
        self._show()

    def _show(self) -> None:
        now = self.slider.value()
        self.back.setEnabled(now != self._record)
        self.slider.setToolTip(f"{now} behaviours; the map has {self._record}")

    def _on_value(self, value: int) -> None:
        self._show()
        self._soon.start()
