"""What a held mouse button does on the timeline. Each drag can be moved, finished or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_mousegpt._napari.timeline.hits import Hit
from napari_mousegpt._napari.timeline.layout import Row, Scale

if TYPE_CHECKING:
    from napari_mousegpt._napari.timeline.canvas import TimelineCanvas

__all__ = ["Drag", "Draw", "Pan", "Scrub", "Trim", "Window"]

#: Pixels the mouse must move before an interval is drawn or an edge is moved.
_SLACK = 4


class Drag:
    """A drag that does nothing.

    Parameters
    ----------
    canvas : TimelineCanvas
        Where it goes on.
    x : float
        Pixel at which the button was pressed.
    """

    def __init__(self, canvas: TimelineCanvas, x: float) -> None:
        self.canvas, self.model, self.x = canvas, canvas.model, x
        #: The stretch to show while dragging, with the row it is about (None: all rows).
        self.preview: tuple[int, int] | None = None
        self.row: Row | None = None

    def move(self, x: float) -> None:
        """Follow the mouse."""

    def finish(self) -> None:
        """Do what was shown."""

    def cancel(self) -> None:
        """Leave everything as it was before."""


class Scrub(Drag):
    """Shows the frame under the mouse."""

    def __init__(self, canvas: TimelineCanvas, x: float) -> None:
        super().__init__(canvas, x)
        self._before = self.model.frame
        self.move(x)

    def move(self, x: float) -> None:
        """Jump, and move on the view when the mouse leaves it."""
        scale = self.canvas.scale
        beyond = min(x - scale.left, 0.0) + max(x - scale.left - scale.width + 1, 0.0)
        if beyond:
            self.model.pan(beyond * scale.step * 0.25)
        self.canvas.go_to(self.canvas.scale.frame_at(x))

    def cancel(self) -> None:
        """Go back."""
        self.canvas.go_to(self._before)


class Pan(Drag):
    """Moves the view with the mouse."""

    def __init__(self, canvas: TimelineCanvas, x: float) -> None:
        super().__init__(canvas, x)
        self._view = self.model.view

    def move(self, x: float) -> None:
        """Keep the frame that was taken under the mouse."""
        start, stop = self._view
        by = (self.x - x) * (stop - start) / max(self.canvas.scale.width, 1)
        self.model.set_view(start + by, stop + by)

    def cancel(self) -> None:
        """Show what was in view before."""
        self.model.set_view(*self._view)


class Window(Drag):
    """Moves or resizes the window of the overview.

    Parameters
    ----------
    grip : str
        ``"start"``, ``"stop"`` or ``"window"``.
    """

    def __init__(self, canvas: TimelineCanvas, x: float, grip: str) -> None:
        super().__init__(canvas, x)
        self._view, self._grip = self.model.view, grip

    def move(self, x: float) -> None:
        """Follow the mouse by as many frames as it moved in the overview."""
        start, stop = self._view
        by = (x - self.x) * self.canvas.whole.step
        least = min(8.0, float(self.model.n_frames))
        if self._grip == "start":
            self.model.set_view(min(max(start + by, 0.0), stop - least), stop)
        elif self._grip == "stop":
            whole = float(self.model.n_frames)
            self.model.set_view(start, max(min(stop + by, whole), start + least))
        else:
            self.model.set_view(start + by, stop + by)

    def cancel(self) -> None:
        """Show what was in view before."""
        self.model.set_view(*self._view)


class Draw(Drag):
    """Draws an interval; a click that does not move selects nothing.

    Parameters
    ----------
    row : Row or None
        The row it began on, for the individual.
    """

    def __init__(self, canvas: TimelineCanvas, x: float, row: Row | None) -> None:
        super().__init__(canvas, x)
        self.row = row
        self._first = canvas.scale.frames_at(x)

    def move(self, x: float) -> None:
        """Take all frames from the first column to this one."""
        if self.preview is None and abs(x - self.x) < _SLACK:
            return
        lo, hi = self.canvas.scale.frames_at(x)
        new = min(lo, self._first[0]), max(hi, self._first[1])
        if new != self.preview:
            self.preview = new
            self.canvas.update()

    def finish(self) -> None:
        """Hand out the interval."""
        if self.preview is None:
            self.canvas.choose()
            return
        individual = ""
        if self.row is not None:
            # The heading of a group is named after its individual.
            track = self.row.track  # an empty one has no length, but an individual
            individual = self.row.title if track is None else track.individual
        start, stop = self.preview
        self.canvas.interval_drawn.emit(start, min(stop, self.model.n_frames), individual)


class Trim(Drag):
    """Moves an edge of a bout from frame to frame, and shows the frame it falls on.

    Parameters
    ----------
    row : Row
        Row of the bout.
    hit : Hit
        The bout.
    edge : str
        ``"start"`` or ``"stop"``.
    """

    def __init__(self, canvas: TimelineCanvas, x: float, row: Row, hit: Hit, edge: str) -> None:
        super().__init__(canvas, x)
        self.row, self._hit, self._edge = row, hit, edge
        # The mouse takes the edge some pixels beside it, and must not move it by that.
        self._off = x - canvas.scale.x(hit.frames[0 if edge == "start" else 1])
        self._before = self.model.frame

    def move(self, x: float) -> None:
        """Snap to the border between two frames."""
        if self.preview is None and abs(x - self.x) < _SLACK:
            return
        scale: Scale = self.canvas.scale
        start, stop = self._hit.frames
        border = scale.edge_at(x - self._off)
        if self._edge == "start":
            new = min(max(border, 0), stop - 1), stop
        else:
            new = start, max(min(border, self.model.n_frames), start + 1)
        if new != self.preview:
            self.preview = new
            self.canvas.go_to(new[0] if self._edge == "start" else new[1] - 1)
            self.canvas.update()

    def finish(self) -> None:
        """Hand out the new ends, if they are new."""
        if self.preview is not None and self.preview != self._hit.frames:
            self.canvas.trimmed.emit(self._hit.bout_id, *self.preview)

    def cancel(self) -> None:
        """Go back to the frame that was shown."""
        if self.preview is not None:
            self.canvas.go_to(self._before)
