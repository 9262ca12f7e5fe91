"""The rows of a search index: where each stretch lies, its numbers, and its own sentences."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.search_filters import SearchFilters
from napari_mousegpt.core.intervals import KEYS, range_ids
from napari_mousegpt.core.tables import DESCRIPTIONS, text_cells
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.core.timebase import Timebase

__all__ = ["TEXT_FIELDS", "SearchRows"]

#: Whose sentences are kept as they are, numbers and all.
TEXT_FIELDS = ("overall", "head", "limb", "torso", "keywords")
#: Other names of measures.
_ALIASES = {"speed": "body_speed"}
_NAMED = ("recording", "individual", "label")
_LISTED = 8

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SearchRows:
    """One row for each description, sorted by recording, individual and frame.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        ``start``, ``stop`` (int64, half-open frames), ``recording``, ``individual``, ``label``
        (int32, numbers into ``names``), ``confidence`` (float32), ``range_id`` (bytes, 16 each),
        ``number.<name>`` (float32), ``text.<field>`` (int32, numbers into the sentences),
        ``letters`` (uint8, UTF-8 of all different sentences) and ``letters_at`` (int64, where each
        begins).
    names : mapping of str to tuple of str
        Recordings, individuals and labels.
    study : DataFrame, optional
        What the study table says of the recordings, column ``recording`` among them.
    clocks : mapping of str to Timebase
        Clock of each recording, as far as it is known.
    """

    arrays: Mapping[str, NDArray[Any]]
    names: Mapping[str, tuple[str, ...]]
    study: pd.DataFrame | None = None
    clocks: Mapping[str, Timebase] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        descriptions: pd.DataFrame,
        *,
        study: pd.DataFrame | None = None,
        clocks: Mapping[str, Timebase] | None = None,
    ) -> SearchRows:
        """Make the rows from descriptions that were sorted by :func:`sorted_descriptions`."""
        arrays: dict[str, NDArray[Any]] = {}
        names: dict[str, tuple[str, ...]] = {}
        for name in _NAMED:
            codes, found = pd.factorize(text_cells(descriptions[name]), sort=True)
            arrays[name], names[name] = codes.astype(np.int32), tuple(map(str, found))
        arrays["start"] = descriptions["start"].to_numpy(np.int64)
        arrays["stop"] = descriptions["stop"].to_numpy(np.int64)
        arrays["confidence"] = descriptions["confidence"].to_numpy(np.float32)
        ids = range_ids(
            text_cells(descriptions["recording"]),
            text_cells(descriptions["individual"]),
            arrays["start"],
            arrays["stop"],
        )
        arrays["range_id"] = np.array(ids, dtype="S16")
        for name, values in _numbers(descriptions).items():
            arrays[f"number.{name}"] = values
        cells = [text_cells(descriptions[name]) for name in TEXT_FIELDS]
        codes, texts = pd.factorize(np.concatenate(cells))
        for name, part in zip(TEXT_FIELDS, np.split(codes, len(cells)), strict=True):
            arrays[f"text.{name}"] = part.astype(np.int32)
        coded = [str(text).encode() for text in texts]
        arrays["letters"] = np.frombuffer(b"".join(coded), dtype=np.uint8)
        arrays["letters_at"] = np.cumsum([0, *map(len, coded)], dtype=np.int64)
        return cls(arrays, names, study, clocks or {})

    def __len__(self) -> int:
        return len(self.arrays["start"])

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the numeric columns that can be asked for."""
        return tuple(n.removeprefix("number.") for n in self.arrays if n.startswith("number."))

    def text(self, name: str, row: int) -> str:
        """Return one of :data:`TEXT_FIELDS` of a row as it was written."""
        number = int(self.arrays[f"text.{name}"][row])
        at = self.arrays["letters_at"]
        return bytes(self.arrays["letters"][at[number] : at[number + 1]]).decode()

    def name(self, column: str, row: int) -> str:
        """Return recording, individual or label of a row."""
        return self.names[column][int(self.arrays[column][row])]

    def seconds(self, rows: NDArray[np.integer], bound: str) -> NDArray[np.float64]:
        """Return the seconds of ``start`` or ``stop``, shape (rows,); NaN without a clock."""
        found = np.full(len(rows), np.nan)
        frames, recordings = self.arrays[bound][rows], self.arrays["recording"][rows]
        for code in np.unique(recordings):
            clock = self.clocks.get(self.names["recording"][code])
            if clock is not None:
                mine = recordings == code
                found[mine] = clock.time(np.minimum(frames[mine], clock.n_frames))
        return found

    def masks(self, filters: SearchFilters) -> Iterable[tuple[str, Mask]]:
        """Yield each limit in words, and which rows are within it; ``keywords`` are left out.

        Raises
        ------
        InputError
            When a name, a column or a clock is not known.
        """
        for name in _NAMED:
            wanted = getattr(filters, name)
            if wanted:
                codes = [_place(name, one, self.names[name]) for one in wanted]
                yield f"{name} {', '.join(wanted)}", np.isin(self.arrays[name], codes)
        for name, wanted in filters.columns.items():
            yield f"{name} {', '.join(wanted)}", self._of_study(name, wanted)
        for name, (least, most) in filters.numbers.items():
            values = self.arrays[f"number.{_number_called(name, self.numbers)}"]
            yield f"{name} {least:g} to {most:g}", (values >= least) & (values <= most)
        if filters.seconds is not None:
            least, most = filters.seconds
            yield f"{least:g} to {most:g} s", self._within(least, most)

    def row_of(self, example: str | tuple[str, int, int]) -> int:
        """Return the row of a ``range_id``, or the one that shares most frames with a stretch.

        Raises
        ------
        InputError
            When there is none.
        """
        if isinstance(example, str):
            rows = np.flatnonzero(self.arrays["range_id"] == example.encode())
            if not len(rows):
                raise InputError(
                    f"range_id {example!r}",
                    expected="one of the index",
                    found="none of that id",
                    remedy="Give recording and frames instead.",
                )
            return int(rows[0])
        recording, start, stop = example
        names = self.names["recording"]
        code = names.index(recording) if recording in names else -1
        begins, ends = self.arrays["start"], self.arrays["stop"]
        shared = np.minimum(ends, stop) - np.maximum(begins, start)
        shared = np.where(self.arrays["recording"] == code, shared, 0)
        if shared.max() <= 0:
            raise InputError(
                f"example {recording!r}, frames {start} to {stop}",
                expected="a stretch that shares frames with a description",
                found="none" if code >= 0 else "no recording of that name",
            )
        # Of those that share as many frames, the shortest.
        return int(np.lexsort((ends - begins, -shared))[0])

    def sharing(self, example: str | tuple[str, int, int]) -> Mask:
        """Return which rows share frames with an example or with the row that stands for it."""
        arrays, row = self.arrays, self.row_of(example)
        start, stop = arrays["start"][row], arrays["stop"][row]
        if not isinstance(example, str):
            start, stop = min(start, example[1]), max(stop, example[2])
        return np.asarray(
            (arrays["recording"] == arrays["recording"][row])
            & (arrays["start"] < stop)
            & (arrays["stop"] > start)
        )

    def _of_study(self, name: str, wanted: Sequence[str]) -> Mask:
        if self.study is None and name == "animal":
            codes = [_place("animal", one, self.names["individual"]) for one in wanted]
            return np.isin(self.arrays["individual"], codes)
        if self.study is None or name not in self.study.columns:
            columns = () if self.study is None else self.study.columns
            raise InputError(
                f"filter {name!r}",
                expected=f"a column of the study table ({', '.join(columns)})"
                if len(columns)
                else "a study table",
                found="no such column" if len(columns) else "none",
                remedy="Search the folder of a study, or give study=load_study(...).",
            )
        cells = text_cells(self.study[name])
        for one in wanted:
            _place(name, one, tuple(dict.fromkeys(cells)))
        mine = set(text_cells(self.study["recording"])[np.isin(cells, list(wanted))])
        known = np.array([recording in mine for recording in self.names["recording"]], dtype=bool)
        return np.asarray(known[self.arrays["recording"]])

    def _within(self, least: float, most: float) -> Mask:
        unknown = [name for name in self.names["recording"] if name not in self.clocks]
        if unknown:
            raise InputError(
                f"filter {least:g} to {most:g} s",
                expected="the clock of every recording",
                found=f"none of {', '.join(unknown[:_LISTED])}",
                remedy="Give clocks={recording: timebase}.",
            )
        rows = np.arange(len(self))
        return (self.seconds(rows, "stop") > least) & (self.seconds(rows, "start") < most)


