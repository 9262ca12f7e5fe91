"""What a person did to a bout: who, when, and the whole row before and after.

Edits are facts for ever. They are added to, never changed: an undo is itself an edit. What the
bouts look like after them is worked out by :class:`napari_mousegpt.core.edit_book.BoutBook`; how
they are kept on disk is the matter of :mod:`napari_mousegpt.store.corrections`.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from napari_mousegpt.core.ethogram import SOURCES, STATUSES
from napari_mousegpt.errors import FormatError, InputError

__all__ = ["ACTIONS", "ROW_FIELDS", "BoutRow", "Change", "Corrections", "Edit"]

#: What can be done to bouts.
ACTIONS = (
    "mark", "relabel", "trim", "split", "merge", "accept", "reject", "propose", "comment",
    "remove", "undo", "redo",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class BoutRow:
    """One bout with all that is known about it.

    Parameters
    ----------
    bout_id : str
        Permanent id.
    recording, individual : str
        Whose; an empty individual means the whole picture.
    start, stop : int
        Half-open frames; equal for an event without length.
    label : str
        Behaviour.
    source, status : str
        See :data:`~napari_mousegpt.core.ethogram.SOURCES` and
        :data:`~napari_mousegpt.core.ethogram.STATUSES`.
    confidence : float
        0 to 1, NaN where none was given. Two rows without one are equal.
    parent_id : str
        Bout it was split from, else empty.
    comment : str
        What a person noted.

    Raises
    ------
    InputError
        When the bout ends before it starts, has no id or label, or a value is not allowed.
    """

    bout_id: str
    recording: str
    individual: str
    start: int
    stop: int
    label: str
    source: str = "human"
    confidence: float = math.nan
    status: str = "accepted"
    parent_id: str = ""
    comment: str = ""

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise InputError(f"source {self.source!r} of a bout", expected=f"one of {SOURCES}")
        if self.status not in STATUSES:
            raise InputError(f"status {self.status!r} of a bout", expected=f"one of {STATUSES}")
        if not self.bout_id or not self.label:
            raise InputError(f"bout {self.bout_id!r}", expected="an id and a label")
        if self.stop < self.start:
            raise InputError(
                f"bout {self.bout_id!r}",
                expected="start <= stop",
                found=f"[{self.start}, {self.stop})",
            )
        if self.confidence < 0 or self.confidence > 1:
            raise InputError(
                f"confidence of bout {self.bout_id!r}",
                expected="0 to 1",
                found=str(self.confidence),
            )

    @property
    def key(self) -> tuple[int, int, str]:
        """Place in the order of time: start, stop, and the id where those are the same."""
        return self.start, self.stop, self.bout_id

    def _values(self) -> tuple[Any, ...]:
        cells: tuple[Any, ...] = _CELLS(self)
        if self.confidence == self.confidence:
            return cells
        return (*cells[:_SCORE], None, *cells[_SCORE + 1 :])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BoutRow) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON knows them, without those that stand beside every row.

        Id and recording are left out; no confidence is None.
        """
        values = dict(zip(ROW_FIELDS, self._values(), strict=True))
        return {name: values[name] for name in ROW_FIELDS if name not in _BESIDE}

    @classmethod
    def from_dict(cls, bout_id: str, recording: str, values: Mapping[str, Any]) -> BoutRow:
        """Read :meth:`to_dict` back; fields of later versions are left out.

        Raises
        ------
        FormatError
            When a field is missing or of another kind.
        """
        try:
            score = values.get("confidence")
            return cls(
                bout_id,
                recording,
                _text(values["individual"]),
                _whole(values["start"]),
                _whole(values["stop"]),
                _text(values["label"]),
                _text(values["source"]),
                math.nan if score is None else float(score),
                _text(values["status"]),
                _text(values.get("parent_id", "")),
                _text(values.get("comment", "")),
            )
        except (KeyError, TypeError, ValueError, InputError) as error:
            raise FormatError(
                f"bout {bout_id!r}", expected="a whole row", found=f"{error}"
            ) from error


