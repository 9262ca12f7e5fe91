"""Ethograms: labelled bouts, who says so, and which stretches were looked at at all."""

from __future__ import annotations

import hashlib
import uuid
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import BOUTS, text_cells
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

__all__ = ["SOURCES", "STATUSES", "Ethogram", "content_bout_ids", "new_bout_ids"]

#: Who may say that a bout is there.
SOURCES = ("human", "model", "cluster", "import")
#: What a person has said about it.
STATUSES = ("proposed", "accepted", "rejected")


def new_bout_ids(count: int) -> list[str]:
    """Return fresh permanent bout ids (32 hexadecimal characters each)."""
    return [uuid.uuid4().hex for _ in range(count)]


def content_bout_ids(bouts: Intervals, source: str) -> list[str]:
    """Return the ids of computed bouts: a hash of who, where, what and by which source.

    The same bout computed twice is the same bout, so that a run that is repeated or resumed gives
    the same table. Bouts marked by a person get :func:`new_bout_ids`.

    Parameters
    ----------
    bouts : Intervals
        With a column ``label``; no two rows are equal.
    source : str
        One of :data:`SOURCES`.
    """
    rows = zip(bouts.range_ids(), bouts.column("label"), strict=True)
    return [
        hashlib.blake2b(f"{key}\x1f{label}\x1f{source}".encode(), digest_size=16).hexdigest()
        for key, label in rows
    ]


