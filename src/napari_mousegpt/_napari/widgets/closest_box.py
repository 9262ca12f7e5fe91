"""Below the clusters of a video encoder: closest human actions, and windows that are alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.closest import CAUTION, Closest
from napari_mousegpt._napari.widgets.parts import Text
from napari_mousegpt._napari.widgets.result_table import ResultTable
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.runs import RunResult

__all__ = ["ClosestBox"]


class ClosestBox(QWidget):
    """Two tables to jump from; hidden while no video encoder has made the vectors.

    Parameters
    ----------
    frame : callable
        Returns the frame on screen, None when the recording is not open.
    """

    #: The chosen row begins with this frame.
    jumped = Signal(int)

    def __init__(self, frame: Callable[[], int | None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame = frame
        self._closest: Closest | None = None
        self.actions = ResultTable(
            ("Human action", "Share", "Likeliest in", "Example"),
            "Click an action to see the window that looks most like it",
        )
        self.caution = Text(CAUTION)
        self.here_button = QPushButton("Find windows like this moment")
        self.here_button.setToolTip(
            "Compares the window around the frame on screen with all others"
        )
        self.about = Text()
        self.nearest = ResultTable(
            ("Nearest window", "Similarity", "Where"), "Click a window to see it"
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.actions, self.caution, self.here_button, self.about, self.nearest):
            column.addWidget(widget)
        self.actions.jumped.connect(self.jumped)
        self.actions.jumped.connect(self.find_like)
        self.nearest.jumped.connect(self.jumped)
        self.here_button.clicked.connect(self._find_here)
        self.show_result(None)

    def show_result(self, result: RunResult | None) -> None:
        """Show what a run found; None, or a run by kinematics, hides all."""
        projected = None if result is None else result.projected
        self._closest = None
        if result is not None and projected is not None:
            self._closest = Closest(projected, result)
        rows = [] if self._closest is None else self._closest.actions()
        self.actions.show_rows(rows)
        self.caution.setVisible(bool(rows))
        self.about.setText("")
        self.nearest.show_rows([])
        self.setVisible(self._closest is not None)

    def find_like(self, frame: int) -> None:
        """List the windows most like the one that begins at a frame."""
        if self._closest is not None:
            self._list(self._closest.window_from(frame))

    def _find_here(self) -> None:
        frame = self._frame()
        if self._closest is None or frame is None:
            self.about.setText("The recording is not open any more.")
            return
        self._list(self._closest.window_at(frame))

    def _list(self, row: int) -> None:
        assert self._closest is not None
        try:
            rows = self._closest.nearest(row)
        except InputError as error:
            self.about.setText(str(error))
            rows = []
        else:
            self.about.setText(f"{self._closest.title(row)}:")
        self.nearest.show_rows(rows)
