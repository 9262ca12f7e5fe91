"""Where to go next among bouts, as arithmetic on columns.

All functions take the columns of a desk, sorted by start, and answer with positions among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.correction_settings import correction_settings
from napari_mousegpt._napari.label_roles import role_of_source
from napari_mousegpt.core.ethogram import SOURCES
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt._napari.desk_marks import Marks

__all__ = [
    "KINDS",
    "Disagreements",
    "Mover",
    "disagreements",
    "low_confidence",
    "next_place",
    "plain_label",
]

#: What can be looked for.
KINDS = ("bout", "low confidence", "disagreement")

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Disagreements:
    """Stretches in which a person and a model say different things of an individual, by time.

    Parameters
    ----------
    start, stop : ndarray of int64, shape (n,)
        Half-open, in frames.
    human, model : ndarray of str, shape (n,)
        Ids of the two bouts.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    human: NDArray[np.object_]
    model: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.start)


def plain_label(label: str) -> str:
    """Return a label as it is compared: without case, and any run of blanks or underscores as one.

    Examples
    --------
    >>> plain_label("Moving_in  place")
    'moving in place'
    """
    return " ".join(str(label).replace("_", " ").casefold().split())


def next_place(wanted: NDArray[np.bool_], after: float, *, back: bool = False) -> int | None:
    """Return the first position that is wanted after (or the last one before) a place.

    Parameters
    ----------
    wanted : ndarray of bool, shape (n,)
        Which rows can be gone to.
    after : float
        A position, or a place between two of them.
    back : bool
        Look before the place instead.
    """
    rows = np.flatnonzero(wanted)
    if back:
        rows = rows[rows < after]
        return int(rows[-1]) if rows.size else None
    rows = rows[rows > after]
    return int(rows[0]) if rows.size else None


def low_confidence(columns: Columns, below: float) -> NDArray[np.bool_]:
    """Return which bouts are proposed with less than this confidence, shape (n,).

    A bout without a confidence is not unsure: nobody has said so.
    """
    unsure = np.asarray(columns["confidence"], dtype=np.float64) < below
    rows = np.flatnonzero(unsure)
    unsure[rows] = columns["status"][rows] == "proposed"
    return np.asarray(unsure)


def disagreements(columns: Columns, *, alone: bool) -> Disagreements:
    """Return where people and models disagree.

    Frames for which somebody gave the label of the model too are no disagreement: an animal can
    rear and sniff at once.

    Parameters
    ----------
    columns : mapping of str to ndarray
        ``start``, ``stop``, ``individual``, ``label``, ``source``, ``status``, ``bout_id``.
    alone : bool
        Whether there is one animal, so that labels of the whole picture are its labels.
    """
    source, kept = columns["source"], columns["status"] != "rejected"
    human = np.flatnonzero(kept & ((source == "human") | (source == "import")))
    model = np.flatnonzero(kept & (source == "model"))
    start = np.asarray(columns["start"], dtype=np.int64)
    stop = np.asarray(columns["stop"], dtype=np.int64)
    left, right = _overlapping(start, stop, human, model)
    if not alone:
        same = columns["individual"][left] == columns["individual"][right]
        left, right = left[same], right[same]
    agree = _alike(columns["label"][left], columns["label"][right])
    spans = np.column_stack(
        [np.maximum(start[left], start[right]), np.minimum(stop[left], stop[right])]
    )
    # Mostly nobody agrees with a model bout that somebody disagrees with; the others are few.
    doubtful = ~agree & np.isin(right, right[agree])
    plain = ~agree & ~doubtful
    pieces = _disputed(spans, right, agree, np.flatnonzero(doubtful))
    bounds = np.concatenate([spans[plain], np.array([p[:2] for p in pieces]).reshape(-1, 2)])
    rows = np.concatenate([np.flatnonzero(plain), np.array([p[2] for p in pieces], dtype=np.intp)])
    order = np.lexsort((rows, bounds[:, 1], bounds[:, 0]))
    ids, rows = columns["bout_id"], rows[order]
    begins, ends = bounds[order].astype(np.int64).T
    return Disagreements(begins, ends, ids[left[rows]], ids[right[rows]])