class Ethogram:
    """An immutable table of labelled bouts and the spans that were observed.

    A stretch outside ``observed`` was not looked at: it is not an absence of behaviour.

    Parameters
    ----------
    bouts : Intervals
        Rows with column ``label`` and, if known, ``source``, ``confidence``, ``status``,
        ``bout_id``, ``parent_id``, ``comment``; missing columns and cells are filled in (new ids,
        ``source``, NaN, ``"proposed"``).
    observed : Intervals, optional
        Spans that were looked at; by default the span of the bouts of each individual.
    source : str
        Source of the rows that name none, one of :data:`SOURCES`.
    notes : sequence of str
        What a reader guessed or converted, for people; two ethograms are equal whatever they say.

    Raises
    ------
    InputError
        When labels are missing, ids are doubled, a source, status or confidence is not allowed.
    """

    __slots__ = ("bouts", "notes", "observed")

    bouts: Intervals
    observed: Intervals
    notes: tuple[str, ...]

    def __init__(
        self,
        bouts: Intervals,
        observed: Intervals | None = None,
        *,
        source: str = "import",
        notes: Sequence[str] = (),
    ) -> None:
        table = bouts.to_pandas()
        if "label" not in table.columns:
            raise InputError(
                "ethogram", expected="a column 'label'", found=str(list(table.columns))
            )
        for name, value in (
            ("source", source),
            ("status", "proposed"),
            ("parent_id", ""),
            ("comment", ""),
        ):
            cells = text_cells(table[name]) if name in table.columns else np.full(len(table), "")
            table[name] = np.where(cells == "", value, cells).astype(object)
        if "confidence" not in table.columns:
            table["confidence"] = np.nan
        ids = text_cells(table["bout_id"]) if "bout_id" in table.columns else [""] * len(table)
        fresh = iter(new_bout_ids(sum(value == "" for value in ids)))
        table["bout_id"] = [value or next(fresh) for value in ids]
        table = BOUTS.check(table)
        _check_values(table, "source", SOURCES)
        _check_values(table, "status", STATUSES)
        if (table["label"] == "").any():
            raise InputError(
                "ethogram",
                expected="a label in every row",
                found=f"an empty one in row {int(np.argmax(table['label'] == ''))}",
            )
        if table["bout_id"].duplicated().any():
            raise InputError("ethogram", expected="unique bout ids", found="a doubled one")
        confidence = table["confidence"].to_numpy()
        if np.any((confidence < 0) | (confidence > 1)):
            raise InputError(
                "ethogram confidence", expected="0 to 1", found=str(np.nanmax(confidence))
            )
        object.__setattr__(self, "bouts", Intervals(table).sort())
        object.__setattr__(
            self, "observed", _spans(bouts) if observed is None else observed.merge()
        )
        object.__setattr__(self, "notes", tuple(notes))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("An Ethogram is immutable: its methods return new ones.")

    def __len__(self) -> int:
        return len(self.bouts)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Ethogram)
            and self.bouts == other.bouts
            and self.observed == other.observed
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Ethogram: {len(self)} bouts of {len(self.labels)} behaviours>"

    @property
    def labels(self) -> tuple[str, ...]:
        """Behaviours that occur, sorted."""
        return tuple(sorted(set(self.bouts.column("label"))))

    def to_pandas(self, timebases: Mapping[str, Timebase] | None = None) -> pd.DataFrame:
        """Return the bouts as a table in the order of :data:`~napari_mousegpt.core.tables.BOUTS`.

        Parameters
        ----------
        timebases : mapping of recording id to Timebase, optional
            Adds ``start_s`` and ``stop_s`` for the recordings in it, NaN for others.
        """
        table = self.bouts.to_pandas()
        if timebases is not None:
            table["start_s"] = np.nan
            table["stop_s"] = np.nan
            for recording, clock in timebases.items():
                rows = (table["recording"] == recording).to_numpy()
                for name in ("start", "stop"):
                    table.loc[rows, f"{name}_s"] = clock.time(table.loc[rows, name].to_numpy())
        return BOUTS.check(table)

    def select(self, **values: object) -> Ethogram:
        """Return the bouts whose columns have the given values.

        Observed spans follow the recording and the individual.
        """
        spans = {k: v for k, v in values.items() if k in ("recording", "individual")}
        return Ethogram(
            self.bouts.select(**values), self.observed.select(**spans), notes=self.notes
        )

    @classmethod
    def from_frames(
        cls,
        labels: ArrayLike,
        recording: str,
        individual: str = "",
        *,
        confidence: ArrayLike | None = None,
        unlabelled: Sequence[str] = ("",),
        start: int = 0,
        source: str = "import",
    ) -> Ethogram:
        """Return the bouts of a label for each frame.

        Parameters
        ----------
        labels : array_like of str, shape (n_frames,)
            One label for each frame from ``start`` on.
        recording, individual : str
            Whose labels these are.
        confidence : array_like of float, shape (n_frames,), optional
            Averaged over each bout.
        unlabelled : sequence of str
            Values that mean "nothing was said"; None and NaN always do.
        start : int
            Frame of the first label.
        source : str
            One of :data:`SOURCES`.

        Returns
        -------
        Ethogram
            Observed is the whole stretch ``[start, start + n_frames)``.
        """
        values = pd.Series(np.asarray(labels, dtype=object)).fillna("").astype(str).to_numpy(object)
        values = np.where(np.isin(values, list(unlabelled)), "", values)
        edges = np.flatnonzero(values[1:] != values[:-1]) + 1
        begins = np.concatenate([[0], edges]).astype(np.int64) if values.size else edges
        ends = np.append(edges, values.size).astype(np.int64) if values.size else edges
        keep = np.asarray([values[b] != "" for b in begins], dtype=bool)
        columns: dict[str, Any] = {"label": values[begins[keep]]}
        if confidence is not None and begins.size:
            scores = np.asarray(confidence, dtype=np.float64)
            low, high = np.minimum.reduceat(scores, begins), np.maximum.reduceat(scores, begins)
            # Rounding must not carry a mean over the largest score.
            mean = np.clip(np.add.reduceat(scores, begins) / (ends - begins), low, high)
            columns["confidence"] = mean[keep]
        begins, ends = begins[keep], ends[keep]
        bouts = Intervals.build(recording, begins + start, ends + start, individual, **columns)
        observed = Intervals.build(recording, start, start + values.size, individual)
        return cls(bouts, observed if values.size else Intervals.empty(), source=source)

    def to_frames(
        self, recording: str, n_frames: int, individual: str = "", *, unlabelled: str = ""
    ) -> NDArray[np.object_]:
        """Return one label for each frame.

        Where bouts overlap the one that starts later is shown; rejected bouts are left out.

        Parameters
        ----------
        recording, individual : str
            Whose bouts.
        n_frames : int
            Length of the result; the number of pictures of the video.
        unlabelled : str
            Value for frames in no bout.

        Returns
        -------
        ndarray of str, shape (n_frames,)
        """
        frames = np.full(n_frames, unlabelled, dtype=object)
        for bout in self.bouts.select(recording=recording, individual=individual):
            if bout.status != "rejected":
                frames[max(bout.start, 0) : max(bout.stop, 0)] = bout.label
        return frames

    def smooth(
        self, timebase: Timebase, *, min_bout_ms: float = 0.0, close_gap_ms: float = 0.0
    ) -> Ethogram:
        """Close short gaps between bouts of one behaviour, then drop short bouts.

        Only bouts of one individual, source and status are joined. The joined bout keeps the id of
        the first; its confidence is the mean of all, weighted by length.

        Parameters
        ----------
        timebase : Timebase
            Clock of the recordings.
        min_bout_ms : float
            Bouts shorter than this many milliseconds are dropped.
        close_gap_ms : float
            Bouts of the same label at most this far apart are joined.

        Warns
        -----
        UserWarning
            When a length above zero is shorter than one frame, so that it changes nothing.
        """
        frame_ms = 1000 / timebase.fps
        for name, value in (("min_bout_ms", min_bout_ms), ("close_gap_ms", close_gap_ms)):
            if value < 0:
                raise InputError(f"{name}={value}", expected="0 or more milliseconds")
            if 0 < value < frame_ms:
                warnings.warn(
                    f"{name}={value:g} is shorter than one frame ({frame_ms:.1f} ms at "
                    f"{timebase.fps:g} fps) and changes nothing",
                    stacklevel=2,
                )
        apart = ["recording", "individual", "label", "source", "status"]
        table = self.bouts.to_pandas().sort_values([*apart, "start", "stop"], kind="stable")
        if table.empty:
            return self
        key = table.groupby(apart, sort=False).ngroup()
        reach = table.groupby(key)["stop"].cummax()
        gap_s = timebase.time(np.maximum(table["start"].to_numpy()[1:], 0)) - timebase.time(
            np.maximum(reach.to_numpy()[:-1], 0)
        )
        new = np.ones(len(table), dtype=bool)
        # Touching and overlapping bouts are joined only when closing was asked for at all.
        allowed = close_gap_ms / 1000 + 1e-9 if close_gap_ms else -np.inf
        new[1:] = (np.diff(key.to_numpy()) != 0) | (gap_s > allowed)
        run = np.cumsum(new) - 1
        weights = (table["stop"] - table["start"]).to_numpy(dtype=float)
        score = table["confidence"].to_numpy() * weights
        joined = table[new].copy()
        joined["stop"] = table.groupby(run)["stop"].max().to_numpy()
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(run, score) / np.bincount(run, weights)
        joined["confidence"] = np.where(np.bincount(run, weights) > 0, mean, joined["confidence"])
        seconds = timebase.time(joined["stop"].to_numpy()) - timebase.time(
            joined["start"].to_numpy()
        )
        kept = joined[seconds >= min_bout_ms / 1000 - 1e-9]
        return Ethogram(Intervals(kept), self.observed, notes=self.notes)


def _check_values(table: pd.DataFrame, column: str, allowed: tuple[str, ...]) -> None:
    wrong = sorted(set(table[column]) - set(allowed))
    if wrong:
        raise InputError(f"ethogram {column} {wrong[0]!r}", expected=f"one of {', '.join(allowed)}")


def _spans(bouts: Intervals) -> Intervals:
    table = bouts.to_pandas()
    if table.empty:
        return Intervals.empty()
    spans = table.groupby(["recording", "individual"], as_index=False, sort=True).agg(
        start=("start", "min"), stop=("stop", "max")
    )
    return Intervals(spans)
