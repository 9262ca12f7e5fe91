"""Which bout lies under a pixel, and what is said about it."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.timeline.detail import bout_columns
from napari_mousegpt._napari.timeline.layout import Row, Scale
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.ruler import moment, span_text
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack

__all__ = ["Hit", "bout_at", "bout_tip", "curve_tip"]


@dataclass(frozen=True)
class Hit:
    """A bout: its track, its row there, and its id (empty when it has none)."""

    track: BoutTrack
    place: int

    @property
    def bout_id(self) -> str:
        """Id of the bout."""
        return str(self.track.bout_id[self.place])  # type: ignore[index]

    @property
    def frames(self) -> tuple[int, int]:
        """Half-open frames of the bout."""
        return int(self.track.start[self.place]), int(self.track.stop[self.place])


def bout_at(row: Row, scale: Scale, x: float, y: float) -> Hit | None:
    """Return the bout that is painted at a place, None when there is none.

    Parameters
    ----------
    row : Row
        The row under the place.
    scale : Scale
        Frames and pixels.
    x, y : float
        Pixels; y from the top of the row.
    """
    track = row.track
    if not isinstance(track, BoutTrack) or not scale.left <= x < scale.left + scale.width:
        return None
    lo, hi = (np.array([frame]) for frame in scale.frames_at(x))
    if len(track.points):
        point = _point_at(track.start[track.points], scale, x)
        if point is not None:
            return Hit(track, int(track.points[point]))
    inset = 2 if row.height >= 20 else 1
    height = row.height - 1 - 2 * inset
    # The lane that was painted last lies on top.
    for number in range(len(track.lanes) - 1, -1, -1):
        lane = track.lanes[number]
        shown = int(bout_columns(lane, lo, hi)[0])
        if shown >= 0:
            share = int(lane.of[shown])
            top, bottom = (inset + round(height * p / share) for p in (number, number + 1))
            if (top if number else 0) <= y < (bottom if number < share - 1 else row.height):
                return Hit(track, int(lane.row[shown]))
    return None


def _point_at(frames: NDArray[np.int64], scale: Scale, x: float) -> int | None:
    """Return the place of the event nearest to a pixel; some pixels beside it count too."""
    after = int(np.searchsorted(frames, scale.position(x)))
    near = [place for place in (after - 1, after) if 0 <= place < len(frames)]
    best = min(near, key=lambda place: abs(scale.x(int(frames[place])) - x), default=None)
    return best if best is not None and abs(scale.x(int(frames[best])) + 1 - x) <= 3 else None


def bout_tip(model: TimelineModel, hit: Hit) -> str:
    """Return what a tooltip says of a bout, as rich text."""
    track, place = hit.track, hit.place
    label = html.escape(str(track.label[place])) or "(no label)"
    colour = model.colour(str(track.label[place]))
    lines = [f'<b><span style="color:{colour}">&#9632;</span> {label}</b>']
    if track.individual:
        lines[0] += f" · {html.escape(track.individual)}"
    lines.append(html.escape(span_text(*hit.frames, model.timebase)))
    confidence = float(track.confidence[place])  # type: ignore[index]
    facts = [str(track.source[place]), str(track.status[place])]  # type: ignore[index]
    if not np.isnan(confidence):
        facts.append(f"confidence {confidence:.2f}")
    lines.append(html.escape(" · ".join(fact for fact in facts if fact)))
    words = str(track.words[place])  # type: ignore[index]
    if words:
        lines.append(f"<i>{html.escape(words)}</i>")
    return f'<div style="max-width: 420px">{"<br>".join(lines)}</div>'


def curve_tip(model: TimelineModel, track: CurveTrack, frames: tuple[int, int]) -> str:
    """Return what a tooltip says of a curve at a pixel column."""
    lo, hi = (np.array([frame]) for frame in frames)
    low, high = (float(part[0]) for part in track.pyramid.extremes(lo, hi))
    when = f"frame {frames[0]:,}"
    if model.timebase is not None and frames[0] < model.n_frames:
        when = f"{moment(model.timebase.time(frames[0]))} (frame {frames[0]:,})"
    if np.isnan(low):
        value = "no value"
    else:
        value = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        value = f"{value} {html.escape(track.unit)}".strip()
    return f"<b>{html.escape(track.title)}</b>: {value}<br>{when}"