def sorted_descriptions(descriptions: pd.DataFrame) -> pd.DataFrame:
    """Return descriptions checked and in an order that does not hang on that of the rows."""
    table = DESCRIPTIONS.check(descriptions)
    order = [*(key for key in KEYS if key in table.columns), "range_id", "overall"]
    return table.sort_values(order, kind="stable").reset_index(drop=True)


def _numbers(descriptions: pd.DataFrame) -> dict[str, NDArray[np.float32]]:
    """Return numeric columns and the numbers of the evidence, units left out of their names."""
    found: dict[str, NDArray[np.float32]] = {}
    taken = {"start", "stop", "start_s", "stop_s"}
    for name in descriptions.columns:
        values = descriptions[name]
        if name not in taken and pd.api.types.is_numeric_dtype(values):
            found[str(name)] = values.to_numpy(np.float32, na_value=np.nan)
    for row, text in enumerate(text_cells(descriptions["evidence"])):
        if len(text) <= 2:
            continue
        for name, value in _evidence(text):
            short = name.partition(" [")[0]
            if short not in found:
                found[short] = np.full(len(descriptions), np.nan, dtype=np.float32)
            found[short][row] = value
    return found


def _evidence(text: str) -> list[tuple[str, float]]:
    try:
        values = json.loads(text)
    except ValueError:
        return []  # what a model wrote there need not be numbers
    if not isinstance(values, dict):
        return []
    return [
        (str(name), float(value))
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _number_called(name: str, known: Sequence[str]) -> str:
    for one in (name, _ALIASES.get(name, name)):
        if one in known:
            return one
    _place("number", name, tuple(known))
    raise AssertionError(name)


def _place(column: str, wanted: str, known: Sequence[str]) -> int:
    if wanted in known:
        return known.index(wanted)
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.6)
    listed = ", ".join(repr(name) for name in [one for one in known if one][:_LISTED])
    raise InputError(
        f"filter {column} {wanted!r}",
        expected=f"one of {listed}{', ...' if len(known) > _LISTED else ''}",
        found="none of that name",
        remedy=f"Did you mean {near[0]!r}?" if near else "",
    )
