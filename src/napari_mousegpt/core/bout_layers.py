"""Bouts of one recording in layers: an ethogram below, what edits made of its bouts on top.

A bout that an edit touches is as the edit left it; all others are those of the ethogram. So a new
run may bring other bouts below, and no correction is lost.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.bout_columns import BoutColumns, row_of
from napari_mousegpt.core.edits import ROW_FIELDS, BoutRow, Edit
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import KEYS, Intervals

__all__ = ["BoutLayers"]


class BoutLayers:
    """The bouts of one recording, with the edits that are in effect on top.

    Parameters
    ----------
    recording_id : str
        Whose bouts.
    base : Ethogram, optional
        The layer below; bouts of other recordings are left out.
    """

    def __init__(self, recording_id: str, base: Ethogram | None = None) -> None:
        self.recording_id = recording_id
        # What each edit made of a bout, by bout and edit; the last one counts.
        self._tops: dict[str, dict[str, BoutRow | None]] = {}
        self._columns: BoutColumns | None = None
        self._ethogram: Ethogram | None = None
        self.set_base(base)

    def set_base(self, base: Ethogram | None) -> None:
        """Put another ethogram below."""
        self._base = None if base is None else _of_recording(base, self.recording_id)
        self._below: dict[str, NDArray[Any]] = (
            BoutColumns.of_rows(()).arrays
            if self._base is None
            else {name: self._base.bouts.column(name) for name in ROW_FIELDS}
        )
        self._place_below = {key: i for i, key in enumerate(self._below["bout_id"].tolist())}
        self._columns = self._ethogram = None

    @property
    def touched(self) -> tuple[str, ...]:
        """Ids of the bouts that an edit decides, also of those that are gone."""
        return tuple(self._tops)

    def row(self, bout_id: str, without: str = "") -> BoutRow | None:
        """Return a bout as it is, or as it were without one edit; None where there is none."""
        layers = self._tops.get(bout_id, {})
        for edit_id in reversed(layers):
            if edit_id != without:
                return layers[edit_id]
        place = self._place_below.get(bout_id)
        return None if place is None else row_of(self._below, place)

    def has(self, bout_id: str) -> bool:
        """Return whether a bout is there; quicker than to build its row."""
        layers = self._tops.get(bout_id)
        if layers:
            return next(reversed(layers.values())) is not None
        return bout_id in self._place_below

    def decider(self, bout_id: str) -> str | None:
        """Return the id of the edit that decides a bout, None where the ethogram below does."""
        return next(reversed(self._tops.get(bout_id, {})), None)

    def put(self, edit: Edit) -> None:
        """Let an edit decide the bouts that it changed."""
        before = self._rows(edit)
        for change in edit.changes:
            self._tops.setdefault(change.bout_id, {})[edit.edit_id] = change.new
        self._renew(before, self._rows(edit))

    def take(self, edit: Edit) -> None:
        """Take an edit away that was put on."""
        before = self._rows(edit)
        for change in edit.changes:
            layers = self._tops[change.bout_id]
            del layers[edit.edit_id]
            if not layers:
                del self._tops[change.bout_id]
        self._renew(before, self._rows(edit))

    def columns(self) -> BoutColumns:
        """Return all bouts in order of time."""
        if self._columns is None:
            kept = np.ones(len(self._place_below), dtype=bool)
            kept[[self._place_below[key] for key in self._tops if key in self._place_below]] = False
            tops = [row for row in map(self.row, self._tops) if row is not None]
            top = BoutColumns.of_rows(tops).arrays
            self._columns = BoutColumns(
                {name: np.concatenate([self._below[name][kept], top[name]]) for name in ROW_FIELDS}
            )
        return self._columns

    def ethogram(self) -> Ethogram:
        """Return all bouts; see :meth:`napari_mousegpt.core.edit_book.BoutBook.ethogram`."""
        if self._ethogram is None:
            self._ethogram = self._made_ethogram()
        return self._ethogram

    def _rows(self, edit: Edit) -> list[BoutRow | None]:
        return [self.row(change.bout_id) for change in edit.changes]

    def _renew(self, before: list[BoutRow | None], after: list[BoutRow | None]) -> None:
        pairs = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
        self._ethogram = None
        if pairs and self._columns is not None:
            self._columns = self._columns.changed(
                [row for row, _ in pairs if row is not None],
                [row for _, row in pairs if row is not None],
            )

    def _made_ethogram(self) -> Ethogram:
        if self._base is not None and not self._tops:
            return self._base
        table = pd.DataFrame(dict(self.columns().arrays))
        if self._base is None:
            return Ethogram(Intervals(table))
        below = self._base.bouts.to_pandas().set_index("bout_id")
        # Seconds are derived from frames; those of a trimmed bout would be wrong.
        names = [n for n in below.columns if n not in (*table.columns, "start_s", "stop_s")]
        if names:
            further = below[names].reindex(table["bout_id"]).reset_index(drop=True)
            table = pd.concat([table, further], axis=1)
        bouts = Intervals(table)
        if not len(self._base.observed):
            return Ethogram(bouts, notes=self._base.notes)
        by_hand = table[(table["source"] == "human") & (table["start"] < table["stop"])]
        observed = Intervals.concat([self._base.observed, Intervals(by_hand[list(KEYS)])])
        return Ethogram(bouts, observed, notes=self._base.notes)


def _of_recording(ethogram: Ethogram, recording_id: str) -> Ethogram:
    tables = (ethogram.bouts, ethogram.observed)
    if all((table.recording == recording_id).all() for table in tables):
        return ethogram  # selecting rows of a long table takes a third of a second
    return ethogram.select(recording=recording_id)
