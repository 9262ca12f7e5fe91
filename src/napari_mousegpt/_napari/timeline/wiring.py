"""The timeline and the rest of the viewer, kept alike both ways. No window is needed.

What a person does on the timeline goes to the desk of the recording; what the desk, the layers or
the slider say comes back to the model. Setters that change nothing are silent, so nothing goes
round in circles.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_mousegpt._napari.extras import Extras, extras_of
from napari_mousegpt._napari.follow import later
from napari_mousegpt._napari.label_roles import are_visits
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.timeline.measuring import TrackJobs
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.sources import build_tracks, kept_tracks
from napari_mousegpt._napari.timeline.tracks import BoutTrack
from napari_mousegpt.core.intervals import Intervals

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.desk import Desk
    from napari_mousegpt._napari.jobs import Job
    from napari_mousegpt.core.recording import Recording

__all__ = ["TimelineWiring"]


class TimelineWiring:
    """Wires the model of a timeline to one viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Its active recording is shown.
    model : TimelineModel
        What is painted.
    defer : callable
        Runs a task when the present event is over: many changes are shown at once.
    start : callable, optional
        Starts a job, as :func:`napari_mousegpt._napari.jobs.start_job` does.

    Attributes
    ----------
    recording : Recording or None
        What is shown.
    desk : Desk or None
        Where it is marked and corrected.
    """

    #: Emitted when another recording is shown, or what can be done has changed.
    changed = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        model: TimelineModel,
        *,
        defer: Callable[[Callable[[], None]], None] = later,
        start: Callable[..., Job] | None = None,
    ) -> None:
        self.model = model
        self.state = state_of(viewer)
        self.recording: Recording | None = None
        self.desk: Desk | None = None
        self.jobs = TrackJobs(viewer, start)
        self._viewer = viewer
        self._defer = defer
        self._waiting = False
        self._stale = False
        self._wanted_frame: int | None = None
        self._dragged = False
        self._extras: Extras | None = None
        #: View and hidden tracks of recordings that were shown before.
        self._left: dict[str, tuple[tuple[float, float], frozenset[str]]] = {}
        self.state.changed.connect(self._on_state)
        viewer.dims.events.current_step.connect(self._on_step)
        model.view_changed.connect(self._on_view)
        self._on_state()

    def close(self) -> None:
        """Let go of the viewer; what was drawn last stays."""
        # What was put off is not done any more: it would take the recording up again.
        self._stale, self._wanted_frame = False, None
        self._show(None)
        self.jobs.cancel()
        self.state.changed.disconnect(self._on_state, missing_ok=True)
        self._viewer.dims.events.current_step.disconnect(self._on_step)
        self.model.view_changed.disconnect(self._on_view, missing_ok=True)

    # --- what can be shown

    @property
    def recordings(self) -> tuple[str, ...]:
        """Ids of all open recordings, those without a frame rate too."""
        return tuple(self.state.open_recordings)

    @property
    def extras(self) -> Extras | None:
        """What stands beside the bouts of the recording that is shown."""
        return self._extras

    def choose(self, recording: str) -> None:
        """Make an open recording the active one, here and in every panel."""
        for layer in self.state.layers_of(recording)[:1]:
            self._viewer.layers.selection.active = layer

    # --- what a person does on the timeline

    def jump(self, frame: int, *, dragged: bool = False) -> None:
        """Show a frame; of many moves of a mouse in one event only the last one is shown.

        Parameters
        ----------
        frame : int
            The frame.
        dragged : bool
            Whether more will come: a preview will do meanwhile, as while a slider is held.
        """
        self._wanted_frame, self._dragged = frame, dragged
        self._later()

    def select(self, *ids: str) -> None:
        """Choose bouts."""
        if self.desk is not None:
            self.desk.select(*ids)
            # An epoch or a zone visit is chosen here only.
            self.model.select(*(self.desk.selection or ids))

    def loop(self, bout_id: str) -> None:
        """Play a bout again and again; an epoch or a visit to a zone, too."""
        if self.desk is None:
            return
        if bout_id in self.desk.book:
            self.desk.loop(bout_id)
            return
        for track in self.model.tracks:
            for row in track.rows_of([bout_id]) if isinstance(track, BoutTrack) else ():
                self.desk.play(int(track.start[row]), int(track.stop[row]))

    def draw(self, start: int, stop: int, individual: str) -> None:
        """Mark a stretch that was drawn in the row of an individual."""
        if self.desk is not None:
            if individual:
                self.desk.individual = individual
            self.desk.set_interval(start, stop)
            self._on_selected()

    def trim(self, bout_id: str, start: int, stop: int) -> None:
        """Move the ends of a bout."""
        if self.desk is not None:
            self.desk.trim(bout_id, start, stop)

    # --- what the viewer says

    def _on_state(self) -> None:
        self._stale = True
        self._later()

    def _on_desk(self) -> None:
        self._stale = True
        self._later()

    def _on_selected(self) -> None:
        if self.desk is not None:
            before = self.model.selection
            self.model.select(*self.desk.selection)
            self.model.set_interval(self.desk.interval)
            if self.model.selection != before:
                self._reveal()
        self.changed.emit()

    def _on_step(self, event: object = None) -> None:
        if self.recording is not None:
            frame = self.state.frame(self.recording.id)
            if frame is not None:
                self.model.set_frame(frame)

    def _on_view(self, start: float, stop: float) -> None:
        if self.recording is not None:
            self.state.set_visible(self.recording.id, *self.model.visible)

    def _later(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._defer(self._catch_up)

    def _catch_up(self) -> None:
        self._waiting = False
        frame, self._wanted_frame = self._wanted_frame, None
        if frame is not None and self.desk is not None:
            with self.state.hands.dragging() if self._dragged else nullcontext():
                self.desk.go_to(frame)
        if self._stale:
            self._stale = False
            self._show(self.state.desk_of_active())

    def _show(self, desk: Desk | None) -> None:
        # The layer of a pose that was attached later knows more than the desk did at first.
        new = None if desk is None else self.state.open_recordings.get(desk.recording.id)
        clock = None if desk is None or new is None or not desk.clocked else new.timebase
        length = 0 if new is None else new.n_frames
        here = (self.model.n_frames, self.model.timebase)
        if desk is not self.desk or new is None or (length, clock) != here:
            self._leave()
            self.model.set_recording(length, clock)
            if new is not None and desk is not None:
                self._enter(new, desk)
        self.recording = new
        if new is not None:
            self._rebuild(new)
        self.changed.emit()

    def _leave(self) -> None:
        if self.recording is None:
            return
        self._left[self.recording.id] = (self.model.view, self.model.hidden)
        self.state.set_visible(self.recording.id)
        if self.desk is not None:
            self.desk.changed.disconnect(self._on_desk, missing_ok=True)
            self.desk.selected.disconnect(self._on_selected, missing_ok=True)
        if self._extras is not None:
            self._extras.changed.disconnect(self._on_desk, missing_ok=True)
        self.recording = self.desk = self._extras = None

    def _enter(self, recording: Recording, desk: Desk) -> None:
        self.recording, self.desk = recording, desk
        self.desk.changed.connect(self._on_desk)
        self.desk.selected.connect(self._on_selected)
        self._extras = extras_of(self.state, recording.id)
        self._extras.changed.connect(self._on_desk)
        view, hidden = self._left.get(recording.id, (self.model.view, frozenset()))
        self.model.set_view(*view)
        self.model.set_hidden(hidden)
        self._on_view(*self.model.view)

    def _rebuild(self, recording: Recording) -> None:
        if self.desk is None or self._extras is None:
            return
        visits = self._measured_visits(recording)
        if visits is None:
            self.jobs.want(recording, self._extras)
        tracks = build_tracks(recording, self.desk.columns(), self._extras, visits)
        self.model.set_tracks(kept_tracks(tracks, self.model.tracks))
        self.model.set_colours(self.state.colours(recording.id))
        self._on_step()
        self._on_selected()

    def _measured_visits(self, recording: Recording) -> Intervals | None:
        """Return the visits to zones that a person measured in a panel; None when nobody did."""
        shown = self.state.ethograms(recording.id).values()
        visits = [ethogram.bouts for ethogram in shown if are_visits(ethogram)]
        return Intervals.concat(visits) if visits else None

    def _reveal(self) -> None:
        """Bring what was chosen elsewhere, in a table or with a key, into view."""
        if self.desk is None or not self.desk.selection:
            return
        bout = self.desk.book.get(self.desk.selection[0])
        self.model.reveal(bout.start, bout.stop)
