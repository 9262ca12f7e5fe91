"""Which animal lives in which arena, and the scale of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QComboBox, QHeaderView, QWidget

from napari_mousegpt._napari.widgets.cells import SmallTable
from napari_mousegpt._napari.widgets.parts import choice_box

if TYPE_CHECKING:
    from napari_mousegpt.core.arena import Arena

__all__ = ["ArenaOwners"]


class ArenaOwners(SmallTable):
    """Shows arenas with their scale, and asks for their animals where there are several."""

    #: An arena got another animal: name of the arena, name of the animal or None.
    edited = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Arena", "Animal", "Scale"), most_rows=5, parent=parent)
        self._seen: tuple[object, ...] = ()
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)

    def show_arenas(self, arenas: Sequence[Arena], animals: Sequence[str]) -> None:
        """Show arenas; an animal that the pose does not have is kept, as it was chosen once."""
        seen = (
            *((arena.name, arena.individual, arena.pixels_per_cm) for arena in arenas),
            *animals,
        )
        if seen == self._seen:
            return  # a box that is being used stays open
        self._seen = seen
        scales = [
            "no scale" if arena.pixels_per_cm is None else f"{arena.pixels_per_cm:.4g} px/cm"
            for arena in arenas
        ]
        self.set_rows(
            [(arena.name, "any", scale) for arena, scale in zip(arenas, scales, strict=True)]
        )
        for row, arena in enumerate(arenas):
            known = [arena.individual] if arena.individual not in (None, *animals) else []
            if not animals and not known:
                continue
            names = {None: "any", **{name: str(name) for name in (*animals, *known)}}
            box = choice_box(names)
            box.setMinimumContentsLength(8)
            box.setCurrentIndex(box.findData(arena.individual))
            box.setProperty("arena", arena.name)
            box.currentIndexChanged.connect(self._on_box)
            self.setCellWidget(row, 1, box)
        self.setColumnHidden(1, not animals)
        widest = max([len("Animal"), *(len(str(name)) for name in animals)])
        self.setColumnWidth(1, self.fontMetrics().averageCharWidth() * min(widest, 16) + 50)

    def _on_box(self, index: int) -> None:
        box = self.sender()
        if isinstance(box, QComboBox):
            self.edited.emit(box.property("arena"), box.itemData(index))
