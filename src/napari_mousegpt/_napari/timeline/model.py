"""What a timeline shows and which part of it: the state behind the canvas, without a window."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from psygnal import Signal

from napari_mousegpt._napari.timeline.tracks import Track
from napari_mousegpt.core.colours import label_colour
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

__all__ = ["TimelineModel"]

#: Fewest frames that fill the width.
_CLOSEST = 8.0


class TimelineModel:
    """Tracks of one recording, the stretch in view, the current frame and what is selected.

    Setters emit their signal only when something changed, so that two of them may be wired to each
    other both ways.

    Parameters
    ----------
    n_frames : int
        Length of the recording; 0 while none is open.
    timebase : Timebase, optional
        Clock of the recording; None when its rate is not known, then frames are counted.
    """

    #: Emitted with (start, stop) in frames, fractions included.
    view_changed = Signal(float, float)
    #: Emitted with the current frame.
    frame_changed = Signal(int)
    #: Emitted when tracks came, went, were hidden or changed, and when the recording did.
    tracks_changed = Signal()
    #: Emitted when labels got other colours.
    colours_changed = Signal()
    #: Emitted with the ids of the selected bouts.
    selection_changed = Signal(tuple)
    #: Emitted with (start, stop) or None.
    interval_changed = Signal(object)

    def __init__(self, n_frames: int = 0, timebase: Timebase | None = None) -> None:
        self._tracks: tuple[Track, ...] = ()
        self._hidden: frozenset[str] = frozenset()
        self._colours: dict[str, str] = {}
        self._own_colours: dict[str, str] = {}
        self._view = (0.0, float(n_frames))
        self._frame = 0
        self._selection: tuple[str, ...] = ()
        self._interval: tuple[int, int] | None = None
        self._compact = False
        #: Whether the view turns to the next page when the current frame leaves it.
        self.follow = True
        self._n_frames, self._timebase = _checked(n_frames, timebase)

    @property
    def n_frames(self) -> int:
        """Length of the recording."""
        return self._n_frames

    @property
    def timebase(self) -> Timebase | None:
        """Clock of the recording, None when its rate is not known."""
        return self._timebase

    def set_recording(self, n_frames: int, timebase: Timebase | None = None) -> None:
        """Show another recording: nothing is selected, everything is in view, no tracks yet."""
        self._n_frames, self._timebase = _checked(n_frames, timebase)
        self._tracks, self._hidden, self._frame = (), frozenset(), 0
        self.select()
        self.set_interval(None)
        self._view = (0.0, float(n_frames))
        self.tracks_changed.emit()
        self.view_changed.emit(*self._view)
        self.frame_changed.emit(0)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks, top to bottom."""
        return self._tracks

    def set_tracks(self, tracks: Iterable[Track]) -> None:
        """Show these tracks. A track that is handed in again keeps what was computed for it.

        Raises
        ------
        InputError
            When two tracks have the same key.
        """
        new = tuple(tracks)
        keys = [track.key for track in new]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InputError("tracks", expected="one track per key", found=f"{twice!r} twice")
        if len(new) != len(self._tracks) or any(
            a is not b for a, b in zip(new, self._tracks, strict=True)
        ):
            self._tracks = new
            self.tracks_changed.emit()

    @property
    def hidden(self) -> frozenset[str]:
        """Keys of the tracks that are not shown."""
        return self._hidden

    def set_hidden(self, keys: Iterable[str]) -> None:
        """Hide the tracks with these keys and show all others."""
        new = frozenset(keys)
        if new != self._hidden:
            self._hidden = new
            self.tracks_changed.emit()

    @property
    def shown_tracks(self) -> tuple[Track, ...]:
        """Tracks that are not hidden."""
        return tuple(track for track in self._tracks if track.key not in self._hidden)

    @property
    def compact(self) -> bool:
        """Whether rows are low."""
        return self._compact

    def set_compact(self, compact: bool) -> None:
        """Make rows low or of normal height."""
        if bool(compact) != self._compact:
            self._compact = bool(compact)
            self.tracks_changed.emit()

    def colour(self, label: str) -> str:
        """Return the colour of a label as ``"#rrggbb"``."""
        colour = self._colours.get(label)
        if colour is None:
            colour = self._own_colours.get(label)
            if colour is None:
                colour = self._own_colours[label] = label_colour(label)
        return colour

    def set_colours(self, colours: Mapping[str, str]) -> None:
        """Give labels their colours; labels that are not named keep their own."""
        new = dict(colours)
        if new != self._colours:
            self._colours = new
            self.colours_changed.emit()

    @property
    def frame(self) -> int:
        """Current frame."""
        return self._frame

    def set_frame(self, frame: int) -> None:
        """Move the current frame, and the view after it if it was left."""
        new = min(max(int(frame), 0), max(self._n_frames - 1, 0))
        if new == self._frame:
            return
        self._frame = new
        if self.follow:
            self.reveal(new)
        self.frame_changed.emit(new)

    @property
    def selection(self) -> tuple[str, ...]:
        """Ids of the selected bouts."""
        return self._selection

    def select(self, *ids: str) -> None:
        """Select these bouts only."""
        new = tuple(dict.fromkeys(ids))
        if new != self._selection:
            self._selection = new
            self.selection_changed.emit(new)

    @property
    def interval(self) -> tuple[int, int] | None:
        """The marked interval as half-open frames, None when there is none."""
        return self._interval

    def set_interval(self, interval: Sequence[int] | None) -> None:
        """Mark an interval, or none."""
        new = None if interval is None else (int(interval[0]), int(interval[1]))
        if new != self._interval:
            self._interval = new
            self.interval_changed.emit(new)

    @property
    def view(self) -> tuple[float, float]:
        """The stretch in view, in frames with fractions."""
        return self._view

    @property
    def visible(self) -> tuple[int, int]:
        """The frames in view, half-open; those cut by an edge are in."""
        return math.floor(self._view[0]), math.ceil(self._view[1])

    def set_view(self, start: float, stop: float) -> None:
        """Show a stretch; it is moved and, if it must, cut to lie in the recording."""
        whole = float(self._n_frames)
        span = min(max(stop - start, _CLOSEST), whole)
        start = min(max(start, 0.0), whole - span)
        new = (start, start + span if start + span < whole else whole)
        if new != self._view:
            self._view = new
            self.view_changed.emit(*new)

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show a shorter stretch (factor above 1) or a longer one.

        Parameters
        ----------
        factor : float
            How many times larger things get.
        around : float, optional
            The frame that stays where it is; by default the current frame if it is in view, else
            the middle.
        """
        start, stop = self._view
        if around is None:
            inside = start <= self._frame < stop
            around = self._frame + 0.5 if inside else (start + stop) / 2
        span = min(max((stop - start) / factor, _CLOSEST), float(self._n_frames))
        ratio = span / (stop - start) if stop > start else 1.0
        begin = around - (around - start) * ratio
        self.set_view(begin, begin + span)

    def pan(self, frames: float) -> None:
        """Move the view to later frames; to earlier ones with a negative number."""
        start, stop = self._view
        self.set_view(start + frames, stop + frames)

    def fit(self) -> None:
        """Show the whole recording."""
        self.set_view(0.0, float(self._n_frames))

    def reveal(self, start: int, stop: int | None = None) -> None:
        """Move the view so that a frame or a stretch is in it; nothing moves if it already is.

        A stretch that is too long for the view is zoomed out to.
        """
        stop = start + 1 if stop is None else max(stop, start + 1)
        left, right = self._view
        if left <= start and stop <= right:
            return
        span = right - left
        if stop - start > span * 0.9:
            span = (stop - start) / 0.8
        # As turning a page: what comes next is seen first.
        begin = start - (0.08 if start >= left else 0.92) * span
        begin = min(begin, start - 0.02 * span)
        if stop - start > 1:
            begin = (start + stop - span) / 2
        self.set_view(begin, begin + span)


def _checked(n_frames: int, timebase: Timebase | None) -> tuple[int, Timebase | None]:
    if n_frames < 0:
        raise InputError(f"timeline of {n_frames} frames", expected="0 frames or more")
    if timebase is not None and timebase.n_frames < n_frames:
        raise InputError(
            "time base of the timeline",
            expected=f"{n_frames} frames or more",
            found=f"{timebase.n_frames}",
        )
    return int(n_frames), timebase
