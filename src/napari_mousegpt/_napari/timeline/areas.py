"""Where things lie on the canvas of the timeline: its areas, rows, headings and scroll bar."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QFont
from qtpy.QtWidgets import QScrollBar, QSizePolicy, QWidget

from napari_mousegpt._napari.timeline.hits import Hit, bout_at
from napari_mousegpt._napari.timeline.layout import Row, Scale, lay_out
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.scene import Scene

__all__ = ["TimelineAreas"]

#: Pixels: overview, ruler, narrowest and widest headings. The letters for which the first ones are
#: right have so many pixels.
_OVERVIEW, _RULER, _HEADING, _WIDEST, _LETTERS = 26, 26, 84, 216, 11


class TimelineAreas(QWidget):
    """A widget that knows where everything of a model lies on it.

    Parameters
    ----------
    model : TimelineModel
        What is shown.
    parent : QWidget, optional
        As of every widget.
    """

    def __init__(self, model: TimelineModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self._rows: tuple[Row, ...] = ()
        self._heading_width = _HEADING
        #: How many times larger letters and rows are than usual.
        self.letter_size = 1.0
        self.set_letters(_LETTERS)
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setSingleStep(22)
        self._bar.valueChanged.connect(self._on_scrolled)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, _OVERVIEW + _RULER + 44)

    def set_letters(self, pixels: int) -> None:
        """Make letters so high; rows follow with the next :meth:`lay_out`."""
        font = QFont(self.font())
        font.setPixelSize(pixels)
        self.letter_size = pixels / _LETTERS
        self.scene = Scene(font)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size that shows all rows, if they are not too many."""
        rows = self._rows[-1].bottom if self._rows else 0
        return QSize(900, self._top + min(max(rows, 66), 400) + 2)

    @property
    def heading_width(self) -> int:
        """Pixels of the headings."""
        return self._heading_width

    @property
    def overview_area(self) -> QRect:
        """Where the whole recording is shown."""
        return QRect(self._heading_width, 0, self.room, self._overview_height)

    @property
    def ruler_area(self) -> QRect:
        """Where times stand."""
        top = self._overview_height
        return QRect(self._heading_width, top, self.room, self._top - top)

    @property
    def rows_area(self) -> QRect:
        """Where tracks lie."""
        return QRect(self._heading_width, self._top, self.room, max(self.height() - self._top, 1))

    @property
    def headings_area(self) -> QRect:
        """Where the names of tracks stand."""
        rows = self.rows_area
        return QRect(0, rows.top(), self._heading_width, rows.height())

    @property
    def scale(self) -> Scale:
        """Frames and pixels of the rows and the ruler."""
        return Scale(*self.model.view, self._heading_width, self.room)

    @property
    def whole(self) -> Scale:
        """Frames and pixels of the overview."""
        return Scale(0.0, float(self.model.n_frames), self._heading_width, self.room)

    @property
    def _overview_height(self) -> int:
        return round(_OVERVIEW * self.letter_size)

    @property
    def _top(self) -> int:
        """First pixel of the rows."""
        return self._overview_height + round(_RULER * self.letter_size)

    @property
    def room(self) -> int:
        """Pixels over which frames lie."""
        bar = self._bar.sizeHint().width() if self._bar.isVisibleTo(self) else 0
        return max(self.width() - self._heading_width - bar, 1)

    @property
    def scroll(self) -> int:
        """Pixels of the rows that are scrolled away at the top."""
        return int(self._bar.value())

    def set_scroll(self, pixels: int) -> None:
        """Scroll the rows."""
        self._bar.setValue(pixels)

    def row_at(self, y: float) -> Row | None:
        """Return the row under a pixel of the widget."""
        area = self.rows_area
        if not area.top() <= y < area.top() + area.height():
            return None
        place = y - area.top() + self.scroll
        return next((row for row in self._rows if row.top <= place < row.bottom), None)

    def hit(self, x: float, y: float) -> Hit | None:
        """Return the bout under a pixel of the widget."""
        row = self.row_at(y)
        if row is None:
            return None
        return bout_at(row, self.scale, x, y - self.rows_area.top() + self.scroll - row.top)

    def _fit(self) -> None:
        """Give the headings and the scroll bar the room they need."""
        most = max(min(_WIDEST, self.width() // 7), _HEADING)
        self._heading_width = self.scene.heading_width(self._rows, _HEADING, most)
        total = self._rows[-1].bottom if self._rows else 0
        room = max(self.height() - self._top, 1)
        self._bar.setVisible(total > room)
        self._bar.setRange(0, max(total - room, 0))
        self._bar.setPageStep(room)
        wide = self._bar.sizeHint().width()
        self._bar.setGeometry(self.width() - wide, self._top, wide, room)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Lay out anew."""
        super().resizeEvent(event)
        self._fit()

    def _on_scrolled(self) -> None:
        self.update()

    def lay_out(self) -> None:
        """Put the rows of the model in their places and paint everything anew."""
        self._rows = lay_out(
            self.model.shown_tracks, compact=self.model.compact, size=self.letter_size
        )
        named = [row.title for row in self._rows]
        self.setAccessibleDescription(f"Tracks: {', '.join(named)}" if named else "No tracks")
        self.scene.forget()
        self._fit()
        self.updateGeometry()
        self.update()

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, scrolled away or not."""
        return self._rows