def _alike(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether pairs of labels say the same, shape (n,)."""
    codes: dict[str, int] = {}
    numbers = {
        label: codes.setdefault(plain_label(label), len(codes))
        for label in {*one.tolist(), *other.tolist()}
    }
    first, second = ([numbers[label] for label in side.tolist()] for side in (one, other))
    return np.asarray(np.array(first, dtype=np.int64) == np.array(second, dtype=np.int64))


def _disputed(
    spans: NDArray[np.int64],
    model: NDArray[np.intp],
    agree: NDArray[np.bool_],
    doubtful: NDArray[np.intp],
) -> list[tuple[int, int, int]]:
    """Return what is left of some spans without those that agree with the same model bout.

    Each as start, stop, and the number of the span.
    """
    agreed: dict[int, list[tuple[int, int]]] = {}
    for bout, span in zip(model[agree].tolist(), spans[agree].tolist(), strict=True):
        agreed.setdefault(bout, []).append((span[0], span[1]))
    return [
        (begin, end, row)
        for row, (start, stop), bout in zip(
            doubtful.tolist(), spans[doubtful].tolist(), model[doubtful].tolist(), strict=True
        )
        for begin, end in _without(start, stop, agreed[bout])
    ]


class Mover:
    """Finds where a desk goes next. What takes long to find is kept until the bouts change."""

    def __init__(self) -> None:
        self._columns: Columns = {}
        self._found: Disagreements | None = None

    def next(self, desk: Marks, kind: str, *, back: bool = False) -> tuple[str, int] | None:
        """Return the id of the next bout of a kind and the frame to show.

        Bouts come after the chosen one, if it is on screen, else after the frame on screen.

        Raises
        ------
        InputError
            When there is no such kind.
        """
        if kind not in KINDS:
            raise InputError(f"kind {kind!r}", expected=f"one of {', '.join(KINDS)}")
        columns = desk.columns()
        if kind == "disagreement":
            return self._disagreement(desk, columns, back=back)
        leading = self._leading(desk)
        if kind == "low confidence":
            wanted = low_confidence(columns, correction_settings().low_confidence)
        else:
            wanted = np.asarray(columns["status"] != "rejected")
            if leading is not None:
                row = desk.book.get(leading)
                kin = [s for s in SOURCES if role_of_source(s) == role_of_source(row.source)]
                track = np.logical_or.reduce([columns["source"] == source for source in kin])
                wanted = wanted & track & (columns["individual"] == row.individual)
        after = _place(columns, leading, desk.frame, back=back)
        place = next_place(wanted, after, back=back)
        if place is None:
            return None
        return str(columns["bout_id"][place]), int(columns["start"][place])

    def _disagreement(self, desk: Marks, columns: Columns, *, back: bool) -> tuple[str, int] | None:
        if self._found is None or any(columns[n] is not self._columns.get(n) for n in columns):
            self._columns = columns
            self._found = disagreements(columns, alone=len(desk.recording.individuals) < 2)
        found, here = self._found, desk.frame
        place = int(np.searchsorted(found.start, here, side="left" if back else "right"))
        place -= int(back)
        if not 0 <= place < len(found):
            return None
        return str(found.model[place]), int(found.start[place])

    @staticmethod
    def _leading(desk: Marks) -> str | None:
        """Return the chosen bout while it is on screen."""
        if not desk.selection:
            return None
        row = desk.book.get(desk.selection[0])
        on_screen = row.start <= desk.frame < max(row.stop, row.start + 1)
        return row.bout_id if on_screen else None


def _place(columns: Columns, leading: str | None, frame: int, *, back: bool) -> float:
    """Return the position of a bout, or the place between two where a frame is."""
    if leading is not None:
        return float(np.flatnonzero(columns["bout_id"] == leading)[0])
    side = "left" if back else "right"
    return float(np.searchsorted(columns["start"], frame, side=side)) - 0.5


def _overlapping(
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of rows, one of each side, that share a frame; rows are sorted by start."""
    if not left.size or not right.size:
        return left[:0], right[:0]
    longest = int((stop[right] - start[right]).max())
    first = np.searchsorted(start[right], start[left] - longest, side="left")
    last = np.searchsorted(start[right], stop[left], side="left")
    counts = np.maximum(last - first, 0)
    ours = np.repeat(left, counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    theirs = right[np.repeat(first, counts) + offset]
    # Events without length share no frame with anything.
    keep = np.maximum(start[ours], start[theirs]) < np.minimum(stop[ours], stop[theirs])
    return ours[keep], theirs[keep]


def _without(start: int, stop: int, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of ``[start, stop)`` without some spans."""
    rest = []
    for begin, end in sorted(spans):
        if begin > start:
            rest.append((start, min(begin, stop)))
        start = max(start, end)
        if start >= stop:
            break
    if start < stop:
        rest.append((start, stop))
    return [(begin, end) for begin, end in rest if begin < end]
