"""Corrections as a table for people: who changed what, when, from what to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from napari_mousegpt.core.edits import ROW_FIELDS, Change, Edit

__all__ = ["audit_table"]


def audit_table(edits: Iterable[Edit]) -> pd.DataFrame:
    """Return who changed what and when: one row for each field of a bout that an edit changed.

    Parameters
    ----------
    edits : iterable of Edit
        In order.

    Returns
    -------
    DataFrame
        Columns ``when``, ``who``, ``action``, ``recording``, ``bout_id``, ``field``, ``old``,
        ``new``, ``edit_id``, ``undoes``, all text. Of a bout that came or went every field that
        is not empty is listed.
    """
    names = ("when", "who", "action", "recording", "bout_id", "field", "old", "new", "edit_id")
    rows = []
    for edit in edits:
        for change in edit.changes:
            recording = next(row.recording for row in (change.old, change.new) if row is not None)
            for name, old, new in _fields_changed(change):
                head = (edit.when, edit.who, edit.action, recording, change.bout_id)
                rows.append((*head, name, old, new, edit.edit_id, edit.undoes))
    return pd.DataFrame(rows, columns=[*names, "undoes"], dtype=object)


def _fields_changed(change: Change) -> Iterator[tuple[str, str, str]]:
    for name in ROW_FIELDS:
        if name in ("bout_id", "recording"):
            continue
        old, new = (
            "" if row is None else _cell(getattr(row, name)) for row in (change.old, change.new)
        )
        if old != new:
            yield name, old, new


def _cell(value: object) -> str:
    return "" if value != value else str(value)
