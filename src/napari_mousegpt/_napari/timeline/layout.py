"""Where things lie on the timeline: rows from top to bottom, frames from left to right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from napari_mousegpt._napari.timeline.tracks import BoutTrack, Track

__all__ = ["Row", "Scale", "lay_out"]

#: Heights in pixels: normal and compact. Bouts that overlap get more, so that labels have room.
_BOUT_HEIGHTS = ({0: 22, 1: 22, 2: 31, 3: 44}, {0: 16, 1: 16, 2: 18, 3: 22})
_CURVE_HEIGHT, _GROUP_HEIGHT = (34, 22), (20, 17)


@dataclass(frozen=True)
class Row:
    """One row: a track, or the heading of a group of tracks.

    Parameters
    ----------
    top, height : int
        Pixels from the top of all rows.
    track : Track, optional
        None for a heading.
    title : str
        What stands at the left.
    """

    top: int
    height: int
    track: Track | None
    title: str

    @property
    def bottom(self) -> int:
        """First pixel below."""
        return self.top + self.height


def lay_out(
    tracks: Sequence[Track], *, compact: bool = False, size: float = 1.0
) -> tuple[Row, ...]:
    """Return the rows of some tracks: those of each individual together, in the order given.

    Tracks of no individual come first. Individuals get headings when there are several of them.

    Parameters
    ----------
    tracks : sequence of Track
        What is shown.
    compact : bool
        Whether rows are low.
    size : float
        How many times higher rows are because the letters are larger.
    """
    kind = int(compact)
    groups: dict[str, list[Track]] = {"": []}
    for track in tracks:
        groups.setdefault(track.individual, []).append(track)
    named = len(groups) > 2
    rows: list[Row] = []
    top = 0
    for individual, members in groups.items():
        if named and individual:
            rows.append(Row(top, round(_GROUP_HEIGHT[kind] * size), None, individual))
            top = rows[-1].bottom
        for track in members:
            if isinstance(track, BoutTrack):
                height = _BOUT_HEIGHTS[kind][len(track.lanes)]
            else:
                height = _CURVE_HEIGHT[kind]
            rows.append(Row(top, round(height * size), track, track.title))
            top = rows[-1].bottom
    return tuple(rows)


@dataclass(frozen=True)
class Scale:
    """The one translation between frames and pixels.

    Parameters
    ----------
    start, stop : float
        Stretch in view, in frames.
    left, width : int
        Pixels over which it lies.
    """

    start: float
    stop: float
    left: int
    width: int

    @property
    def step(self) -> float:
        """Frames per pixel."""
        return (self.stop - self.start) / max(self.width, 1)

    def x(self, frame: float) -> float:
        """Return where a frame begins, in pixels."""
        return self.left + (frame - self.start) / self.step if self.step else float(self.left)

    def position(self, x: float) -> float:
        """Return the place under a pixel position, in frames with fractions."""
        return self.start + (x - self.left) * self.step

    def frames_at(self, x: float) -> tuple[int, int]:
        """Return the frames that a pixel column shows, half-open; the column nearest to x.

        The same rule as :func:`napari_mousegpt._napari.timeline.detail.column_frames`.
        """
        column = min(max(math.floor(x) - self.left, 0), max(self.width - 1, 0))
        if self.stop - self.start >= self.width:
            span = (self.stop - self.start) / max(self.width, 1)
            lo = math.floor(self.start + column * span + 1e-9)
            hi = math.floor(self.start + (column + 1) * span + 1e-9)
            hi = math.floor(self.stop + 1e-9) if column == self.width - 1 else hi
            return lo, max(hi, lo + 1)
        frame = math.floor(self.start + (column + 0.5) * self.step + 1e-9)
        return frame, frame + 1

    def columns(self, start: int, stop: int) -> tuple[int, int]:
        """Return the pixel columns that show some frames, half-open; at least one.

        The other direction of :meth:`frames_at`.
        """
        if not self.step:
            return self.left, self.left + 1
        if self.stop - self.start >= self.width:
            # A frame belongs to the last column that begins before its end.
            first = math.ceil((start + 1 - self.start - 1e-9) / self.step) - 1
            last = math.ceil((stop - self.start - 1e-9) / self.step)
        else:
            first, last = (
                math.ceil((frame - self.start - 1e-9) / self.step - 0.5) for frame in (start, stop)
            )
        return self.left + first, self.left + max(last, first + 1)

    def frame_at(self, x: float) -> int:
        """Return the frame that a click shows: the middle one of the column."""
        lo, hi = self.frames_at(x)
        return (lo + hi - 1) // 2

    def edge_at(self, x: float) -> int:
        """Return the border between two frames that is nearest, as a half-open end."""
        place = self.position(min(max(x, self.left), self.left + self.width))
        return math.floor(place + 0.5)
