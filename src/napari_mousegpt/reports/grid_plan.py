"""What a grid movie shows when: which frame of which recording stands in which cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips import CropParams
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

__all__ = ["Cell", "GridParams", "GridPlan", "plan_grid"]

#: Pictures per second that players keep up with.
_FASTEST = Fraction(60)


@dataclass(frozen=True)
class GridParams:
    """How a grid movie looks.

    Parameters
    ----------
    columns : int
        Clips in a row; 0 chooses.
    per_page : int
        Clips that play at once. More come on further pages, one after the other.
    before_s, after_s : float
        Seconds shown before a bout begins, and after it ends.
    longest_s : float
        At most so many seconds of a bout.
    speed : float
        1 is as fast as it was, 0.5 half as fast.
    captions : bool
        Write recording, animal and time under each clip.
    crops : CropParams
        How clips are cut out.
    """

    columns: int = 0
    per_page: int = 36
    before_s: float = 0.5
    after_s: float = 0.5
    longest_s: float = 3.0
    speed: float = 1.0
    captions: bool = True
    crops: CropParams = field(default_factory=CropParams)

    def __post_init__(self) -> None:
        if self.columns < 0 or not 1 <= self.per_page <= 400:
            raise InputError(
                "grid",
                expected="columns of 0 or more, and 1 to 400 clips on a page",
                found=f"{self.columns} and {self.per_page}",
            )
        if self.before_s < 0 or self.after_s < 0 or not self.longest_s > 0 or not self.speed > 0:
            raise InputError(
                "grid",
                expected="before_s and after_s of 0 or more; longest_s and speed above 0",
                found=f"{self.before_s:g}, {self.after_s:g}, {self.longest_s:g}, {self.speed:g}",
            )


@dataclass(frozen=True, eq=False)
class Cell:
    """One clip of a grid.

    Parameters
    ----------
    recording, individual, bout_id, label : str
        Of the bout.
    start, stop : int
        The bout, in frames of its recording.
    frames : ndarray of int64, shape (n,)
        Frame shown in each picture of the page; -1 before the recording begins. After the last
        one the clip holds.
    bout_stop : int
        Picture of the page in which the bout is over; a bout that is cut goes on to its end.
    seconds : float
        Time of the recording at which the bout begins.
    """

    recording: str
    individual: str
    bout_id: str
    label: str
    start: int
    stop: int
    frames: NDArray[np.int64]
    bout_stop: int
    seconds: float


@dataclass(frozen=True, eq=False)
class GridPlan:
    """Pages of clips that play one after the other.

    Parameters
    ----------
    pages : tuple of tuple of Cell
    begin : int
        Picture of each page in which its bouts begin.
    rate : Fraction
        Pictures per second of the movie.
    columns, rows : int
        Of a full page.
    params : GridParams
    """

    pages: tuple[tuple[Cell, ...], ...]
    begin: int
    rate: Fraction
    columns: int
    rows: int
    params: GridParams

    def length(self, page: int) -> int:
        """Return the number of pictures of a page."""
        return max(len(cell.frames) for cell in self.pages[page])

    def reads(self, page: int) -> int:
        """Return the number of pictures of recordings that a page is made of."""
        frames: dict[str, set[int]] = {}
        for cell in self.pages[page]:
            frames.setdefault(cell.recording, set()).update(cell.frames[cell.frames >= 0].tolist())
        return sum(map(len, frames.values()))

    @property
    def n_pictures(self) -> int:
        """Number of pictures of the movie."""
        return sum(self.length(page) for page in range(len(self.pages)))


def plan_grid(recordings: Mapping[str, Recording], bouts: Ethogram, params: GridParams) -> GridPlan:
    """Lay out bouts as a grid movie.

    Parameters
    ----------
    recordings : mapping of str to Recording
        By id; all that the bouts name.
    bouts : Ethogram
        Shown in the order of their column ``rank``, if they have one.
    params : GridParams

    Raises
    ------
    InputError
        When there is no bout, or one of a recording that is not there, or beyond its end.
    """
    table = bouts.bouts.to_pandas()
    if table.empty:
        raise InputError("grid movie", expected="at least one bout", found="none")
    if "rank" in table.columns:
        table = table.sort_values("rank", kind="stable")
    missing = sorted(set(table["recording"]) - set(recordings))
    if missing:
        raise InputError(
            f"recording {missing[0]!r}",
            expected="all recordings of the bouts",
            found=f"{len(missing)} that are not open",
            remedy="Pass them too, or leave their bouts out.",
        )
    clocks = {name: recordings[name].timebase for name in set(table["recording"])}
    rate = min(max(clock.rate for clock in clocks.values()), _FASTEST)
    speed = Fraction(params.speed).limit_denominator(1000)
    begin = round(Fraction(params.before_s) / speed * rate)
    cells = [_cell(row, clocks[row.recording], begin, rate, speed, params)
             for row in table.itertuples(index=False)]  # fmt: skip
    count = min(len(cells), params.per_page)
    columns = min(params.columns, count) or _columns(count)
    pages = tuple(
        tuple(cells[first : first + params.per_page])
        for first in range(0, len(cells), params.per_page)
    )
    return GridPlan(pages, begin, rate, columns, math.ceil(count / columns), params)


def _columns(count: int) -> int:
    """Choose how many clips stand in a row: wider than high, with few places left empty."""
    square = math.ceil(math.sqrt(count))
    widest = max(square, math.ceil(math.sqrt(2 * count)))
    return min(range(square, widest + 1), key=lambda columns: (-count % columns, columns))


def _cell(
    row: object,
    clock: Timebase,
    begin: int,
    rate: Fraction,
    speed: Fraction,
    params: GridParams,
) -> Cell:
    recording, start, stop = str(row.recording), int(row.start), int(row.stop)  # type: ignore[attr-defined]
    if not 0 <= start < clock.n_frames:
        raise InputError(
            f"bout at frame {start} of {recording!r}",
            expected=f"within its {clock.n_frames} frames",
            remedy="Check that the labels belong to this recording.",
        )
    end = min(max(stop, start + 1), clock.n_frames)
    lasts = clock.exact_time(end) - clock.exact_time(start)
    seen = min(lasts, Fraction(params.longest_s))
    bout = max(1, round(seen / speed * rate))
    after = round(Fraction(params.after_s) / speed * rate)
    frames = _frames(clock, start, np.arange(-begin, bout + after), speed / rate)
    return Cell(
        recording,
        str(row.individual),  # type: ignore[attr-defined]
        str(row.bout_id),  # type: ignore[attr-defined]
        str(row.label),  # type: ignore[attr-defined]
        start,
        stop,
        frames,
        begin + bout + (after if lasts > seen else 0),
        float(clock.exact_time(start)),
    )


def _frames(
    clock: Timebase, start: int, steps: NDArray[np.int64], seconds: Fraction
) -> NDArray[np.int64]:
    """Frames on screen some steps before and after another one; cut where the recording ends."""
    if clock.is_constant:
        # Whole numbers: the first picture of the bout must be its first frame.
        ratio = seconds * clock.rate
        frames = start + steps * ratio.numerator // ratio.denominator
    else:
        moments = clock.time(start) + steps * float(seconds) + 1e-9
        frames = np.full(len(steps), -1, dtype=np.int64)
        inside = (moments >= 0) & (moments < clock.duration)
        frames[inside] = clock.frame_at(moments[inside], clip=True)
        frames[moments >= clock.duration] = clock.n_frames
    return np.maximum(frames, -1)[frames < clock.n_frames]
