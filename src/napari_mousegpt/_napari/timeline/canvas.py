"""The timeline itself: paints a model, and turns mouse and keys into signals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QEvent, QPoint, QRect, Qt, Signal
from qtpy.QtGui import QPainter, QRegion
from qtpy.QtWidgets import QToolTip, QWidget

from napari_mousegpt._napari.timeline.areas import TimelineAreas
from napari_mousegpt._napari.timeline.drags import Drag, Draw, Pan, Scrub, Trim, Window
from napari_mousegpt._napari.timeline.hits import Hit, bout_tip, curve_tip
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.overview import grip
from napari_mousegpt._napari.timeline.theme import Theme
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack
from napari_mousegpt._napari.widgets.parts import is_alive

__all__ = ["TimelineCanvas"]

#: Pixels from the edge of a bout that still take it.
_REACH = 5
_LEFT, _MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
_SHIFT, _CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class TimelineCanvas(TimelineAreas):
    """Shows a :class:`TimelineModel`.

    What the user does to the view, the current frame and the selection is done to the model at
    once and told by a signal; drawn and trimmed bouts are only told.

    Parameters
    ----------
    model : TimelineModel
        What is shown.
    parent : QWidget, optional
        As of every widget.
    """

    #: A frame to show; emitted while dragging too.
    jump = Signal(int)
    #: Ids of the bouts that are now selected, as a tuple.
    selected = Signal(object)
    #: Id of a bout to play again and again.
    looped = Signal(str)
    #: Half-open frames and the individual of the row, empty for none.
    interval_drawn = Signal(int, int, str)
    #: Id of a bout with its new half-open frames.
    trimmed = Signal(str, int, int)
    #: Id of the bout under the mouse (empty for none), and the place on the screen as QPoint.
    menu_wanted = Signal(str, object)

    def __init__(self, model: TimelineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        #: ``"select"``, or ``"interval"``: then every drag over rows draws an interval.
        self.tool = "select"
        self._theme = Theme()
        self._drag: Drag | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Timeline")
        model.view_changed.connect(self._on_other)
        model.frame_changed.connect(self._on_frame)
        model.tracks_changed.connect(self._on_tracks)
        model.colours_changed.connect(self._on_colours)
        model.selection_changed.connect(self._on_other)
        model.interval_changed.connect(self._on_other)
        self._on_tracks()

    # Model ----------------------------------------------------------------------------------

    def set_theme(self, colours: Mapping[str, object]) -> None:
        """Take the colours of a napari theme, such as ``get_theme("dark").to_rgb_dict()``.

        Letters follow its ``font_size`` ("9pt").
        """
        self._theme = Theme.of(colours)
        size = str(colours.get("font_size", "9pt")).removesuffix("pt")
        points = float(size) if size.replace(".", "", 1).isdigit() else 9.0
        # A little smaller than what stands around, so that labels have room in their bouts.
        self.set_letters(min(max(round(points * 1.2), 9), 22))
        self._on_tracks()

    def set_tool(self, tool: str) -> None:
        """Choose what a drag over rows does: ``"select"`` or ``"interval"``."""
        self.tool = tool
        self.unsetCursor()

    def _on_tracks(self) -> None:
        if not is_alive(self):
            return
        if self._drag is not None and self._drag.row is not None:
            # The bout or row that it was about may be gone.
            self._cancel()
        self.lay_out()

    def _on_colours(self) -> None:
        if is_alive(self):
            self.scene.forget()
            self.update()

    def _on_other(self) -> None:
        if is_alive(self):
            self.update()

    def _on_frame(self) -> None:
        if is_alive(self):
            self.update(self.current_region())

    def current_region(self) -> QRegion:
        """Return what must be painted anew when only the current frame moves."""
        return self.scene.current_region(self)

    def go_to(self, frame: int) -> None:
        """Show a frame: the line moves at once, the signal asks for the picture."""
        frame = min(max(frame, 0), max(self.model.n_frames - 1, 0))
        if self.model.n_frames and frame != self.model.frame:
            self.model.set_frame(frame)
            self.jump.emit(frame)

    def choose(self, *ids: str) -> None:
        """Select bouts and say so."""
        before = self.model.selection
        self.model.select(*ids)
        if self.model.selection != before:
            self.selected.emit(self.model.selection)

    # Paint ----------------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Paint what is kept as pictures, then what moves."""
        painter = QPainter(self)
        self.scene.paint(painter, self, self._theme, event.rect())
        painter.end()

    @property
    def drag(self) -> Drag | None:
        """What the held mouse button does, None while none is held."""
        return self._drag

    # Mouse ----------------------------------------------------------------------------------

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Begin a drag, select a bout, or ask for a menu."""
        x, y = event.position().x(), event.position().y()
        QToolTip.hideText()
        if self._drag is not None or not self.model.n_frames or x >= self.heading_width + self.room:
            return
        if event.button() == Qt.MouseButton.RightButton:
            self._menu(x, y, event.globalPosition().toPoint())
        elif x < self.heading_width:
            return
        elif event.button() == _MIDDLE or (event.button() == _LEFT and event.modifiers() & _SHIFT):
            self._drag = Pan(self, x)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == _LEFT:
            self._drag = self._begun(x, y, bool(event.modifiers() & _CTRL))

    def _begun(self, x: float, y: float, more: bool) -> Drag | None:
        if self.overview_area.contains(int(x), int(y)):
            taken = grip(self.model, self.whole, x)
            if taken == "elsewhere":
                start, stop = self.model.view
                middle = self.whole.position(x)
                self.model.set_view(middle - (stop - start) / 2, middle + (stop - start) / 2)
                taken = "window"
            return Window(self, x, taken)
        if self.ruler_area.contains(int(x), int(y)):
            return Scrub(self, x)
        row, edge = self.row_at(y), self.edge(x, y)
        if edge is not None and row is not None:
            return Trim(self, x, row, *edge)
        if self.tool == "interval":
            return Draw(self, x, row)
        if row is not None and isinstance(row.track, CurveTrack):
            return Scrub(self, x)
        hit = self.hit(x, y)
        if hit is None:
            return Draw(self, x, row)
        if hit.bout_id:
            ids = self.model.selection if more else ()
            if hit.bout_id in ids:
                self.choose(*(bout for bout in ids if bout != hit.bout_id))
            else:
                self.choose(*ids, hit.bout_id)
        return None

    def edge(self, x: float, y: float) -> tuple[Hit, str] | None:
        """Return the selected bout whose edge is at a pixel and can be dragged, and which edge."""
        row = self.row_at(y)
        if row is None or not isinstance(row.track, BoutTrack) or not row.track.editable:
            return None
        best: tuple[float, Hit, str] | None = None
        for place in self.scene.selected(row.track, self.model.selection).tolist():
            hit = Hit(row.track, place)
            left, right = (self.scale.x(frame) for frame in hit.frames)
            # A narrow bout can still be taken in its middle.
            inner = min(_REACH, (right - left) / 4)
            for at, name, low, high in (
                (left, "start", left - _REACH, left + inner),
                (right, "stop", right - inner, right + _REACH),
            ):
                if low <= x <= high and (best is None or abs(x - at) < best[0]):
                    best = abs(x - at), hit, name
        return None if best is None else best[1:]

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Go on with a drag, or show by the pointer what a press would do."""
        x, y = event.position().x(), event.position().y()
        if self._drag is not None:
            self._drag.move(x)
            return
        shape = Qt.CursorShape.ArrowCursor
        if self.heading_width <= x < self.heading_width + self.room:
            if self.overview_area.contains(int(x), int(y)):
                taken = grip(self.model, self.whole, x)
                resize, move = Qt.CursorShape.SizeHorCursor, Qt.CursorShape.OpenHandCursor
                shape = {"start": resize, "stop": resize, "window": move}.get(taken, shape)
            elif self.edge(x, y) is not None:
                shape = Qt.CursorShape.SizeHorCursor
            elif self.tool == "interval" and y >= self.rows_area.top():
                shape = Qt.CursorShape.CrossCursor
        self.setCursor(shape)

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Finish a drag."""
        if self._drag is None or event.button() not in (_LEFT, _MIDDLE):
            return
        drag, self._drag = self._drag, None
        self.unsetCursor()
        drag.finish()
        self.update()

    def mouseDoubleClickEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Loop a bout; in the overview show everything."""
        x, y = event.position().x(), event.position().y()
        if event.button() != _LEFT or x < self.heading_width:
            return
        if self.overview_area.contains(int(x), int(y)):
            self.model.fit()
            return
        hit = self.hit(x, y)
        if hit is not None and hit.bout_id:
            self.choose(hit.bout_id)
            self.looped.emit(hit.bout_id)
        else:
            self.mousePressEvent(event)

    def _menu(self, x: float, y: float, place: QPoint) -> None:
        hit = self.hit(x, y)
        bout = "" if hit is None else hit.bout_id
        if bout and bout not in self.model.selection:
            self.choose(bout)
        self.menu_wanted.emit(bout, place)

    def _cancel(self) -> bool:
        if self._drag is None:
            return False
        drag, self._drag = self._drag, None
        self.unsetCursor()
        drag.cancel()
        self.update()
        return True

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Zoom around the mouse; pan sideways, or with Ctrl; scroll rows with Shift or headings."""
        across, along = event.angleDelta().x(), event.angleDelta().y()
        x, ctrl = event.position().x(), bool(event.modifiers() & _CTRL)
        event.accept()
        if x < self.heading_width or event.modifiers() & _SHIFT:
            self.set_scroll(self.scroll - round((along or across) / 2))
        elif ctrl or abs(across) > abs(along):
            start, stop = self.model.view
            self.model.pan(-(along if ctrl and not across else across) / 1200 * (stop - start))
        elif along:
            over = self.overview_area.contains(int(x), int(event.position().y()))
            scale = self.whole if over else self.scale
            self.model.zoom(1.25 ** (along / 120), scale.position(x))

    def event(self, event: Any) -> bool:
        """Show tooltips; zoom with two fingers; keep Esc from closing a dialog while dragging."""
        kind = event.type()
        if kind == QEvent.Type.ToolTip:
            self._tip(event.pos(), event.globalPos())
            return True
        if kind == QEvent.Type.NativeGesture:
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                around = self.scale.position(event.position().x())
                self.model.zoom(math.exp(event.value()), around)
                return True
        elif (
            kind == QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Escape
            and self._drag is not None
        ):
            event.accept()
            return True
        return bool(super().event(event))

    def _tip(self, place: QPoint, at: QPoint) -> None:
        text = ""
        row = self.row_at(place.y())
        if self._drag is not None or row is None:
            QToolTip.hideText()
            return
        if place.x() < self.heading_width:
            text = self.scene.heading_tip(row)
        elif isinstance(row.track, CurveTrack):
            text = curve_tip(self.model, row.track, self.scale.frames_at(place.x()))
        else:
            hit = self.hit(place.x(), place.y())
            text = "" if hit is None else bout_tip(self.model, hit)
        if not text:
            QToolTip.hideText()
            return
        # It goes when the mouse leaves these pixels, and another one can come.
        QToolTip.showText(at, text, self, QRect(place.x() - 3, place.y() - 3, 7, 7))

    # Keys -----------------------------------------------------------------------------------

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Step, zoom, go to the ends, give a drag up; other keys are for the viewer."""
        key, modifiers = event.key(), event.modifiers()
        if modifiers & (_CTRL | Qt.KeyboardModifier.AltModifier):
            event.ignore()
            return
        step = 10 if modifiers & _SHIFT else 1
        last = max(self.model.n_frames - 1, 0)
        if key == Qt.Key.Key_Left:
            self.go_to(self.model.frame - step)
        elif key == Qt.Key.Key_Right:
            self.go_to(self.model.frame + step)
        elif key == Qt.Key.Key_Home:
            self.go_to(0)
        elif key == Qt.Key.Key_End:
            self.go_to(last)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.model.zoom(1.5)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self.model.zoom(1 / 1.5)
        elif not (key == Qt.Key.Key_Escape and self._cancel()):
            event.ignore()