#: Fields of a row in the order of their columns.
ROW_FIELDS = tuple(item.name for item in fields(BoutRow))
_BESIDE = ("bout_id", "recording")
_CELLS = attrgetter(*ROW_FIELDS)
_SCORE = ROW_FIELDS.index("confidence")


@dataclass(frozen=True, slots=True)
class Change:
    """One bout before and after an edit.

    Parameters
    ----------
    bout_id : str
        Which bout.
    old, new : BoutRow or None
        The whole row; None where the bout was not there, or is not any more.
    """

    bout_id: str
    old: BoutRow | None
    new: BoutRow | None

    def __post_init__(self) -> None:
        rows = [row for row in (self.old, self.new) if row is not None]
        if not rows or any(row.bout_id != self.bout_id for row in rows):
            raise InputError(f"change of bout {self.bout_id!r}", expected="its row before or after")


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing a person did.

    Parameters
    ----------
    edit_id : str
        Permanent id.
    when : str
        UTC, ISO 8601.
    who : str
        As they called themselves.
    action : str
        One of :data:`ACTIONS`.
    changes : tuple of Change
        Every bout it changed, each once.
    undoes : str
        For an undo the id of the edit that is taken back, for a redo that of the undo.
    """

    edit_id: str
    when: str
    who: str
    action: str
    changes: tuple[Change, ...]
    undoes: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise InputError(f"action {self.action!r}", expected=f"one of {', '.join(ACTIONS)}")
        if len({change.bout_id for change in self.changes}) < len(self.changes):
            raise InputError(f"edit {self.edit_id!r}", expected="each bout once", found="one twice")
        if not self.edit_id or bool(self.undoes) != (self.action in ("undo", "redo")):
            raise InputError(
                f"edit {self.edit_id!r}", expected="an id, and for undo and redo what they undo"
            )

    @classmethod
    def now(cls, action: str, changes: Iterable[Change], who: str, undoes: str = "") -> Edit:
        """Return an edit that is done at this moment, with a new id."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        return cls(uuid.uuid4().hex, moment, who, action, tuple(changes), undoes)

    def to_dict(self) -> dict[str, Any]:
        """Return the edit as JSON knows it; the recording stands beside it."""
        found: dict[str, Any] = {
            "edit": self.edit_id,
            "when": self.when,
            "who": self.who,
            "action": self.action,
            "changes": [
                {
                    "bout": change.bout_id,
                    "old": None if change.old is None else change.old.to_dict(),
                    "new": None if change.new is None else change.new.to_dict(),
                }
                for change in self.changes
            ],
        }
        return {**found, "undoes": self.undoes} if self.undoes else found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], recording: str) -> Edit:
        """Read :meth:`to_dict` back.

        Raises
        ------
        FormatError
            When it is no whole edit.
        """
        try:
            changes = tuple(
                Change(item["bout"], *(_row(item, key, recording) for key in ("old", "new")))
                for item in _list(values["changes"])
            )
            key, when, who, action = (_text(values[n]) for n in ("edit", "when", "who", "action"))
            return cls(key, when, who, action, changes, _text(values.get("undoes", "")))
        except (KeyError, TypeError, InputError) as error:
            raise FormatError("edit", expected="a whole edit", found=str(error)) from error


@dataclass(frozen=True)
class Corrections:
    """All edits of one recording, as they were kept.

    Parameters
    ----------
    recording : str
        Id of the recording.
    n_frames : int
        Its length when the first edit was made.
    edits : tuple of Edit
        In the order they were kept.
    fingerprints : mapping of str to str
        Content hash of each of its files.
    notes : tuple of str
        What was set aside while they were read.
    """

    recording: str
    n_frames: int
    edits: tuple[Edit, ...] = ()
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def _row(item: Mapping[str, Any], key: str, recording: str) -> BoutRow | None:
    values = item[key]
    if values is None:
        return None
    if not isinstance(values, dict):
        raise TypeError(f"{values!r} where a row was expected")
    return BoutRow.from_dict(_text(item["bout"]), recording, values)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} where a list was expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} where text was expected")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} where a frame was expected")
    return value
