"""What lies on the timeline: tracks of bouts and tracks of curves, as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt._napari.timeline.curves import CurvePyramid
from napari_mousegpt._napari.timeline.lanes import Lane, stack
from napari_mousegpt.errors import InputError

__all__ = ["BOUT_KINDS", "CURVE_KINDS", "SHADES", "BoutTrack", "CurveTrack", "Track"]

#: Kinds of tracks of bouts.
BOUT_KINDS = ("human", "model", "cluster", "interval", "zone", "epoch")
#: Shades of a colour by confidence.
SHADES = 32
#: Kinds of tracks of curves.
CURVE_KINDS = ("confidence", "novelty", "kinematic")


@dataclass(frozen=True, eq=False)
class BoutTrack:
    """One row of bouts. All arrays have one value per bout; they are sorted by start here.

    Parameters
    ----------
    key : str
        Names the track among all of a timeline.
    title : str
        Stands in the heading of the row; the individual is said by the heading of its group.
    kind : str
        One of :data:`BOUT_KINDS`.
    individual : str
        Whose bouts; empty for those of no animal.
    start, stop : array_like of int, shape (n,)
        Half-open frames of the recording. A bout that starts where it stops is a point event.
    label : array_like of str
        What the bout is called.
    confidence : array_like of float, optional
        0 to 1, NaN where none is given.
    status : array_like of str, optional
        ``"proposed"``, ``"accepted"`` or ``"rejected"``; proposed where none is given.
    bout_id : array_like of str, optional
        What selects the bout; a bout without an id cannot be selected.
    words : array_like of str, optional
        A description, for the tooltip.
    editable : bool
        Whether the edges of a selected bout can be dragged.
    source : array_like of str, optional
        Who says so, for the tooltip; the kind of the track by default.

    Raises
    ------
    InputError
        For a kind that is not known, and for arrays of unequal length.
    """

    key: str
    title: str
    kind: str
    individual: str
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    label: NDArray[Any]
    confidence: NDArray[np.float64] | None = None
    status: NDArray[Any] | None = None
    bout_id: NDArray[Any] | None = None
    words: NDArray[Any] | None = None
    editable: bool = False
    source: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        _check_kind(self.key, self.kind, BOUT_KINDS)
        n = np.size(self.start)
        columns: dict[str, NDArray[Any]] = {
            "start": np.asarray(self.start, dtype=np.int64).reshape(-1),
            "stop": np.asarray(self.stop, dtype=np.int64).reshape(-1),
            "label": _texts(self.label, n, ""),
            "confidence": _numbers(self.confidence, n),
            "status": _texts(self.status, n, "proposed"),
            "bout_id": _texts(self.bout_id, n, ""),
            "words": _texts(self.words, n, ""),
            "source": _texts(self.source, n, self.kind),
        }
        for name, values in columns.items():
            if len(values) != n:
                raise InputError(
                    f"track {self.key!r}, {name}", expected=f"{n} values", found=str(len(values))
                )
        start = columns["start"]
        order = None
        if n and np.any(start[1:] < start[:-1]):
            order = np.argsort(start, kind="stable")
        for name, values in columns.items():
            object.__setattr__(self, name, values if order is None else values[order])

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """The bouts in lanes, so that those that overlap stand one below the other."""
        return stack(self.start, self.stop)

    @cached_property
    def points(self) -> NDArray[np.int64]:
        """Rows of the point events."""
        return np.flatnonzero(self.stop <= self.start)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels that occur."""
        return self._coded[1]

    @property
    def code(self) -> NDArray[np.int64]:
        """Place of each label in :attr:`names`."""
        return self._coded[0]

    @cached_property
    def _coded(self) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        import pandas as pd

        code, names = pd.factorize(self.label)
        return np.asarray(code, dtype=np.int64), tuple(map(str, names))

    @cached_property
    def look(self) -> NDArray[np.int64]:
        """Label and shade of each bout in one number: ``code * (SHADES + 1) + shade``.

        A proposed bout is the fainter the less sure it is; the shade of rejected ones is SHADES.
        """
        import pandas as pd

        status, names = pd.factorize(self.status)
        places = {str(name): place for place, name in enumerate(names)}
        shade = np.full(len(self), SHADES - 1, dtype=np.int64)
        unsure = (status == places.get("proposed", -2)) & ~np.isnan(self.confidence)
        shade[unsure] = np.rint(np.clip(self.confidence[unsure], 0, 1) * (SHADES - 1))
        shade[status == places.get("rejected", -2)] = SHADES
        return self.code * (SHADES + 1) + shade

    def rows_of(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the rows of some bouts, sorted; ids that are not here are passed over."""
        import pandas as pd

        wanted = [bout for bout in ids if bout]
        if not wanted:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(pd.Index(self.bout_id).isin(wanted))


@dataclass(frozen=True, eq=False)
class CurveTrack:
    """One row with a curve.

    Parameters
    ----------
    key, title, individual : str
        As of :class:`BoutTrack`.
    kind : str
        One of :data:`CURVE_KINDS`.
    values : array_like of float, shape (n_frames,)
        One value per frame, NaN where there is none.
    unit : str
        Unit of the values, empty when they have none.

    Raises
    ------
    InputError
        For a kind that is not known, and for values that are no row of numbers.
    """

    key: str
    title: str
    kind: str
    individual: str
    values: NDArray[np.float32]
    unit: str = ""

    def __post_init__(self) -> None:
        _check_kind(self.key, self.kind, CURVE_KINDS)
        values = np.asarray(self.values, dtype=np.float32)
        if values.ndim != 1:
            raise InputError(
                f"track {self.key!r}", expected="one value per frame", found=f"{values.shape}"
            )
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def pyramid(self) -> CurvePyramid:
        """Lowest and highest values of blocks of frames."""
        return CurvePyramid(self.values)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Values at the lower and the upper edge of the track."""
        low, high = self.pyramid.limits
        if self.kind == "confidence":
            return min(0.0, low), max(1.0, high)
        if not np.isfinite(low):
            return 0.0, 1.0
        # A quantity that cannot be negative is read from zero.
        low = min(low, 0.0) if low >= 0 else low
        return (low, high) if high > low else (low, low + 1.0)


Track = BoutTrack | CurveTrack


def _check_kind(key: str, kind: str, kinds: tuple[str, ...]) -> None:
    if kind not in kinds:
        raise InputError(f"track {key!r}, kind {kind!r}", expected=f"one of {', '.join(kinds)}")


def _texts(values: ArrayLike | None, n: int, default: str) -> NDArray[Any]:
    if values is None:
        return np.full(n, default, dtype=object)
    return np.asarray(values, dtype=object).reshape(-1)


def _numbers(values: ArrayLike | None, n: int) -> NDArray[np.float64]:
    if values is None:
        return np.full(n, np.nan)
    return np.asarray(values, dtype=np.float64).reshape(-1)
