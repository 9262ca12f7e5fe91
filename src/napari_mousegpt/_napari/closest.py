"""What a video encoder says of windows: the human actions they look like, and which are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt._napari.bout_words import time_text
from napari_mousegpt._napari.outcome import ResultRow
from napari_mousegpt.vectors import Projected, action_profile, nearest

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.runs import RunResult

__all__ = ["CAUTION", "Closest"]

#: What has to stand beside the names.
CAUTION = "What it looks like to a model of people. No verdict on what the mouse does."
#: Windows that are looked through for those to list: neighbours and other animals are left out.
_SOUGHT = 200


class Closest:
    """Actions and nearest windows of one finished run.

    Parameters
    ----------
    projected : Projected
        What the encoder made of the windows.
    result : RunResult
        Whose windows they are; names of clusters come from it.
    """

    def __init__(self, projected: Projected, result: RunResult) -> None:
        self.projected = projected
        self.recording: Recording = result.recording
        self._names: dict[tuple[str, int], str] = {}
        if result.groups is not None:
            named = result.groups.assignments[["individual", "start", "name"]]
            self._names = {(str(who), int(at)): str(name) for who, at, name in named.to_numpy()}

    def actions(self, top: int = 8) -> list[ResultRow]:
        """Return the human actions that the windows look most like; none without names."""
        shares = self.projected.probabilities
        if shares is None or not len(shares):
            return []
        rows, starts = [], self.projected.vectors.intervals.start
        for row in action_profile(shares, self.projected.actions, top=top).itertuples():
            frame = int(starts[row.example])
            windows = f"{row.best_in} of {len(shares)}"
            cells = (str(row.action), f"{row.probability:.0%}", windows, self._at(frame))
            rows.append(ResultRow(cells, f"the likeliest action in {windows} windows.", frame))
        return rows

    def window_at(self, frame: int) -> int:
        """Return the row of the window whose middle is nearest to a frame."""
        intervals = self.projected.vectors.intervals
        return int(np.abs(intervals.start + intervals.stop - 2 * frame - 1).argmin())

    def window_from(self, frame: int) -> int:
        """Return the row of the window that begins nearest to a frame."""
        return int(np.abs(self.projected.vectors.intervals.start - frame).argmin())

    def nearest(self, row: int, k: int = 8) -> list[ResultRow]:
        """Return the windows most like one, none of the same time; the most similar first."""
        vectors = self.projected.vectors
        begin, end = int(vectors.intervals.start[row]), int(vectors.intervals.stop[row])
        rows, taken = [], {(begin, end)}
        for found in nearest(vectors, row, _SOUGHT).itertuples():
            start, stop, who = int(found.start), int(found.stop), str(found.individual)
            # Without a crop all animals share what was seen.
            if (start, stop) in taken or (start < end and stop > begin):
                continue
            taken.add((start, stop))
            name = self._names.get((who, start), "")
            cells = (name or "in no cluster", f"{found.similarity:.2f}", self._at(start))
            seconds = self.recording.timebase.time(np.array([start, stop]))
            text = f"{time_text(float(seconds[0]))} to {time_text(float(seconds[1]))}"
            sentence = f"{who} {text}, similarity {found.similarity:.2f}.".lstrip()
            rows.append(ResultRow(cells, sentence, start))
            if len(rows) == k:
                break
        return rows

    def title(self, row: int) -> str:
        """Return what the list of nearest windows is about."""
        start = int(self.projected.vectors.intervals.start[row])
        return f"Windows most like the one {self._at(start)}"

    def _at(self, frame: int) -> str:
        return f"at {time_text(float(self.recording.timebase.time(frame)))}"
